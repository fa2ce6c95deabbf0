"""What bulk calls do with their items, whatever comes of them; sync and async alike."""

import asyncio
import email.utils
import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

from acs_identity import (
    BulkInterrupted,
    BulkProgress,
    CommunicationIdentityClient,
    CommunicationUserIdentifier,
    RateBudget,
)
from acs_identity._bulk_core import pause_before_retry
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorTransport, Request, Response

from ..client.canned import COLOURS, CREATED, ISSUED, PREVIEW, USER, Service, answer, client_of, settled  # noqa: TID252 there is no name from the top for tests

both = pytest.mark.parametrize("colour", COLOURS)
REFUSED = {"error": {"code": "Refused", "message": "no"}}


async def bulk(colour: str, service: Any, method: str, *arguments: Any, **options: Any) -> Any:
    client_options = {"api_version": options.pop("api_version")} if "api_version" in options else {}
    options.setdefault("budget", RateBudget({}))
    async with client_of(colour, service, **client_options) as client:
        return await settled(getattr(client.client.bulk, method)(*arguments, **options))


def users(count: int) -> list[str]:
    return [
        f"8:acs:2dee53b4-368b-45b4-ab52-8493fb117652_{number:08x}-14a2-493b-8a72-5a3a0d000081"
        for number in range(count)
    ]


class ByUser:
    """Answers by the user that is asked for: refuses some, and takes others as success."""

    def __init__(self, refusals: dict[str, Response]) -> None:
        self._refusals = refusals
        self.requests: list[Request] = []
        self.options: list[Any] = []

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        for user, refusal in self._refusals.items():
            if user.rpartition("_")[2] in request.path:
                return refusal
        return answer(204)


@both
@pytest.mark.parametrize("method", ["revoke_tokens", "delete_users"])
async def test_nothing_to_do_is_done_at_once(colour: str, method: str) -> None:
    service = Service()
    result = await bulk(colour, service, method, [])
    assert (result.succeeded, result.failed, result.not_tried, service.requests) == ([], [], [], [])


@both
async def test_answers_come_in_the_order_of_the_input(colour: str) -> None:
    emulator = Emulator()
    created = await bulk_on(colour, emulator, "create_users", 40)
    raw_ids = [user.raw_id for user in created.succeeded]
    deleted = await bulk_on(colour, emulator, "delete_users", reversed(raw_ids))
    assert len(set(raw_ids)) == 40
    assert len(deleted.succeeded) == 40
    assert emulator.identities() == []


async def bulk_on(colour: str, emulator: Emulator, method: str, *arguments: Any, **options: Any) -> Any:
    options.setdefault("budget", RateBudget({}))
    transport = EmulatorTransport(emulator) if colour == "sync" else AsyncEmulatorTransport(emulator)
    async with client_of(colour, credential=emulator.access_key, transport=transport) as client:
        return await settled(getattr(client.client.bulk, method)(*arguments, **options))


@both
async def test_the_failure_of_one_item_is_data_and_stops_no_other(colour: str) -> None:
    given = users(20)
    service = ByUser({given[7]: answer(404, REFUSED)})
    result = await bulk(colour, service, "delete_users", given)
    assert [(failure.number, failure.user, failure.error.status_code) for failure in result.failed] == [
        (7, given[7], 404)
    ]
    assert (len(result.succeeded), result.not_tried) == (19, [])
    assert given[7] not in repr(result) + repr(result.failed) + str(result.failed[0].error)
    with pytest.raises(ExceptionGroup):
        result.raise_for_failures()


@both
@pytest.mark.parametrize("wrong", [None, 7, b"8:acs:1_2", "", "alice", "4:+14255550123"])
async def test_what_is_no_user_fails_alone_and_is_not_sent(colour: str, wrong: Any) -> None:
    given = [*users(2), wrong, *users(5)[3:]]
    service = ByUser({})
    result = await bulk(colour, service, "revoke_tokens", given)
    assert [failure.number for failure in result.failed] == [2]
    assert isinstance(result.failed[0].error, TypeError | ValueError)
    assert len(service.requests) == len(result.succeeded) == 4


@both
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_of_the_caller_stops_the_call_and_names_the_rest_as_not_tried(colour: str, status: int) -> None:
    service = Service(answer(status, REFUSED))
    result = await bulk(colour, service, "delete_users", users(300), concurrency=4)
    assert 1 <= len(result.failed) <= 8
    assert len(service.requests) == len(result.failed)
    assert len(result.failed) + len(result.not_tried) == 300


@both
async def test_a_refusal_of_the_caller_stops_the_reading_of_items_without_end(colour: str) -> None:
    read = itertools.count()

    def endless() -> Iterator[str]:
        for user in itertools.cycle(users(10)):
            if next(read) > 1000:
                pytest.fail("read on after the service had refused everybody")
            yield user

    service = Service(answer(401, REFUSED))
    result = await bulk(colour, service, "delete_users", endless(), concurrency=4)
    assert 1 <= len(result.failed) <= 8


@both
async def test_no_more_items_are_read_than_are_on_their_way(colour: str) -> None:
    service = ByUser({})
    ahead: list[int] = []

    def lazy() -> Iterator[str]:
        for number, user in enumerate(users(500)):
            ahead.append(number - len(service.requests))
            yield user

    result = await bulk(colour, service, "revoke_tokens", lazy(), concurrency=5)
    assert len(result.succeeded) == 500
    assert max(ahead) <= 5


@both
async def test_no_more_requests_are_on_their_way_than_the_concurrency(colour: str) -> None:
    lock, active, most = threading.Lock(), 0, 0

    class Counting:
        options: ClassVar[list[Any]] = []

        def handle(self, _: Request) -> Response:
            nonlocal active, most
            with lock:
                active += 1
                most = max(most, active)
            time.sleep(0.002)
            with lock:
                active -= 1
            return answer(204)

    result = await bulk(colour, Counting(), "revoke_tokens", users(60), concurrency=3)
    assert len(result.succeeded) == 60
    assert most <= 3


@both
async def test_a_refusal_by_the_rate_limit_is_waited_out_and_the_item_done(colour: str) -> None:
    service = Service(answer(429, REFUSED, Retry_After="0"), CREATED)
    result = await bulk(colour, service, "create_users", 3, concurrency=1)
    assert (len(result.succeeded), len(result.failed)) == (3, 0)
    assert len(service.requests) == 4


@both
async def test_an_item_that_is_refused_for_ever_fails_in_the_end(colour: str) -> None:
    service = Service(answer(429, REFUSED, Retry_After="0"))
    result = await bulk(colour, service, "create_users", 1)
    assert [failure.error.status_code for failure in result.failed] == [429]
    assert 2 <= len(service.requests) <= 20


@both
@pytest.mark.parametrize(
    "retry_after",
    [lambda: email.utils.formatdate(time.time() - 5, usegmt=True), lambda: "nan", lambda: "-1"],
    ids=["a date gone by", "no number", "negative"],
)
async def test_any_retry_after_that_has_gone_by_lets_the_item_be_tried_again(colour: str, retry_after: Any) -> None:
    service = Service(answer(503, REFUSED, Retry_After=retry_after()), CREATED)
    begun = time.monotonic()
    result = await bulk(colour, service, "create_users", 1)
    assert len(result.succeeded) == 1
    # What cannot be read may be waited for, but nobody waits for a date that has gone by.
    assert retry_after() in ("nan", "-1") or time.monotonic() - begun < 0.9


def test_a_limit_without_a_time_to_wait_is_given_the_whole_window_within_three_tries() -> None:
    error = HttpResponseError(response=None)
    error.status_code = 429
    waits = [pause_before_retry(error, attempt, is_repeatable=False) for attempt in (1, 2, 3, 4)]
    assert sum(wait or 0 for wait in waits[:2]) >= 30
    assert waits[3] == 30


def test_a_service_that_is_not_there_is_given_up_within_half_a_minute() -> None:
    error = ServiceRequestError("nobody listens")
    waits = [pause_before_retry(error, attempt, is_repeatable=True) for attempt in range(1, 9)]
    assert waits[-1] is None
    assert 5 < sum(wait or 0 for wait in waits) < 30


LOST = ServiceResponseError("the connection was lost")


@both
@pytest.mark.parametrize(
    ("method", "arguments", "options", "answered"),
    [
        ("get_tokens", ([USER], ["chat"]), {}, answer(200, ISSUED)),
        ("revoke_tokens", ([USER],), {}, answer(204)),
        ("create_users", (), {"custom_ids": ["a"], "api_version": PREVIEW}, CREATED),
    ],
)
@pytest.mark.filterwarnings("ignore:API version .* is a preview")
async def test_what_can_be_sent_twice_without_harm_is_sent_again_when_its_answer_was_lost(
    colour: str, method: str, arguments: Any, options: Any, answered: Response
) -> None:
    service = Service(LOST, answered)
    result = await bulk(colour, service, method, *arguments, **options)
    assert (len(result.succeeded), len(service.requests)) == (1, 2)


@both
@pytest.mark.parametrize(
    ("method", "arguments"),
    [("create_users", (1,)), ("create_users_and_tokens", (1, ["chat"])), ("delete_users", ([USER],))],
)
async def test_what_would_do_harm_twice_fails_when_its_answer_was_lost(
    colour: str, method: str, arguments: Any
) -> None:
    service = Service(LOST, CREATED)
    result = await bulk(colour, service, method, *arguments)
    assert [type(failure.error) for failure in result.failed] == [ServiceResponseError]
    assert len(service.requests) == 1


@both
@pytest.mark.parametrize(
    ("method", "arguments", "options"),
    list[Any](
        [
            ("create_users", (), {}),
            ("create_users", (1,), {"custom_ids": ["a"]}),
            ("create_users", (-1,), {}),
            ("create_users", (True,), {}),
            ("create_users", ("3",), {}),
            ("create_users", (), {"custom_ids": "alice"}),
            ("create_users_and_tokens", (1, []), {}),
            ("create_users_and_tokens", (1, "chat"), {}),
            ("revoke_tokens", (USER,), {}),
            ("revoke_tokens", (None,), {}),
            ("delete_users", ([USER],), {"concurrency": 0}),
            ("delete_users", ([USER],), {"concurrency": 1.5}),
            ("delete_users", ([USER],), {"concurrency": True}),
            ("delete_users", ([USER],), {"budget": 5}),
            ("delete_users", ([USER],), {"progress": 5}),
            ("delete_users", ([USER],), {"journal": 5}),
        ]
    ),
    ids=str,
)
async def test_a_mistake_in_the_arguments_is_told_at_once(
    colour: str, method: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    service = Service()
    with pytest.raises((TypeError, ValueError)):
        await bulk(colour, service, method, *arguments, **options)
    assert service.requests == []


@both
async def test_custom_ids_are_told_at_once_where_the_api_version_has_none(colour: str) -> None:
    service = Service()
    with pytest.raises(ValueError, match=PREVIEW):
        await bulk(colour, service, "create_users", custom_ids=["a", "b"])
    assert service.requests == []


@both
async def test_a_closed_client_says_so(colour: str) -> None:
    async with client_of(colour, Service()) as client:
        opened = client.client
    with pytest.raises(RuntimeError, match="closed"):
        await settled(opened.bulk.create_users(1))


@both
async def test_progress_counts_up_to_the_whole_in_one_thread(colour: str) -> None:
    shown: list[BulkProgress] = []
    threads: set[str] = set()

    def progress(now: BulkProgress) -> None:
        shown.append(now)
        threads.add(threading.current_thread().name)

    given = users(50)
    await bulk(colour, ByUser({given[3]: answer(404, REFUSED)}), "delete_users", given, progress=progress)
    counts = [now.done + now.failed for now in shown]
    assert counts == sorted(counts)
    assert (shown[-1].done, shown[-1].failed, shown[-1].total) == (49, 1, 50)
    assert shown[0].total == 50, "the length of a list is known from the start"
    assert threads == {threading.current_thread().name}


@both
async def test_a_failing_progress_function_ends_the_call_and_the_journal_is_whole(colour: str, tmp_path: Path) -> None:
    def progress(_: BulkProgress) -> None:
        raise LookupError("of the caller")

    service = ByUser({})
    path = tmp_path / "journal"
    with pytest.raises(LookupError):
        await bulk(colour, service, "delete_users", users(200), progress=progress, journal=path, concurrency=4)
    assert 1 <= len(service.requests) <= 8
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({line["number"] for line in lines[1:]}) == len(lines) - 1 == len(service.requests)
    assert_no_thread_stays()


@both
async def test_items_that_fail_to_come_end_the_call_with_their_error(colour: str, tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield from users(20)
        raise LookupError("of the caller")

    service = ByUser({})
    path = tmp_path / "journal"
    with pytest.raises(LookupError):
        await bulk(colour, service, "delete_users", broken(), journal=path)
    assert len(path.read_text().splitlines()) == 1 + len(service.requests)
    assert_no_thread_stays()


def assert_no_thread_stays() -> None:
    assert [thread.name for thread in threading.enumerate() if "bulk" in thread.name] == []


@both
async def test_an_error_of_the_callers_own_hook_ends_the_call(colour: str, tmp_path: Path) -> None:
    seen: list[object] = []

    def hook(response: object) -> None:
        seen.append(response)
        if len(seen) > 20:
            raise LookupError("of the caller")

    path = tmp_path / "journal"
    with pytest.raises(LookupError):
        await bulk(colour, ByUser({}), "delete_users", users(500), raw_response_hook=hook, journal=path, concurrency=4)
    assert len(seen) <= 20 + 4
    assert len(path.read_text().splitlines()) == 1 + 20
    assert_no_thread_stays()


async def test_a_cancelled_call_ends_soon_although_an_answer_never_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acs_identity.aio._bulk_runner.GRACE_SECONDS", 0.1)
    path = tmp_path / "journal"
    served = 0
    third = asyncio.Event()

    async def hook(*_: Any, **__: Any) -> None:
        nonlocal served
        served += 1
        if served > 2:
            third.set()
            await asyncio.Event().wait()

    async with client_of("async", cast(Any, ByUser({}))) as client:
        original = client.client.delete_user

        async def delete_user(user: str, **options: Any) -> None:
            await hook()
            await original(user, **options)

        client.client.delete_user = delete_user
        task = asyncio.create_task(
            client.client.bulk.delete_users(users(10), journal=path, concurrency=2, budget=RateBudget({}))
        )
        await asyncio.wait_for(third.wait(), 10)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=15)
        left = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        assert done, "still waiting for an answer 15 seconds after it was cancelled"
        assert task.cancelled()
    assert len(path.read_text().splitlines()) == 3


INTERRUPTED = """
import signal
from acs_identity import BulkInterrupted, CommunicationIdentityClient
from acs_identity_emulator import Emulator, EmulatorTransport

emulator = Emulator()

def interrupt(progress):
    if progress.done >= 10:
        signal.raise_signal(signal.SIGINT)

client = CommunicationIdentityClient(
    emulator.endpoint, emulator.access_key, transport=EmulatorTransport(emulator)
)
with client:
    try:
        client.bulk.create_users(100, concurrency=2, progress=interrupt)
    except BulkInterrupted as interruption:
        told = {user.raw_id for user in interruption.result.succeeded}
        print(len(told), len(emulator.identities()))
"""


def test_ctrl_c_loses_no_user_that_was_created() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=True)
    told, created = map(int, done.stdout.split())
    assert 10 <= told < 100
    assert told == created


def test_ctrl_c_while_a_thread_is_started_loses_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator()

    class Interrupted(threading.Thread):
        def start(self) -> None:
            if self.name.endswith("-0"):
                super().start()
                return
            # What this thread was for is done by the first one.
            while emulator.identity_count < 2:
                time.sleep(0.001)
            raise KeyboardInterrupt

    monkeypatch.setattr("acs_identity._bulk_runner.Thread", Interrupted)
    client = CommunicationIdentityClient.from_connection_string(
        emulator.connection_string, transport=EmulatorTransport(emulator)
    )
    with client, pytest.raises(BulkInterrupted) as interruption:
        client.bulk.create_users(100)
    assert len(interruption.value.result.succeeded) == emulator.identity_count == 2


@both
async def test_spans_are_below_the_callers(colour: str, spans: Any) -> None:
    from opentelemetry import trace

    with trace.get_tracer("the test").start_as_current_span("mine") as mine:
        await bulk(colour, ByUser({}), "delete_users", users(3))
    of_calls = [span for span in spans() if span.name == "CommunicationIdentityClient.delete_user"]
    assert len(of_calls) == 3
    assert {span.context.trace_id for span in of_calls} == {mine.get_span_context().trace_id}


@both
async def test_tokens_are_issued_for_each_user(colour: str) -> None:
    emulator = Emulator()
    made = await bulk_on(colour, emulator, "create_users_and_tokens", 10, ["chat"])
    assert all(isinstance(user, CommunicationUserIdentifier) for user, _ in made.succeeded)
    issued = await bulk_on(colour, emulator, "get_tokens", [user for user, _ in made.succeeded], ["voip"])
    assert [emulator.introspect(token.token).state for token in issued.succeeded] == ["live"] * 10
    assert not [token for _, token in made.succeeded if token.token in repr(made)]


RUN = """
import os
import threading
from acs_identity import CommunicationIdentityClient, _bulk_runner
from acs_identity_emulator import Emulator, EmulatorTransport

_bulk_runner.GRACE_SECONDS = 0.1

class Silent(EmulatorTransport):
    def send(self, request, **options):
        os.write(1, b"sent\\n")
        threading.Event().wait()

emulator = Emulator()
with CommunicationIdentityClient(emulator.endpoint, emulator.access_key, transport=Silent(emulator)) as client:
    client.bulk.create_users(100, concurrency=2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_ctrl_c_ends_the_process_although_an_answer_never_comes() -> None:
    process = subprocess.Popen([sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "sent\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail("still waiting for an answer 30 seconds after Ctrl-C")
    assert "KeyboardInterrupt" in errors
    # One was read above; nothing is sent after that of the other thread.
    assert output.count("sent") <= 1
