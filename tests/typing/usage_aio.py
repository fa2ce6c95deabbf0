"""Async code as users write it, with every public name of acs_identity.aio. Type checkers read it; nothing runs it."""

import asyncio
from datetime import timedelta
from typing import assert_type

from azure.core.async_paging import AsyncItemPaged
from azure.core.credentials import AccessToken as AzureAccessToken
from azure.core.credentials import AccessTokenInfo, AzureKeyCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from acs_identity import (
    AccessToken,
    BulkResult,
    CommunicationTokenScope,
    CommunicationUserDetail,
    CommunicationUserIdentifier,
    EntraAssignment,
    RateBudget,
    TeamsExtensionAssignment,
)
from acs_identity.aio import (
    AiohttpTransport,
    Bulk,
    CommunicationIdentityClient,
    CommunicationTokenCredential,
    TokenProvider,
)
from acs_identity_rest.v2026_09_23.aio import CommunicationIdentityRestClient
from acs_identity_rest.v2026_09_23.models import (
    CommunicationIdentityAccessToken,
    CommunicationIdentityAccessTokenRequest,
    CommunicationIdentityAccessTokenResult,
)

ENDPOINT = "https://contoso.communication.azure.com"


def clients(key: str, token_credential: AsyncTokenCredential) -> list[CommunicationIdentityClient]:
    made = CommunicationIdentityClient.from_connection_string(f"endpoint={ENDPOINT};accesskey={key}", retry_total=3)
    assert_type(made, CommunicationIdentityClient)
    return [
        made,
        CommunicationIdentityClient(ENDPOINT, key),
        CommunicationIdentityClient(ENDPOINT, AzureKeyCredential(key)),
        CommunicationIdentityClient(ENDPOINT, token_credential, api_version="2023-10-01", user_agent="broker/1"),
    ]


class Broker(CommunicationIdentityClient):
    """A client of the user's own."""


async def a_client_of_ones_own(conn_str: str) -> None:
    async with Broker.from_connection_string(conn_str) as broker:
        assert_type(broker, Broker)


async def users_and_tokens(client: CommunicationIdentityClient, user_id: str) -> None:
    async with client as opened:
        assert_type(opened, CommunicationIdentityClient)
    user = await client.create_user(headers={"x-team": "chat"}, connection_timeout=3.5)
    assert_type(user, CommunicationUserIdentifier)
    assert_type(
        await client.create_user_and_token(["chat"], token_expires_in=timedelta(hours=1)),
        tuple[CommunicationUserIdentifier, AccessToken],
    )
    assert_type(await client.get_token(user, [CommunicationTokenScope.CHAT, "voip"]), AccessToken)
    assert_type(await client.get_token(user_id, ("chat",), token_expires_in=timedelta(hours=2)), AccessToken)
    assert_type(await client.issue_token(user, {CommunicationTokenScope.VOIP}), AccessToken)
    assert_type(await client.get_token_for_teams_user("entra token", "client id", "object id"), AccessToken)
    await client.revoke_tokens(user)
    await client.delete_user(user_id)
    await client.close()


async def many_users(client: CommunicationIdentityClient, journal: str) -> None:
    assert_type(client.bulk, Bulk)
    created = await client.bulk.create_users(1000, concurrency=100, budget=RateBudget(share=0.5), journal=journal)
    assert_type(created, BulkResult[CommunicationUserIdentifier])
    assert_type((await client.bulk.create_users(custom_ids=["alice"])).succeeded, list[CommunicationUserIdentifier])
    assert_type(
        await client.bulk.create_users_and_tokens(10, ["chat"], token_expires_in=timedelta(hours=1)),
        BulkResult[tuple[CommunicationUserIdentifier, AccessToken]],
    )
    assert_type(await client.bulk.get_tokens(created.succeeded, ["chat"], read_timeout=5), BulkResult[AccessToken])
    assert_type(await client.bulk.revoke_tokens(created.succeeded), BulkResult[None])
    assert_type(await client.bulk.delete_users(user.raw_id for user in created.succeeded), BulkResult[None])


async def a_transport_of_ones_own(key: str, request: HttpRequest) -> AsyncHttpResponse:
    transport = AiohttpTransport(
        connection_timeout=5, connection_cert=("cert.pem", "key.pem"), connection_pool_size=500
    )
    CommunicationIdentityClient(ENDPOINT, key, transport=transport)
    await transport.open()
    async with transport as opened:
        answer = await opened.send(request, stream=True, read_timeout=1)
    await transport.close()
    return answer


async def raw_operations(client: CommunicationIdentityClient, user_id: str) -> None:
    assert_type(client.raw, CommunicationIdentityRestClient)
    assert_type(await client.raw.identity.create(), CommunicationIdentityAccessTokenResult)
    request = CommunicationIdentityAccessTokenRequest(scopes=["chat"], expires_in_minutes=60)
    assert_type(await client.raw.identity.issue_access_token(user_id, request), CommunicationIdentityAccessToken)
    assert_type(await client.send_request(HttpRequest("GET", "/identities")), AsyncHttpResponse)
    assert_type(await client.send_request(HttpRequest("GET", "/identities"), stream=True, timeout=5), AsyncHttpResponse)


async def details(client: CommunicationIdentityClient) -> CommunicationUserDetail:
    return await client.get_user(await client.create_user(custom_id="alice"))


async def several_at_once(client: CommunicationIdentityClient) -> None:
    task = asyncio.create_task(client.create_user())
    assert_type(await task, CommunicationUserIdentifier)


async def assignments(client: CommunicationIdentityClient) -> list[EntraAssignment]:
    assigned = await client.upsert_teams_extension_assignment("tenant", "object", "user", client_ids=["client"])
    assert_type(assigned, TeamsExtensionAssignment)
    assert_type(await client.get_teams_extension_assignment("tenant", "object"), TeamsExtensionAssignment)
    await client.delete_teams_extension_assignment("tenant", "object")
    await client.upsert_entra_assignment("object", "group", tenant_id="tenant", client_ids=["client"])
    assert_type(await client.get_entra_assignment("object"), EntraAssignment)
    assert_type(await client.update_entra_assignments(delete=["object"]), list[EntraAssignment])
    await client.delete_entra_assignment("object")
    pages = client.list_entra_assignments()
    assert_type(pages, AsyncItemPaged[EntraAssignment])
    return [assignment async for assignment in pages]


async def exchanged(client: CommunicationIdentityClient) -> list[AccessToken]:
    return [
        await client.get_token_for_teams_extension_user("entra token"),
        await client.get_token_for_entra_user("entra token"),
    ]


async def live_tokens(client: CommunicationIdentityClient, user: CommunicationUserIdentifier) -> None:
    provider = TokenProvider(client, token_expires_in=timedelta(hours=1), refresh_timeout=5.0)
    assert_type(await provider.get_token(user, [CommunicationTokenScope.CHAT]), AccessToken)
    assert_type(await provider.refresher(user, ["chat"])(), AzureAccessToken)
    async with provider.credential(user, ["chat"], proactive_refresh=True) as credential:
        assert_type(credential, CommunicationTokenCredential)
        assert_type(await credential.get_token("scope"), AccessToken)
        assert_type(await credential.get_token_info("scope"), AccessTokenInfo)
    provider.forget(user)


async def credentials(token_credential: AsyncTokenCredential, client: CommunicationIdentityClient) -> None:
    async def refresh() -> AccessToken:
        return await client.get_token("8:acs:1_2", ["chat"])

    credential = CommunicationTokenCredential("token", token_refresher=refresh)
    AsyncBearerTokenCredentialPolicy(credential, "scope")
    await credential.close()
    exchanging = CommunicationTokenCredential(resource_endpoint=ENDPOINT, token_credential=token_credential)
    as_azure_core_has_it: AsyncTokenCredential = exchanging
    await as_azure_core_has_it.close()
