"""Many users at once: every item is done or told why not, and what was done is never lost or done twice."""

import asyncio
import errno
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.core.exceptions import ServiceRequestError

from acs_identity import (
    BulkError,
    BulkProgress,
    CommunicationUserIdentifier,
    JournalError,
    NotFoundError,
    RateBudget,
    UnauthorizedError,
)
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorServer, EmulatorTransport, FaultRule

from .conftest import Bulk

PREVIEW = "2025-03-02-preview"


def created(emulator: Emulator) -> int:
    return sum(entry.status == 201 and entry.target.startswith("/identities?") for entry in emulator.journal.entries())


async def test_users_are_created_get_tokens_lose_them_and_are_deleted(bulk: Bulk, emulator: Emulator) -> None:
    users = (await bulk.create_users(30)).succeeded
    assert len({user.raw_id for user in users}) == 30
    tokens = await bulk.get_tokens(users, ["chat"], token_expires_in=timedelta(hours=1))
    assert {emulator.introspect(token.token).state for token in tokens.succeeded} == {"live"}
    assert (await bulk.revoke_tokens(users)).succeeded == [None] * 30
    assert {emulator.introspect(token.token).state for token in tokens.succeeded} == {"revoked"}
    assert repr(await bulk.delete_users(user.raw_id for user in users)) == (
        "<BulkResult: 30 succeeded, 0 failed, 0 not tried>"
    )


async def test_answers_are_in_the_order_of_the_input(bulk: Bulk) -> None:
    users = (await bulk.create_users(20)).succeeded
    tokens = (await bulk.get_tokens(users, ["chat"], concurrency=7)).succeeded
    issued = [jwt.decode(token.token, options={"verify_signature": False})["skypeid"] for token in tokens]
    assert [f"8:{identity}" for identity in issued] == [user.raw_id for user in users]


async def test_users_and_tokens_come_in_one_call_each(bulk: Bulk, emulator: Emulator) -> None:
    result = await bulk.create_users_and_tokens(5, ["voip"])
    for user, token in result.succeeded:
        assert isinstance(user, CommunicationUserIdentifier)
        assert emulator.introspect(token.token).state == "live"


@pytest.mark.filterwarnings("ignore:API version")
async def test_custom_ids_name_the_users(emulator: Emulator, is_async: bool) -> None:
    bulk = Bulk(emulator, is_async=is_async, api_version=PREVIEW)
    first = await bulk.create_users(custom_ids=["alice", "bob"])
    again = await bulk.create_users(custom_ids=["bob", "alice"])
    assert [user.raw_id for user in again.succeeded] == [user.raw_id for user in reversed(first.succeeded)]


async def test_nothing_to_do_is_done_at_once(bulk: Bulk) -> None:
    assert (await bulk.create_users(0)).succeeded == []
    assert (await bulk.delete_users([])).succeeded == []


async def test_what_fails_is_data_and_stops_no_other(bulk: Bulk) -> None:
    users = (await bulk.create_users(6)).succeeded
    await bulk.delete_users(users[2:4])
    result = await bulk.get_tokens([*users, "4:+1", 17], ["chat"])
    assert [failure.number for failure in result.failed] == [2, 3, 6, 7]
    assert [type(failure.error) for failure in result.failed] == [NotFoundError, NotFoundError, ValueError, TypeError]
    assert result.failed[0].user == users[2].raw_id
    assert len(result.succeeded) == 4
    assert result.answer(2) is None
    assert result.answer(5) == result.succeeded[3]
    assert users[2].raw_id not in repr(result.failed)
    with pytest.raises(BulkError, match="4 of 8 items have no answer") as caught:
        result.raise_for_failures()
    assert len(caught.value.exceptions) == 4


async def test_a_user_of_another_resource_stops_no_other(bulk: Bulk) -> None:
    users = (await bulk.create_users(3)).succeeded
    foreign = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
    result = await bulk.get_tokens([users[0], foreign, *users[1:]], ["chat"], concurrency=1)
    assert [(failure.number, type(failure.error)) for failure in result.failed] == [(1, UnauthorizedError)]
    assert result.answered == [0, 2, 3]


async def test_a_wrong_key_stops_the_rest(emulator: Emulator, is_async: bool) -> None:
    bulk = Bulk(emulator, is_async=is_async, credential="c2VjcmV0")
    result = await bulk.create_users(200, concurrency=4)
    assert {type(failure.error) for failure in result.failed} == {UnauthorizedError}
    assert len(result.failed) <= 8
    assert len(result.failed) + len(result.not_tried) == 200
    assert len(emulator.journal.entries()) == len(result.failed)


async def test_a_refusal_for_too_many_requests_is_waited_for_and_tried_again(bulk: Bulk, emulator: Emulator) -> None:
    emulator.faults.add(FaultRule.parse("429:count=3:retry-after=0"))
    result = await bulk.create_users(10)
    assert (len(result.succeeded), len(result.failed)) == (10, 0)
    assert created(emulator) == 10


async def test_a_service_that_always_refuses_is_given_up(bulk: Bulk, emulator: Emulator) -> None:
    emulator.faults.add(FaultRule.parse("503:retry-after=0"))
    result = await bulk.create_users(1)
    assert [failure.error.status_code for failure in result.failed] == [503]
    assert len(emulator.journal.entries()) == 8


async def test_the_limits_are_kept_by_the_budget(bulk: Bulk, emulator: Emulator) -> None:
    now = [0.0]
    budget = RateBudget({"create_user": 10}, clock=lambda: now[0])
    waited: list[float] = []
    original = budget.seconds_until

    def seconds_until(method: str, moment: float) -> float:
        seconds = original(method, moment)
        waited.append(seconds)
        # The time passes when somebody waits for it.
        now[0] += seconds
        return 0

    budget.seconds_until = seconds_until  # type: ignore[method-assign]
    result = await bulk.create_users(25, budget=budget, concurrency=1)
    assert len(result.succeeded) == 25
    assert [round(seconds) for seconds in waited if seconds] == [31, 31]


async def test_the_progress_is_told_until_all_is_done(bulk: Bulk) -> None:
    seen: list[BulkProgress] = []
    users = (await bulk.create_users(12, progress=seen.append)).succeeded
    assert seen[-1] == BulkProgress(12, 0, 12)
    assert [step.done for step in seen] == sorted(step.done for step in seen)
    await bulk.delete_users(users[:3])
    seen.clear()
    await bulk.delete_users(users, progress=seen.append)
    assert seen[-1] == BulkProgress(9, 3, 12)


async def test_a_progress_function_that_fails_stops_the_call_and_loses_nothing(
    bulk: Bulk, emulator: Emulator, tmp_path: Path
) -> None:
    def fail(progress: BulkProgress) -> None:
        if progress.done >= 5:
            raise RuntimeError("no terminal")

    journal = tmp_path / "journal"
    with pytest.raises(RuntimeError, match="no terminal"):
        await bulk.create_users(100, concurrency=2, journal=journal, progress=fail)
    assert created(emulator) == len(journal.read_text().splitlines()) - 1 < 100


async def test_a_generator_is_read_as_it_is_needed(bulk: Bulk) -> None:
    users = (await bulk.create_users(1)).succeeded
    read = 0
    done: list[int] = []

    def endless() -> Iterator[Any]:
        nonlocal read
        for _ in range(500):
            read += 1
            yield users[0]

    def watch(progress: BulkProgress) -> None:
        done.append(read - progress.done)

    await bulk.revoke_tokens(endless(), concurrency=5, progress=watch)
    assert max(done) <= 6


MISTAKES: list[tuple[str, tuple[Any, ...], dict[str, Any], type[Exception]]] = [
    ("create_users", (), {}, ValueError),
    ("create_users", (1,), {"custom_ids": ["a"]}, ValueError),
    ("create_users", (-1,), {}, ValueError),
    ("create_users", ("many",), {}, TypeError),
    ("create_users", (True,), {}, TypeError),
    ("create_users", (1,), {"concurrency": 0}, ValueError),
    ("create_users", (1,), {"concurrency": "2"}, TypeError),
    ("create_users", (1,), {"budget": 1000}, TypeError),
    ("create_users", (1,), {"progress": "yes"}, TypeError),
    ("create_users", (), {"custom_ids": "alice"}, TypeError),
    ("create_users_and_tokens", (1, []), {}, ValueError),
    ("create_users_and_tokens", (1, "chat"), {}, TypeError),
    ("get_tokens", (["8:acs:a_b"], ["chat"]), {"token_expires_in": timedelta(minutes=1)}, ValueError),
    ("get_tokens", ("8:acs:a_b", ["chat"]), {}, TypeError),
    ("delete_users", (7,), {}, TypeError),
    ("revoke_tokens", (b"8:acs:a_b",), {}, TypeError),
]


@pytest.mark.parametrize(("method", "arguments", "options", "kind"), MISTAKES)
async def test_a_mistake_is_told_before_anything_is_sent(
    bulk: Bulk, emulator: Emulator, method: str, arguments: Any, options: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await getattr(bulk, method)(*arguments, **options)
    assert emulator.journal.entries() == []


async def test_the_same_call_goes_on_where_its_journal_ends(bulk: Bulk, emulator: Emulator, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    first = await bulk.create_users_and_tokens(5, ["chat"], journal=journal)
    text = journal.read_bytes()
    journal.write_bytes(text[: text.rfind(b"\n", 0, -1) + 10])
    again = await bulk.create_users_and_tokens(8, ["chat"], journal=journal)
    assert len(set(again.succeeded) & set(first.succeeded)) == 4
    assert len(again.succeeded) == 8
    assert created(emulator) == 9
    assert (await bulk.create_users_and_tokens(8, ["chat"], journal=journal)).succeeded == again.succeeded
    assert created(emulator) == 9


async def test_what_failed_is_tried_again_with_the_same_journal(bulk: Bulk, emulator: Emulator, tmp_path: Path) -> None:
    users = (await bulk.create_users(4)).succeeded
    emulator.faults.add(FaultRule.parse("500:operation=revoke_access_tokens:count=8"))
    journal = tmp_path / "journal"
    budget = RateBudget(clock=lambda: 0.0)
    budget.pause = lambda *_: None  # type: ignore[method-assign]
    first = await bulk.revoke_tokens(users, journal=journal, concurrency=1, budget=budget)
    assert [failure.number for failure in first.failed] == [0]
    assert len((await bulk.revoke_tokens(users, journal=journal)).succeeded) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
async def test_the_journal_is_for_its_owner_alone(bulk: Bulk, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    await bulk.create_users(1, journal=journal)
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


async def test_a_journal_of_another_call_is_refused(bulk: Bulk, emulator: Emulator, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    users = (await bulk.create_users(2, journal=journal)).succeeded
    asked = len(emulator.journal.entries())
    with pytest.raises(JournalError, match="another call, with another method"):
        await bulk.delete_users(users, journal=journal)
    tokens = tmp_path / "tokens"
    await bulk.get_tokens(users, ["chat"], journal=tokens)
    with pytest.raises(JournalError, match="with another list of scopes"):
        await bulk.get_tokens(users, ["voip"], journal=tokens)
    with pytest.raises(JournalError, match="another user for item 0"):
        await bulk.get_tokens(users[::-1], ["chat"], journal=tokens)
    assert len(emulator.journal.entries()) == asked + 2


@pytest.mark.parametrize("text", ["not a journal\n", "[1]\n", "half", "\n"])
async def test_a_file_that_is_no_journal_is_left_alone(bulk: Bulk, tmp_path: Path, text: str) -> None:
    file = tmp_path / "notes"
    file.write_text(text)
    with pytest.raises(JournalError, match="is no journal"):
        await bulk.create_users(1, journal=file)
    assert file.read_text() == text


async def test_a_damaged_journal_is_named_with_its_line(bulk: Bulk, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    await bulk.create_users(2, journal=journal)
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([lines[0], "rubbish", lines[2], ""]))
    with pytest.raises(JournalError, match="damaged in line 2"):
        await bulk.create_users(2, journal=journal)


async def test_a_journal_in_use_is_refused(bulk: Bulk, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    refused: list[Exception] = []

    def second(_: BulkProgress) -> None:
        other = Bulk(Emulator(), is_async=False)
        try:
            other.client.bulk.create_users(1, journal=journal)
        except JournalError as error:
            refused.append(error)

    await bulk.create_users(1, journal=journal, progress=second)
    assert "in use" in str(refused[0])


async def test_a_journal_that_cannot_be_written_is_told_before_anything_is_sent(
    bulk: Bulk, emulator: Emulator, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="nowhere"):
        await bulk.create_users(1, journal=tmp_path / "nowhere" / "journal")
    assert emulator.journal.entries() == []


async def test_a_full_disk_ends_the_call(bulk: Bulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sync(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(OSError, match="No space"):
        await bulk.create_users(1, journal=tmp_path / "journal")


async def test_a_service_that_is_not_there_is_tried_again(
    bulk: Bulk, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[None] = []

    def send(*_: Any, **__: Any) -> Any:
        tries.append(None)
        raise ServiceRequestError("nobody listens")

    monkeypatch.setattr(EmulatorTransport, "send", send)
    monkeypatch.setattr(AsyncEmulatorTransport, "send", send)
    budget = RateBudget(clock=lambda: 0.0)
    budget.pause = lambda *_: None  # type: ignore[method-assign]
    result = await bulk.create_users(1, budget=budget)
    assert [type(failure.error) for failure in result.failed] == [ServiceRequestError]
    assert len(tries) == 5
    assert emulator.journal.entries() == []


async def test_cancelling_sends_nothing_more_and_keeps_what_was_done(emulator: Emulator, tmp_path: Path) -> None:
    bulk = Bulk(emulator, is_async=True)
    journal = tmp_path / "journal"
    task: asyncio.Task[Any]

    def cancel(progress: BulkProgress) -> None:
        if progress.done >= 5:
            task.get_loop().call_soon_threadsafe(task.cancel)

    task = asyncio.ensure_future(bulk.create_users(1000, concurrency=3, journal=journal, progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await task
    number = created(emulator)
    assert 5 <= number < 1000
    assert number == len(journal.read_text().splitlines()) - 1


CRASH = """
import sys
from acs_identity import CommunicationIdentityClient

with CommunicationIdentityClient.from_connection_string(sys.argv[1]) as client:
    result = client.bulk.create_users(300, journal=sys.argv[2], concurrency=4,
                                      progress=lambda progress: print(progress.done, flush=True))
    print("finished", len(result.succeeded))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_a_process_that_is_killed_loses_and_repeats_nothing_that_was_acknowledged(tmp_path: Path, how: str) -> None:
    journal = tmp_path / "journal"
    with EmulatorServer(Emulator()) as server:
        command = [sys.executable, "-c", CRASH, server.connection_string, str(journal)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            acknowledged = 0
            for line in process.stdout:
                acknowledged = int(line)
                if acknowledged >= 20:
                    break
            os.kill(process.pid, getattr(signal, how))
            process.stdout.read()
            process.wait(30)
        kept = {json.loads(line)["answer"] for line in journal.read_text().splitlines()[1:] if line.endswith("}")}
        assert len(kept) >= acknowledged >= 20
        before = created(server.emulator)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.splitlines()[-1] == "finished 300"
        users = [json.loads(line)["answer"] for line in journal.read_text().splitlines()[1:]]
        assert kept <= set(users)
        assert len(set(users)) == 300
        # Those that were on their way when it was killed, at most one for each thread, are created again.
        assert 300 <= created(server.emulator) <= 304
        assert before < 300


async def test_no_text_of_a_bulk_call_shows_a_secret(bulk: Bulk, emulator: Emulator, tmp_path: Path) -> None:
    created = await bulk.create_users_and_tokens(2, ["chat"])
    users = [user for user, _ in created.succeeded]
    await bulk.delete_users(users)
    journal = tmp_path / "journal"
    failed = await bulk.get_tokens(users, ["chat"], journal=journal)
    await bulk.create_users(2, journal=tmp_path / "other")
    texts = [repr(created), repr(failed), repr(failed.failed), repr(bulk.client.bulk)]
    with pytest.raises(BulkError) as caught:
        failed.raise_for_failures()
    texts += traceback.format_exception(caught.value)
    with pytest.raises(JournalError) as mixed:
        await bulk.delete_users(users, journal=journal)
    texts += traceback.format_exception(mixed.value)
    shown = "".join(texts)
    for user, token in created.succeeded:
        assert user.raw_id.removeprefix("8:acs:") not in shown
        assert token.token not in shown
    assert emulator.access_key not in shown


def test_no_thread_stays(emulator: Emulator) -> None:
    Bulk(emulator, is_async=False).client.bulk.create_users(5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("acs-identity-bulk")]
