"""Entra ID tokens are exchanged for access tokens only when everything about them is right."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from acs_identity_emulator import Emulator, Response

TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
OTHER = "b27b64b9-39d2-44a3-869d-67700b74e805"
TEAMS_USER = "/teamsUser/:exchangeAccessToken"
EXCHANGE = "/access/teamsExtension/:exchangeAccessToken"
ASSIGNMENT = f"/access/teamsExtension/tenants/{TENANT}/assignments/{USER}"


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


@pytest.fixture
def entra_token(emulator: Emulator) -> str:
    return emulator.entra.issue_token(tenant_id=TENANT, client_id=APP, object_id=USER, expires_in=timedelta(minutes=70))


@pytest.mark.parametrize("version", ["2023-10-01", "2026-09-23"])
def test_the_token_of_a_teams_user_is_exchanged_for_one_that_ends_with_it(
    call: Any, emulator: Emulator, clock: Any, entra_token: str, version: str
) -> None:
    response = call("POST", TEAMS_USER, {"token": entra_token, "appId": APP, "userId": USER}, version=version)
    assert response.status == 200
    body = json.loads(response.body)
    assert list(body) == ["token", "expiresOn"]
    assert body["expiresOn"] == "2026-10-01T13:10:00.0000000+00:00"
    assert claims(body["token"])["exp"] == claims(entra_token)["exp"]
    assert emulator.introspect(body["token"]).state == "live"
    clock.advance(minutes=70)
    assert emulator.introspect(body["token"]).state == "expired"


def test_the_ids_of_an_exchange_are_compared_without_case(call: Any, entra_token: str) -> None:
    members = {"token": entra_token, "appId": APP.upper(), "userId": USER.upper()}
    assert call("POST", TEAMS_USER, members).status == 200


def test_a_teams_token_for_the_teams_audience_is_exchanged(call: Any, emulator: Emulator) -> None:
    token = emulator.entra.issue_token(
        client_id=APP, object_id=USER, audience="https://auth.msft.communication.azure.com", scope="Teams.ManageCalls"
    )
    assert call("POST", TEAMS_USER, {"token": token, "appId": APP, "userId": USER}).status == 200


@pytest.mark.parametrize("token", ["", "garbage", None, 1, ["x"], "a.b.c", "\ud800"])
@pytest.mark.parametrize("user_id", [USER, ""])
def test_a_teams_token_is_checked_before_the_other_members(call: Any, token: object, user_id: str) -> None:
    response = call("POST", TEAMS_USER, {"token": token, "appId": APP, "userId": user_id})
    assert response.status == 401
    assert error(response) == {"code": "InvalidAccessToken", "message": "Provided access token is not valid."}
    assert response.header("api-supported-versions") is None


def test_an_expired_teams_token_is_refused(call: Any, clock: Any, entra_token: str) -> None:
    clock.advance(minutes=71)
    response = call("POST", TEAMS_USER, {"token": entra_token, "appId": APP, "userId": USER})
    assert (response.status, error(response)["code"]) == (401, "InvalidAccessToken")
    assert "expired" in response.header("x-emulator-reason")


def test_a_missing_teams_token_is_refused_as_an_empty_one(call: Any) -> None:
    assert error(call("POST", TEAMS_USER, {"appId": APP, "userId": USER}))["code"] == "InvalidAccessToken"


@pytest.mark.parametrize(
    ("app_id", "user_id", "message", "target", "from_operation"),
    [
        ("", USER, "AppId: The AppId field is required.", "AppId", False),
        (None, USER, "AppId: The AppId field is required.", "AppId", False),
        (APP, "", "UserId: The UserId field is required.", "UserId", False),
        ("", "", "AppId: The AppId field is required.", "AppId", False),
        ("invalid", USER, "Provided AppId has invalid format.", "appId", True),
        (APP, "invalid", "Provided UserId has invalid format.", "userId", True),
        (OTHER, USER, "AAD application is not the expected one.", "appId", True),
        (APP, OTHER, "Provided AAD token issued for unexpected user.", "userId", True),
    ],
)
def test_the_members_of_a_teams_exchange_must_be_those_of_the_token(
    call: Any, entra_token: str, app_id: str, user_id: str, message: str, target: str, from_operation: bool
) -> None:
    response = call("POST", TEAMS_USER, {"token": entra_token, "appId": app_id, "userId": user_id})
    assert response.status == 400
    assert error(response) == {"code": "ValidationError", "message": message, "target": target}
    assert (response.header("api-supported-versions") is not None) is from_operation


def test_an_assignment_is_made_read_replaced_and_deleted(call: Any) -> None:
    created = call("PUT", ASSIGNMENT, {"principalType": "resourceAccount"})
    assert created.status == 201
    assert created.body == (f'{{"objectId":"{USER}","tenantId":"{TENANT}","principalType":"resourceAccount"}}'.encode())
    replaced = call("PUT", ASSIGNMENT, {"principalType": "user", "clientIds": [APP]})
    assert replaced.status == 200
    read = call("GET", ASSIGNMENT)
    assert read.status == 200
    assert read.body == replaced.body
    assert list(json.loads(read.body)) == ["objectId", "tenantId", "principalType", "clientIds"]
    assert read.header("Accept-Ranges") == "bytes"
    assert call("DELETE", ASSIGNMENT).status == 204
    gone = call("GET", ASSIGNMENT)
    assert (gone.status, error(gone)["code"]) == (404, "NotFound")
    assert call("DELETE", ASSIGNMENT).status == 204, "deleting twice is no error"
    assert call("PUT", ASSIGNMENT, {"principalType": "user"}).status == 201


@pytest.mark.parametrize("principal_type", ["teamsResourceAccount", "User", "anything"])
def test_any_principal_type_is_taken(call: Any, principal_type: str) -> None:
    response = call("PUT", ASSIGNMENT, {"principalType": principal_type})
    assert json.loads(response.body)["principalType"] == principal_type


@pytest.mark.parametrize(
    ("members", "target"),
    [
        ({}, "PrincipalType"),
        ({"principalType": ""}, "PrincipalType"),
        ({"principalType": 1}, "$.principalType"),
        ({"principalType": "user", "clientIds": APP}, "$.clientIds"),
        ({"principalType": "user", "clientIds": [1]}, "$.clientIds[0]"),
    ],
)
def test_a_malformed_assignment_is_refused(call: Any, members: Any, target: str) -> None:
    response = call("PUT", ASSIGNMENT, members)
    assert (response.status, error(response)["target"]) == (400, target)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_assignment_is_named_by_guids(call: Any, method: str) -> None:
    members = {"principalType": "user"} if method == "PUT" else None
    base = "/access/teamsExtension/tenants"
    for path, target in ((f"{base}/x/assignments/{USER}", "tenantId"), (f"{base}/{TENANT}/assignments/x", "objectId")):
        response = call(method, path, members)
        assert (response.status, error(response)["target"]) == (400, target)


def test_an_assigned_principal_gets_an_identity_and_a_token(call: Any, emulator: Emulator, entra_token: str) -> None:
    call("PUT", ASSIGNMENT, {"principalType": "user"})
    response = call.bearer("POST", EXCHANGE, entra_token, {})
    assert response.status == 200
    body = json.loads(response.body)
    assert body["identity"] == {"id": f"8:acs:{emulator.resource_id}_{TENANT}_{USER}"}
    assert body["accessToken"]["expiresOn"] == "2026-10-01T13:10:00.0000000+00:00"
    assert claims(body["accessToken"]["token"])["skypeid"] == body["identity"]["id"][2:]
    assert emulator.introspect(body["accessToken"]["token"]).state == "live"
    # The identity is one of the resource, so it can be revoked and deleted like any other.
    call("POST", f"/identities/{body['identity']['id']}/:revokeAccessTokens")
    assert emulator.introspect(body["accessToken"]["token"]).state == "revoked"
    assert call("DELETE", f"/identities/{body['identity']['id']}").status == 204


def test_a_principal_that_was_deleted_comes_back_with_the_next_exchange(
    call: Any, emulator: Emulator, entra_token: str
) -> None:
    call("PUT", ASSIGNMENT, {"principalType": "user"})
    first = json.loads(call.bearer("POST", EXCHANGE, entra_token, {}).body)
    call("DELETE", f"/identities/{first['identity']['id']}")
    second = json.loads(call.bearer("POST", EXCHANGE, entra_token, {}).body)
    assert second["identity"] == first["identity"]
    states = [emulator.introspect(body["accessToken"]["token"]).state for body in (first, second)]
    assert states == ["deleted", "live"]


def test_a_principal_without_assignment_is_refused(call: Any, entra_token: str) -> None:
    for prepare in (lambda: None, lambda: call("PUT", ASSIGNMENT.replace(USER, OTHER), {"principalType": "user"})):
        prepare()
        response = call.bearer("POST", EXCHANGE, entra_token, {})
        assert (response.status, error(response)["code"]) == (403, "Forbidden")
        assert "assignment" in response.header("x-emulator-reason")


@pytest.mark.parametrize(("client_ids", "status"), [([APP.upper()], 200), ([OTHER], 403), ([], 403), (None, 200)])
def test_an_assignment_may_name_the_applications(
    call: Any, entra_token: str, client_ids: list[str] | None, status: int
) -> None:
    call("PUT", ASSIGNMENT, {"principalType": "user", "clientIds": client_ids})
    assert call.bearer("POST", EXCHANGE, entra_token, {}).status == status


def test_the_exchange_takes_no_access_key(call: Any) -> None:
    response = call("POST", EXCHANGE, {})
    assert (response.status, error(response)["code"]) == (401, "InvalidAccessToken")
    assert "bearer" in response.header("x-emulator-reason")


def test_the_exchange_needs_its_empty_object(call: Any, entra_token: str) -> None:
    assert call.bearer("POST", EXCHANGE, entra_token).status == 400
    call("PUT", ASSIGNMENT, {"principalType": "user"})
    assert call.bearer("POST", EXCHANGE, entra_token, {"ignored": 1}).status == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_token_for_the_exchange_does_not_manage_the_resource(call: Any, emulator: Emulator, slash: str) -> None:
    token = emulator.entra.issue_token(
        tenant_id=TENANT, client_id=APP, object_id=USER, audience=f"https://auth.msft.communication.azure.com{slash}"
    )
    call("PUT", ASSIGNMENT, {"principalType": "user"})
    assert call.bearer("POST", EXCHANGE, token, {}).status == 200
    assert call.bearer("GET", ASSIGNMENT, token).status == 401
