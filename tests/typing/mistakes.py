"""Mistakes that a type checker finds for the user. Each line says what mypy and what pyright call its mistake."""

from datetime import datetime, timedelta

from azure.core.credentials import TokenCredential
from azure.core.credentials_async import AsyncTokenCredential

import acs_identity
import acs_identity.aio
from acs_identity import AccessToken, CommunicationIdentityClient, CommunicationUserIdentifier

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
    done: bool = client.delete_user(user)  # E: func-returns-value reportAssignmentType
    name: str = user.properties["name"]  # E: typeddict-item reportGeneralTypeIssues
    user.raw_id = f"{text}{moment}{done}{name}"  # E: misc reportAttributeAccessIssue
    CommunicationUserIdentifier(5)  # E: arg-type reportArgumentType


async def async_calls(client: AsyncClient) -> None:
    client.create_user()  # E: unused-coroutine reportUnusedCoroutine
    user: CommunicationUserIdentifier = client.create_user()  # E: assignment reportAssignmentType
    await client.delete_users(user)  # E: attr-defined reportAttributeAccessIssue
