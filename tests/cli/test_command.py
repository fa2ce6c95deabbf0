"""The command helps, and says what is missing, in words."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

import pytest
from typer.testing import CliRunner

import acs_identity
from acs_identity.cli import main
from acs_identity.cli.app import app
from acs_identity.cli.exits import CommandError
from acs_identity_emulator import EmulatorServer

# What makes a command wait, or is for other commands, other outputs and other transports.
HEAVY = frozenset(
    [
        "aiohttp",
        "asyncio",
        "cryptography",
        "jmespath",
        "jwt",
        "keyring",
        "msrest",
        "pydantic",
        "requests",
        "rich",
        "starlette",
        "uvicorn",
        "yaml",
    ]
)


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(app, ["--version"]).output.strip() == acs_identity.__version__


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_help_lists_the_commands(arguments: list[str]) -> None:
    output = CliRunner().invoke(app, arguments).output
    assert "demo" in output
    assert "emulator" in output


def test_a_typo_is_answered_with_what_was_meant() -> None:
    result = CliRunner().invoke(app, ["dmeo"])
    assert result.exit_code == 2
    assert "No such command 'dmeo'" in result.output
    assert "demo" in result.output.partition("dmeo")[2]


def test_an_unknown_option_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["demo", "--show-secret"])
    assert result.exit_code == 2
    assert "--show-secrets" in result.output


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a package look as if it were not installed."""
    real = importlib.util.find_spec

    def hide(package: str) -> None:
        def find(name: str, *rest: Any) -> ModuleSpec | None:
            return None if name == package else real(name, *rest)

        for module in ("acs_identity.cli", "acs_identity.cli.app"):
            monkeypatch.setattr(f"{module}.find_spec", find)

    return hide


def test_without_the_extra_the_command_says_what_to_install(without: Callable[[str], None]) -> None:
    without("typer")
    with pytest.raises(SystemExit, match=r'pip install "acs-identity\[cli\]"'):
        main()


@pytest.mark.parametrize("command", [["demo"], ["emulator", "start", "--port", "0"]])
def test_without_the_emulator_its_commands_say_what_to_install(
    without: Callable[[str], None], command: list[str]
) -> None:
    without("uvicorn")
    with pytest.raises(CommandError, match=r'pip install "acs-identity\[cli,emulator\]"'):
        CliRunner().invoke(app, command, catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--help"], set[str]()),
        (["token", "issue", "--scope", "chat"], set[str]()),
        (["user", "create"], set[str]()),
        (["user", "create", "--query", "user_id"], {"jmespath"}),
        (["user", "create", "--output", "yaml"], {"yaml"}),
    ],
    ids=" ".join,
)
def test_a_command_loads_no_package_that_it_does_not_need(
    server: EmulatorServer, arguments: list[str], expected: set[str]
) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "acs_identity.cli", *arguments],
        env={**os.environ, "AZURE_COMMUNICATION_CONNECTION_STRING": server.connection_string},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "acs_identity.cli" in loaded
    assert loaded & HEAVY == expected
