"""``exec`` runs a command with an emulator beside it."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from .common import with_options_of
from .start import AUTHORITY_VARIABLES, Servers, handling_signals, logging_to_stderr, running


@with_options_of(running, port=0, https=False)
def execute(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND", help="The command with its arguments.")],
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say where the emulator is, and what it is asked, on stderr.")
    ] = False,
    **options: Any,
) -> None:
    """Run a command with an emulator that lives as long as the command.

    The command finds the emulator in AZURE_COMMUNICATION_CONNECTION_STRING and ACS_IDENTITY_EMULATOR_ENDPOINT. With
    --https the connection string is that for HTTPS, and SSL_CERT_FILE, REQUESTS_CA_BUNDLE and NODE_EXTRA_CA_CERTS name
    the authority to trust; the first two make the command trust no other.

    The exit code is that of the command, 128 + n when signal n ended it, 127 when there is no such command and 126
    when it cannot be run.
    """
    with ExitStack() as stack:
        if verbose:
            stack.enter_context(logging_to_stderr())
        servers = stack.enter_context(running(**options))
        if verbose:
            typer.echo(f"The emulator is at {servers.http.endpoint}.", err=True)
        code = _run(command, {**os.environ, **_variables(servers)})
    raise typer.Exit(code)


def _variables(servers: Servers) -> dict[str, str]:
    variables = {
        "AZURE_COMMUNICATION_CONNECTION_STRING": (servers.https or servers.http).connection_string,
        "ACS_IDENTITY_EMULATOR_ENDPOINT": servers.http.endpoint,
    }
    if servers.authority is not None:
        variables |= dict.fromkeys(AUTHORITY_VARIABLES, str(servers.authority.resolve()))
    return variables


def _run(command: list[str], environment: dict[str, str]) -> int:
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int) -> None:
        if process is None:
            early.append(number)
        elif number != signal.SIGINT or not _terminal_signals_all():
            process.send_signal(number)

    with handling_signals(forward):
        try:
            process = subprocess.Popen(command, env=environment)
        except FileNotFoundError:
            typer.echo(f"Error: There is no command {command[0]}.", err=True)
            return 127
        except OSError as error:
            typer.echo(f"Error: {command[0]} cannot be run: {error.strerror}.", err=True)
            return 126
        for number in early:
            process.send_signal(number)
        code = process.wait()
    return code if code >= 0 else 128 - code


def _terminal_signals_all() -> bool:
    """Whether Ctrl-C at the terminal reaches the command without us."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
