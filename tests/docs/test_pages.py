"""What the pages claim has its source, and what is said to show it is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
FACTS = (ROOT / "docs" / "facts.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SHORT_NAME = re.compile(
    r"\b(?:PY|JS|NET|CLI|ADM|NOCK|IDM|LIMITS|HEADERS|SPEC20|JWT25|HMACDOC|ENTRADOC|TPEDOC|RAWDOC|NETSRC|JSPKG|PYPKG)\b"
)


def rows(section: str) -> list[dict[str, str]]:
    """Return the rows of the tables in a section, each by the names of its columns."""
    found: list[dict[str, str]] = []
    for table in re.findall(r"(?:^\|.*\|\n)+", section, re.MULTILINE):
        names, _, *lines = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()]
        found += [dict(zip(names, cells, strict=True)) for cells in lines]
    return found


def section_of(page: str, title: str) -> str:
    return page.split(f"\n## {title}\n")[1].partition("\n## ")[0]


def names_in(tree: ast.Module) -> set[str]:
    return {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_test_that_a_page_names_is_there(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`", page.read_text(encoding="utf-8"))
    lost = [path for path, _ in named if not (ROOT / path).exists()]
    lost += [
        f"{path}::{name}"
        for path, name in named
        if name and name not in names_in(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    ]
    assert lost == []


def test_everything_that_is_said_to_stop_somebody_names_what_shows_it() -> None:
    claims = rows(section_of(SECURITY, "Who could want it"))
    assert len(claims) > 10
    shown = {claim["who"]: re.findall(r"`([\w/.-]+\.\w+)(?:::\w+)?`", claim["shown by"]) for claim in claims}
    assert [
        who for who, files in shown.items() if not files or not all((ROOT / file).is_file() for file in files)
    ] == []


def test_every_fact_has_a_certainty_that_the_page_explains_and_a_source() -> None:
    explained = {row["certainty"] for row in rows(FACTS) if "what it means" in row}
    sources = {name.strip() for row in rows(FACTS) if "what it is" in row for name in row["source"].split(",")}
    facts = [row for row in rows(FACTS) if "certainty" in row and "what it means" not in row]
    assert len(facts) > 50
    for fact in facts:
        given = {name.strip() for name in fact["source"].split(",")} - {""}
        assert fact["certainty"] in explained, fact
        assert given <= sources, fact
        # The contract is its own source, and what is not known has none.
        assert given or fact["certainty"] in {"contract", "not known"}, fact


def test_every_source_that_a_test_of_the_facts_names_is_explained() -> None:
    tree = ast.parse((ROOT / "tests" / "emulator" / "test_facts.py").read_text(encoding="utf-8"))
    docstrings = [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    named = {name for text in docstrings for name in SHORT_NAME.findall(text)}
    explained = {name.strip() for row in rows(FACTS) if "what it is" in row for name in row["source"].split(",")}
    assert len(named) > 10
    assert named - explained == set()
