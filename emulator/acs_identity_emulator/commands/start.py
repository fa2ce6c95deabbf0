"""``start`` serves an emulator until it is told to stop."""

import ipaddress
import logging
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from acs_identity_emulator.checks import CHECKS, Check, loosened
from acs_identity_emulator.emulator import DEVELOPMENT_ACCESS_KEY, Emulator
from acs_identity_emulator.faults import FaultRule
from acs_identity_emulator.store import StoreError

from .common import fail

if TYPE_CHECKING:
    from acs_identity_emulator.server import EmulatorServer


def start(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 10100,
    access_key: Annotated[
        str,
        typer.Option(
            envvar="ACS_IDENTITY_EMULATOR_ACCESS_KEY",
            show_default="the development key",
            help="The access key, base64. Better given in the environment, where no process list shows it.",
        ),
    ] = DEVELOPMENT_ACCESS_KEY,
    limits: Annotated[bool, typer.Option("--limits", help="Have the documented rate limits.")] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="A fault such as 503:operation=create_identity:probability=0.1; may be given again."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="What the chance of faults begins with, to repeat a run.")
    ] = None,
    db: Annotated[
        Path | None,
        typer.Option(
            envvar="ACS_IDENTITY_EMULATOR_DB",
            help="The sqlite file that keeps identities, assignments and signing keys, made when it is not there; "
            "several emulators may share it. Without it everything is gone at the end.",
            show_default=False,
        ),
    ] = None,
    loose: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECK", help=f"A check to switch off: all, {', '.join(CHECKS)}. May be given again."),
    ] = None,
) -> None:
    """Serve an emulator until Ctrl-C or SIGTERM.

    The endpoint and the connection string go to stdout, everything else to stderr. An access key of your own
    is shown as ***.
    """
    from acs_identity_emulator.server import EmulatorServer, ServerError

    rules = _rules(fault or [])
    checks = _checks(loose or [])
    try:
        emulator = Emulator(access_key=access_key, db=db, limits=limits, seed=seed, loose=checks)
    except ValueError as error:
        fail(f"{error} Correct ACS_IDENTITY_EMULATOR_ACCESS_KEY or --access-key.")
    except StoreError as error:
        fail(str(error))
    for rule in rules:
        emulator.faults.add(rule)
    server = EmulatorServer(emulator, host, port)
    stop = threading.Event()
    with _set_by_signals(stop), _logging_to_stderr():
        try:
            server.start()
        except ServerError as error:
            fail(str(error))
        try:
            _announce(server, access_key)
            if not is_loopback(host):
                typer.echo(f"Warning: listening on {host}, other machines may reach the emulator.", err=True)
            if rules:
                typer.echo(f"The seed of the faults is {emulator.faults.seed}.", err=True)
            if checks:
                typer.echo(f"Warning: these checks of the service are off: {', '.join(sorted(checks))}.", err=True)
            typer.echo("Press Ctrl-C to stop.", err=True)
            # Windows delivers signals between waits only.
            while server.is_running and not stop.wait(0.5):
                pass
        finally:
            server.stop()
            server.emulator.close()
    if not stop.is_set():
        fail("The server ended by itself.")
    typer.echo("The emulator has stopped.", err=True)


def _rules(faults: list[str]) -> list[FaultRule]:
    try:
        return [FaultRule.parse(text) for text in faults]
    except ValueError as error:
        fail(f"{error} Correct --fault.")


def _checks(names: list[str]) -> frozenset[Check]:
    try:
        return loosened(names)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--loose") from None


def _announce(server: "EmulatorServer", access_key: str) -> None:
    shown = server.connection_string
    if access_key != DEVELOPMENT_ACCESS_KEY:
        shown = shown.replace(access_key, "***")
        typer.echo("Put your access key in the place of *** below.", err=True)
    typer.echo(f"Endpoint: {server.endpoint}")
    typer.echo(f"Connection string: {shown}")
    typer.echo(f"export AZURE_COMMUNICATION_CONNECTION_STRING='{shown}'")
    # A parent process waits for these lines.
    sys.stdout.flush()


@contextmanager
def _set_by_signals(stop: threading.Event) -> Generator[None]:
    def set_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, set_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _logging_to_stderr() -> Generator[None]:
    logger = logging.getLogger("acs_identity_emulator")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def is_loopback(host: str) -> bool:
    """Whether a host, an address or a name, can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
