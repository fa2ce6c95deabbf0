"""What the search for secrets finds in a cassette, and what it leaves alone."""

import base64
import json
import random
from urllib.parse import quote

import pytest
import yaml

from acs_identity.testing._fakes import FAKE_RESOURCE_ID, playback_connection_string
from acs_identity.testing._leaks import Leak, find_leaks, scan
from acs_identity.testing._scrubbing import Secret, scrub

WORD = 'Anna+"Berta"/Cäsar:2026?'
SECRET = Secret("custom id", WORD)
GUID = Secret("tenant id", "45ab2481-1c1c-4005-be24-0ffb879b1130")
KEY = base64.b64encode(random.Random(7).randbytes(48)).decode()


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("raw", WORD),
        ("raw", WORD.upper().replace("Ä", "ä")),
        ("percent-encoded", quote(WORD, safe="")),
        ("percent-encoded", "".join(f"%{byte:02x}" for byte in WORD.encode())),
        ("percent-encoded twice", quote(quote(WORD, safe=""), safe="")),
        ("JSON-escaped", json.dumps(WORD)[1:-1]),
        ("JSON-escaped", json.dumps(json.dumps({WORD: 1}))),
        ("HTML-escaped", WORD.replace('"', "&quot;")),
        ("base64", base64.b64encode(WORD.encode()).decode()),
        ("base64", base64.b64encode(f"x{WORD}".encode()).decode()),
        ("base64", base64.urlsafe_b64encode(f"xy{WORD}z".encode()).decode()),
    ],
)
def test_a_secret_is_found_in_every_spelling(spelling: str, text: str) -> None:
    assert [leak.spelling for leak in find_leaks(f"uri: some {text} here\n", [SECRET])] == [spelling]


def test_a_leak_says_where_it_is_and_not_what() -> None:
    text = f"interactions:\n- request:\n    body: {WORD}\n"
    (leak,) = find_leaks(text, [SECRET])
    assert (leak.kind, leak.line, leak.column) == ("custom id", 3, 11)
    assert "Berta" not in repr(leak)
    assert text.splitlines()[leak.line - 1][leak.column - 1 :] == WORD


@pytest.mark.parametrize("style", ['"', "'", None, ">"])
def test_a_secret_that_yaml_wrapped_over_lines_is_found(style: str | None) -> None:
    secret = Secret("password", "correct horse " * 12 + "battery")
    text = yaml.dump({"body": f"é {secret.value} é"}, width=40, default_style=style)
    assert secret.value not in text
    assert find_leaks(text, [secret])


def test_a_secret_in_bytes_that_yaml_wrote_in_base64_is_found() -> None:
    text = yaml.dump({"body": b"\xff" * 50 + GUID.value.encode() + b"\xff" * 70})
    assert [leak.spelling for leak in find_leaks(text, [GUID])] == ["base64"]


def test_short_secrets_words_of_the_contract_and_fakes_are_no_leaks() -> None:
    words = ["abc12", "chat", "identity", FAKE_RESOURCE_ID, "REDACTED"]
    text = f'{{"identity": "8:acs:{FAKE_RESOURCE_ID}", "scopes": ["chat"], "x": "abc12 REDACTED"}}'
    assert find_leaks(text, [Secret("custom id", word) for word in words]) == []


def test_every_place_of_a_secret_is_told() -> None:
    text = f"a: {GUID.value}\nb: {GUID.value.upper()} {GUID.value}\n"
    assert [(leak.line, leak.column) for leak in find_leaks(text, [GUID])] == [(1, 4), (2, 4), (2, 41)]


JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"RS256"}', b'{"a":1}', b"signed")
)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("token", f'{{"token":"{JWT}"}}'),
        ("token", f'uri: "https://x/?jwt%3D{JWT}"'),
        ("connection string", f"endpoint=https://contoso.communication.azure.com/;accesskey={KEY}"),
        (
            "connection string",
            f"endpoint%3Dhttps%3A%2F%2Fcontoso.communication.azure.com%2F%3Baccesskey%3D{quote(KEY)}",
        ),
        ("access key", f'{{"primaryKey": "{KEY}"}}'),
        ("access key", f"AccountKey={KEY}"),
        ("SAS signature", f"https://x.blob.core.windows.net/c?sv=2024&sig={quote(KEY, safe='')}"),
        ("signature", f"HMAC-SHA256 SignedHeaders=x-ms-date;host&Signature={KEY}"),
        ("bearer token", "Authorization: Bearer 0123456789.abcdefghijk-opaque"),
        ("password", "Authorization: Basic YW5uYTpnZWhlaW0="),
        ("identity id", "8:acs:45ab2481-1c1c-4005-be24-0ffb879b1130_00000007-db1b-9433-6032-3b3a0d0048e0"),
        ("identity id", "8%3Aacs%3A45ab2481-1c1c-4005-be24-0ffb879b1130_00000007-db1b-9433-6032-3b3a0d0048e0"),
        ("cookie", "headers:\n  Set-Cookie:\n  - session=hello-world; path=/\n"),
        ("cookie", '{"Cookie": ["session=hello-world"]}'),
        ("client secret", "body: client_id=x&client_secret=hello~world&scope=y"),
        ("client secret", '{"refresh_token": "0.AXoA"}'),
        ("private key", "-----BEGIN RSA PRIVATE KEY-----\nabc"),
        ("high-entropy string", f"x-functions-key: {KEY}"),
        ("high-entropy string", f"api: {random.Random(3).randbytes(16).hex()}"),
    ],
)
def test_scan_knows_the_secrets_of_anybody(kind: str, text: str) -> None:
    leaks = scan(text)
    assert [leak.kind for leak in leaks] == [kind]
    assert isinstance(leaks[0], Leak)


@pytest.mark.parametrize(
    "text",
    [
        playback_connection_string(),
        "x-ms-content-sha256: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "azsdk-python-communication-identity/1.5.0 Python/3.11.7 (Linux-6.8.0-1021-azure-x86_64-with-glibc2.39)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0",
        "id: 8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000",
        "id: 00000000-0000-0000-0000-000000000000 and 45AB2481-1C1C-4005-be24-0ffb879b1130",
        "api-supported-versions: 2020-07-20-preview2, 2021-02-22-preview1, 2021-03-07, 2025-03-02-preview",
        "operationId: createCommunicationIdentityClientWithOptions2025Preview",
        "Authorization: Bearer REDACTED",
        "client_secret=REDACTED&refresh_token=Sanitized&password=***",
        "uri: https://fake.communication.azure.com/access/teamsExtension/tenants/00000000-0000-4000-9000-000000000001",
        "",
    ],
)
def test_scan_leaves_fakes_placeholders_and_public_texts_alone(text: str) -> None:
    assert scan(text) == []


def test_what_was_scrubbed_passes_the_scan() -> None:
    identity = "8:acs:45ab2481-1c1c-4005-be24-0ffb879b1130_00000007-db1b-9433-6032-3b3a0d0048e0"
    given = {
        "request": {
            "method": "POST",
            "uri": f"https://contoso.communication.azure.com/identities/{quote(identity)}/:issueAccessToken",
            "body": '{"scopes":["chat"]}',
            "headers": {"Authorization": [f"Bearer {JWT}"], "Cookie": ["session=hello-world"]},
        },
        "response": {"status": {"code": 200}, "headers": {}, "body": {"string": f'{{"token":"{JWT}"}}'}},
    }
    assert {leak.kind for leak in scan(yaml.dump(given))} >= {"token", "identity id", "cookie"}
    assert scan(yaml.dump(scrub([given]).interactions)) == []
