import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

WORKS = f'exec "{sys.executable}" "$@"'
SHIM = 'echo "this version is not set up" >&2; exit 127'
OLD = "exit 1"
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"

Find = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def find(root: Path, tmp_path: Path) -> Find:
    """Run tools/pythons.sh on a machine that has nothing but the given Pythons."""

    def run(**scripts: str) -> subprocess.CompletedProcess[str]:
        for name, script in scripts.items():
            file = tmp_path / name.replace("__", "/").replace("_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"#!/bin/sh\n{script}\n")
            file.chmod(0o755)
        return subprocess.run(
            ["/bin/sh", root / "tools" / "pythons.sh"],
            env={"PATH": str(tmp_path), "HOME": str(tmp_path), "PYENV_ROOT": str(tmp_path / "pyenv")},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_python_that_runs_is_found_once(find: Find) -> None:
    found = find(**{f"python{THIS.replace('.', '_')}": WORKS, "python3": WORKS})

    assert found.stdout == f"{THIS} {sys.executable}\n"


def test_a_shim_that_does_not_run_gives_way_to_the_interpreter_behind_it(find: Find, tmp_path: Path) -> None:
    name = f"python{THIS}"
    behind = tmp_path / "pyenv" / "versions" / f"{THIS}.9" / "bin" / name
    behind.parent.mkdir(parents=True)
    behind.write_text(f"#!/bin/sh\n{WORKS}\n")
    behind.chmod(0o755)

    found = find(**{name.replace(".", "_"): SHIM})

    assert found.stdout == f"{THIS} {sys.executable}\n"


def test_python3_is_used_when_no_other_name_is_there(find: Find) -> None:
    assert find(python3=WORKS).stdout == f"{THIS} {sys.executable}\n"


def test_without_a_usable_python_the_message_says_what_to_install(find: Find) -> None:
    found = find(python3_12=SHIM, python3=OLD)

    assert found.returncode == 1
    assert found.stdout == ""
    assert "No Python 3.11 or later" in found.stderr
