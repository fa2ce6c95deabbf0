"""Runs the command within the process of the tests: bytes in, bytes out, an exit code, and a terminal where wanted."""

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, cast
from unittest.mock import patch

from acs_identity.cli.app import app
from acs_identity.cli.exits import run


@dataclass(frozen=True)
class Ran:
    """What the command left."""

    code: int
    output: bytes
    stderr: str

    @property
    def stdout(self) -> str:
        return self.output.decode()

    @property
    def data(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.output)


class _Stream(io.TextIOWrapper):
    def __init__(self, content: bytes = b"", *, is_terminal: bool) -> None:
        self.bytes = io.BytesIO(content)
        self._is_terminal = is_terminal
        super().__init__(self.bytes, encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return self._is_terminal


def run_command(
    *arguments: str,
    stdin: str | bytes = b"",
    environment: dict[str, str] | None = None,
    types: bool = False,
    reads: bool = False,
) -> Ran:
    """Run the command.

    Args:
        arguments: Its arguments.
        stdin: What it can read.
        environment: Variables that it has beside those of the test.
        types: Whether somebody types stdin at a terminal.
        reads: Whether somebody reads stdout at a terminal.
    """
    given = _Stream(stdin if isinstance(stdin, bytes) else stdin.encode(), is_terminal=types)
    stdout, stderr = _Stream(is_terminal=reads), _Stream(is_terminal=reads)
    code: object = None
    with (
        patch.dict(os.environ, environment or {}),
        patch("sys.stdin", given),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
    ):
        try:
            run(lambda: app(list(arguments), prog_name="acs-identity", standalone_mode=False))
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return Ran(code, stdout.bytes.getvalue(), stderr.bytes.getvalue().decode())


def shown(arguments: object) -> str:
    """Name a test by the arguments of the command; what is told is no part of it."""
    return " ".join(cast(list[str], arguments))[:50] if isinstance(arguments, list) else ""
