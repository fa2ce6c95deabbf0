"""The journal of a bulk call: what a crash leaves, and what becomes of it."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from acs_identity import CommunicationIdentityClient, JournalError, RateBudget
from acs_identity_emulator import Emulator, EmulatorServer, EmulatorTransport

from ..client.canned import ENDPOINT  # noqa: TID252 there is no name from the top for tests


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def client_on(emulator: Emulator, endpoint: str = ENDPOINT) -> CommunicationIdentityClient:
    return CommunicationIdentityClient(endpoint, emulator.access_key, transport=EmulatorTransport(emulator))


def create(emulator: Emulator, path: Path, count: int = 10, **options: Any) -> Any:
    with client_on(emulator, options.pop("endpoint", ENDPOINT)) as client:
        return client.bulk.create_users(count, journal=path, budget=RateBudget({}), **options)


def created(emulator: Emulator) -> int:
    return len(emulator.identities(100_000))


def test_the_same_call_again_repeats_nothing_and_gives_the_answers_again(emulator: Emulator, path: Path) -> None:
    first = create(emulator, path)
    again = create(emulator, path)
    assert [user.raw_id for user in again.succeeded] == [user.raw_id for user in first.succeeded]
    assert created(emulator) == 10


def test_only_its_owner_can_read_the_journal(emulator: Emulator, path: Path) -> None:
    create(emulator, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_was_there_and_empty_becomes_the_owners_alone(emulator: Emulator, path: Path) -> None:
    path.touch(0o644)
    create(emulator, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_journal_holds_no_key(emulator: Emulator, path: Path) -> None:
    create(emulator, path)
    assert emulator.access_key not in path.read_text()


@pytest.mark.parametrize("kept", [1, 5, 40])
def test_a_line_that_a_crash_left_half_written_is_done_again(emulator: Emulator, path: Path, kept: int) -> None:
    create(emulator, path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]) + lines[5][:kept])
    result = create(emulator, path)
    assert len(result.succeeded) == 10
    # Four were in the journal.
    assert created(emulator) == 10 + 6
    assert len(path.read_text().splitlines()) == 11


def test_a_first_line_that_a_crash_left_half_written_is_begun_again(emulator: Emulator, path: Path) -> None:
    create(emulator, path)
    first = path.read_bytes().splitlines(keepends=True)[0]
    path.write_bytes(first[: len(first) // 2])
    assert len(create(emulator, path).succeeded) == 10


@pytest.mark.parametrize(
    "foreign",
    [b"to do\n", b"to do", b"\x00\xff\xfe", b"{}\n", b"[]\n", b'{"journal": 1}\n', b"\n", b" \n\n", b'"a"\n'],
    ids=repr,
)
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(emulator: Emulator, path: Path, foreign: bytes) -> None:
    path.write_bytes(foreign)
    with pytest.raises(JournalError):
        create(emulator, path)
    assert path.read_bytes() == foreign
    assert created(emulator) == 0


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"{}",
        b'{"number": -1}',
        b'{"number": true}',
        b'{"number": 1}',
        b"\xff",
        b'{"number": 1, "answer": 7}',
        b"",
    ],
    ids=repr,
)
def test_a_damaged_line_is_told(emulator: Emulator, path: Path, line: bytes) -> None:
    create(emulator, path, 3, concurrency=1)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = b"".join([*lines[:2], line + b"\n", *lines[3:]])
    path.write_bytes(damaged)
    with pytest.raises(JournalError):
        create(emulator, path, 3)
    assert path.read_bytes() == damaged


def test_the_journal_of_another_method_is_refused(emulator: Emulator, path: Path) -> None:
    users = create(emulator, path).succeeded
    with client_on(emulator) as client, pytest.raises(JournalError):
        client.bulk.delete_users(users, journal=path, budget=RateBudget({}))
    assert created(emulator) == 10


def test_the_journal_of_other_scopes_is_refused(emulator: Emulator, path: Path) -> None:
    with client_on(emulator) as client:
        client.bulk.create_users_and_tokens(2, ["chat"], journal=path)
        with pytest.raises(JournalError, match="scopes"):
            client.bulk.create_users_and_tokens(2, ["voip"], journal=path)


def test_the_journal_of_another_resource_is_refused(emulator: Emulator, path: Path) -> None:
    create(emulator, path)
    with pytest.raises(JournalError, match="endpoint"):
        create(emulator, path, endpoint="https://fabrikam.communication.azure.com")


def test_the_journal_of_other_users_is_refused_before_anything_is_sent(emulator: Emulator, path: Path) -> None:
    users = create(emulator, path).succeeded
    deleted = path.with_name("deleted")
    with client_on(emulator) as client:
        client.bulk.delete_users(users[:5], journal=deleted)
        with pytest.raises(JournalError):
            client.bulk.delete_users(users[5:], journal=deleted)
    assert created(emulator) == 5


def test_two_calls_at_once_on_one_journal_are_refused(emulator: Emulator, path: Path) -> None:
    refused: list[JournalError] = []

    def again(_: object) -> None:
        if not refused:
            with pytest.raises(JournalError, match="in use") as caught:
                create(emulator, path)
            refused.append(caught.value)

    create(emulator, path, progress=again)
    assert len(refused) == 1
    assert created(emulator) == 10


def test_a_journal_that_cannot_be_made_is_told_before_anything_is_sent(emulator: Emulator, path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        create(emulator, path / "in" / "no" / "folder")
    assert created(emulator) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk to write to")
def test_a_full_disk_stops_the_call_and_is_told(
    emulator: Emulator, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0

    def fsync(_: int) -> None:
        nonlocal written
        written += 1
        if written > 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        create(emulator, path, 500, concurrency=4)
    assert created(emulator) < 100


RUN = """
import sys
from acs_identity import CommunicationIdentityClient, RateBudget
endpoint, key, path = sys.argv[1:]
with CommunicationIdentityClient(endpoint, key) as client:
    client.bulk.create_users(2000, journal=path, budget=RateBudget({}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_process_loses_nothing_and_repeats_nothing_that_was_acknowledged(path: Path) -> None:
    with EmulatorServer(Emulator()) as server:
        emulator = server.emulator
        process = subprocess.Popen([sys.executable, "-c", RUN, server.endpoint, emulator.access_key, str(path)])
        deadline = time.monotonic() + 60
        while not path.exists() or path.read_bytes().count(b"\n") < 100:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        text = path.read_bytes()
        acknowledged = [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()[1:]]
        assert 99 <= len(acknowledged) < 2000
        with CommunicationIdentityClient(server.endpoint, emulator.access_key) as client:
            result = client.bulk.create_users(2000, journal=path, budget=RateBudget({}))
        # Those that were on their way when it was killed are there twice, at most 16 and the batch being written.
        assert 2000 <= created(emulator) <= 2000 + 2 * 16
    raw_ids = [user.raw_id for user in result.succeeded]
    assert len(set(raw_ids)) == 2000
    assert [raw_ids[line["number"]] for line in acknowledged] == [line["answer"] for line in acknowledged]
