"""The command `acs-identity`."""

import os
import sys
from contextlib import suppress
from importlib.util import find_spec

from acs_identity._version import VERSION

_COMPLETES = "_ACS_IDENTITY_COMPLETE"


def main() -> None:
    """Run the command; without the extra `cli`, say how to install it."""
    try:
        if find_spec("typer") is None or find_spec("rich") is None:
            sys.exit(f'acs-identity {VERSION}: the command needs the extra "cli". Run: pip install "acs-identity[cli]"')
        from acs_identity.cli.exits import run

        run(_command)
    except KeyboardInterrupt:
        # Modules were still being loaded, that of the exit codes among them.
        sys.exit(130)


def _command() -> object:
    from acs_identity.cli.app import app

    arguments = [_as_utf8(word) for word in sys.argv[1:]]
    if _COMPLETES in os.environ:
        # The shell asks what could come next; an error would appear amid what somebody types.
        from typer._completion_classes import completion_init

        completion_init()
        with suppress(Exception):
            app(arguments, prog_name="acs-identity", standalone_mode=False)
        return None
    return app(arguments, prog_name="acs-identity", standalone_mode=False)


def _as_utf8(word: str) -> str:
    """Return a word as UTF-8, where Python took it for ASCII since the language of the system is C."""
    try:
        return os.fsencode(word).decode()
    except ValueError:
        return word


__all__ = ["main"]
