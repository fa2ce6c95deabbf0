"""Every block of code on every page runs as it is shown, or says why it does not."""

import doctest
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from acs_identity_emulator import Emulator, EmulatorServer

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Gone through by tests of their own, in a copy of a project: tests/docs/test_testing_guide.py, tests/tools.
WALKED = {"testing.md", "maintaining.md"}
# Written by a command whose --check is a test.
GENERATED = {"cli.md"}
NOT_RUN = re.compile(r"<!-- not run: (\S.*?) -->\n\n?$")
# `make` and the names of commands in these are checked in test_documents.py.
DIRECTIVES = {"{toctree}", "{eval-rst}", "{include}"}


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        page: The page it is on.
        language: What follows the fence.
        code: What is in it.
        reason: Why it is not run; empty where it says nothing.
    """

    page: Path
    language: str
    code: str
    reason: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    for match in re.finditer(r"^```(\S*)[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        reason = NOT_RUN.search(text[: match.start()])
        found.append(Block(page, match[1], match[2], reason[1] if reason else ""))
    return found


def console(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "console" and not block.reason]


CONSOLE = [page for page in PAGES if page.name not in WALKED and console(page)]


def shown_code() -> set[str]:
    """Return the Python that runs elsewhere: samples, and what the tests hold."""
    folders = (ROOT / "samples", ROOT / "tests")
    return {path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs_or_says_why_not(page: Path) -> None:
    elsewhere = shown_code() if page.name not in GENERATED else set[str]()

    def is_checked(block: Block) -> bool:
        if block.reason or page.name in GENERATED or block.language in {"console", "sh", *DIRECTIVES}:
            return True
        if block.language == "python":
            plain = block.code.removeprefix("@pytest.mark.vcr\n")
            return ">>> " in block.code or any(plain in code for code in elsewhere)
        return False

    assert [block.code for block in blocks(page) if not is_checked(block)] == []


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are of a Unix shell")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", CONSOLE, ids=lambda page: page.name)
def test_what_a_page_types_shows_what_it_says(page: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with EmulatorServer(Emulator()) as server:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "ACS_"))}
        environment = {
            **inherited,
            "AZURE_COMMUNICATION_CONNECTION_STRING": server.connection_string,
            "ACS_IDENTITY_EMULATOR_ENDPOINT": server.endpoint,
            "HOME": str(tmp_path / "home"),
            "XDG_CONFIG_HOME": str(tmp_path / "home" / ".config"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "COLUMNS": "80",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        for block in console(page):
            for step in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
                command, shown = split(step)
                done = subprocess.run(
                    ["/bin/bash", "-c", command],
                    cwd=tmp_path,
                    env=environment,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    timeout=60,
                    check=False,
                )
                assert doctest.OutputChecker().check_output(
                    shown, done.stdout, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
                ), f"$ {command}\n{done.stdout}"
                # A page that shows nothing says that all went well.
                assert shown or done.returncode == 0, command


def split(step: str) -> tuple[str, str]:
    """Return a command, which may go on after a backslash, and what it shows."""
    lines = step.splitlines(keepends=True)
    end = next(number for number, line in enumerate(lines) if not line.rstrip().endswith("\\"))
    return "".join(lines[: end + 1]).rstrip("\n"), "".join(lines[end + 1 :])
