"""Sync code as users write it, with every public name of acs_identity. Type checkers read it; nothing runs it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, assert_type

from azure.core.credentials import AccessToken as AzureAccessToken
from azure.core.credentials import AccessTokenInfo, AzureKeyCredential, TokenCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.core.paging import ItemPaged
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest, HttpResponse

import acs_identity
from acs_identity import (
    AccessToken,
    Bulk,
    BulkError,
    BulkFailure,
    BulkInterrupted,
    BulkProgress,
    BulkResult,
    CommunicationCloudEnvironment,
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationIdentityClient,
    CommunicationIdentityError,
    CommunicationTokenCredential,
    CommunicationTokenScope,
    CommunicationUserDetail,
    CommunicationUserIdentifier,
    CommunicationUserProperties,
    ConflictError,
    EntraAssignment,
    EntraPrincipalType,
    HmacAuthenticationPolicy,
    JournalError,
    MicrosoftTeamsAppIdentifier,
    MicrosoftTeamsAppProperties,
    MicrosoftTeamsUserIdentifier,
    MicrosoftTeamsUserProperties,
    NotFoundError,
    PhoneNumberIdentifier,
    PhoneNumberProperties,
    RateBudget,
    TeamsExtensionAssignment,
    TeamsExtensionPrincipalType,
    TeamsExtensionUserIdentifier,
    TeamsExtensionUserProperties,
    TokenProvider,
    UnauthorizedError,
    UnknownIdentifier,
    UnreadableAnswerError,
    Urllib3Transport,
    identifier_from_raw_id,
    is_communication_user,
    is_microsoft_teams_app,
    is_microsoft_teams_user,
    is_phone_number,
    is_teams_extension_user,
    is_unknown,
    parse_connection_string,
)
from acs_identity.diagnostics import Cause, Explanation, explain, string_to_sign
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


def many_users(client: CommunicationIdentityClient, journal: Path) -> list[BulkFailure]:
    def show(progress: BulkProgress) -> None:
        print(progress.done, progress.failed, progress.total)

    assert_type(client.bulk, Bulk)
    try:
        created = client.bulk.create_users(1000, concurrency=8, journal=journal, progress=show)
    except JournalError as error:
        raise SystemExit(str(error)) from error
    except BulkInterrupted as interruption:
        return interruption.result.failed
    assert_type(created, BulkResult[CommunicationUserIdentifier])
    assert_type(created.answer(3), CommunicationUserIdentifier | None)
    assert_type(
        client.bulk.create_users_and_tokens(10, ["chat"], token_expires_in=timedelta(hours=1)),
        BulkResult[tuple[CommunicationUserIdentifier, AccessToken]],
    )
    assert_type(client.bulk.get_tokens(created.succeeded, ["chat"]), BulkResult[AccessToken])
    assert_type(client.bulk.revoke_tokens(created.succeeded), BulkResult[None])
    deleted = client.bulk.delete_users(user.raw_id for user in created.succeeded)
    try:
        deleted.raise_for_failures()
    except BulkError as errors:
        assert_type(errors.exceptions[0], Exception | ExceptionGroup[Exception])
    for failure in deleted.failed:
        print(failure.number, failure.user, failure.error)
    return deleted.not_tried


def a_budget_of_ones_own(limits: Mapping[str, int]) -> float:
    budget = RateBudget(limits, share=0.25)
    moment = budget.reserve("create_user")
    budget.pause("create_user", 30)
    return budget.seconds_until("create_user", moment)


def a_transport_of_ones_own(key: str, request: HttpRequest) -> HttpResponse:
    transport = Urllib3Transport(read_timeout=None, connection_verify="ca.pem", proxies={"https": "http://proxy:8080"})
    CommunicationIdentityClient(ENDPOINT, key, transport=transport)
    transport.open()
    with transport as opened:
        answer = opened.send(request, stream=True, read_timeout=1)
    transport.close()
    return answer


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


def what_a_raw_id_stands_for(raw_id: str) -> str:
    identifier = identifier_from_raw_id(raw_id)
    match identifier:
        case CommunicationUserIdentifier():
            return identifier.properties["id"]
        case PhoneNumberIdentifier():
            assert_type(identifier.properties, PhoneNumberProperties)
            return identifier.properties.get("asserted_id") or identifier.properties["value"]
        case MicrosoftTeamsUserIdentifier():
            assert_type(identifier.properties, MicrosoftTeamsUserProperties)
            assert_type(identifier.properties["cloud"], CommunicationCloudEnvironment | str)
            return identifier.properties["user_id"]
        case MicrosoftTeamsAppIdentifier():
            assert_type(identifier.properties, MicrosoftTeamsAppProperties)
            return identifier.properties["app_id"]
        case TeamsExtensionUserIdentifier():
            assert_type(identifier.properties, TeamsExtensionUserProperties)
            return identifier.properties["tenant_id"]
        case UnknownIdentifier():
            return identifier.raw_id


def what_another_package_identifies(identifier: CommunicationIdentifier) -> str:
    if is_communication_user(identifier):
        return identifier.properties["id"]
    if is_phone_number(identifier):
        return identifier.properties["value"]
    if is_microsoft_teams_user(identifier):
        return identifier.properties["user_id"]
    if is_microsoft_teams_app(identifier):
        return identifier.properties["app_id"]
    if is_teams_extension_user(identifier):
        return identifier.properties["resource_id"]
    return "unknown" if is_unknown(identifier) else str(identifier.kind)


def identifiers_of_every_kind() -> dict[CommunicationIdentifierKind, CommunicationIdentifier]:
    visitor = MicrosoftTeamsUserIdentifier("visitor", is_anonymous=True, cloud=CommunicationCloudEnvironment.PUBLIC)
    return {
        CommunicationIdentifierKind.COMMUNICATION_USER: CommunicationUserIdentifier("8:acs:1_2"),
        CommunicationIdentifierKind.PHONE_NUMBER: PhoneNumberIdentifier("+14255550123", raw_id="4:+14255550123"),
        CommunicationIdentifierKind.MICROSOFT_TEAMS_USER: visitor,
        CommunicationIdentifierKind.MICROSOFT_TEAMS_APP: MicrosoftTeamsAppIdentifier(
            "app", cloud=CommunicationCloudEnvironment.DOD
        ),
        CommunicationIdentifierKind.MICROSOFT_BOT: MicrosoftTeamsAppIdentifier("app", cloud="elsewhere"),
        CommunicationIdentifierKind.TEAMS_EXTENSION_USER: TeamsExtensionUserIdentifier(
            user_id="user", tenant_id="tenant", resource_id="resource", cloud=CommunicationCloudEnvironment.GCCH
        ),
        CommunicationIdentifierKind.UNKNOWN: UnknownIdentifier("48:1"),
    }


def details(client: CommunicationIdentityClient) -> CommunicationUserDetail:
    detail = client.get_user(client.create_user(custom_id="alice"))
    assert_type(detail.user, CommunicationUserIdentifier)
    assert_type(detail.custom_id, str | None)
    assert_type(detail.last_token_issued_at, datetime | None)
    return detail


def assignments(client: CommunicationIdentityClient) -> list[EntraAssignment]:
    assigned = client.upsert_teams_extension_assignment(
        "tenant", "object", TeamsExtensionPrincipalType.RESOURCE_ACCOUNT, client_ids=["client"]
    )
    assert_type(assigned, TeamsExtensionAssignment)
    assert_type(client.get_teams_extension_assignment("tenant", "object").client_ids, tuple[str, ...] | None)
    client.upsert_teams_extension_assignment("tenant", "object", TeamsExtensionPrincipalType.TEAMS_RESOURCE_ACCOUNT)
    client.upsert_teams_extension_assignment("tenant", "object", TeamsExtensionPrincipalType.USER)
    client.delete_teams_extension_assignment("tenant", "object")
    client.upsert_entra_assignment("object", EntraPrincipalType.TENANT, tenant_id="tenant", client_ids=["client"])
    client.upsert_entra_assignment("object", EntraPrincipalType.USER, tenant_id="tenant", client_ids=("client",))
    assert_type(client.get_entra_assignment("object").client_ids, tuple[str, ...])
    group = EntraAssignment("object", "tenant", EntraPrincipalType.GROUP, ("client",))
    assert_type(client.update_entra_assignments(upsert=[group], delete=["other"]), list[EntraAssignment])
    client.delete_entra_assignment("object")
    pages = client.list_entra_assignments()
    assert_type(pages, ItemPaged[EntraAssignment])
    return [
        assignment
        for assignment in pages
        if (assignment.tenant_id, assignment.object_id, assignment.principal_type) == ("tenant", "object", "user")
    ]


def exchanged(client: CommunicationIdentityClient) -> list[AccessToken]:
    return [
        client.get_token_for_teams_extension_user("entra token"),
        client.get_token_for_entra_user("entra token"),
    ]


def live_tokens(client: CommunicationIdentityClient, user: CommunicationUserIdentifier) -> None:
    provider = TokenProvider(client, token_expires_in=timedelta(hours=1), refresh_timeout=5.0)
    assert_type(provider.get_token(user, [CommunicationTokenScope.CHAT]), AccessToken)
    assert_type(provider.refresher(user, ["chat"])(), AzureAccessToken)
    with provider.credential(user, ["chat"], proactive_refresh=True) as credential:
        assert_type(credential, CommunicationTokenCredential)
        assert_type(credential.get_token("scope"), AccessToken)
        assert_type(credential.get_token_info("scope"), AccessTokenInfo)
    provider.forget(user)


def credentials(token_credential: TokenCredential, client: CommunicationIdentityClient) -> list[TokenCredential]:
    def refresh() -> AccessToken:
        return client.get_token("8:acs:1_2", ["chat"])

    made = [
        CommunicationTokenCredential("token"),
        CommunicationTokenCredential("token", token_refresher=refresh, proactive_refresh=True),
        CommunicationTokenCredential(token_refresher=refresh, refresh_timeout=5),
        CommunicationTokenCredential(
            resource_endpoint=ENDPOINT,
            token_credential=token_credential,
            scopes=["https://communication.azure.com/clients/Chat"],
            retry_total=3,
        ),
    ]
    BearerTokenCredentialPolicy(made[0], "scope")
    for credential in made:
        credential.close()
    return [*made]


def what_went_wrong(client: CommunicationIdentityClient, error: HttpResponseError) -> str | None:
    try:
        client.create_user()
    except UnauthorizedError as refused:
        as_before: ClientAuthenticationError = refused
        explanation = explain(as_before, access_key="a2V5")
        assert_type(explanation, Explanation)
        return explanation.remedy if explanation.cause is Cause.CLOCK else explanation.likely
    except (NotFoundError, ConflictError, UnreadableAnswerError) as refused:
        known: ResourceNotFoundError | ResourceExistsError | DecodeError = refused
        return known.message
    except CommunicationIdentityError as refused:
        return (refused.code or refused.service_message or refused.target or refused.request_id) or (
            refused.client_request_id or refused.api_version
        )
    assert_type(explain(error).clock_offset, timedelta | None)
    assert_type(string_to_sign(HttpRequest("GET", ENDPOINT)), str)
    assert_type(parse_connection_string("endpoint=...;accesskey=..."), tuple[str, str])
    return None


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
