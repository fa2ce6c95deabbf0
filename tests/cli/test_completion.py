"""Completion in a real shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import acs_identity

from .conftest import Run, installed

pytestmark = pytest.mark.once

BASH = shutil.which("bash")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_has_a_script(bare: Run, shell: str) -> None:
    script = bare("completion", "show", shell)
    assert script.code == 0
    assert "_ACS_IDENTITY_COMPLETE" in script.stdout


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("acs-identity to", {"token"}),
        ("acs-identity token re", {"revoke"}),
        ("acs-identity token issue --sc", {"--scope"}),
        ("acs-identity user create -o js", {"json", "jsonl"}),
        ("acs-identity emulator st", {"start"}),
        ("acs-identity --version to", {"token"}),
    ],
)
def test_bash_completes_commands_options_and_values(line: str, expected: set[str]) -> None:
    assert BASH is not None
    script = installed("completion", "show", "bash").stdout
    words = line.split()
    program = f"""{script}
COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}
_acs_identity_completion acs-identity
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [BASH, "--norc", "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, "PATH": path},
    )
    assert expected <= set(done.stdout.split())
    assert acs_identity.__version__ not in done.stdout


def test_installing_asks_first_and_then_changes_the_home(bare: Run, tmp_path: Path) -> None:
    assert bare("completion", "install", "bash").code == 2
    assert list((tmp_path / "home").iterdir()) == []
    assert bare("completion", "install", "bash", "--yes").code == 0
    assert "acs-identity" in (tmp_path / "home" / ".bashrc").read_text()


def test_installing_twice_is_the_same_as_once(bare: Run, tmp_path: Path) -> None:
    (tmp_path / "home" / ".bashrc").write_text("alias a=b")
    bare("completion", "install", "bash", "--yes")
    done = bare("completion", "install", "bash", "--yes")
    script = tmp_path / "home" / ".bash_completions" / "acs-identity.sh"
    lines = (tmp_path / "home" / ".bashrc").read_text().splitlines()
    assert [line for line in lines if line] == ["alias a=b", f"source '{script}'"]
    assert str(script) in done.stderr
    assert "To undo it, delete that file, and the line with its name in ~/.bashrc." in done.stderr


@pytest.mark.parametrize("content", [b"# caf\xe9", None], ids=["latin-1", "folder"])
def test_settings_that_cannot_be_changed_are_left_alone(bare: Run, tmp_path: Path, content: bytes | None) -> None:
    settings = tmp_path / "home" / ".bashrc"
    if content is None:
        settings.mkdir()
    else:
        settings.write_bytes(content)
    done = bare("completion", "install", "bash", "--yes")
    assert done.code == 2
    assert "acs-identity completion show bash" in done.stderr
    assert content is None or settings.read_bytes() == content


def test_powershell_is_not_made_to_run_whatever_comes(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("PowerShell was started.")

    monkeypatch.setattr("subprocess.run", started)
    done = bare("completion", "install", "powershell", "--yes")
    assert done.code == 2
    assert "$PROFILE" in done.stderr


@pytest.mark.parametrize(
    "words", ["acs-identity", 'acs-identity "to', "acs-identity \udcff", "acs-identity nobody "], ids=range(4)
)
@pytest.mark.parametrize("number", ["1", "7", "x", ""])
def test_whoever_presses_tab_reads_no_error(words: str, number: str) -> None:
    done = installed(environment={"_ACS_IDENTITY_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": number})
    assert (done.code, done.stderr) == (0, "")


def test_a_shell_that_is_not_known_is_told_with_those_that_are(bare: Run) -> None:
    done = bare("completion", "show", "csh")
    assert done.code == 2
    assert "bash" in done.stderr
