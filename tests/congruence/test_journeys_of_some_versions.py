"""The journeys that some API versions alone have, on every backend and in both colours."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

import acs_identity_rest
from acs_identity import EntraAssignment, EntraPrincipalType, TeamsExtensionAssignment

from .conftest import CASSETTE, Backend, Subject
from .test_scenario import APPLICATION, TENANT, claims_of

pytestmark = pytest.mark.filterwarnings("ignore:.* is a preview:UserWarning")
PRINCIPAL = "55555555-5555-4555-8555-555555555555"
MANY = [f"66666666-6666-4666-8666-{number:012}" for number in range(11)]


@pytest.fixture(params=[CASSETTE, "in process", "http"])
def backend(request: pytest.FixtureRequest, make_backend: Callable[[str], Backend]) -> Backend:
    return make_backend(request.param)


def versions_with(operation: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("api_version", acs_identity_rest.versions_with(operation))


async def everything(items: Iterable[Any] | AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items] if isinstance(items, AsyncIterator) else list(items)


@versions_with("identity.get")
async def test_a_user_is_found_again_by_the_id_it_was_given(subject: Subject) -> None:
    user, _ = await subject.create_user_and_token(["chat"], custom_id="bob@contoso.com")
    assert await subject.create_user(custom_id="bob@contoso.com") == user
    read = await subject.get_user(user)
    assert (read.user, read.custom_id) == (user, "bob@contoso.com")
    assert read.last_token_issued_at.utcoffset().total_seconds() == 0
    await subject.delete_user(user)


@versions_with("teams_extension.exchange_access_token")
async def test_a_teams_principal_exchanges_its_token_once_it_is_assigned(subject: Subject, backend: Backend) -> None:
    assigned = await subject.upsert_teams_extension_assignment(
        TENANT, PRINCIPAL, "teamsResourceAccount", client_ids=[APPLICATION]
    )
    assert assigned == TeamsExtensionAssignment(PRINCIPAL, TENANT, "teamsResourceAccount", (APPLICATION,))
    assert await subject.get_teams_extension_assignment(TENANT, PRINCIPAL) == assigned
    entra_token = backend.entra_token(tenant_id=TENANT, client_id=APPLICATION, object_id=PRINCIPAL)
    token = await subject.get_token_for_teams_extension_user(entra_token)
    assert token.expires_on == claims_of(token.token)["exp"]
    assert await subject.delete_teams_extension_assignment(TENANT, PRINCIPAL) is None
    with pytest.raises(ResourceNotFoundError):
        await subject.get_teams_extension_assignment(TENANT, PRINCIPAL)


@versions_with("entra.exchange_access_token")
async def test_an_entra_user_exchanges_its_token_once_it_is_assigned(subject: Subject, backend: Backend) -> None:
    assigned = await subject.upsert_entra_assignment(
        PRINCIPAL, EntraPrincipalType.USER, tenant_id=TENANT, client_ids=[APPLICATION]
    )
    assert await subject.get_entra_assignment(PRINCIPAL) == assigned
    entra_token = backend.entra_token(tenant_id=TENANT, client_id=APPLICATION, object_id=PRINCIPAL)
    token = await subject.get_token_for_entra_user(entra_token)
    assert token.expires_on == claims_of(token.token)["exp"]
    assert await subject.delete_entra_assignment(PRINCIPAL) is None
    with pytest.raises(ResourceNotFoundError):
        await subject.get_entra_assignment(PRINCIPAL)


@versions_with("entra.list_assignments")
async def test_assignments_changed_at_once_are_listed_over_several_pages(subject: Subject) -> None:
    wanted = [EntraAssignment(object_id, TENANT, "group", (APPLICATION,)) for object_id in MANY]
    assert await subject.update_entra_assignments(upsert=wanted) == wanted
    pages = [await everything(page) for page in await everything((await subject.list_entra_assignments()).by_page())]
    assert len(pages) > 1
    assert [assignment for page in pages for assignment in page if assignment.object_id in MANY] == wanted
    assert await subject.update_entra_assignments(delete=MANY) == []
