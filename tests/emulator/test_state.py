"""The state of an emulator can be looked at, taken elsewhere, prepared and emptied, and stays as small as it may."""

import base64
import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from acs_identity_emulator import Emulator, EmulatorServer, StateError, access_tokens, identities

NOON = datetime(2026, 10, 1, 12, 0, 0, 250_000, tzinfo=UTC)

RESOURCE = "ec403bbc-0000-4000-8000-000000000000"
TENANT = "7e4a7000-0000-4000-8000-000000000001"
USER = "0b1ec700-0000-4000-8000-000000000003"
TEAMS = f"/access/teamsExtension/tenants/{TENANT}/assignments/{USER}"
TEAMS_EXCHANGE = "/access/teamsExtension/:exchangeAccessToken"
PREVIEW = "2025-03-02-preview"
ANY_TIME: Any = {"verify_exp": False, "verify_iat": False}
OF_ANYBODY: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}


def create(call: Any, custom_id: str | None = None, *scopes: str) -> tuple[str, str]:
    members = {"customId": custom_id, "createTokenWithScopes": list(scopes)}
    body = json.loads(call("POST", "/identities", members, version=PREVIEW).body)
    return body["identity"]["id"], body.get("accessToken", {}).get("token", "")


def exchange(call: Any) -> tuple[str, str]:
    body = json.loads(call.bearer("POST", TEAMS_EXCHANGE, call.emulator.entra.issue_token(), {}).body)
    return body["identity"]["id"], body["accessToken"]["token"]


def state_of(call: Any, token: str) -> str:
    state: str = call.emulator.introspect(token).state
    return state


# Tokens


def test_only_the_very_token_that_was_issued_is_known(call: Any) -> None:
    token = call.new_token(call.new_identity())
    header, payload, signature = token.split(".")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # The last letter of 256 bytes in base64url has four bits that stand for nothing.
    same_bytes = signature[:-1] + letters[letters.index(signature[-1]) + 1]
    assert base64.urlsafe_b64decode(same_bytes + "==") == base64.urlsafe_b64decode(signature + "==")
    plain = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"none"}').decode().rstrip("=")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    more = base64.urlsafe_b64encode(json.dumps({**claims, "acsScope": "voip"}).encode()).decode().rstrip("=")
    assert state_of(call, token) == "live"
    for forged in (
        f"{header}.{payload}.{same_bytes}",
        f"{header}.{payload}.{signature}==",
        f"{header}.{payload}.{signature[:-1]}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature}.",
        f"{header}.{payload}",
        f"{header}.{more}.{signature}",
        f"{plain}.{payload}.{signature}",
        f"{plain}.{payload}.",
        f" {token}",
        f"{token}\n",
        token.replace(".", ".\n"),
    ):
        assert state_of(call, forged) == "unknown"


def test_a_token_of_another_emulator_with_the_same_key_is_unknown(call: Any, clock: Any) -> None:
    token = call.new_token(call.new_identity())
    assert Emulator(clock=clock).introspect(token).state == "unknown"


def test_an_entra_token_is_no_access_token(call: Any) -> None:
    assert state_of(call, call.emulator.entra.issue_token()) == "unknown"


def test_revoking_holds_whatever_was_done_to_the_clock(call: Any, clock: Any) -> None:
    identity = call.new_identity()
    clock.advance(days=3)
    future = call.new_token(identity)
    clock.advance(days=-3)
    present = call.new_token(identity)
    assert [state_of(call, token) for token in (future, present)] == ["live", "live"]
    call("POST", f"/identities/{identity}/:revokeAccessTokens")
    assert [state_of(call, token) for token in (future, present)] == ["revoked", "revoked"]
    after = call.new_token(identity)
    assert state_of(call, after) == "live"
    claims = jwt.decode(after, options={"verify_signature": False})
    assert claims["iat"] == int(NOON.timestamp())


def test_the_end_of_an_identity_that_comes_back_holds_whatever_was_done_to_the_clock(call: Any, clock: Any) -> None:
    call("PUT", TEAMS, {"principalType": "user"})
    clock.advance(hours=10)
    identity, future = exchange(call)
    clock.advance(hours=-10)
    call("DELETE", f"/identities/{identity}")
    states: list[tuple[str, str]] = []
    for _ in range(3):
        again, token = exchange(call)
        assert again == identity
        states.append((state_of(call, future), state_of(call, token)))
        call("DELETE", f"/identities/{identity}")
        states.append((state_of(call, future), state_of(call, token)))
    assert states == [("deleted", "live"), ("deleted", "deleted")] * 3


def test_a_principal_that_comes_back_after_others_were_forgotten_has_none_of_its_old_tokens(
    call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "DELETED_KEPT", 2)
    call("PUT", TEAMS, {"principalType": "user"})
    identity, token = exchange(call)
    call("DELETE", f"/identities/{identity}")
    for _ in range(5):
        call("DELETE", f"/identities/{call.new_identity()}")
    exchange(call)
    assert state_of(call, token) == "deleted"


def test_a_teams_user_has_a_token_without_being_an_identity(call: Any) -> None:
    entra_token = call.emulator.entra.issue_token()
    token = json.loads(
        call("POST", "/teamsUser/:exchangeAccessToken", {"token": entra_token}, version="2021-10-31-preview").body
    )
    assert call.emulator.identity_count == 0
    (record,) = call.emulator.issued_tokens()
    assert (record.identity_id, record.state) == (f"8:orgid:{USER}", "live")
    call.emulator.reset()
    assert state_of(call, token["token"]) == "live"


@pytest.mark.parametrize("custom_id", ["\ud800", "a\udfff"])
def test_a_custom_id_with_half_a_character_is_refused(call: Any, custom_id: str) -> None:
    response = call("POST", "/identities", {"customId": custom_id}, version=PREVIEW)
    assert (response.status, json.loads(response.body)["error"]["target"]) == (400, "customId")
    assert call.emulator.identity_count == 0


def test_odd_texts_of_clients_do_no_harm(call: Any) -> None:
    identity = call.new_identity()
    path = f"/identities/{identity}/token"
    assert call("POST", path, {"scopes": ["\ud800", "\0", "\U0001f600"]}, version="2020-07-20-preview2").status == 200
    (record,) = call.emulator.issued_tokens()
    assert record.scopes == ("\ud800", "\0", "\U0001f600")
    call("PUT", TEAMS, {"principalType": "\ud800", "clientIds": ["\ud800", "\0"]})
    assert json.loads(call("GET", TEAMS).body)["clientIds"] == ["\ud800", "\0"]
    exported = json.loads(json.dumps(call.emulator.export_state()))
    assert [token["scopes"] for token in exported["issued_tokens"]] == [["\ud800", "\0", "\U0001f600"]]
    for method, suffix in (("POST", "/:revokeAccessTokens"), ("DELETE", "")):
        assert call.raw(method, f"/identities/\xe9{suffix}?api-version=2026-09-23").status == 400
    token = call.emulator.entra.issue_token(object_id="\ud800")
    assert call.bearer("POST", TEAMS_EXCHANGE, token, {}).status == 401
    assert create(call, "\0")[0] == create(call, "\0")[0]


# The public keys


def test_an_issued_token_is_verified_with_the_published_key(call: Any) -> None:
    identity = call.new_identity()
    token = call.new_token(identity)
    keys = call.emulator.jwks()["keys"]
    assert [sorted(key) for key in keys] == [["alg", "e", "kid", "kty", "n", "use", "x5t"]] * 2
    by_kid = {key["kid"]: jwt.PyJWK.from_dict(key) for key in keys}
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(token, by_kid[kid], algorithms=["RS256"], options=ANY_TIME)
    assert claims["skypeid"] == identity.removeprefix("8:")
    entra_token = call.emulator.entra.issue_token()
    other = jwt.get_unverified_header(entra_token)["kid"]
    assert other != kid
    assert jwt.decode(entra_token, by_kid[other], algorithms=["RS256"], options=OF_ANYBODY)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, by_kid[other], algorithms=["RS256"], options=ANY_TIME)


def test_another_program_verifies_a_token_with_the_key_set_it_fetches(
    call: Any, clock: Any, server: EmulatorServer
) -> None:
    call.emulator, clock.now = server.emulator, datetime.now(UTC)
    identity = call.new_identity()
    call("POST", f"/identities/{identity}/:revokeAccessTokens")
    # Issued in the second of a revocation, when the claims may not run ahead of the clock.
    token = call.new_token(identity)
    key = jwt.PyJWKClient(f"{server.endpoint}/_emulator/jwks.json").get_signing_key_from_jwt(token)
    assert jwt.decode(token, key, algorithms=["RS256"])["acsScope"] == "chat"


# Lists


def test_identities_and_tokens_are_listed_with_the_newest_first(call: Any, clock: Any) -> None:
    first, _ = create(call, "sally")
    clock.advance(hours=1)
    second, _ = create(call, None, "chat", "voip")
    clock.advance(hours=1)
    call.new_token(first)
    call("POST", f"/identities/{second}/:revokeAccessTokens")
    listed = call.emulator.identities()
    assert [(entry.id, entry.custom_id) for entry in listed] == [(second, None), (first, "sally")]
    assert [entry.created_on - NOON for entry in listed] == [timedelta(hours=1), timedelta()]
    assert [entry.last_token_issued_at - NOON for entry in listed] == [timedelta(hours=1), timedelta(hours=2)]
    tokens = call.emulator.issued_tokens()
    assert [(token.number, token.identity_id, token.scopes, token.state) for token in tokens] == [
        (2, first, ("chat",), "live"),
        (1, second, ("chat", "voip"), "revoked"),
    ]
    assert [token.expires_on - token.issued_on for token in tokens] == [timedelta(days=1)] * 2
    call("DELETE", f"/identities/{second}")
    clock.advance(days=2)
    assert [token.state for token in call.emulator.issued_tokens()] == ["expired", "deleted"]
    assert [entry.id for entry in call.emulator.identities(1)] == [first]
    assert first not in repr(listed)
    assert first not in repr(tokens)


def test_what_is_remembered_of_the_past_is_bounded(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "DELETED_KEPT", 3)
    monkeypatch.setattr(access_tokens, "ISSUED_KEPT", 4)
    made = [create(call, None, "chat") for _ in range(8)]
    for identity, _ in made:
        call("DELETE", f"/identities/{identity}")
    assert call.emulator.issued_token_count == 4
    assert [token.number for token in call.emulator.issued_tokens()] == [8, 7, 6, 5]
    assert call.emulator.export_state()["deleted"] == [identity for identity, _ in made[-3:]]
    reasons = [call("DELETE", f"/identities/{identity}").header("x-emulator-reason") for identity, _ in made]
    assert [("was deleted" in reason) for reason in reasons] == [False] * 5 + [True] * 3
    assert {state_of(call, token) for _, token in made} == {"deleted"}, "tokens are told by their claims"


# Export, import, seed, reset


def filled(call: Any) -> dict[str, str]:
    """An emulator with some of everything, and the tokens that tell what became of it."""
    _, live = create(call, "sally", "chat")
    revoked_identity, revoked = create(call, None, "voip")
    call("POST", f"/identities/{revoked_identity}/:revokeAccessTokens")
    gone, deleted = create(call, "gone", "chat")
    call("DELETE", f"/identities/{gone}")
    call("PUT", TEAMS, {"principalType": "user"})
    members = {"tenantId": TENANT, "principalType": "group", "clientIds": ["app"]}
    call("PUT", f"/access/entra/assignments/{USER}", members, version=PREVIEW)
    back, before = exchange(call)
    call("DELETE", f"/identities/{back}")
    return {"live": live, "revoked": revoked, "deleted": deleted, "before": before, "back": exchange(call)[1]}


EXPECTED = {"live": "live", "revoked": "revoked", "deleted": "deleted", "before": "deleted", "back": "live"}


def test_an_export_with_keys_is_the_same_emulator_elsewhere(call: Any, clock: Any) -> None:
    tokens = filled(call)
    document = json.loads(json.dumps(call.emulator.export_state(with_keys=True)))
    entra_token = call.emulator.entra.issue_token()
    elsewhere = Emulator(clock=clock)
    elsewhere.import_state(document)
    assert elsewhere.export_state(with_keys=True) == document
    call.emulator = elsewhere
    assert {name: state_of(call, token) for name, token in tokens.items()} == EXPECTED
    assert call.bearer("POST", "/identities", entra_token).status == 201
    assert create(call, "sally")[0] == document["identities"][0]["id"]
    assert json.loads(call("GET", TEAMS).body)["principalType"] == "user"
    found = call("GET", f"/access/entra/assignments/{USER}", version=PREVIEW)
    assert json.loads(found.body)["clientIds"] == ["app"]


def other_keys() -> Any:
    """Signing keys as another process has them."""
    from acs_identity_emulator.keys import LazyKey

    keys = {name: LazyKey(name).get() for name in ("access_tokens", "entra")}
    return {name: {"thumbprint": key.thumbprint.hex(), "private_key": key.to_pem()} for name, key in keys.items()}


def test_imported_keys_sign_and_the_former_ones_are_unknown(call: Any) -> None:
    token = call.new_token(call.new_identity())
    kids = [key["kid"] for key in call.emulator.jwks()["keys"]]
    keys = other_keys()
    call.emulator.import_state({**call.emulator.export_state(), "signing_keys": keys})
    assert state_of(call, token) == "unknown"
    now_known = [key["kid"] for key in call.emulator.jwks()["keys"]]
    assert now_known == [keys[name]["thumbprint"].upper() for name in ("access_tokens", "entra")]
    assert not set(now_known) & set(kids)
    assert state_of(call, call.new_token(call.new_identity())) == "live"
    assert "signing_keys" not in call.emulator.export_state()


def test_an_import_without_keys_keeps_those_that_are_there(call: Any, clock: Any) -> None:
    document = call.emulator.export_state()
    token = call.new_token(call.new_identity())
    call.emulator.import_state(document)
    assert state_of(call, token) == "deleted"


def test_what_happened_after_an_export_does_not_outlive_its_import(call: Any) -> None:
    call("PUT", TEAMS, {"principalType": "user"})
    identity = call.new_identity()
    document = call.emulator.export_state()
    late = call.new_token(identity)
    back, of_back = exchange(call)
    call.emulator.import_state(document)
    call("POST", f"/identities/{identity}/:revokeAccessTokens")
    assert state_of(call, late) == "revoked"
    assert exchange(call)[0] == back
    assert state_of(call, of_back) == "deleted"


def test_a_document_by_hand_needs_little(call: Any) -> None:
    raw_id = f"8:acs:{RESOURCE}_00000001-0000-0000-0000-000000000000"
    document = {
        "format": "acs-identity-emulator",
        "version": 1,
        "resource_id": RESOURCE,
        "identities": [{"id": raw_id}],
    }
    call.emulator.import_state(document)
    assert call.emulator.resource_id == RESOURCE
    (identity,) = call.emulator.identities()
    assert (identity.id, identity.created_on, identity.custom_id) == (raw_id, NOON, None)
    assert state_of(call, call.new_token(raw_id)) == "live"


def test_a_reset_leaves_the_resource_and_its_keys(call: Any) -> None:
    tokens, keys, resource_id = filled(call), call.emulator.jwks(), call.emulator.resource_id
    call.emulator.reset()
    exported = call.emulator.export_state()
    assert {name: value for name, value in exported.items() if isinstance(value, list)} == {
        "identities": [],
        "deleted": [],
        "teams_extension_assignments": [],
        "entra_assignments": [],
        "issued_tokens": [],
    }
    assert (call.emulator.jwks(), call.emulator.resource_id) == (keys, resource_id)
    assert {state_of(call, token) for token in tokens.values()} == {"deleted"}
    assert call("GET", TEAMS).status == 404
    # A principal that comes back in the same second has none of its old tokens.
    call("PUT", TEAMS, {"principalType": "user"})
    assert state_of(call, exchange(call)[1]) == "live"
    assert state_of(call, tokens["back"]) == "deleted"


def test_a_seed_adds_and_is_the_same_when_given_twice(call: Any) -> None:
    raw_id = f"8:acs:{call.emulator.resource_id}_alice"
    guids = {"tenant_id": TENANT, "object_id": USER}
    document = {
        "identities": [{"custom_id": "alice"}, {"id": raw_id, "custom_id": "bob"}, {"custom_id": "alice"}],
        "teams_extension_assignments": [{**guids, "principal_type": "user"}],
        "entra_assignments": [{**guids, "principal_type": "user", "client_ids": ["app"]}],
    }
    before = call.new_identity()
    made = call.emulator.seed(document)
    alice = made["identities"][0]["id"]
    assert made == {
        "identities": [
            {"id": alice, "custom_id": "alice", "created": True},
            {"id": raw_id, "custom_id": "bob", "created": True},
            {"id": alice, "custom_id": "alice", "created": False},
        ],
        "teams_extension_assignments": [{**guids, "created": True}],
        "entra_assignments": [{**guids, "created": True}],
    }
    again = call.emulator.seed(document)
    assert {entry["created"] for entries in again.values() for entry in entries} == {False}
    assert [entry["id"] for entry in again["identities"]] == [alice, raw_id, alice]
    assert {identity.id for identity in call.emulator.identities()} == {before, alice, raw_id}
    assert create(call, "bob")[0] == raw_id
    assert state_of(call, exchange(call)[1]) == "live"


def test_an_identity_that_is_seeded_again_has_none_of_its_old_tokens(call: Any) -> None:
    raw_id = f"8:acs:{call.emulator.resource_id}_alice"
    call.emulator.seed({"identities": [{"id": raw_id}]})
    token = call.new_token(raw_id)
    call("DELETE", f"/identities/{raw_id}")
    (made,) = call.emulator.seed({"identities": [{"id": raw_id}]})["identities"]
    assert made["created"] is True
    assert [state_of(call, token), state_of(call, call.new_token(raw_id))] == ["deleted", "live"]


OWN = f"8:acs:{RESOURCE}_a"
HEAD: dict[str, object] = {"format": "acs-identity-emulator", "version": 1, "resource_id": RESOURCE}
ASSIGNED: dict[str, object] = {"tenant_id": TENANT, "object_id": USER, "principal_type": "user", "client_ids": []}
ISSUED = {"identity_id": OWN, "scopes": ["chat"], "issued_on": "2026-10-01T12:00:00Z",
          "expires_on": "2026-10-01T13:00:00Z", "csi": 1790856000}  # fmt: skip

WRONG: list[tuple[object, str]] = [
    (None, r"^\$ is not a JSON object"),
    ([], r"^\$ is not a JSON object"),
    ({}, r"^\$\.format is missing"),
    ({**HEAD, "format": "azurite"}, r"^\$\.format is not"),
    ({**HEAD, "version": 2}, r"^\$\.version is not 1"),
    ({**HEAD, "version": True}, r"^\$\.version is not 1"),
    ({**HEAD, "resource_id": "contoso"}, r"^\$\.resource_id is not a GUID"),
    ({**HEAD, "resource_id": 1}, r"^\$\.resource_id is not a Unicode text"),
    ({**HEAD, "tokens_begin": -1}, r"^\$\.tokens_begin is not a whole number"),
    ({**HEAD, "tokens_begin": 10**30}, r"^\$\.tokens_begin is not a whole number"),
    ({**HEAD, "tokens_begin": True}, r"^\$\.tokens_begin is not a whole number"),
    ({**HEAD, "identitys": []}, r"^\$ has other members than format, version"),
    ({**HEAD, "identities": {}}, r"^\$\.identities is not a list"),
    ({**HEAD, "identities": [{"id": OWN}, 1]}, r"^\$\.identities\[1\] is not a JSON object"),
    ({**HEAD, "identities": [{}]}, r"^\$\.identities\[0\]\.id is missing"),
    ({**HEAD, "identities": [{"id": 1}]}, r"^\$\.identities\[0\]\.id is not a Unicode text"),
    ({**HEAD, "identities": [{"id": OWN[:-1]}]}, r"^\$\.identities\[0\]\.id is not the id"),
    ({**HEAD, "identities": [{"id": OWN + " "}]}, r"^\$\.identities\[0\]\.id is not the id"),
    ({**HEAD, "identities": [{"id": OWN.replace("e", "f")}]}, r"^\$\.identities\[0\]\.id is not the id"),
    ({**HEAD, "identities": [{"id": OWN}, {"id": OWN}]}, r"^\$\.identities and \$\.deleted have the same id twice"),
    ({**HEAD, "identities": [{"id": OWN}], "deleted": [OWN]}, r"have the same id twice"),
    (
        {**HEAD, "identities": [{"id": OWN, "custom_id": "x"}, {"id": OWN + "b", "custom_id": "x"}]},
        r"^\$\.identities have the same custom_id twice",
    ),
    ({**HEAD, "identities": [{"id": OWN, "custom_id": ""}]}, r"\[0\]\.custom_id is not a text of 1 to 256"),
    ({**HEAD, "identities": [{"id": OWN, "custom_id": "\ud800"}]}, r"\[0\]\.custom_id is not a text of 1 to 256"),
    ({**HEAD, "identities": [{"id": OWN, "custom_id": 1}]}, r"\[0\]\.custom_id is not a text of 1 to 256"),
    ({**HEAD, "identities": [{"id": OWN, "created_on": "today"}]}, r"\[0\]\.created_on is not a time"),
    ({**HEAD, "identities": [{"id": OWN, "created_on": 0}]}, r"\[0\]\.created_on is not a time"),
    ({**HEAD, "identities": [{"id": OWN, "created_on": "0001-01-01T00:00:00+01:00"}]}, r"created_on is not a time"),
    ({**HEAD, "identities": [{"id": OWN, "last_token_issued_at": []}]}, r"last_token_issued_at is not a time"),
    ({**HEAD, "identities": [{"id": OWN, "tokens_end": 1.5}]}, r"\[0\]\.tokens_end is not a whole number"),
    ({**HEAD, "identities": [{"id": OWN, "tokens_begin": 1}]}, r"\[0\] has not tokens_begin <= tokens_valid_from"),
    ({**HEAD, "deleted": ["x"]}, r"^\$\.deleted\[0\] is not the id"),
    ({**HEAD, "issued_tokens": [{}]}, r"^\$\.issued_tokens\[0\]\.identity_id is missing"),
    ({**HEAD, "issued_tokens": [{**ISSUED, "scopes": [1]}]}, r"\[0\]\.scopes is not a list of texts"),
    ({**HEAD, "issued_tokens": [{**ISSUED, "scopes": "chat"}]}, r"\[0\]\.scopes is not a list"),
    ({**HEAD, "issued_tokens": [{**ISSUED, "expires_on": None}]}, r"\[0\]\.expires_on is not a time"),
    ({**HEAD, "entra_assignments": [{**ASSIGNED, "principal_type": "robot"}]}, r"principal_type is none of user, gro"),
    ({**HEAD, "entra_assignments": [{**ASSIGNED, "client_ids": None}]}, r"\[0\]\.client_ids is needed"),
    ({**HEAD, "teams_extension_assignments": [{**ASSIGNED, "client_ids": [1]}]}, r"client_ids\[0\] is not a Unicode"),
    ({**HEAD, "teams_extension_assignments": [{**ASSIGNED, "tenant_id": "x"}]}, r"\[0\]\.tenant_id is not a GUID"),
    ({**HEAD, "teams_extension_assignments": [{**ASSIGNED, "principal_type": ""}]}, r"principal_type is empty"),
    ({**HEAD, "signing_keys": []}, r"^\$\.signing_keys is not a JSON object"),
    ({**HEAD, "signing_keys": {"other": {}}}, r"^\$\.signing_keys has other members"),
    (
        {**HEAD, "signing_keys": {"entra": {"thumbprint": "zz", "private_key": "s3cret"}}},
        r"^\$\.signing_keys\.entra\.thumbprint is not 40 hexadecimal digits",
    ),
    (
        {**HEAD, "signing_keys": {"entra": {"thumbprint": "00" * 20, "private_key": "s3cret"}}},
        r"^\$\.signing_keys\.entra\.private_key cannot be used",
    ),
]


@pytest.mark.parametrize(("document", "message"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_document_is_named_and_nothing_is_imported(call: Any, document: Any, message: str) -> None:
    filled(call)
    before = call.emulator.export_state(with_keys=True)
    with pytest.raises(StateError, match=message) as caught:
        call.emulator.import_state(document)
    assert "s3cret" not in str(caught.value)
    assert call.emulator.export_state(with_keys=True) == before


def test_a_key_of_another_kind_is_refused(call: Any) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    for key in (ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024)):
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        keys = {"access_tokens": {"thumbprint": "00" * 20, "private_key": pem}}
        with pytest.raises(StateError, match="not an RSA key of at least 2048 bits"):
            call.emulator.import_state({**HEAD, "signing_keys": keys})


WRONG_SEEDS: list[tuple[Any, str]] = [
    ([], r"^\$ is not a JSON object"),
    ({"identitys": []}, r"^\$ has other members than identities"),
    ({"identities": [{}, {"custom-id": "x"}]}, r"^\$\.identities\[1\] has other members than id, custom_id"),
    ({"identities": [{}, {"id": "x"}]}, r"^\$\.identities\[1\]\.id is not the id"),
    ({"identities": [{}, {"custom_id": ""}]}, r"^\$\.identities\[1\]\.custom_id is not a text"),
    ({"identities": [{}, {"id": None}]}, r"^\$\.identities\[1\]\.id is not a Unicode text"),
    ({"identities": [{}], "entra_assignments": [{}]}, r"^\$\.entra_assignments\[0\]\.tenant_id is missing"),
]


@pytest.mark.parametrize(("document", "message"), WRONG_SEEDS, ids=range(len(WRONG_SEEDS)))
def test_a_wrong_seed_is_named_and_nothing_is_added(call: Any, document: Any, message: str) -> None:
    with pytest.raises(StateError, match=message):
        call.emulator.seed(document)
    assert call.emulator.identity_count == 0


def test_a_seed_changes_no_identity_that_is_there(call: Any) -> None:
    prefix = f"8:acs:{call.emulator.resource_id}_"
    call.emulator.seed({"identities": [{"id": f"{prefix}a", "custom_id": "a"}, {"id": f"{prefix}b"}]})
    for entry in (
        {"id": f"{prefix}b", "custom_id": "a"},
        {"id": f"{prefix}c", "custom_id": "a"},
        {"id": f"{prefix}a", "custom_id": "b"},
        {"id": f"{prefix}b", "custom_id": "b"},
    ):
        with pytest.raises(StateError, match=r"^\$\.identities\[0\] is an identity that is there"):
            call.emulator.seed({"identities": [entry]})
    assert call.emulator.identity_count == 2


# Over HTTP


def ask(server: EmulatorServer, method: str, path: str, document: object = None, body: bytes | None = None) -> Any:
    connection = http.client.HTTPConnection(server.endpoint.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, f"/_emulator{path}", json.dumps(document) if body is None else body)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


def test_state_goes_from_emulator_to_emulator_over_http(call: Any, clock: Any) -> None:
    tokens = filled(call)
    elsewhere = Emulator(clock=clock)
    with EmulatorServer(call.emulator) as server, EmulatorServer(elsewhere) as other:
        status, document = ask(server, "GET", "/export")
        assert status == 200
        assert "signing_keys" not in document
        status, document = ask(server, "GET", "/export?with_keys=true")
        assert set(document["signing_keys"]) == {"access_tokens", "entra"}
        assert ask(other, "POST", "/import", document) == (204, None)
        assert ask(other, "GET", "/export?with_keys=true") == (200, document)
        states = {name: ask(other, "POST", "/introspect", {"token": token})[1] for name, token in tokens.items()}
        assert {name: found["state"] for name, found in states.items()} == EXPECTED
        status, made = ask(other, "POST", "/seed", {"identities": [{"custom_id": "zoe"}]})
        assert (status, made["identities"][0]["created"]) == (200, True)
        assert ask(other, "POST", "/reset") == (204, None)
        assert ask(other, "GET", "/identities")[1]["total"] == 0
        assert ask(server, "GET", "/identities")[1]["total"] == 3


def test_the_lists_over_http_have_what_a_console_shows_and_no_token(call: Any, clock: Any) -> None:
    first, token = create(call, "sally", "chat")
    clock.advance(minutes=1, microseconds=-250_000)
    second = call.new_identity()
    with EmulatorServer(call.emulator) as server:
        assert ask(server, "GET", "/identities?limit=5") == (
            200,
            {
                "now": "2026-10-01T12:01:00+00:00",
                "total": 2,
                "identities": [
                    {
                        "id": second,
                        "custom_id": None,
                        "created_on": "2026-10-01T12:01:00+00:00",
                        "last_token_issued_at": None,
                    },
                    {
                        "id": first,
                        "custom_id": "sally",
                        "created_on": "2026-10-01T12:00:00.250000+00:00",
                        "last_token_issued_at": "2026-10-01T12:00:00.250000+00:00",
                    },
                ],
            },
        )
        status, tokens = ask(server, "GET", "/tokens")
        assert status == 200
        assert tokens == {
            "now": "2026-10-01T12:01:00+00:00",
            "total": 1,
            "tokens": [
                {
                    "number": 1,
                    "identity_id": first,
                    "scopes": ["chat"],
                    "issued_on": "2026-10-01T12:00:00.250000+00:00",
                    "expires_on": "2026-10-02T12:00:00.250000+00:00",
                    "state": "live",
                }
            ],
        }
        assert token not in json.dumps(tokens)
        assert len(ask(server, "GET", "/identities?limit=1")[1]["identities"]) == 1
        for limit in ("0", "-1", "x", "10001", "1e3", "", "9" * 5000, "%EF%BC%91"):
            for path in ("/identities", "/tokens"):
                assert ask(server, "GET", f"{path}?limit={limit}")[0] == 400


def test_wrong_documents_over_http_are_refused(server: EmulatorServer) -> None:
    for path in ("/import", "/seed"):
        for body in (b"[]", b"{", b"\xff", b"[" * 100_000, b'{"x":1}', b"null"):
            status, answer = ask(server, "POST", path, body=body)
            assert status == 400
            assert answer["error"]["message"].startswith("$")
    assert ask(server, "POST", "/import", body=b"")[0] == 400
    assert ask(server, "GET", "/export?with_keys=yes")[0] == 400


def test_an_export_of_a_large_emulator_can_be_imported(call: Any) -> None:
    call.emulator.seed({"identities": [{} for _ in range(15_000)]})
    with EmulatorServer(call.emulator) as server:
        _, document = ask(server, "GET", "/export")
        assert len(json.dumps(document)) > 2 * 1024 * 1024
        assert ask(server, "POST", "/import", document) == (204, None)
        assert ask(server, "GET", "/identities")[1]["total"] == 15_000


# The emulator and a simple model of it


class EmulatorAndModel(RuleBasedStateMachine):
    """Whatever is done in whatever order, the emulator answers as a model that remembers every token."""

    identities: Bundle[str] = Bundle("identities")

    def __init__(self, call: Any) -> None:
        super().__init__()
        self.clock: Any = type(call.clock)()
        self.call: Any = type(call)(Emulator(clock=self.clock), self.clock, call.schemas)
        self.live: set[str] = set()
        self.by_custom_id: dict[str, str] = {}
        # By token: its identity, when it ends, and what became of it.
        self.fates: dict[str, tuple[str, datetime, str]] = {}

    @rule(target=identities)
    def create(self) -> str:
        identity: str = self.call.new_identity()
        assert identity not in self.live
        self.live.add(identity)
        return identity

    @rule(target=identities, name=st.sampled_from(["alice", "bob"]))
    def create_with_custom_id(self, name: str) -> str:
        identity, _ = create(self.call, name)
        assert self.by_custom_id.get(name, identity) == identity
        assert (identity in self.live) is (name in self.by_custom_id)
        self.live.add(identity)
        self.by_custom_id[name] = identity
        return identity

    @rule(identity=identities, scope=st.sampled_from(["chat", "voip"]), minutes=st.integers(60, 61))
    def issue(self, identity: str, scope: str, minutes: int) -> None:
        members = {"scopes": [scope], "expiresInMinutes": minutes}
        response = self.call("POST", f"/identities/{identity}/:issueAccessToken", members)
        assert response.status == (200 if identity in self.live else 404)
        token: str = json.loads(response.body).get("token", "")
        if token:
            ends = (self.clock.now + timedelta(minutes=minutes)).replace(microsecond=0)
            assert self.fates.get(token, (identity, ends, "live")) == (identity, ends, "live"), "issued for a dead one"
            self.fates[token] = (identity, ends, "live")

    @rule(identity=identities)
    def revoke(self, identity: str) -> None:
        response = self.call("POST", f"/identities/{identity}/:revokeAccessTokens")
        assert response.status == (204 if identity in self.live else 404)
        if identity in self.live:
            self.end(identity, "revoked")

    @rule(identity=consumes(identities) | identities)
    def delete(self, identity: str) -> None:
        response = self.call("DELETE", f"/identities/{identity}")
        assert response.status == (204 if identity in self.live else 404)
        self.live.discard(identity)
        self.by_custom_id = {name: known for name, known in self.by_custom_id.items() if known != identity}
        self.end(identity, "deleted")

    @rule(milliseconds=st.sampled_from([1, 400, 1_000, 3_600_000, -1, -1_000, -7_200_000]))
    def move_clock(self, milliseconds: int) -> None:
        self.clock.advance(milliseconds=milliseconds)

    @rule()
    def take_it_elsewhere(self) -> None:
        # The keys are those of the process, and reading them takes long.
        document = json.loads(json.dumps(self.call.emulator.export_state()))
        self.call.emulator = Emulator(clock=self.clock)
        self.call.emulator.import_state(document)

    @rule()
    def reset(self) -> None:
        self.call.emulator.reset()
        for identity in self.live:
            self.end(identity, "deleted")
        self.live.clear()
        self.by_custom_id.clear()

    @invariant()
    def agree(self) -> None:
        for token, (_, ends, fate) in self.fates.items():
            expected = "expired" if fate == "live" and self.clock.now >= ends else fate
            assert self.call.emulator.introspect(token).state == expected
        assert {identity.id for identity in self.call.emulator.identities()} == self.live

    def end(self, identity: str, fate: str) -> None:
        for token, (subject, ends, before) in self.fates.items():
            if subject == identity and (before == "live" or fate == "deleted"):
                self.fates[token] = (subject, ends, fate)


def test_whatever_is_done_the_emulator_and_a_simple_model_agree(call: Any) -> None:
    class OfThisCall(EmulatorAndModel):
        def __init__(self) -> None:
            super().__init__(call)

    run_state_machine_as_test(OfThisCall, settings=settings(max_examples=100, stateful_step_count=40, deadline=None))
