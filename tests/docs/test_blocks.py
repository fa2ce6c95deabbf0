"""Every block of code on every page runs as it is shown, or says why it does not."""

import doctest
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from acs_identity_emulator import Emulator, EmulatorServer

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path for folder in (".", "docs", "samples", "samples/testing") for path in (ROOT / folder).glob("*.md"))
# Gone through by tests of their own, in a copy of a project: tests/docs/test_testing_guide.py, tests/tools.
WALKED = {"testing.md", "maintaining.md"}
# Written by a command whose --check is a test; or settings, which the generator reads.
GENERATED = {"cli.md", "autorest.md"}
NOT_SOURCE = [
    "node_modules",
    ".venv*",
    ".git",
    ".*_cache",
    ".hypothesis",
    ".cov*",
    "__pycache__",
    "*.egg-info",
    "build",
]
ON_UNIX = pytest.mark.skipif(sys.platform == "win32", reason="the commands are of a Unix shell")
NOT_RUN = re.compile(r"<!-- not run: (\S.*?) -->\n\n?$")
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


def typed(page: Path) -> list[list[str]]:
    """Return the lines of each block that shows no output."""
    return [block.code.splitlines() for block in blocks(page) if block.language == "sh" and not block.reason]


def installs(lines: list[str]) -> bool:
    return any("pip install" in line for line in lines)


TYPED = [
    (page, line)
    for page in PAGES
    for lines in typed(page)
    for line in lines
    if not installs(lines) and not line.startswith("make ")
]
INSTALLING = [(page, lines) for page in PAGES for lines in typed(page) if installs(lines)]


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


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the checkout, in which a command may write."""
    return Path(shutil.copytree(ROOT, tmp_path / "copy", ignore=shutil.ignore_patterns(*NOT_SOURCE)))


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give what a reader has: a connection string, a home, a terminal of 80 columns, and what is installed here."""
    (tmp_path / "home").mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "ACS_", "PYTEST"))}
    with EmulatorServer(Emulator()) as server:
        yield {
            **inherited,
            "AZURE_COMMUNICATION_CONNECTION_STRING": server.connection_string,
            "ACS_IDENTITY_EMULATOR_ENDPOINT": server.endpoint,
            "HOME": str(tmp_path / "home"),
            "XDG_CONFIG_HOME": str(tmp_path / "home" / ".config"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "COLUMNS": "80",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }


@ON_UNIX
@pytest.mark.once
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", CONSOLE, ids=lambda page: page.name)
def test_what_a_page_types_shows_what_it_says(page: Path, copy: Path, environment: dict[str, str]) -> None:
    for block in console(page):
        for step in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
            command, shown = split(step)
            done = run(command, copy / "samples" / "testing", environment)
            assert not shown or doctest.OutputChecker().check_output(
                shown, done.stdout, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            ), f"$ {command}\n{done.stdout}"
            # A page that shows nothing says that all went well.
            assert shown or done.returncode == 0, f"$ {command}\n{done.stdout}"


@ON_UNIX
@pytest.mark.once
@pytest.mark.parametrize(("page", "line"), TYPED, ids=lambda value: value.name if isinstance(value, Path) else value)
def test_what_a_page_says_to_type_works(page: Path, line: str, copy: Path, environment: dict[str, str]) -> None:
    command, _, comment = line.partition("  #")
    (copy / ".venv").symlink_to(sys.prefix)
    with subprocess.Popen(
        ["/bin/bash", "-c", command],
        cwd=copy if page.name == "CONTRIBUTING.md" else copy / "samples" / "testing",
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        try:
            if "Ctrl-C stops it" in comment:
                assert running.stdout.readline()
                os.killpg(running.pid, signal.SIGINT)
            output, _ = running.communicate(environment["AZURE_COMMUNICATION_CONNECTION_STRING"] + "\n", timeout=90)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode == 0, output


@pytest.mark.parametrize("page", [page for page in PAGES if typed(page)], ids=lambda page: page.name)
def test_every_make_target_that_a_page_says_to_type_is_a_step_of_ci(page: Path) -> None:
    steps = re.findall(r"^step .*?\bmake ([a-z-]+)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    targets = [
        line.split()[1] for lines in typed(page) for line in lines if not installs(lines) and line.startswith("make ")
    ]
    assert [target for target in targets if target not in steps] == []


@ON_UNIX
@pytest.mark.index
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("page", "lines"), INSTALLING, ids=lambda value: value.name if isinstance(value, Path) else "")
def test_what_a_page_says_to_install_works(
    page: Path, lines: list[str], copy: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    """An empty environment, and what a page types in a clone of the repository."""
    venv.create(tmp_path / "empty", with_pip=True)
    environment |= {
        # Where the settings of pip are, and what it has fetched before.
        "HOME": os.environ["HOME"],
        "PATH": os.pathsep.join([str(copy / ".venv" / "bin"), str(tmp_path / "empty" / "bin"), os.environ["PATH"]]),
        # The same versions as everywhere in the tests.
        "PIP_CONSTRAINT": str(copy / "constraints.txt"),
        # What is installed is enough for the tests to be found; they run in `make test`.
        "PYTEST_ADDOPTS": "--collect-only -qq",
    }
    commands = "\n".join(["set -e", *lines, "acs-identity token issue --scope chat"])
    done = run(commands, copy, environment, seconds=600)
    assert done.returncode == 0, done.stdout


def run(
    command: str, folder: Path, environment: dict[str, str], seconds: int = 60
) -> "subprocess.CompletedProcess[str]":
    """Type a command, and return what it shows and how it ended."""
    return subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=seconds,
        check=False,
    )


def split(step: str) -> tuple[str, str]:
    """Return a command, which may go on after a backslash, and what it shows."""
    lines = step.splitlines(keepends=True)
    end = next(number for number, line in enumerate(lines) if not line.rstrip().endswith("\\"))
    return "".join(lines[: end + 1]).rstrip("\n"), "".join(lines[end + 1 :])
