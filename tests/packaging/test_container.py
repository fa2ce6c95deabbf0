"""The Dockerfile needs nothing but this repository, and what it starts becomes healthy.

No image is pulled or built here: its files, its installation and its commands are tried one by one.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Built, build
from .test_distribution import wheel_files

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def instructions(root: Path) -> list[tuple[str, str]]:
    lines = (root / "Dockerfile").read_text().splitlines()
    parts = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in parts]


def of(instructions: list[tuple[str, str]], wanted: str) -> list[str]:
    return [rest for name, rest in instructions if name == wanted]


def sources(instructions: list[tuple[str, str]]) -> list[str]:
    """What is copied from the checkout."""
    copies = [rest.split() for rest in of(instructions, "COPY") if not rest.startswith("--from=")]
    return [source for words in copies for source in words[:-1]]


def command_of(text: str) -> list[str]:
    command: list[str] = json.loads(text)
    return command


def test_what_the_dockerfile_copies_is_all_that_the_distribution_is_made_of(
    instructions: list[tuple[str, str]], built: Built, root: Path, tmp_path: Path
) -> None:
    context = tmp_path / "source"
    context.mkdir()
    for source in sources(instructions):
        if (root / source).is_dir():
            shutil.copytree(root / source, context / source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(root / source, context)
    build(context, tmp_path / "dist", "--wheel")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    assert wheel_files(wheel) == wheel_files(built.wheel)


def test_the_dockerignore_lets_through_what_is_copied_and_nothing_else(
    instructions: list[tuple[str, str]], root: Path
) -> None:
    lines = [line for line in (root / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert sorted(line[1:] for line in lines if line.startswith("!")) == sorted(sources(instructions))


def test_the_extras_that_are_installed_exist_and_their_versions_are_pinned(
    instructions: list[tuple[str, str]], root: Path
) -> None:
    (install,) = [step for step in of(instructions, "RUN") if " install " in step]
    (extras,) = re.findall(r'"\.\[(.+)\]"', install)
    assert set(extras.split(",")) == {"cli", "emulator"}
    assert "--constraint constraints.txt" in install
    assert "-e " not in (root / "constraints.txt").read_text()


def test_the_container_does_not_run_as_root(instructions: list[tuple[str, str]]) -> None:
    (user,) = of(instructions, "USER")
    assert user not in {"root", "0"}
    names = [name for name, _ in instructions]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert any(f"useradd --system --create-home --home-dir /data {user}" in step for step in of(instructions, "RUN"))


def test_what_the_container_starts_becomes_healthy(instructions: list[tuple[str, str]], tmp_path: Path) -> None:
    (entrypoint,) = map(command_of, of(instructions, "ENTRYPOINT"))
    assert entrypoint[0] == "acs-identity"
    assert entrypoint[-2:] == ["--host", "0.0.0.0"]
    # Nothing in a test listens beyond loopback, or on a port that may be taken.
    options = [*entrypoint[1:-2], "--host", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "acs_identity.cli", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip().rpartition(":")[2]
        (check,) = of(instructions, "HEALTHCHECK")
        command = command_of(check.partition("CMD ")[2])
        assert command[0] == "python"
        assert "10100" in of(instructions, "EXPOSE")[0].split()
        healthy = [sys.executable, *(word.replace("10100", port) for word in command[1:])]
        assert subprocess.run(healthy, timeout=30, check=False).returncode == 0
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert subprocess.run(healthy, timeout=30, check=False, stderr=subprocess.DEVNULL).returncode != 0
    finally:
        process.kill()
        process.communicate(timeout=30)
