"""What the make targets of the benchmarks run."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.once


@pytest.mark.parametrize(("setting", "option"), [([], "--write"), (["QUICK=1"], "--quick")], ids=["whole", "quick"])
def test_only_a_whole_run_writes_its_page(root: Path, setting: list[str], option: str) -> None:
    told = subprocess.run(
        ["make", "--dry-run", "bench", *setting],
        cwd=root,
        # Not those of the make that runs the tests.
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.splitlines()[-1].endswith(f"-m benchmarks.client {option}")
