"""A maintainer adds an API version: the worked example of docs/maintaining.md, performed on a copy of the checkout."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

pytestmark = [pytest.mark.node, pytest.mark.once]

VERSION = "2099-01-01"


class Example(NamedTuple):
    """What the worked example printed, and what the guard said when the version was generated."""

    steps: list[Any]
    report: dict[str, Any]

    def part(self, name: str) -> dict[str, Any]:
        [part] = [part for part in self.report["parts"] if part["name"] == name]
        return dict(part)

    def printed(self, command: str) -> list[str]:
        return [step.printed for step in self.steps if step.command == command]


@pytest.fixture(scope="module")
def maintaining(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("maintaining_doc")


@pytest.fixture(scope="module")
def example(maintaining: ModuleType, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Example:
    folder = tmp_path_factory.mktemp("maintaining")
    checkout = maintaining.copy_checkout(root, folder / "checkout")
    steps = maintaining.perform((root / "docs" / "maintaining.md").read_text(), checkout)
    # Back to the moment before the version is committed, when the maintainer asks the guard.
    undo = ["git", "-C", str(checkout), "reset", "--quiet", "--hard", "HEAD~1"]
    subprocess.run(undo, check=True)
    subprocess.run(["git", "-C", str(checkout), "tag", "--delete", "v0.2.0"], check=True, capture_output=True)
    command = [sys.executable, "-m", "tools.guard", "--base", "HEAD~1", "--json", str(folder / "report.json")]
    process = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert process.returncode == 1, process.stdout + process.stderr
    return Example(steps, json.loads((folder / "report.json").read_text()))


def test_adding_a_version_changes_no_line_that_somebody_wrote(example: Example) -> None:
    _, generated = example.printed("git status --short")
    changed = {line.split()[1] for line in generated.splitlines()}

    assert {"autorest.md", f"swagger/{VERSION}/"} <= changed
    assert {name for name in changed if not name.startswith("generated/")} == {"autorest.md", f"swagger/{VERSION}/"}
    assert example.part("generated")["findings"] == []
    assert example.part("generated")["notes"] == ["0 lines in generated/ are typed by hand"]


def test_the_guard_reports_one_operation_added_and_one_property_removed(example: Example) -> None:
    comparison = example.part("versions")["comparisons"][-1]

    assert comparison["version"] == VERSION
    assert {(row["what"], row["pointer"], row["breaking"]) for row in comparison["changes"]} == {
        ("operation added", "/paths/~1identities~1{id}~1:ping/get", False),
        (
            "response property removed",
            "/definitions/TeamsExtensionAssignmentResponse/properties/clientIds",
            True,
        ),
    }


def test_the_versions_that_were_there_are_as_they_were(example: Example) -> None:
    part = example.part("working tree")

    assert (part["findings"], part["comparisons"]) == ([], [])
    assert any(VERSION in note and "added" in note for note in part["notes"])


def test_the_guard_names_what_is_left_to_do(example: Example) -> None:
    findings = {part["name"]: part["findings"] for part in example.report["parts"] if part["findings"]}

    assert set(findings) == {"coverage"}
    cassettes, handler = findings["coverage"]
    assert cassettes.startswith(f"{VERSION}: ")
    assert "without cassette" in cassettes
    assert "GET /identities/{id}/:ping" in cassettes
    assert handler.startswith(f"{VERSION}: 1 of ")
    assert "without emulator handler" in handler
    assert handler.endswith(": GET /identities/{id}/:ping")


def test_the_document_shows_what_the_commands_print(maintaining: ModuleType, example: Example) -> None:
    assert maintaining.differences(example.steps) == [], "Run: python tools/maintaining_doc.py"
