"""``start`` serves an emulator until it is told to stop."""

import ipaddress
import logging
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from acs_identity_emulator.checks import CHECKS, Check, loosened
from acs_identity_emulator.emulator import DEVELOPMENT_ACCESS_KEY, Emulator
from acs_identity_emulator.faults import FaultRule
from acs_identity_emulator.keys import make_keys
from acs_identity_emulator.store import StoreError

from .common import fail, with_options_of

if TYPE_CHECKING:
    from acs_identity_emulator.certificates import Certificate
    from acs_identity_emulator.server import EmulatorServer

AUTHORITY_VARIABLES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""The environment variables that name an authority to trust: for Python and OpenSSL, for requests, and for Node."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of one emulator.

    Attributes:
        http: The server for plain HTTP.
        https: The server for HTTPS; None when there is none.
    """

    http: "EmulatorServer"
    https: "EmulatorServer | None"

    @property
    def authority(self) -> Path | None:
        """The certificate that clients have to trust for HTTPS; None when there is none, or it is not known."""
        return self.https.tls.authority if self.https is not None and self.https.tls is not None else None


@contextmanager
def running(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port for HTTP; 0 takes a free one.")] = 10100,
    https: Annotated[bool, typer.Option(help="Whether to listen for HTTPS, too.")] = True,
    https_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, show_default="the next after --port", help="The port for HTTPS."),
    ] = None,
    certificates: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the certificate for HTTPS is kept.", show_default="with your state"),
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A certificate of your own for HTTPS, in PEM form.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The private key of --cert, in PEM form, without a password.")
    ] = None,
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
) -> Generator[Servers]:
    """Serve an emulator; the parameters are the options of ``start`` and ``exec``."""
    from acs_identity_emulator.server import EmulatorServer, ServerError

    if (cert is None) is not (key is None):
        fail("--cert and --key belong together: give both.")
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
    if https_port is None:
        https_port = port and port + 1
    with ExitStack() as stack:
        stack.callback(emulator.close)
        try:
            plain = stack.enter_context(EmulatorServer(emulator, host, port))
            secure = None
            if https:
                tls = _own_certificate(cert, key) or _local_certificate(stack, certificates, host)
                secure = stack.enter_context(EmulatorServer(emulator, host, https_port, tls=tls))
        except ServerError as error:
            fail(str(error))
        # Making the keys takes longer than anything else here, and only tokens need them.
        threading.Thread(target=make_keys, name="acs-identity-emulator-keys", daemon=True).start()
        yield Servers(plain, secure)


@with_options_of(running)
def start(**options: Any) -> None:
    """Serve an emulator until Ctrl-C or SIGTERM.

    Endpoints, connection strings and what makes clients trust the certificate go to stdout, everything else to stderr.
    An access key of your own is shown as ***.
    """
    stop = threading.Event()

    def set_stop(_: int) -> None:
        stop.set()

    with handling_signals(set_stop), logging_to_stderr(), running(**options) as servers:
        _announce(servers)
        if not is_loopback(options["host"]):
            typer.echo(f"Warning: listening on {options['host']}, other machines may reach the emulator.", err=True)
        if options["fault"]:
            typer.echo(f"The seed of the faults is {servers.http.emulator.faults.seed}.", err=True)
        if servers.http.emulator.loose:
            off = ", ".join(sorted(servers.http.emulator.loose))
            typer.echo(f"Warning: these checks of the service are off: {off}.", err=True)
        typer.echo("Press Ctrl-C to stop.", err=True)
        # Windows delivers signals between waits only.
        while servers.http.is_running and not stop.wait(0.5):
            pass
    if not stop.is_set():
        fail("The server ended by itself.")
    typer.echo("The emulator has stopped.", err=True)


def _own_certificate(cert: Path | None, key: Path | None) -> "Certificate | None":
    from acs_identity_emulator.certificates import Certificate

    return None if cert is None or key is None else Certificate(cert, key)


def _local_certificate(stack: ExitStack, folder: Path | None, host: str) -> "Certificate":
    from acs_identity_emulator.certificates import local_certificate

    names = [] if _is_unspecified(host) else [host]
    try:
        return local_certificate(folder, names)
    except ValueError:
        fail(f"{host} cannot stand in a certificate: use another --host, or --no-https.")
    except OSError as error:
        if folder is not None:
            fail(f"The certificate cannot be kept in {folder}: {error.strerror}.")
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="acs-identity-emulator-"))
        typer.echo(
            f"The certificate cannot be kept ({error.strerror or error}): it is made for this run only. "
            "To keep it, give a folder with --certificates.",
            err=True,
        )
        return local_certificate(Path(temporary), names)


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


def _announce(servers: Servers) -> None:
    access_key = servers.http.emulator.access_key
    own = access_key != DEVELOPMENT_ACCESS_KEY
    if own:
        typer.echo("Put your access key in the place of *** below.", err=True)

    def shown(connection_string: str) -> str:
        return connection_string.replace(access_key, "***") if own else connection_string

    typer.echo(f"Endpoint: {servers.http.endpoint}")
    typer.echo(f"Connection string: {shown(servers.http.connection_string)}")
    typer.echo(f"export AZURE_COMMUNICATION_CONNECTION_STRING='{shown(servers.http.connection_string)}'")
    if servers.https is not None:
        typer.echo(f"HTTPS endpoint: {servers.https.endpoint}")
        typer.echo(f"HTTPS connection string: {shown(servers.https.connection_string)}")
    if servers.authority is not None:
        typer.echo(f"Authority to trust: {servers.authority}")
        file = shlex.quote(str(servers.authority))
        typer.echo(f"export {' '.join(f'{variable}={file}' for variable in AUTHORITY_VARIABLES)}")
    # A parent process waits for these lines.
    sys.stdout.flush()


@contextmanager
def handling_signals(handler: Callable[[int], None]) -> Generator[None]:
    """Have SIGINT and SIGTERM call the handler with their number."""

    def handle(number: int, _frame: FrameType | None) -> None:
        handler(number)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


@contextmanager
def logging_to_stderr() -> Generator[None]:
    """Show the log of the emulator on stderr."""
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


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host
