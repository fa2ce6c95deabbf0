"""Sync code as users write it, with every public name of acs_identity. Type checkers read it; nothing runs it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, assert_type

from azure.core.credentials import AccessToken as AzureAccessToken
from azure.core.credentials import AzureKeyCredential, TokenCredential
from azure.core.pipeline import PipelineRequest
from azure.core.rest import HttpRequest, HttpResponse

import acs_identity
from acs_identity import (
    AccessToken,
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationIdentityClient,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
    CommunicationUserProperties,
    HmacAuthenticationPolicy,
)
from acs_identity_rest.v2026_09_23 import CommunicationIdentityRestClient
from acs_identity_rest.v2026_09_23.models import (
    CommunicationIdentityAccessToken,
    CommunicationIdentityAccessTokenRequest,
    CommunicationIdentityAccessTokenResult,
)

ENDPOINT = "https://contoso.communication.azure.com"


def clients(key: str, token_credential: TokenCredential) -> list[CommunicationIdentityClient]:
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


def a_client_of_ones_own(conn_str: str) -> None:
    with Broker.from_connection_string(conn_str) as broker:
        assert_type(broker, Broker)


def users_and_tokens(client: CommunicationIdentityClient, user_id: str) -> None:
    with client as opened:
        assert_type(opened, CommunicationIdentityClient)
    user = client.create_user(headers={"x-team": "chat"}, connection_timeout=3.5)
    assert_type(user, CommunicationUserIdentifier)
    assert_type(
        client.create_user_and_token(["chat"], token_expires_in=timedelta(hours=1)),
        tuple[CommunicationUserIdentifier, AccessToken],
    )
    assert_type(client.get_token(user, [CommunicationTokenScope.CHAT, "voip"]), AccessToken)
    assert_type(client.get_token(user_id, ("chat",), token_expires_in=timedelta(hours=2)), AccessToken)
    assert_type(client.issue_token(user, {CommunicationTokenScope.VOIP}), AccessToken)
    assert_type(client.get_token_for_teams_user("entra token", "client id", "object id"), AccessToken)
    token, expires_on = client.get_token(user, (scope for scope in CommunicationTokenScope))
    assert_type(token, str)
    assert_type(expires_on, int)
    client.revoke_tokens(user)
    client.delete_user(user_id)
    client.close()


def tokens(access_token: AccessToken) -> AzureAccessToken:
    assert_type(access_token.token, str)
    assert_type(access_token.expires_on, int)
    assert_type(access_token.expires_at, datetime)
    assert_type(AccessToken("token", 1_790_000_000), AccessToken)
    return access_token


def scopes() -> list[CommunicationTokenScope]:
    assert_type(CommunicationTokenScope("voip.join"), CommunicationTokenScope)
    text: str = CommunicationTokenScope.CHAT_JOIN
    assert_type(text.upper(), str)
    return [
        CommunicationTokenScope.CHAT,
        CommunicationTokenScope.VOIP,
        CommunicationTokenScope.CHAT_JOIN,
        CommunicationTokenScope.CHAT_JOIN_LIMITED,
        CommunicationTokenScope.VOIP_JOIN,
    ]


def identifiers(raw_id: str) -> dict[CommunicationIdentifier, str]:
    user = CommunicationUserIdentifier(raw_id)
    assert_type(CommunicationUserIdentifier(id="id", raw_id=raw_id), CommunicationUserIdentifier)
    assert_type(user.raw_id, str)
    assert_type(user.kind, Literal[CommunicationIdentifierKind.COMMUNICATION_USER])
    assert_type(user.properties, CommunicationUserProperties)
    assert_type(user.properties["id"], str)
    properties: CommunicationUserProperties = {"id": raw_id}
    assert_type(user.properties == properties, bool)
    return {user: "alice"}


def any_identifier(identifier: CommunicationIdentifier) -> CommunicationUserIdentifier | None:
    assert_type(identifier.raw_id, str)
    assert_type(identifier.kind, Any)
    assert_type(identifier.properties, Mapping[str, Any])
    return identifier if isinstance(identifier, CommunicationUserIdentifier) else None


class OwnIdentifier:
    """An identifier of the user's own."""

    raw_id: str = "8:acs:1_2"
    kind: str = "mine"
    properties: dict[str, str]


def an_identifier_of_ones_own(client: CommunicationIdentityClient) -> None:
    client.delete_user(OwnIdentifier())


def raw_operations(client: CommunicationIdentityClient, user_id: str) -> None:
    assert_type(client.raw, CommunicationIdentityRestClient)
    assert_type(client.raw.identity.create(), CommunicationIdentityAccessTokenResult)
    request = CommunicationIdentityAccessTokenRequest(scopes=["chat"], expires_in_minutes=60)
    assert_type(client.raw.identity.issue_access_token(user_id, request), CommunicationIdentityAccessToken)
    assert_type(client.send_request(HttpRequest("GET", "/identities")), HttpResponse)
    assert_type(client.send_request(HttpRequest("GET", "/identities"), stream=True, timeout=5), HttpResponse)


def a_pipeline_of_ones_own(key: AzureKeyCredential, request: PipelineRequest[Any]) -> CommunicationIdentityRestClient:
    policy = HmacAuthenticationPolicy(key)
    policy.on_request(request)
    return CommunicationIdentityRestClient(ENDPOINT, policies=[policy, HmacAuthenticationPolicy("a2V5")])


assert_type(acs_identity.__version__, str)
