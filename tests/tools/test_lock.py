import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def lock(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("lock")


def test_a_version_that_every_python_gets_needs_no_marker(lock: ModuleType) -> None:
    assert lock.lines({"3.11": {"six": "1.17"}, "3.12": {"six": "1.17"}}) == ["six==1.17"]


def test_versions_that_differ_are_told_apart_by_a_marker(lock: ModuleType) -> None:
    resolved = {
        "3.11": {"backport": "1.0", "numbers": "1.9"},
        "3.12": {"backport": "1.0", "numbers": "2.0"},
        "3.13": {"numbers": "2.0"},
    }

    assert lock.lines(resolved) == [
        "backport==1.0 ; python_version == '3.11' or python_version == '3.12'",
        "numbers==1.9 ; python_version == '3.11'",
        "numbers==2.0 ; python_version == '3.12' or python_version == '3.13'",
    ]


def test_the_constraints_are_exact_versions_and_nothing_else(root: Path) -> None:
    header, *lines = (root / "constraints.txt").read_text().splitlines()

    assert "make lock" in header
    assert len(lines) > 50
    for line in lines:
        assert re.fullmatch(r"[a-z0-9._-]+==[0-9][0-9a-z.]*( ; python_version .*)?", line), line
