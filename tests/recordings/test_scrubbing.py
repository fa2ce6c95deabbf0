"""What becomes of a recording that is scrubbed."""

import base64
import copy
import gzip
import importlib
import json
import random
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import jwt
import pytest
from azure.communication.identity import CommunicationIdentityClient as OfficialClient
from azure.core.credentials import AccessToken

from acs_identity import CommunicationIdentityClient
from acs_identity.testing import _fakes
from acs_identity.testing._fakes import EPOCH, FAKE_HOST, FAKE_RESOURCE_ID, playback_connection_string
from acs_identity.testing._scrubbing import Interaction, Scrubbed, Secret, scrub
from acs_identity_emulator import Emulator, EmulatorServer

RESOURCE = "ec403bbc-db1b-4433-a032-3b3a0d0048e0"
USER = "00000007-db1b-9433-6032-3b3a0d0048e0"
ID = f"8:acs:{RESOURCE}_{USER}"
FAKE_ID = f"8:acs:{FAKE_RESOURCE_ID}_00000001-0000-0000-0000-000000000000"
FOREIGN_ID = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
TENANT = "45ab2481-1c1c-4005-be24-0ffb879b1130"
OBJECT = "f1b2c3d4-aaaa-4bbb-8ccc-0123456789ab"
APP = "a1b2c3d4-5555-4666-9777-0123456789cd"
DATE = "Tue, 15 Apr 2025 15:32:27 GMT"
BEGIN = int(datetime(2025, 4, 15, 15, 32, 27, tzinfo=UTC).timestamp())
EPOCH_SECONDS = int(EPOCH.timestamp())
ENDPOINT = "https://contoso-chat.communication.azure.com"


def exchange(
    path: str = "/identities",
    body: Any = None,
    answer: Any = "",
    *,
    sent: dict[str, list[str]] | None = None,
    got: dict[str, list[str]] | None = None,
    endpoint: str = ENDPOINT,
) -> Interaction:
    return {
        "request": {"method": "POST", "uri": f"{endpoint}{path}", "body": body, "headers": sent or {}},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"Date": [DATE]} | (got or {}),
            "body": {"string": answer if isinstance(answer, str | bytes) else json.dumps(answer)},
        },
    }


def uri(scrubbed: Scrubbed, number: int = 0) -> str:
    return str(scrubbed.interactions[number]["request"]["uri"])


def answer(scrubbed: Scrubbed, number: int = 0) -> Any:
    return json.loads(scrubbed.interactions[number]["response"]["body"]["string"])


def message(scrubbed: Scrubbed, number: int = 0) -> str:
    return str(answer(scrubbed, number)["error"]["message"])


def access_token(lifetime: int = 3600, **claims: object) -> str:
    given = {"skypeid": ID[2:], "scp": 1792, "csi": str(BEGIN), "exp": BEGIN + lifetime, "acsScope": "chat,voip"}
    return jwt.encode(given | {"resourceId": RESOURCE, "iat": BEGIN} | claims, "k" * 40, headers={"kid": "real-kid"})


def entra_token(expires_in: int = 3600, begin: int = BEGIN, **claims: object) -> str:
    given = {"tid": TENANT, "oid": OBJECT, "appid": APP, "iat": begin, "exp": begin + expires_in}
    return jwt.encode(given | claims, "k" * 40)


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


@pytest.mark.parametrize(
    "spelled", [ID, ID.replace(":", "%3A"), ID.replace(":", "%3a"), ID.replace(":", "%253A"), ID.upper()]
)
def test_one_identity_is_one_fake_in_path_body_and_message(spelled: str) -> None:
    spelled = spelled.replace("ACS", "acs")
    scrubbed = scrub(
        [
            exchange(answer={"identity": {"id": ID}}),
            exchange(f"/identities/{spelled}/:issueAccessToken", answer={"error": {"message": f"no '{spelled}' here"}}),
        ]
    )
    assert answer(scrubbed) == {"identity": {"id": FAKE_ID}}
    assert uri(scrubbed, 1).replace("%3A", ":") == f"https://{FAKE_HOST}/identities/{FAKE_ID}/:issueAccessToken"
    assert unquote(unquote(message(scrubbed, 1))) == f"no '{FAKE_ID}' here"


def test_the_identity_of_nobody_stays_what_it_is() -> None:
    assert FOREIGN_ID in uri(scrub([exchange(f"/identities/{FOREIGN_ID}/:revokeAccessTokens")]))


def test_users_of_entra_keep_the_form_of_their_ids() -> None:
    scrubbed = scrub([exchange(answer=[{"id": f"8:acs:{RESOURCE}_wf_{TENANT}_{OBJECT}"}, {"objectId": OBJECT}])])
    first, second = answer(scrubbed)
    kind, resource, wf, tenant, user = first["id"].replace(":", "_").removeprefix("8_").split("_")
    assert (kind, resource, wf) == ("acs", FAKE_RESOURCE_ID, "wf")
    assert user == second["objectId"] != OBJECT
    assert tenant not in (user, TENANT)


def test_an_access_token_keeps_scopes_and_lifetime_and_nothing_else() -> None:
    token = access_token(5400)
    expires_on = (datetime(2025, 4, 15, 17, 2, 27, 783751, tzinfo=UTC)).isoformat().replace("751+", "7512+")
    scrubbed = scrub([exchange(answer={"token": token, "expiresOn": expires_on})])
    fake = answer(scrubbed)["token"]
    assert claims_of(fake) == {
        "skypeid": FAKE_ID[2:],
        "scp": 1792,
        "csi": str(EPOCH_SECONDS),
        "exp": EPOCH_SECONDS + 5400,
        "acsScope": "chat,voip",
        "resourceId": FAKE_RESOURCE_ID,
        "iat": EPOCH_SECONDS,
    }
    assert jwt.get_unverified_header(fake)["kid"] != "real-kid"
    assert answer(scrubbed)["expiresOn"] == "2001-01-01T01:30:00.0000000+00:00"


def test_two_tokens_stay_two_and_one_stays_one() -> None:
    one, other = access_token(3600), access_token(3600, csi="7")
    tokens = [answer(scrub([exchange(answer=[{"token": each} for each in (one, other, one)])]))][0]
    assert tokens[0] == tokens[2] != tokens[1]


@pytest.mark.parametrize("word", ["", "garbage"])
def test_a_token_that_is_none_stays_none(word: str) -> None:
    body = json.dumps({"token": word, "appId": APP, "userId": OBJECT})
    sent = json.loads(scrub([exchange("/teamsUser/:exchangeAccessToken", body)]).interactions[0]["request"]["body"])
    assert sent["token"] == word


def test_a_secret_that_is_no_token_becomes_another_word() -> None:
    body = json.dumps({"token": "0.AVsAhmV7xYz"})
    sent = json.loads(scrub([exchange("/teamsUser/:exchangeAccessToken", body)]).interactions[0]["request"]["body"])
    assert sent["token"] == "opaque-token-1"


@pytest.mark.parametrize(
    ("token", "ends"),
    [
        (entra_token(-60), EPOCH_SECONDS - 3600),
        (entra_token(3600, BEGIN - 7200), EPOCH_SECONDS - 3600),
        (entra_token(), EPOCH_SECONDS + 3600),
    ],
    ids=["born expired", "expired", "valid"],
)
def test_an_expired_entra_token_is_still_expired_and_a_valid_one_valid(token: str, ends: int) -> None:
    scrubbed = scrub([exchange("/access/entra/:exchangeAccessToken", sent={"Authorization": [f"Bearer {token}"]})])
    claims = claims_of(scrubbed.interactions[0]["request"]["headers"]["Authorization"][0].removeprefix("Bearer "))
    assert claims["exp"] == ends
    assert not {TENANT, OBJECT, APP} & {claims["tid"], claims["oid"], claims["appid"]}


def test_an_id_in_two_roles_is_one_fake() -> None:
    body = json.dumps({"appId": APP, "userId": OBJECT, "token": entra_token()})
    path = f"/access/teamsExtension/tenants/{TENANT}/assignments/{OBJECT.upper()}?api-version=2025-06-30"
    scrubbed = scrub([exchange("/teamsUser/:exchangeAccessToken", body), exchange(path)])
    sent = json.loads(scrubbed.interactions[0]["request"]["body"])
    claims = claims_of(sent["token"])
    assert (claims["oid"], claims["appid"]) == (sent["userId"], sent["appId"])
    assert uri(scrubbed, 1).endswith(f"/{claims['tid']}/assignments/{sent['userId']}?api-version=2025-06-30")


def test_times_are_as_far_from_the_epoch_as_they_were_from_the_answer() -> None:
    body = {"customId": "anna", "lastTokenIssuedAt": "2025-04-14T15:32:27+00:00", "id": ID}
    scrubbed = scrub([exchange(answer=body)])
    assert answer(scrubbed)["lastTokenIssuedAt"] == "2000-12-31T00:00:00+00:00"
    assert scrubbed.interactions[0]["response"]["headers"]["Date"] == ["Mon, 01 Jan 2001 00:00:00 GMT"]


def test_what_it_took_to_answer_is_not_in_the_times() -> None:
    token = access_token(5400, iat=BEGIN - 1, exp=BEGIN + 5399)
    times = {"expiresOn": "2025-04-15T17:02:26.1234567+00:00", "lastTokenIssuedAt": "2025-04-15T15:32:26+00:00"}
    assert answer(scrub([exchange(answer={"token": token, **times})])) | {"token": ""} == {
        "token": "",
        "expiresOn": "2001-01-01T01:30:00.0000000+00:00",
        "lastTokenIssuedAt": "2001-01-01T00:00:00+00:00",
    }


def test_the_end_of_a_token_is_that_in_its_claims_whenever_it_was_handed_out() -> None:
    token = access_token(5400, iat=BEGIN - 700, exp=BEGIN + 4700)
    scrubbed = scrub([exchange(answer={"token": token, "expiresOn": "2025-04-15T16:50:47.1234567+00:00"})])
    assert claims_of(answer(scrubbed)["token"])["exp"] == EPOCH_SECONDS + 5400
    assert answer(scrubbed)["expiresOn"] == "2001-01-01T01:30:00.0000000+00:00"


def test_an_answer_without_a_date_was_given_when_its_token_was_issued() -> None:
    given = exchange(answer={"token": access_token(7200), "lastTokenIssuedAt": "2025-04-15T14:32:27+00:00"})
    del given["response"]["headers"]["Date"]
    assert answer(scrub([given]))["lastTokenIssuedAt"] == "2000-12-31T23:00:00+00:00"


def test_a_custom_id_is_hidden_in_error_messages_too() -> None:
    body = json.dumps({"customId": 'anna "the boss" ö@contoso.com'})
    text = json.dumps({"error": {"message": 'anna "the boss" ö@contoso.com is taken'}})
    scrubbed = scrub([exchange(body=body, answer=text)])
    assert json.loads(scrubbed.interactions[0]["request"]["body"]) == {"customId": "custom-id-1"}
    assert message(scrubbed) == "custom-id-1 is taken"


def test_a_custom_id_that_is_a_word_of_the_contract_leaves_the_contract_alone() -> None:
    body = json.dumps({"customId": "chat", "scopes": ["chat"]})
    scrubbed = scrub([exchange(body=body)])
    assert json.loads(scrubbed.interactions[0]["request"]["body"]) == {"customId": "custom-id-1", "scopes": ["chat"]}


def test_headers_that_tell_of_somebody_are_gone() -> None:
    sent = {
        "Authorization": ["HMAC-SHA256 SignedHeaders=date;host&Signature=c2lnbmF0dXJl"],
        **{name: ["secret-value"] for name in ("Cookie", "User-Agent", "x-ms-client-request-id", "Host", "x-ms-date")},
        "Content-Type": ["application/json"],
    }
    got = {name: ["secret-value"] for name in ("Set-Cookie", "MS-CV", "X-Azure-Ref", "x-emulator-reason", "X-New")}
    scrubbed = scrub([exchange(sent=sent, got=got | {"Retry-After": ["7"]})])
    assert scrubbed.interactions[0]["request"]["headers"] == {"Content-Type": ["application/json"]}
    assert set(scrubbed.interactions[0]["response"]["headers"]) == {"Date", "Retry-After"}


def test_an_answer_in_pieces_is_played_back_in_one_that_has_a_length() -> None:
    scrubbed = scrub([exchange(answer={"a": 1}, got={"Transfer-Encoding": ["chunked"]})])
    headers = scrubbed.interactions[0]["response"]["headers"]
    assert headers["Content-Length"] == ["8"]
    assert "Transfer-Encoding" not in headers


def test_the_length_is_that_of_the_scrubbed_body() -> None:
    scrubbed = scrub([exchange(answer={"customId": "ö" * 99}, got={"Content-Length": ["999"]})])
    response = scrubbed.interactions[0]["response"]
    assert response["headers"]["Content-Length"] == [str(len(response["body"]["string"]))]


def test_a_next_link_and_a_location_lead_to_the_fake_host() -> None:
    link = f"http://127.0.0.1:43217/access/entra/assignments/{OBJECT}?skip={ID.replace(':', '%3A')}"
    scrubbed = scrub([exchange(answer={"nextLink": link}, got={"Location": [link]}, endpoint="http://127.0.0.1:43217")])
    fake = answer(scrubbed)["nextLink"]
    assert fake.startswith(f"https://{FAKE_HOST}/access/entra/assignments/00000000-0000-4000-9000-")
    assert fake.endswith(FAKE_ID.replace(":", "%3A"))
    assert scrubbed.interactions[0]["response"]["headers"]["Location"] == [fake]


def test_a_malformed_id_in_a_location_is_hidden_too() -> None:
    scrubbed = scrub([exchange(got={"Location": [f"{ENDPOINT}/identities/anna-the-boss"]})])
    (location,) = scrubbed.interactions[0]["response"]["headers"]["Location"]
    assert location == f"https://{FAKE_HOST}/identities/invalid-id-1"


def test_one_text_with_a_value_in_several_spellings_has_none_of_them() -> None:
    custom_id = "@:@:/@:@:"
    text = " ".join([custom_id, quote(custom_id, safe=""), quote(quote(custom_id, safe=""), safe="")])
    scrubbed = scrub([exchange(body=json.dumps({"customId": custom_id}), answer=text)])
    assert scrubbed.interactions[0]["response"]["body"]["string"] == "custom-id-1 custom-id-1 custom-id-1"


def test_an_item_of_a_list_is_not_taken_for_what_was_before_it() -> None:
    text = '{"notes": [{"customId": ["anna-1"]}, "some words"]}'
    assert answer(scrub([exchange(answer=text)])) == {"notes": [{"customId": ["custom-id-1"]}, "some words"]}


def test_a_sign_in_at_entra_keeps_its_host_and_loses_its_credentials() -> None:
    login = f"https://login.microsoftonline.us/{TENANT}/oauth2/v2.0/token"
    body = (
        f"grant_type=password&client_id={APP}&client_secret=p%40ssw0rd&username=anna%40contoso.com&password=geheim%21"
    )
    got = {
        "access_token": entra_token(),
        "refresh_token": "0.AX4AhmV7",
        "expires_in": 3599,
        "expires_on": str(BEGIN + 3600),
    }
    scrubbed = scrub([exchange("", body, got, endpoint=login)])
    text = json.dumps(scrubbed.interactions)
    assert uri(scrubbed).startswith("https://login.microsoftonline.us/00000000-0000-4000-9000-")
    assert not [word for word in (TENANT, APP, "ssw0rd", "anna", "contoso", "geheim", "0.AX4AhmV7") if word in text]
    assert "grant_type=password&" in text
    assert answer(scrubbed)["expires_on"] == str(EPOCH_SECONDS + 3600)


def test_another_service_loses_its_credentials_and_what_is_known_from_ours() -> None:
    body = json.dumps({"id": "order-66", "note": f"for {ID}"})
    other = exchange(
        "/orders/66", body, sent={"X-Api-Key": ["geheim-1234"], "X-Trace-Level": ["7"]}, endpoint="https://example.org"
    )
    scrubbed = scrub([exchange(answer={"id": ID}), other])
    request = scrubbed.interactions[1]["request"]
    assert request["uri"] == "https://example.org/orders/66"
    assert json.loads(request["body"]) == {"id": "order-66", "note": f"for {FAKE_ID}"}
    assert "geheim-1234" not in str(request)


def test_phone_numbers_become_others_in_both_spellings() -> None:
    scrubbed = scrub(
        [exchange(answer={"id": "4:+4915112345678", "error": {"message": "call +4915112345678 or 4915112345678"}})]
    )
    assert answer(scrubbed)["id"] == "4:+15550100001"
    assert message(scrubbed) == "call +15550100001 or 15550100001"


def cut(raw: bytes) -> bytes:
    return gzip.compress(raw)[:-9]


def in_two_members(raw: bytes) -> bytes:
    return gzip.compress(raw[:9]) + gzip.compress(raw[9:])


@pytest.mark.parametrize("encode", [gzip.compress, zlib.compress, cut, in_two_members])
def test_a_compressed_body_is_read_and_written_plain(encode: Callable[[bytes], bytes]) -> None:
    raw = json.dumps({"identity": {"id": ID}}).encode()
    scrubbed = scrub([exchange(answer=encode(raw), got={"Content-Encoding": ["gzip"]})])
    response = scrubbed.interactions[0]["response"]
    assert FAKE_ID.encode() in response["body"]["string"]
    assert "Content-Encoding" not in response["headers"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"\x1f\x8bnot gzip " + ID.encode(),
        f'{{"id":"{ID}","id":"{ID}"'.encode(),
        b'{"a":' * 20_000 + f'"{ID}"'.encode(),
        f'{{"id":"{ID}'.encode() + b"\xff\\",
        f'["\\ud800 {ID}"]'.encode(),
        ID.encode("utf-16"),
        ID.encode("utf-16-le"),
        f"<p>{ID}</p>".encode("latin-1") + b"\xe9",
        '{"expiresOn": "9999-99-99T99:99:99+00:00", "expires_on": 1e999}',
        json.dumps({"token": "eyJhbGciOiJub25lIn0.e30."}),
        json.dumps({"token": "a.b.c"}),
        json.dumps({"token": access_token(exp=float("inf"))}),
        json.dumps({"token": access_token(exp="soon", iat=None, skypeid=7)}),
    ],
    ids=range(15),
)
def test_no_body_is_too_strange(body: Any) -> None:
    for one in (exchange(answer=body), exchange(body=body), exchange(body=body, endpoint="https://login.windows.net")):
        scrubbed = scrub([exchange(f"/identities/{ID}"), one])
        text = repr(scrubbed.interactions).replace("\\x00", "")
        assert RESOURCE not in text
        assert USER not in text
        assert scrub(scrubbed.interactions).interactions == scrubbed.interactions


@pytest.mark.parametrize(
    "address", ["", "not a url", "http://[::1", "https://a:b@contoso.communication.azure.com/identities"]
)
def test_no_address_is_too_strange(address: str) -> None:
    assert "contoso" not in uri(scrub([exchange("", endpoint=address)]))


def test_members_with_the_same_name_are_all_kept_and_all_scrubbed() -> None:
    scrubbed = scrub([exchange(answer=f'{{"id": "{ID}", "id": "{ID}", "n": 1.0}}')])
    assert (
        scrubbed.interactions[0]["response"]["body"]["string"] == f'{{"id": "{FAKE_ID}", "id": "{FAKE_ID}", "n": 1.0}}'
    )


def test_what_the_user_calls_secret_is_redacted() -> None:
    scrubbed = scrub([exchange("/identities?who=Bl%C3%BCte", answer="Blüte blüte")], ["Blüte"])
    assert "REDACTED" in uri(scrubbed)
    assert scrubbed.interactions[0]["response"]["body"]["string"].startswith("REDACTED ")


def test_a_short_secret_is_no_part_of_a_longer_word() -> None:
    scrubbed = scrub([exchange(answer="ab, cabin 'ab'")], ["ab"])
    assert scrubbed.interactions[0]["response"]["body"]["string"] == "REDACTED, cabin 'REDACTED'"


def test_the_given_interactions_are_not_changed_and_no_secret_is_shown() -> None:
    given = [exchange(f"/identities/{ID}", answer={"token": access_token()})]
    before = copy.deepcopy(given)
    scrubbed = scrub(given)
    assert given == before
    assert Secret("identity id", ID) in scrubbed.secrets
    assert RESOURCE not in repr(scrubbed)
    assert RESOURCE not in repr(scrubbed.secrets)


def test_new_interactions_go_on_counting_behind_the_old_ones() -> None:
    old = scrub([exchange(answer={"id": ID}), exchange(body=json.dumps({"customId": "anna-1"}))]).interactions
    other = f"8:acs:{RESOURCE}_00000009-db1b-9433-6032-3b3a0d0048e0"
    scrubbed = scrub([*old, exchange(answer={"id": other}), exchange(body=json.dumps({"customId": "berta-1"}))])
    assert scrubbed.interactions[:2] == old
    assert answer(scrubbed, 2)["id"] == FAKE_ID.replace("_00000001", "_00000002")
    assert json.loads(scrubbed.interactions[3]["request"]["body"]) == {"customId": "custom-id-2"}


def test_the_playback_connection_string_is_one_for_the_official_client_too() -> None:
    client = OfficialClient.from_connection_string(playback_connection_string())
    assert client._endpoint == f"https://{FAKE_HOST}"
    assert base64.b64decode(_fakes.FAKE_ACCESS_KEY) == b"fake"


class Recorder:
    """A serializer that keeps what vcrpy gives it."""

    interactions: list[Interaction]

    def serialize(self, cassette: dict[str, Any]) -> str:
        self.interactions = cassette["interactions"]
        return ""

    def deserialize(self, _: str) -> dict[str, Any]:
        return {"interactions": []}


class Static:
    """A credential with one token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(self._token, 4_000_000_000)


@pytest.fixture
def record(tmp_path: Path) -> Callable[[datetime], list[Interaction]]:
    """Record the same journey against a new emulator each time."""

    def journey(now: datetime) -> list[Interaction]:
        clock = iter(now + timedelta(milliseconds=137 * step) for step in range(10_000))
        emulator = Emulator(clock=lambda: next(clock), loose=["date"])
        recorder = Recorder()
        # It has no types.
        vcr: Any = importlib.import_module("vcr").VCR()
        vcr.register_serializer("kept", recorder)
        path = str(tmp_path / f"{now.timestamp()}")
        with (
            EmulatorServer(emulator, port=0) as server,
            vcr.use_cassette(path, serializer="kept", record_mode="all"),
            CommunicationIdentityClient.from_connection_string(server.connection_string) as client,
        ):
            user = client.create_user()
            client.get_token(user, ["chat"], token_expires_in=timedelta(minutes=90))
            client.create_user_and_token(["voip"])
            client.revoke_tokens(user)
            client.delete_user(user)
        return recorder.interactions

    return journey


def test_recording_again_gives_the_same_text(record: Callable[[datetime], list[Interaction]]) -> None:
    one, other = (
        record(datetime(2026, 3, 1, 12, tzinfo=UTC)),
        record(datetime(2026, 7, 9, 17, 3, 0, 500_000, tzinfo=UTC)),
    )
    assert one != other
    assert scrub(one).interactions == scrub(other).interactions


def test_the_order_of_the_secrets_does_not_matter() -> None:
    given = [exchange(f"/identities/{ID}", answer={"token": access_token(), "customId": "anna-1"})]
    words = ["anna", "nna-1", "chat", "a", "customId", ""]
    shuffled = random.Random(1).sample(words, len(words))
    assert scrub(given, words).interactions == scrub(given, shuffled).interactions
