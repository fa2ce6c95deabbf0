import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

# What the guard reads, and nothing it does not.
READ = (
    "swagger",
    "generated",
    "customizations",
    "emulator",
    "tests/congruence/cassettes",
    "tools",
    "CHANGELOG.md",
    "autorest.md",
    "package-lock.json",
)

Git = Callable[..., str]


@pytest.fixture(scope="session")
def guard(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("guard.__main__")


@pytest.fixture(scope="session")
def original(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of its own with one commit: the checkout as it is."""
    copy = tmp_path_factory.mktemp("original") / "checkout"
    for name in READ:
        if (root / name).is_dir():
            shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(root / name, copy / name)
    git_in(copy)("init", "--quiet")
    commit(git_in(copy))
    return copy


@pytest.fixture(scope="session")
def known(guard: ModuleType, original: Path) -> set[str]:
    """What the guard finds before anything is planted: nothing, unless somebody is in the middle of a change."""
    return {finding for part in guard.run(original, "HEAD") for finding in part.findings}


@pytest.fixture
def checkout(original: Path, tmp_path: Path) -> Path:
    """A copy of the checkout, to plant faults in."""
    return Path(shutil.copytree(original, tmp_path / "checkout"))


@pytest.fixture
def git(checkout: Path) -> Git:
    return git_in(checkout)


def git_in(folder: Path) -> Git:
    def run(*arguments: str) -> str:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


def commit(git: Git) -> None:
    git("add", "--all", "--force")
    git("commit", "--quiet", "--message", "as it is")


@pytest.fixture
def newest(checkout: Path) -> Path:
    """The folder of the newest contract."""
    return max(folder for folder in (checkout / "swagger").iterdir() if folder.is_dir())
