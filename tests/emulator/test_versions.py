"""Every API version has its own operations, members, scopes and answers, and no others."""

import json
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest

from acs_identity_emulator import Emulator, Response

TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
TEAMS = f"/access/teamsExtension/tenants/{TENANT}/assignments/{USER}"
ENTRA = "/access/entra/assignments"
ASSIGNMENT = {"tenantId": TENANT, "principalType": "user", "clientIds": [APP]}


def documents() -> dict[str, Any]:
    folder = files("acs_identity_rest") / "contract"
    return {
        entry.name: json.loads((entry / "CommunicationIdentity.json").read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.is_dir()
    }


OPERATIONS = sorted(
    (version, method.upper(), path)
    for version, document in documents().items()
    for path, item in document["paths"].items()
    for method in item
)


def versions_with(method: str, path: str) -> list[str]:
    return [version for version, *operation in OPERATIONS if operation == [method, path]]


def has_member(version: str, definition: str, member: str) -> bool:
    found = documents()[version]["definitions"].get(definition, {})
    return member in found.get("properties", {})


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def entra_token(call: Any) -> str:
    token: str = call.emulator.entra.issue_token(tenant_id=TENANT, client_id=APP, object_id=USER)
    return token


def exchange_teams_extension(call: Any, version: str) -> list[Response]:
    call("PUT", TEAMS, {"principalType": "user"}, version=version)
    return [call.bearer("POST", "/access/teamsExtension/:exchangeAccessToken", entra_token(call), {}, version=version)]


def exchange_entra(call: Any, version: str) -> list[Response]:
    call("PUT", f"{ENTRA}/{USER}", ASSIGNMENT, version=version)
    return [call.bearer("POST", "/access/entra/:exchangeAccessToken", entra_token(call), {}, version=version)]


def exchange_teams_user(call: Any, version: str) -> list[Response]:
    members = {"token": entra_token(call), "appId": APP, "userId": USER}
    return [call("POST", "/teamsUser/:exchangeAccessToken", members, version=version)]


def with_identity(method: str, suffix: str = "", members: object = None) -> Callable[[Any, str], list[Response]]:
    return lambda call, version: [
        call(method, f"/identities/{call.new_identity(version)}{suffix}", members, version=version)
    ]


def put_twice(path: str, members: object) -> Callable[[Any, str], list[Response]]:
    return lambda call, version: [call("PUT", path, members, version=version) for _ in range(2)]


def after_put(method: str, path: str, members: object) -> Callable[[Any, str], list[Response]]:
    return lambda call, version: [*put_twice(path, members)(call, version), call(method, path, version=version)][-1:]


def list_entra(call: Any, version: str) -> list[Response]:
    call("PUT", f"{ENTRA}/{USER}", ASSIGNMENT, version=version)
    return [call("GET", ENTRA, version=version)]


def update_entra(call: Any, version: str) -> list[Response]:
    return [call("PATCH", ENTRA, {USER: entry}, version=version) for entry in (ASSIGNMENT, None)]


SUCCESSES: dict[tuple[str, str], Callable[[Any, str], list[Response]]] = {
    ("POST", "/identities"): lambda call, version: [call("POST", "/identities", version=version)],
    ("GET", "/identities/{id}"): with_identity("GET"),
    ("PATCH", "/identities/{id}"): with_identity("PATCH", "", {"tokensValidFrom": "2017-04-17T05:04:18.070Z"}),
    ("DELETE", "/identities/{id}"): with_identity("DELETE"),
    ("POST", "/identities/{id}/token"): with_identity("POST", "/token", {"scopes": ["chat"]}),
    ("POST", "/identities/{id}/:issueAccessToken"): with_identity("POST", "/:issueAccessToken", {"scopes": ["chat"]}),
    ("POST", "/identities/{id}/:revokeAccessTokens"): with_identity("POST", "/:revokeAccessTokens"),
    ("POST", "/teamsUser/:exchangeAccessToken"): exchange_teams_user,
    ("POST", "/access/teamsExtension/:exchangeAccessToken"): exchange_teams_extension,
    ("GET", TEAMS): after_put("GET", TEAMS, {"principalType": "user"}),
    ("PUT", TEAMS): put_twice(TEAMS, {"principalType": "user", "clientIds": [APP]}),
    ("DELETE", TEAMS): after_put("DELETE", TEAMS, {"principalType": "user"}),
    ("POST", "/access/entra/:exchangeAccessToken"): exchange_entra,
    ("GET", ENTRA): list_entra,
    ("PATCH", ENTRA): update_entra,
    ("GET", f"{ENTRA}/{USER}"): after_put("GET", f"{ENTRA}/{USER}", ASSIGNMENT),
    ("PUT", f"{ENTRA}/{USER}"): put_twice(f"{ENTRA}/{USER}", ASSIGNMENT),
    ("DELETE", f"{ENTRA}/{USER}"): after_put("DELETE", f"{ENTRA}/{USER}", ASSIGNMENT),
}


@pytest.mark.parametrize(("version", "method", "path"), OPERATIONS)
def test_every_operation_gives_every_success_of_its_contract(call: Any, version: str, method: str, path: str) -> None:
    filled = path.replace("{tenantId}", TENANT).replace("{objectId}", USER)
    responses = SUCCESSES[method, filled](call, version)
    declared = set(documents()[version]["paths"][path][method.lower()]["responses"]) - {"default"}
    assert {str(response.status) for response in responses} == declared
    for response in responses:
        assert response.header("api-supported-versions") == call.schemas.versions_with(path)


@pytest.mark.parametrize(("version", "method", "path"), OPERATIONS)
def test_every_operation_refuses_strangers(emulator: Emulator, version: str, method: str, path: str) -> None:
    from acs_identity_emulator import Request

    response = emulator.handle(Request(method, f"{path}?api-version={version}"))
    assert (response.status, error(response)["code"]) == (401, "Denied")


TEAMS_EXCHANGE = "/teamsUser/:exchangeAccessToken"
WRAPPED = versions_with("POST", "/identities/{id}/:issueAccessToken")
TIMED = [name for name in WRAPPED if has_member(name, "CommunicationIdentityCreateRequest", "expiresInMinutes")]
UNTIMED = [name for name in WRAPPED if name not in TIMED]


def test_expiry_came_with_one_version_and_stayed() -> None:
    assert all(version >= "2022-10-01" for version in TIMED)
    assert all(version < "2022-10-01" for version in UNTIMED)


@pytest.mark.parametrize("version", WRAPPED)
def test_an_access_token_comes_with_the_identity(call: Any, version: str) -> None:
    response = call("POST", "/identities", {"createTokenWithScopes": ["chat", "voip"]}, version=version)
    body = json.loads(response.body)
    assert response.status == 201
    assert list(body) == ["identity", "accessToken"]
    assert body["accessToken"]["expiresOn"] == "2026-10-02T12:00:00.2500000+00:00"


@pytest.mark.parametrize("version", TIMED)
def test_the_lifetime_can_be_chosen(call: Any, version: str) -> None:
    create = {"createTokenWithScopes": ["chat"], "expiresInMinutes": 60}
    token = json.loads(call("POST", "/identities", create, version=version).body)["accessToken"]
    assert token["expiresOn"] == "2026-10-01T13:00:00.2500000+00:00"
    issue = {"scopes": ["chat"], "expiresInMinutes": 1441}
    response = call("POST", f"/identities/{call.new_identity()}/:issueAccessToken", issue, version=version)
    assert (response.status, error(response)["target"]) == (400, "ExpiresInMinutes")


@pytest.mark.parametrize("version", UNTIMED)
@pytest.mark.parametrize("minutes", [60, 1441, "no number"])
def test_older_versions_know_no_lifetime_but_a_day(call: Any, version: str, minutes: object) -> None:
    create = {"createTokenWithScopes": ["chat"], "expiresInMinutes": minutes}
    token = json.loads(call("POST", "/identities", create, version=version).body)["accessToken"]
    assert token["expiresOn"] == "2026-10-02T12:00:00.2500000+00:00"
    issue = {"scopes": ["chat"], "expiresInMinutes": minutes}
    response = call("POST", f"/identities/{call.new_identity()}/:issueAccessToken", issue, version=version)
    assert json.loads(response.body)["expiresOn"] == "2026-10-02T12:00:00.2500000+00:00"


@pytest.mark.parametrize("version", WRAPPED)
@pytest.mark.parametrize("scope", ["chat.join", "chat.join.limited", "voip.join"])
def test_the_scopes_for_joining_came_with_2023_10_01(call: Any, version: str, scope: str) -> None:
    path = f"/identities/{call.new_identity()}/:issueAccessToken"
    expected = 200 if version >= "2023-10-01" else 400
    assert call("POST", path, {"scopes": [scope]}, version=version).status == expected
    created = call("POST", "/identities", {"createTokenWithScopes": [scope]}, version=version)
    assert created.status == (201 if expected == 200 else 400)


@pytest.mark.parametrize("version", WRAPPED)
def test_an_identity_shows_nothing_that_the_version_does_not_have(call: Any, version: str) -> None:
    created = call("POST", "/identities", {"createTokenWithScopes": ["chat"], "customId": "sally"}, version=version)
    members = list(json.loads(created.body)["identity"])
    knows_more = has_member(version, "CommunicationIdentity", "customId")
    assert members == (["customId", "lastTokenIssuedAt", "id"] if knows_more else ["id"])


WITH_USER = [
    name
    for name in versions_with("POST", TEAMS_EXCHANGE)
    if has_member(name, "TeamsUserExchangeTokenRequest", "userId")
]
TOKEN_ONLY = [name for name in versions_with("POST", TEAMS_EXCHANGE) if name not in WITH_USER]


@pytest.mark.parametrize("version", TOKEN_ONLY)
@pytest.mark.parametrize("others", [{}, {"appId": "invalid", "userId": 1}])
def test_the_first_teams_exchange_takes_the_token_alone(
    call: Any, emulator: Emulator, version: str, others: dict[str, object]
) -> None:
    assert version == "2021-10-31-preview"
    token = emulator.entra.issue_token(client_id=APP, object_id=USER, expires_in=timedelta(minutes=70))
    response = call("POST", "/teamsUser/:exchangeAccessToken", {"token": token, **others}, version=version)
    assert response.status == 200
    assert json.loads(response.body)["expiresOn"] == "2026-10-01T13:10:00.0000000+00:00"
    refused = call("POST", "/teamsUser/:exchangeAccessToken", {"token": "garbage"}, version=version)
    assert (refused.status, error(refused)["code"]) == (401, "InvalidAccessToken")


@pytest.mark.parametrize("version", WITH_USER)
def test_later_teams_exchanges_need_the_application_and_the_user(call: Any, version: str) -> None:
    response = call("POST", "/teamsUser/:exchangeAccessToken", {"token": entra_token(call)}, version=version)
    assert error(response)["message"] == "AppId: The AppId field is required."


def test_an_identity_lives_in_every_version(call: Any) -> None:
    identity = call.new_identity()
    for version, method, path in OPERATIONS:
        if path.startswith("/identities/{id}/") and not path.endswith("revokeAccessTokens"):
            target = path.replace("{id}", identity)
            assert call(method, target, {"scopes": ["chat"]}, version=version).status == 200
