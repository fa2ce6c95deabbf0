"""The in-process transports behave as azure-core's own do."""

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from azure.core import AsyncPipelineClient, PipelineClient
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResponseNotReadError,
    StreamClosedError,
    StreamConsumedError,
)
from azure.core.pipeline.policies import ContentDecodePolicy, CustomHookPolicy, SansIOHTTPPolicy
from azure.core.pipeline.transport import HttpRequest as LegacyHttpRequest
from azure.core.rest import AsyncHttpResponse, HttpRequest, HttpResponse

from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorTransport

URL = "http://emulator.localhost/identities?api-version=2026-09-23"


class Recorder:
    """An emulator that keeps the requests it got."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.emulator = Emulator()

    def handle(self, request: Any) -> Any:
        self.requests.append(request)
        return self.emulator.handle(request)


def bearer(emulator: Emulator) -> dict[str, str]:
    return {"Authorization": f"Bearer {emulator.entra.issue_token()}"}


def create(emulator: Emulator, **options: Any) -> HttpRequest:
    return HttpRequest("POST", URL, headers=bearer(emulator), **options)


def test_a_response_has_what_azure_core_promises(emulator: Emulator) -> None:
    request = create(emulator)
    response = EmulatorTransport(emulator).send(request)
    assert isinstance(response, HttpResponse)
    assert response.request is request
    assert (response.status_code, response.reason, response.url) == (201, "Created", URL)
    assert response.content_type == "application/json; charset=utf-8"
    assert response.headers["CONTENT-type"] == response.content_type
    assert response.encoding == "utf-8"
    assert response.is_closed
    assert response.is_stream_consumed
    assert response.content == response.body() == response.read() == b"".join(response.iter_bytes())
    assert b"".join(response.iter_raw()) == b"".join(response.stream_download()) == response.content
    assert response.text() == response.text("ascii") == response.content.decode()
    assert response.json()["identity"]
    assert repr(response) == "<HttpResponse: 201 Created, Content-Type: application/json; charset=utf-8>"
    response.raise_for_status()
    response.encoding = "latin-1"
    assert response.encoding == "latin-1"
    assert response.text() == response.content.decode("latin-1")


def test_an_answer_without_body_is_empty_text(emulator: Emulator) -> None:
    created = EmulatorTransport(emulator).send(create(emulator))
    url = f"http://emulator.localhost/identities/{created.json()['identity']['id']}?api-version=2026-09-23"
    response = EmulatorTransport(emulator).send(HttpRequest("DELETE", url, headers=bearer(emulator)))
    assert (response.status_code, response.content, response.text(), response.content_type) == (204, b"", "", None)
    assert response.encoding is None
    assert list(response.iter_bytes()) == []


def test_an_error_is_raised_on_demand_and_shows_the_code(emulator: Emulator) -> None:
    response = EmulatorTransport(emulator).send(HttpRequest("POST", URL))
    with pytest.raises(HttpResponseError, match="Denied by the resource provider") as caught:
        response.raise_for_status()
    assert caught.value.error is not None
    assert caught.value.error.code == "Denied"


def test_a_streamed_response_is_read_by_the_caller(emulator: Emulator) -> None:
    with EmulatorTransport(emulator).send(create(emulator), stream=True) as response:
        assert (response.is_closed, response.is_stream_consumed) == (False, False)
        with pytest.raises(ResponseNotReadError):
            _ = response.content
        assert response.read()
        assert (response.is_closed, response.is_stream_consumed) == (True, True)
    with EmulatorTransport(emulator).send(create(emulator), stream=True) as response:
        assert json.loads(b"".join(response.iter_bytes()))["identity"]
        assert response.is_stream_consumed
        with pytest.raises(StreamConsumedError):
            response.read()
        with pytest.raises(StreamConsumedError):
            list(response.iter_raw())
    assert EmulatorTransport(emulator).send(create(emulator), stream=True).body()
    with EmulatorTransport(emulator).send(create(emulator), stream=True) as response:
        pass
    with pytest.raises(StreamClosedError):
        response.read()


async def test_a_streamed_asynchronous_response_is_read_by_the_caller(emulator: Emulator) -> None:
    transport = AsyncEmulatorTransport(emulator)
    async with await transport.send(create(emulator), stream=True) as response:
        assert isinstance(response, AsyncHttpResponse)
        with pytest.raises(ResponseNotReadError):
            _ = response.content
        assert b"".join([block async for block in response.iter_bytes()])
    response = await transport.send(create(emulator), stream=True)
    assert b"".join([block async for block in response.iter_raw()])
    with pytest.raises(StreamConsumedError):
        await response.read()
    response = await transport.send(create(emulator), stream=True)
    await response.load_body()
    assert b"".join([block async for block in response.stream_download()]) == response.content == response.body()


BODIES: list[dict[str, Any]] = [
    {"json": {"createTokenWithScopes": ["chat"]}},
    {"content": '{"createTokenWithScopes":["chat"]}'},
    {"content": b'{"createTokenWithScopes":["chat"]}'},
    {"content": io.BytesIO(b'{"createTokenWithScopes":["chat"]}')},
    {"content": io.StringIO('{"createTokenWithScopes":["chat"]}')},
    {"content": [b'{"createTokenWith', b'Scopes":["chat"]}']},
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_every_usual_kind_of_body_arrives(body: dict[str, Any]) -> None:
    recorder = Recorder()
    for asynchronous in (False, True):
        content = body.get("content")
        if isinstance(content, io.IOBase):
            content.seek(0)
        headers = {**bearer(recorder.emulator), "Content-Type": "application/json"}
        request = HttpRequest("POST", URL, headers=headers, **body)
        response: Any
        if asynchronous:
            response = await AsyncEmulatorTransport(recorder).send(request)  # type: ignore[arg-type]
        else:
            response = EmulatorTransport(recorder).send(request)  # type: ignore[arg-type]
        assert response.json()["accessToken"]["token"]
        assert json.loads(recorder.requests[-1].body) == {"createTokenWithScopes": ["chat"]}


async def test_an_asynchronous_iterable_is_a_body_for_the_asynchronous_transport(emulator: Emulator) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b'{"createTokenWithScopes":'
        yield b'["chat"]}'

    request = HttpRequest(
        "POST", URL, headers={**bearer(emulator), "Content-Type": "application/json"}, content=parts()
    )
    assert (await AsyncEmulatorTransport(emulator).send(request)).json()["accessToken"]


@pytest.mark.parametrize("content", [{"a": "b"}, [1], 1])
async def test_a_body_of_another_kind_is_a_type_error(emulator: Emulator, content: Any) -> None:
    request = LegacyHttpRequest("POST", URL)
    request.data = content
    with pytest.raises(TypeError, match="emulator transport"):
        EmulatorTransport(emulator).send(request)
    with pytest.raises(TypeError, match="emulator transport"):
        await AsyncEmulatorTransport(emulator).send(request)


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://emulator.localhost/identities?a=1", "emulator.localhost", "/identities?a=1"),
        ("http://Emulator.Localhost:80", "emulator.localhost", "/"),
        ("https://contoso.example:443/a%3Ab", "contoso.example", "/a%3Ab"),
        ("https://contoso.example:8443/a:b?", "contoso.example:8443", "/a:b"),
        ("http://contoso.example:443/x", "contoso.example:443", "/x"),
        ("http://[::1]:8080/x#part", "[::1]:8080", "/x"),
        ("http://user:pass@h/x", "h", "/x"),
    ],
)
def test_host_and_target_are_those_of_the_url(url: str, host: str, target: str) -> None:
    recorder = Recorder()
    EmulatorTransport(recorder).send(HttpRequest("get", url))  # type: ignore[arg-type]
    (request,) = recorder.requests
    assert (request.method, request.header("Host"), request.target) == ("GET", host, target)


def test_a_host_header_that_is_given_is_sent() -> None:
    recorder = Recorder()
    EmulatorTransport(recorder).send(HttpRequest("GET", URL, headers={"Host": "other"}))  # type: ignore[arg-type]
    assert recorder.requests[0].header("host") == "other"


async def test_a_closed_transport_says_so(emulator: Emulator) -> None:
    transport = EmulatorTransport(emulator)
    with transport:
        transport.send(HttpRequest("GET", URL))
    with pytest.raises(ValueError, match="closed"):
        transport.send(HttpRequest("GET", URL))
    transport.open()
    assert transport.send(HttpRequest("GET", URL)).status_code == 401
    asynchronous = AsyncEmulatorTransport(emulator)
    async with asynchronous:
        await asynchronous.send(HttpRequest("GET", URL))
    with pytest.raises(ValueError, match="closed"):
        await asynchronous.send(HttpRequest("GET", URL))


def test_an_older_pipeline_works(emulator: Emulator) -> None:
    policies: list[SansIOHTTPPolicy[Any, Any]] = [CustomHookPolicy(), ContentDecodePolicy()]
    with PipelineClient[Any, Any](URL, policies=policies, transport=EmulatorTransport(emulator)) as client:
        request = client.post("/identities?api-version=2026-09-23", headers=bearer(emulator), content={})
        request.url = URL
        request.headers["Content-Type"] = "application/json"
        pipeline: Any = vars(client)["_pipeline"]
        response = pipeline.run(request, stream=False).http_response
        assert response.status_code == 201
        assert response.text() == response.body().decode()
        assert response.request is request


async def test_clients_of_azure_core_send_requests(emulator: Emulator) -> None:
    policies: list[Any] = [ContentDecodePolicy()]
    with PipelineClient[Any, Any](URL, policies=policies, transport=EmulatorTransport(emulator)) as client:
        assert client.send_request(create(emulator)).json()["identity"]
        assert client.send_request(create(emulator), stream=True).read()
    async with AsyncPipelineClient[Any, Any](
        URL, policies=policies, transport=AsyncEmulatorTransport(emulator)
    ) as client_:
        assert (await client_.send_request(create(emulator))).json()["identity"]


def test_a_refused_credential_is_an_authentication_error(emulator: Emulator) -> None:
    from acs_identity_rest.v2026_09_23 import CommunicationIdentityRestClient

    with (
        CommunicationIdentityRestClient(emulator.endpoint, transport=EmulatorTransport(emulator)) as client,
        pytest.raises(ClientAuthenticationError) as caught,
    ):
        client.identity.create()
    response: Any = caught.value.response
    assert "no Authorization header" in response.headers["x-emulator-reason"]
