"""Every raw operation of every API version, recorded once and played back, and the same against the emulator."""

import json
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import acs_identity_rest
from acs_identity import CommunicationIdentityClient
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient

from .conftest import BACKENDS, Backend, awaitable
from .test_scenario import APPLICATION, TEAMS_USER, TENANT

Rest = Callable[..., Any]
CASSETTES = Path(__file__).parent / "cassettes"
EXTENSION_USER = "44444444-4444-4444-8444-444444444444"


def operations_of(api_version: str) -> set[tuple[str, str]]:
    """Return method and path of every operation that the contract of a version has."""
    contract = files("acs_identity_rest") / "contract" / api_version / "CommunicationIdentity.json"
    paths = json.loads(contract.read_text("utf-8"))["paths"]
    return {(method.upper(), path) for path, item in paths.items() for method in item if method != "parameters"}


@pytest.fixture(params=[backend for backend in BACKENDS if backend not in ("http", "official client")])
def backend(request: pytest.FixtureRequest, make_backend: Callable[[str], Backend]) -> Backend:
    return make_backend(request.param)


@pytest.fixture
async def call(backend: Backend, is_async: bool, api_version: str) -> AsyncIterator[Rest]:
    """Call an operation by group and name, with the access key or another credential."""
    opened: list[Any] = []

    async def call(group: str, name: str, *arguments: Any, credential: Any = None) -> Any:
        client_class: Any = AsyncCommunicationIdentityClient if is_async else CommunicationIdentityClient
        client = client_class(
            backend.endpoint,
            credential or backend.key,
            api_version=api_version,
            **backend.options(is_async=is_async),
        )
        opened.append(client)
        return await awaitable(getattr(getattr(client.raw, group), name))(*arguments)

    yield call
    for client in opened:
        await awaitable(client.close)()


@pytest.fixture
def models(api_version: str) -> Any:
    from importlib import import_module

    return import_module(f"acs_identity_rest.v{api_version.replace('-', '_')}.models")


async def test_the_identity_operations(call: Rest, models: Any) -> None:
    created = await call("identity", "create")
    assert created.access_token is None
    request = models.CommunicationIdentityCreateRequest(create_token_with_scopes=["chat"], expires_in_minutes=60)
    both = await call("identity", "create", request)
    assert both.identity.id != created.identity.id
    assert both.access_token.token
    request = models.CommunicationIdentityAccessTokenRequest(scopes=["voip"], expires_in_minutes=None)
    issued = await call("identity", "issue_access_token", created.identity.id, request)
    assert issued.expires_on.tzinfo is not None
    assert await call("identity", "revoke_access_tokens", created.identity.id) is None
    assert await call("identity", "delete", created.identity.id) is None


async def test_the_teams_user_operation(call: Rest, models: Any, backend: Backend) -> None:
    entra_token = backend.entra_token(tenant_id=TENANT, client_id=APPLICATION, object_id=TEAMS_USER)
    request = models.TeamsUserExchangeTokenRequest(token=entra_token, app_id=APPLICATION, user_id=TEAMS_USER)
    assert (await call("teams_user", "exchange_access_token", request)).token


@pytest.mark.parametrize("api_version", ["2026-09-23"])
async def test_the_teams_extension_operations(call: Rest, models: Any, backend: Backend, is_async: bool) -> None:
    principal = (TENANT, EXTENSION_USER)
    request = models.TeamsExtensionAssignmentCreateOrUpdateRequest(
        principal_type="resourceAccount", client_ids=[APPLICATION]
    )
    created = await call("teams_extension", "upsert_assignment", *principal, request)
    replaced = await call("teams_extension", "upsert_assignment", *principal, request)
    read = await call("teams_extension", "get_assignment", *principal)
    assert created.as_dict() == replaced.as_dict() == read.as_dict()
    assert read.as_dict() == {
        "object_id": EXTENSION_USER,
        "tenant_id": TENANT,
        "principal_type": "resourceAccount",
        "client_ids": [APPLICATION],
    }
    credential = backend.token_credential(
        is_async=is_async, tenant_id=TENANT, client_id=APPLICATION, object_id=EXTENSION_USER
    )
    exchanged = await call("teams_extension", "exchange_access_token", {}, credential=credential)
    assert exchanged.identity.id.startswith("8:acs:")
    assert exchanged.access_token.token
    assert await call("teams_extension", "delete_assignment", *principal) is None


def test_the_cassettes_hold_every_operation_of_every_api_version(load_tool: Callable[[str], ModuleType]) -> None:
    coverage = load_tool("guard.coverage")
    seen = coverage.recorded(CASSETTES)
    for version in acs_identity_rest.API_VERSIONS:
        assert coverage.unrecorded(version, operations_of(version), seen) == [], version
