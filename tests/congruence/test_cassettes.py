"""The cassettes of this project can be published, and say what they were recorded from."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator

from .conftest import FOREIGN_ID

CASSETTES = sorted((Path(__file__).parent / "cassettes").rglob("*.yaml"))
REAL_ID = "8:acs:2dee53b4-368b-45b4-ab52-8493fb117652_00000005-14a2-493b-8a72-5a3a0d000081"
FAKE_RESOURCE = "00000000-0000-4000-8000-000000000000"
FORBIDDEN = re.compile(
    r"signature=|hmac|accesskey|x-ms-date|x-ms-content-sha256|client-request-id|127\.0\.0\.1|localhost|python/"
    rf"|{re.escape(DEVELOPMENT_ACCESS_KEY)}|[1-6]{{8}}-[1-6]{{4}}-4[1-6]{{3}}-8[1-6]{{3}}|alice|bob|contoso",
    re.IGNORECASE,
)


def secrets_of(text: str) -> Iterator[str]:
    """Yield what a recording must not hold, found without the help of what takes it out."""
    yield from FORBIDDEN.findall(text)
    emulator_kid = re.compile(r"eyJ[\w-]{60,}\.[\w-]+\.[\w-]{300,}")
    yield from emulator_kid.findall(text)
    for identity in re.findall(r"8(?::|%3A)acs(?::|%3A)[\w-]+", text, re.IGNORECASE):
        if unquote(identity) != FOREIGN_ID and not re.fullmatch(
            rf"8(?::|%3A)acs(?::|%3A){FAKE_RESOURCE}_[\w-]+", identity
        ):
            yield identity
    for host in re.findall(r"https?://([^/\s'\"]+)", text):
        if host != "fake.communication.azure.com":
            yield host


def test_there_are_cassettes() -> None:
    assert len(CASSETTES) > 200


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_a_cassette_holds_no_key_signature_token_or_real_id(cassette: Path) -> None:
    text = cassette.read_text(encoding="utf-8")
    assert list(secrets_of(text)) == []
    assert yaml.safe_load(text)["recording"]["from"] == "emulator"


@pytest.mark.parametrize(
    "secret",
    [
        REAL_ID,
        REAL_ID.replace(":", "%3A"),
        "Authorization: HMAC-SHA256 SignedHeaders=x&Signature=abc=",
        DEVELOPMENT_ACCESS_KEY,
        "uri: http://127.0.0.1:8080/identities",
        "uri: https://example.communication.azure.com/identities",
        Emulator().entra.issue_token(),
        "11111111-1111-4111-8111-111111111111",
    ],
)
def test_a_secret_in_a_cassette_would_be_noticed(secret: str) -> None:
    assert list(secrets_of(f"before {secret} after"))
