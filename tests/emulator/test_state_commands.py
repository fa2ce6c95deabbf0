"""Export, import, seed and reset by command: on a running emulator, or on the file of one."""

import errno
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from acs_identity import CommunicationIdentityClient
from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator, EmulatorServer
from acs_identity_emulator.commands import app

COMMAND = [sys.executable, "-W", "error", "-c", "from acs_identity_emulator.commands import app; app()"]
SEED = {"identities": [{"custom_id": "alice"}, {}]}


def run(*arguments: object, text: str | bytes | None = None, **environment: str) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text, env=environment)


def done(*arguments: object, text: str | None = None, **environment: str) -> Result:
    result = run(*arguments, text=text, **environment)
    assert result.exit_code == 0, result.output
    return result


def refused(*arguments: object, text: str | bytes | None = None) -> str:
    result = run(*arguments, text=text)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_running_emulator_is_seeded_exported_emptied_and_imported(server: EmulatorServer, tmp_path: Path) -> None:
    of_it = {"ACS_IDENTITY_EMULATOR_ENDPOINT": server.endpoint}
    (tmp_path / "seed.json").write_text(f"\ufeff{json.dumps(SEED)}", "utf-8")
    made = json.loads(done("seed", tmp_path / "seed.json", **of_it).stdout)
    assert [entry["created"] for entry in made["identities"]] == [True, True]
    kept = {entry["id"] for entry in made["identities"]}
    file = tmp_path / "state.json"
    assert done("export", file, "--with-keys", **of_it).stdout == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = json.loads(file.read_text("utf-8"))
    assert {entry["id"] for entry in document["identities"]} == kept
    assert set(document["signing_keys"]) == {"access_tokens", "entra"}
    assert "empty" in done("reset", "--yes", "--endpoint", f"{server.endpoint}/").stderr
    assert server.emulator.identity_count == 0
    done("import", file, "--yes", **of_it)
    assert {entry.id for entry in server.emulator.identities()} == kept
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_document_goes_through_pipes(server: EmulatorServer) -> None:
    endpoint = ("--endpoint", server.endpoint)
    done("seed", "-", *endpoint, text=json.dumps(SEED))
    exported = done("export", *endpoint).stdout
    assert "signing_keys" not in json.loads(exported)
    done("reset", *endpoint)
    done("import", "-", *endpoint, text=exported)
    assert json.loads(done("export", "-", *endpoint).stdout) == json.loads(exported)


def test_the_file_of_an_emulator_is_used_without_one_running(tmp_path: Path) -> None:
    db = tmp_path / "state.db"
    made = json.loads(done("seed", "-", "--db", db, text=json.dumps(SEED)).stdout)
    exported = done("export", "--db", db).stdout
    assert [entry["id"] for entry in json.loads(exported)["identities"]] == [
        entry["id"] for entry in made["identities"]
    ]
    done("reset", "--db", db)
    with closing(Emulator(db=db)) as emulator:
        assert emulator.identity_count == 0
        done("import", "-", "--db", db, text=exported)
        assert emulator.identity_count == 2, "an emulator may use the file at the same time"


def test_a_terminal_is_asked_before_state_is_lost(
    server: EmulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = ("--endpoint", server.endpoint)
    done("export", tmp_path / "empty.json", *endpoint)
    done("seed", "-", *endpoint, text=json.dumps(SEED))
    # The runner's input is no terminal; this is the one thing that is asked of it.
    monkeypatch.setattr("acs_identity_emulator.commands.state._is_terminal", lambda: True)
    for command in (["reset"], ["import", tmp_path / "empty.json"]):
        for answer in ("n\n", "\n"):
            result = run(*command, *endpoint, text=answer)
            assert result.exit_code == 1
            assert "[y/N]" in result.stderr
            assert "Nothing was changed." in result.stderr
        assert run(*command, *endpoint, text="").exit_code == 1
        assert server.emulator.identity_count == 2
    done("reset", *endpoint, text="y\n")
    assert server.emulator.identity_count == 0
    assert "[y/N]" not in done("reset", "--yes", *endpoint).output


def test_an_export_that_cannot_be_written_leaves_the_file_as_it_was(
    server: EmulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = ("--endpoint", server.endpoint)
    file = tmp_path / "state.json"
    file.write_text("before")

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    assert "cannot be written: No space left on device." in refused("export", file, *endpoint)
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    monkeypatch.undo()
    link = tmp_path / "link.json"
    link.symlink_to(file)
    done("export", link, *endpoint)
    assert link.is_symlink()
    assert json.loads(file.read_text())["format"] == "acs-identity-emulator"
    assert "cannot be written" in refused("export", tmp_path / "no" / "state.json", *endpoint)
    assert "cannot be written" in refused("export", tmp_path, *endpoint)
    done("export", "/dev/null", *endpoint)
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "- is not JSON: Expecting value in line 1, column 1."),
        (b'{\n"a"', "- is not JSON: Expecting ':' delimiter in line 2, column 4."),
        (b"\xff\xfe", "- is not JSON in UTF-8."),
        (b"[" * 100_000, "- is not JSON in UTF-8."),
        (b"1" * 5000, "- is not JSON in UTF-8."),
        (b"null", "- is not a JSON object."),
        (b'{"identities":1}', "$.identities is not a list."),
    ],
)  # fmt: skip
def test_a_wrong_document_is_named(server: EmulatorServer, tmp_path: Path, text: bytes, message: str) -> None:
    for where in (("--endpoint", server.endpoint), ("--db", str(tmp_path / "state.db"))):
        assert refused("seed", "-", *where, text=text) == f"Error: {message}\n"
        imported = refused("import", "-", *where, text=text)
        assert imported.startswith("Error: - is not") or "$" in imported


def test_what_cannot_be_used_is_named(tmp_path: Path, unused_port: int) -> None:
    missing = tmp_path / "missing"
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE x (y)")
    for command in (["export"], ["reset"]):
        assert f"There is no file {missing}." in refused(*command, "--db", missing)
        assert not missing.exists()
        assert "belongs to another program" in refused(*command, "--db", foreign)
        nowhere = f"http://127.0.0.1:{unused_port}"
        assert f"No emulator answers at {nowhere}" in refused(*command, "--endpoint", nowhere)
        assert "does not begin with http" in refused(*command, "--endpoint", "127.0.0.1:10100")
        assert "did not answer" in refused(*command, "--endpoint", "http://[::1")
    assert f"{missing} cannot be read: No such file" in refused("import", missing)
    assert "cannot be read" in refused("seed", tmp_path)
    assert "belongs to another program" in refused("start", "--port", "0", "--db", foreign)
    assert run("import").exit_code == 2


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def started(db: Path) -> Generator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [*COMMAND, "start", "--port", "0", "--db", str(db)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        endpoint = process.stdout.readline().removeprefix("Endpoint: ").strip()
        yield process, endpoint
    finally:
        process.kill()
        process.communicate(timeout=30)


def introspect(endpoint: str, token: str) -> Any:
    request = urllib.request.Request(f"{endpoint}/_emulator/introspect", json.dumps({"token": token}).encode())
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["state"]


def test_an_emulator_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    db = tmp_path / "state.db"
    with started(db) as (process, endpoint):
        with CommunicationIdentityClient(endpoint, DEVELOPMENT_ACCESS_KEY) as client:
            user, token = client.create_user_and_token(["chat"])
            other, revoked = client.create_user_and_token(["voip"])
            client.revoke_tokens(other)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
    # Two at once, on the same file.
    with started(db) as (first, endpoint), started(db) as (_, second):
        states = [introspect(where, issued.token) for where in (endpoint, second) for issued in (token, revoked)]
        assert states == ["live", "revoked", "live", "revoked"]
        with CommunicationIdentityClient(second, DEVELOPMENT_ACCESS_KEY) as client:
            client.delete_user(user)
        assert introspect(endpoint, token.token) == "deleted"
        first.send_signal(signal.SIGTERM)
        out, err = first.communicate(timeout=30)
        assert (first.returncode, out.count("Traceback"), err.count("Traceback")) == (0, 0, 0)
        assert "Warning" not in err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from acs_identity_emulator.commands import app\n"
        "try: app(['export', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'uvicorn', 'starlette', 'cryptography', 'jwt', 'azure.core'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert finished.stderr.strip() == ""
