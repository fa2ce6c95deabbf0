"""The command `acs-identity`."""

import sys
from importlib.util import find_spec

from acs_identity._version import VERSION


def main() -> None:
    """Run the command; without the extra `cli`, say how to install it."""
    if find_spec("typer") is None or find_spec("rich") is None:
        sys.exit(f'acs-identity {VERSION}: the command needs the extra "cli". Run: pip install "acs-identity[cli]"')
    from acs_identity.cli.app import app

    app(prog_name="acs-identity")


__all__ = ["main"]
