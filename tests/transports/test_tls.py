"""Servers are who they say they are, and clients can show who they are."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError

from .authority import Authority
from .callers import AZURE_AIOHTTP, AZURE_REQUESTS, KINDS, OURS_AIOHTTP, OURS_URLLIB3, Caller, only
from .conftest import MakeCaller
from .wire import WireServer


def local(server: WireServer, path: str = "/") -> str:
    """Return a URL with a name: TLS is not told of addresses."""
    return server.url(path, "localhost")


@pytest.fixture
def demanding_server(authority: Authority, server_tls: ssl.SSLContext) -> Iterator[WireServer]:
    """A server that lets only clients in that show a certificate of the authority."""
    authority.demand_certificates(server_tls)
    with WireServer(server_tls) as running:
        yield running


@pytest.fixture
def client_files(authority: Authority, tmp_path: Path) -> tuple[str, str, str]:
    """A certificate of a client: in one file with its key, alone, and the key alone."""
    return authority.write_client_files("client.example", tmp_path)


@pytest.fixture
def ca_folder(ca_file: str, tmp_path: Path) -> str:
    """A folder with the certificate of the authority under the name by which OpenSSL finds it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is needed to name the files of the folder")
    command = ["openssl", "x509", "-in", ca_file, "-noout", "-subject_hash"]
    name = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    shutil.copy(ca_file, tmp_path / f"{name}.0")
    return str(tmp_path)


async def test_a_server_of_an_unknown_authority_is_refused(caller: Caller, tls_server: WireServer) -> None:
    with pytest.raises(ServiceRequestError, match=r"(?i)certificate") as caught:
        await caller.get(local(tls_server))

    assert caught.value.inner_exception is not None
    assert tls_server.received == []


async def test_a_server_of_the_given_authority_is_trusted(
    make_caller: MakeCaller, tls_server: WireServer, ca_file: str
) -> None:
    caller = make_caller(connection_verify=ca_file)

    assert (await caller.get(local(tls_server))).json() == {}
    assert tls_server.names == ["localhost"]


async def test_the_authority_can_be_given_per_call(caller: Caller, tls_server: WireServer, ca_file: str) -> None:
    assert (await caller.get(local(tls_server), connection_verify=ca_file)).json() == {}


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
async def test_a_call_is_verified_though_the_one_before_was_not(caller: Caller, tls_server: WireServer) -> None:
    await caller.get(local(tls_server, "/unverified"), connection_verify=False)

    with pytest.raises(ServiceRequestError, match=r"(?i)certificate"):
        await caller.get(local(tls_server, "/verified"))

    assert [request.target for request in tls_server.received] == ["/unverified"]


async def test_an_address_can_be_in_a_certificate(
    make_caller: MakeCaller, tls_server: WireServer, ca_file: str
) -> None:
    caller = make_caller(connection_verify=ca_file)

    assert (await caller.get(tls_server.url())).json() == {}


async def test_a_certificate_for_another_host_is_refused(
    make_caller: MakeCaller, authority: Authority, ca_file: str
) -> None:
    caller = make_caller(connection_verify=ca_file)

    with WireServer(authority.tls("contoso.example")) as server:
        with pytest.raises(ServiceRequestError, match="localhost"):
            await caller.get(local(server))
        assert server.received == []


async def test_an_expired_certificate_is_refused(make_caller: MakeCaller, authority: Authority, ca_file: str) -> None:
    context = authority.tls("localhost", expires=datetime(2020, 1, 1, tzinfo=UTC))
    caller = make_caller(connection_verify=ca_file)

    with WireServer(context) as server:
        with pytest.raises(ServiceRequestError, match="expired"):
            await caller.get(local(server))
        assert server.received == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
async def test_nothing_is_verified_when_asked_so(make_caller: MakeCaller, tls_server: WireServer) -> None:
    caller = make_caller(connection_verify=False)

    assert (await caller.get(local(tls_server))).json() == {}


async def test_a_file_of_an_authority_that_is_not_there_is_named(
    make_caller: MakeCaller, tls_server: WireServer, tmp_path: Path
) -> None:
    caller = make_caller(connection_verify=str(tmp_path / "missing.pem"))

    # azure-core's give the OSError itself.
    with pytest.raises((ServiceRequestError, OSError)):
        await caller.get(local(tls_server))

    assert tls_server.connections == 0


# With azure-core over aiohttp only a file is possible.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
async def test_authorities_can_be_the_files_of_a_folder(
    make_caller: MakeCaller, tls_server: WireServer, ca_folder: str
) -> None:
    caller = make_caller(connection_verify=ca_folder)

    assert (await caller.get(local(tls_server))).json() == {}


# aiohttp knows neither of the variables.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_the_environment_can_name_the_authority(
    caller: Caller, tls_server: WireServer, ca_file: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, ca_file)

    assert (await caller.get(local(tls_server))).json() == {}


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_the_authority_of_the_environment_is_left_alone_when_asked_to(
    make_caller: MakeCaller, tls_server: WireServer, ca_file: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, ca_file)
    caller = make_caller(use_env_settings=False)

    with pytest.raises(ServiceRequestError, match=r"(?i)certificate"):
        await caller.get(local(tls_server))


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
async def test_many_calls_need_one_connection_over_tls(make_caller: MakeCaller, tls_server: WireServer) -> None:
    # With a file azure-core makes a TLS context for each call over aiohttp, and with it a connection.
    caller = make_caller(connection_verify=False)

    for _ in range(10):
        await caller.get(local(tls_server))

    assert tls_server.names == ["localhost"]
    assert len(tls_server.received) == 10


# Not with azure-core over aiohttp, for the reason above.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
async def test_many_calls_to_a_verified_server_need_one_connection(
    make_caller: MakeCaller, tls_server: WireServer, ca_file: str
) -> None:
    caller = make_caller(connection_verify=ca_file)

    for _ in range(10):
        await caller.get(local(tls_server))

    assert tls_server.names == ["localhost"]
    assert len(tls_server.received) == 10


async def test_many_calls_at_once_over_tls_all_get_their_answers(
    make_caller: MakeCaller, tls_server: WireServer, ca_file: str
) -> None:
    caller = make_caller(connection_verify=ca_file)

    responses = await caller.get_at_once(local(tls_server), 20)

    assert [response.json() for response in responses] == [{}] * 20


async def test_a_client_without_a_certificate_is_not_let_in(
    make_caller: MakeCaller, demanding_server: WireServer, ca_file: str
) -> None:
    caller = make_caller(connection_verify=ca_file)

    # The server looks only after the client thinks that it is in.
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        await caller.get(local(demanding_server))

    assert demanding_server.received == []


# azure-core over aiohttp takes a pair of files only.
PAIR_OR_FILE = [(kind, is_pair) for kind in KINDS for is_pair in (True, False) if is_pair or kind is not AZURE_AIOHTTP]


@pytest.mark.parametrize(
    ("kind", "is_pair"), PAIR_OR_FILE, ids=[f"{kind}-{'pair' if is_pair else 'file'}" for kind, is_pair in PAIR_OR_FILE]
)
@pytest.mark.parametrize("per_call", [False, True], ids=["per transport", "per call"])
async def test_a_client_can_show_a_certificate(
    make_caller: MakeCaller,
    demanding_server: WireServer,
    ca_file: str,
    client_files: tuple[str, str, str],
    *,
    is_pair: bool,
    per_call: bool,
) -> None:
    both, certificate, key = client_files
    options = {"connection_cert": (certificate, key) if is_pair else both}
    caller = make_caller(connection_verify=ca_file, **({} if per_call else options))

    response = await caller.get(local(demanding_server), **(options if per_call else {}))

    assert response.json() == {}
    assert [request.certificate for request in demanding_server.received] == ["client.example"]
