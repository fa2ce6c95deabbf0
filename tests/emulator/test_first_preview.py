"""The first preview creates bare identities, issues tokens at another path and revokes by a point in time."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from acs_identity_emulator import Emulator, Response

GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
VERSIONS = [
    entry.name
    for entry in (files("acs_identity_rest") / "contract").iterdir()
    if entry.is_dir() and "/identities/{id}/token" in (entry / "CommunicationIdentity.json").read_text("utf-8")
]
pytestmark = pytest.mark.parametrize("version", VERSIONS)


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def issue(call: Any, identity: str, version: str, *scopes: str) -> str:
    response = call("POST", f"/identities/{identity}/token", {"scopes": list(scopes or ("chat",))}, version=version)
    token: str = json.loads(response.body)["token"]
    return token


@pytest.mark.parametrize("body", [b"", b"{}", b'{"createTokenWithScopes":["chat"]}', b"not looked at"])
def test_an_identity_is_its_id_and_nothing_else(call: Any, emulator: Emulator, version: str, body: bytes) -> None:
    response = call("POST", "/identities", body=body, version=version, headers={"Content-Type": "text/plain"})
    assert response.status == 200
    assert re.fullmatch(rb'\{"id":"8:acs:%b_%b"\}' % (emulator.resource_id.encode(), GUID.encode()), response.body)


def test_a_token_comes_with_the_id_and_lives_a_day(call: Any, emulator: Emulator, version: str) -> None:
    identity = call.new_identity(version)
    members = {"scopes": ["chat", "voip"], "expiresInMinutes": 60}
    response = call("POST", f"/identities/{identity}/token", members, version=version)
    assert response.status == 200
    body = json.loads(response.body)
    assert list(body) == ["id", "token", "expiresOn"]
    assert body["id"] == identity
    assert body["expiresOn"] == "2026-10-02T12:00:00.2500000+00:00"
    assert emulator.introspect(body["token"]).state == "live"


@pytest.mark.parametrize("scope", ["chat", "voip", "pstn", "anything"])
def test_any_text_is_a_scope(call: Any, version: str, scope: str) -> None:
    path = f"/identities/{call.new_identity(version)}/token"
    assert call("POST", path, {"scopes": [scope]}, version=version).status == 200


@pytest.mark.parametrize(
    ("body", "target"),
    [(b"", None), (b"{}", "Scopes"), (b'{"scopes":[]}', "scopes"), (b'{"scopes":"chat"}', "$.scopes"), (b"{", "$")],
)
def test_scopes_are_needed(call: Any, version: str, body: bytes, target: str | None) -> None:
    response = call("POST", f"/identities/{call.new_identity(version)}/token", body=body, version=version)
    assert (response.status, error(response)["code"]) == (400, "ValidationError")
    assert error(response).get("target") == target


def test_an_empty_update_changes_nothing(call: Any, emulator: Emulator, version: str) -> None:
    identity = call.new_identity(version)
    token = issue(call, identity, version)
    for members in ({}, {"tokensValidFrom": None}, {"other": 1}):
        response = call("PATCH", f"/identities/{identity}", members, version=version)
        assert (response.status, response.body) == (204, b"")
    assert emulator.introspect(token).state == "live"


def test_an_update_revokes_what_was_issued_before_its_time(
    call: Any, emulator: Emulator, clock: Any, version: str
) -> None:
    identity, bystander = call.new_identity(version), call.new_identity(version)
    early, other = issue(call, identity, version), issue(call, bystander, version)
    clock.advance(seconds=10)
    late = issue(call, identity, version)
    clock.advance(seconds=10)
    path = f"/identities/{identity}"

    def states() -> list[str]:
        return [emulator.introspect(token).state for token in (early, late, other)]

    # By their claims the first token is of 12:00:00, the second of 12:00:10.
    for moment in (
        "0001-01-01T00:00:00+14:00",
        "2017-04-17T05:04:18.070Z",
        "2026-10-01T12:00:00Z",
        "2026-10-01T14:00:00+02:00",
    ):
        call("PATCH", path, {"tokensValidFrom": moment}, version=version)
        assert states() == ["live", "live", "live"]
    call("PATCH", path, {"tokensValidFrom": "2026-10-01T12:00:00.0000010Z"}, version=version)
    assert states() == ["revoked", "live", "live"]
    call("PATCH", path, {"tokensValidFrom": "2017-04-17T05:04:18Z"}, version=version)
    assert states() == ["revoked", "live", "live"], "what was revoked stays so"
    call("PATCH", path, {"tokensValidFrom": "9999-12-31T23:59:59-23:59"}, version=version)
    assert states() == ["revoked", "revoked", "live"]
    assert emulator.introspect(issue(call, identity, version)).state == "live"


def test_a_token_issued_again_in_the_second_of_its_revocation_is_judged_by_its_own_time(
    call: Any, emulator: Emulator, clock: Any, version: str
) -> None:
    identity = call.new_identity(version)
    first = issue(call, identity, version)
    clock.advance(milliseconds=200)
    call("PATCH", f"/identities/{identity}", {"tokensValidFrom": "2026-10-01T12:00:00.4Z"}, version=version)
    clock.advance(milliseconds=200)
    second = issue(call, identity, version)
    call("PATCH", f"/identities/{identity}", {"tokensValidFrom": "2026-10-01T12:00:00.5Z"}, version=version)
    assert [emulator.introspect(token).state for token in (first, second)] == ["revoked", "live"]


@pytest.mark.parametrize(
    "moment",
    ["", "now", "2026-10-01", "2026-10-01T12:00:00", "2026-13-01T12:00:00Z", "20261001T120000Z", "1790856000",
     1790856000, [], {}, True, "2026-10-01T12:00:00Z\n", "2026-10-01T12:00:00+25:00"],
    ids=range(13),
)  # fmt: skip
def test_a_time_in_another_form_is_refused(call: Any, version: str, moment: object) -> None:
    path = f"/identities/{call.new_identity(version)}"
    response = call("PATCH", path, {"tokensValidFrom": moment}, version=version)
    assert response.status == 400
    assert error(response)["target"] == "$.tokensValidFrom"
    assert response.header("api-supported-versions") is None


def test_an_update_is_a_merge_patch(call: Any, version: str) -> None:
    path = f"/identities/{call.new_identity(version)}"
    response = call("PATCH", path, {}, version=version, headers={"Content-Type": "application/json"})
    assert response.status == 415
    assert "application/merge-patch+json" in response.header("x-emulator-reason")
    assert call("PATCH", path, version=version).status == 400, "there must be a body"


@pytest.mark.parametrize(
    ("method", "suffix", "members"), [("PATCH", "", {}), ("POST", "/token", {"scopes": ["chat"]}), ("DELETE", "", None)]
)
def test_identities_are_told_apart_as_in_later_versions(
    call: Any, version: str, method: str, suffix: str, members: object
) -> None:
    gone = call.new_identity(version)
    call("DELETE", f"/identities/{gone}", version=version)
    foreign = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
    for identity, status in ((gone, 404), (foreign, 401), ("x", 400)):
        assert call(method, f"/identities/{identity}{suffix}", members, version=version).status == status


def test_the_signature_of_its_time_is_over_the_date_header(
    call: Any, emulator: Emulator, sign: Any, version: str
) -> None:
    from acs_identity_emulator import Request

    target = f"/identities?api-version={version}"
    headers = sign(
        "POST", target, b"", key=emulator.access_key, date="Thu, 01 Oct 2026 12:00:00 GMT", date_header="date"
    )
    assert emulator.handle(Request("POST", target, headers)).status == 200


def test_the_operations_of_later_versions_are_not_there(call: Any, version: str) -> None:
    for path in ("/identities/x/:issueAccessToken", "/teamsUser/:exchangeAccessToken", "/access/entra/assignments"):
        response = call.raw("POST", f"{path}?api-version={version}", {})
        assert (response.status, error(response)["code"]) == (400, "UnsupportedApiVersion")
        assert version not in response.header("api-supported-versions")
    assert call.raw("GET", f"/identities/x?api-version={version}").header("Allow") == "DELETE, PATCH"
