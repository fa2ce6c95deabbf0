"""Request bodies are read as the contract says, and wrong ones are refused before the operation sees them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acs_identity_emulator import BODY_LIMIT, Emulator, Request, Response


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def assert_refused_early(response: Response, target: str | None = None) -> None:
    assert response.status == 400
    assert error(response)["code"] == "ValidationError"
    assert error(response).get("target") == target
    assert response.header("api-supported-versions") is None
    assert (response.header("x-emulator-reason") or "").isascii()


MALFORMED = [
    b"{",
    b"[",
    b"{'a':1}",
    b'{"a":1,}',
    b'{"a":NaN}',
    b'{"a":-Infinity}',
    b"\xff\xfe{}",
    b'{"a":"\xe9"}',
    b'{"createTokenWithScopes":["chat"]',
    b"[" * 200_000,
    b'{"expiresInMinutes":' + b"9" * 5000 + b"}",
    b"{} {}",
    b"\x00",
    b" ",
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_a_body_that_is_not_json_is_refused(call: Any, body: bytes) -> None:
    assert_refused_early(call("POST", "/identities", body=body), "$")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"true", b'[{"createTokenWithScopes":["chat"]}]'])
def test_a_body_that_is_no_object_is_refused(call: Any, body: bytes) -> None:
    assert_refused_early(call("POST", "/identities", body=body), "$")


@pytest.mark.parametrize("body", [b"", b"null"])
def test_a_required_body_must_be_there(call: Any, body: bytes) -> None:
    response = call("POST", "/identities/x/:issueAccessToken", body=body)
    assert_refused_early(response)
    assert error(response)["message"] == "A non-empty request body is required."


@pytest.mark.parametrize("value", ["60", 60.0, 60.5, True, [60], {"a": 60}, 2**31, -(2**31) - 1, 10**100])
def test_a_lifetime_must_be_a_whole_number_of_32_bits(call: Any, value: object) -> None:
    members = {"createTokenWithScopes": ["chat"], "expiresInMinutes": value}
    assert_refused_early(call("POST", "/identities", members), "$.expiresInMinutes")


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ("chat", "$.createTokenWithScopes"),
        ({}, "$.createTokenWithScopes"),
        (1, "$.createTokenWithScopes"),
        (["chat", 1], "$.createTokenWithScopes[1]"),
        ([None], "$.createTokenWithScopes[0]"),
        ([["chat"]], "$.createTokenWithScopes[0]"),
    ],
)
def test_scopes_must_be_a_list_of_texts(call: Any, value: object, target: str) -> None:
    assert_refused_early(call("POST", "/identities", {"createTokenWithScopes": value}), target)


def test_unknown_members_are_not_looked_at(call: Any) -> None:
    assert call("POST", "/identities", {"customId": 1, "expiresinminutes": "no", "": []}).status == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/xml",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
        "json",
        ";",
    ],
)
def test_a_body_of_another_content_type_is_refused(call: Any, content_type: str) -> None:
    response = call("POST", "/identities", {}, headers={"Content-Type": content_type})
    assert response.status == 415
    assert error(response)["code"] == "UnsupportedMediaType"
    assert "application/json" in response.header("x-emulator-reason")


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON;charset=UTF-8", 'application/json; charset="utf-8"; odata=x']
)
def test_json_may_name_its_charset(call: Any, content_type: str) -> None:
    assert call("POST", "/identities", {}, headers={"Content-Type": content_type}).status == 201


def test_without_body_the_content_type_does_not_matter(call: Any) -> None:
    assert call("POST", "/identities", headers={"Content-Type": "text/plain"}).status == 201
    identity = call.new_identity()
    revoke = f"/identities/{identity}/:revokeAccessTokens"
    assert call("POST", revoke, body=b"not looked at", headers={"Content-Type": "text/plain"}).status == 204


def test_a_body_over_the_limit_is_refused_before_anything_else(call: Any, emulator: Emulator) -> None:
    padding = BODY_LIMIT - len('{"a":""}')
    assert call("POST", "/identities", {"a": "x" * (padding - 1)}).status == 201
    response = emulator.handle(Request("POST", "/", {}, b"x" * (BODY_LIMIT + 1)))
    assert response.status == 413
    assert str(BODY_LIMIT) in (response.header("x-emulator-reason") or "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60)
@given(scopes=JSON, minutes=JSON)
def test_any_members_are_taken_or_refused_by_the_contract(call: Any, scopes: object, minutes: object) -> None:
    response = call("POST", "/identities", {"createTokenWithScopes": scopes, "expiresInMinutes": minutes})
    assert response.status in (201, 400)


@settings(max_examples=60)
@given(body=st.binary(max_size=100))
def test_any_bytes_are_taken_or_refused_by_the_contract(call: Any, body: bytes) -> None:
    for path in ("/identities", "/identities/x/:issueAccessToken", "/teamsUser/:exchangeAccessToken"):
        assert call("POST", path, body=body).status in (201, 400, 401)
