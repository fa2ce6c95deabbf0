import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

import pytest

NOT_SOURCE = shutil.ignore_patterns(
    "node_modules", ".venv*", ".git", ".*_cache", ".hypothesis", ".coverage*", "__pycache__", "*.egg-info", "build"
)


class Built(NamedTuple):
    sdist: Path
    wheel: Path


@pytest.fixture(scope="session")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist of a copy of the checkout, and the wheel made from that sdist."""
    copy = tmp_path_factory.mktemp("checkout") / "copy"
    out = tmp_path_factory.mktemp("dist")
    shutil.copytree(root, copy, ignore=NOT_SOURCE)
    build(copy, out, "--sdist")
    [sdist] = out.glob("*.tar.gz")
    build(unpack(sdist, tmp_path_factory.mktemp("sdist")), out, "--wheel")
    [wheel] = out.glob("*.whl")
    return Built(sdist, wheel)


def build(source: Path, out: Path, *options: str) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), *options, str(source)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


def unpack(sdist: Path, folder: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [top] = folder.iterdir()
    return top
