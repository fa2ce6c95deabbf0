"""A transport that keeps what it is given and answers from a list, and clients on it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import BaseAdapter

from acs_identity import CommunicationIdentityClient
from acs_identity_emulator import Emulator, EmulatorServer

USER = "8:acs:2dee53b4-368b-45b4-ab52-8493fb117652_00000005-14a2-493b-8a72-5a3a0d000081"
KEY = "c2VjcmV0"


@dataclass
class Sent:
    """A request as it left."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class Answers(BaseAdapter):
    """Stands below requests, so that everything above the socket is the real thing."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []
        self.waiting: list[tuple[int, Any, dict[str, str]] | Exception] = []

    def add(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        self.waiting.append((status, body, headers or {}))

    def fail(self, error: Exception) -> None:
        self.waiting.append(error)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        assert isinstance(content, bytes), "a body that is neither text nor bytes reached the wire"
        headers = {name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()}
        self.sent.append(Sent(request.method or "", request.url or "", headers, content))
        answer = self.waiting.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        response = requests.Response()
        response.status_code = status
        response.reason = {200: "OK", 201: "Created", 204: "No Content", 401: "Unauthorized"}.get(status, "")
        response.headers.update({"Content-Type": "application/json; charset=utf-8", **headers})
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        response._content = content
        response.raw = _Raw(content)
        response.request = request
        response.url = request.url or ""
        return response

    def close(self) -> None:
        """Nothing is held."""


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.enforce_content_length = True

    def stream(self, chunk_size: int, decode_content: bool = True) -> Iterator[bytes]:
        yield self._content


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def make_client(answers: Answers) -> Iterator[Callable[..., CommunicationIdentityClient]]:
    """Make clients whose requests end in `answers`."""
    opened: list[CommunicationIdentityClient] = []

    def make(
        credential: Any = KEY, endpoint: str = "https://contoso.communication.azure.com", **options: Any
    ) -> CommunicationIdentityClient:
        session = requests.Session()
        session.mount("https://", answers)
        session.mount("http://", answers)
        transport = RequestsTransport(session=session, session_owner=False)
        client = CommunicationIdentityClient(endpoint, credential, transport=transport, **options)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def user_answer() -> dict[str, Any]:
    return {"identity": {"id": USER}}


@pytest.fixture
def token_answer() -> dict[str, Any]:
    return {"token": "the-token", "expiresOn": "2026-11-22T17:32:27.2078535+00:00"}


@pytest.fixture
def token_expires_on() -> int:
    return int(datetime(2026, 11, 22, 17, 32, 27, tzinfo=UTC).timestamp())


@pytest.fixture(scope="session")
def emulator_server() -> Iterator[EmulatorServer]:
    """An emulator over HTTP on this machine."""
    with EmulatorServer(Emulator()) as server:
        yield server
