"""Connections are kept, shared and given back."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import aiohttp
import pytest
import requests

from .callers import AZURE_AIOHTTP, AZURE_REQUESTS, OURS_AIOHTTP, OURS_URLLIB3, Caller, Kind, only
from .conftest import MakeCaller
from .wire import OK, Step, WireServer, answer


async def see_what_the_server_did(server: WireServer) -> None:
    """Wait until the connections are closed, and let the event loop look at it."""
    await asyncio.to_thread(server.wait, lambda: server.open_connections == 0)
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_many_calls_need_one_connection(caller: Caller, server: WireServer, method: str) -> None:
    for _ in range(20):
        await caller.send(method, server.url())

    assert len(server.received) == 20
    assert server.connections == 1


async def test_an_error_of_the_service_does_not_cost_the_connection(caller: Caller, server: WireServer) -> None:
    for status in ("401 Unauthorized", "404 Not Found", "429 Too Many Requests", "500 Oh"):
        server.will(answer(b'{"error": {}}', status=status))
        await caller.get(server.url())

    assert server.connections == 1


async def test_a_stream_that_was_read_gives_its_connection_back(caller: Caller, server: WireServer) -> None:
    for how in ("iter_bytes", "iter_raw"):
        await caller.parts(await caller.get(server.url(), stream=True), how)
    await caller.read(await caller.get(server.url(), stream=True))

    await caller.get(server.url())

    assert len(server.received) == 4
    assert server.connections == 1


async def test_many_calls_at_once_all_get_their_answers(caller: Caller, server: WireServer) -> None:
    responses = await caller.get_at_once(server.url(), 50)

    assert [response.json() for response in responses] == [{}] * 50
    assert len(server.received) == 50
    assert server.connections <= 50


async def test_no_answer_goes_to_two_calls_at_once(caller: Caller, server: WireServer) -> None:
    numbers = [str(number).encode() for number in range(40)]
    for number in numbers:
        server.will(answer(number))

    responses = await caller.get_at_once(server.url(), 40)

    assert sorted(int(response.content) for response in responses) == list(range(40))


async def test_calls_at_once_leave_connections_for_the_next(caller: Caller, server: WireServer) -> None:
    await caller.get_at_once(server.url(), 8)
    made = server.connections

    for _ in range(10):
        await caller.get(server.url())

    assert server.connections == made


# azure-core keeps ten for requests; aiohttp keeps as many as there may be.
@only(OURS_URLLIB3, OURS_AIOHTTP)
@pytest.mark.parametrize("size", [1, 4])
async def test_no_more_connections_are_kept_than_the_pool_is_large(
    make_caller: MakeCaller, server: WireServer, size: int
) -> None:
    caller = make_caller(connection_pool_size=size)

    responses = await caller.get_at_once(server.url(), 20)

    assert [response.json() for response in responses] == [{}] * 20
    await asyncio.to_thread(server.wait, lambda: server.open_connections <= size)


@only(OURS_AIOHTTP)
async def test_what_exceeds_the_pool_waits_for_a_connection(make_caller: MakeCaller, server: WireServer) -> None:
    caller = make_caller(connection_pool_size=2)

    await caller.get_at_once(server.url(), 20)

    assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_the_server_closed_in_between_is_replaced(
    caller: Caller, server: WireServer, method: str
) -> None:
    server.will(OK, Step.CLOSE)
    await caller.send(method, server.url())
    await see_what_the_server_did(server)

    response = await caller.send(method, server.url())

    assert response.json() == {}
    assert server.connections == 2
    assert len(server.received) == 2


async def test_many_connections_that_the_server_closed_in_between_are_replaced(
    caller: Caller, server: WireServer
) -> None:
    await caller.get_at_once(server.url(), 10)
    server.hang_up()
    await see_what_the_server_did(server)

    responses = await caller.get_at_once(server.url(), 10)

    assert [response.json() for response in responses] == [{}] * 10


async def test_two_servers_do_not_share_a_connection(caller: Caller, server: WireServer) -> None:
    with WireServer() as other:
        for _ in range(2):
            await caller.get(server.url("/here"))
            await caller.get(other.url("/there"))

        assert [request.target for request in other.received] == ["/there"] * 2
        assert other.connections == 1
    assert [request.target for request in server.received] == ["/here"] * 2
    assert server.connections == 1


async def test_closing_the_transport_closes_its_connections(caller: Caller, server: WireServer) -> None:
    await caller.get_at_once(server.url(), 5)

    await caller.close()

    await asyncio.to_thread(server.wait, lambda: server.open_connections == 0)


async def test_closing_twice_does_no_harm(caller: Caller, server: WireServer) -> None:
    await caller.get(server.url())

    await caller.close()
    await caller.close()

    await asyncio.to_thread(server.wait, lambda: server.open_connections == 0)


async def test_closing_what_was_never_used_does_no_harm(caller: Caller) -> None:
    await caller.close()


async def test_a_closed_transport_says_so(caller: Caller, server: WireServer) -> None:
    await caller.get(server.url())
    await caller.close()

    with pytest.raises(ValueError, match="closed"):
        await caller.get(server.url())
    with pytest.raises(ValueError, match="closed"):
        await caller.done(caller.transport.open())

    assert len(server.received) == 1


async def test_opening_twice_does_no_harm(caller: Caller, server: WireServer) -> None:
    await caller.done(caller.transport.open())
    await caller.done(caller.transport.open())

    assert (await caller.get(server.url())).json() == {}


async def test_the_block_of_a_transport_opens_and_closes_it(caller: Caller, server: WireServer) -> None:
    if caller.kind.is_async:
        async with caller.transport as inside:
            await caller.get(server.url())
    else:
        with caller.transport as inside:
            await caller.get(server.url())

    assert inside is caller.transport
    await asyncio.to_thread(server.wait, lambda: server.open_connections == 0)
    with pytest.raises(ValueError, match="closed"):
        await caller.get(server.url())


async def test_the_block_of_a_client_closes_the_transport(caller: Caller, server: WireServer) -> None:
    if caller.kind.is_async:
        async with caller.client:
            await caller.get(server.url())
    else:
        with caller.client:
            await caller.get(server.url())

    await asyncio.to_thread(server.wait, lambda: server.open_connections == 0)


# Ours take no session: what would be set on it, they have options for.
@only(AZURE_REQUESTS, AZURE_AIOHTTP)
async def test_a_session_of_the_caller_is_not_closed(kind: Kind, server: WireServer) -> None:
    session: Any = aiohttp.ClientSession() if kind.is_async else requests.Session()
    caller = Caller(kind, session=session, session_owner=False)
    await caller.get(server.url())

    await caller.close()

    assert server.open_connections == 1
    await caller.done(session.close())


@only(AZURE_AIOHTTP, OURS_AIOHTTP)
async def test_cancelling_a_call_leaves_the_transport_usable(caller: Caller, server: WireServer) -> None:
    server.will(Step.HANG)
    call = asyncio.create_task(caller.get(server.url("/cancelled")))
    await asyncio.to_thread(server.wait, lambda: len(server.received) == 1)

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert (await caller.get(server.url("/next"))).json() == {}
    # The answer to the cancelled call could still come on its connection.
    assert [request.connection for request in server.received] == [1, 2]


@only(OURS_AIOHTTP)
async def test_cancelled_calls_give_their_places_in_the_pool_back(make_caller: MakeCaller, server: WireServer) -> None:
    caller = make_caller(connection_pool_size=2)
    for _ in range(2):
        server.will(Step.HANG)
    calls = [asyncio.create_task(caller.get(server.url())) for _ in range(6)]
    await asyncio.to_thread(server.wait, lambda: len(server.received) == 2)

    for call in calls:
        call.cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(result) for result in results] == [asyncio.CancelledError] * 6
    assert (await asyncio.wait_for(caller.get(server.url()), 10)).json() == {}


@only(AZURE_AIOHTTP, OURS_AIOHTTP)
async def test_cancelling_while_a_stream_is_read_leaves_the_transport_usable(
    caller: Caller, server: WireServer
) -> None:
    server.will(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first", Step.HANG)
    response = await caller.get(server.url(), stream=True)
    reading = asyncio.create_task(caller.parts(response))
    await asyncio.sleep(0)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await caller.done(response.close())

    assert (await caller.get(server.url())).json() == {}


@only(AZURE_AIOHTTP, OURS_AIOHTTP)
async def test_a_call_that_takes_long_does_not_hold_up_the_others(caller: Caller, server: WireServer) -> None:
    server.will(Step.HANG)
    slow = asyncio.create_task(caller.get(server.url("/slow")))
    await asyncio.to_thread(server.wait, lambda: len(server.received) == 1)

    assert (await caller.get(server.url("/fast"))).json() == {}

    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


FORKING = """
import os, sys
from importlib import import_module
from azure.core.rest import HttpRequest

module, name, url = sys.argv[1:]
with getattr(import_module(module), name)() as transport:
    def call(who):
        return transport.send(HttpRequest("GET", url + who)).status_code == 200

    assert call("parent-before")
    child = os.fork()
    if not child:
        # Whatever happens, the child must not go on with what is the parent's.
        code = 1
        try:
            code = 0 if call("child") else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert call("parent-after")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@only(AZURE_REQUESTS, OURS_URLLIB3)
def test_a_call_after_a_fork_works_in_the_child_and_in_the_parent(kind: Kind, server: WireServer) -> None:
    # A process of its own: this one has threads, and a fork of those is another story.
    subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING, kind.module, kind.type_name, server.url("/")],
        check=True,
        timeout=60,
    )

    assert [request.target for request in server.received] == ["/parent-before", "/child", "/parent-after"]
    if kind is OURS_URLLIB3:
        # requests goes on with the connection that the parent has, too: their answers could be mixed up.
        assert [request.connection for request in server.received] == [1, 2, 1]
