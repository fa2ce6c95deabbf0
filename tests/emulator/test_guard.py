"""A foreign web page in the user's browser can do nothing to the emulator's own endpoints."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from acs_identity_emulator import Certificate, Emulator, EmulatorServer, local_certificate

from .test_https import trusting
from .test_server import raw

PATHS = ["/_emulator/journal", "/_emulator/nothing"]


@pytest.fixture(scope="module")
def shared() -> Iterator[EmulatorServer]:
    with EmulatorServer(Emulator()) as running:
        yield running


def answer(server: EmulatorServer, *lines: str, method: str = "DELETE", path: str = PATHS[0]) -> tuple[int, str]:
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""])
    head_of_answer, _, body = raw(server, head.encode("latin-1")).partition(b"\r\n\r\n")
    message = json.loads(body)["error"]["message"] if body else ""
    return int(head_of_answer.split()[1]), message


def port_of(server: EmulatorServer) -> int:
    return urlsplit(server.endpoint).port or 0


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "localhost.", "emulator.localhost:{port}",
     "a.b.localhost", "[::1]:{port}", "192.168.1.7:{port}"],
)  # fmt: skip
def test_the_names_of_this_machine_are_served(shared: EmulatorServer, host: str) -> None:
    assert answer(shared, f"Host: {host.format(port=port_of(shared))}") == (204, "")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "localhost.evil.example", "127.0.0.1.evil.example", "evillocalhost",
     "127.0.0.1@evil.example", "evil.example#localhost", "localhost, evil.example", "[::1", "", ":{port}", "2130706433",
     "\xff.localhost.example"],
)  # fmt: skip
def test_a_name_that_may_have_been_led_here_is_refused(shared: EmulatorServer, host: str) -> None:
    shared.emulator.journal.clear()
    status, message = answer(shared, f"Host: {host.format(port=port_of(shared))}")
    assert status == 403
    assert "The Host must be an IP address, localhost or a name below it" in message


def test_every_one_of_several_hosts_counts(shared: EmulatorServer) -> None:
    for lines in (["Host: localhost", "Host: evil.example"], ["Host: evil.example", "Host: localhost"]):
        assert answer(shared, *lines)[0] in {400, 403}


def test_a_client_of_http_1_0_without_a_host_is_served(shared: EmulatorServer) -> None:
    assert raw(shared, b"GET /_emulator/health/live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "Emulator.Localhost:{port}"])
def test_a_page_of_the_emulator_itself_is_served(shared: EmulatorServer, host: str) -> None:
    host = host.format(port=port_of(shared))
    assert answer(shared, f"Host: {host}", f"Origin: http://{host.lower()}") == (204, "")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://evil.example", "null", "", "https://localhost:{port}", "http://localhost",
     "http://localhost:1", "http://127.0.0.1:{port}", "http://localhost:{port}.evil.example", "file://",
     "http://localhost:{port} http://evil.example"],
)  # fmt: skip
@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_another_origin_is_refused(shared: EmulatorServer, origin: str, path: str) -> None:
    port = port_of(shared)
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        status, message = answer(
            shared, f"Host: localhost:{port}", f"Origin: {origin.format(port=port)}", method=method, path=path
        )
        assert status == 403
        assert "Web pages of other origins" in message


def test_what_is_refused_does_nothing() -> None:
    with EmulatorServer(Emulator()) as server:
        raw(server, b"GET /identities HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer(server, "Host: evil.example")
        answer(server, "Host: localhost", "Origin: http://evil.example")
        assert len(server.emulator.journal.entries()) == 1
        answer(server, "Host: localhost")
        assert server.emulator.journal.entries() == []


def test_the_origin_of_https_is_another_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    import http.client

    certificate: Certificate = local_certificate(tmp_path_factory.mktemp("kept"))
    with EmulatorServer(Emulator(), tls=certificate) as server:
        for scheme, status in (("https", 204), ("http", 403)):
            connection = http.client.HTTPSConnection("127.0.0.1", port_of(server), context=trusting(certificate))
            headers = {"Origin": f"{scheme}://127.0.0.1:{port_of(server)}"}
            connection.request("DELETE", PATHS[0], headers=headers)
            assert connection.getresponse().status == status
            connection.close()


def test_the_service_itself_takes_any_host_as_signatures_protect_it(shared: EmulatorServer) -> None:
    text = (
        b"POST /identities HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n"
    )
    assert raw(shared, text).startswith(b"HTTP/1.1 401")
