"""Identities and their access tokens live, end and are told apart as in the service."""

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs_identity_emulator import Emulator, Response

GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
VERSIONS = ("2023-10-01", "2026-09-23")
SCOPES = ["chat", "voip", "chat.join", "chat.join.limited", "voip.join"]


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def part(token: str, number: int) -> str:
    segment = token.split(".")[number]
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).decode()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"createTokenWithScopes":[]}', b"\xef\xbb\xbf{}"])
def test_an_identity_without_scopes_comes_without_token(
    call: Any, emulator: Emulator, version: str, body: bytes
) -> None:
    response = call("POST", "/identities", body=body, version=version)
    assert response.status == 201
    assert re.fullmatch(
        rb'\{"identity":\{"id":"8:acs:%b_%b"\}\}' % (emulator.resource_id.encode(), GUID.encode()), response.body
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_an_identity_with_scopes_comes_with_a_live_token(call: Any, emulator: Emulator, version: str) -> None:
    response = call("POST", "/identities", {"createTokenWithScopes": SCOPES, "expiresInMinutes": 60}, version=version)
    assert response.status == 201
    body = json.loads(response.body)
    assert list(body) == ["identity", "accessToken"]
    assert list(body["accessToken"]) == ["token", "expiresOn"]
    assert body["accessToken"]["expiresOn"] == "2026-10-01T13:00:00.2500000+00:00"
    assert emulator.introspect(body["accessToken"]["token"]).state == "live"


def test_every_identity_has_an_id_of_its_own(call: Any) -> None:
    assert len({call.new_identity() for _ in range(50)}) == 50


def test_a_token_has_the_form_and_the_claims_of_the_service(call: Any, emulator: Emulator) -> None:
    identity = call.new_identity()
    response = call("POST", f"/identities/{identity}/:issueAccessToken", {"scopes": SCOPES[:2], "expiresInMinutes": 90})
    assert response.status == 200
    assert list(json.loads(response.body)) == ["token", "expiresOn"]
    token = json.loads(response.body)["token"]
    header = part(token, 0)
    assert re.fullmatch(r'\{"alg":"RS256","kid":"[0-9A-F]{40}","x5t":"[\w-]{27}","typ":"JWT"\}', header)
    kid, x5t = json.loads(header)["kid"], json.loads(header)["x5t"]
    assert base64.urlsafe_b64encode(bytes.fromhex(kid)).decode().rstrip("=") == x5t
    # 2026-10-01T12:00:00Z and 90 minutes later, in epoch seconds.
    assert part(token, 1) == (
        f'{{"skypeid":"{identity[2:]}","scp":1792,"csi":"1790856000","exp":1790861400,"rgn":"amer",'
        f'"acsScope":"chat,voip","resourceId":"{emulator.resource_id}","resourceLocation":"unitedstates",'
        '"iat":1790856000}'
    )
    assert len(token.split(".")[2]) == 342


def test_a_token_is_really_signed(call: Any) -> None:
    from acs_identity_emulator.keys import ACCESS_TOKEN_KEY

    token = call.new_token(call.new_identity())
    key = ACCESS_TOKEN_KEY.get().private.public_key()
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key, algorithms=["RS256"], options=options)["acsScope"] == "chat"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token[:-8] + "AAAAAAAA", key, algorithms=["RS256"], options=options)


def test_a_token_lives_a_day_when_nothing_is_said(call: Any) -> None:
    identity = call.new_identity()
    for members in ({"scopes": ["chat"]}, {"scopes": ["chat"], "expiresInMinutes": None}):
        response = call("POST", f"/identities/{identity}/:issueAccessToken", members)
        assert json.loads(response.body)["expiresOn"] == "2026-10-02T12:00:00.2500000+00:00"


def test_a_repeated_scope_counts_once(call: Any) -> None:
    identity = call.new_identity()
    token = call.new_token(identity, *["voip", "chat", "voip"] * 1000)
    assert json.loads(part(token, 1))["acsScope"] == "voip,chat"


@settings(max_examples=40)
@given(minutes=st.integers(55, 1445) | st.integers(-(2**31), 2**31 - 1))
def test_a_token_lives_between_an_hour_and_a_day(call: Any, minutes: int) -> None:
    response = call("POST", "/identities", {"createTokenWithScopes": ["chat"], "expiresInMinutes": minutes})
    if 60 <= minutes <= 1440:
        claims = json.loads(part(json.loads(response.body)["accessToken"]["token"], 1))
        assert claims["exp"] - claims["iat"] == minutes * 60
    else:
        assert response.status == 400
        assert error(response) == {
            "code": "ValidationError",
            "message": f"ExpiresInMinutes value {minutes} is invalid. Value must be within the [60, 1440] interval.",
            "target": "ExpiresInMinutes",
        }


@pytest.mark.parametrize("minutes", [59, 1441])
def test_a_wrong_lifetime_is_refused_by_the_operation(call: Any, minutes: int) -> None:
    identity = call.new_identity()
    for path, members in (
        ("/identities", {"expiresInMinutes": minutes}),
        (f"/identities/{identity}/:issueAccessToken", {"scopes": ["chat"], "expiresInMinutes": minutes}),
    ):
        response = call("POST", path, members)
        assert (response.status, error(response)["target"]) == (400, "ExpiresInMinutes")
        template = call.schemas.template_of("2026-09-23", path)
        assert response.header("api-supported-versions") == call.schemas.versions_with(template)


def test_no_scopes_and_empty_scopes_are_told_apart(call: Any) -> None:
    path = f"/identities/{call.new_identity()}/:issueAccessToken"
    for members in ({}, {"scopes": None}, {"Scopes": ["chat"]}):
        missing = call("POST", path, members)
        assert missing.status == 400
        assert error(missing) == {
            "code": "ValidationError",
            "message": "Scopes: The Scopes field is required.",
            "target": "Scopes",
        }
        assert missing.header("api-supported-versions") is None
    empty = call("POST", path, {"scopes": []})
    assert empty.status == 400
    assert error(empty) == {
        "code": "ValidationError",
        "message": "Invalid scopes - Scopes field is required.",
        "target": "scopes",
    }
    assert empty.header("api-supported-versions") is not None


@pytest.mark.parametrize("scope", ["", "Chat", "chat,voip", "admin", "\ud800", "x" * 10_000])
def test_an_unknown_scope_is_refused_and_not_repeated(call: Any, scope: str) -> None:
    for path, name in (
        ("/identities", "createTokenWithScopes"),
        (f"/identities/{call.new_identity()}/:issueAccessToken", "scopes"),
    ):
        response = call("POST", path, {name: ["chat", scope]})
        assert response.status == 400
        assert error(response)["code"] == "ValidationError"
        assert error(response)["message"].startswith("Invalid scopes - ")
        assert error(response)["target"] == "scopes"
        assert "scope number 2" in (response.header("x-emulator-reason") or "")


def test_a_revoked_token_is_no_longer_live(call: Any, emulator: Emulator) -> None:
    identity, bystander = call.new_identity(), call.new_identity()
    first, second, other = call.new_token(identity), call.new_token(identity, "voip"), call.new_token(bystander)
    response = call("POST", f"/identities/{identity}/:revokeAccessTokens")
    assert (response.status, response.body) == (204, b"")
    assert [emulator.introspect(token).state for token in (first, second, other)] == ["revoked", "revoked", "live"]


def test_a_token_issued_after_a_revocation_is_live_even_in_the_same_second(call: Any, emulator: Emulator) -> None:
    identity = call.new_identity()
    tokens: list[str] = []
    for _ in range(3):
        tokens.append(call.new_token(identity))
        call("POST", f"/identities/{identity}/:revokeAccessTokens")
    tokens.append(call.new_token(identity))
    assert len(set(tokens)) == 4
    assert [emulator.introspect(token).state for token in tokens] == ["revoked", "revoked", "revoked", "live"]
    claims = [json.loads(part(token, 1)) for token in tokens]
    assert {claim["exp"] - claim["iat"] for claim in claims} == {86400}
    # A token that seems to be of the future is refused by who verifies it, so only csi counts on.
    assert {claim["iat"] for claim in claims} == {1790856000}
    assert [int(claim["csi"]) - claim["iat"] for claim in claims] == [0, 1, 2, 3]


def test_the_tokens_of_a_deleted_identity_are_gone(call: Any, emulator: Emulator) -> None:
    identity = call.new_identity()
    live, revoked = call.new_token(identity), call.new_token(identity, "voip")
    response = call("DELETE", f"/identities/{identity}")
    assert (response.status, response.body) == (204, b"")
    assert emulator.introspect(live).state == emulator.introspect(revoked).state == "deleted"


def test_a_token_expires_at_the_second_its_claim_names(call: Any, emulator: Emulator, clock: Any) -> None:
    response = call("POST", "/identities", {"createTokenWithScopes": ["chat"], "expiresInMinutes": 60})
    token = json.loads(response.body)["accessToken"]["token"]
    clock.advance(minutes=60, microseconds=-250_001)
    assert emulator.introspect(token).state == "live"
    clock.advance(microseconds=1)
    status = emulator.introspect(token)
    assert status.state == "expired"
    assert status.expires_on is not None
    assert status.expires_on.isoformat() == "2026-10-01T13:00:00+00:00"


@pytest.mark.parametrize("token", ["", "a.b.c", "\ud800", "é" * 1000])
def test_a_token_of_somebody_else_is_unknown(emulator: Emulator, token: str) -> None:
    status = emulator.introspect(token)
    assert (status.state, status.expires_on) == ("unknown", None)


def test_no_state_shows_the_token_or_the_identity(call: Any, emulator: Emulator) -> None:
    identity = call.new_identity()
    token = call.new_token(identity)
    for text in (repr(emulator.introspect(token)), repr(emulator), repr(call("POST", "/identities"))):
        assert token not in text
        assert identity not in text
        assert emulator.access_key not in text


OPERATIONS = [
    ("POST", "/:issueAccessToken", {"scopes": ["chat"]}),
    ("POST", "/:revokeAccessTokens", None),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "suffix", "members"), OPERATIONS)
def test_an_identity_of_another_resource_is_not_ours(call: Any, method: str, suffix: str, members: Any) -> None:
    foreign = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
    response = call(method, f"/identities/{foreign}{suffix}", members)
    assert response.status == 401
    assert error(response) == {
        "code": "IdentityNotOwned",
        "message": "Provided identity doesn't belong to the resource.",
    }
    assert response.header("api-supported-versions") is not None


@pytest.mark.parametrize(("method", "suffix", "members"), OPERATIONS)
def test_a_deleted_identity_does_not_exist(call: Any, method: str, suffix: str, members: Any) -> None:
    identity = call.new_identity()
    call("DELETE", f"/identities/{identity}")
    response = call(method, f"/identities/{identity}{suffix}", members)
    assert response.status == 404
    assert error(response)["message"] == "Provided identity doesn't exist."
    assert "deleted" in (response.header("x-emulator-reason") or "")


@pytest.mark.parametrize(("method", "suffix", "members"), OPERATIONS)
def test_an_identity_that_was_never_created_does_not_exist(
    call: Any, emulator: Emulator, method: str, suffix: str, members: Any
) -> None:
    response = call(
        method, f"/identities/8:acs:{emulator.resource_id}_00000001-0000-0000-0000-000000000000{suffix}", members
    )
    assert response.status == 404
    assert error(response)["message"] == "Provided identity doesn't exist."
    assert "never created" in (response.header("x-emulator-reason") or "")


@pytest.mark.parametrize(("method", "suffix", "members"), OPERATIONS)
@pytest.mark.parametrize(
    "identity", ["x", "8:acs:1_2", "8:orgid:1", "4:+1123456789", "%00", "8:acs:", "%F0%9F%98%80", "a" * 5000]
)
def test_a_malformed_id_is_told_apart(call: Any, method: str, suffix: str, members: Any, identity: str) -> None:
    response = call(method, f"/identities/{identity}{suffix}", members)
    assert response.status == 400
    assert error(response) == {"code": "ValidationError", "message": "Provided Id has invalid format.", "target": "id"}


def test_a_wrong_request_is_told_before_a_wrong_identity(call: Any) -> None:
    assert error(call("POST", "/identities/x/:issueAccessToken", {"scopes": ["nope"]}))["target"] == "scopes"


def test_many_threads_may_use_one_emulator(call: Any, emulator: Emulator) -> None:
    def live_and_die(_: int) -> tuple[str, str]:
        identity = call.new_identity()
        token = call.new_token(identity)
        call("DELETE", f"/identities/{identity}")
        return identity, emulator.introspect(token).state

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(live_and_die, range(80)))
    assert len({identity for identity, _ in results}) == 80
    assert {state for _, state in results} == {"deleted"}


def test_one_deletion_of_several_at_once_succeeds(call: Any) -> None:
    identity = call.new_identity()

    def delete(_: int) -> int:
        status: int = call("DELETE", f"/identities/{identity}").status
        return status

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(delete, range(8)))
    assert statuses == [204, *[404] * 7]
