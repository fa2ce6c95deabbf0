"""Requests go through the proxy that was asked for, and no other."""

import base64
import ssl
from collections.abc import Iterator

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline.policies import ProxyPolicy

from .callers import AZURE_AIOHTTP, AZURE_REQUESTS, OURS_AIOHTTP, OURS_URLLIB3, Caller, only
from .conftest import MakeCaller
from .wire import Step, WireServer, answer

# A host that there is not: only a proxy can answer for it.
HTTP = "http://contoso.example/identities?api-version=1"
HTTPS = "https://contoso.example/identities?api-version=1"


@pytest.fixture
def proxy(server_tls: ssl.SSLContext) -> Iterator[WireServer]:
    """A proxy that answers in place of every host."""
    with WireServer(behind=server_tls) as running:
        yield running


def with_login(proxy: WireServer, login: str) -> str:
    return proxy.url("").replace("http://", f"http://{login}@")


def basic(login: str) -> str:
    return f"Basic {base64.b64encode(login.encode()).decode()}"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
async def test_http_goes_through_the_proxy_of_the_environment(
    caller: Caller, proxy: WireServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, proxy.url(""))

    response = await caller.get(HTTP)

    assert response.json() == {}
    assert proxy.received[0].line == f"GET {HTTP} HTTP/1.1"
    assert proxy.received[0].values("Host") == ["contoso.example"]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
async def test_https_goes_through_a_tunnel_of_the_proxy_of_the_environment(
    make_caller: MakeCaller, proxy: WireServer, monkeypatch: pytest.MonkeyPatch, ca_file: str, name: str
) -> None:
    monkeypatch.setenv(name, proxy.url(""))
    caller = make_caller(connection_verify=ca_file)

    response = await caller.get(HTTPS)

    assert response.json() == {}
    tunnel, inside = proxy.received
    assert tunnel.line.startswith("CONNECT contoso.example:443 HTTP/1.")
    assert inside.line == "GET /identities?api-version=1 HTTP/1.1"
    assert proxy.names == ["contoso.example"]


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("value", ["127.0.0.1", "contoso.example,127.0.0.1", "*"])
async def test_hosts_that_need_no_proxy_are_asked_themselves(
    caller: Caller, server: WireServer, proxy: WireServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url(""))
    monkeypatch.setenv(name, value)

    await caller.get(server.url("/direct"))

    assert [request.target for request in server.received] == ["/direct"]
    assert proxy.received == []


async def test_a_host_that_is_not_excepted_goes_through_the_proxy(
    caller: Caller, proxy: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url(""))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,other.example")

    await caller.get(HTTP)

    assert [request.target for request in proxy.received] == [HTTP]


async def test_the_proxy_of_one_scheme_does_not_serve_the_other(
    caller: Caller, server: WireServer, proxy: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url(""))

    await caller.get(server.url())

    assert len(server.received) == 1
    assert proxy.received == []


# aiohttp knows no proxy for all schemes.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy"])
async def test_a_proxy_for_all_schemes_serves_http(
    caller: Caller, proxy: WireServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, proxy.url(""))

    await caller.get(HTTP)

    assert [request.target for request in proxy.received] == [HTTP]


async def test_the_environment_is_left_alone_when_asked_to(
    make_caller: MakeCaller, server: WireServer, proxy: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url(""))
    caller = make_caller(use_env_settings=False)

    await caller.get(server.url())

    assert len(server.received) == 1
    assert proxy.received == []


# azure-core's do not take it for a call.
@only(OURS_URLLIB3, OURS_AIOHTTP)
async def test_the_environment_can_be_left_alone_for_a_call(
    caller: Caller, server: WireServer, proxy: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy.url(""))

    await caller.get(server.url("/by-proxy"))
    await caller.get(server.url("/direct"), use_env_settings=False)

    assert [request.target for request in proxy.received] == [server.url("/by-proxy")]
    assert [request.target for request in server.received] == ["/direct"]


async def test_a_proxy_is_not_told_the_fragment(caller: Caller, proxy: WireServer) -> None:
    await caller.get("http://contoso.example?a=b#part", proxies={"http": proxy.url("")})

    assert proxy.received[0].target == "http://contoso.example/?a=b"


async def test_http_goes_through_the_proxy_of_a_call(caller: Caller, proxy: WireServer) -> None:
    await caller.get(HTTP, proxies={"http": proxy.url("")})

    assert [request.target for request in proxy.received] == [HTTP]


async def test_https_goes_through_a_tunnel_of_the_proxy_of_a_call(
    make_caller: MakeCaller, proxy: WireServer, ca_file: str
) -> None:
    caller = make_caller(connection_verify=ca_file)

    await caller.get(HTTPS, proxies={"https": proxy.url("")})

    assert [request.target for request in proxy.received] == ["contoso.example:443", "/identities?api-version=1"]


async def test_the_proxy_of_a_client_serves_all_its_calls(make_caller: MakeCaller, proxy: WireServer) -> None:
    caller = make_caller(ProxyPolicy(proxies={"http": proxy.url("")}))

    for _ in range(3):
        await caller.get(HTTP)

    assert [request.target for request in proxy.received] == [HTTP] * 3
    assert proxy.connections == 1


# azure-core's take proxies from the policy of the client only.
@only(OURS_URLLIB3, OURS_AIOHTTP)
async def test_the_proxy_of_a_transport_serves_all_its_calls(
    make_caller: MakeCaller, proxy: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    caller = make_caller(proxies={"http": proxy.url("")})

    await caller.get(HTTP)

    assert [request.target for request in proxy.received] == [HTTP]


async def test_the_proxy_of_a_call_goes_before_that_of_the_environment(
    caller: Caller, server: WireServer, proxy: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url(""))

    await caller.get(HTTP, proxies={"http": proxy.url("")})

    assert len(proxy.received) == 1
    assert server.received == []


async def test_the_proxy_of_a_call_does_not_outlive_it(caller: Caller, server: WireServer, proxy: WireServer) -> None:
    await caller.get(server.url("/first"), proxies={"http": proxy.url("")})
    await caller.get(server.url("/second"))

    assert [request.target for request in proxy.received] == [server.url("/first")]
    assert [request.target for request in server.received] == ["/second"]


@pytest.mark.parametrize(
    ("login", "meant"), [("user:password", "user:password"), ("us%40r:p%40ss%3Aw", "us@r:p@ss:w"), ("user:", "user:")]
)
async def test_http_proxies_are_told_user_and_password(
    caller: Caller, proxy: WireServer, login: str, meant: str
) -> None:
    await caller.get(HTTP, proxies={"http": with_login(proxy, login)})

    assert proxy.received[0].values("Proxy-Authorization") == [basic(meant)]
    assert proxy.received[0].value("Authorization") is None
    assert "password" not in proxy.received[0].line


async def test_a_tunnel_is_told_user_and_password_and_the_server_behind_is_not(
    make_caller: MakeCaller, proxy: WireServer, ca_file: str
) -> None:
    caller = make_caller(connection_verify=ca_file)

    await caller.get(HTTPS, proxies={"https": with_login(proxy, "user:password")})

    tunnel, inside = proxy.received
    assert tunnel.values("Proxy-Authorization") == [basic("user:password")]
    assert inside.value("Proxy-Authorization") is None
    assert inside.value("Authorization") is None


async def test_the_environment_may_hold_user_and_password(
    caller: Caller, proxy: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", with_login(proxy, "user:password"))

    await caller.get(HTTP)

    assert proxy.received[0].values("Proxy-Authorization") == [basic("user:password")]


# azure-core makes a TLS context for each call over aiohttp where it is given a file, and with it a connection.
@only(AZURE_REQUESTS, OURS_URLLIB3, OURS_AIOHTTP)
async def test_a_tunnel_is_kept_for_the_next_call(make_caller: MakeCaller, proxy: WireServer, ca_file: str) -> None:
    caller = make_caller(connection_verify=ca_file)

    for _ in range(3):
        await caller.get(HTTPS, proxies={"https": with_login(proxy, "user:password")})

    assert proxy.connections == 1
    assert [request.line.split()[0] for request in proxy.received] == ["CONNECT", "GET", "GET", "GET"]


async def test_the_certificate_behind_a_tunnel_is_verified(caller: Caller, proxy: WireServer) -> None:
    with pytest.raises(ServiceRequestError, match=r"(?i)certificate"):
        await caller.get(HTTPS, proxies={"https": proxy.url("")})

    assert [request.target for request in proxy.received] == ["contoso.example:443"]


async def test_a_proxy_that_is_not_there_is_a_request_error(caller: Caller) -> None:
    with WireServer() as gone:
        url = gone.url("")

    with pytest.raises(ServiceRequestError) as caught:
        await caller.get(HTTP, proxies={"http": url})

    assert caught.value.inner_exception is not None


async def test_a_proxy_that_refuses_the_tunnel_is_an_error(caller: Caller, proxy: WireServer) -> None:
    proxy.will(answer(status="407 Proxy Authentication Required"), Step.CLOSE)

    # requests has a ServiceRequestError, aiohttp a ServiceResponseError.
    with pytest.raises((ServiceRequestError, ServiceResponseError), match="407") as caught:
        await caller.get(HTTPS, proxies={"https": with_login(proxy, "user:password")})

    assert caught.value.inner_exception is not None
    if caller.kind is not AZURE_AIOHTTP:
        # aiohttp names the whole URL of the proxy.
        assert "password" not in str(caught.value)


async def test_what_a_proxy_answers_itself_is_an_answer(caller: Caller, proxy: WireServer) -> None:
    proxy.will(answer(b"no way", status="502 Bad Gateway"))

    response = await caller.get(HTTP, proxies={"http": proxy.url("")})

    assert (response.status_code, response.content) == (502, b"no way")
