"""The policies of azure-core find in the answers of a transport what they look for."""

import logging
from typing import Any

import pytest
from azure.core.exceptions import DecodeError
from azure.core.pipeline.policies import (
    AsyncRedirectPolicy,
    AsyncRetryPolicy,
    ContentDecodePolicy,
    CustomHookPolicy,
    HeadersPolicy,
    HttpLoggingPolicy,
    NetworkTraceLoggingPolicy,
    RedirectPolicy,
    RequestIdPolicy,
    RetryPolicy,
    UserAgentPolicy,
)

from .callers import Kind
from .conftest import MakeCaller
from .wire import WireServer, answer


async def test_answers_are_deserialized_by_the_policy(make_caller: MakeCaller, server: WireServer) -> None:
    seen: list[Any] = []
    # A policy sees what those after it have put into the context.
    caller = make_caller(CustomHookPolicy(), ContentDecodePolicy())
    server.will(answer(b'{"a": [1]}', "Content-Type: application/json"))

    def look(response: Any) -> None:
        seen.append(response.context["deserialized_data"])

    await caller.get(server.url(), raw_response_hook=look)

    assert seen == [{"a": [1]}]


async def test_an_answer_that_is_no_json_is_a_decode_error_of_the_policy(
    make_caller: MakeCaller, server: WireServer
) -> None:
    server.will(answer(b"{", "Content-Type: application/json"))

    with pytest.raises(DecodeError, match="JSON"):
        await make_caller(ContentDecodePolicy()).get(server.url())


async def test_requests_and_answers_are_logged(
    make_caller: MakeCaller, server: WireServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="azure")
    server.will(answer(b'{"answer": "said"}', "Content-Type: application/json", "X-Kept: 1"))
    caller = make_caller(NetworkTraceLoggingPolicy(logging_enable=True), HttpLoggingPolicy())

    await caller.send("POST", server.url("/logged"), json={"request": "asked"})

    for said in ('{"request": "asked"}', '{"answer": "said"}', "/logged", "Response status: 200", "X-Kept"):
        assert said.lower() in caplog.text.lower()


async def test_a_redirect_is_followed_by_the_policy(kind: Kind, make_caller: MakeCaller, server: WireServer) -> None:
    policy: Any = AsyncRedirectPolicy if kind.is_async else RedirectPolicy
    server.will(answer(b"", f"Location: {server.url('/there')}", status="307 Temporary Redirect"))

    response = await make_caller(policy()).send("POST", server.url("/here"), content=b"the body")

    assert response.status_code == 200
    assert [(request.target, request.body) for request in server.received] == [
        ("/here", b"the body"),
        ("/there", b"the body"),
    ]


async def test_the_retry_policy_waits_as_long_as_the_server_says(
    kind: Kind, make_caller: MakeCaller, server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    caller = make_caller((AsyncRetryPolicy if kind.is_async else RetryPolicy)())

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(caller.transport, "sleep", sleep if kind.is_async else waited.append)
    server.will(answer(b"", "Retry-After: 7", status="429 Too Many Requests"))

    response = await caller.get(server.url())

    assert response.status_code == 200
    assert waited == [7]


async def test_headers_of_policies_go_out(make_caller: MakeCaller, server: WireServer) -> None:
    caller = make_caller(
        RequestIdPolicy(request_id="42"), HeadersPolicy({"X-Given": "1"}), UserAgentPolicy(base_user_agent="us")
    )

    await caller.get(server.url())

    received = server.received[0]
    assert received.values("x-ms-client-request-id") == ["42"]
    assert received.values("X-Given") == ["1"]
    assert received.values("User-Agent") == ["us"]
