"""The real clients do their work over each of the transports."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, ResourceNotFoundError

from acs_identity import CommunicationIdentityClient
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity_emulator import Emulator, EmulatorServer, local_certificate

from .callers import Kind

KEY = "c2VjcmV0"


class Client:
    """A client of either colour; its methods are awaited, whichever it is."""

    def __init__(self, kind: Kind, server: EmulatorServer, key: str, **options: Any) -> None:
        client_type: Any = AsyncCommunicationIdentityClient if kind.is_async else CommunicationIdentityClient
        trust = {"connection_verify": str(server.tls.authority)} if server.tls else {}
        self.client = client_type(server.endpoint, key, transport=kind.type(**trust), **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return call


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture(scope="module", params=["http", "https"])
def emulator_server(
    request: pytest.FixtureRequest, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmulatorServer]:
    folder = tmp_path_factory.mktemp("kept")
    tls = local_certificate(folder) if request.param == "https" else None
    with EmulatorServer(emulator, tls=tls) as server:
        yield server


async def test_a_client_does_its_work(kind: Kind, emulator: Emulator, emulator_server: EmulatorServer) -> None:
    client = Client(kind, emulator_server, emulator.access_key)
    try:
        user, first = await client.create_user_and_token(["chat"])
        second = await client.get_token(user, ["voip"])
        assert first.token.count(".") == second.token.count(".") == 2
        assert first.token != second.token

        assert await client.revoke_tokens(user) is None
        assert await client.delete_user(user) is None

        with pytest.raises(ResourceNotFoundError) as caught:
            await client.get_token(user, ["chat"])
        assert caught.value.status_code == 404
    finally:
        await client.close()


async def test_a_wrong_key_is_refused(kind: Kind, emulator_server: EmulatorServer) -> None:
    client = Client(kind, emulator_server, KEY)
    try:
        with pytest.raises(ClientAuthenticationError) as caught:
            await client.create_user()
        assert caught.value.status_code == 401
    finally:
        await client.close()
