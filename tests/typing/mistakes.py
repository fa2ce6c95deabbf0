"""Mistakes that a type checker finds for the user. Each line says what mypy and what pyright call its mistake."""

from datetime import datetime, timedelta

from azure.core.credentials import TokenCredential
from azure.core.credentials_async import AsyncTokenCredential

import acs_identity
import acs_identity.aio
from acs_identity import (
    AccessToken,
    CommunicationIdentityClient,
    CommunicationIdentityError,
    CommunicationTokenCredential,
    CommunicationUserIdentifier,
    PhoneNumberIdentifier,
    TeamsExtensionUserIdentifier,
    TokenProvider,
    identifier_from_raw_id,
)
from acs_identity.diagnostics import explain

ENDPOINT = "https://contoso.communication.azure.com"
AsyncClient = acs_identity.aio.CommunicationIdentityClient


def clients(sync_credential: TokenCredential, async_credential: AsyncTokenCredential) -> None:
    acs_identity.CommunicationIdentityCLient(ENDPOINT, "key")  # E: attr-defined reportAttributeAccessIssue
    CommunicationIdentityClient(ENDPOINT)  # E: call-arg reportCallIssue
    CommunicationIdentityClient(ENDPOINT, b"key")  # E: arg-type reportArgumentType
    CommunicationIdentityClient(ENDPOINT, None)  # E: arg-type reportArgumentType
    CommunicationIdentityClient(ENDPOINT, "key", "2026-09-23")  # E: call-arg reportCallIssue
    CommunicationIdentityClient(ENDPOINT, "key", api_version=2026)  # E: arg-type reportArgumentType
    CommunicationIdentityClient(ENDPOINT, async_credential)  # E: arg-type reportArgumentType
    AsyncClient(ENDPOINT, sync_credential)  # E: arg-type reportArgumentType


def calls(client: CommunicationIdentityClient, user: CommunicationUserIdentifier) -> None:
    client.get_token(user)  # E: call-arg reportCallIssue
    client.get_token(user, 5)  # E: arg-type reportArgumentType
    client.get_token(5, ["chat"])  # E: arg-type reportArgumentType
    client.get_token(user, ["chat"], timedelta(hours=1))  # E: call-arg reportCallIssue
    client.get_token(user, ["chat"], token_expires_in=60)  # E: arg-type reportArgumentType
    client.get_tokens(user, ["chat"])  # E: attr-defined reportAttributeAccessIssue
    print(client.create_user_and_token(["chat"]).token)  # E: attr-defined reportAttributeAccessIssue
    client.send_request("GET")  # E: arg-type reportArgumentType


def results(client: CommunicationIdentityClient, token: AccessToken, user: CommunicationUserIdentifier) -> None:
    text: str = token.expires_on  # E: assignment reportAssignmentType
    moment: datetime = token.expires_on  # E: assignment reportAssignmentType
    done: bool = client.delete_user(user)  # E: assignment reportAssignmentType
    name: str = user.properties["name"]  # E: typeddict-item reportGeneralTypeIssues
    user.raw_id = f"{text}{moment}{done}{name}"  # E: misc reportAttributeAccessIssue
    CommunicationUserIdentifier(5)  # E: arg-type reportArgumentType


def identifiers(raw_id: str, number: PhoneNumberIdentifier) -> None:
    TeamsExtensionUserIdentifier("user", "tenant", "resource")  # E: call-arg reportCallIssue
    print(identifier_from_raw_id(raw_id).properties["app_id"])  # E: typeddict-item reportGeneralTypeIssues
    print(number.properties["number"])  # E: typeddict-item reportGeneralTypeIssues


def assignments(client: CommunicationIdentityClient) -> None:
    client.upsert_entra_assignment("object", "user", client_ids=["client"])  # E: call-arg reportCallIssue
    client.upsert_teams_extension_assignment("object", "user")  # E: call-arg reportCallIssue
    client.update_entra_assignments(delete=[5])  # E: list-item reportArgumentType
    for page in client.list_entra_assignments():
        print(page.value)  # E: attr-defined reportAttributeAccessIssue


async def a_coroutine() -> AccessToken:
    return AccessToken("token", 1_790_000_000)


def credentials(client: CommunicationIdentityClient, async_client: AsyncClient, user: str) -> None:
    CommunicationTokenCredential(token_refresher=a_coroutine)  # E: arg-type reportArgumentType
    CommunicationTokenCredential("token", token_refresher=lambda: "token")  # E: arg-type reportCallIssue
    CommunicationTokenCredential(resource_endpoint=ENDPOINT)  # E: call-overload reportCallIssue
    TokenProvider(async_client)  # E: arg-type reportArgumentType
    TokenProvider(client).get_token(user)  # E: call-arg reportCallIssue
    TokenProvider(client).get_token(user, ["chat"]).expires_on.isoformat()  # E: attr-defined reportAttributeAccessIssue


def errors(error: CommunicationIdentityError) -> None:
    code: str = error.code  # E: assignment reportAssignmentType
    explain(code)  # E: arg-type reportArgumentType


async def async_calls(client: AsyncClient) -> None:
    client.create_user()  # E: unused-coroutine reportUnusedCoroutine
    user: CommunicationUserIdentifier = client.create_user()  # E: assignment reportAssignmentType
    await client.delete_users(user)  # E: attr-defined reportAttributeAccessIssue
