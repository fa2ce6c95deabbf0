"""Completion in a real shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_installing_asks_first_and_then_changes_the_home(bare: Run, tmp_path: Path) -> None:
    assert bare("completion", "install", "bash").code == 2
    assert list((tmp_path / "home").iterdir()) == []
    assert bare("completion", "install", "bash", "--yes").code == 0
    assert "acs-identity" in (tmp_path / "home" / ".bashrc").read_text()


def test_a_shell_that_is_not_known_is_told_with_those_that_are(bare: Run) -> None:
    done = bare("completion", "show", "csh")
    assert done.code == 2
    assert "bash" in done.stderr
