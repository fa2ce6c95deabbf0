"""The walk of docs/testing.md, gone through as it is written."""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
PROJECT = ROOT / "samples" / "testing"
# The plugins that the guide installs; what else is installed here takes longer to load than a test to run.
SETTINGS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_ADDOPTS": "-p asyncio -p recording -p acs_identity_emulator -p acs_identity_testing -p no:cacheprovider",
}
PROGRAMS = {"pytest": "pytest", "acs-identity": "acs_identity.cli"}


def steps() -> Iterator[tuple[str, str]]:
    """Give each command of the guide with what it shows."""
    for block in re.findall(r"^```console\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            yield command, shown


def settled(text: str) -> str:
    return re.sub(r"in \d+\.\d+s", "in 0.00s", text)


def run(command: str, folder: Path) -> str:
    words = shlex.split(command)
    if words[0] in PROGRAMS:
        words = [sys.executable, "-m", PROGRAMS[words[0]], *words[1:]]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "PYTEST_", "COV"))
    }
    done = subprocess.run(
        words,
        cwd=folder,
        env={**environment, **SETTINGS, "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    return done.stdout


@pytest.mark.once
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are of a Unix shell")
def test_every_step_of_the_guide_shows_what_it_says(tmp_path: Path) -> None:
    shutil.copytree(PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("cassettes", "__pycache__"))
    walked = 0
    for command, shown in steps():
        got = settled(run(command, tmp_path / "project"))
        assert doctest.OutputChecker().check_output(settled(shown), got, doctest.ELLIPSIS), f"{command}\n{got}"
        walked += 1
    assert walked >= 15


def test_the_code_of_the_guide_is_that_of_the_project() -> None:
    conftest, test, *_ = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert conftest == (PROJECT / "conftest.py").read_text(encoding="utf-8")
    assert test.removeprefix("@pytest.mark.vcr\n") in (PROJECT / "test_greeter.py").read_text(encoding="utf-8")


@pytest.mark.once
def test_the_project_plays_back_what_is_published_with_it(tmp_path: Path) -> None:
    shutil.copytree(PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    assert "5 passed" in run("pytest -q --block-network", tmp_path / "project")
    assert run("acs-identity recordings scan cassettes", tmp_path / "project").startswith(
        "0 possible secrets in 5 files"
    )
    again = run("pytest -q --acs-target=emulator --record-mode=rewrite", tmp_path / "project")
    assert "5 passed" in again
    for cassette in (PROJECT / "cassettes").rglob("*.yaml"):
        recorded = (tmp_path / "project" / cassette.relative_to(PROJECT)).read_text(encoding="utf-8")
        assert re.sub(r"date: .*", "", recorded) == re.sub(r"date: .*", "", cassette.read_text(encoding="utf-8"))
