"""The benchmarks of the client run, and what they write comes from what they measured."""

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NAMES = """
import json
from benchmarks.client import CASES, LAYERS, STATEMENTS
print(json.dumps([*({case.name: case.contestants for case in cases} for cases in (CASES, LAYERS)), list(STATEMENTS)]))
"""


@pytest.fixture(scope="module")
def names(root: Path) -> Any:
    """The contestants of each case, the layers and the statements. The benchmarks are not installed."""
    command = [sys.executable, "-c", NAMES]
    return json.loads(subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.once
@pytest.mark.timeout(300)
def test_the_benchmark_measures_every_contestant_of_every_case(root: Path, tmp_path: Path, names: Any) -> None:
    file = tmp_path / "numbers.json"
    command = [sys.executable, "-m", "benchmarks.client", "--quick", "--json", str(file)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    numbers = json.loads(file.read_text("utf-8"))
    cases, layers, _ = names
    for name, contestants in cases.items():
        spent = numbers["costs"][name]
        assert set(spent) == set(contestants)
        for cost in spent.values():
            assert len(cost["cpu"]) == len(cost["wall"]) == 2
            assert min(cost["cpu"]) > 0
            assert min(cost["wall"]) > 0
        ours = statistics.median(spent[contestants[0]]["cpu"])
        assert f"| {name} | {ours:,.0f} |" in done.stdout
    assert {name: list(costs) for name, costs in numbers["layers"].items()} == layers
    for ours, theirs in numbers["starts"].values():
        assert min(*ours["cpu"], *theirs["cpu"], ours["modules"], theirs["modules"]) > 0
    assert numbers["memory"]["ours, async"]["flight"] > 0
    assert min(*numbers["signing"][0], *numbers["signing"][1]) > 0


def test_the_page_has_what_is_measured_now(root: Path, names: Any) -> None:
    page = (root / "docs" / "performance.md").read_text(encoding="utf-8")
    cases, layers, statements = names
    for name in (*cases, *layers, *(name for names in layers.values() for name in names[:-1]), *statements):
        assert f"| {name} | " in page
    assert page.count("| met |") + page.count("| missed |") == 8


@pytest.mark.once
def test_the_benchmark_of_bulk_calls_shows_what_it_measured(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    command = [sys.executable, "-m", "benchmarks.bulk", "--quick", "--json", str(file)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    numbers = json.loads(file.read_text("utf-8"))
    shown = done.stdout.replace("\n", " ")
    assert f"one core issues {numbers['threads']:,.0f} access tokens a second with threads" in shown
    assert f"and {numbers['tasks']:,.0f} with tasks" in shown


def test_the_page_on_scaling_has_what_was_measured(root: Path) -> None:
    page = (root / "docs" / "scaling.md").read_text(encoding="utf-8")
    measured = page.split("<!-- written by make bench-bulk -->")[1].split("<!-- end")[0]
    assert measured.count("| met |") + measured.count("| missed |") == 3
