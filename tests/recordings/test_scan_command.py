"""The command that looks for secrets in recordings."""

import json
import os
from pathlib import Path

import pytest
from rich.progress import Progress
from typer.testing import CliRunner, Result

from acs_identity.cli import recordings
from acs_identity.cli.app import app

IDENTITY = "8:acs:45ab2481-1c1c-4005-be24-0ffb879b1130_00000007-db1b-9433-6032-3b3a0d0048e0"


def scan(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["recordings", "scan", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "one.yaml").write_text(f"a: 1\nuri: {IDENTITY}\n")
    (tmp_path / "two.JSON").write_text('{"client_secret": "hello~world"}')
    (tmp_path / "clean.yml").write_text("a: 1\n")
    (tmp_path / "notes.txt").write_text(IDENTITY)
    return tmp_path


def test_secrets_of_a_folder_are_listed_by_place_and_never_shown(folder: Path) -> None:
    result = scan(folder)
    assert result.exit_code == 1
    assert sorted(result.stdout.splitlines()) == [
        f"{folder / 'deep' / 'one.yaml'}:2:6: identity id",
        f"{folder / 'two.JSON'}:1:20: client secret",
    ]
    assert "2 possible secrets in 3 files." in result.stderr
    assert "hello" not in result.output
    assert "45ab2481" not in result.output


def test_secrets_are_listed_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in "hcafbgde":
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.yaml").write_text(IDENTITY)
        (tmp_path / name / "0.yml").write_text(IDENTITY)
    listed = [line.partition(":")[0] for line in scan(tmp_path).stdout.splitlines()]
    assert listed == [str(tmp_path / name / file) for name in "abcdefgh" for file in ("0.yml", "1.yaml")]


def test_how_a_secret_is_spelled_is_said_when_it_is_not_written_out(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"uri: {IDENTITY.replace(':', '%3A')}\n")
    assert scan(tmp_path).stdout == f"{tmp_path / 'a.yaml'}:1:6: identity id (percent-encoded)\n"


def test_a_folder_that_cannot_be_listed_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def list_folder(path: str | Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", list_folder)
    result = scan(folder)
    assert result.exit_code == 2
    assert f"{folder / 'deep'}: Permission denied" in result.stderr
    assert "client secret" in result.stdout


def test_a_clean_recording_is_no_failure(folder: Path) -> None:
    result = scan(folder / "clean.yml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "0 possible secrets in 1 file." in result.stderr


def test_a_folder_without_recordings_is_not_taken_for_a_clean_one(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "wrong").mkdir()
    result = scan(tmp_path / "wrong", folder / "clean.yml")
    assert result.exit_code == 2
    assert f"{tmp_path / 'wrong'}: there is no .yaml, .yml or .json file in this folder" in result.stderr


def test_a_file_that_is_named_is_read_whatever_it_is_called_and_only_once(folder: Path) -> None:
    result = scan(folder / "notes.txt", folder / "notes.txt")
    assert result.stdout.splitlines() == [f"{folder / 'notes.txt'}:1:1: identity id"]


def test_a_path_that_is_not_there_is_told_and_the_others_are_searched(folder: Path) -> None:
    result = scan(folder / "nowhere.yaml", folder / "two.JSON")
    assert result.exit_code == 2
    assert "nowhere.yaml: there is no such file or folder" in result.stderr
    assert "client secret" in result.stdout


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is closed to an administrator")
def test_a_file_that_cannot_be_read_is_told_with_the_reason(folder: Path) -> None:
    (folder / "clean.yml").chmod(0)
    result = scan(folder)
    assert result.exit_code == 2
    assert "clean.yml: Permission denied" in result.stderr


def test_a_file_that_fails_while_it_is_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path) -> bytes:
        raise OSError(5, "Input/output error", str(self))

    monkeypatch.setattr(Path, "read_bytes", fail)
    result = scan(folder / "clean.yml")
    assert result.exit_code == 2
    assert "clean.yml: Input/output error" in result.stderr


def test_json_has_the_same_for_programs(folder: Path) -> None:
    result = scan("--json", folder, folder / "nowhere")
    found = json.loads(result.stdout)
    assert result.exit_code == 2
    assert found["files"] == 3
    assert {
        "kind": "client secret",
        "line": 1,
        "column": 20,
        "spelling": "raw",
        "path": str(folder / "two.JSON"),
    } in found["leaks"]
    assert found["errors"] == [f"{folder / 'nowhere'}: there is no such file or folder"]


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00", b"\x80" * 9, IDENTITY.encode("utf-16")], ids=["empty", "cut", "binary", "utf-16"]
)
def test_a_file_in_any_encoding_is_read(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.yaml").write_bytes(raw)
    assert scan(tmp_path).exit_code == (1 if len(raw) > 50 else 0)


@pytest.mark.parametrize("arguments", [[], ["--jsn", "x"]])
def test_wrong_arguments_are_explained(arguments: list[str]) -> None:
    result = scan(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


@pytest.mark.parametrize(
    ("seconds", "is_terminal", "is_shown"), [(0.0, True, False), (3.0, True, True), (3.0, False, False)]
)
def test_on_a_terminal_a_long_search_shows_how_far_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, is_terminal: bool, is_shown: bool
) -> None:
    times = iter([0.0, *([seconds] * 9)])
    shown: list[int | float | None] = []
    real = Progress.add_task

    def add(self: Progress, description: str, *, total: float | None) -> object:
        shown.append(total)
        return real(self, description, total=total)

    monkeypatch.setattr(recordings, "monotonic", lambda: next(times))
    monkeypatch.setattr(Progress, "add_task", add)
    monkeypatch.setenv("TTY_COMPATIBLE", str(int(is_terminal)))
    assert scan(folder).exit_code == 1
    assert shown == ([3] if is_shown else [])
