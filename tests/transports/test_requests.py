"""What goes out is what was asked for."""

import io
from pathlib import Path
from typing import Any

import pytest

from acs_identity._signing import canonical_url

from .callers import AZURE_AIOHTTP, AZURE_REQUESTS, OURS_AIOHTTP, OURS_URLLIB3, Caller, only
from .wire import WireServer, answer


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"])
async def test_the_method_goes_out_as_it_was_given(caller: Caller, server: WireServer, method: str) -> None:
    server.will(answer())

    await caller.send(method, server.url("/identities"))

    assert server.received[0].line == f"{method} /identities HTTP/1.1"


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/identities/8:acs:1_2?api-version=2026-09-23",
        "/a%2Fb/c%3Fd",
        "/~user/a-b_c.d",
        "/a;b=1,c/(x)!$&'*@",
        "/100%25%20sure",
        "/%252F",
        "/gr%C3%BC%C3%9Fe?q=%E2%82%AC",
        "/?a=1+2&b=1%2B2&c=%26&d=%3D&a=3",
        "/?next=https://contoso.com:8080/?x",
        "/?empty=&bare",
        "//double//slash",
        "/identities/",
    ],
)
async def test_a_canonical_url_goes_out_byte_by_byte(caller: Caller, server: WireServer, target: str) -> None:
    url = server.url(target)
    assert canonical_url(url) == url

    await caller.send("GET", url)

    assert server.received[0].line == f"GET {target} HTTP/1.1"


# requests spells %7E as ~, azure-core's aiohttp %3A as :.
@only(OURS_URLLIB3, OURS_AIOHTTP)
async def test_ours_send_also_other_urls_as_they_are(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url("/8%3Aacs%3A1%7E?x=%2F%7E%3A"))

    assert server.received[0].target == "/8%3Aacs%3A1%7E?x=%2F%7E%3A"


async def test_an_escape_that_was_signed_is_not_spelled_anew(caller: Caller, server: WireServer) -> None:
    signed = canonical_url(server.url("/identities/8%3aacs%3A1%7e?x=%2f%7E"))

    await caller.send("GET", signed)

    assert server.received[0].target == "/identities/8:acs:1~?x=/~"


@pytest.mark.parametrize(
    ("path", "target"),
    [("", "/"), ("?a=b", "/?a=b"), ("/a#part", "/a"), ("/a?b=c#part", "/a?b=c"), ("?a=b/c", "/?a=b/c")],
)
async def test_a_url_without_a_path_asks_for_the_root_and_its_fragment_stays_here(
    caller: Caller, server: WireServer, path: str, target: str
) -> None:
    await caller.send("GET", server.url(path))

    assert server.received[0].target == target


async def test_scheme_and_host_may_be_in_capitals(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url("/Path", "LocalHost").replace("http:", "HTTP:"))

    assert server.received[0].target == "/Path"


async def test_parameters_become_the_query(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url("/list"), params={"top": "5", "tag": ["a", "b"]})

    assert server.received[0].target == "/list?top=5&tag=a&tag=b"


async def test_the_host_header_names_host_and_port(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url())

    assert server.received[0].values("Host") == [server.url("").removeprefix("http://")]


async def test_a_host_header_of_the_caller_is_the_only_one(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url(), headers={"Host": "contoso.communication.azure.com"})

    assert server.received[0].values("Host") == ["contoso.communication.azure.com"]


async def test_headers_go_out_once_in_their_order_with_their_values(caller: Caller, server: WireServer) -> None:
    given = {"x-ms-date": "Sun, 22 Nov 2026 10:00:00 GMT", "Authorization": "HMAC-SHA256 a&b=c==", "X-Empty": ""}

    await caller.send("GET", server.url(), headers=given)

    names = {name.lower() for name in given}
    sent = [(name, value) for name, value in server.received[0].headers if name.lower() in names]
    assert sent == list(given.items())


async def test_a_user_agent_of_the_caller_is_the_only_one(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url(), headers={"User-Agent": "acs-identity/1.0"})

    assert server.received[0].values("User-Agent") == ["acs-identity/1.0"]


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nX-Injected: 1"])
async def test_a_line_break_in_a_header_does_not_make_another_header(
    caller: Caller, server: WireServer, value: str
) -> None:
    # requests names an azure-core error, aiohttp a ValueError.
    with pytest.raises(Exception, match=r"(?i)header|newline|character|line"):
        await caller.send("GET", server.url(), headers={"X-Given": value})

    assert server.received == []


async def test_gzip_is_asked_for(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url())

    assert "gzip" in (server.received[0].value("Accept-Encoding") or "")


async def test_an_accept_encoding_of_the_caller_is_the_only_one(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url(), headers={"Accept-Encoding": "identity"})

    assert server.received[0].values("Accept-Encoding") == ["identity"]


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"\x00\xff\r\n", b"\x00\xff\r\n"),
        # azure-core counts characters for the length of text, which only requests corrects.
        ("text", b"text"),
        # aiohttp warns of more.
        (b"x" * 1_000_000, b"x" * 1_000_000),
    ],
    ids=["bytes", "text", "megabyte"],
)
async def test_a_body_goes_out_whole_with_its_length(
    caller: Caller, server: WireServer, content: Any, sent: bytes
) -> None:
    await caller.send("PUT", server.url(), content=content)

    assert server.received[0].body == sent
    assert server.received[0].values("Content-Length") == [str(len(sent))]
    assert server.received[0].value("Transfer-Encoding") is None


# With aiohttp azure-core sends as many bytes as the text has characters.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
async def test_text_that_is_not_ascii_goes_out_whole(caller: Caller, server: WireServer) -> None:
    await caller.send("POST", server.url(), content="Grüße, 世界")

    assert server.received[0].body == "Grüße, 世界".encode()
    assert server.received[0].values("Content-Length") == [str(len("Grüße, 世界".encode()))]


# With aiohttp azure-core calls it application/octet-stream.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
async def test_bytes_of_a_type_that_nobody_named_have_none(caller: Caller, server: WireServer) -> None:
    await caller.send("POST", server.url(), content=b"bytes")

    assert server.received[0].value("Content-Type") is None


@pytest.mark.parametrize("body", [{}, {"content": b""}], ids=["none", "empty"])
async def test_a_post_without_a_body_says_that_its_length_is_nothing(
    caller: Caller, server: WireServer, body: dict[str, Any]
) -> None:
    await caller.send("POST", server.url(), **body)

    assert server.received[0].values("Content-Length") == ["0"]
    assert server.received[0].value("Transfer-Encoding") is None
    assert server.received[0].body == b""


async def test_a_request_without_a_body_names_no_content_type(caller: Caller, server: WireServer) -> None:
    await caller.send("POST", server.url())
    await caller.send("GET", server.url())

    assert [request.value("Content-Type") for request in server.received] == [None, None]


async def test_a_get_without_a_body_announces_none(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url())

    assert server.received[0].value("Transfer-Encoding") is None
    assert server.received[0].value("Content-Length") in {None, "0"}


async def test_json_goes_out_with_its_content_type(caller: Caller, server: WireServer) -> None:
    await caller.send("POST", server.url(), json={"scopes": ["chat"]})

    assert server.received[0].body == b'{"scopes": ["chat"]}'
    assert server.received[0].values("Content-Type") == ["application/json"]


async def test_a_content_type_of_the_caller_is_the_only_one(caller: Caller, server: WireServer) -> None:
    await caller.send("POST", server.url(), content=b"{}", headers={"Content-Type": "application/merge-patch+json"})

    assert server.received[0].values("Content-Type") == ["application/merge-patch+json"]


async def test_a_body_that_is_made_while_it_is_sent_goes_out_in_chunks(caller: Caller, server: WireServer) -> None:
    await caller.send("POST", server.url(), content=caller.upload(b"first ", b"second ", b"x" * 100_000))

    assert server.received[0].body == b"first second " + b"x" * 100_000
    assert server.received[0].value("Transfer-Encoding") == "chunked"
    assert server.received[0].value("Content-Length") is None


async def test_a_body_that_fails_while_it_is_sent_is_never_taken_for_whole(caller: Caller, server: WireServer) -> None:
    # requests and urllib3 raise the error of the body itself, aiohttp one of its own.
    with pytest.raises(Exception, match=r"(?i)broken half|connection"):
        await caller.send("POST", server.url("/broken"), content=caller.broken_upload(b"first"))

    await caller.get(server.url("/next"))
    assert [request.target for request in server.received] == ["/next"]


async def test_a_file_goes_out_whole(caller: Caller, server: WireServer, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1_000
    path = tmp_path / "body.bin"
    path.write_bytes(content)

    with path.open("rb") as file:
        await caller.send("POST", server.url(), content=file)

    assert server.received[0].body == content


async def test_a_file_in_memory_goes_out_whole(caller: Caller, server: WireServer) -> None:
    await caller.send("POST", server.url(), content=io.BytesIO(b"in memory"))

    assert server.received[0].body == b"in memory"


async def test_a_form_goes_out_encoded(caller: Caller, server: WireServer) -> None:
    await caller.send("POST", server.url(), data={"user": "8:acs:1", "text": "a b&c=ü"})

    assert server.received[0].body == b"user=8%3Aacs%3A1&text=a+b%26c%3D%C3%BC"
    assert server.received[0].values("Content-Type") == ["application/x-www-form-urlencoded"]


async def test_files_go_out_as_parts_of_a_form(caller: Caller, server: WireServer) -> None:
    await caller.send(
        "POST", server.url(), files={"upload": ("name.txt", b"the content", "text/plain")}, data={"field": "value"}
    )

    received = server.received[0]
    kind, _, boundary = (received.value("Content-Type") or "").partition("; boundary=")
    assert kind == "multipart/form-data"
    parts = received.body.split(b"--" + boundary.encode())
    assert [part for part in parts if b'name="field"' in part and part.endswith(b"\r\n\r\nvalue\r\n")]
    file = next(part for part in parts if b'name="upload"' in part)
    assert b'filename="name.txt"' in file
    assert b"Content-Type: text/plain\r\n" in file
    assert file.endswith(b"\r\n\r\nthe content\r\n")


async def test_a_request_that_is_sent_twice_is_the_same_twice(caller: Caller, server: WireServer) -> None:
    for _ in range(2):
        await caller.send("POST", server.url("/a?b=c"), json={"a": 1}, headers={"X-Given": "1"})

    first, second = server.received
    assert (first.line, first.headers, first.body) == (second.line, second.headers, second.body)


# requests keeps cookies as long as its session lives.
@only(AZURE_AIOHTTP, OURS_URLLIB3, OURS_AIOHTTP)
async def test_a_cookie_is_not_kept_for_the_next_request(caller: Caller, server: WireServer) -> None:
    server.will(answer(b"", "Set-Cookie: session=secret; Path=/"))

    # By its name: aiohttp keeps no cookies of addresses.
    await caller.send("GET", server.url("/", "localhost"))
    await caller.send("GET", server.url("/", "localhost"))

    assert [request.value("Cookie") for request in server.received] == [None, None]


async def test_a_cookie_of_the_caller_goes_out(caller: Caller, server: WireServer) -> None:
    await caller.send("GET", server.url(), headers={"Cookie": "a=1; b=2"})

    assert server.received[0].values("Cookie") == ["a=1; b=2"]
