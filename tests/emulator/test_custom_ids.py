"""An identity can be created under an id of one's own, found again by it, and read."""

import json
from importlib.resources import files
from typing import Any

import pytest

from acs_identity_emulator import Emulator, Response

VERSIONS = [
    entry.name
    for entry in (files("acs_identity_rest") / "contract").iterdir()
    if entry.is_dir() and '"customId"' in (entry / "CommunicationIdentity.json").read_text("utf-8")
]
pytestmark = pytest.mark.parametrize("version", VERSIONS)


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def create(call: Any, version: str, **members: object) -> dict[str, Any]:
    response = call("POST", "/identities", members, version=version)
    assert response.status == 201
    body: dict[str, Any] = json.loads(response.body)
    return body


def read(call: Any, identity: str, version: str) -> Any:
    response = call("GET", f"/identities/{identity}", version=version)
    assert response.status == 200
    assert response.header("Accept-Ranges") == "bytes"
    return json.loads(response.body)


def test_a_known_custom_id_gives_the_identity_that_is_there(call: Any, version: str) -> None:
    first = create(call, version, customId="alice@contoso.com")
    again = create(call, version, customId="alice@contoso.com")
    other = create(call, version, customId="Alice@contoso.com")
    assert list(first["identity"]) == ["customId", "id"]
    assert again == first
    assert other["identity"]["id"] != first["identity"]["id"]
    assert create(call, version)["identity"]["id"] != create(call, version)["identity"]["id"]


def test_custom_ids_are_those_of_one_resource(call: Any, clock: Any, version: str) -> None:
    other = type(call)(Emulator(clock=clock), clock, call.schemas)
    ids = {create(caller, version, customId="sally")["identity"]["id"] for caller in (call, other)}
    assert len(ids) == 2


def test_the_answer_knows_of_the_token_it_carries(call: Any, clock: Any, version: str) -> None:
    first = create(call, version, customId="sally", createTokenWithScopes=["chat"])
    assert list(first) == ["identity", "accessToken"]
    assert list(first["identity"]) == ["customId", "lastTokenIssuedAt", "id"]
    assert first["identity"]["lastTokenIssuedAt"] == "2026-10-01T12:00:00+00:00"
    clock.advance(days=1)
    assert create(call, version, customId="sally")["identity"] == first["identity"]
    again = create(call, version, customId="sally", createTokenWithScopes=["chat"])
    assert again["identity"] == first["identity"] | {"lastTokenIssuedAt": "2026-10-02T12:00:00+00:00"}


def test_an_identity_is_read(call: Any, clock: Any, version: str) -> None:
    identity = create(call, version, customId="sally")["identity"]["id"]
    assert read(call, identity, version) == {"customId": "sally", "id": identity}
    clock.advance(minutes=5)
    call("POST", f"/identities/{identity}/:issueAccessToken", {"scopes": ["chat"]}, version=version)
    body = read(call, identity, version)
    assert list(body.items()) == [
        ("customId", "sally"),
        ("lastTokenIssuedAt", "2026-10-01T12:05:00+00:00"),
        ("id", identity),
    ]


def test_an_identity_without_custom_id_is_read(call: Any, version: str) -> None:
    identity = call.new_identity()
    assert read(call, identity, version) == {"id": identity}
    call.new_token(identity)
    assert list(read(call, identity, version)) == ["lastTokenIssuedAt", "id"]


def test_revoking_keeps_the_custom_id_and_deleting_frees_it(call: Any, emulator: Emulator, version: str) -> None:
    first = create(call, version, customId="sally", createTokenWithScopes=["chat"])
    path = f"/identities/{first['identity']['id']}"
    call("POST", f"{path}/:revokeAccessTokens", version=version)
    assert create(call, version, customId="sally")["identity"] == first["identity"]
    call("DELETE", path, version=version)
    assert call("GET", path, version=version).status == 404
    assert create(call, version, customId="sally")["identity"]["id"] != first["identity"]["id"]


@pytest.mark.parametrize(("custom_id", "is_taken"), [("", False), ("x", True), ("x" * 256, True), ("x" * 257, False)])
def test_a_custom_id_has_1_to_256_characters(call: Any, version: str, custom_id: str, is_taken: bool) -> None:
    response = call("POST", "/identities", {"customId": custom_id}, version=version)
    if is_taken:
        assert response.status == 201
        return
    assert response.status == 400
    assert error(response)["code"] == "ValidationError"
    assert error(response)["target"] == "customId"


@pytest.mark.parametrize("custom_id", [1, True, ["x"], {}])
def test_a_custom_id_is_a_text(call: Any, version: str, custom_id: object) -> None:
    response = call("POST", "/identities", {"customId": custom_id}, version=version)
    assert (response.status, error(response)["target"]) == (400, "$.customId")


def test_no_custom_id_is_as_none_given(call: Any, version: str) -> None:
    ids = {create(call, version, customId=None)["identity"]["id"] for _ in range(2)}
    assert len(ids) == 2


def test_identities_that_cannot_be_read_are_told_apart(call: Any, emulator: Emulator, version: str) -> None:
    foreign = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
    unknown = f"8:acs:{emulator.resource_id}_00000001-0000-0000-0000-000000000000"
    for identity, status in ((foreign, 401), (unknown, 404), ("x", 400)):
        assert call("GET", f"/identities/{identity}", version=version).status == status
