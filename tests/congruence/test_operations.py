"""Every raw operation of every API version, recorded once and played back, and the same against the emulator."""

import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

import acs_identity_rest
from acs_identity._authentication import authentication_policies

from .conftest import CASSETTE, FOREIGN_ID, Backend, awaitable
from .test_scenario import APPLICATION, TEAMS_USER, TENANT

Rest = Callable[..., Any]
CASSETTES = Path(__file__).parent / "cassettes"
PRINCIPAL = "44444444-4444-4444-8444-444444444444"


def operations_of(api_version: str) -> set[tuple[str, str]]:
    """Return method and path of every operation that the contract of a version has."""
    contract = files("acs_identity_rest") / "contract" / api_version / "CommunicationIdentity.json"
    paths = json.loads(contract.read_text("utf-8"))["paths"]
    return {(method.upper(), path) for path, item in paths.items() for method in item if method != "parameters"}


@pytest.fixture(params=[CASSETTE, "in process"])
def backend(request: pytest.FixtureRequest, make_backend: Callable[[str], Backend]) -> Backend:
    return make_backend(request.param)


@pytest.fixture
async def call(backend: Backend, is_async: bool, api_version: str) -> AsyncIterator[Rest]:
    """Call an operation by group and name, with the access key or another credential."""
    package = acs_identity_rest.load(api_version)
    rest: Any = importlib.import_module(f"{package.__name__}.aio") if is_async else package
    opened: list[Any] = []

    async def call(group: str, name: str, *arguments: Any, credential: Any = None) -> Any:
        client = rest.CommunicationIdentityRestClient(
            backend.endpoint,
            per_retry_policies=authentication_policies(backend.endpoint, credential or backend.key, is_async=is_async),
            **backend.options(is_async=is_async),
        )
        opened.append(client)
        return await awaitable(getattr(getattr(client, group), name))(*arguments)

    yield call
    for client in opened:
        await awaitable(client.close)()


@pytest.fixture
def models(api_version: str) -> Any:
    return importlib.import_module(f"{acs_identity_rest.load(api_version).__name__}.models")


def versions_with(operation: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("api_version", acs_identity_rest.versions_with(operation))


@versions_with("identity.issue_access_token")
async def test_the_identity_operations(call: Rest, models: Any) -> None:
    created = await call("identity", "create")
    assert created.access_token is None
    request = models.CommunicationIdentityCreateRequest(create_token_with_scopes=["chat"])
    both = await call("identity", "create", request)
    assert both.identity.id != created.identity.id
    assert both.access_token.token
    request = models.CommunicationIdentityAccessTokenRequest(scopes=["voip"])
    issued = await call("identity", "issue_access_token", created.identity.id, request)
    assert issued.expires_on.tzinfo is not None
    assert await call("identity", "revoke_access_tokens", created.identity.id) is None
    assert await call("identity", "delete", created.identity.id) is None


@versions_with("identity.issue_token")
async def test_the_identity_operations_of_the_first_preview(call: Rest, models: Any) -> None:
    created = await call("identity", "create")
    issued = await call("identity", "issue_token", created.id, models.CommunicationTokenRequest(scopes=["chat"]))
    assert issued.id == created.id
    assert issued.token
    valid_from = models.CommunicationIdentityUpdateRequest(tokens_valid_from=datetime.now(UTC) - timedelta(hours=1))
    assert await call("identity", "update", created.id, valid_from) is None
    assert await call("identity", "delete", created.id) is None


@versions_with("identity.get")
async def test_an_identity_is_read_by_its_id(call: Rest, models: Any) -> None:
    request = models.CommunicationIdentityCreateRequest(custom_id="alice", create_token_with_scopes=["chat"])
    created = await call("identity", "create", request)
    again = await call("identity", "create", models.CommunicationIdentityCreateRequest(custom_id="alice"))
    assert again.identity.id == created.identity.id
    read = await call("identity", "get", created.identity.id)
    assert (read.id, read.custom_id) == (created.identity.id, "alice")
    assert read.last_token_issued_at == created.identity.last_token_issued_at


@versions_with("teams_user.exchange_access_token")
async def test_the_teams_user_operation(call: Rest, models: Any, backend: Backend) -> None:
    entra_token = backend.entra_token(tenant_id=TENANT, client_id=APPLICATION, object_id=TEAMS_USER)
    if hasattr(models, "TeamsUserAccessTokenRequest"):
        request = models.TeamsUserAccessTokenRequest(token=entra_token)
    else:
        request = models.TeamsUserExchangeTokenRequest(token=entra_token, app_id=APPLICATION, user_id=TEAMS_USER)
    assert (await call("teams_user", "exchange_access_token", request)).token


@versions_with("teams_extension.exchange_access_token")
async def test_the_teams_extension_operations(call: Rest, models: Any, backend: Backend, is_async: bool) -> None:
    principal = (TENANT, PRINCIPAL)
    request = models.TeamsExtensionAssignmentCreateOrUpdateRequest(
        principal_type="resourceAccount", client_ids=[APPLICATION]
    )
    created = await call("teams_extension", "upsert_assignment", *principal, request)
    replaced = await call("teams_extension", "upsert_assignment", *principal, request)
    read = await call("teams_extension", "get_assignment", *principal)
    assert created.as_dict() == replaced.as_dict() == read.as_dict()
    assert read.as_dict() == {
        "object_id": PRINCIPAL,
        "tenant_id": TENANT,
        "principal_type": "resourceAccount",
        "client_ids": [APPLICATION],
    }
    credential = backend.token_credential(
        is_async=is_async, tenant_id=TENANT, client_id=APPLICATION, object_id=PRINCIPAL
    )
    exchanged = await call("teams_extension", "exchange_access_token", {}, credential=credential)
    assert exchanged.identity.id.startswith("8:acs:")
    assert exchanged.access_token.token
    assert await call("teams_extension", "delete_assignment", *principal) is None


@versions_with("entra.exchange_access_token")
async def test_the_entra_operations(call: Rest, models: Any, backend: Backend, is_async: bool) -> None:
    request = models.EntraAssignmentCreateOrUpdateRequest(
        tenant_id=TENANT, principal_type="user", client_ids=[APPLICATION]
    )
    created = await call("entra", "upsert_assignment", PRINCIPAL, request)
    read = await call("entra", "get_assignment", PRINCIPAL)
    assert created.as_dict() == read.as_dict()
    assert read.object_id == PRINCIPAL
    credential = backend.token_credential(
        is_async=is_async, tenant_id=TENANT, client_id=APPLICATION, object_id=PRINCIPAL
    )
    exchanged = await call("entra", "exchange_access_token", {}, credential=credential)
    assert exchanged.identity.id.startswith("8:acs:")
    assert exchanged.access_token.token
    await call("entra", "update_assignments", {TEAMS_USER: request})
    listed = await call("entra", "list_assignments")
    assert {PRINCIPAL, TEAMS_USER} <= {assignment.object_id for assignment in listed.value}
    for principal in (PRINCIPAL, TEAMS_USER):
        assert await call("entra", "delete_assignment", principal) is None


async def refusal(answer: Awaitable[Any]) -> tuple[int, str, str, str | None]:
    """Return status, code, message and target of a request that must be refused."""
    with pytest.raises(HttpResponseError) as caught:
        await answer
    assert caught.value.status_code is not None
    assert caught.value.response is not None
    error = json.loads(caught.value.response.text())["error"]
    return caught.value.status_code, error["code"], error["message"], error.get("target")


NOT_OWNED = (401, "IdentityNotOwned", "Provided identity doesn't belong to the resource.", None)


# The documented errors of the REST reference and those that recordings of the official clients show.
@versions_with("identity.issue_access_token")
async def test_the_documented_errors_of_the_identity_operations(call: Rest, models: Any) -> None:
    for_chat = models.CommunicationIdentityAccessTokenRequest(scopes=["chat"])
    assert await refusal(call("identity", "issue_access_token", FOREIGN_ID, for_chat)) == NOT_OWNED
    assert await refusal(call("identity", "revoke_access_tokens", FOREIGN_ID)) == NOT_OWNED
    assert await refusal(call("identity", "delete", FOREIGN_ID)) == NOT_OWNED
    denied = (401, "Denied", "Denied by the resource provider.", None)
    assert await refusal(call("identity", "create", credential="YW5vdGhlciBrZXk=")) == denied
    user = (await call("identity", "create")).identity.id
    for_nothing = models.CommunicationIdentityAccessTokenRequest(scopes=[])
    assert (await refusal(call("identity", "issue_access_token", user, for_nothing)))[:2] == (400, "ValidationError")
    if "expires_in_minutes" in vars(for_chat):
        for minutes in (59, 1441):
            request = models.CommunicationIdentityAccessTokenRequest(scopes=["chat"], expires_in_minutes=minutes)
            assert await refusal(call("identity", "issue_access_token", user, request)) == (
                400,
                "ValidationError",
                f"ExpiresInMinutes value {minutes} is invalid. Value must be within the [60, 1440] interval.",
                "ExpiresInMinutes",
            )
    await call("identity", "delete", user)
    gone = await refusal(call("identity", "issue_access_token", user, for_chat))
    assert (gone[0], gone[2]) == (404, "Provided identity doesn't exist.")


@pytest.mark.parametrize(
    "api_version",
    [
        version
        for version in acs_identity_rest.versions_with("teams_user.exchange_access_token")
        if version != "2021-10-31-preview"
    ],
)
async def test_the_documented_errors_of_the_teams_user_exchange(call: Rest, models: Any, backend: Backend) -> None:
    entra_token = backend.entra_token(tenant_id=TENANT, client_id=APPLICATION, object_id=TEAMS_USER)

    async def refused(token: str, application: str, user: str) -> tuple[int, str, str, str | None]:
        request = models.TeamsUserExchangeTokenRequest(token=token, app_id=application, user_id=user)
        return await refusal(call("teams_user", "exchange_access_token", request))

    no_token = (401, "InvalidAccessToken", "Provided access token is not valid.", None)
    assert await refused("", APPLICATION, TEAMS_USER) == no_token
    assert await refused("worthless", APPLICATION, TEAMS_USER) == no_token
    for application, user, message, target in (
        ("", TEAMS_USER, "AppId: The AppId field is required.", "AppId"),
        (APPLICATION, "", "UserId: The UserId field is required.", "UserId"),
        ("invalid", TEAMS_USER, "Provided AppId has invalid format.", "appId"),
        (APPLICATION, "invalid", "Provided UserId has invalid format.", "userId"),
        (TENANT, TEAMS_USER, "AAD application is not the expected one.", "appId"),
        (APPLICATION, TENANT, "Provided AAD token issued for unexpected user.", "userId"),
    ):
        assert await refused(entra_token, application, user) == (400, "ValidationError", message, target)


@versions_with("teams_extension.exchange_access_token")
async def test_the_documented_errors_of_the_teams_extension_assignments(call: Rest) -> None:
    assert (await refusal(call("teams_extension", "get_assignment", TENANT, PRINCIPAL)))[0] == 404


def test_the_cassettes_hold_every_operation_of_every_api_version(load_tool: Callable[[str], ModuleType]) -> None:
    coverage = load_tool("guard.coverage")
    seen = coverage.recorded(CASSETTES)
    for version in acs_identity_rest.API_VERSIONS:
        assert coverage.unrecorded(version, operations_of(version), seen) == [], version
