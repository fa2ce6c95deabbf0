"""The types fit what users write, and find their mistakes, in a project that has none of the checkout's settings."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import acs_identity
import acs_identity.aio
import acs_identity_rest

pytestmark = pytest.mark.once

HERE = Path(__file__).parent
USAGE = {"usage.py": acs_identity, "usage_aio.py": acs_identity.aio}
MISTAKES = "mistakes.py"


class Finding(NamedTuple):
    file: str
    line: int
    rule: str


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of a user's, with the packages on its path as they are installed."""
    top = tmp_path_factory.mktemp("user")
    project, site = top / "project", top / "site"
    project.mkdir()
    site.mkdir()
    for name in [*USAGE, MISTAKES]:
        shutil.copy(HERE / name, project)
    (project / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    for package in (acs_identity, acs_identity_rest):
        # No type checker follows the import hook of an editable installation.
        folder = Path(package.__path__[0])
        (site / folder.name).symlink_to(folder, target_is_directory=True)
    return project


def run(project: Path, *command: str) -> str:
    # pyright asks the first Python on the PATH where packages are.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(project.parent / "site")}
    process = subprocess.run(
        [sys.executable, "-m", *command, *USAGE, MISTAKES],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 1, process.stdout + process.stderr
    return process.stdout


def by_mypy(project: Path) -> list[Finding]:
    output = run(project, "mypy", "--strict", "--config-file=", "--cache-dir=/dev/null", "--output=json")
    found: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [Finding(item["file"], item["line"], item["code"]) for item in found if item["severity"] == "error"]


def by_pyright(project: Path) -> list[Finding]:
    found: list[dict[str, Any]] = json.loads(run(project, "pyright", "--outputjson"))["generalDiagnostics"]
    return [Finding(Path(item["file"]).name, item["range"]["start"]["line"] + 1, item["rule"]) for item in found]


def marked_mistakes(checker: str) -> list[Finding]:
    lines = (HERE / MISTAKES).read_text("utf-8").splitlines()
    marks = [(number, re.search(r"# E: (?P<mypy>\S+) (?P<pyright>\S+)$", line)) for number, line in enumerate(lines, 1)]
    return [Finding(MISTAKES, number, mark[checker]) for number, mark in marks if mark]


@pytest.mark.parametrize(("checker", "check"), [("mypy", by_mypy), ("pyright", by_pyright)])
def test_a_strict_type_checker_accepts_what_users_write_and_finds_every_mistake(
    project: Path, checker: str, check: Any
) -> None:
    marked, found = marked_mistakes(checker), check(project)
    assert len(marked) > 20
    assert {(finding.file, finding.line) for finding in found} == {(finding.file, finding.line) for finding in marked}
    # pyright may report what follows from a mistake as well.
    assert set(marked) - set(found) == set()


@pytest.mark.parametrize("file", USAGE)
def test_every_public_name_is_used(file: str) -> None:
    unused = public_names(USAGE[file]) - used_names((HERE / file).read_text("utf-8"))
    assert unused == set(), f"add them to tests/typing/{file}"


def public_names(package: ModuleType) -> set[str]:
    """The names that a package exports, and the public ones of its classes."""
    exported = {name: getattr(package, name) for name in package.__all__}
    members = {name for item in exported.values() if isinstance(item, type) for name in vars(item)}
    return {*exported, *(name for name in members if not name.startswith("_"))}


def used_names(code: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(code)))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }
