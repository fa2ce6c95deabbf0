"""The four transports and the server that they talk to."""

import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from .authority import Authority
from .callers import KINDS, Caller, Kind
from .wire import WireServer

MakeCaller = Callable[..., Caller]


@pytest.fixture(params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each of the transports."""
    found: Kind = request.param
    return found


@pytest.fixture
async def make_caller(kind: Kind) -> AsyncIterator[MakeCaller]:
    """Make callers with policies and options; they are closed after the test."""
    made: list[Caller] = []

    def make(*policies: object, **options: object) -> Caller:
        made.append(Caller(kind, *policies, **options))
        return made[-1]

    yield make
    for caller in made:
        await caller.close()


@pytest.fixture
def caller(make_caller: MakeCaller) -> Caller:
    """A transport with its defaults."""
    return make_caller()


@pytest.fixture
def server() -> Iterator[WireServer]:
    """A server of plain HTTP."""
    with WireServer() as running:
        yield running


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine says about proxies and certificates."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that no machine trusts."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def ca_file(authority: Authority) -> str:
    """Its certificate."""
    return authority.certificate


@pytest.fixture
def server_tls(authority: Authority) -> ssl.SSLContext:
    """What a server for localhost, 127.0.0.1 and contoso.example encrypts with."""
    return authority.tls("localhost", "127.0.0.1", "contoso.example")


@pytest.fixture
def tls_server(server_tls: ssl.SSLContext) -> Iterator[WireServer]:
    """A server of HTTPS."""
    with WireServer(server_tls) as running:
        yield running
