"""A recorded request is found by what it means, and what differs is said."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from acs_identity.testing._matching import MATCHERS, Matching

FAKE = "8:acs:00000000-0000-4000-8000-000000000000_00000001-0000-0000-0000-000000000000"
OTHER_FAKE = FAKE.replace("_00000001", "_00000002")
REAL = "8:acs:30213fbb-c2f9-4812-a4f0-ca4c5d8859ed_00000001-e87a-4af0-d172-600f35533480"


@dataclass
class Request:
    uri: str = "https://contoso.communication.azure.com/identities?api-version=2026-09-23"
    body: Any = None
    method: str = "POST"


def bodies(now: str | bytes | None, then: str | bytes | None) -> tuple[Request, Request]:
    return Request(body=now), Request(body=then)


def difference(one: Request, other: Request, known: Matching | None = None) -> str:
    for name in MATCHERS:
        try:
            getattr(known or Matching(), name)(one, other)
        except AssertionError as error:
            return str(error)
    return ""


def of(path: str, host: str = "fake.communication.azure.com", version: str = "2026-09-23") -> Request:
    return Request(f"https://{host}{path}?api-version={version}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (of(f"/identities/{FAKE}"), of(f"/identities/{FAKE.replace(':', '%3A')}")),
        (of(f"/identities/{FAKE.replace(':', '%3a')}"), of(f"/identities/{FAKE}")),
        (of("/identities", "127.0.0.1:10100"), of("/identities")),
        (of(f"/identities/{REAL}"), of(f"/identities/{FAKE}")),
        (
            Request("https://a/identities?b=1&api-version=2026-09-23"),
            Request("https://a/identities?api-version=2026-09-23&b=1"),
        ),
        bodies('{"scopes": ["chat"], "expiresInMinutes": 60}', '{"expiresInMinutes":60,"scopes":["chat"]}'),
        (Request(body=b""), Request(body=None)),
        bodies(
            b'{"token":"eyJ.real.one","appId":"0a","userId":"1b"}',
            b'{"token":"opaque-token-1","appId":"00000000-0000-4000-9000-000000000001","userId":"invalid-id-1"}',
        ),
        bodies('{"tokensValidFrom":"2026-11-22T00:00:00Z"}', '{"tokensValidFrom":"2000-12-31T00:00:00Z"}'),
        bodies(b'{"customId":"alice"}', b'{"customId":"custom-id-1"}'),
        bodies(b"a=1&client_secret=real", b"client_secret=REDACTED&a=1"),
        (Request(body=b'"\\u00e9"'), Request(body='"é"'.encode())),
    ],
)
def test_the_same_request_in_another_spelling_is_found(one: Request, other: Request) -> None:
    assert difference(one, other) == ""


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (of("/identities"), of("/identities", version="2023-10-01"), 'api-version: ["2026-09-23"] now, ["2023-10-01"]'),
        (of("/identities"), Request("https://fake.communication.azure.com/identities"), "api-version: "),
        (of(f"/identities/{FAKE}"), of(f"/identities/{OTHER_FAKE}"), "what follows /identities/"),
        (of(f"/identities/{FAKE}"), of("/identities"), "number of parts of the path: 3 now, 2 in the recording"),
        (of(f"/identities/{FAKE}/:issueAccessToken"), of(f"/identities/{FAKE}/:revokeAccessTokens"), "path: "),
        (
            Request(body=b'{"scopes":["voip.join"]}'),
            Request(body=b'{"scopes":["chat"]}'),
            'scopes[0]: "voip.join" now, "chat" in the recording',
        ),
        (*bodies(b'{"scopes":["chat","voip"]}', b'{"scopes":["chat"]}'), "scopes: "),
        (*bodies(b'{"scopes":["chat"]}', b'{"createTokenWithScopes":["chat"]}'), "createTokenWithScopes: "),
        (Request(body=b"{}"), Request(), "all of it: {} now, nothing in the recording"),
        (*bodies(b'{"expiresInMinutes":61}', b'{"expiresInMinutes":60}'), "expiresInMinutes: 61 now, 60"),
        (*bodies(b'{"expiresInMinutes":true}', b'{"expiresInMinutes":1}'), "expiresInMinutes: true now"),
        (*bodies(b'{"expiresInMinutes":"60"}', b'{"expiresInMinutes":60}'), 'expiresInMinutes: "60" now'),
        (*bodies(b'{"token":""}', b'{"token":"fake"}'), "token: "),
        (*bodies(b'{"customId":null}', b'{"customId":"custom-id-1"}'), "customId: null now"),
        (*bodies(b"not json", b"{}"), "all of it: "),
        (*bodies(b"\xff\xfe", b"\xff\xff"), "all of it: "),
        (Request(body=b'{"a":' + b"[" * 100_000), Request(body=b"{}"), "all of it: "),
        (Request("https://example.com/a"), Request("https://example.org/a"), 'host: "example.com" now, "example.org"'),
    ],
)
def test_another_request_is_not_taken_for_it_and_the_first_difference_is_said(
    one: Request, other: Request, said: str
) -> None:
    assert difference(one, other).startswith(said)
    assert difference(other, one) != ""


def test_a_difference_shows_no_identity_and_is_short() -> None:
    text = difference(Request(body=f'{{"x":"{REAL}"}}'.encode()), Request(body=b'{"x":"' + b"y" * 1000 + b'"}'))
    assert "30213fbb" not in text
    assert len(text) < 250


CUSTOM = "custom-id-{}"


def of_custom(custom_id: str) -> Request:
    return Request(body=json.dumps({"customId": custom_id}).encode())


def test_a_value_of_the_test_stands_for_one_fake_alone() -> None:
    known = Matching()
    known.learn(of_custom("alice"), of_custom("custom-id-1"))
    assert difference(of_custom("alice"), of_custom("custom-id-1"), known) == ""
    assert difference(of_custom("bob"), of_custom("custom-id-1"), known).startswith("customId: ")
    assert difference(of_custom("alice"), of_custom("custom-id-2"), known).startswith("customId: ")
    assert difference(of_custom("bob"), of_custom("custom-id-2"), known) == ""


def test_answers_have_the_values_of_the_test_in_them() -> None:
    known = Matching()
    known.learn(of_custom('al"ice\\1'), of_custom("custom-id-1"))
    text = known.restore('{"customId":"custom-id-1","other":"custom-id-10","message":"custom-id-1 is taken"}')
    assert json.loads(text) == {"customId": 'al"ice\\1', "other": "custom-id-10", "message": 'al"ice\\1 is taken'}


def test_ids_that_are_names_of_members_are_paired() -> None:
    tenant = "00000000-0000-4000-8000-000000000000"
    principal = "11111111-1111-4111-8111-111111111111"
    real = Request(
        body=json.dumps({"11111111-1111-4111-8111-111111111111": {"principalType": "user"}, "x": None}).encode()
    )
    recorded = Request(body=json.dumps({tenant: {"principalType": "user"}, "x": None}).encode())
    known = Matching()
    assert difference(real, recorded, known) == ""
    known.learn(real, recorded)
    assert known.restore(f'{{"objectId":"{tenant}"}}') == f'{{"objectId":"{principal}"}}'
    other = Request(body=json.dumps({tenant: {"principalType": "group"}, "x": None}).encode())
    assert difference(real, other, known).endswith('principalType: "user" now, "group" in the recording')
