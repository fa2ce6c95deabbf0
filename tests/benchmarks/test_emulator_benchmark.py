"""The benchmarks of the emulator run, and what they write comes from what they measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once


def test_the_benchmark_measures_every_case_and_shows_what_it_measured(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "numbers.json"
    command = [sys.executable, "-m", "benchmarks.emulator", "--rounds", "1", "--seconds", "0.05", "--requests", "700"]
    done = subprocess.run(
        [*command, "--json", str(file)], cwd=root, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    numbers = json.loads(file.read_text("utf-8"))
    assert {rate["baseline"] for rate in numbers["rates"]} == {"bare", "signing"}
    for rate in numbers["rates"]:
        assert rate["rates"][0] > 0
        assert f"| {rate['name']} | {rate['baseline']} | {rate['rates'][0]:,.0f} |" in done.stdout
    for soak, requests in (("soak", 700), ("soak_over_http", 70)):
        assert numbers[soak]["requests"] == requests
        assert len(numbers[soak]["megabytes"]) == 10
        assert min(numbers[soak]["megabytes"]) > 10
        assert 0 < numbers[soak]["journal"] <= 1000
