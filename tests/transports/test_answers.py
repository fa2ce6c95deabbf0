"""What comes back is what the server said."""

import gzip
import json
import zlib
from typing import Any

import pytest
from azure.core.exceptions import (
    DecodeError,
    HttpResponseError,
    ResponseNotReadError,
    ServiceResponseError,
    StreamClosedError,
    StreamConsumedError,
)

from .callers import AZURE_REQUESTS, OURS_AIOHTTP, OURS_URLLIB3, Caller, only
from .wire import OK, Step, WireServer, answer, chunked

HUGE = bytes(range(256)) * 80_000
PACKED = gzip.compress(b"the content " * 10_000)


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "404 Not Found", "503 Not Now", "299 Odd"])
async def test_status_and_reason_are_those_of_the_server(caller: Caller, server: WireServer, status: str) -> None:
    server.will(answer(b"{}", status=status))

    response = await caller.get(server.url())

    assert f"{response.status_code} {response.reason}" == status


async def test_a_status_without_a_reason_is_no_error(caller: Caller, server: WireServer) -> None:
    server.will(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n")

    response = await caller.get(server.url())

    assert (response.status_code, response.reason) == (200, "")


async def test_the_answer_knows_its_request_and_url(caller: Caller, server: WireServer) -> None:
    response = await caller.send("GET", server.url("/a?b=c"))

    assert response.request.method == "GET"
    assert response.url == response.request.url == server.url("/a?b=c")


@pytest.mark.parametrize("name", ["X-Ms-Request-Id", "x-ms-request-id", "X-MS-REQUEST-ID"])
async def test_a_header_is_found_under_its_name_in_any_case(caller: Caller, server: WireServer, name: str) -> None:
    server.will(answer(b"", "x-ms-Request-id: 42"))

    response = await caller.get(server.url())

    assert response.headers[name] == response.headers.get(name) == "42"
    assert name in response.headers


async def test_a_header_that_is_not_there_is_none(caller: Caller, server: WireServer) -> None:
    response = await caller.get(server.url())

    assert response.headers.get("X-Missing") is None
    assert response.headers.get("X-Missing", "5") == "5"
    assert "X-Missing" not in response.headers


async def test_headers_of_one_name_are_joined(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Other: 3"))

    response = await caller.get(server.url())

    assert response.headers["set-cookie"] == "a=1, b=2"
    assert response.headers["X-Other"] == "3"


async def test_all_headers_can_be_listed(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"{}", "X-First: 1", "X-Second: 2"))

    response = await caller.get(server.url())

    assert {name.lower(): value for name, value in response.headers.items()} == {
        "content-length": "2",
        "x-first": "1",
        "x-second": "2",
    }


@pytest.mark.parametrize("value", ["Grüße".encode(), "Grüße".encode("latin-1")], ids=["utf-8", "latin-1"])
async def test_a_header_that_is_not_ascii_harms_nothing(caller: Caller, server: WireServer, value: bytes) -> None:
    # requests reads the value as Latin-1, aiohttp as UTF-8.
    server.will(b"HTTP/1.1 200 OK\r\nX-Odd: " + value + b"\r\nX-Next: 1\r\nContent-Length: 2\r\n\r\n{}")

    response = await caller.get(server.url())

    assert response.headers["X-Odd"].startswith("Gr")
    assert response.headers["X-Next"] == "1"
    assert response.json() == {}


async def test_a_long_header_comes_whole(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"", f"X-Long: {'x' * 8_000}"))

    response = await caller.get(server.url())

    assert response.headers["X-Long"] == "x" * 8_000


async def test_a_body_is_bytes_text_and_json(caller: Caller, server: WireServer) -> None:
    body = '{"name": "Grüße"}'.encode()
    server.will(answer(body, "Content-Type: application/json; charset=utf-8"))

    response = await caller.get(server.url())

    assert response.content == body
    assert response.text() == '{"name": "Grüße"}'
    assert response.json() == {"name": "Grüße"}
    assert response.content_type == "application/json; charset=utf-8"


async def test_json_that_is_broken_is_a_value_error(caller: Caller, server: WireServer) -> None:
    server.will(answer(b'{"a": ', "Content-Type: application/json"))

    response = await caller.get(server.url())

    with pytest.raises(json.JSONDecodeError):
        response.json()


@pytest.mark.parametrize(
    ("content_type", "body", "encoding", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"Gr\xfc\xdfe", "iso-8859-1", "Grüße"),
        ("text/plain; charset=utf-8", "Grüße".encode(), "utf-8", "Grüße"),
        ("text/plain; charset=utf-8", b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe", "utf-8", "Grüße"),
        ('text/plain; charset="utf-16"', "Grüße".encode("utf-16"), "utf-16", "Grüße"),
        ("text/plain", "Grüße".encode(), None, "Grüße"),
        ("text/plain; charset=no-such", b"plain", None, "plain"),
    ],
    ids=["latin-1", "utf-8", "utf-8 with a mark", "utf-16", "none", "unknown"],
)
async def test_text_is_read_with_the_charset_of_the_answer(
    caller: Caller, server: WireServer, content_type: str, body: bytes, encoding: str | None, text: str
) -> None:
    server.will(answer(body, f"Content-Type: {content_type}"))

    response = await caller.get(server.url())

    assert response.encoding == encoding
    assert response.text() == text


async def test_the_caller_may_say_which_charset_it_is(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"Gr\xfc\xdfe", "Content-Type: text/plain; charset=ascii"))

    response = await caller.get(server.url())

    assert response.text("latin-1") == "Grüße"
    response.encoding = "cp1252"
    assert response.encoding == "cp1252"
    assert response.text() == "Grüße"


async def test_an_answer_without_a_content_type_has_none(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"x"))

    response = await caller.get(server.url())

    assert response.content_type is None
    assert response.encoding is None


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Oh"])
async def test_a_bad_status_is_an_error_when_asked_for(caller: Caller, server: WireServer, status: str) -> None:
    server.will(answer(b'{"error": {"code": "Code", "message": "Message"}}', status=status))

    response = await caller.get(server.url())

    with pytest.raises(HttpResponseError) as caught:
        response.raise_for_status()
    assert caught.value.status_code == int(status[:3])
    assert caught.value.response is response
    assert caught.value.error is not None
    assert caught.value.error.code == "Code"


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "302 Found", "399 Odd"])
async def test_another_status_is_no_error(caller: Caller, server: WireServer, status: str) -> None:
    server.will(answer(status=status))

    response = await caller.get(server.url())

    response.raise_for_status()
    assert response.status_code == int(status[:3])


async def test_the_answer_shows_its_status_and_type_but_no_body(caller: Caller, server: WireServer) -> None:
    server.will(answer(b'{"token": "secret"}', "Content-Type: application/json", "X-Secret: secret"))

    response = await caller.get(server.url())

    assert "200 OK, Content-Type: application/json" in repr(response)
    assert "secret" not in repr(response)


async def test_an_answer_that_was_read_is_closed_and_consumed(caller: Caller, server: WireServer) -> None:
    response = await caller.get(server.url())

    assert response.is_closed
    assert response.is_stream_consumed


async def test_reading_twice_gives_the_same(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"once"))

    response = await caller.get(server.url(), stream=True)

    assert await caller.read(response) == b"once"
    assert await caller.read(response) == b"once"
    assert response.content == b"once"
    assert response.is_closed
    assert response.is_stream_consumed


# azure-core takes an empty body over aiohttp for one that was not read.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
async def test_reading_an_empty_body_twice_gives_the_same(caller: Caller, server: WireServer) -> None:
    server.will(answer())

    response = await caller.get(server.url())

    assert await caller.read(response) == b""
    assert await caller.read(response) == b""


async def test_a_stream_that_was_not_read_has_no_content(caller: Caller, server: WireServer) -> None:
    response = await caller.get(server.url(), stream=True)

    assert not response.is_stream_consumed
    for look in (lambda: response.content, response.text, response.json):
        with pytest.raises(ResponseNotReadError):
            look()
    await caller.read(response)
    assert response.json() == {}


@pytest.mark.parametrize("how", ["iter_bytes", "iter_raw"])
async def test_a_stream_gives_the_whole_body_in_parts(caller: Caller, server: WireServer, how: str) -> None:
    server.will(answer(HUGE))

    response = await caller.get(server.url(), stream=True)
    parts = await caller.parts(response, how)

    assert b"".join(parts) == HUGE
    assert len(parts) > 10
    assert max(len(part) for part in parts) < 1_000_000
    assert response.is_stream_consumed
    assert response.is_closed


@pytest.mark.parametrize("how", ["iter_bytes", "iter_raw"])
async def test_a_stream_can_be_gone_through_only_once(caller: Caller, server: WireServer, how: str) -> None:
    response = await caller.get(server.url(), stream=True)
    await caller.parts(response, how)

    with pytest.raises(StreamConsumedError):
        await caller.parts(response, how)
    with pytest.raises(StreamConsumedError):
        await caller.read(response)


async def test_what_was_read_can_be_gone_through_in_parts(caller: Caller, server: WireServer) -> None:
    server.will(answer(HUGE))

    response = await caller.get(server.url())

    assert b"".join(await caller.parts(response)) == HUGE
    assert b"".join(await caller.parts(response)) == HUGE


async def test_what_was_read_has_no_raw_bytes_left(caller: Caller, server: WireServer) -> None:
    response = await caller.get(server.url())

    with pytest.raises(StreamConsumedError):
        await caller.parts(response, "iter_raw")


@pytest.mark.parametrize("how", ["iter_bytes", "iter_raw"])
async def test_a_stream_that_was_closed_cannot_be_read(caller: Caller, server: WireServer, how: str) -> None:
    response = await caller.get(server.url(), stream=True)
    await caller.done(response.close())

    assert response.is_closed
    with pytest.raises(StreamClosedError):
        await caller.parts(response, how)
    with pytest.raises(StreamClosedError):
        await caller.read(response)


async def test_closing_an_answer_twice_does_no_harm(caller: Caller, server: WireServer) -> None:
    response = await caller.get(server.url(), stream=True)

    await caller.done(response.close())
    await caller.done(response.close())

    assert response.is_closed


async def test_the_transport_works_after_a_stream_was_left_half_read(caller: Caller, server: WireServer) -> None:
    server.will(answer(HUGE))
    response = await caller.get(server.url(), stream=True)
    if caller.kind.is_async:
        await anext(response.iter_bytes())
    else:
        next(response.iter_bytes())
    await caller.done(response.close())

    assert (await caller.get(server.url("/next"))).json() == {}
    assert server.connections == 2
    server.wait(lambda: server.open_connections == 1)


async def test_the_block_of_an_answer_closes_it(caller: Caller, server: WireServer) -> None:
    response = await caller.get(server.url(), stream=True)

    if caller.kind.is_async:
        async with response as inside:
            assert inside is response
    else:
        with response as inside:
            assert inside is response

    assert response.is_closed


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["204", "204 with a length", "304 with a length", "length 0"],
)
async def test_an_answer_without_a_body_is_empty_and_keeps_the_connection(
    caller: Caller, server: WireServer, raw: bytes
) -> None:
    server.will(raw)

    response = await caller.get(server.url())

    assert response.status_code == int(raw.split()[1])
    assert response.content == b""
    assert response.text() == ""
    await caller.get(server.url())
    assert server.connections == 1


async def test_the_answer_to_head_has_headers_and_no_body(caller: Caller, server: WireServer) -> None:
    server.will(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-Kept: 1\r\n\r\n")

    response = await caller.send("HEAD", server.url())

    assert response.content == b""
    assert response.headers["Content-Length"] == "1000"
    assert response.headers["X-Kept"] == "1"
    await caller.get(server.url())
    assert server.connections == 1


async def test_a_huge_body_comes_whole(caller: Caller, server: WireServer) -> None:
    server.will(answer(HUGE))

    response = await caller.get(server.url())

    assert len(HUGE) > 20_000_000
    assert response.content == HUGE


@pytest.mark.parametrize("stream", [False, True], ids=["read", "streamed"])
async def test_chunks_become_one_body(caller: Caller, server: WireServer, *, stream: bool) -> None:
    server.will(chunked(b"first ", b"second ", b"x" * 200_000))

    response = await caller.get(server.url(), stream=stream)

    assert b"".join(await caller.parts(response)) == b"first second " + b"x" * 200_000


async def test_a_body_without_a_length_ends_with_the_connection(caller: Caller, server: WireServer) -> None:
    server.will(b"HTTP/1.1 200 OK\r\n\r\nall of it", Step.CLOSE)

    assert (await caller.get(server.url())).content == b"all of it"
    assert (await caller.get(server.url())).json() == {}
    assert server.connections == 2


async def test_a_connection_that_the_server_will_close_is_not_used_again(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"{}", "Connection: close"), Step.CLOSE)

    for _ in range(2):
        assert (await caller.get(server.url())).json() == {}

    assert server.connections == 2


async def test_an_answer_that_comes_bit_by_bit_comes_whole(caller: Caller, server: WireServer) -> None:
    whole = chunked(b"first ", b"second", headers=("X-Kept: 1",))
    server.will(*(whole[index : index + 1] for index in range(len(whole))))

    response = await caller.get(server.url())

    assert response.content == b"first second"
    assert response.headers["X-Kept"] == "1"


@pytest.mark.parametrize("name", ["gzip", "GZIP"])
@pytest.mark.parametrize("stream", [False, True], ids=["read", "streamed"])
async def test_a_gzipped_body_is_decompressed(caller: Caller, server: WireServer, name: str, *, stream: bool) -> None:
    server.will(answer(PACKED, f"Content-Encoding: {name}"))

    response = await caller.get(server.url(), stream=stream)

    assert b"".join(await caller.parts(response)) == b"the content " * 10_000


async def test_gzipped_json_in_chunks_is_json(caller: Caller, server: WireServer) -> None:
    packed = gzip.compress(b'{"a": 1}')
    server.will(chunked(packed[:7], packed[7:], headers=("Content-Encoding: gzip", "Content-Type: application/json")))

    response = await caller.get(server.url())

    assert response.json() == {"a": 1}
    assert response.content == b'{"a": 1}'
    assert await caller.read(response) == b'{"a": 1}'


async def test_raw_bytes_stay_compressed(caller: Caller, server: WireServer) -> None:
    server.will(answer(PACKED, "Content-Encoding: gzip"))

    response = await caller.get(server.url(), stream=True)

    assert b"".join(await caller.parts(response, "iter_raw")) == PACKED


async def test_a_deflated_body_is_decompressed(caller: Caller, server: WireServer) -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    server.will(answer(packer.compress(b"the content") + packer.flush(), "Content-Encoding: deflate"))

    assert (await caller.get(server.url())).content == b"the content"


# azure-core decompresses for aiohttp itself, and only what has no header of zlib.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
async def test_a_deflated_body_with_its_header_is_decompressed(caller: Caller, server: WireServer) -> None:
    server.will(answer(zlib.compress(b"the content"), "Content-Encoding: deflate"))

    assert (await caller.get(server.url())).content == b"the content"


async def test_an_empty_gzipped_body_is_empty(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"", "Content-Encoding: gzip"))

    assert (await caller.get(server.url())).content == b""


async def test_a_body_in_an_unknown_coding_stays_as_it_is(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"whatever", "Content-Encoding: no-such"))

    assert (await caller.get(server.url())).content == b"whatever"


# With azure-core over aiohttp the error is zlib's own.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
@pytest.mark.parametrize("stream", [False, True], ids=["read", "streamed"])
async def test_a_broken_gzip_is_an_error_that_says_so(caller: Caller, server: WireServer, *, stream: bool) -> None:
    server.will(answer(b"this is no gzip at all", "Content-Encoding: gzip"))

    # Where requests reads the body itself, azure-core has a ServiceResponseError for it.
    with pytest.raises((DecodeError, ServiceResponseError), match="incorrect header check") as caught:
        await caller.parts(await caller.get(server.url(), stream=stream))

    assert caught.value.inner_exception is not None
    assert (await caller.get(server.url())).json() == {}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(caller: Caller, server: WireServer, status: int) -> None:
    server.will(answer(b"over there", "Location: /elsewhere", status=f"{status} Moved"))

    response = await caller.get(server.url())

    assert response.status_code == status
    assert response.headers["Location"] == "/elsewhere"
    assert response.content == b"over there"
    assert [request.target for request in server.received] == ["/"]


async def test_an_answer_in_advance_is_skipped(caller: Caller, server: WireServer) -> None:
    server.will(b"HTTP/1.1 100 Continue\r\n\r\n", OK)

    assert (await caller.get(server.url())).status_code == 200


async def test_http_1_0_is_understood(caller: Caller, server: WireServer) -> None:
    server.will(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", Step.CLOSE)

    assert (await caller.get(server.url())).json() == {}


async def test_each_of_many_answers_belongs_to_its_request(caller: Caller, server: WireServer) -> None:
    for number in range(5):
        server.will(answer(json.dumps(number).encode()))

    found: list[Any] = [(await caller.get(server.url(f"/{number}"))).json() for number in range(5)]

    assert found == list(range(5))
