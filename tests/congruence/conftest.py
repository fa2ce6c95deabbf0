"""The backends and the clients that the scenario is run over."""

import inspect
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import azure.communication.identity as official
import azure.communication.identity.aio as official_aio
import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

from acs_identity import CommunicationIdentityClient
from acs_identity._endpoint import parse_connection_string
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity.testing import playback_connection_string
from acs_identity.testing import vcr_config as safe_recordings
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorServer, EmulatorTransport

FOREIGN_ID = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
AZURE_CORE = "http, by azure-core's own transports"
LIVE = os.environ.get("AZURE_COMMUNICATION_CONNECTION_STRING", "")


@dataclass
class Backend:
    """Where the requests of a test go. Without an emulator behind it, it is a cassette or the live service."""

    name: str
    endpoint: str
    key: str
    emulator: Emulator | None = None

    def options(self, *, is_async: bool) -> dict[str, Any]:
        if self.name == AZURE_CORE:
            return {"transport": AioHttpTransport() if is_async else RequestsTransport()}
        if self.name != "in process" or self.emulator is None:
            return {}
        return {"transport": AsyncEmulatorTransport(self.emulator) if is_async else EmulatorTransport(self.emulator)}

    def entra_token(self, **claims: Any) -> str:
        self._require_fake_entra()
        return self.emulator.entra.issue_token(**claims) if self.emulator else "recorded"

    def token_credential(self, *, is_async: bool, **claims: Any) -> Any:
        self._require_fake_entra()
        if self.emulator is None:
            return AsyncRecordedCredential() if is_async else RecordedCredential()
        entra = self.emulator.entra
        return entra.async_credential(**claims) if is_async else entra.credential(**claims)

    def _require_fake_entra(self) -> None:
        if self.name == "live":
            pytest.skip("needs a user of the resource's own Entra ID")


class RecordedCredential:
    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken("recorded", 4_000_000_000)


class AsyncRecordedCredential:
    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken("recorded", 4_000_000_000)


class Subject:
    """A client of either colour, called as if it were async."""

    def __init__(self, client: Any, *, is_async: bool) -> None:
        self.client = client
        self.is_async = is_async

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return awaitable(getattr(self.client, name))

    async def issue_unchecked(self, user: Any, minutes: int) -> Any:
        """Ask for a lifetime that the friendly methods would not let pass."""
        request = self.client._core.access_token_request(["chat"], None)
        request.expires_in_minutes = minutes
        return await awaitable(self.client.raw.identity.issue_access_token)(user.raw_id, request)


class OfficialSubject(Subject):
    """The official client, spoken to as ours is."""

    def __init__(self, client: Any, *, is_async: bool, options: dict[str, Any]) -> None:
        super().__init__(client, is_async=is_async)
        self._options = options

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = awaitable(getattr(self.client, {"issue_token": "get_token"}.get(name, name)))

        async def call(*args: Any, **kwargs: Any) -> Any:
            users = (
                official.CommunicationUserIdentifier(value)
                if name != "get_token_for_teams_user" and index == 0 and isinstance(value, str)
                else value
                for index, value in enumerate(args)
            )
            return self._ours(await method(*users, **kwargs, **self._options))

        return call

    def _ours(self, answer: object) -> Any:
        if isinstance(answer, AccessToken):
            # The official client declares an int and returns a datetime's text.
            return AccessToken(answer.token, int(datetime.fromisoformat(str(answer.expires_on)).timestamp()))
        if isinstance(answer, tuple):
            parts = cast("tuple[object, ...]", answer)
            return tuple(self._ours(part) for part in parts)
        return answer

    async def close(self) -> None:
        if self.is_async:
            await self.client.close()
        else:
            self.client._identity_service_client.close()

    async def issue_unchecked(self, user: Any, minutes: int) -> Any:
        return await self.get_token(user, ["chat"], token_expires_in=timedelta(minutes=minutes))


def awaitable(method: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        answer = method(*args, **kwargs)
        return await answer if inspect.isawaitable(answer) else answer

    return call


@pytest.fixture(scope="session")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(Emulator(), port=0) as running:
        yield running


CASSETTE = pytest.param("cassette", marks=pytest.mark.vcr)
BACKENDS = [
    CASSETTE,
    pytest.param("official client's cassette", marks=pytest.mark.vcr),
    "in process",
    "http",
    AZURE_CORE,
    "official client",
    *(
        [pytest.param("live", marks=[pytest.mark.live, pytest.mark.block_network(allowed_hosts=[".*"])])]
        if LIVE
        else []
    ),
]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, make_backend: Callable[[str], Backend]) -> Backend:
    return make_backend(request.param)


@pytest.fixture
def make_backend(request: pytest.FixtureRequest) -> Callable[[str], Backend]:
    """Make a backend by its name."""
    return lambda name: backend_named(name, request)


def backend_named(name: str, request: pytest.FixtureRequest) -> Backend:
    if name == "in process":
        emulator = Emulator()
        return Backend(name, emulator.endpoint, emulator.access_key, emulator)
    is_recording = request.config.getoption("--record-mode") not in (None, "none")
    if name == "live":
        endpoint, key = parse_connection_string(LIVE)
        return Backend(name, endpoint, key)
    if name in ("http", AZURE_CORE, "official client") or is_recording:
        server: EmulatorServer = request.getfixturevalue("server")
        return Backend(name, server.endpoint, server.emulator.access_key, server.emulator)
    return Backend(name, *parse_connection_string(playback_connection_string()))


@pytest.fixture(params=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "async")


@pytest.fixture(params=["2023-10-01", "2026-09-23"])
def api_version(request: pytest.FixtureRequest) -> str:
    version: str = request.param
    return version


@pytest.fixture
async def make_subject(backend: Backend, is_async: bool, api_version: str) -> AsyncIterator[Callable[..., Subject]]:
    """Make clients on the backend, with its key or another credential."""
    made: list[Subject] = []

    def make(credential: Any = None) -> Subject:
        if backend.name.startswith("official client"):
            made.append(make_official(backend, credential, is_async=is_async, api_version=api_version))
            return made[-1]
        client_class: Any = AsyncCommunicationIdentityClient if is_async else CommunicationIdentityClient
        client = client_class(
            backend.endpoint,
            credential or AzureKeyCredential(backend.key),
            api_version=api_version,
            **backend.options(is_async=is_async),
        )
        made.append(Subject(client, is_async=is_async))
        return made[-1]

    yield make
    for subject in made:
        await subject.close()


def make_official(backend: Backend, credential: Any, *, is_async: bool, api_version: str) -> Subject:
    client_class: Any = official_aio.CommunicationIdentityClient if is_async else official.CommunicationIdentityClient
    client = client_class(backend.endpoint, credential or AzureKeyCredential(backend.key), api_version=api_version)
    # A bearer token over plain http is refused by azure-core unless every call allows it.
    options = {"enforce_https": False} if hasattr(credential, "get_token") else {}
    return OfficialSubject(client, is_async=is_async, options=options)


@pytest.fixture
def subject(make_subject: Callable[..., Subject]) -> Subject:
    return make_subject()


@pytest.fixture
def vcr_config() -> dict[str, Any]:
    return safe_recordings()
