"""Teams and Entra ID principals are assigned to the resource, and exchange their tokens, where the version has that."""

import base64
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ResourceNotFoundError,
)

from acs_identity import (
    CommunicationIdentityClient,
    EntraAssignment,
    EntraPrincipalType,
    TeamsExtensionAssignment,
    TeamsExtensionPrincipalType,
)
from acs_identity_emulator import Emulator
from acs_identity_rest.v2026_09_23.models import TeamsExtensionPrincipalType as RawPrincipalType

from .both_colours import ENDPOINT, PREVIEW, Either, Scripted, everything, following
from .conftest import KEY, Answers

pytestmark = pytest.mark.filterwarnings("ignore:.* is a preview:UserWarning")
TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
APP = "617d08b5-f35b-4270-87d6-56833d2dee1b"
PRINCIPAL = "b27b64b9-39d2-44a3-869d-67700b74e805"
OTHER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
TEAMS_VERSIONS = ["2025-03-02-preview", "2025-06-30", "2026-09-23"]
LIST = f"/access/entra/assignments?api-version={PREVIEW}"
ENTRA_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiIxIn0.c2ln"
EXCHANGED = {"identity": {"id": "8:acs:1_2_3"}, "accessToken": {"token": "t", "expiresOn": "2026-11-22T17:32:27+00:00"}}


def shown(object_id: str = PRINCIPAL) -> dict[str, Any]:
    """An assignment of an Entra ID user as the service answers it."""
    return {"objectId": object_id, "tenantId": TENANT, "principalType": "user", "clientIds": [APP]}


def stored(object_id: str = PRINCIPAL) -> EntraAssignment:
    return EntraAssignment(object_id, TENANT, "user", (APP,))


def changed(**members: Any) -> EntraAssignment:
    return replace(stored(), **members)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


@pytest.fixture(params=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "async")


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture
async def make(is_async: bool) -> AsyncIterator[Callable[..., Either]]:
    made: list[Either] = []

    def make(behind: Any, credential: Any = KEY, api_version: str = PREVIEW, **options: Any) -> Either:
        made.append(Either(behind, credential, is_async=is_async, api_version=api_version, **options))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def client(make: Callable[..., Either], emulator: Emulator) -> Either:
    return make(emulator, emulator.access_key)


@pytest.fixture
def on_script(make: Callable[..., Either], scripted: Scripted) -> Either:
    return make(scripted, retry_total=0)


@pytest.mark.parametrize("api_version", TEAMS_VERSIONS)
@pytest.mark.parametrize(
    "principal_type", ["resourceAccount", "teamsResourceAccount", "User", TeamsExtensionPrincipalType.USER]
)
async def test_a_teams_principal_is_assigned_read_replaced_and_removed(
    make: Callable[..., Either], emulator: Emulator, api_version: str, principal_type: str
) -> None:
    client = make(emulator, emulator.access_key, api_version)
    made = await client.upsert_teams_extension_assignment(TENANT, PRINCIPAL, principal_type, client_ids=[APP])
    assert made == TeamsExtensionAssignment(PRINCIPAL, TENANT, str(principal_type), (APP,))
    assert await client.get_teams_extension_assignment(TENANT, PRINCIPAL) == made
    replaced = await client.upsert_teams_extension_assignment(TENANT, PRINCIPAL, principal_type)
    assert replaced == replace(made, client_ids=None)
    assert await client.get_teams_extension_assignment(TENANT, PRINCIPAL) == replaced
    assert await client.delete_teams_extension_assignment(TENANT, PRINCIPAL) is None
    with pytest.raises(ResourceNotFoundError):
        await client.get_teams_extension_assignment(TENANT, PRINCIPAL)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("teamsResourceAccount", "teamsResourceAccount"),
        ("RESOURCEACCOUNT", "RESOURCEACCOUNT"),
        (TeamsExtensionPrincipalType.TEAMS_RESOURCE_ACCOUNT, "teamsResourceAccount"),
        (TeamsExtensionPrincipalType.RESOURCE_ACCOUNT, "resourceAccount"),
        (RawPrincipalType.RESOURCE_ACCOUNT, "resourceAccount"),
    ],
)
async def test_the_type_of_a_principal_is_sent_as_it_is_given(
    on_script: Either, scripted: Scripted, given: str, sent: str
) -> None:
    scripted.add(201, shown())
    await on_script.upsert_teams_extension_assignment(TENANT, PRINCIPAL, given)
    assert scripted.body() == {"principalType": sent}
    assert (scripted.sent[0].method, scripted.sent[0].path) == (
        "PUT",
        f"/access/teamsExtension/tenants/{TENANT}/assignments/{PRINCIPAL}",
    )


async def test_client_ids_are_sent_from_any_iterable(on_script: Either, scripted: Scripted) -> None:
    given: list[tuple[Iterable[str], list[str]]] = [((APP,), [APP]), (iter([APP, OTHER]), [APP, OTHER]), ((), [])]
    for client_ids, sent in given:
        scripted.add(200, shown())
        await on_script.upsert_teams_extension_assignment(TENANT, PRINCIPAL, "user", client_ids=client_ids)
        assert scripted.body() == {"principalType": "user", "clientIds": sent}


@pytest.mark.parametrize("api_version", TEAMS_VERSIONS)
@pytest.mark.parametrize("with_key", [True, False])
async def test_the_token_of_an_assigned_teams_principal_is_exchanged(
    make: Callable[..., Either], emulator: Emulator, is_async: bool, api_version: str, with_key: bool
) -> None:
    entra = emulator.entra
    credential = emulator.access_key if with_key else entra.async_credential() if is_async else entra.credential()
    client = make(emulator, credential, api_version)
    entra_token = entra.issue_token(tenant_id=TENANT, client_id=APP, object_id=PRINCIPAL)
    await client.upsert_teams_extension_assignment(TENANT, PRINCIPAL, "teamsResourceAccount", client_ids=[APP])
    token = await client.get_token_for_teams_extension_user(entra_token)
    assert emulator.introspect(token.token).state == "live"
    assert claims_of(token.token)["skypeid"].endswith(f"_{TENANT}_{PRINCIPAL}")
    assert token.expires_on == claims_of(token.token)["exp"]


async def test_the_token_of_an_assigned_entra_user_is_exchanged(client: Either, emulator: Emulator) -> None:
    entra_token = emulator.entra.issue_token(tenant_id=TENANT, client_id=APP, object_id=PRINCIPAL, scope="Chat.Join")
    await client.upsert_entra_assignment(PRINCIPAL, EntraPrincipalType.USER, tenant_id=TENANT, client_ids=[APP])
    token = await client.get_token_for_entra_user(entra_token)
    assert emulator.introspect(token.token).state == "live"
    assert claims_of(token.token)["skypeid"].endswith(f"_wf_{TENANT}_{PRINCIPAL}")
    assert claims_of(token.token)["acsScope"] == "chat.join"


EXCHANGES = ["get_token_for_teams_extension_user", "get_token_for_entra_user"]


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_without_an_assignment_the_exchange_is_refused_without_showing_the_token(
    client: Either, emulator: Emulator, exchange: str
) -> None:
    entra_token = emulator.entra.issue_token(tenant_id=TENANT, client_id=APP, object_id=PRINCIPAL)
    with pytest.raises(HttpResponseError) as caught:
        await getattr(client, exchange)(entra_token)
    assert caught.value.status_code == 403
    assert entra_token not in str(caught.value)


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_an_exchange_carries_the_token_of_the_user_and_the_next_call_does_not(
    on_script: Either, scripted: Scripted, exchange: str
) -> None:
    scripted.add(200, EXCHANGED)
    await getattr(on_script, exchange)(ENTRA_TOKEN)
    assert scripted.sent[0].header("Authorization") == f"Bearer {ENTRA_TOKEN}"
    assert scripted.sent[0].header("x-ms-date") is None
    assert scripted.body() == {}
    scripted.add(204)
    await on_script.delete_entra_assignment(PRINCIPAL)
    assert (scripted.sent[1].header("Authorization") or "").startswith("HMAC-SHA256 ")


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize(
    "body", [{}, {"identity": {"id": "8:acs:1_2"}}, {**EXCHANGED, "accessToken": {"token": "t"}}, b"null", b"", b"[]"]
)
async def test_an_exchange_without_a_token_in_the_answer_is_an_error(
    on_script: Either, scripted: Scripted, exchange: str, body: Any
) -> None:
    scripted.add(200, body)
    with pytest.raises(DecodeError):
        await getattr(on_script, exchange)(ENTRA_TOKEN)


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("", ValueError),
        (" ", ValueError),
        (None, TypeError),
        (ENTRA_TOKEN.encode(), TypeError),
        (f"Bearer {ENTRA_TOKEN}", ValueError),
        (f"{ENTRA_TOKEN}\n", ValueError),
        (f"{ENTRA_TOKEN}\r\nx-ms-date: now", ValueError),
        (f"{ENTRA_TOKEN}ü", ValueError),
        (f"{ENTRA_TOKEN}\0", ValueError),
    ],
)
async def test_what_cannot_be_a_token_is_refused_and_not_shown(
    on_script: Either, scripted: Scripted, exchange: str, token: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="entra_token must ") as caught:
        await getattr(on_script, exchange)(token)
    assert ENTRA_TOKEN not in str(caught.value)
    assert scripted.sent == []


async def test_an_entra_principal_is_assigned_read_replaced_and_removed(client: Either) -> None:
    made = await client.upsert_entra_assignment(
        PRINCIPAL, EntraPrincipalType.GROUP, tenant_id=TENANT, client_ids=(APP, OTHER)
    )
    assert made == EntraAssignment(PRINCIPAL, TENANT, "group", (APP, OTHER))
    assert await client.get_entra_assignment(PRINCIPAL) == made
    assert await client.upsert_entra_assignment(PRINCIPAL, "user", tenant_id=TENANT, client_ids=[]) == replace(
        made, principal_type="user", client_ids=()
    )
    assert await client.delete_entra_assignment(PRINCIPAL) is None
    with pytest.raises(ResourceNotFoundError):
        await client.get_entra_assignment(PRINCIPAL)


async def test_several_assignments_are_changed_in_one_request(client: Either) -> None:
    await client.upsert_entra_assignment(OTHER, "group", tenant_id=TENANT, client_ids=[APP])
    changed = await client.update_entra_assignments(upsert=[stored(), stored(APP)], delete=[OTHER])
    assert sorted(assignment.object_id for assignment in changed) == sorted([PRINCIPAL, APP])
    assert await client.listed() == sorted(changed, key=lambda assignment: assignment.object_id)
    assert await client.update_entra_assignments(delete=iter([PRINCIPAL, APP])) == []
    assert await client.listed() == []


async def test_a_change_is_sent_as_the_contract_has_it(on_script: Either, scripted: Scripted) -> None:
    scripted.add(200, {"value": [shown()]})
    assert await on_script.update_entra_assignments(upsert=[stored()], delete=[OTHER]) == [stored()]
    assert (scripted.sent[0].method, scripted.sent[0].target) == ("PATCH", LIST)
    assert scripted.sent[0].header("Content-Type") == "application/merge-patch+json"
    assert scripted.body() == {
        PRINCIPAL: {"tenantId": TENANT, "principalType": "user", "clientIds": [APP]},
        OTHER: None,
    }


async def test_what_a_change_answers_on_further_pages_is_there_too(on_script: Either, scripted: Scripted) -> None:
    scripted.add(200, {"value": [shown()], "nextLink": f"{ENDPOINT}/next?page=2"})
    scripted.add(200, {"value": [shown(OTHER)]})
    changed = await on_script.update_entra_assignments(upsert=[stored(), stored(OTHER)])
    assert changed == [stored(), stored(OTHER)]
    assert [(sent.method, sent.target) for sent in scripted.sent] == [("PATCH", LIST), ("GET", "/next?page=2")]


@pytest.mark.parametrize(
    ("changes", "error", "what"),
    [
        ({}, ValueError, "nothing to change"),
        ({"upsert": [], "delete": ()}, ValueError, "nothing to change"),
        ({"delete": [PRINCIPAL, PRINCIPAL.upper()]}, ValueError, "given twice"),
        ({"upsert": [stored()], "delete": [PRINCIPAL]}, ValueError, "given twice"),
        ({"upsert": [stored(), stored()]}, ValueError, "given twice"),
        ({"upsert": [shown()]}, TypeError, "values of EntraAssignment, not of dict"),
        ({"upsert": [None]}, TypeError, "values of EntraAssignment, not of NoneType"),
        ({"upsert": stored()}, TypeError, "not iterable"),
        ({"upsert": [stored("")]}, ValueError, "object_id must not be empty"),
        ({"upsert": [changed(tenant_id=None)]}, TypeError, "tenant_id must be a str"),
        ({"upsert": [changed(principal_type="")]}, ValueError, "principal_type must not be empty"),
        ({"upsert": [changed(client_ids=APP)]}, TypeError, "client_ids must be a list"),
        ({"delete": PRINCIPAL}, TypeError, "delete must be a list of object ids, not str"),
        ({"delete": [None]}, TypeError, "object_id must be a str"),
        ({"delete": None}, TypeError, "not iterable"),
    ],
)
async def test_a_change_that_cannot_be_made_is_refused(
    on_script: Either, scripted: Scripted, changes: dict[str, Any], error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what) as caught:
        await on_script.update_entra_assignments(**changes)
    assert PRINCIPAL not in str(caught.value).lower()
    assert scripted.sent == []


async def test_assignments_on_several_pages_are_listed_each_once(client: Either) -> None:
    ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(25)]
    await client.update_entra_assignments(upsert=[stored(object_id) for object_id in ids])
    assert [assignment.object_id for assignment in await client.listed()] == ids


async def test_listing_goes_on_after_a_page_that_was_read_earlier(client: Either) -> None:
    ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(25)]
    await client.update_entra_assignments(upsert=[stored(object_id) for object_id in ids])
    pages = (await client.list_entra_assignments()).by_page()
    read = await everything(await following(pages))
    rest = (await client.list_entra_assignments()).by_page(continuation_token=pages.continuation_token)
    pages_left = [await everything(page) for page in await everything(rest)]
    assert len(pages_left) == 2
    assert [assignment.object_id for page in [read, *pages_left] for assignment in page] == ids


async def test_nothing_is_asked_for_before_it_is_needed(on_script: Either, scripted: Scripted) -> None:
    assignments = await on_script.list_entra_assignments()
    assert scripted.sent == []
    scripted.add(200, {"value": [shown(), shown(OTHER)], "nextLink": f"{ENDPOINT}/never"})
    assert await following(assignments) == stored()
    assert await following(assignments) == stored(OTHER)
    assert len(scripted.sent) == 1


async def test_an_empty_page_in_the_middle_does_not_end_the_list(on_script: Either, scripted: Scripted) -> None:
    scripted.add(200, {"value": [], "nextLink": f"{ENDPOINT}/2"})
    scripted.add(200, {"value": [shown()], "nextLink": f"{ENDPOINT}/3"})
    scripted.add(200, {"value": [], "nextLink": f"{ENDPOINT}/4"})
    scripted.add(200, {"value": [shown(OTHER)], "nextLink": ""})
    assert await on_script.listed() == [stored(), stored(OTHER)]
    assert [sent.target for sent in scripted.sent] == [LIST, "/2", "/3", "/4"]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        (
            f"{ENDPOINT}/access/entra/assignments?a=1&token=x%26y%3D%3D",
            "/access/entra/assignments?a=1&token=x%26y%3D%3D",
        ),
        ("HTTPS://Contoso.Communication.Azure.com:443/next?a=1", "/next?a=1"),
        ("/elsewhere?a=1", "/elsewhere?a=1"),
        ("?a=1", "/access/entra/assignments?a=1"),
        ("assignments/more?a=1", "/access/entra/assignments/more?a=1"),
        ("//contoso.communication.azure.com/next", "/next"),
    ],
)
async def test_the_link_to_the_next_page_is_followed_as_it_is_and_signed(
    on_script: Either, scripted: Scripted, link: str, target: str
) -> None:
    scripted.add(200, {"value": [], "nextLink": link})
    scripted.add(200, {"value": [shown()]})
    assert await on_script.listed() == [stored()]
    assert (scripted.sent[1].method, scripted.sent[1].target) == ("GET", target)
    assert scripted.sent[1].header("host") == "contoso.communication.azure.com"
    assert (scripted.sent[1].header("Authorization") or "").startswith("HMAC-SHA256 ")


AWAY = [
    "https://evil.example/access/entra/assignments",
    "//evil.example/access/entra/assignments",
    "http://contoso.communication.azure.com/access/entra/assignments",
    "https://contoso.communication.azure.com:8443/access/entra/assignments",
    "https://contoso.communication.azure.com@evil.example/",
    "https://evil.example#@contoso.communication.azure.com/",
    "https://evil.example\\@contoso.communication.azure.com/",
    "https://someone@contoso.communication.azure.com/access/entra/assignments",
    "https://contoso.communication.azure.com.evil.example/",
    "https://evil.example;contoso.communication.azure.com/",
    "https://[::1",
    "https://contoso.communication.azure.com:port/",
    "ftp://contoso.communication.azure.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("link", AWAY)
async def test_a_link_that_leads_away_from_the_endpoint_is_not_followed(
    on_script: Either, scripted: Scripted, link: str
) -> None:
    scripted.add(200, {"value": [shown()], "nextLink": link})
    assignments = await on_script.list_entra_assignments()
    assert await following(assignments) == stored()
    with pytest.raises(DecodeError, match="does not lead to the client's endpoint"):
        await following(assignments)
    with pytest.raises(DecodeError, match="does not lead to the client's endpoint"):
        await everything((await on_script.list_entra_assignments()).by_page(continuation_token=link))
    assert len(scripted.sent) == 1


@pytest.mark.parametrize(("token", "error"), [("", ValueError), (5, TypeError), (b"/next", TypeError)])
async def test_a_continuation_token_that_cannot_be_one_is_refused(
    on_script: Either, scripted: Scripted, token: Any, error: type[Exception]
) -> None:
    pages = (await on_script.list_entra_assignments()).by_page(continuation_token=token)
    with pytest.raises(error, match="continuation_token"):
        await everything(pages)
    assert scripted.sent == []


@pytest.mark.parametrize(
    ("status", "error"), [(401, ClientAuthenticationError), (404, ResourceNotFoundError), (400, HttpResponseError)]
)
async def test_after_an_error_on_the_second_page_listing_can_go_on_there(
    on_script: Either, scripted: Scripted, status: int, error: type[AzureError]
) -> None:
    scripted.add(200, {"value": [shown()], "nextLink": f"{ENDPOINT}/2"})
    scripted.add(status, {"error": {"code": "Refused", "message": "Not now."}})
    assignments = await on_script.list_entra_assignments()
    assert await following(assignments) == stored()
    with pytest.raises(error, match=r"\(Refused\) Not now") as caught:
        await following(assignments)
    assert isinstance(caught.value, HttpResponseError)
    assert caught.value.error is not None
    assert (caught.value.status_code, caught.value.error.code) == (status, "Refused")
    scripted.add(200, {"value": [shown(OTHER)]})
    pages = (await on_script.list_entra_assignments()).by_page(continuation_token=caught.value.continuation_token)
    assert [await everything(page) for page in await everything(pages)] == [[stored(OTHER)]]
    assert [sent.target for sent in scripted.sent] == [LIST, "/2", "/2"]


async def test_the_options_of_a_call_hold_for_every_page(on_script: Either, scripted: Scripted) -> None:
    statuses: list[int] = []

    def hook(response: Any) -> None:
        statuses.append(response.http_response.status_code)

    scripted.add(200, {"value": [], "nextLink": "/2?own=1"})
    scripted.add(200, {"value": []})
    assignments = await on_script.list_entra_assignments(
        headers={"x-mine": "yes"},
        params={"filter": "a"},
        raw_response_hook=hook,
    )
    assert await everything(assignments) == []
    assert [sent.header("x-mine") for sent in scripted.sent] == ["yes", "yes"]
    assert [sent.target for sent in scripted.sent] == [LIST.replace("?", "?filter=a&"), "/2?own=1"]
    assert statuses == [200, 200]


def test_query_parameters_of_a_call_are_not_added_to_the_link_to_the_next_page(
    make_client: Callable[..., CommunicationIdentityClient], answers: Answers
) -> None:
    answers.add(200, {"value": [], "nextLink": "/2?own=1"})
    answers.add(200, {"value": []})
    assert list(make_client(api_version=PREVIEW).list_entra_assignments(params={"filter": "a"})) == []
    assert [sent.url.removeprefix(ENDPOINT) for sent in answers.sent] == [LIST.replace("?", "?filter=a&"), "/2?own=1"]


INCOMPLETE: list[Any] = [
    {},
    {"value": None},
    {"value": 5},
    {"value": [None]},
    {"value": [{}]},
    {"value": [{**shown(), "clientIds": None}]},
    *({"value": [{name: value for name, value in shown().items() if name != missing}]} for missing in shown()),
    b"null",
    b"[]",
    b"",
    b"{",
]


@pytest.mark.parametrize("body", INCOMPLETE)
async def test_a_page_without_all_its_members_is_an_error(on_script: Either, scripted: Scripted, body: Any) -> None:
    scripted.add(200, body)
    with pytest.raises(DecodeError) as caught:
        await on_script.listed()
    assert PRINCIPAL not in str(caught.value)
    scripted.add(200, {"value": [shown()], "nextLink": "/2"})
    scripted.add(200, body)
    assignments = await on_script.list_entra_assignments()
    assert await following(assignments) == stored()
    with pytest.raises(DecodeError) as caught:
        await following(assignments)
    assert PRINCIPAL not in str(caught.value)


@pytest.mark.parametrize("missing", ["objectId", "tenantId", "principalType"])
async def test_an_assignment_without_all_its_members_is_an_error(
    on_script: Either, scripted: Scripted, missing: str
) -> None:
    answer = {name: value for name, value in shown().items() if name != missing}
    for name in ("get_teams_extension_assignment", "get_entra_assignment"):
        scripted.add(200, answer)
        with pytest.raises(DecodeError, match=r"answered without the .* of an assignment"):
            await calls(on_script)[name]()


def calls(client: Either) -> dict[str, Callable[..., Any]]:
    """Every method here with good arguments, any of which can be given otherwise."""
    ids = {"tenant_id": TENANT, "object_id": PRINCIPAL}
    whole = {**ids, "principal_type": "user", "client_ids": [APP]}
    arguments: dict[str, dict[str, Any]] = {
        "get_teams_extension_assignment": ids,
        "upsert_teams_extension_assignment": whole,
        "delete_teams_extension_assignment": ids,
        "get_token_for_teams_extension_user": {"entra_token": ENTRA_TOKEN},
        "get_token_for_entra_user": {"entra_token": ENTRA_TOKEN},
        "get_entra_assignment": {"object_id": PRINCIPAL},
        "upsert_entra_assignment": whole,
        "delete_entra_assignment": {"object_id": PRINCIPAL},
        "list_entra_assignments": {},
        "update_entra_assignments": {"delete": [PRINCIPAL]},
    }

    def call(name: str, **others: Any) -> Any:
        return getattr(client, name)(**{**arguments[name], **others})

    return {name: partial(call, name) for name in arguments}


@pytest.mark.parametrize("api_version", ["2021-03-07", "2023-10-01", "2025-06-30", "2026-09-23"])
async def test_what_the_version_lacks_is_refused_with_the_versions_that_have_it(
    make: Callable[..., Either], scripted: Scripted, api_version: str
) -> None:
    for name, call in calls(make(scripted, api_version=api_version)).items():
        having = TEAMS_VERSIONS if "teams" in name else [PREVIEW]
        if api_version not in having:
            what = f"{name} is not in API version {api_version}. It is in: {', '.join(having)}."
            with pytest.raises(ValueError, match=re.escape(what)):
                await call()
    assert scripted.sent == []


@pytest.mark.parametrize(
    ("value", "error", "what"),
    [
        ("", ValueError, "must not be empty"),
        ("\t", ValueError, "must not be empty"),
        (None, TypeError, "must be a str, not NoneType"),
        (PRINCIPAL.encode(), TypeError, "must be a str, not bytes"),
    ],
)
@pytest.mark.parametrize("parameter", ["tenant_id", "object_id", "principal_type"])
async def test_an_empty_or_untyped_argument_is_named_and_nothing_is_sent(
    on_script: Either, scripted: Scripted, parameter: str, value: Any, error: type[Exception], what: str
) -> None:
    known = calls(on_script)
    reading = ["get_teams_extension_assignment", "delete_teams_extension_assignment"]
    if parameter == "object_id":
        reading += ["get_entra_assignment", "delete_entra_assignment"]
    upserts = ["upsert_teams_extension_assignment", "upsert_entra_assignment"]
    for name in upserts if parameter == "principal_type" else [*reading, *upserts]:
        with pytest.raises(error, match=f"{parameter} {what}"):
            await known[name](**{parameter: value})
    assert scripted.sent == []


@pytest.mark.parametrize(
    ("client_ids", "error", "what"),
    [
        (APP, TypeError, "must be a list of client ids, not str"),
        (APP.encode(), TypeError, "must be a list of client ids, not bytes"),
        (5, TypeError, "must be a list of client ids, not int"),
        ([APP, None], TypeError, "must be a str, not NoneType"),
        ([""], ValueError, "must not be empty"),
    ],
)
@pytest.mark.parametrize("upsert", ["upsert_teams_extension_assignment", "upsert_entra_assignment"])
async def test_client_ids_that_are_no_list_of_texts_are_refused(
    on_script: Either, scripted: Scripted, upsert: str, client_ids: Any, error: type[Exception], what: str
) -> None:
    with pytest.raises(error, match=what):
        await calls(on_script)[upsert](client_ids=client_ids)
    assert scripted.sent == []


async def test_an_id_cannot_lead_to_another_path(on_script: Either, scripted: Scripted) -> None:
    scripted.add(204)
    await on_script.delete_entra_assignment("../teamsExtension/x?y#z")
    assert scripted.sent[0].path == "/access/entra/assignments/..%2FteamsExtension%2Fx%3Fy%23z"
    with pytest.raises(ValueError, match=r"must not hold the segments \. or \.\."):
        await on_script.delete_entra_assignment("..")


async def test_a_closed_client_says_so_at_once(on_script: Either) -> None:
    await on_script.close()
    for call in calls(on_script).values():
        with pytest.raises(RuntimeError, match="client is closed"):
            await call()


def test_the_repr_of_an_assignment_shows_neither_principal_nor_tenant() -> None:
    for assignment in (stored(), TeamsExtensionAssignment(PRINCIPAL, TENANT, "user", (APP,))):
        assert PRINCIPAL not in repr(assignment)
        assert TENANT not in repr(assignment)
        assert {assignment: 1}[replace(assignment, principal_type=EntraPrincipalType.USER)] == 1
