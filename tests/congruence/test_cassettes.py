"""The recordings can be published, and playback notices a request that is not the recorded one."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator

from .scrubber import FOREIGN_ID, HOST, RESOURCE, Scrubber, fake_token, same_request

CASSETTES = sorted((Path(__file__).parent / "cassettes").rglob("*.yaml"))
REAL_ID = "8:acs:2dee53b4-368b-45b4-ab52-8493fb117652_00000005-14a2-493b-8a72-5a3a0d000081"
FORBIDDEN = re.compile(
    r"signature=|hmac|bearer|accesskey|x-ms-date|x-ms-content-sha256|user-agent|client-request-id|127\.0\.0\.1|localhost"
    rf"|{re.escape(DEVELOPMENT_ACCESS_KEY)}",
    re.IGNORECASE,
)


def secrets_of(text: str) -> Iterator[str]:
    """Yield what a recording must not hold, found without the scrubber's help."""
    yield from FORBIDDEN.findall(text)
    for token in re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", text):
        header, claims, signature = token.split(".")
        if signature != "fake" or b"none" not in base64.urlsafe_b64decode(header + "=="):
            yield token
        if b"skypeid" in base64.urlsafe_b64decode(claims + "=="):
            yield token
    for identity in re.findall(r"8(?::|%3A)acs(?::|%3A)[\w-]+", text, re.IGNORECASE):
        if identity != FOREIGN_ID and not identity.startswith(f"8:acs:{RESOURCE}_0"):
            yield identity
    for host in re.findall(r"https?://([^/\s'\"]+)", text):
        if host != HOST:
            yield host


def test_there_are_cassettes() -> None:
    assert len(CASSETTES) > 60


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_a_cassette_holds_no_key_signature_token_or_real_id(cassette: Path) -> None:
    assert list(secrets_of(cassette.read_text())) == []


@pytest.mark.parametrize(
    "secret",
    [
        REAL_ID,
        REAL_ID.replace(":", "%3A"),
        "Authorization: HMAC-SHA256 SignedHeaders=x&Signature=abc=",
        DEVELOPMENT_ACCESS_KEY,
        "uri: http://127.0.0.1:8080/identities",
        "uri: https://contoso.communication.azure.com/identities",
        Emulator().entra.issue_token(),
    ],
)
def test_a_secret_in_a_cassette_would_be_noticed(secret: str) -> None:
    assert list(secrets_of(f"before {secret} after"))


def request(method: str = "POST", path: str = "/identities", query: str = "api-version=1", body: Any = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    return SimpleNamespace(method=method, uri=f"https://{HOST}{path}?{query}", body=content, headers={"Accept": "*/*"})


def test_a_request_is_matched_by_its_meaning() -> None:
    one = request(path="/identities/8%3Aacs%3A1", query="a=1&api-version=1", body={"scopes": ["chat"], "n": 1})
    same_request(one, request(path="/identities/8:acs:1", query="api-version=1&a=1", body={"n": 1, "scopes": ["chat"]}))


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (request(method="PUT", body={"scopes": ["chat"]}), "method"),
        (request(path="/teamsUser", body={"scopes": ["chat"]}), "path"),
        (request(query="api-version=2", body={"scopes": ["chat"]}), "query"),
        (request(body={"scopes": ["voip.join"]}), "body"),
        (request(), "body"),
    ],
)
def test_another_request_is_not_taken_for_the_recorded_one(other: Any, what: str) -> None:
    with pytest.raises(AssertionError, match=f"{what}: "):
        same_request(request(body={"scopes": ["chat"]}), other)


def test_one_real_id_is_one_fake_id_wherever_it_appears() -> None:
    scrubber = Scrubber()
    answer = {"headers": {}, "body": {"string": json.dumps({"identity": {"id": REAL_ID}}).encode()}}
    fake = json.loads(scrubber.response(answer)["body"]["string"])["identity"]["id"]
    path = scrubber.request(request(path=f"/identities/{REAL_ID.replace(':', '%3A')}/:revokeAccessTokens")).uri
    assert fake.startswith(f"8:acs:{RESOURCE}_")
    assert f"/identities/{fake}/:revokeAccessTokens" in path
    assert scrubber.text(fake) == fake
    assert scrubber.text(REAL_ID[:-1] + "2") != fake


def test_a_link_to_the_next_page_leads_to_the_host_of_the_cassette() -> None:
    link = f"http://127.0.0.1:8080/list?after=1&id={REAL_ID}"
    answer = {"headers": {}, "body": {"string": json.dumps({"value": [], "nextLink": link}).encode()}}
    written = json.loads(Scrubber().response(answer)["body"]["string"])["nextLink"]
    assert written.startswith(f"https://{HOST}/list?after=1&id=8:acs:{RESOURCE}_")
    assert list(secrets_of(written)) == []


def test_a_fake_token_keeps_scopes_and_lifetime_and_nothing_else() -> None:
    def encoded(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"skypeid": REAL_ID[2:], "iat": 10, "exp": 20, "acsScope": "chat", "resourceId": "r"}
    fake = fake_token(f"{encoded({'alg': 'RS256'})}.{encoded(claims)}.c2lnbmF0dXJl")
    payload = fake.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == {"iat": 10, "exp": 20, "acsScope": "chat"}
    assert fake_token(fake) == fake
    assert fake_token("an entra token") == "sanitized"
