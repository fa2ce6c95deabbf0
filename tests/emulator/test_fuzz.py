"""Whatever comes over the wire, the answer is one of the service's kind, and nothing that was answered is lost."""

import http.client
import io
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acs_identity_emulator import BODY_LIMIT, Emulator, EmulatorServer

from .fuzzing import explore

VERSION = "2025-03-02-preview"
CREATE = f"/identities?api-version={VERSION}"
BOUND = 20


KNOWN = b'{"customId":"known"}'


class Answer:
    """One answer as it was on the wire, read by http.client."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def reason(self) -> str:
        return self.headers["x-emulator-reason"] or ""

    def members(self) -> Any:
        return json.loads(self.body)


class Wire:
    """A server with an identity in it that must still be there at the end."""

    def __init__(self, server: EmulatorServer) -> None:
        self.server = server
        self.emulator = server.emulator
        host, port = server.endpoint.removeprefix("http://").split(":")
        self.address = host, int(port)
        self.bearer = f"Authorization: Bearer {self.emulator.entra.issue_token()}"
        made = self.ask(self.head("POST", CREATE, "Content-Type: application/json", "Content-Length: 20") + KNOWN)
        self.identity: str = made.members()["identity"]["id"]

    def head(self, method: str, target: str, *lines: str, version: str = "HTTP/1.1") -> bytes:
        all_lines = [f"{method} {target} {version}", "Host: 127.0.0.1", self.bearer, *lines, "", ""]
        return "\r\n".join(all_lines).encode("latin-1")

    def ask(self, data: bytes, **options: Any) -> Answer:
        (answer,) = self.talk(data, **options)
        return answer

    def talk(self, data: bytes, *, method: str = "POST") -> list[Answer]:
        """Send all of it on a connection of its own, end the sending, and return what was answered until the end."""
        with socket.create_connection(self.address, timeout=BOUND) as connection:
            reader = threading.Thread(target=self._send, args=(connection, data))
            reader.start()
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
            except ConnectionResetError:
                # The server ended the connection while there was more to read.
                pass
            reader.join(BOUND)
        return _answers(received, method)

    def check_alive(self) -> None:
        """What was answered before is still there, and a new request is answered."""
        read = self.ask(self.head("GET", f"/identities/{self.identity}?api-version={VERSION}"))
        assert (read.status, read.members()) == (200, {"customId": "known", "id": self.identity})

    @staticmethod
    def _send(connection: socket.socket, data: bytes) -> None:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            # Who is refused early cannot send the rest.
            pass


class _Stream(io.BytesIO):
    """Gives one answer after the other, whichever of them closes it."""

    def makefile(self, _: str) -> io.BytesIO:
        return self

    def close(self) -> None:
        pass


def _answers(received: bytes, method: str) -> list[Answer]:
    stream = _Stream(received)
    answers: list[Answer] = []
    # Who never sends the body that it was told to go on with gets no other answer.
    while received[stream.tell() :] not in {b"", b"HTTP/1.1 100 Continue\r\n\r\n"}:
        response = http.client.HTTPResponse(stream, method=method)  # type: ignore[arg-type]
        response.begin()
        answers.append(Answer(response))
    return answers


def check_refusal(answer: Answer) -> None:
    """An error in the form of the service, with the reason for the developer, and for what is no HTTP the same."""
    assert 400 <= answer.status < 500, answer.status
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.members()["error"]) <= {"code", "message", "target"}
    assert answer.reason.isascii()
    assert answer.reason


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with EmulatorServer(Emulator()) as server:
        yield Wire(server)


@pytest.fixture(autouse=True)
def unharmed(wire: Wire, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
        wire.check_alive()
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


# What is no HTTP


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n\r\nx\r\n\r\n",
        b"\x00" * 1000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xab" * 500,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1 x\r\n\r\n",
        b"POST\r\n\r\n",
        b"G\xc3\x84T / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n: no name\r\n\r\n",
        b"GET / HTTP/1.1\r\nna me: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: a\x00b\r\n\r\n",
        b"\xff\xfe" * 40_000,
        "POST /identities HTTP/1.1\r\n\r\n".encode("utf-16"),
    ],
    ids=range(14),
)
def test_bytes_that_are_no_request_are_answered_with_400_in_the_form_of_the_service(wire: Wire, data: bytes) -> None:
    answer = wire.ask(data)
    check_refusal(answer)
    assert answer.status == 400
    assert answer.headers["Connection"] == "close"


@pytest.mark.parametrize("data", [b"", b"\r\n", b"P", b"POST /identities HTTP/1.1\r\nHost", b"POST / HTTP/1.1\r\n" * 2])
def test_who_says_nothing_whole_gets_no_answer_or_400(wire: Wire, data: bytes) -> None:
    for answer in wire.talk(data):
        assert answer.status == 400


def test_any_bytes_are_refused_and_do_no_harm(wire: Wire) -> None:
    @given(st.binary(max_size=400))
    def send(data: bytes) -> None:
        for answer in wire.talk(data + b"\r\n\r\n"):
            check_refusal(answer)

    explore(send, 60)


TOKEN_BYTES = st.text("abcXYZ-09!#", min_size=1, max_size=12)
LINE = st.one_of(
    st.sampled_from(
        [
            "Content-Length: 5",
            "Content-Length: -5",
            "Content-Length: 5, 5",
            "Content-Length: 99999999999999999999999999",
            "Content-Length: 0x5",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: xchunked",
            "Expect: 100-continue",
            "Expect: tea",
            "Connection: close",
            "Connection: upgrade\r\nUpgrade: websocket",
            "Content-Type: application/json",
            "Content-Type: text/html; charset=\xff",
            "x-ms-date: Thu, 01 Oct 2026 12:00:00 GMT",
            "x-ms-client-request-id: \x01\x7f\xe9",
            "Authorization: HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA",
            "Accept-Encoding: gzip",
            " folded",
        ]
    ),
    st.builds("{}: {}".format, TOKEN_BYTES, st.text(st.characters(max_codepoint=255), max_size=30)),
)
TARGET = st.one_of(
    st.sampled_from([CREATE, "*", "/", "/_emulator", "http://x/identities", "/identities/%", "//x", "", "x:1"]),
    st.text(st.characters(max_codepoint=255), max_size=40),
)
BODY = st.one_of(
    st.sampled_from(
        [b"", b"{}", b"[1]", b'{"createTokenWithScopes":', b"2\r\n{}\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n"]
    ),
    st.binary(max_size=50),
)


def test_any_request_line_headers_and_body_are_answered_in_the_form_of_the_service(wire: Wire) -> None:
    @given(
        st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "post"]),
        TARGET,
        st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9"]),
        st.lists(LINE, max_size=5),
        st.booleans(),
        BODY,
    )
    def send(method: str, target: str, version: str, lines: list[str], is_known: bool, body: bytes) -> None:
        head = [f"{method} {target} {version}", "Host: x", *([wire.bearer] if is_known else []), *lines, "", ""]
        for answer in wire.talk("\r\n".join(head).encode("latin-1") + body):
            if answer.status not in {100, 200, 201, 204} or not is_known:
                check_refusal(answer)

    explore(send, 120)


# Paths


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/identities/%2e%2e", 400),
        ("/identities/..", 400),
        ("/identities/../identities", 404),
        ("/identities/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/identities/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 400),
        ("/identities/%252e%252e", 400),
        ("/identities/%00", 400),
        ("/identities/%ff%fe", 400),
        ("/identities/%", 400),
        ("/identities/%zz", 400),
        ("/identities/%c0%ae%c0%ae", 400),
        ("/identities/" + "a" * 20_000, 400),
        ("/identities/x;y=z", 400),
        ("/identities/8:acs:1_2\\..", 400),
        ("/./identities", 404),
        ("//identities", 404),
        ("/identities//", 404),
        ("/_emulator%2fhealth%2flive", 404),
        ("/%5femulator/../identities", 404),
        ("/access/entra/assignments/%2e%2e", 400),
    ],
)
def test_a_path_with_tricks_names_nothing(wire: Wire, path: str, status: int) -> None:
    answer = wire.ask(wire.head("GET", f"{path}?api-version={VERSION}", "Connection: close"))
    check_refusal(answer)
    assert answer.status == status


@pytest.mark.parametrize("spelling", [":", "%3A", "%3a"])
@pytest.mark.parametrize("others", [False, True], ids=["as-is", "all-escaped"])
def test_every_spelling_of_an_id_names_the_same_identity(wire: Wire, spelling: str, others: bool) -> None:
    path = wire.identity.replace(":", spelling)
    if others:
        path = "".join(f"%{byte:02x}" for byte in wire.identity.encode())
    answer = wire.ask(wire.head("GET", f"/identities/{path}?api-version={VERSION}"))
    assert (answer.status, answer.members()["id"]) == (200, wire.identity)


def test_an_id_that_is_escaped_twice_names_nothing(wire: Wire) -> None:
    path = wire.identity.replace(":", "%253A")
    check_refusal(wire.ask(wire.head("GET", f"/identities/{path}?api-version={VERSION}")))


# Bodies


def post(wire: Wire, body: bytes, *lines: str, target: str = CREATE) -> Answer:
    content_type = () if any(line.startswith("Content-Type") for line in lines) else ("Content-Type: application/json",)
    return wire.ask(wire.head("POST", target, *content_type, f"Content-Length: {len(body)}", *lines) + body)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400),
        (b"{", 400),
        (b'{"customId":"\xff"}', 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b'{"customId":"\\ud800"}', 400),
        (b'{"expiresInMinutes":1e400}', 400),
        (b'{"expiresInMinutes":' + b"9" * 5000 + b"}", 400),
        (b'{"expiresInMinutes":NaN}', 400),
        (b'{"createTokenWithScopes":[' + b'"chat",' * 50_000 + b'"voip"]}', 201),
        (b'{"customId":"' + b"x" * 100_000 + b'"}', 400),
        (b"{}" + b" " * (BODY_LIMIT - 2), 201),
        (b"{}" + b" " * (BODY_LIMIT - 1), 413),
        (b"x" * (4 * BODY_LIMIT), 413),
        (b"{}\x00", 400),
    ],
    ids=range(15),
)
def test_a_bad_or_huge_body_is_taken_or_refused_as_the_service_does(wire: Wire, body: bytes, status: int) -> None:
    answer = post(wire, body, "Connection: close")
    assert answer.status == status
    if status != 201:
        check_refusal(answer)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "\xff",
        "/",
    ],
)
def test_a_body_of_another_content_type_is_refused(wire: Wire, content_type: str) -> None:
    answer = post(wire, b"{}", f"Content-Type: {content_type}")
    check_refusal(answer)
    assert answer.status == 415


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


CHUNKED = ("Content-Type: application/json", "Transfer-Encoding: chunked")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (chunked(b"{", b"}"), 201),
        (chunked(*[b" "] * 3000, b"{}"), 201),
        (chunked(b"{}", end=b"0\r\nTrailer: x\r\n\r\n"), 201),
        (b"2;extension=1\r\n{}\r\n0\r\n\r\n", 201),
        (b"0002\r\n{}\r\n0\r\n\r\n", 201),
        (chunked(*[b"x" * 65536] * 64), 413),
        (b"g\r\n{}\r\n0\r\n\r\n", 400),
        (b"-2\r\n{}\r\n0\r\n\r\n", 400),
        (b"ffffffffffffffffff\r\n{}", 400),
        (b"2\r\n{}}}\r\n0\r\n\r\n", 400),
    ],
    ids=range(10),
)
def test_a_body_in_chunks_is_taken_and_a_malformed_one_refused(wire: Wire, data: bytes, status: int) -> None:
    answer = wire.ask(wire.head("POST", CREATE, *CHUNKED, "Connection: close") + data)
    assert answer.status == status
    if status != 201:
        check_refusal(answer)


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: -1",),
        ("Content-Length: 2 2",),
        ("Content-Length: 0x2",),
        ("Content-Length: 18446744073709551617",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: x",),
    ],
    ids=range(8),
)
def test_a_body_without_a_clear_length_is_refused(wire: Wire, lines: tuple[str, ...]) -> None:
    answers = wire.talk(wire.head("POST", CREATE, *lines) + b"{}")
    assert [answer.status for answer in answers] == [400]
    check_refusal(answers[0])


def test_who_asks_first_is_told_to_go_on(wire: Wire) -> None:
    with socket.create_connection(wire.address, timeout=BOUND) as connection:
        lines = ("Content-Type: application/json", "Content-Length: 2", "Expect: 100-continue")
        connection.sendall(wire.head("POST", CREATE, *lines))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")


# Heads


FLOODS = {
    "many": [f"x-{number}: y" for number in range(20_000)],
    "the-same": ["x: y"] * 20_000,
    "long": ["x: " + "y" * 1_000_000],
    "long-name": ["x" * 1_000_000 + ": y"],
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_headers_is_refused_or_taken_as_one_request(wire: Wire, kind: str) -> None:
    # The limit is about 64 KiB: what arrives with the end of the head in the same packet is taken.
    answers = wire.talk(wire.head("POST", CREATE, *FLOODS[kind], "Content-Length: 0"))
    assert len(answers) <= 1
    for answer in answers:
        if answer.status != 201:
            check_refusal(answer)


def test_a_long_target_is_refused(wire: Wire) -> None:
    for answer in wire.talk(wire.head("POST", CREATE + "&x=" + "y" * 1_000_000)):
        check_refusal(answer)


@pytest.mark.parametrize("value", ["\x01", "\x7f", "\xe9\xff", "a\tb", "%0d%0aSet-Cookie: x", "x" * 10_000, ""])
def test_a_client_request_id_with_odd_characters_comes_back_or_is_refused(wire: Wire, value: str) -> None:
    answer = wire.ask(wire.head("POST", CREATE, f"x-ms-client-request-id: {value}", "Content-Length: 0"))
    if answer.status == 201:
        assert (answer.headers["x-ms-client-request-id"] or "") == value.strip()
    else:
        check_refusal(answer)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW", "post"])
def test_another_method_is_refused(wire: Wire, method: str) -> None:
    answer = wire.ask(wire.head(method, CREATE, "Content-Length: 0"), method=method)
    assert answer.status in {400, 405}
    if method != "HEAD":
        check_refusal(answer)


# Connections


def test_requests_in_one_go_are_answered_in_their_order(wire: Wire) -> None:
    ids = [f"{number}" for number in range(60)]
    requests = [wire.head("POST", CREATE, f"x-ms-client-request-id: {id_}", "Content-Length: 0") for id_ in ids]
    # Bodies between them, and endpoints of the emulator's own, do not change the order.
    requests[10] = wire.head("POST", CREATE, "x-ms-client-request-id: 10", "Content-Type: application/json",
                             "Content-Length: 2") + b"{}"  # fmt: skip
    requests[20] = wire.head("GET", "/_emulator/health/live")
    answers = wire.talk(b"".join(requests))
    assert [answer.headers["x-ms-client-request-id"] for answer in answers] == [*ids[:20], None, *ids[21:]]
    assert {answer.status for answer in answers} == {200, 201}


def test_garbage_after_a_request_does_not_spoil_its_answer(wire: Wire) -> None:
    first, *others = wire.talk(wire.head("POST", CREATE, "Content-Length: 0") + b"\x00garbage\r\n\r\n")
    assert first.status == 201
    for answer in others:
        check_refusal(answer)


@pytest.mark.parametrize("sent", [0.2, 0.6, 0.95])
def test_half_a_request_does_nothing(wire: Wire, sent: float) -> None:
    body = b'{"customId":"half"}'
    data = wire.head("POST", CREATE, "Content-Type: application/json", f"Content-Length: {len(body)}") + body
    before = wire.emulator.journal.next_number()
    for answer in wire.talk(data[: int(len(data) * sent)]):
        check_refusal(answer)
    assert [entry.status for entry in wire.emulator.journal.entries(before) if entry.status < 400] == []


def test_a_client_that_leaves_before_its_answer_does_no_harm(wire: Wire) -> None:
    data = wire.head("POST", CREATE, "Content-Length: 0")
    for _ in range(20):
        connection = socket.create_connection(wire.address, timeout=BOUND)
        connection.sendall(data * 5)
        connection.close()


def test_a_request_that_comes_byte_by_byte_is_answered(wire: Wire) -> None:
    data = wire.head("POST", CREATE, "Content-Type: application/json", "Content-Length: 2") + b"{}"
    with socket.create_connection(wire.address, timeout=BOUND) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            connection.sendall(bytes([byte]))
        assert connection.recv(65536).startswith(b"HTTP/1.1 201 ")


def test_garbage_on_some_connections_does_not_hold_up_the_others(wire: Wire) -> None:
    statuses: list[int] = []

    def work(number: int) -> None:
        for _ in range(15):
            if number % 2:
                wire.talk(b"\xff\x00garbage\r\n\r\n" * 50)
            else:
                statuses.append(wire.ask(wire.head("POST", CREATE, "Content-Length: 0")).status)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND)
    assert statuses == [201] * 60


def test_what_was_answered_is_there_whatever_came_in_between(wire: Wire) -> None:
    """Random bytes and good requests, all on connections of their own."""
    kept: dict[str, str] = {}

    @given(st.lists(st.one_of(st.none(), st.binary(max_size=80)), max_size=6))
    def mix(steps: list[bytes | None]) -> None:
        for step in steps:
            if step is not None:
                wire.talk(step + b"\r\n\r\n")
                continue
            custom_id = f"kept-{len(kept)}"
            kept[custom_id] = post(wire, json.dumps({"customId": custom_id}).encode()).members()["identity"]["id"]
        for custom_id, identity in kept.items():
            assert post(wire, json.dumps({"customId": custom_id}).encode()).members()["identity"]["id"] == identity

    explore(mix, 15)
    assert kept
