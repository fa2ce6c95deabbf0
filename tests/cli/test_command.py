"""The command helps, and says what is missing, in words."""

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any

import pytest
from typer.testing import CliRunner

import acs_identity
from acs_identity.cli import main
from acs_identity.cli.app import app


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


def test_without_the_emulator_the_demo_says_what_to_install(without: Callable[[str], None]) -> None:
    without("uvicorn")
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 1
    assert 'pip install "acs-identity[cli,emulator]"' in result.output


def test_without_the_emulator_its_commands_say_what_to_install(without: Callable[[str], None]) -> None:
    import typer

    from acs_identity.cli.app import mount_emulator

    without("starlette")
    bare = typer.Typer()
    mount_emulator(bare)
    bare.command("other")(lambda: None)
    result = CliRunner().invoke(bare, ["emulator", "start", "--port", "0"])
    assert result.exit_code == 1
    assert 'pip install "acs-identity[cli,emulator]"' in result.output


def test_the_command_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["acs-identity", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == acs_identity.__version__
