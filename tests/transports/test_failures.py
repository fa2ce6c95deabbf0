"""What goes wrong on the way is one of azure-core's errors, with its cause."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.policies import AsyncRetryPolicy, RetryPolicy

from .callers import AZURE_AIOHTTP, AZURE_REQUESTS, OURS_AIOHTTP, OURS_URLLIB3, Caller, Kind, only
from .conftest import MakeCaller
from .wire import OK, Step, WireServer

SOON = 0.05


def has_a_cause(error: AzureError) -> bool:
    return error.inner_exception is not None


def retries(kind: Kind) -> Any:
    """Return azure-core's policy for a few tries without waiting."""
    policy: Any = AsyncRetryPolicy if kind.is_async else RetryPolicy
    return policy(retry_backoff_factor=0)


@pytest.fixture
def nobody() -> Iterator[str]:
    """The URL of a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that lets nobody in: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


async def test_that_nobody_listens_is_a_request_error(caller: Caller, nobody: str) -> None:
    with pytest.raises(ServiceRequestError) as caught:
        await caller.get(nobody)

    assert not isinstance(caught.value, ServiceRequestTimeoutError)
    assert "127.0.0.1" in str(caught.value) or "refused" in str(caught.value)
    assert has_a_cause(caught.value)


async def test_an_unknown_host_is_a_request_error(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # The answer of a name server, so that none is asked.
    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(ServiceRequestError, match=r"contoso\.invalid") as caught:
        await caller.get("http://contoso.invalid/")

    assert has_a_cause(caught.value)


@pytest.mark.parametrize("per_call", [False, True], ids=["per transport", "per call"])
async def test_that_no_connection_comes_about_in_time_is_a_request_timeout(
    make_caller: MakeCaller, silent: str, *, per_call: bool
) -> None:
    timeout = {"connection_timeout": SOON}
    caller = make_caller(**({} if per_call else timeout))

    with pytest.raises(ServiceRequestTimeoutError) as caught:
        await caller.get(silent, **(timeout if per_call else {}))

    assert has_a_cause(caught.value)


@pytest.mark.parametrize("per_call", [False, True], ids=["per transport", "per call"])
async def test_that_no_answer_comes_in_time_is_a_response_timeout(
    make_caller: MakeCaller, server: WireServer, *, per_call: bool
) -> None:
    timeout = {"read_timeout": SOON}
    caller = make_caller(**({} if per_call else timeout))
    server.will(Step.HANG)

    with pytest.raises(ServiceResponseTimeoutError) as caught:
        await caller.get(server.url(), **(timeout if per_call else {}))

    assert has_a_cause(caught.value)


async def test_the_timeout_of_a_call_does_not_outlive_it(make_caller: MakeCaller, server: WireServer) -> None:
    caller = make_caller(read_timeout=SOON)
    server.will(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    server.will(Step.HANG)

    await caller.get(server.url(), read_timeout=10)

    with pytest.raises(ServiceResponseTimeoutError):
        await caller.get(server.url())


async def test_the_transport_works_after_a_timeout(caller: Caller, server: WireServer) -> None:
    server.will(Step.HANG)
    with pytest.raises(ServiceResponseTimeoutError):
        await caller.get(server.url(), read_timeout=SOON)

    assert (await caller.get(server.url())).json() == {}
    # What comes late must not be taken for the answer to the next request.
    assert [request.connection for request in server.received] == [1, 2]


# With azure-core over requests it is a ServiceRequestError.
@only(AZURE_AIOHTTP, OURS_URLLIB3, OURS_AIOHTTP)
async def test_that_a_body_stops_in_the_middle_is_a_response_timeout(caller: Caller, server: WireServer) -> None:
    server.will(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first", Step.HANG)

    with pytest.raises(ServiceResponseTimeoutError):
        await caller.get(server.url(), read_timeout=SOON)


@pytest.mark.parametrize("how", ["iter_bytes", "iter_raw"])
async def test_that_a_stream_stops_in_the_middle_is_a_response_timeout(
    caller: Caller, server: WireServer, how: str
) -> None:
    server.will(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first", Step.HANG)

    response = await caller.get(server.url(), stream=True, read_timeout=SOON)

    assert response.status_code == 200
    with pytest.raises(ServiceResponseTimeoutError) as caught:
        await caller.parts(response, how)
    assert has_a_cause(caught.value)
    # azure-core leaves that to the caller.
    await caller.done(response.close())


# Where the connection is closed within the headers, http.client takes those that came for all.
@pytest.mark.parametrize(
    ("said", "step"),
    [
        (b"", Step.CLOSE),
        (b"", Step.RESET),
        (b"HTTP/1.1 200", Step.RESET),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Step.RESET),
    ],
    ids=["closed", "reset", "reset within the status", "reset within a header"],
)
async def test_that_the_server_goes_away_before_its_answer_is_an_error(
    caller: Caller, server: WireServer, said: bytes, step: Step
) -> None:
    server.will(said, step)

    # requests has a ServiceResponseError, aiohttp mostly a ServiceRequestError.
    with pytest.raises((ServiceRequestError, ServiceResponseError)) as caught:
        await caller.send("POST", server.url(), content=b"{}")

    assert has_a_cause(caught.value)
    assert not isinstance(caught.value, ServiceRequestTimeoutError | ServiceResponseTimeoutError)
    assert len(server.received) == 1


@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
async def test_a_request_that_may_have_arrived_is_a_response_error(caller: Caller, server: WireServer) -> None:
    # azure-core over aiohttp has a ServiceRequestError, after which a policy would send a POST again.
    server.will(Step.CLOSE)

    with pytest.raises(ServiceResponseError):
        await caller.send("POST", server.url(), content=b"{}")


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"<html>no HTTP</html>",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    ],
    ids=["ssh", "tls", "html", "status", "two lengths"],
)
async def test_what_is_no_http_is_an_error(caller: Caller, server: WireServer, said: bytes) -> None:
    server.will(said, Step.CLOSE)

    with pytest.raises((ServiceRequestError, ServiceResponseError)) as caught:
        await caller.get(server.url())

    assert has_a_cause(caught.value)
    assert (await caller.get(server.url())).json() == {}


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nthe first",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nthe first\r\n",
    ],
    ids=["length", "in a chunk", "between chunks"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["read", "streamed"])
async def test_a_body_that_breaks_off_is_never_taken_for_whole(
    caller: Caller, server: WireServer, said: bytes, *, stream: bool
) -> None:
    server.will(said, Step.CLOSE)

    # Between chunks azure-core over requests has another error than IncompleteReadError.
    with pytest.raises((IncompleteReadError, HttpResponseError, ServiceResponseError)) as caught:
        await caller.parts(await caller.get(server.url(), stream=stream))

    assert has_a_cause(caught.value)
    assert (await caller.get(server.url())).json() == {}


@pytest.mark.parametrize("stream", [False, True], ids=["read", "streamed"])
async def test_a_body_that_is_too_short_is_an_incomplete_read(
    caller: Caller, server: WireServer, *, stream: bool
) -> None:
    server.will(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first", Step.CLOSE)

    with pytest.raises(IncompleteReadError) as caught:
        await caller.parts(await caller.get(server.url(), stream=stream))

    assert has_a_cause(caught.value)


async def test_a_raw_stream_that_breaks_off_is_never_taken_for_whole(caller: Caller, server: WireServer) -> None:
    server.will(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first", Step.CLOSE)

    response = await caller.get(server.url(), stream=True)

    # requests has a ServiceResponseError, aiohttp an IncompleteReadError.
    with pytest.raises((IncompleteReadError, ServiceResponseError)) as caught:
        await caller.parts(response, "iter_raw")
    assert has_a_cause(caught.value)


@pytest.mark.parametrize("step", [Step.CLOSE, Step.RESET])
async def test_the_retry_policy_sends_again_what_was_not_answered(
    kind: Kind, make_caller: MakeCaller, server: WireServer, step: Step
) -> None:
    caller = make_caller(retries(kind))
    server.will(step)

    response = await caller.get(server.url())

    assert response.json() == {}
    assert len(server.received) == 2


async def test_the_retry_policy_gives_up_with_the_last_error(kind: Kind, make_caller: MakeCaller, nobody: str) -> None:
    caller = make_caller(retries(kind))

    with pytest.raises(ServiceRequestError):
        await caller.get(nobody)


async def test_the_retry_policy_sends_the_body_again(kind: Kind, make_caller: MakeCaller, server: WireServer) -> None:
    caller = make_caller(retries(kind))
    server.will(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    response = await caller.send("POST", server.url(), content=b"the body")

    assert response.status_code == 200
    assert [request.body for request in server.received] == [b"the body"] * 2


@pytest.mark.parametrize("url", ["contoso.com/", "", "ftp://127.0.0.1/", "http://"])
async def test_a_url_that_is_none_is_an_error_before_anything_is_sent(caller: Caller, url: str) -> None:
    # requests has azure-core errors, aiohttp some of its own.
    with pytest.raises((AzureError, ValueError)):
        await caller.get(url)


async def test_an_option_that_there_is_not_is_a_type_error(caller: Caller, server: WireServer) -> None:
    with pytest.raises(TypeError, match="no_such_option"):
        await caller.get(server.url(), no_such_option=1)

    assert server.received == []


async def test_plain_http_where_tls_is_spoken_is_an_error(caller: Caller, tls_server: WireServer) -> None:
    with pytest.raises((ServiceRequestError, ServiceResponseError)) as caught:
        await caller.get(tls_server.url().replace("https:", "http:"))

    assert has_a_cause(caught.value)


async def test_tls_where_plain_http_is_spoken_is_an_error(caller: Caller, server: WireServer) -> None:
    server.will(OK)

    with pytest.raises((ServiceRequestError, ServiceResponseError)) as caught:
        await caller.get(server.url().replace("http:", "https:"))

    assert has_a_cause(caught.value)
