"""Over HTTP the emulator gets what is on the wire, answers in kind, and leaves nothing behind."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from acs_identity_emulator import BODY_LIMIT, Emulator, EmulatorServer, PortTakenError, Request, Response, ServerError

TARGET = "/identities?api-version=2026-09-23"


@pytest.fixture(scope="module")
def shared() -> Iterator[EmulatorServer]:
    with EmulatorServer(Emulator()) as running:
        yield running


def ask(
    server: EmulatorServer, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    host, port = server.endpoint.removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=10)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def raw(server: EmulatorServer, text: bytes) -> bytes:
    """What a plain socket gets back, to see the answer as it is on the wire."""
    host, port = server.endpoint.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(text)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def bearer(server: EmulatorServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.emulator.entra.issue_token()}"}


def test_a_signed_request_with_a_port_in_the_host_gets_in(shared: EmulatorServer, sign: Any) -> None:
    host = shared.endpoint.removeprefix("http://")
    date = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
    target = "/identities/8%3Aacs%3Ax/:revokeAccessTokens?api-version=2026-09-23"
    headers = sign("POST", target, b"", key=shared.emulator.access_key, date=date, host=host)
    response, body = ask(shared, "POST", target, headers=headers)
    assert response.status == 400, "past authentication, the id is malformed"
    assert json.loads(body)["error"]["target"] == "id"


def test_a_success_has_a_length_and_no_header_of_the_server_software(shared: EmulatorServer) -> None:
    response, body = ask(shared, "POST", TARGET, headers=bearer(shared))
    assert response.status == 201
    assert response.headers["Content-Length"] == str(len(body))
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Server"] is None
    assert len(response.headers.get_all("Date", [])) == 1
    names = [name.lower() for name in response.headers]
    assert len(names) == len(set(names))


def test_an_error_arrives_chunked(shared: EmulatorServer) -> None:
    answer = raw(shared, b"POST /identities HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 ")
    assert head.lower().count(b"transfer-encoding: chunked") == 1
    assert b"content-length" not in head.lower()
    assert b"\r\ncontent-type: application/json\r\n" in head.lower()
    assert rest.endswith(b"\r\n0\r\n\r\n")


def test_an_answer_without_body_has_neither_length_nor_type(shared: EmulatorServer) -> None:
    _, body = ask(shared, "POST", TARGET, headers=bearer(shared))
    identity = json.loads(body)["identity"]["id"]
    response, body = ask(shared, "DELETE", f"/identities/{identity}?api-version=2026-09-23", headers=bearer(shared))
    assert (response.status, body) == (204, b"")
    for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
        assert response.headers[name] is None


def test_an_answer_that_a_test_puts_in_place_of_the_emulators_has_an_end() -> None:
    class Replaced(Emulator):
        def handle(self, request: Request) -> Response:
            return Response(200, {}, b"instead")

    with EmulatorServer(Replaced()) as server:
        for _ in range(2):
            response, body = ask(server, "POST", TARGET)
            assert (response.status, response.headers["Content-Length"], body) == (200, "7", b"instead")


def test_the_date_is_that_of_the_emulators_clock(clock: Any, emulator: Emulator) -> None:
    with EmulatorServer(emulator) as server:
        response, _ = ask(server, "GET", "/")
    assert response.headers["Date"] == "Thu, 01 Oct 2026 12:00:00 GMT"


def test_the_request_id_comes_back_over_http(shared: EmulatorServer) -> None:
    response, _ = ask(shared, "POST", TARGET, headers={"x-ms-client-request-id": "1-2-3"})
    assert response.headers["x-ms-client-request-id"] == "1-2-3"


def test_a_header_that_is_sent_twice_is_not_taken_for_one(shared: EmulatorServer) -> None:
    line = f"Authorization: {bearer(shared)['Authorization']}\r\n".encode()
    request = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n%b\r\n"
    assert raw(shared, request % (TARGET.encode(), line)).startswith(b"HTTP/1.1 201")
    assert raw(shared, request % (TARGET.encode(), line * 2)).startswith(b"HTTP/1.1 401")


def test_a_chunked_request_body_arrives(shared: EmulatorServer) -> None:
    head = f"POST {TARGET} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nAuthorization: {bearer(shared)['Authorization']}\r\n\r\n"
    answer = raw(shared, head.encode() + b'1d\r\n{"createTokenWithScopes":["ch\r\n5\r\nat"]}\r\n0\r\n\r\n')
    assert answer.startswith(b"HTTP/1.1 201")
    assert b"accessToken" in answer


def test_a_body_over_the_limit_is_refused_over_http(shared: EmulatorServer) -> None:
    response, body = ask(shared, "POST", TARGET, b"x" * (BODY_LIMIT + 100_000), bearer(shared))
    assert response.status == 413
    assert json.loads(body)["error"]["code"] == "RequestEntityTooLarge"


@pytest.mark.parametrize("text", [b"garbage\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00", b"BREW / HTTP/1.1\r\n\r\n"])
def test_bytes_that_are_not_http_do_no_harm(shared: EmulatorServer, text: bytes) -> None:
    if text.startswith(b"\x16"):
        text += b"\r\n\r\n"
    assert raw(shared, text).startswith(b"HTTP/1.1 400")
    assert ask(shared, "GET", "/_emulator/health/live")[0].status == 200


@pytest.mark.parametrize(
    "line", ["OPTIONS *", "GET http://x/identities", "GET /_emulator", "HEAD /identities", "PROPFIND /"]
)
def test_every_request_that_is_http_gets_an_answer_of_the_service(shared: EmulatorServer, line: str) -> None:
    answer = raw(shared, f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"x-emulator-reason: the request has no Authorization header" in answer
    assert answer.endswith(b"\r\n\r\n")
    assert (b"Denied" in answer) is not line.startswith("HEAD")


def test_the_escapes_of_a_path_and_query_arrive_as_sent(shared: EmulatorServer, sign: Any) -> None:
    date = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
    target = "/%69dentities?api-version=2026%2d09-23&x=%3a:+%20"
    host = shared.endpoint.removeprefix("http://")
    headers = sign("POST", target, b"", key=shared.emulator.access_key, date=date, host=host)
    assert ask(shared, "POST", target, headers=headers)[0].status == 201


@pytest.mark.parametrize("state", ["live", "ready"])
def test_health_needs_no_authentication(shared: EmulatorServer, state: str) -> None:
    response, body = ask(shared, "GET", f"/_emulator/health/{state}")
    assert (response.status, json.loads(body)) == (200, {"status": state})
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_emulator/"),
        ("GET", "/_emulator/health/live/"),
        ("GET", "/_emulator/nothing"),
        ("POST", "/_emulator/health/live"),
        ("GET", "/_emulator/entra-token"),
        ("DELETE", "/_emulator/introspect/x"),
    ],
)
def test_an_unknown_endpoint_of_the_emulator_is_not_found(shared: EmulatorServer, method: str, path: str) -> None:
    response, body = ask(shared, method, path)
    assert response.status == 404
    assert json.loads(body)["error"]["message"] == "The emulator has no such endpoint."


def test_another_process_can_get_an_entra_token(shared: EmulatorServer) -> None:
    for members in (b"", b"{}", b'{"audience":"https://communication.azure.com//","expires_in_seconds":90}'):
        response, body = ask(shared, "POST", "/_emulator/entra-token", members)
        assert response.status == 200
        token = json.loads(body)
        assert list(token) == ["token", "expires_on"]
        lifetime = token["expires_on"] - datetime.now(UTC).timestamp()
        assert 0 < lifetime <= (90 if b"90" in members else 3600)
        headers = {"Authorization": f"Bearer {token['token']}"}
        assert ask(shared, "POST", TARGET, headers=headers)[0].status == 201
    expired = json.loads(ask(shared, "POST", "/_emulator/entra-token", b'{"expires_in_seconds":-1}')[1])["token"]
    assert ask(shared, "POST", TARGET, headers={"Authorization": f"Bearer {expired}"})[0].status == 401


@pytest.mark.parametrize(
    "members",
    [b"[]", b"{", b'{"tenant_id":1}', b'{"user":"x"}', b'{"expires_in_seconds":"90"}', b'{"expires_in_seconds":true}',
     b'{"expires_in_seconds":1e9}', b'{"expires_in_seconds":999999999999}', b"\xff", b"[" * 100_000,
     b'{"group_ids":"x"}', b'{"group_ids":[1]}'],
    ids=range(12),
)  # fmt: skip
def test_a_wrong_wish_for_an_entra_token_is_refused(shared: EmulatorServer, members: bytes) -> None:
    response, body = ask(shared, "POST", "/_emulator/entra-token", members)
    assert response.status == 400
    assert json.loads(body)["error"]["message"]


def test_another_process_can_introspect_a_token(shared: EmulatorServer) -> None:
    headers = {**bearer(shared), "Content-Type": "application/json"}
    created = json.loads(ask(shared, "POST", TARGET, b'{"createTokenWithScopes":["chat"]}', headers)[1])
    wanted = json.dumps({"token": created["accessToken"]["token"]}).encode()
    status = json.loads(ask(shared, "POST", "/_emulator/introspect", wanted)[1])
    assert status["state"] == "live"
    assert abs(status["expires_on"] - datetime.now(UTC).timestamp() - 86400) < 60
    ask(shared, "DELETE", f"/identities/{created['identity']['id']}?api-version=2026-09-23", headers=headers)
    assert json.loads(ask(shared, "POST", "/_emulator/introspect", wanted)[1])["state"] == "deleted"
    unknown = json.loads(ask(shared, "POST", "/_emulator/introspect", b'{"token":"x"}')[1])
    assert (unknown["state"], unknown["expires_on"]) == ("unknown", None)


@pytest.mark.parametrize("members", [b"", b"{}", b'{"token":1}', b"[]", b"x"])
def test_introspection_needs_a_token(shared: EmulatorServer, members: bytes) -> None:
    assert ask(shared, "POST", "/_emulator/introspect", members)[0].status == 400


# The life of a server


def test_a_server_listens_on_loopback_only_unless_told_otherwise() -> None:
    with EmulatorServer(Emulator()) as server:
        assert server.endpoint.startswith("http://127.0.0.1:")
        assert server.connection_string == f"endpoint={server.endpoint}/;accesskey={server.emulator.access_key}"


def test_nothing_is_left_behind_when_a_server_stops() -> None:
    before = set(threading.enumerate())
    server = EmulatorServer(Emulator())
    running = [server.is_running]
    server.start()
    running.append(server.is_running)
    endpoint = server.endpoint
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as idle:
        idle.settimeout(5)
        server.stop()
        assert idle.recv(1) == b"", "an idle connection does not keep the server up"
    running.append(server.is_running)
    assert running == [False, True, False]
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5).close()
    server.stop()
    with pytest.raises(ServerError, match="not running"):
        _ = server.endpoint


def test_a_server_can_be_started_again_on_the_same_port() -> None:
    emulator = Emulator()
    with EmulatorServer(emulator) as first:
        port = int(first.endpoint.rsplit(":", 1)[1])
    again = EmulatorServer(emulator, port=port)
    for _ in range(2):
        with again:
            assert ask(again, "GET", "/_emulator/health/ready")[0].status == 200


def test_a_taken_port_is_named_with_a_way_out() -> None:
    with EmulatorServer(Emulator()) as first:
        port = int(first.endpoint.rsplit(":", 1)[1])
        with pytest.raises(PortTakenError, match=rf"Port {port} of 127\.0\.0\.1 is taken.*--port 0"):
            EmulatorServer(Emulator(), port=port).start()
        with pytest.raises(ServerError, match="already"):
            first.start()
        assert first.is_running


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"garbage\r\n\r\n"])
def test_a_program_that_is_no_emulator_is_not_taken_for_one(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taker:

        def serve() -> None:
            connection, _ = taker.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(PortTakenError, match="is taken by another program"):
            EmulatorServer(Emulator(), port=taker.getsockname()[1]).start()
        thread.join(10)


def test_another_emulator_takes_the_place_of_one_that_is_served() -> None:
    with EmulatorServer(Emulator()) as server:
        ask(server, "POST", TARGET)
        first, endpoint = server.emulator, server.endpoint
        server.emulator = Emulator()
        ask(server, "POST", TARGET, headers=bearer(server))
        assert server.endpoint == endpoint
        assert json.loads(ask(server, "GET", "/_emulator/journal")[1])["requests"][0]["status"] == 201
        assert [entry.status for entry in first.journal.entries()] == [401]


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("192.0.2.1", 0, "Cannot listen"),
        ("no such host", 0, "cannot be resolved"),
        ("x" * 300, 0, "cannot be resolved"),
        ("127.0.0.1", 65536, "between 0 and 65535"),
        ("127.0.0.1", -1, "between 0 and 65535"),
    ],
)
def test_an_address_that_cannot_be_used_is_an_error(
    host: str, port: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if " " in host:
        # No name server is asked in a test.
        def refuse(*_: object, **__: object) -> None:
            raise socket.gaierror("unknown")

        monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(ServerError, match=text):
        EmulatorServer(Emulator(), host, port).start()


def test_a_server_on_ipv6_gives_an_endpoint_with_brackets() -> None:
    try:
        server = EmulatorServer(Emulator(), "::1")
        server.start()
    except ServerError:
        pytest.skip("this machine has no IPv6 loopback")
    with server.__class__(Emulator(), "::1") as other:
        assert ask(other, "GET", "/_emulator/health/live")[0].status == 200
        assert other.endpoint.startswith("http://[::1]:")
    server.stop()


def test_a_server_on_every_address_gives_one_that_clients_can_use(monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmulatorServer(Emulator())

    class Everywhere:
        def __init__(self, host: str) -> None:
            self._host = host

        def getsockname(self) -> tuple[str, int]:
            return self._host, 10100

    monkeypatch.setattr(server, "_socket", Everywhere("0.0.0.0"))
    assert server.endpoint == "http://127.0.0.1:10100"
    monkeypatch.setattr(server, "_socket", Everywhere("::"))
    assert server.endpoint == "http://[::1]:10100"
    monkeypatch.setattr(server, "_socket", None)


def test_a_server_that_does_not_come_up_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        return

    monkeypatch.setattr("uvicorn.Server.run", fail)
    server = EmulatorServer(Emulator())
    with pytest.raises(ServerError, match="did not come up"):
        server.start()
    assert not server.is_running


def test_a_server_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acs_identity_emulator.server._STOP_SECONDS", 0.0)
    server = EmulatorServer(Emulator())
    before = set(threading.enumerate())
    server.start()
    (thread,) = set(threading.enumerate()) - before
    with pytest.raises(ServerError, match="did not end"):
        server.stop()
    thread.join(10)
    assert not thread.is_alive()
