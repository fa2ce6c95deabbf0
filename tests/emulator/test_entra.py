"""Entra ID principals are assigned to the resource, listed page by page, and exchange their tokens."""

import base64
import json
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from azure.core import PipelineClient
from azure.core.rest import HttpRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs_identity_emulator import Emulator, EmulatorServer, EmulatorTransport, Response

TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
APP = "617d08b5-f35b-4270-87d6-56833d2dee1b"
USER = "b27b64b9-39d2-44a3-869d-67700b74e805"
GROUP = "eaf4bdca-9343-492b-a5e2-9310fbe393b8"
OTHER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
ASSIGNMENTS = "/access/entra/assignments"
EXCHANGE = "/access/entra/:exchangeAccessToken"
MEMBERS = {"tenantId": TENANT, "principalType": "user", "clientIds": [APP]}
SHOWN = {"objectId": USER, **MEMBERS}
VERSIONS = [
    entry.name
    for entry in (files("acs_identity_rest") / "contract").iterdir()
    if entry.is_dir() and f'"{EXCHANGE}"' in (entry / "CommunicationIdentity.json").read_text("utf-8")
]
pytestmark = pytest.mark.parametrize("version", VERSIONS)


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def put(call: Any, version: str, object_id: str = USER, **members: object) -> Response:
    response: Response = call("PUT", f"{ASSIGNMENTS}/{object_id}", {**MEMBERS, **members}, version=version)
    return response


def object_ids(response: Response) -> list[str]:
    return [assignment["objectId"] for assignment in json.loads(response.body)["value"]]


@pytest.fixture
def entra_token(emulator: Emulator) -> str:
    return emulator.entra.issue_token(
        tenant_id=TENANT, client_id=APP, object_id=USER, group_ids=[OTHER, GROUP], expires_in=timedelta(minutes=70)
    )


def test_an_assignment_is_made_read_replaced_and_deleted(call: Any, version: str) -> None:
    path = f"{ASSIGNMENTS}/{USER}"
    created = put(call, version)
    assert created.status == 201
    assert list(json.loads(created.body).items()) == list(SHOWN.items())
    replaced = put(call, version, principalType="group", clientIds=[])
    assert replaced.status == 200
    read = call("GET", path, version=version)
    assert (read.status, read.body) == (200, replaced.body)
    assert json.loads(read.body) == {**SHOWN, "principalType": "group", "clientIds": []}
    assert call("GET", path.replace(USER, USER.upper()), version=version).body == read.body
    assert call("DELETE", path, version=version).status == 204
    gone = call("GET", path, version=version)
    assert (gone.status, error(gone)["code"]) == (404, "NotFound")
    assert call("DELETE", path, version=version).status == 204, "deleting twice is no error"


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"tenantId": None}, "TenantId"),
        ({"principalType": None}, "PrincipalType"),
        ({"principalType": ""}, "PrincipalType"),
        ({"clientIds": None}, "ClientIds"),
        ({"tenantId": 1}, "$.tenantId"),
        ({"clientIds": APP}, "$.clientIds"),
        ({"clientIds": [APP, None]}, "$.clientIds[1]"),
        ({"tenantId": "contoso"}, "tenantId"),
        ({"principalType": "User"}, "principalType"),
        ({"principalType": "servicePrincipal"}, "principalType"),
    ],
)
def test_a_malformed_assignment_is_refused(call: Any, version: str, changes: Any, target: str) -> None:
    response = put(call, version, **changes)
    assert (response.status, error(response)["code"], error(response)["target"]) == (400, "ValidationError", target)
    entry = {USER: {**MEMBERS, **changes}, GROUP: MEMBERS}
    bulk = call("PATCH", ASSIGNMENTS, entry, version=version)
    assert (bulk.status, error(bulk)["target"]) == (400, target.replace("$.", f"$.{USER}."))
    assert object_ids(call("GET", ASSIGNMENTS, version=version)) == [], "all or none"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_assignment_is_named_by_a_guid(call: Any, version: str, method: str) -> None:
    members = MEMBERS if method == "PUT" else None
    response = call(method, f"{ASSIGNMENTS}/x", members, version=version)
    assert (response.status, error(response)["target"]) == (400, "objectId")


def test_several_assignments_are_changed_at_once(call: Any, version: str) -> None:
    put(call, version, GROUP, principalType="group")
    put(call, version, OTHER)
    response = call("PATCH", ASSIGNMENTS, {USER: MEMBERS, GROUP: None, APP: None}, version=version)
    assert response.status == 200
    assert json.loads(response.body) == {"value": [SHOWN]}
    assert object_ids(call("GET", ASSIGNMENTS, version=version)) == sorted([USER, OTHER])


@pytest.mark.parametrize("members", [{}, {USER: None}, {USER: None, GROUP: None}])
def test_changes_that_leave_nothing_to_show_have_no_body(call: Any, version: str, members: dict[str, None]) -> None:
    put(call, version)
    response = call("PATCH", ASSIGNMENTS, members, version=version)
    assert (response.status, response.body) == (204, b"")
    left = object_ids(call("GET", ASSIGNMENTS, version=version))
    assert left == ([] if USER in members else [USER])


@pytest.mark.parametrize(
    ("members", "target"),
    [({"x": MEMBERS}, "objectId"), ({"x": None}, "objectId"), ({USER: []}, f"$.{USER}"), ({USER: {}}, "PrincipalType")],
)
def test_malformed_changes_are_refused(call: Any, version: str, members: Any, target: str) -> None:
    put(call, version, OTHER)
    response = call("PATCH", ASSIGNMENTS, {OTHER: None, **members}, version=version)
    assert (response.status, error(response)["target"]) == (400, target)
    assert object_ids(call("GET", ASSIGNMENTS, version=version)) == [OTHER]


def test_changes_are_a_merge_patch(call: Any, version: str) -> None:
    response = call("PATCH", ASSIGNMENTS, {}, version=version, headers={"Content-Type": "application/json"})
    assert response.status == 415
    assert call("PATCH", ASSIGNMENTS, version=version).status == 400, "there must be a body"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([TENANT, "user", MEMBERS]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*MEMBERS, USER]), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60)
@given(members=st.dictionaries(st.sampled_from([USER, GROUP, "", "\ud800"]), JSON, max_size=3))
def test_any_changes_are_taken_or_refused_by_the_contract(call: Any, version: str, members: dict[str, object]) -> None:
    response = call("PATCH", ASSIGNMENTS, members, version=version)
    assert response.status in (200, 204, 400)
    assert (response.header("x-emulator-reason") or "").isascii()


# Pages


def fill(call: Any, version: str, count: int) -> list[str]:
    ids = [f"{number:08x}-0000-4000-8000-00000000000A" for number in range(count)]
    call("PATCH", ASSIGNMENTS, dict.fromkeys(reversed(ids), MEMBERS), version=version)
    return ids


def next_target(response: Response) -> str | None:
    link: str | None = json.loads(response.body).get("nextLink")
    if link is None:
        return None
    prefix = "http://emulator.localhost"
    assert link.startswith(f"{prefix}{ASSIGNMENTS}?api-version=")
    return link.removeprefix(prefix)


@pytest.mark.parametrize("count", [0, 1, 10, 11, 20, 25])
def test_a_list_is_read_page_by_page(call: Any, version: str, count: int) -> None:
    ids = fill(call, version, count)
    response = call("GET", ASSIGNMENTS, version=version)
    read = object_ids(response)
    pages = 1
    while target := next_target(response):
        response = call.raw("GET", target)
        assert response.status == 200
        read += object_ids(response)
        pages += 1
    assert read == ids
    assert pages == max(1, -(-count // 10))


def test_a_next_link_holds_while_assignments_come_and_go(call: Any, version: str) -> None:
    ids = fill(call, version, 21)
    target = next_target(call("GET", ASSIGNMENTS, version=version))
    call("PATCH", ASSIGNMENTS, dict.fromkeys([ids[0], ids[9], ids[15]]), version=version)
    put(call, version, "00000000-0000-4000-8000-000000000000")
    response = call.raw("GET", target)
    assert object_ids(response) == [*ids[10:15], *ids[16:]]
    assert object_ids(call.raw("GET", target)) == object_ids(response), "and can be asked for again"


@pytest.mark.parametrize("continuation", ["x", "%00", "0" * 33, "%F0%9F%98%80"])
def test_a_next_link_that_was_changed_is_refused(call: Any, version: str, continuation: str) -> None:
    response = call.raw("GET", f"{ASSIGNMENTS}?api-version={version}&continuationToken={continuation}")
    assert (response.status, error(response)["target"]) == (400, "continuationToken")


@pytest.mark.parametrize("endpoint", ["https://emulator.localhost", "http://127.0.0.1:8080"])
def test_a_next_link_leads_where_the_client_came_from(
    call: Any, version: str, emulator: Emulator, endpoint: str
) -> None:
    fill(call, version, 11)
    headers = {"Authorization": f"Bearer {emulator.entra.issue_token()}"}
    with PipelineClient[HttpRequest, Any](endpoint, policies=[], transport=EmulatorTransport(emulator)) as client:
        request = HttpRequest("GET", f"{endpoint}{ASSIGNMENTS}?api-version={version}", headers=headers)
        link = client.send_request(request).json()["nextLink"]
        assert link.startswith(f"{endpoint}{ASSIGNMENTS}?")
        assert len(client.send_request(HttpRequest("GET", link, headers=headers)).json()["value"]) == 1


def test_a_next_link_works_over_http(version: str, server: EmulatorServer) -> None:
    import urllib.request

    headers = {
        "Authorization": f"Bearer {server.emulator.entra.issue_token()}",
        "Content-Type": "application/merge-patch+json",
    }
    url = f"{server.endpoint}{ASSIGNMENTS}?api-version={version}"
    body = json.dumps({f"{number:08x}-0000-4000-8000-000000000000": MEMBERS for number in range(12)}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PATCH"), timeout=10) as response:
        assert response.status == 200
    sizes = list[int]()
    while url:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            page = json.loads(response.read())
        sizes.append(len(page["value"]))
        url = page.get("nextLink")
    assert sizes == [10, 2]


# Exchange


def test_an_assigned_user_gets_an_identity_and_a_token(
    call: Any, version: str, emulator: Emulator, entra_token: str
) -> None:
    put(call, version)
    response = call.bearer("POST", EXCHANGE, entra_token, {}, version=version)
    assert response.status == 200
    body = json.loads(response.body)
    assert list(body) == ["identity", "accessToken"]
    assert body["identity"] == {"id": f"8:acs:{emulator.resource_id}_wf_{TENANT}_{USER}"}
    assert body["accessToken"]["expiresOn"] == "2026-10-01T13:10:00.0000000+00:00"
    found = claims(body["accessToken"]["token"])
    assert found["skypeid"] == f"acs:{emulator.resource_id}_wf_{TENANT}_{USER}"
    assert found["acsScope"] == "chat,voip"
    assert found["exp"] == claims(entra_token)["exp"]
    # The identity is one of the resource, so it can be read, revoked and deleted like any other.
    path = f"/identities/{body['identity']['id']}"
    read = json.loads(call("GET", path, version=version).body)
    assert read == {"lastTokenIssuedAt": "2026-10-01T12:00:00+00:00", **body["identity"]}
    call("POST", f"{path}/:revokeAccessTokens")
    assert emulator.introspect(body["accessToken"]["token"]).state == "revoked"
    assert call("DELETE", path).status == 204


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("Chat", "chat"),
        ("VoIP", "voip"),
        ("Chat.Join", "chat.join"),
        ("Chat.Join.Limited", "chat.join.limited"),
        ("VoIP.Join", "voip.join"),
        ("Chat User.Read VoIP.Join", "chat,voip.join"),
        ("user_impersonation", "chat,voip"),
        ("chat", "chat,voip"),
        ("", "chat,voip"),
    ],
)
def test_the_delegated_permissions_become_scopes(
    call: Any, version: str, emulator: Emulator, scope: str, expected: str
) -> None:
    put(call, version)
    token = emulator.entra.issue_token(tenant_id=TENANT, client_id=APP, object_id=USER, scope=scope)
    body = json.loads(call.bearer("POST", EXCHANGE, token, {}, version=version).body)
    assert claims(body["accessToken"]["token"])["acsScope"] == expected


@pytest.mark.parametrize(
    ("principal_type", "object_id", "status"),
    [
        ("user", USER, 200),
        ("user", OTHER, 403),
        ("user", GROUP, 403),
        ("user", TENANT, 403),
        ("group", GROUP, 200),
        ("group", OTHER, 200),
        ("group", USER, 403),
        ("tenant", TENANT, 200),
        ("tenant", USER, 403),
    ],
)
def test_users_groups_and_tenants_can_be_assigned(
    call: Any, version: str, entra_token: str, principal_type: str, object_id: str, status: int
) -> None:
    put(call, version, object_id.upper(), principalType=principal_type)
    response = call.bearer("POST", EXCHANGE, entra_token, {}, version=version)
    assert response.status == status
    if status == 403:
        assert error(response)["code"] == "Forbidden"
        assert "assignment" in response.header("x-emulator-reason")


@pytest.mark.parametrize("principal_type", ["user", "group", "tenant"])
def test_an_assignment_in_another_tenant_does_not_count(
    call: Any, version: str, entra_token: str, principal_type: str
) -> None:
    for object_id in (USER, GROUP, TENANT):
        put(call, version, object_id, principalType=principal_type, tenantId=OTHER)
    assert call.bearer("POST", EXCHANGE, entra_token, {}, version=version).status == 403


def test_an_assignment_names_the_application(call: Any, version: str, entra_token: str) -> None:
    for client_ids, status in (([], 403), ([OTHER], 403), ([OTHER, APP.upper()], 200)):
        put(call, version, clientIds=client_ids)
        assert call.bearer("POST", EXCHANGE, entra_token, {}, version=version).status == status
    put(call, version, clientIds=[])
    put(call, version, GROUP, principalType="group")
    response = call.bearer("POST", EXCHANGE, entra_token, {}, version=version)
    assert response.status == 200, "one assignment that names it is enough"


def test_a_teams_phone_assignment_is_none_of_entra_id(call: Any, version: str, entra_token: str) -> None:
    teams = f"/access/teamsExtension/tenants/{TENANT}/assignments/{USER}"
    call("PUT", teams, {"principalType": "user"}, version=version)
    assert call.bearer("POST", EXCHANGE, entra_token, {}, version=version).status == 403
    put(call, version)
    call("DELETE", teams, version=version)
    teams_exchange = "/access/teamsExtension/:exchangeAccessToken"
    assert call.bearer("POST", teams_exchange, entra_token, {}, version=version).status == 403


def test_the_exchange_needs_a_bearer_token_and_its_empty_object(call: Any, version: str, entra_token: str) -> None:
    put(call, version)
    signed = call("POST", EXCHANGE, {}, version=version)
    assert (signed.status, error(signed)["code"]) == (401, "InvalidAccessToken")
    assert call.bearer("POST", EXCHANGE, entra_token, version=version).status == 400
    assert call.bearer("POST", EXCHANGE, entra_token, {"ignored": 1}, version=version).status == 200


def test_an_expired_token_is_not_exchanged(call: Any, version: str, clock: Any, entra_token: str) -> None:
    put(call, version)
    clock.advance(minutes=70)
    response = call.bearer("POST", EXCHANGE, entra_token, {}, version=version)
    assert (response.status, error(response)["code"]) == (401, "Denied")


async def test_credentials_name_groups_and_permissions(call: Any, version: str, emulator: Emulator) -> None:
    put(call, version, GROUP, principalType="group")
    who: dict[str, Any] = {"tenant_id": TENANT, "client_id": APP, "object_id": USER, "group_ids": [GROUP]}
    scope = "https://communication.azure.com/clients/VoIP"
    async with emulator.entra.async_credential(**who) as credential:
        tokens = [emulator.entra.credential(**who).get_token(scope), await credential.get_token(scope)]
    for token in tokens:
        response = call.bearer("POST", EXCHANGE, token.token, {}, version=version)
        assert claims(json.loads(response.body)["accessToken"]["token"])["acsScope"] == "voip"


def test_a_token_over_http_can_have_groups(version: str, server: EmulatorServer) -> None:
    import urllib.request

    wanted = json.dumps({"group_ids": [GROUP]}).encode()
    with urllib.request.urlopen(f"{server.endpoint}/_emulator/entra-token", wanted, timeout=10) as response:
        token = json.loads(response.read())["token"]
    assert claims(token)["groups"] == [GROUP]
    assert "groups" not in claims(server.emulator.entra.issue_token())
