"""The sample programs of the official package are fetched whole, checked, and changed in their import lines only."""

import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def tool(load_tool: Callable[[str], ModuleType]) -> ModuleType:
    return load_tool("official_samples")


def sdist(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from azure.communication.identity import A", "from acs_identity import A"),
        ("    from azure.communication.identity import (", "    from acs_identity import ("),
        ("from azure.communication.identity.aio import A", "from acs_identity.aio import A"),
        (
            "from azure.communication.identity._shared.utils import parse_connection_str",
            "from acs_identity import parse_connection_string as parse_connection_str",
        ),
        ("from azure.identity import A", "from azure.identity import A"),
        ("from azure.communication.identityx import A", "from azure.communication.identityx import A"),
        ("x = 'from azure.communication.identity import A'", "x = 'from azure.communication.identity import A'"),
        ("from azure.communication.identity._shared import A", "from azure.communication.identity._shared import A"),
    ],
)
def test_import_lines_are_changed_and_no_others(tool: ModuleType, before: str, after: str) -> None:
    assert tool.migrated(f"a\n{before}\nb\n") == f"a\n{after}\nb\n"


def test_only_the_samples_are_taken_from_the_archive(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **options: Any) -> None:
        assert options["check"]
        commands.append(command)
        folder = Path(command[command.index("--dest") + 1])
        requirement = Path(command[command.index("--requirement") + 1]).read_text()
        assert "==1.5.0 --hash=sha256:" in requirement
        content = {f"{tool.SDIST}/samples/{name}": f"# {name}\r\n".encode() for name in tool.SAMPLES}
        sdist(folder / f"{tool.SDIST}.tar.gz", {**content, f"{tool.SDIST}/setup.py": b"raise SystemExit"})

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(tool, "FOLDER", tmp_path / "official")
    assert tool.main() == 0
    assert "--require-hashes" in commands[0]
    assert sorted(path.name for path in (tmp_path / "official").iterdir()) == sorted(tool.SAMPLES)
    assert (tmp_path / "official" / tool.SAMPLES[0]).read_bytes() == f"# {tool.SAMPLES[0]}\r\n".encode()
    assert str(tmp_path / "official") in capsys.readouterr().out


def test_a_failure_of_pip_is_told_and_leaves_nothing(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: list[str], **options: Any) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="ERROR: the hashes do not match")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(tool, "FOLDER", tmp_path / "official")
    assert tool.main() == 1
    assert "could not be fetched. ERROR: the hashes do not match" in capsys.readouterr().err
    assert not (tmp_path / "official").exists()


def test_an_archive_without_a_sample_is_an_error_that_names_it(tool: ModuleType, tmp_path: Path) -> None:
    sdist(tmp_path / "empty.tar.gz", {"other": b""})
    with pytest.raises(KeyError, match=r"identity_samples\.py"):
        tool.samples(tmp_path / "empty.tar.gz")
