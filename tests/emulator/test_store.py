"""With a file for its state, an emulator keeps what it answered for, shares it, and refuses what is not its own."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from acs_identity_emulator import Emulator, StoreError, store

RESOURCE = "ec403bbc-0000-4000-8000-000000000000"
TENANT = "7e4a7000-0000-4000-8000-000000000001"
ASSIGNMENT = f"/access/teamsExtension/tenants/{TENANT}/assignments/0b1ec700-0000-4000-8000-000000000003"

# A process of its own that works on a file; what it has been answered it says on stdout, one line each.
WORKER = """
import base64, hashlib, hmac, json, sys
from email.utils import formatdate
from acs_identity_emulator import Emulator, Request

emulator = Emulator(db=sys.argv[1])
key = base64.b64decode(emulator.access_key)

def ask(method, target, members=None):
    body = b"" if members is None else json.dumps(members).encode()
    date, content_hash = formatdate(usegmt=True), base64.b64encode(hashlib.sha256(body).digest()).decode()
    text = f"{method}\\n{target}\\n{date};x;{content_hash}".encode()
    signature = base64.b64encode(hmac.digest(key, text, "sha256")).decode()
    headers = {
        "Host": "x", "x-ms-date": date, "x-ms-content-sha256": content_hash, "Content-Type": "application/json",
        "Authorization": f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}",
    }
    return emulator.handle(Request(method, target, headers, body))
"""
CREATE_FOR_EVER = """
while True:
    response = ask("POST", "/identities?api-version=2026-09-23")
    print(json.loads(response.body)["identity"]["id"], flush=True)
"""
LIVE_AND_DIE = """
sys.stdin.readline()
for number in range(60):
    response = ask("POST", "/identities?api-version=2025-03-02-preview", {"customId": f"user {number}"})
    assert response.status == 201, response.body
    shared = json.loads(response.body)["identity"]["id"]
    response = ask("POST", "/identities?api-version=2026-09-23", {"createTokenWithScopes": ["chat"]})
    assert response.status == 201, response.body
    created = json.loads(response.body)
    own, token = created["identity"]["id"], created["accessToken"]["token"]
    if number % 3 == 0:
        assert ask("DELETE", f"/identities/{own}?api-version=2026-09-23").status == 204
    print(json.dumps([number, shared, own, token]), flush=True)
"""


def worker(program: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER + program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state of ä?%23#.db"


@pytest.fixture
def opened(path: Path, clock: Any) -> Iterator[Any]:
    emulators: list[Emulator] = []

    def open_one(**options: Any) -> Emulator:
        emulators.append(Emulator(db=path, clock=clock, **options))
        return emulators[-1]

    yield open_one
    for emulator in emulators:
        emulator.close()


def test_everything_is_there_again_after_a_restart(call: Any, opened: Any, clock: Any) -> None:
    call.emulator = opened()
    call("PUT", ASSIGNMENT, {"principalType": "user", "clientIds": ["app"]})
    identity, gone = call.new_identity(), call.new_identity()
    revoked, of_gone = call.new_token(identity), call.new_token(gone)
    call("POST", f"/identities/{identity}/:revokeAccessTokens")
    live = call.new_token(identity)
    call("DELETE", f"/identities/{gone}")
    entra_token = call.emulator.entra.issue_token()
    before = call.emulator
    keys, exported, issued = before.jwks(), before.export_state(), before.issued_tokens()
    before.close()

    call.emulator = opened()
    assert call.emulator.resource_id == exported["resource_id"]
    assert call.emulator.jwks() == keys
    assert call.emulator.export_state() == exported
    assert call.emulator.issued_tokens() == issued
    states = [call.emulator.introspect(token).state for token in (revoked, of_gone, live)]
    assert states == ["revoked", "deleted", "live"]
    assert call.bearer("POST", "/identities", entra_token).status == 201
    assert json.loads(call("GET", ASSIGNMENT).body)["clientIds"] == ["app"]
    assert "deleted" in call("DELETE", f"/identities/{gone}").header("x-emulator-reason")
    assert call("POST", f"/identities/{identity}/:revokeAccessTokens").status == 204


def test_the_file_is_for_the_eyes_of_its_owner_only(call: Any, opened: Any, path: Path) -> None:
    call.emulator = opened()
    call.new_token(call.new_identity())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert path.name in modes
    assert set(modes.values()) == {0o600}


def test_two_emulators_in_one_process_share_a_file(call: Any, opened: Any) -> None:
    first, second = opened(), opened()
    call.emulator = first
    identity = call.new_identity()
    token = call.new_token(identity)
    call.emulator = second
    assert second.introspect(token).state == "live"
    call("POST", f"/identities/{identity}/:revokeAccessTokens")
    assert first.introspect(token).state == "revoked"
    first.close()
    assert call.new_identity() != identity


def test_an_import_in_one_process_is_seen_by_the_others(call: Any, opened: Any) -> None:
    first, second, elsewhere = opened(), opened(), Emulator(clock=call.clock)
    call.emulator = elsewhere
    token = call.new_token(call.new_identity())
    elsewhere_entra = elsewhere.entra.issue_token()
    first.jwks()
    second.import_state(elsewhere.export_state(with_keys=True))
    assert first.resource_id == elsewhere.resource_id
    assert first.introspect(token).state == "live"
    call.emulator = first
    assert call.new_identity().startswith(f"8:acs:{elsewhere.resource_id}_")
    assert call.bearer("POST", "/identities", elsewhere_entra).status == 201


def test_no_answered_request_is_lost_when_the_process_is_killed(path: Path) -> None:
    process = worker(CREATE_FOR_EVER, path)
    assert process.stdout is not None
    answered = [process.stdout.readline().strip() for _ in range(200)]
    process.send_signal(signal.SIGKILL)
    # Not communicate, which would pass by what readline has read ahead. The last line may be torn.
    answered += process.stdout.read().split("\n")[:-1]
    _, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, err
    with closing(Emulator(db=path)) as emulator:
        kept = {identity.id for identity in emulator.identities(1_000_000)}
        assert len(answered) >= 200
        assert set(answered) <= kept
        # What was written and not answered is the one request in flight.
        assert len(kept) - len(answered) <= 2


@pytest.mark.once
def test_four_processes_lose_nothing_and_double_nothing(path: Path) -> None:
    processes = [worker(LIVE_AND_DIE, path) for _ in range(4)]
    outputs: list[str] = []
    try:
        for process in processes:
            # They begin together, on a file that the first of them makes.
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            out, err = process.communicate(timeout=100)
            assert process.returncode == 0, err
            outputs.append(out)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    results = [json.loads(line) for out in outputs for line in out.splitlines()]
    assert len(results) == 240
    shared = {(number, identity) for number, identity, _, _ in results}
    assert len(shared) == 60, "a custom id is that of one identity, whoever came first"
    own = [identity for _, _, identity, _ in results]
    assert len(set(own)) == 240
    kept = {identity for number, _, identity, _ in results if number % 3}
    with closing(Emulator(db=path)) as emulator:
        assert {identity.id for identity in emulator.identities(1000)} == kept | {identity for _, identity in shared}
        assert emulator.issued_token_count == 240
        for number, _, _, token in results:
            assert emulator.introspect(token).state == ("live" if number % 3 else "deleted")


def test_several_emulators_may_make_the_same_file_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(6)

    def resource_id(path: Path) -> str:
        together.wait(timeout=30)
        with closing(Emulator(db=path)) as emulator:
            return emulator.resource_id

    with ThreadPoolExecutor(6) as pool:
        for number in range(40):
            found = set(pool.map(resource_id, [tmp_path / f"{number}.db"] * 6))
            assert len(found) == 1


def test_a_request_that_fails_on_its_way_changes_nothing(
    call: Any, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    call.emulator = opened()

    def fail(*_: object) -> None:
        raise RuntimeError("the key is broken")

    monkeypatch.setattr("acs_identity_emulator.keys.SigningKey.sign", fail)
    response = call.raw("POST", "/identities?api-version=2026-09-23", {"createTokenWithScopes": ["chat"]})
    assert response.status == 500
    assert call.emulator.identity_count == 0
    assert call("POST", "/identities").status == 201


def test_a_file_that_another_program_locks_is_reported_and_used_again_later(
    call: Any, opened: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    call.emulator = opened()
    identity = call.new_identity()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        response = call.raw("POST", "/identities?api-version=2026-09-23")
        assert response.status == 500
        assert "database is locked" in response.header("x-emulator-reason")
        assert call("GET", f"/identities/{identity}", version="2025-03-02-preview").status == 200, "reading goes on"
        with pytest.raises(StoreError, match="database is locked"):
            call.emulator.reset()
        with pytest.raises(StoreError, match=r"cannot be used: database is locked\.$"):
            opened()
        other.execute("ROLLBACK")
    assert call("POST", "/identities").status == 201


def test_a_resource_id_is_that_of_the_file(opened: Any) -> None:
    assert opened(resource_id=RESOURCE.upper()).resource_id == RESOURCE
    assert opened().resource_id == RESOURCE
    assert opened(resource_id=RESOURCE).resource_id == RESOURCE
    other = "11111111-0000-4000-8000-000000000000"
    with pytest.raises(StoreError, match=f"resource {RESOURCE}, not of {other}"):
        opened(resource_id=other)


# What is refused


def database(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize("content", [b"x", b"not a database " * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(opened: Any, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match="not a database"):
        opened()
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_database_of_another_program_is_refused_and_left_alone(opened: Any, path: Path) -> None:
    database(path, "CREATE TABLE x (y)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="belongs to another program"):
        opened()
    assert path.read_bytes() == before


@pytest.mark.parametrize("layout", [0, store.LAYOUT + 1])
def test_a_file_of_another_version_is_refused(opened: Any, path: Path, layout: int) -> None:
    opened().close()
    database(path, f"PRAGMA user_version={layout}")
    with pytest.raises(StoreError, match=f"layout {layout}.*export it with the version that made it"):
        opened()


def test_an_empty_file_is_a_new_one(opened: Any, path: Path) -> None:
    path.touch()
    opened(resource_id=RESOURCE).close()
    assert opened().resource_id == RESOURCE


def test_a_truncated_file_is_refused(opened: Any, path: Path) -> None:
    opened().close()
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(StoreError, match=r"malformed|not a database"):
        opened()


@pytest.mark.parametrize("name", ["", ".", "there/is/no/such.db", "/dev/null", "nul\0.db", "x" * 300])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match=r"cannot be opened|not a regular file\.$"):
        Emulator(db=f"{tmp_path}/{name}" if not name.startswith("/") else name)


@pytest.fixture
def foreign_folder() -> Iterator[Path]:
    """A folder of a user who may not do everything, and that user for the time of the test."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            folder = Path(name) / "own"
            folder.mkdir()
            yield folder
        finally:
            if is_root:
                os.seteuid(0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_a_file_that_may_not_be_written_or_read_is_refused(foreign_folder: Path) -> None:
    path = foreign_folder / "state.db"
    Emulator(db=path).close()
    path.chmod(0o400)
    with pytest.raises(StoreError, match="readonly"):
        Emulator(db=path)
    path.chmod(0)
    with pytest.raises(StoreError, match="unable to open"):
        Emulator(db=path)
    foreign_folder.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        Emulator(db=foreign_folder / "new.db")
    foreign_folder.chmod(0o777)


def test_emulators_that_are_dropped_leave_no_open_database() -> None:
    code = "import gc, acs_identity_emulator as e; [e.Emulator() for _ in range(3)]; gc.collect(); e.Emulator()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
