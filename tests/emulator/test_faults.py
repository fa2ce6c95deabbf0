"""Faults on purpose: the same ones for the same seed, alike in the process and on the wire, and harmless to others."""

import asyncio
import contextlib
import http.client
import json
import logging
import os
import socket
import ssl
import struct
import threading
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from math import comb
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
import trustme
import uvicorn
from azure.communication.identity import CommunicationIdentityClient as OfficialClient
from azure.communication.identity import CommunicationUserIdentifier
from azure.communication.identity.aio import CommunicationIdentityClient as AsyncOfficialClient
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline.transport._aiohttp import AioHttpTransport
from azure.core.pipeline.transport._requests_basic import RequestsTransport
from azure.core.rest import HttpRequest
from typer.testing import CliRunner

from acs_identity import CommunicationIdentityClient
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity_emulator import (
    AsyncEmulatorTransport,
    Emulator,
    EmulatorServer,
    EmulatorTransport,
    FaultRule,
    Faults,
    Request,
    Response,
)
from acs_identity_emulator.app import create_app
from acs_identity_emulator.commands import app
from acs_identity_emulator.connection import HEAD_LIMIT, Connection

CREATE = "/identities?api-version=2026-09-23"
LONG = 3000.0


def bearer(emulator: Emulator) -> dict[str, str]:
    return {"Host": "h", "Authorization": f"Bearer {emulator.entra.issue_token()}"}


def ask(emulator: Emulator, method: str = "POST", target: str = CREATE, **headers: str) -> Response:
    return emulator.handle(Request(method, target, {**bearer(emulator), **headers}))


# Rules


def statuses(seed: int, *rules: FaultRule, requests: int = 500) -> list[tuple[int, float, str | None]]:
    emulator = Emulator(seed=seed)
    for rule in rules:
        emulator.faults.add(rule)
    # Nobody is authenticated: what is not hit by a fault is a 401.
    answers = [
        emulator.handle(Request("POST", target))
        for _ in range(requests // 2)
        for target in (CREATE, "/identities/x/:issueAccessToken?api-version=2026-09-23")
    ]
    return [(answer.status, answer.delay, answer.cut) for answer in answers]


MIXED = (
    FaultRule("503", operation="create_identity", probability=0.3, retry_after=1),
    FaultRule("429", probability=0.2, count=20),
    FaultRule("delay", probability=0.5, delay=0.1, jitter=2),
    FaultRule("reset", operation="issue_access_token", probability=0.1, after=50),
    FaultRule("truncate", probability=0.1),
)


def test_one_seed_gives_the_same_answers_each_time_and_another_seed_others() -> None:
    first = statuses(7, *MIXED)
    assert len(first) == 500
    assert first == statuses(7, *MIXED)
    assert first != statuses(8, *MIXED)
    assert {status for status, _, _ in first} == {0, 401, 429, 503}
    assert {cut for _, _, cut in first} == {None, "reset", "truncated"}
    assert len({delay for _, delay, _ in first}) > 100
    assert all(delay == 0 or 0.1 <= delay <= 2.1 for _, delay, _ in first)


def test_a_seed_is_made_up_and_shown_so_that_a_run_can_be_repeated() -> None:
    emulator = Emulator()
    emulator.faults.add(FaultRule("500", probability=0.5))
    before = [ask(emulator).status for _ in range(64)]
    again = Emulator(seed=emulator.faults.seed)
    again.faults.add(FaultRule("500", probability=0.5))
    assert [ask(again).status for _ in range(64)] == before
    emulator.faults.restart()
    assert [ask(emulator).status for _ in range(64)] == before
    emulator.faults.restart(emulator.faults.seed + 1)
    assert [ask(emulator).status for _ in range(64)] != before
    emulator.faults.restart(emulator.faults.seed - 1)
    emulator.faults.clear()
    emulator.faults.add(FaultRule("500", probability=0.5))
    assert [ask(emulator).status for _ in range(64)] == before
    assert len({Faults().seed for _ in range(4)}) > 1


def test_the_chances_of_a_rule_do_not_depend_on_the_other_rules() -> None:
    rule = FaultRule("503", probability=0.3)
    alone = [status == 503 for status, _, _ in statuses(3, rule)]
    with_others = [status == 503 for status, _, _ in statuses(3, rule, *MIXED[1:])]
    assert alone == with_others


def test_rules_that_are_alike_do_not_hit_the_same_requests() -> None:
    rules = [FaultRule("delay", probability=0.5, delay=1), FaultRule("delay", probability=0.5, delay=2)]
    assert {delay for _, delay, _ in statuses(1, *rules)} == {0, 1, 2, 3}


def test_a_probability_is_kept() -> None:
    hits = sum(status == 500 for status, _, _ in statuses(1, FaultRule("500", probability=0.3), requests=1000))
    # Exact: with fair chances, numbers outside of these bounds come once in a million seeds.
    weights = [comb(1000, k) * 3**k * 7 ** (1000 - k) for k in range(1001)]
    whole = 10**1000
    low = next(k for k in range(1001) if sum(weights[: k + 1]) * 2_000_000 > whole)
    high = next(k for k in range(1000, -1, -1) if sum(weights[k:]) * 2_000_000 > whole)
    assert low <= hits <= high
    assert 200 < low < high < 400
    assert not any(status == 500 for status, _, _ in statuses(1, FaultRule("500", probability=0)))
    assert all(status == 500 for status, _, _ in statuses(1, FaultRule("500", probability=1)))


def test_count_and_after_say_which_requests_are_hit(emulator: Emulator) -> None:
    number = emulator.faults.add(FaultRule("503", operation="create_identity", after=2, count=3))
    answers = [ask(emulator).status for _ in range(7)]
    assert answers == [201, 201, 503, 503, 503, 201, 201]
    assert ask(emulator, "DELETE", "/identities/x?api-version=2026-09-23").status == 400
    assert ask(emulator, "GET", "/nowhere").status == 404
    (counted,) = emulator.faults.rules()
    assert (counted.number, counted.matched, counted.fired) == (number, 7, 3)


def test_of_several_rules_the_first_decides_and_all_delays_add_up(emulator: Emulator) -> None:
    rules = [
        FaultRule("delay", delay=0.5),
        FaultRule("503", count=1),
        FaultRule("500", count=1),
        FaultRule("delay", delay=0.25, count=1),
    ]
    for rule in rules:
        emulator.faults.add(rule)
    answers = [ask(emulator) for _ in range(3)]
    assert [(answer.status, answer.delay) for answer in answers] == [(503, 0.75), (500, 0.5), (201, 0.5)]
    assert [counted.fired for counted in emulator.faults.rules()] == [3, 1, 1, 1]
    assert [counted.matched for counted in emulator.faults.rules()] == [3, 3, 3, 3]
    faults = [entry.fault for entry in emulator.journal.entries()]
    assert faults[0] == "rule 1: delay:delay=0.5; rule 2: 503:count=1; rule 4: delay:count=1:delay=0.25"
    assert faults[2] == "rule 1: delay:delay=0.5"


@pytest.mark.parametrize(
    ("rule", "code", "message", "retry_after"),
    [
        (FaultRule("429", retry_after=3), "TooManyRequests", "Too many requests.", "3"),
        (FaultRule("429"), "TooManyRequests", "Too many requests.", None),
        (FaultRule("500"), "InternalServerError", "Internal server error.", None),
        (FaultRule("503", retry_after=0), "ServiceUnavailable", "The service is unavailable.", "0"),
    ],
    ids=["429 with", "429", "500", "503"],
)
def test_a_status_comes_in_the_form_of_the_service_and_before_anything_is_done(
    emulator: Emulator, rule: FaultRule, code: str, message: str, retry_after: str | None
) -> None:
    emulator.faults.add(rule)
    answer = emulator.handle(Request("POST", CREATE))
    assert answer.status == int(rule.kind), "before authentication"
    assert json.loads(answer.body) == {"error": {"code": code, "message": message}}
    assert answer.header("Retry-After") == retry_after
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Transfer-Encoding") == "chunked"
    assert answer.header("api-supported-versions") is None
    assert answer.headers["x-emulator-reason"] == f"a fault was injected, rule 1: {rule}"
    (entry,) = emulator.journal.entries()
    assert (entry.status, entry.code, entry.fault) == (int(rule.kind), code, f"rule 1: {rule}")
    emulator.faults.remove(1)
    assert json.loads(ask(emulator).body)["identity"]["id"].split("_")[1].startswith("00000001"), "nothing was made"


def test_a_reset_does_nothing_and_a_cut_body_leaves_the_effect(emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("reset", count=1))
    emulator.faults.add(FaultRule("truncate", count=2))
    reset = ask(emulator)
    assert (reset.status, reset.body, reset.cut, reset.arriving_body) == (0, b"", "reset", b"")
    cut = ask(emulator)
    assert (cut.status, cut.cut) == (201, "truncated")
    assert 0 < len(cut.arriving_body) < len(cut.body) == int(cut.headers["Content-Length"])
    identity = json.loads(cut.body)["identity"]["id"]
    assert identity.split("_")[1].startswith("00000001"), "the reset request made none"
    answer = ask(emulator, "DELETE", f"/identities/{identity}?api-version=2026-09-23")
    assert (answer.status, answer.cut) == (204, "reset"), "an answer without body does not arrive at all"
    assert ask(emulator, "DELETE", f"/identities/{identity}?api-version=2026-09-23").status == 404
    entries = emulator.journal.entries()
    assert [entry.status for entry in entries] == [0, 201, 204, 404]
    assert [entry.fault for entry in entries][:2] == ["rule 1: reset:count=1", "rule 2: truncate:count=2"]


def test_a_refusal_is_cut_as_well(emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("truncate"))
    answer = emulator.handle(Request("POST", CREATE))
    assert (answer.status, answer.cut) == (401, "truncated")
    head = emulator.handle(Request("HEAD", CREATE))
    assert (head.status, head.cut) == (401, "reset"), "the answer to HEAD has no body that could be cut"


def test_a_header_asks_for_the_fault_of_one_request(emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("500", count=1))
    asked = {"X-Emulator-Fault": "503 : retry-after = 7"}
    answer = ask(emulator, **asked)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert answer.headers["x-emulator-reason"] == "a fault was injected, header: 503:retry_after=7"
    assert emulator.journal.entries()[-1].fault == "header: 503:retry_after=7"
    assert ask(emulator).status == 500, "the rule waits for a request that it decides about"
    late = ask(emulator, **{"x-emulator-fault": "delay:delay=0.2"})
    assert (late.status, late.delay) == (201, 0.2)
    assert ask(emulator).delay == 0


@pytest.mark.parametrize(
    "text", ["", "504", "429:", "503:probability=0.5", "503:count=1", "delay:delay=1:jitter=1", "\r\nx: é", "0" * 5000]
)
def test_a_header_that_is_malformed_is_refused_with_a_reason(emulator: Emulator, text: str) -> None:
    answer = ask(emulator, **{"x-emulator-fault": text})
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["code"] == "ValidationError"
    reason = answer.headers["x-emulator-reason"]
    assert reason.startswith("x-emulator-fault: ")
    assert reason.isascii()
    assert reason.isprintable()
    assert len(reason) < 400


WRONG_RULES: list[tuple[dict[str, Any], str]] = [
    ({}, "kind of the fault is missing"),
    ({"kind": "502"}, "no fault '502': choose one of 429"),
    ({"kind": 503}, "no fault 503: choose"),
    ({"kind": ["503"]}, "choose one of"),
    ({"kind": "503", "operation": "issue_acess_token"}, r"did you mean issue_access_token\?"),
    ({"kind": "503", "operation": "zzz"}, "choose one of create_identity"),
    ({"kind": "503", "operation": 5}, "no operation 5"),
    ({"kind": "503", "probability": 1.1}, "probability must be a number from 0 to 1"),
    ({"kind": "503", "probability": float("nan")}, "probability must be"),
    ({"kind": "503", "probability": True}, "probability must be"),
    ({"kind": "503", "probability": "1"}, "probability must be"),
    ({"kind": "503", "probability": None}, "probability must be"),
    ({"kind": "503", "count": 0}, "count must be a whole number from 1"),
    ({"kind": "503", "count": 1.0}, "count must be a whole number from 1"),
    ({"kind": "503", "after": -1}, "after must be a whole number from 0"),
    ({"kind": "503", "after": 10**400}, "after must be a whole number from 0"),
    ({"kind": "503", "retry_after": -1}, "retry_after must be a whole number"),
    ({"kind": "503", "retry_after": 86401}, "from 0 to 86400"),
    ({"kind": "500", "retry_after": 1}, "takes no retry_after"),
    ({"kind": "delay"}, "needs a delay"),
    ({"kind": "503", "delay": 1}, "no other fault takes one"),
    ({"kind": "delay", "delay": 3601}, "delay must be a number from 0 to 3600"),
    ({"kind": "delay", "delay": float("inf")}, "delay must be"),
    ({"kind": "delay", "jitter": -1}, "jitter must be"),
    ({"kind": "503", "rate": 1}, "no 'rate': it has kind, operation"),
]


@pytest.mark.parametrize("number", range(len(WRONG_RULES)))
def test_a_rule_that_cannot_be_is_refused_with_what_is_wrong(number: int) -> None:
    members, text = WRONG_RULES[number]
    with pytest.raises(ValueError, match=text):
        FaultRule.of(members)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("503:count", "kind:name=value"),
        ("503:count=x", "'count' must be a number"),
        ("503:count=1.5", "count must be a whole number"),
        ("503:count=1e999", "count must be a whole number"),
        ("503:count=1:count=2", "'count' twice"),
        ("503:kind=500", "'kind' twice"),
        ("503:number=1", "no 'number'"),
    ],
)
def test_a_rule_that_is_written_wrongly_is_refused(text: str, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        FaultRule.parse(text)


@pytest.mark.parametrize("rule", MIXED, ids=lambda rule: rule.kind)
def test_a_rule_is_read_as_it_is_written(rule: FaultRule) -> None:
    assert FaultRule.parse(str(rule)) == rule


@pytest.mark.parametrize("seed", [-1, 1.0, True, "1"])
def test_a_seed_that_cannot_be_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match="seed must be a whole number"):
        Emulator(seed=seed)
    with pytest.raises(ValueError, match="seed must be a whole number"):
        Faults(1).restart(seed)


def test_requests_at_once_are_counted_exactly(emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("503", count=100))
    barrier, answers = threading.Barrier(8), list[int]()

    def send() -> None:
        barrier.wait(10)
        answers.extend(emulator.handle(Request("POST", CREATE)).status for _ in range(50))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (answers.count(503), answers.count(401)) == (100, 300)
    assert emulator.faults.rules()[0].matched == 400


# Clients, in the process and over HTTP


class Sleepless(EmulatorTransport):
    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self.slept: list[float] = []

    def sleep(self, duration: float) -> None:
        self.slept.append(duration)


class SleeplessRequests(RequestsTransport):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self.slept: list[float] = []

    def sleep(self, duration: float) -> None:
        self.slept.append(duration)


class AsyncSleepless(AsyncEmulatorTransport):
    async def sleep(self, duration: float) -> None:
        await asyncio.sleep(0)


class AsyncSleeplessAiohttp(AioHttpTransport):
    async def sleep(self, duration: float) -> None:
        await asyncio.sleep(0)


Outcome = tuple[str, list[int], list[float]]


def outcome(
    client_type: Any, rule: FaultRule, action: Callable[[Any], None], emulator: Emulator, endpoint: str, transport: Any
) -> Outcome:
    """What a client makes of a fault: its error, the statuses of its attempts, and how long it waits between them."""
    emulator.faults.add(rule)
    with contextlib.closing(transport):
        try:
            action(client_type(endpoint, emulator.access_key, transport=transport))
            result = "success"
        except AzureError as error:
            kinds = (IncompleteReadError, ServiceResponseError, HttpResponseError)
            result = next(kind.__name__ for kind in kinds if isinstance(error, kind))
    return result, [entry.status for entry in emulator.journal.entries()], transport.slept


def create(client: Any) -> None:
    client.create_user()


def delete(client: Any) -> None:
    client.delete_user(CommunicationUserIdentifier("8:acs:x"))


EXPECTED: list[tuple[Any, FaultRule, str, list[int]]] = [
    (create, FaultRule("429", count=2, retry_after=3), "success", [429, 429, 201]),
    (create, FaultRule("429", count=2), "HttpResponseError", [429]),
    (create, FaultRule("503", count=2), "success", [503, 503, 201]),
    (create, FaultRule("500", count=2, after=0), "success", [500, 500, 201]),
    (create, FaultRule("503", count=2, retry_after=5), "success", [503, 503, 201]),
    (create, FaultRule("reset", count=1), "ServiceResponseError", [0]),
    (create, FaultRule("truncate", count=1), "IncompleteReadError", [201]),
    (delete, FaultRule("reset", count=2), "HttpResponseError", [0, 0, 400]),
    (delete, FaultRule("truncate", count=2), "HttpResponseError", [400, 400, 400]),
    (delete, FaultRule("429", count=2), "HttpResponseError", [429, 429, 400]),
]


@pytest.mark.parametrize("client_type", [CommunicationIdentityClient, OfficialClient], ids=["ours", "official"])
@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: f"{case[0].__name__} {case[1]}")
def test_a_client_makes_the_same_of_a_fault_in_the_process_and_over_http(client_type: Any, case: Any) -> None:
    action, rule, error, attempts = case
    inside = Emulator()
    in_process = outcome(client_type, rule, action, inside, inside.endpoint, Sleepless(inside))
    assert in_process[:2] == (error, attempts)
    if rule.retry_after:
        assert in_process[2] == [rule.retry_after] * 2, "Retry-After is honoured"
    with EmulatorServer(Emulator()) as server:
        over_http = outcome(client_type, rule, action, server.emulator, server.endpoint, SleeplessRequests())
    assert over_http == in_process


@pytest.mark.parametrize(
    "client_type", [AsyncCommunicationIdentityClient, AsyncOfficialClient], ids=["ours", "official"]
)
@pytest.mark.parametrize(
    ("rule", "error", "attempts"),
    [
        (FaultRule("503", count=2), "success", 3),
        (FaultRule("reset", count=1), "ServiceRequestError", 1),
        (FaultRule("truncate", count=1), "IncompleteReadError", 1),
    ],
    ids=["503", "reset", "truncate"],
)
async def test_an_asynchronous_client_makes_the_same_of_a_fault_in_the_process_and_over_http(
    client_type: Any, rule: FaultRule, error: str, attempts: int
) -> None:
    async def run(emulator: Emulator, endpoint: str, transport: Any) -> tuple[str, int]:
        emulator.faults.add(rule)
        async with client_type(endpoint, emulator.access_key, transport=transport) as client:
            try:
                await client.create_user()
                result = "success"
            except AzureError as caught:
                result = type(caught).__name__
        return result, len(emulator.journal.entries())

    inside = Emulator()
    assert await run(inside, inside.endpoint, AsyncSleepless(inside)) == (error, attempts)
    with EmulatorServer(Emulator()) as server:
        assert await run(server.emulator, server.endpoint, AsyncSleeplessAiohttp()) == (error, attempts)


URL = f"http://emulator.localhost{CREATE}"


def test_a_delay_in_the_process_is_slept_and_comes_after_the_effect(emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("delay", delay=LONG))
    transport = Sleepless(emulator)
    answer = transport.send(HttpRequest("POST", URL, headers=bearer(emulator)))
    assert answer.json()["identity"]
    assert transport.slept == [LONG]


async def test_a_delay_in_the_process_can_be_cancelled_and_does_not_hold_up_others(emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("delay", delay=LONG, count=1))
    transport = AsyncEmulatorTransport(emulator)
    late = asyncio.create_task(transport.send(HttpRequest("POST", URL, headers=bearer(emulator))))
    await asyncio.sleep(0)
    assert len(emulator.journal.entries()) == 1
    assert (await transport.send(HttpRequest("POST", URL, headers=bearer(emulator)))).status_code == 201
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late


async def test_the_errors_of_broken_connections_keep_their_cause(emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("reset"))
    request = HttpRequest("POST", URL, headers=bearer(emulator))
    with pytest.raises(ServiceResponseError, match="reset by peer") as caught:
        EmulatorTransport(emulator).send(request)
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    with pytest.raises(ServiceRequestError, match="reset by peer") as caught_too:
        await AsyncEmulatorTransport(emulator).send(request, stream=True)
    assert isinstance(caught_too.value.inner_exception, ConnectionResetError)


async def test_a_streamed_body_ends_in_its_middle(emulator: Emulator) -> None:
    emulator.faults.add(FaultRule("truncate"))
    request = HttpRequest("POST", URL, headers=bearer(emulator))
    response = EmulatorTransport(emulator).send(request, stream=True)
    blocks = response.iter_bytes()
    arrived = next(blocks)
    assert 0 < len(arrived) < int(response.headers["Content-Length"])
    assert arrived.startswith(b'{"identity"')
    with pytest.raises(IncompleteReadError, match="more expected"):
        next(blocks)
    for _ in range(2):
        response = EmulatorTransport(emulator).send(request, stream=True)
        with pytest.raises(IncompleteReadError):
            response.read()
    later = await AsyncEmulatorTransport(emulator).send(request, stream=True)
    with pytest.raises(IncompleteReadError):
        await later.read()
    with pytest.raises(IncompleteReadError):
        await AsyncEmulatorTransport(emulator).send(request)


# On the wire


@contextlib.contextmanager
def served(emulator: Emulator, context: Callable[[uvicorn.Config], None]) -> Generator[tuple[uvicorn.Server, int]]:
    """A server of our own making, to look at its tasks and to have TLS."""
    config = uvicorn.Config(
        create_app(emulator), http=Connection, ws="none", lifespan="off", log_config=None, log_level="error",
        access_log=False, server_header=False, date_header=False, timeout_graceful_shutdown=10,
    )  # fmt: skip
    config.load()
    context(config)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        until(lambda: server.started)
        try:
            yield server, listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def read_to_the_end(connection: socket.socket) -> None:
    connection.settimeout(20)
    while connection.recv(65536):
        pass


class Wire:
    """A server to be broken: its emulator, its tasks and sockets to it."""

    def __init__(self, emulator: Emulator, server: uvicorn.Server, port: int, tls: ssl.SSLContext | None) -> None:
        self.emulator = emulator
        self.server = server
        self._port = port
        self._tls = tls

    @contextlib.contextmanager
    def connection(self) -> Generator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self._port), timeout=20) as plain:
            if self._tls is None:
                yield plain
            else:
                with self._tls.wrap_socket(plain, server_hostname="localhost") as wrapped:
                    yield wrapped

    def text(self, *, fault: str = "", body: bytes = b"") -> bytes:
        lines = [f"POST {CREATE} HTTP/1.1", "Host: h", f"Authorization: {bearer(self.emulator)['Authorization']}"]
        lines += [f"x-emulator-fault: {fault}"] if fault else []
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "\r\n"]).encode() + body

    def ask(self, **options: Any) -> int:
        with self.connection() as connection:
            connection.sendall(self.text(**options))
            response = http.client.HTTPResponse(connection)
            response.begin()
            response.read()
            return response.status

    @property
    def is_idle(self) -> bool:
        return not self.server.server_state.tasks and not self.server.server_state.connections


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(params=["http", "https"])
def wire(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, authority: trustme.CA) -> Iterator[Wire]:
    tls: ssl.SSLContext | None = None

    def secure(config: uvicorn.Config) -> None:
        config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate: Any = authority.issue_cert("localhost")
        certificate.configure_cert(config.ssl)

    def leave(_: uvicorn.Config) -> None:
        return

    if request.param == "https":
        tls = ssl.create_default_context()
        ca: Any = authority
        ca.configure_trust(tls)
    emulator = Emulator()
    with caplog.at_level(logging.WARNING), served(emulator, secure if tls else leave) as (server, port):
        yield Wire(emulator, server, port, tls)
    records = [*caplog.get_records("call"), *caplog.get_records("teardown")]
    assert [record.getMessage() for record in records if record.levelno >= logging.WARNING] == []


def test_a_reset_is_a_reset_on_the_wire_and_others_go_on(wire: Wire) -> None:
    with wire.connection() as other:
        other.sendall(wire.text()[:40])
        with wire.connection() as connection:
            connection.sendall(wire.text(fault="reset"))
            # Below TLS, which takes a reset for an end and has messages of its own.
            with socket.socket(fileno=os.dup(connection.fileno())) as below, pytest.raises(ConnectionResetError):
                read_to_the_end(below)
        other.sendall(wire.text()[40:])
        assert other.recv(12) == b"HTTP/1.1 201"
    until(lambda: wire.is_idle)
    assert [entry.status for entry in wire.emulator.journal.entries()] == [0, 201]


def test_a_cut_body_has_the_length_of_the_whole_and_its_first_half(wire: Wire) -> None:
    with wire.connection() as connection:
        connection.sendall(wire.text(fault="truncate"))
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert response.status == 201
        length = int(response.headers["Content-Length"])
        with pytest.raises(http.client.IncompleteRead) as caught:
            response.read()
        assert caught.value.partial.startswith(b'{"identity":{"id":"8:acs:')
        assert len(caught.value.partial) == length // 2
    until(lambda: wire.is_idle)
    assert wire.ask() == 201


def test_a_cut_refusal_lacks_its_last_chunk(wire: Wire) -> None:
    with wire.connection() as connection:
        connection.sendall(f"POST {CREATE} HTTP/1.1\r\nHost: h\r\nx-emulator-fault: truncate\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert (response.status, response.headers["Transfer-Encoding"]) == (401, "chunked")
        with pytest.raises(http.client.IncompleteRead):
            response.read()
    until(lambda: wire.is_idle)


def test_a_delay_does_not_hold_up_other_connections(wire: Wire) -> None:
    with wire.connection() as late:
        late.sendall(wire.text(fault=f"delay:delay={LONG}"))
        until(wire.emulator.journal.entries)
        assert wire.ask() == 201
        late.settimeout(0.05)
        with pytest.raises(TimeoutError):
            late.recv(1)
    until(lambda: wire.is_idle)


def test_a_late_answer_is_whole(wire: Wire) -> None:
    with wire.connection() as connection:
        for fault in ("delay:delay=0.02", "", "delay:delay=0.01"):
            connection.sendall(wire.text(fault=fault))
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 201
            assert json.loads(response.read())["identity"]
    assert [entry.fault is None for entry in wire.emulator.journal.entries()] == [False, True, False]


@pytest.mark.parametrize("fault", [f"delay:delay={LONG}", "reset", "truncate"])
@pytest.mark.parametrize("behind", [0, 3])
def test_a_client_that_hangs_up_leaves_nothing_behind(wire: Wire, fault: str, behind: int) -> None:
    with wire.connection() as connection:
        connection.sendall(wire.text(fault=fault) + wire.text() * behind)
        until(wire.emulator.journal.entries)
        # Gone at once, and without a word.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: wire.is_idle)
    assert len(wire.emulator.journal.entries()) == 1, "what came behind a broken request is not acted on"
    assert wire.ask() == 201


def test_a_server_that_is_stopped_does_not_wait_for_late_answers(
    caplog: pytest.LogCaptureFixture, emulator: Emulator
) -> None:
    emulator = Emulator()
    emulator.faults.add(FaultRule("delay", delay=LONG))
    with EmulatorServer(emulator) as server, contextlib.ExitStack() as stack:
        address = ("127.0.0.1", urlsplit(server.endpoint).port)
        waiting = [stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(3)]
        for connection in waiting:
            connection.sendall(b"POST /identities HTTP/1.1\r\nHost: h\r\n\r\n" * 2)
        until(lambda: len(emulator.journal.entries()) == 3)
        server.stop()
        for connection in waiting:
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_many_broken_requests_at_once_leave_nothing_behind(wire: Wire) -> None:
    kinds = ["reset", "truncate", "delay:delay=0.01", "503", ""]
    results: list[str] = []

    def send(number: int) -> None:
        for offset in range(len(kinds)):
            kind = kinds[(number + offset) % len(kinds)]
            try:
                results.append(f"{kind} {wire.ask(fault=kind)}")
            except ConnectionResetError:
                results.append(f"{kind} is reset")
            except http.client.IncompleteRead:
                results.append(f"{kind} is incomplete")

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    expected = ["reset is reset", "truncate is incomplete", "delay:delay=0.01 201", "503 503", " 201"]
    assert sorted(results) == sorted(expected * 8)
    until(lambda: wire.is_idle)


def test_faults_on_the_wire_need_the_server_of_the_emulator(emulator: Emulator) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/x", "raw_path": b"/x", "query_string": b"", "scheme": "http",
        "headers": [(b"x-emulator-fault", b"reset")],
    }  # fmt: skip
    with pytest.raises(RuntimeError, match="use EmulatorServer"):
        asyncio.run(create_app(emulator)(scope, receive, send))  # type: ignore[arg-type]
    assert sent == []


# What the server makes of heads


def test_a_flood_of_headers_is_refused_and_kept_out_of_memory(server: EmulatorServer) -> None:
    for line in (b"x: y\r\n", b"x"):
        with socket.create_connection(("127.0.0.1", urlsplit(server.endpoint).port or 0), timeout=20) as connection:
            answer = b""
            try:
                connection.sendall(b"POST / HTTP/1.1\r\n" + (b"" if line.endswith(b"\n") else b"x: "))
                for _ in range(64):
                    connection.sendall(line * (HEAD_LIMIT // len(line)))
            except (BrokenPipeError, ConnectionResetError):
                pass
            else:
                pytest.fail("the server took 4 MiB of head")
            with contextlib.suppress(ConnectionResetError):
                answer = connection.recv(65536)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert server.emulator.journal.entries() == []


def test_a_refusal_of_what_is_no_http_has_the_form_of_the_service(server: EmulatorServer) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(server.endpoint).port or 0), timeout=20) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert (response.status, response.headers["Content-Type"]) == (400, "application/json")
        assert json.loads(response.read())["error"]["code"] == "BadRequest"
        assert response.headers["x-emulator-reason"]
        assert connection.recv(1) == b""


def test_a_head_that_comes_byte_by_byte_and_a_large_one_are_taken(server: EmulatorServer) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(server.endpoint).port or 0), timeout=20) as connection:
        filler = b"x-filler: " + b"x" * (HEAD_LIMIT - 2000) + b"\r\n"
        connection.sendall(b"GET /identities HTTP/1.1\r\nHost: h\r\n" + filler)
        for byte in b"x-last: 1\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert connection.recv(12) == b"HTTP/1.1 401"


def test_the_heads_of_many_requests_on_one_connection_do_not_add_up(server: EmulatorServer) -> None:
    filler = b"x-filler: " + b"x" * (HEAD_LIMIT // 4) + b"\r\n"
    with socket.create_connection(("127.0.0.1", urlsplit(server.endpoint).port or 0), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(8):
            for part in (b"GET /identities HTTP/1.1\r\nHost: h\r\n", filler, b"\r\n"):
                connection.sendall(part)
                # Only a pause lets the parts arrive one by one.
                time.sleep(0.02)
            response = http.client.HTTPResponse(connection)
            response.begin()
            response.read()
            assert response.status == 401


# Over HTTP and by command


def control(server: EmulatorServer, method: str, path: str = "", document: object = None) -> Any:
    body = document if isinstance(document, bytes) else None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{server.endpoint}/_emulator/faults{path}", body, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def test_another_process_can_add_and_remove_rules(server: EmulatorServer) -> None:
    seed = server.emulator.faults.seed
    assert control(server, "GET") == {"seed": seed, "rules": []}
    assert control(server, "POST", document={"kind": "503", "operation": "create_identity"}) == {"number": 1}
    assert control(server, "POST", document={"kind": "delay", "delay": 1, "count": 2}) == {"number": 2}
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}{CREATE}", b"{}", method="POST"))
    with caught.value as refusal:
        assert refusal.code == 503
    first, second = control(server, "GET")["rules"]
    assert first == {
        "number": 1, "kind": "503", "operation": "create_identity", "probability": 1.0, "count": None, "after": 0,
        "retry_after": None, "delay": 0.0, "jitter": 0.0, "matched": 1, "fired": 1,
    }  # fmt: skip
    assert (second["delay"], second["count"], second["fired"]) == (1, 2, 1)
    assert control(server, "POST", "/restart", {}) == {"seed": seed}
    assert control(server, "GET")["rules"][0]["fired"] == 0
    assert control(server, "POST", "/restart", {"seed": 5}) == {"seed": 5}
    assert control(server, "DELETE", "/1") is None
    assert [rule["number"] for rule in control(server, "GET")["rules"]] == [2]
    assert control(server, "DELETE") is None
    assert control(server, "GET") == {"seed": 5, "rules": []}
    with pytest.raises(HTTPError) as again:
        control(server, "DELETE", "/1")
    with again.value as refusal:
        assert refusal.code == 404


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("", b""), ("", b"{"), ("", b"\xff"), ("", []), ("", {}), ("", {"kind": "x"}), ("", {"kind": None}),
        ("", {"kind": "503", "number": 1}), ("", b'{"kind":"503","probability":NaN}'),
        ("", b'{"kind":"503","count":1e999}'), ("", b"[" * 100_000), ("", {"kind": "x" * 100_000}),
        ("", {"kind": "503", "operation": "create_identity\n"}),
        ("/restart", {"seed": -1}), ("/restart", {"seed": "1"}), ("/restart", {"seeds": 1}), ("/restart", b"{"),
    ],
    ids=range(17),
)  # fmt: skip
def test_a_wrong_wish_for_a_fault_is_refused(server: EmulatorServer, path: str, document: object) -> None:
    with pytest.raises(HTTPError) as caught:
        control(server, "POST", path, document)
    with caught.value as refusal:
        assert refusal.code == 400
        message = json.loads(refusal.read())["error"]["message"]
    assert 10 < len(message) < 600
    assert server.emulator.faults.rules() == []


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.0", "9" * 5000])
def test_removing_a_rule_that_is_not_there_is_not_found(server: EmulatorServer, number: str) -> None:
    with pytest.raises(HTTPError) as caught:
        control(server, "DELETE", f"/{number}")
    with caught.value as refusal:
        assert refusal.code == 404


def test_faults_are_added_and_removed_by_command(server: EmulatorServer) -> None:
    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["faults", *words, "--endpoint", server.endpoint])
        assert result.exit_code == code, result.output
        return result.output.strip()

    assert run("list") == f"Seed: {server.emulator.faults.seed}\nThere are no rules."
    options = ["--operation", "issue_access_token", "--probability", "0.2", "--count", "5", "--retry-after", "3"]
    assert run("add", "429", *options) == "Rule 1 was added."
    assert run("add", "delay", "--delay", "0.5", "--jitter", "0.1", "--after", "2") == "Rule 2 was added."
    added = [counted.rule for counted in server.emulator.faults.rules()]
    assert added == [
        FaultRule("429", operation="issue_access_token", probability=0.2, count=5, retry_after=3),
        FaultRule("delay", delay=0.5, jitter=0.1, after=2),
    ]
    first = "Rule 1: 429:operation=issue_access_token:probability=0.2:count=5:retry_after=3 acted on 0 of 0 requests"
    assert run("list").splitlines()[1] == first
    assert run("add", "418", code=1) == (
        "Error: There is no fault '418': choose one of 429, 500, 503, delay, reset, truncate."
    )
    assert run("remove", "2") == "Rule 2 was removed."
    assert run("remove", "2", code=1) == "Error: There is no fault rule of this number."
    assert run("restart", "--seed", "5") == "Seed: 5"
    assert run("restart") == "Seed: 5"
    assert run("clear") == "There are no rules any more."
    assert server.emulator.faults.rules() == []


def test_start_takes_faults_limits_and_a_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[EmulatorServer] = []

    def start(server: EmulatorServer) -> None:
        started.append(server)

    def announce(*_: object) -> None:
        return

    # Nothing listens: the command makes its server, and finds it ended.
    monkeypatch.setattr(EmulatorServer, "start", start)
    monkeypatch.setattr("acs_identity_emulator.commands.start._announce", announce)
    monkeypatch.setattr(EmulatorServer, "is_running", False)
    fault = "503:operation=create_identity:probability=0.1"
    result = CliRunner().invoke(
        app, ["start", "--no-https", "--fault", fault, "--fault", "reset", "--seed", "42", "--limits"]
    )
    assert "The seed of the faults is 42." in result.stderr
    (server,) = started
    assert [str(counted.rule) for counted in server.emulator.faults.rules()] == [fault, "reset"]
    assert server.emulator.limits.numbers["delete_identity"] == 500
    result = CliRunner().invoke(app, ["start", "--fault", "503:operation=create"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no operation 'create'")
    assert result.stderr.endswith("Correct --fault.\n")
    assert len(started) == 1
