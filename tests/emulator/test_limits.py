"""The documented rate limits refuse what is too much, and say when to come again."""

import json
import threading
import urllib.request
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError

import pytest
from typer.testing import CliRunner

from acs_identity import CommunicationIdentityClient
from acs_identity_emulator import Emulator, EmulatorServer, EmulatorTransport, RateLimits, Request, Response
from acs_identity_emulator.commands import app

CREATE = "/identities?api-version=2026-09-23"
# None of these ids is well formed: the requests are refused, and counted all the same.
ISSUE = "/identities/x/:issueAccessToken?api-version=2026-09-23"
REVOKE = "/identities/x/:revokeAccessTokens?api-version=2026-09-23"
DELETE = "/identities/x?api-version=2026-09-23"
EXCHANGE = "/teamsUser/:exchangeAccessToken?api-version=2026-09-23"
BODY = b'{"createTokenWithScopes":["chat"],"expiresInMinutes":1}'

# Azure documentation, "Service limits for Azure Communication Services", identity, per 30 seconds.
DOCUMENTED = [
    ("POST", CREATE, b"", 1000),
    ("POST", CREATE, BODY, 1000),
    ("DELETE", DELETE, b"", 500),
    ("POST", ISSUE, b'{"scopes":["chat"]}', 1000),
    ("POST", REVOKE, b"", 500),
    ("POST", EXCHANGE, b'{"token":""}', 500),
]


@pytest.fixture
def limited(clock: Any) -> Emulator:
    return Emulator(clock=clock, limits=True)


def signed(emulator: Emulator, sign: Any, clock: Any, method: str, target: str, body: bytes = b"") -> Request:
    date = f"{clock.now:%a, %d %b %Y %H:%M:%S} GMT"
    headers = sign(method, target, body, key=emulator.access_key, date=date)
    return Request(method, target, {**headers, "Content-Type": "application/json"}, body)


@pytest.mark.parametrize(
    ("method", "target", "body", "number"), DOCUMENTED, ids=["create", "both", "delete", "issue", "revoke", "exchange"]
)
def test_the_documented_number_of_requests_passes_and_the_next_is_too_many(
    limited: Emulator, sign: Any, clock: Any, method: str, target: str, body: bytes, number: int
) -> None:
    request = signed(limited, sign, clock, method, target, body)
    assert 429 not in {limited.handle(request).status for _ in range(number)}
    refused = limited.handle(request)
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "30"
    assert json.loads(refused.body) == {"error": {"code": "TooManyRequests", "message": "Too many requests."}}
    assert f"is {number} requests in 30 s: wait 30 s" in refused.headers["x-emulator-reason"]
    others = [other for other in DOCUMENTED if other[:3] != (method, target, body)]
    for other_method, other_target, other_body, _ in others:
        other = limited.handle(signed(limited, sign, clock, other_method, other_target, other_body))
        assert other.status != 429, "every operation has a limit of its own"


def test_there_are_no_limits_unless_they_are_asked_for(emulator: Emulator, sign: Any, clock: Any) -> None:
    request = signed(emulator, sign, clock, "DELETE", DELETE)
    assert {emulator.handle(request).status for _ in range(1100)} == {400}
    assert emulator.limits.numbers == {}


def test_who_waits_as_told_gets_in_and_not_a_moment_earlier(sign: Any, clock: Any) -> None:
    emulator = Emulator(clock=clock, limits={"create_identity": 2})

    def create() -> Response:
        return emulator.handle(signed(emulator, sign, clock, "POST", CREATE))

    assert create().status == 201
    clock.advance(seconds=9.5)
    assert create().status == 201
    refused = create()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "21")
    clock.advance(seconds=20.499)
    refused = create()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    clock.advance(seconds=0.001)
    assert [create().status for _ in range(3)] == [201, 201, 429]


def test_moving_the_clock_of_the_emulator_ends_the_wait(sign: Any, clock: Any) -> None:
    emulator = Emulator(clock=clock, limits={"create_identity": 1})
    request = signed(emulator, sign, clock, "POST", CREATE)
    assert [emulator.handle(request).status for _ in range(2)] == [201, 429]
    emulator.clock.advance(timedelta(seconds=30))
    assert [emulator.handle(request).status for _ in range(2)] == [201, 429]
    emulator.clock.advance(timedelta(days=-1))
    assert [emulator.handle(request).status for _ in range(2)] == [201, 429], "no limit holds for a day"


def test_callers_without_a_right_use_up_nothing(sign: Any, clock: Any) -> None:
    emulator = Emulator(clock=clock, limits={"create_identity": 1})
    for _ in range(3):
        assert emulator.handle(Request("POST", CREATE)).status == 401
    assert emulator.handle(signed(emulator, sign, clock, "POST", "/identities?api-version=1")).status == 400
    assert emulator.handle(signed(emulator, sign, clock, "POST", CREATE)).status == 201


@pytest.mark.parametrize(
    ("body", "counts_as_both"),
    [
        (b'{"createTokenWithScopes":["chat"]}', True),
        (b'{"createTokenWithScopes":[]}', False),
        (b'{"createTokenWithScopes":null}', False),
        (b'{"customId":"createTokenWithScopes"}', False),
        (b'["createTokenWithScopes"]', False),
        (b'{"createTokenWithScopes":', False),
        (b'\xff"createTokenWithScopes"', False),
        (b'"createTokenWithScopes"' + b"[" * 100_000, False),
    ],
    ids=range(8),
)
def test_creating_with_a_token_has_a_limit_of_its_own(sign: Any, clock: Any, body: bytes, counts_as_both: bool) -> None:
    emulator = Emulator(clock=clock, limits={"create_identity": 1, "create_identity_and_token": 1})
    request = signed(emulator, sign, clock, "POST", CREATE, body)
    assert emulator.handle(request).status != 429
    assert emulator.handle(request).status == 429
    plain = emulator.handle(signed(emulator, sign, clock, "POST", CREATE))
    assert plain.status == (201 if counts_as_both else 429)


def test_requests_at_once_are_counted_exactly(sign: Any, clock: Any) -> None:
    emulator = Emulator(clock=clock, limits={"create_identity": 100})
    request = signed(emulator, sign, clock, "POST", CREATE)
    barrier, statuses = threading.Barrier(8), list[int]()

    def send() -> None:
        barrier.wait(10)
        statuses.extend(emulator.handle(request).status for _ in range(50))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (statuses.count(201), statuses.count(429)) == (100, 300)


class Waiting(EmulatorTransport):
    """Moves the clock of the emulator instead of sleeping."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self.waited: list[float] = []

    def sleep(self, duration: float) -> None:
        self.waited.append(duration)
        self._emulator.clock.advance(timedelta(seconds=duration))


def test_our_client_waits_as_told_and_succeeds() -> None:
    emulator = Emulator(limits={"create_identity": 1})
    emulator.clock.freeze()
    transport = Waiting(emulator)
    with CommunicationIdentityClient.from_connection_string(emulator.connection_string, transport=transport) as client:
        client.create_user()
        client.create_user()
    assert transport.waited == [30]
    assert [entry.status for entry in emulator.journal.entries()] == [201, 429, 201]


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"create": 1}, "no operation .create.: choose one of create_identity"),
        ({"create_identity": 0}, "whole number from 1 on"),
        ({"create_identity": -1}, "whole number from 1 on"),
        ({"create_identity": 1.5}, "whole number from 1 on"),
        ({"create_identity": True}, "whole number from 1 on"),
        ({"create_identity": "5"}, "whole number from 1 on"),
    ],
    ids=range(6),
)
def test_limits_that_cannot_be_are_refused_and_the_old_ones_stay(limits: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Emulator(limits=limits)
    rate_limits = RateLimits()
    rate_limits.set({"delete_identity": 7})
    with pytest.raises(ValueError, match=text):
        rate_limits.set(limits)
    assert rate_limits.numbers == {"delete_identity": 7}


# Over HTTP and by command


def ask(server: EmulatorServer, method: str, document: object = None) -> Any:
    body = document if isinstance(document, bytes) else None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{server.endpoint}/_emulator/limits", body, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"null")


def test_another_process_can_set_the_limits(server: EmulatorServer) -> None:
    assert ask(server, "GET") == {"window_seconds": 30, "limits": {}}
    assert ask(server, "PUT", {"limits": {"create_identity": 5}})["limits"] == {"create_identity": 5}
    assert server.emulator.limits.numbers == {"create_identity": 5}
    assert ask(server, "PUT", {})["limits"]["issue_access_token"] == 1000
    assert ask(server, "DELETE") is None
    assert ask(server, "GET")["limits"] == {}


@pytest.mark.parametrize(
    "document",
    [[], b"{", b"\xff", {"limits": True}, {"limits": []}, {"limits": {"x": 1}}, {"limits": {"create_identity": 0}},
     {"limits": {}, "more": 1}, {"create_identity": 5}],
    ids=range(9),
)  # fmt: skip
def test_a_wrong_wish_for_limits_is_refused(server: EmulatorServer, document: object) -> None:
    with pytest.raises(HTTPError) as caught:
        ask(server, "PUT", document)
    with caught.value as refusal:
        assert refusal.code == 400
        assert json.loads(refusal.read())["error"]["message"]
    assert server.emulator.limits.numbers == {}


def test_limits_are_set_by_command(server: EmulatorServer) -> None:
    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["limits", *words, "--endpoint", server.endpoint])
        assert result.exit_code == code, result.output
        return result.output.strip()

    assert run("show") == "There are no limits."
    assert "delete_identity: 500 requests in 30 s" in run("on")
    assert run("on", "create_identity=5") == "create_identity: 5 requests in 30 s"
    assert "written operation=number" in run("on", "create_identity", code=1)
    assert "written operation=number" in run("on", "create_identity=²", code=1)
    assert "did you mean create_identity?" in run("on", "create_identitty=5", code=1)
    assert run("show") == "create_identity: 5 requests in 30 s"
    assert run("off") == "There are no limits any more."
