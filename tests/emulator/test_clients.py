"""The generated clients and the official one meet the service they expect."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.communication.identity import (
    CommunicationIdentityClient,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
)
from azure.communication.identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy

from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorServer, EmulatorTransport
from acs_identity_rest import v2023_10_01, v2026_09_23
from acs_identity_rest.v2023_10_01 import aio as v2023_10_01_aio
from acs_identity_rest.v2026_09_23 import aio as v2026_09_23_aio

TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"


class SigningPolicy(SansIOHTTPPolicy[Any, Any]):
    def __init__(self, sign: Callable[..., dict[str, str]], key: str) -> None:
        self._sign = sign
        self._key = key

    def on_request(self, request: Any) -> None:
        http = request.http_request
        url = urlsplit(str(http.url))
        content = http.content or b""
        body = content if isinstance(content, bytes) else content.encode()
        now = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT"
        headers = self._sign(http.method, f"{url.path}?{url.query}", body, key=self._key, date=now, host=url.netloc)
        http.headers.update(headers)


@pytest.fixture
def live() -> Emulator:
    """An emulator that goes by the real time, for clients that know no other."""
    return Emulator()


@pytest.fixture(params=[v2023_10_01, v2026_09_23], ids=["2023-10-01", "2026-09-23"])
def generated(request: pytest.FixtureRequest, live: Emulator, sign: Any) -> Iterator[Any]:
    policy = SigningPolicy(sign, live.access_key)
    with request.param.CommunicationIdentityRestClient(
        live.endpoint, transport=EmulatorTransport(live), authentication_policy=policy
    ) as client:
        yield client


@pytest.fixture(params=[v2023_10_01_aio, v2026_09_23_aio], ids=["2023-10-01", "2026-09-23"])
async def generated_aio(request: pytest.FixtureRequest, live: Emulator, sign: Any) -> AsyncIterator[Any]:
    policy = SigningPolicy(sign, live.access_key)
    async with request.param.CommunicationIdentityRestClient(
        live.endpoint, transport=AsyncEmulatorTransport(live), authentication_policy=policy
    ) as client:
        yield client


def test_the_generated_client_goes_through_the_life_of_an_identity(generated: Any, live: Emulator) -> None:
    models = generated.identity.models
    created = generated.identity.create(
        models.CommunicationIdentityCreateRequest(create_token_with_scopes=["chat", "voip"], expires_in_minutes=60)
    )
    assert timedelta(minutes=59) < created.access_token.expires_on - datetime.now(UTC) <= timedelta(minutes=60)
    issued = generated.identity.issue_access_token(
        created.identity.id, models.CommunicationIdentityAccessTokenRequest(scopes=["chat.join"])
    )
    assert live.introspect(issued.token).state == "live"
    assert generated.identity.revoke_access_tokens(created.identity.id) is None
    assert live.introspect(issued.token).state == live.introspect(created.access_token.token).state == "revoked"
    assert generated.identity.delete(created.identity.id) is None
    with pytest.raises(ResourceNotFoundError, match="doesn't exist"):
        generated.identity.delete(created.identity.id)


def test_the_generated_client_reads_the_error_model(generated: Any) -> None:
    with pytest.raises(HttpResponseError) as caught:
        generated.identity.create({"expiresInMinutes": 1})
    model: Any = caught.value.model
    assert (model.error.code, model.error.target) == ("ValidationError", "ExpiresInMinutes")


def test_the_generated_client_exchanges_the_token_of_a_teams_user(generated: Any, live: Emulator) -> None:
    token = live.entra.issue_token(client_id=APP, object_id=USER)
    issued = generated.teams_user.exchange_access_token({"token": token, "appId": APP, "userId": USER})
    assert issued.expires_on > datetime.now(UTC)


async def test_the_asynchronous_generated_client_goes_through_the_life_of_an_identity(
    generated_aio: Any, live: Emulator
) -> None:
    created = await generated_aio.identity.create({"createTokenWithScopes": ["chat"]})
    await generated_aio.identity.revoke_access_tokens(created.identity.id)
    issued = await generated_aio.identity.issue_access_token(created.identity.id, {"scopes": ["voip"]})
    assert live.introspect(created.access_token.token).state == "revoked"
    assert live.introspect(issued.token).state == "live"
    await generated_aio.identity.delete(created.identity.id)
    with pytest.raises(ResourceNotFoundError):
        await generated_aio.identity.issue_access_token(created.identity.id, {"scopes": ["voip"]})


def test_the_generated_client_manages_assignments(live: Emulator, sign: Any) -> None:
    with v2026_09_23.CommunicationIdentityRestClient(
        live.endpoint, transport=EmulatorTransport(live), authentication_policy=SigningPolicy(sign, live.access_key)
    ) as client:
        assignments: Any = client.teams_extension
        put = assignments.upsert_assignment(TENANT, USER, {"principalType": "resourceAccount", "clientIds": [APP]})
        assert (put.object_id, put.tenant_id, put.principal_type, put.client_ids) == (
            USER,
            TENANT,
            "resourceAccount",
            [APP],
        )
        assert assignments.get_assignment(TENANT, USER).client_ids == [APP]
        credential = live.entra.credential(tenant_id=TENANT, client_id=APP, object_id=USER)
        token = credential.get_token("https://auth.msft.communication.azure.com/TeamsExtension.ManageCalls").token
    with v2026_09_23.CommunicationIdentityRestClient(
        live.endpoint, transport=EmulatorTransport(live), headers={"Authorization": f"Bearer {token}"}
    ) as client:
        exchanged: Any = client.teams_extension.exchange_access_token({})
        assert exchanged.identity.id.endswith(f"_{TENANT}_{USER}")
        assert live.introspect(exchanged.access_token.token).state == "live"


def life_with_the_official_client(client: Any, emulator: Emulator, **options: Any) -> None:
    user = client.create_user(**options)
    token = client.get_token(user, [CommunicationTokenScope.CHAT], token_expires_in=timedelta(hours=2), **options)
    assert emulator.introspect(token.token).state == "live"
    other, first = client.create_user_and_token(["chat", "voip"], **options)
    client.revoke_tokens(other, **options)
    assert emulator.introspect(first.token).state == "revoked"
    teams = client.get_token_for_teams_user(
        emulator.entra.issue_token(client_id=APP, object_id=USER), APP, USER, **options
    )
    assert teams.token
    client.delete_user(user, **options)
    client.delete_user(other, **options)
    assert emulator.introspect(token.token).state == "deleted"
    with pytest.raises(ResourceNotFoundError):
        client.get_token(user, [CommunicationTokenScope.CHAT], **options)
    stranger: Any = CommunicationUserIdentifier("8:acs:00000000-0000-0000-0000-000000000000_1")
    with pytest.raises(ClientAuthenticationError):
        client.delete_user(stranger, **options)


async def life_with_the_official_asynchronous_client(client: Any, emulator: Emulator, **options: Any) -> None:
    async with client:
        user, token = await client.create_user_and_token(["chat"], **options)
        await client.revoke_tokens(user, **options)
        assert emulator.introspect(token.token).state == "revoked"
        again = await client.get_token(user, [CommunicationTokenScope.VOIP], **options)
        assert emulator.introspect(again.token).state == "live"
        entra_token = emulator.entra.issue_token(client_id=APP, object_id=USER)
        assert (await client.get_token_for_teams_user(entra_token, APP, USER, **options)).token
        await client.delete_user(user, **options)
        with pytest.raises(ResourceNotFoundError):
            await client.revoke_tokens(user, **options)


def test_the_official_client_works_over_http(server: EmulatorServer) -> None:
    client: Any = CommunicationIdentityClient
    life_with_the_official_client(client(server.endpoint, server.emulator.access_key), server.emulator)


async def test_the_official_asynchronous_client_works_over_http(server: EmulatorServer) -> None:
    client: Any = AsyncCommunicationIdentityClient
    await life_with_the_official_asynchronous_client(
        client(server.endpoint, server.emulator.access_key), server.emulator
    )


def test_the_official_client_works_over_http_with_an_entra_credential(server: EmulatorServer) -> None:
    client = CommunicationIdentityClient(server.endpoint, server.emulator.entra.credential())
    life_with_the_official_client(client, server.emulator, enforce_https=False)


async def test_the_official_asynchronous_client_works_over_http_with_an_entra_credential(
    server: EmulatorServer,
) -> None:
    async with server.emulator.entra.async_credential() as credential:
        client = AsyncCommunicationIdentityClient(server.endpoint, credential)
        await life_with_the_official_asynchronous_client(client, server.emulator, enforce_https=False)


async def test_the_official_clients_work_in_process(live: Emulator) -> None:
    client: Any = CommunicationIdentityClient
    life_with_the_official_client(
        client("https://emulator.localhost", live.access_key, transport=EmulatorTransport(live)), live
    )
    client = AsyncCommunicationIdentityClient
    await life_with_the_official_asynchronous_client(
        client("https://emulator.localhost", live.access_key, transport=AsyncEmulatorTransport(live)), live
    )


def test_the_official_client_is_refused_with_another_key(server: EmulatorServer, own_key: str) -> None:
    client: Any = CommunicationIdentityClient
    with pytest.raises(ClientAuthenticationError, match="Denied by the resource provider"):
        client(server.endpoint, own_key).create_user()


def test_credentials_ask_for_one_audience(live: Emulator) -> None:
    credential = live.entra.credential(expires_in=timedelta(minutes=5))
    token = credential.get_token("https://communication.azure.com/clients/VoIP", tenant_id=TENANT)
    assert 0 < token.expires_on - datetime.now(UTC).timestamp() <= 300
    credential.close()
    for scopes in ((), ("chat",), ("https://a.example/.default", "https://b.example/.default")):
        with pytest.raises(ValueError, match="exactly one audience"):
            credential.get_token(*scopes)
