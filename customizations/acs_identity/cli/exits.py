"""How the command ends: its exit codes, and the one line that every error becomes."""

import errno
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NoReturn, TextIO

import typer

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
NO_CREDENTIAL: Final = 3
NO_CONNECTION: Final = 4
FAULT: Final = 70
NOT_WRITTEN: Final = 74
INTERRUPTED: Final = 130

EXIT_CODES: Final = {
    DONE: "done",
    REFUSED: "the service refused, for some items at least",
    USAGE: "the command was not understood, or a value in it is wrong",
    NO_CREDENTIAL: "there is no connection string, key or sign-in",
    NO_CONNECTION: "the service was not reached",
    FAULT: "a fault in acs-identity itself",
    NOT_WRITTEN: "the output could not be written",
    INTERRUPTED: "interrupted",
}
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)
_OF_WHO_ASKS: Final = (401, 403)
_ISSUES: Final = "the project's issue tracker"


class CommandError(Exception):
    """Ends the command with a message and an exit code.

    Args:
        message: What was wrong and what to do; shows no secret.
        code: One of the exit codes.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def run(command: Callable[[], object]) -> NoReturn:
    """Run the command, and end the process with the exit code for what came of it. No error becomes a traceback.

    Args:
        command: Runs it; what it raises decides the exit code.
    """
    # A stream that was closed before the start is none: there is nothing to read, and what is written goes nowhere.
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot show is no reason to show nothing.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        result = command()
        sys.stdout.flush()
        code = result if type(result) is int else DONE
    except BrokenPipeError:
        # Whoever reads the output has read enough.
        code = DONE
    except SystemExit as end:
        # What Typer makes of the same.
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = DONE
    except (KeyboardInterrupt, typer.Abort):
        _say("Interrupted.")
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody is to meet a traceback
        try:
            code = INTERRUPTED if _is_of_an_interrupt(error) else _explained(error)
        except Exception as fault:  # noqa: BLE001 - nor to one about the other
            code = _fault(fault)
    _flush()
    sys.exit(code)


def _is_of_an_interrupt(error: BaseException | None) -> bool:
    """Tell whether it came of Ctrl-C: what is called while a class is made has its errors wrapped by Python."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _explained(error: Exception) -> int:
    show = getattr(error, "show", None)
    if isinstance(error, typer.TyperException) and show is not None:
        # Typer's own errors of usage show themselves, with the usage of the command that they are about.
        shown = io.StringIO()
        show(shown)
        _say(shown.getvalue().rstrip("\n"))
        return error.exit_code
    if isinstance(error, CommandError):
        _say(str(error))
        return error.code
    from azure.core.exceptions import AzureError

    if isinstance(error, AzureError):
        return _of_azure(error)
    if isinstance(error, ValueError) and _is_ours(error):
        # The library checks what it is given, and says what is wrong with it. A wrong type would be a fault of ours.
        _say(str(error))
        return USAGE
    if isinstance(error, OSError) and error.filename is not None:
        _say(f"{error.filename}: {error.strerror}")
        return USAGE
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        _close_quietly()
        _say(f"The output could not be written: {error.strerror}")
        return NOT_WRITTEN
    return _fault(error)


def _of_azure(error: Exception) -> int:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    if isinstance(error, HttpResponseError) and error.response is not None:
        _say(refusal(error))
        return REFUSED
    from acs_identity._redaction import redact

    if isinstance(error, ClientAuthenticationError):
        _say(f"There is no access key, and signing in failed: {redact(str(error))}")
        return NO_CREDENTIAL
    _say(f"The service was not reached: {redact(str(error))}\nTo find out why, run: acs-identity doctor")
    return NO_CONNECTION


def refusal(error: "HttpResponseError", access_key: str | None = None) -> str:
    """Say why the service refused.

    Args:
        error: What came of its answer.
        access_key: The key that should have signed the request, where it is known.
    """
    from acs_identity.diagnostics import explain

    hint = ["To find out more, run: acs-identity doctor"] if error.status_code in _OF_WHO_ASKS else []
    return "\n".join([str(explain(error, access_key=access_key)), *hint])


def _is_ours(error: Exception) -> bool:
    """Tell whether the library raised it, and not something below it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    return name.startswith("acs_identity.")


def _fault(error: Exception) -> int:
    from acs_identity._redaction import redact

    kind = type(error).__name__
    try:
        log = _log(redact("".join(traceback.format_exception(error))))
    except OSError:
        _say(f"acs-identity has a fault ({kind}), and no log could be written. Please report it in {_ISSUES}.")
    else:
        _say(f"acs-identity has a fault ({kind}). Please report it in {_ISSUES}, with this log: {log}")
    return FAULT


def _log(text: str) -> Path:
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    handle, name = tempfile.mkstemp(prefix=f"acs-identity-{moment}-", suffix=".log")
    # What was typed may be in any encoding.
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return Path(name)


def _say(text: str) -> None:
    from acs_identity.cli.output import note

    note(text)


def _flush() -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        _close_quietly()


def _nowhere(mode: Literal["r", "w"]) -> TextIO:
    return Path(os.devnull).open(mode, encoding="utf-8")


def _close_quietly() -> None:
    """Send what is still to be written nowhere, so that the interpreter does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
