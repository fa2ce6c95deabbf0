"""A refused request tells its developer what was expected and what came, and nobody a secret."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from azure.communication.identity import CommunicationIdentityClient as OfficialClient
from azure.communication.identity import CommunicationUserIdentifier
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from hypothesis import given, settings
from hypothesis import strategies as st

from acs_identity.diagnostics import explain
from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator, EmulatorTransport, Request, Response
from acs_identity_emulator.comparison import Comparison, Parts, find_difference, header_value, side

DATE = "Thu, 01 Oct 2026 12:00:00 GMT"
HOST = "emulator.localhost:10100"
KEY = base64.b64decode(DEVELOPMENT_ACCESS_KEY)
USER = "8:acs:ec403bbc-0000-4000-8000-000000000000_ca9a1101-14a2-493b-8a72-5a3a0d000081"
TARGET = f"/identities/{USER}/:issueAccessToken?x=b+c&api-version=2026-09-23"
BODY = b'{"scopes": ["chat"], "expiresInMinutes": 60}'
FORM = "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature="


def hash_of(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


@dataclass
class Signed:
    """What a client signs, to be got wrong in one or more places; written from the REST reference."""

    method: str = "POST"
    target: str = TARGET
    date: str = DATE
    host: str = HOST
    content_hash: str = hash_of(BODY)
    lay_out: Callable[[str, str, str, str, str], str] = lambda method, target, date, host, content_hash: (
        f"{method}\n{target}\n{date};{host};{content_hash}"
    )
    encoding: str = "utf-8"
    key: bytes = KEY
    algorithm: str = "sha256"
    write: Callable[[bytes], str] = lambda digest: base64.b64encode(digest).decode()
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def text(self) -> str:
        return self.lay_out(self.method, self.target, self.date, self.host, self.content_hash)

    def request(self, target: str = TARGET, host: str = HOST, body: bytes = BODY) -> Request:
        """The request as it arrives, with the right headers and the signature of whatever was signed."""
        digest = hmac.new(self.key, self.text.encode(self.encoding), self.algorithm).digest()
        signature = self.write(digest)
        headers = {
            "Host": host,
            "x-ms-date": DATE,
            "x-ms-content-sha256": hash_of(body),
            "Authorization": FORM + signature,
            "Content-Type": "application/json",
        }
        return Request("POST", target, headers | self.headers, body)


def refused(emulator: Emulator, request: Request) -> tuple[Response, dict[str, Any]]:
    """The answer, and the comparison in the journal."""
    response = emulator.handle(request)
    assert response.status == 401
    signature = emulator.journal.entries()[-1].signature
    assert signature is not None
    return response, dict(signature)


def first_difference(left: str, right: str) -> dict[str, int] | None:
    for number, (one, other) in enumerate(zip(left.split("\n"), right.split("\n"), strict=False), start=1):
        column = 1
        while one[column - 1 : column] == other[column - 1 : column] != "":
            column += 1
        if one != other:
            return {"line": number, "column": column}
    if left == right:
        return None
    shorter = min(left, right, key=len)
    return {"line": shorter.count("\n") + 1, "column": len(shorter.split("\n")[-1]) + 1}


ESCAPED = quote(USER, safe="")
JSON = json.loads(BODY)
MISTAKES = {
    "slash after the host": (Signed(host=f"{HOST}/"), "with a slash at its end"),
    "host without port": (Signed(host="emulator.localhost"), "without its port"),
    "scheme before the host": (Signed(host=f"http://{HOST}"), "with the scheme before it"),
    "scheme and slash": (Signed(host=f"https://{HOST}/"), "scheme before it and a slash"),
    "another name of the machine": (Signed(host="localhost:10100"), "by another name of the same machine"),
    "no host": (Signed(host=""), "left empty"),
    "host in upper case": (Signed(host=HOST.upper()), "in another case"),
    "host of a proxy": (
        Signed(host="gateway.example", headers={"X-Forwarded-Host": "gateway.example, inner"}),
        "that a proxy put into x-forwarded-host",
    ),
    "host and port of a proxy": (
        Signed(host="gw:8443", headers={"X-Forwarded-Host": "gw", "X-Forwarded-Port": "8443"}),
        "that a proxy names, with its port",
    ),
    "path without query": (Signed(target=TARGET.partition("?")[0]), "the path without its query"),
    "every colon escaped": (
        Signed(target=TARGET.replace(":", "%3A")),
        "the path with every colon percent-encoded",
    ),
    "path escaped once more": (
        Signed(target=TARGET.replace(USER, quote(ESCAPED, safe=""))),
        "the path percent-encoded once more",
    ),
    "query with %20": (Signed(target=TARGET.replace("+", "%20")), "the query in another spelling"),
    "query in another order": (
        Signed(target=TARGET.partition("?")[0] + "?api-version=2026-09-23&x=b+c"),
        "the query in another order",
    ),
    "slash after the path": (Signed(target=TARGET.replace("?", "/?")), "the path with a slash at its end"),
    "double slash": (Signed(target=f"/{TARGET}"), "the path with another slash before it"),
    "no slash": (Signed(target=TARGET[1:]), "the path without the slash before it"),
    "whole URL": (Signed(target=f"http://{HOST}{TARGET}"), "the whole URL"),
    "lower-case path": (Signed(target=TARGET.lower()), "in lower case"),
    "method in lower case": (Signed(method="post"), "the method in lower case"),
    "another method": (Signed(method="PUT"), "the method PUT"),
    "Date header": (
        Signed(date="Thu, 01 Oct 2026 12:00:03 GMT", headers={"Date": "Thu, 01 Oct 2026 12:00:03 GMT"}),
        "the header Date",
    ),
    "ISO date": (Signed(date="2026-10-01T12:00:00Z"), "the date in ISO 8601"),
    "date with -0000": (Signed(date=DATE.replace("GMT", "-0000")), "-0000 in the place of GMT"),
    "date made twice": (Signed(date="Thu, 01 Oct 2026 11:59:59 GMT"), "1 s earlier"),
    "hash of no body": (Signed(content_hash=hash_of(b"")), "of an empty body"),
    "hash in hexadecimal": (Signed(content_hash=hashlib.sha256(BODY).hexdigest()), "the content hash in hexadecimal"),
    "hash of JSON without blanks": (
        Signed(content_hash=hash_of(json.dumps(JSON, separators=(",", ":")).encode())),
        "the same JSON with no blanks",
    ),
    "hash of sorted JSON": (
        Signed(content_hash=hash_of(json.dumps(JSON, sort_keys=True).encode())),
        "the same JSON with members in order",
    ),
    "hash of pretty JSON": (Signed(content_hash=hash_of(json.dumps(JSON, indent=2).encode())), "indented by 2"),
    "hash of the body with a line end": (Signed(content_hash=hash_of(BODY + b"\n")), "with a line end after it"),
    "CRLF": (Signed(lay_out=lambda m, t, d, h, c: f"{m}\r\n{t}\r\n{d};{h};{c}"), r"\r\n as line ends"),
    "line end at the end": (Signed(lay_out=lambda m, t, d, h, c: f"{m}\n{t}\n{d};{h};{c}\n"), "after the last line"),
    "commas": (Signed(lay_out=lambda m, t, d, h, c: f"{m}\n{t}\n{d},{h},{c}"), "commas"),
    "own lines": (Signed(lay_out=lambda m, t, d, h, c: f"{m}\n{t}\n{d}\n{h}\n{c}"), "in a line of its own"),
    "another order": (Signed(lay_out=lambda m, t, d, h, c: f"{m}\n{t}\n{h};{d};{c}"), "order host, date, content hash"),
    "literal backslash n": (Signed(lay_out=lambda m, t, d, h, c: f"{m}\\n{t}\\n{d};{h};{c}"), "a backslash and an n"),
    "UTF-16": (Signed(encoding="utf-16-le"), "UTF-16"),
    "key as text": (Signed(key=DEVELOPMENT_ACCESS_KEY.encode()), "the text of the key"),
    "key as text with a line end": (Signed(key=DEVELOPMENT_ACCESS_KEY.encode() + b"\n"), "and a line end"),
    "empty key": (Signed(key=b""), "an empty key"),
    "key of another emulator": (Signed(key=base64.b64decode("pw==")), "the other emulator of Communication Services"),
    "SHA-1": (Signed(algorithm="sha1"), "HMAC-SHA1"),
    "SHA-512": (Signed(algorithm="sha512"), "HMAC-SHA512"),
    "signature in hexadecimal": (Signed(write=bytes.hex), "wrote the signature in hexadecimal"),
    "signature as base64 of its hexadecimal": (
        Signed(write=lambda digest: base64.b64encode(digest.hex().encode()).decode()),
        "base64 of its hexadecimal",
    ),
    "signature without =": (Signed(write=lambda d: base64.b64encode(d).decode().rstrip("=")), "without the ="),
    "slash and hash of no body": (
        Signed(host=f"{HOST}/", content_hash=hash_of(b"")),
        f"'{HOST}/' with a slash at its end and signed the content hash of an empty body",
    ),
    "slash and no query": (Signed(host=f"{HOST}/", target=TARGET.partition("?")[0]), "and signed the path without"),
    "slash and hexadecimal": (Signed(host=f"{HOST}/", write=bytes.hex), "and wrote the signature in hexadecimal"),
    "slash and the text of the key": (
        Signed(host=f"{HOST}/", key=DEVELOPMENT_ACCESS_KEY.encode()),
        "and signed with the text of the key",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_usual_mistake_is_found_and_shown_exactly(emulator: Emulator, name: str) -> None:
    signed, words = MISTAKES[name]
    response, comparison = refused(emulator, signed.request())
    assert words in comparison["cause"]
    assert comparison["check"] == "signature"
    right = Signed().text
    assert comparison["expected"]["string_to_sign"] == right
    # What the test signed is what the doctor says was signed.
    assert comparison["received"]["string_to_sign"] == signed.text
    assert comparison["difference"] == first_difference(right, signed.text)
    reason = response.headers["x-emulator-reason"]
    assert reason.startswith(comparison["cause"])
    assert ("marked |" in reason) == (signed.text != right)


def test_the_right_signature_is_compared_with_nothing(emulator: Emulator) -> None:
    response = emulator.handle(Signed().request())
    assert response.status == 401, "past authentication: an identity of another resource"
    assert emulator.journal.entries()[-1].code == "IdentityNotOwned"
    assert emulator.journal.entries()[-1].signature is None
    assert response.header("x-emulator-signature") is None


@pytest.mark.parametrize(
    ("sent", "signed"), [(TARGET, TARGET.replace(USER, ESCAPED)), (TARGET.replace(USER, ESCAPED), TARGET)]
)
def test_a_mistake_is_found_also_where_the_http_library_respelled_the_id(
    emulator: Emulator, sent: str, signed: str
) -> None:
    _, comparison = refused(emulator, Signed(target=signed, host=f"{HOST}/").request(target=sent))
    assert "a slash at its end" in comparison["cause"]
    assert comparison["received"]["string_to_sign"] == Signed(target=signed, host=f"{HOST}/").text


def test_the_default_port_that_a_client_spells_is_named(emulator: Emulator) -> None:
    request = Signed(host="contoso.example:443").request(host="contoso.example")
    assert "with the default port 443" in refused(emulator, request)[1]["cause"]


def test_the_path_of_an_endpoint_behind_a_gateway_is_named(emulator: Emulator) -> None:
    sent = f"/gateway{TARGET}"
    assert "without that of the endpoint" in refused(emulator, Signed().request(target=sent))[1]["cause"]
    in_host = Signed(host=f"{HOST}/gateway", target=sent).request(target=sent)
    assert "a part of the path" in refused(emulator, in_host)[1]["cause"]
    taken = Signed(target=sent, headers={"X-Forwarded-Prefix": "/gateway"}).request()
    assert "the prefix that a proxy took away" in refused(emulator, taken)[1]["cause"]


def test_the_development_key_at_an_emulator_with_another_key_is_named(clock: Any, own_key: str) -> None:
    _, comparison = refused(Emulator(clock=clock, access_key=own_key), Signed().request())
    assert "the development key of this emulator, which has another one now" in comparison["cause"]


def test_a_signature_of_an_empty_object_for_an_empty_body_is_named(emulator: Emulator) -> None:
    _, comparison = refused(emulator, Signed(content_hash=hash_of(b"{}")).request(body=b""))
    assert "of the body {}, while none is sent" in comparison["cause"]


@pytest.mark.parametrize(
    "body", [b"[" * 10_000, b"\xff\xfe", b"{" + b" " * 100_000 + b"}", b'{"a": 1e999}', b'"\\ud800"']
)
def test_no_body_stops_the_search(emulator: Emulator, body: bytes) -> None:
    signed = Signed(host=f"{HOST}/", content_hash=hash_of(body))
    assert "with a slash at its end" in refused(emulator, signed.request(body=body))[1]["cause"]


def test_another_key_is_the_likely_cause_when_nothing_usual_fits(emulator: Emulator, own_key: str) -> None:
    response, comparison = refused(emulator, Signed(key=base64.b64decode(own_key)).request())
    assert comparison["check"] == "signature"
    assert "another key or over another string" in comparison["cause"]
    assert comparison["received"] == {
        "string_to_sign": None,
        "date": DATE,
        "host": HOST,
        "content_hash": hash_of(BODY),
    }
    assert comparison["difference"] is None
    assert response.headers["x-emulator-reason"] == comparison["cause"]


def test_a_proxy_on_the_way_is_mentioned(emulator: Emulator, own_key: str) -> None:
    request = Signed(key=base64.b64decode(own_key), headers={"Via": "1.1 proxy"}).request()
    assert "the header via tells of a proxy" in refused(emulator, request)[1]["cause"]


def signatures_made(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, key: str, target: str) -> int:
    """How many signatures a refusal takes when no mistake fits."""
    made: list[int] = []
    digest = hmac.digest

    def counted(*arguments: Any) -> bytes:
        made.append(1)
        return digest(*arguments)

    headers = {"X-Forwarded-Host": "a", "X-Forwarded-Prefix": "/b", "Date": "b"}
    request = Signed(key=base64.b64decode(key), headers=headers).request(target=target)
    with monkeypatch.context() as patched:
        patched.setattr(hmac, "digest", counted)
        refused(emulator, request)
    return len(made)


@pytest.mark.parametrize(
    "target", [TARGET, TARGET.replace(USER, ESCAPED), f"/p{TARGET}", "/?" + "&".join(["a=%3A+b"] * 99)]
)
def test_the_search_ends_after_300_signatures(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, own_key: str, target: str
) -> None:
    # Four more are made to check the signature.
    assert 100 < signatures_made(emulator, monkeypatch, own_key, target) <= 304
    monkeypatch.setattr("acs_identity_emulator.signature_doctor.TRIALS", 10)
    assert 10 < signatures_made(emulator, monkeypatch, own_key, target) <= 14


def test_long_bodies_are_not_written_anew_in_search_of_their_hash(emulator: Emulator) -> None:
    for length, is_found in ((10, True), (20_000, False)):
        body = b'{"scopes": ["' + b"a" * length + b'"]}'
        signed = Signed(content_hash=hash_of(body.replace(b" ", b"")))
        assert ("no blanks" in refused(emulator, signed.request(body=body))[1]["cause"]) == is_found


# What comes before the signature


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        ("", "it is empty"),
        ("SharedKey account:abc", "it has the scheme SharedKey"),
        ("HMAC-SHA512 SignedHeaders=x&Signature=AAAA", "begin with HMAC-SHA256"),
        ("Frobnicate AAAA", "neither HMAC-SHA256 nor Bearer"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJ9.AAAA", "a token without the word Bearer"),
        ("SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA", "begin with HMAC-SHA256"),
        ("hmac-sha256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA", "not in upper case"),
        ("HMAC-SHA256", "nothing follows"),
        ('HMAC-SHA256 SignedHeaders="x-ms-date;host;x-ms-content-sha256"&Signature="AAAA"', "quotation marks"),
        ("HMAC-SHA256 Credential=x&SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA", "Credential"),
        ("HMAC-SHA256 Signature=AAAA", "SignedHeaders is missing"),
        ("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256", "Signature is missing"),
        ("HMAC-SHA256 signedheaders=x-ms-date&signature=AAAA", "are written SignedHeaders and Signature"),
        ("HMAC-SHA256 Signature=AAAA&SignedHeaders=x-ms-date;host;x-ms-content-sha256", "SignedHeaders comes first"),
        ("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256, Signature=AAAA", "no single &"),
        (f"{FORM}AAAA ", "blanks or line ends"),
        (f"HMAC-SHA256  {FORM.partition(' ')[2]}AAAA", "blanks or line ends"),
        (FORM, "the signature is empty"),
        (f"{FORM}AA%2BA", "percent-encoded"),
        (f"{FORM}AA-_", "url-safe base64"),
        (f"{FORM}AA?!", "the signature is not base64"),
        ("HMAC-SHA256 SignedHeaders=host;x-ms-date;x-ms-content-sha256&Signature=AAAA", "in another order"),
        ("HMAC-SHA256 SignedHeaders=x-ms-date;host&Signature=AAAA", "lacks x-ms-content-sha256"),
        ("HMAC-SHA256 SignedHeaders=x-ms-date,host,x-ms-content-sha256&Signature=AAAA", "semicolons"),
        ("HMAC-SHA256 SignedHeaders=X-MS-Date;Host;X-MS-Content-SHA256&Signature=AAAA", "in another case"),
        ("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256;accept&Signature=AAAA", "further names"),
    ],
)
def test_what_is_malformed_of_the_authorization_is_said(emulator: Emulator, authorization: str, words: str) -> None:
    response, comparison = refused(emulator, Signed(headers={"Authorization": authorization}).request())
    assert json.loads(response.body)["error"]["message"] == "Given value does not match HMAC header structure"
    assert comparison["check"] == "form"
    assert words in comparison["cause"]
    assert comparison["expected"]["host"] == comparison["received"]["host"] == HOST
    assert comparison["received"]["string_to_sign"] is None


def test_without_authorization_the_string_to_sign_is_shown(emulator: Emulator) -> None:
    request = Request("GET", TARGET, {"Host": HOST, "Proxy-Authorization": "x"})
    _, comparison = refused(emulator, request)
    assert comparison["check"] == "header"
    assert "Proxy-Authorization" in comparison["cause"]
    assert comparison["expected"]["string_to_sign"] == f"GET\n{TARGET}\n{DATE};{HOST};{hash_of(b'')}"
    assert comparison["received"] == {"string_to_sign": None, "date": None, "host": HOST, "content_hash": None}
    assert comparison["clock_offset_seconds"] is None


@pytest.mark.parametrize("missing", ["Host", "x-ms-date", "x-ms-content-sha256"])
def test_a_signed_header_that_is_missing_is_compared_with_what_it_should_be(emulator: Emulator, missing: str) -> None:
    whole = Signed(headers={"Date": DATE}).request()
    headers = {name: value for name, value in whole.headers.items() if name != missing.lower()}
    _, comparison = refused(emulator, Request("POST", TARGET, headers, BODY))
    assert comparison["check"] == "header"
    assert missing.lower() in comparison["cause"]
    assert ("there is a Date header" in comparison["cause"]) == (missing == "x-ms-date")
    assert comparison["expected"]["content_hash"] == hash_of(BODY)


@pytest.mark.parametrize(
    ("date", "words", "offset"),
    [
        ("Thu, 01 Oct 2026 11:50:00 GMT", "600 s behind", -600.25),
        ("Thu, 01 Oct 2026 13:00:00 GMT", "3600 s ahead of", 3599.75),
        ("", "is empty", None),
        ("1790856000", "is a number", None),
        ("2026-10-01T12:00:30Z", "in ISO 8601", 29.75),
        ("Thu, 01 Oct 2026 12:00:00 +0000", "in another zone", -0.25),
        ("Thu, 01 Oct 2026 14:00:00 +0200", "in another zone", -0.25),
        ("Fri, 01 Oct 2026 12:00:00 GMT", "another day of the week", -0.25),
        ("Thu, 1 Oct 2026 12:00:00 GMT", "in another way", -0.25),
        ("noon", "is no time", None),
        ("9" * 5000, "is a number", None),
    ],
)
def test_a_refused_date_is_measured(emulator: Emulator, date: str, words: str, offset: float | None) -> None:
    _, comparison = refused(emulator, Signed(date=date, headers={"x-ms-date": date}).request())
    assert comparison["check"] == "date"
    assert words in comparison["cause"]
    assert comparison["clock_offset_seconds"] == offset
    assert comparison["expected"]["date"] == DATE, "the time of the emulator"
    assert comparison["received"]["date"] == date


@pytest.mark.parametrize(
    ("content_hash", "words"),
    [
        (hash_of(b""), "it is the content hash of an empty body"),
        (hashlib.sha256(BODY).hexdigest(), "it is the content hash in hexadecimal"),
        (hash_of(BODY).rstrip("="), "it is the content hash without its ="),
        (hash_of(json.dumps(JSON, separators=(",", ":")).encode()), "the same JSON with no blanks"),
        (base64.b64encode(hashlib.sha512(BODY).digest()).decode(), "made with SHA512"),
        (hash_of(b"another"), "the body was changed after hashing"),
        ("é", "the body was changed after hashing"),
    ],
)
def test_a_content_hash_is_told_what_it_is_the_hash_of(emulator: Emulator, content_hash: str, words: str) -> None:
    signed = Signed(content_hash=content_hash, headers={"x-ms-content-sha256": content_hash})
    _, comparison = refused(emulator, signed.request())
    assert comparison["check"] == "content-hash"
    assert words in comparison["cause"]
    assert f"{len(BODY)} bytes" in comparison["cause"]
    assert comparison["expected"]["content_hash"] == hash_of(BODY)
    assert comparison["received"]["content_hash"] == content_hash


# Bearer tokens


def entra_reason(emulator: Emulator, token: str) -> str:
    response = emulator.handle(
        Request("POST", "/identities?api-version=2026-09-23", {"Authorization": f"Bearer {token}"})
    )
    assert response.status == 401
    assert response.header("x-emulator-signature") is None
    return response.headers["x-emulator-reason"]


@pytest.mark.parametrize(
    "issuer",
    [
        "https://sts.windows.net/7e4a7000-0000-4000-8000-000000000001/",
        "https://login.microsoftonline.com/7e4a7000-0000-4000-8000-000000000001/v2.0",
        "https://login.microsoftonline.us/x/v2.0",
    ],
)
def test_a_token_of_the_real_entra_id_is_told_as_such(emulator: Emulator, issuer: str) -> None:
    token = jwt.encode({"iss": issuer, "aud": "x"}, "a shared secret that is long enough, as it must be")
    assert "the real Entra ID" in entra_reason(emulator, token)


def test_what_is_wrong_with_a_bearer_token_is_said(emulator: Emulator, call: Any) -> None:
    assert "access token of an identity" in entra_reason(emulator, call.new_token(call.new_identity()))
    assert "no token after the word Bearer" in entra_reason(emulator, "")
    assert "nor any other JWT" in entra_reason(emulator, "garbage")
    other = emulator.entra.issue_token(audience="https://graph.microsoft.com/")
    assert ", https://graph.microsoft.com/: ask for the scope https://communication" in entra_reason(emulator, other)
    assert "expired 60 s ago" in entra_reason(emulator, emulator.entra.issue_token(expires_in=timedelta(minutes=-1)))


def test_a_claim_that_is_missing_is_named(emulator: Emulator) -> None:
    from acs_identity_emulator.keys import ENTRA_KEY

    claims = jwt.decode(emulator.entra.issue_token(), options={"verify_signature": False})
    del claims["oid"]
    assert "lacks the claim oid" in entra_reason(emulator, jwt.encode(claims, ENTRA_KEY.get().private, "RS256"))


# The header


def test_the_header_is_the_comparison_of_the_journal_with_ids_hidden(emulator: Emulator) -> None:
    response, comparison = refused(emulator, Signed(host=f"{HOST}/").request())
    value = response.headers["x-emulator-signature"]
    assert value.isascii()
    assert value.isprintable()
    assert USER not in value
    hidden = USER.partition("_")[0] + "_***"
    assert json.loads(value) == json.loads(json.dumps(comparison).replace(USER, hidden))


@pytest.mark.parametrize(
    ("signed", "expected", "received"),
    [
        (TARGET.replace(USER, quote(ESCAPED)), "/8:acs:", "/8%253Aacs%253A"),
        (TARGET.replace(USER, USER[:48] + USER[48:].replace("-", "%2D")), "_***/", "_***%2D***%2D***%2D***%2D***/"),
    ],
)
def test_how_an_id_is_escaped_can_still_be_seen(signed: str, expected: str, received: str) -> None:
    texts = [Parts("POST", target, DATE, HOST, "x") for target in (TARGET, signed)]
    comparison = Comparison(
        check="signature",
        expected=side(texts[0]),
        received=side(texts[1]),
        difference=find_difference(str(texts[0]), str(texts[1])),
        clock_offset_seconds=0.0,
        cause="",
    )
    shown = json.loads(header_value(comparison))
    assert expected in shown["expected"]["string_to_sign"]
    assert received in shown["received"]["string_to_sign"]
    assert USER.partition("_")[2].replace("-", "%2D") not in header_value(comparison)
    assert shown["difference"] == first_difference(
        shown["expected"]["string_to_sign"], shown["received"]["string_to_sign"]
    )


@pytest.mark.parametrize("path", ["/identities/alice", "/Identities/8:acs:bogus", "/identities/8%3aacs%3aalice_alice"])
def test_a_malformed_id_is_hidden_as_well(emulator: Emulator, path: str) -> None:
    for suffix in ("", "/:issueAccessToken"):
        target = f"{path.replace('bogus', 'alice')}{suffix}?api-version=2026-09-23"
        response, comparison = refused(emulator, Signed(target=target, host=f"{HOST}/").request(target=target))
        assert "alice" in comparison["expected"]["string_to_sign"]
        assert "alice" not in response.headers["x-emulator-signature"] + response.headers["x-emulator-reason"]


@pytest.mark.parametrize("filler", ["a", "é", "\U0001f600", "%3A"])
def test_the_header_stays_short_whatever_comes(emulator: Emulator, filler: str) -> None:
    host = filler * 5000
    for headers in ({}, {"x-ms-date": host}, {"x-ms-content-sha256": host}, {"X-Forwarded-Host": host}):
        target = f"/identities?{filler * 9000}"
        response = emulator.handle(Signed(target=target, headers={"Host": host, **headers}).request(target=target))
        assert response.status in (400, 401)
        value = response.header("x-emulator-signature") or ""
        assert len(value) <= 4096
        assert len(response.headers["x-emulator-reason"]) < 2000
        assert value == "" or json.loads(value)["expected"]["host"].startswith(filler)


def test_the_official_client_with_a_slash_after_its_endpoint_is_explained(emulator: Emulator, clock: Any) -> None:
    clock.now = datetime.now(UTC)
    transport = EmulatorTransport(emulator)
    good: Any = OfficialClient(emulator.endpoint, AzureKeyCredential(emulator.access_key), transport=transport)
    bad: Any = OfficialClient(f"{emulator.endpoint}/", AzureKeyCredential(emulator.access_key), transport=transport)
    user = good.create_user()
    with pytest.raises(HttpResponseError) as caught:
        bad.get_token(CommunicationUserIdentifier(user.properties["id"]), ["chat"])
    explanation = explain(caught.value)
    assert "with a slash at its end" in explanation.likely
    assert explanation.comparison is not None
    expected, signed, mark = explanation.comparison.splitlines()[-3:]
    assert expected.startswith("  expected: ")
    assert signed.startswith("  signed:   ")
    assert signed[len(mark) - 1] == "/"
    assert expected[: len(mark) - 1].partition(": ")[2].strip() == signed[: len(mark) - 1].partition(": ")[2].strip()
    assert explanation.comparison in str(explanation)
    assert user.properties["id"] not in str(explanation)
    assert user.properties["id"].rpartition("_")[2] not in str(explanation)


def test_an_explanation_shows_how_an_id_was_escaped_and_not_the_id(emulator: Emulator) -> None:
    response, _ = refused(emulator, Signed(target=TARGET.replace(USER, quote(ESCAPED))).request())
    answered: Any = SimpleNamespace(status_code=401, reason="", headers=response.headers, request=None, text=str)
    comparison = explain(HttpResponseError(response=answered)).comparison or ""
    hidden = USER.partition("_")[0] + "_***"
    assert f"  expected: /identities/{hidden}/:issueAccessToken" in comparison
    assert f"  signed:   /identities/{hidden.replace(':', '%253A')}/:issueAccessToken" in comparison


def test_an_explanation_redacts_a_header_of_somebody_else(emulator: Emulator) -> None:
    texts = {"expected": {"string_to_sign": f"GET\n/x/{USER}\nd"}, "received": {"string_to_sign": f"GET\n/{USER}\né"}}
    for value in (
        json.dumps(texts),
        "{",
        "[]",
        '{"expected": 5}',
        '{"expected": {"string_to_sign": 5}, "received": {}}',
    ):
        response: Any = SimpleNamespace(
            status_code=401, reason="", headers={"x-emulator-signature": value}, request=None, text=str
        )
        explanation = explain(HttpResponseError(response=response))
        assert (explanation.comparison is None) == (value != json.dumps(texts))
        assert USER not in str(explanation)


# Secrets

CANARY = base64.b64encode(b"this canary key opens nothing, but is as long as real ones, 64 b").decode()
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOiJ0b2tlbiJ9.Y2FuYXJ5LXRva2Vu"
canaries = st.sampled_from([CANARY, TOKEN, f"x{CANARY}", f"{CANARY}/", "", HOST])


@settings(max_examples=150)
@given(
    mistake=st.sampled_from(sorted(MISTAKES)),
    key=st.sampled_from([base64.b64decode(CANARY), CANARY.encode(), b"another"]),
    headers=st.dictionaries(
        st.sampled_from(
            ["Host", "x-ms-date", "Date", "x-ms-content-sha256", "X-Forwarded-Host", "Content-Type", "Authorization"]
        ),
        canaries | canaries.map(lambda secret: f"{FORM}{secret}") | canaries.map(lambda secret: f"Bearer {secret}"),
        max_size=2,
    ),
)
def test_no_key_token_or_signature_is_shown_anywhere(
    caplog: pytest.LogCaptureFixture, clock: Any, mistake: str, key: bytes, headers: dict[str, str]
) -> None:
    emulator = Emulator(clock=clock, access_key=CANARY)
    signed = MISTAKES[mistake][0]
    given = replace(signed, key=key, headers={**signed.headers, **headers})
    right = Signed(key=base64.b64decode(CANARY)).request().header("authorization") or ""
    request = given.request()
    caplog.clear()
    with caplog.at_level(logging.DEBUG, "acs_identity_emulator"):
        response = emulator.handle(request)
    entry = emulator.journal.entries()[-1]
    assert response.status >= 400
    sent = (request.header("authorization") or "").rpartition("Signature=")[2]
    shown = f"{dict(response.headers)} {response.body!r} {json.dumps(entry.signature)} {entry!r} {caplog.text}"
    for secret in (CANARY, TOKEN, base64.b64decode(CANARY).hex(), right.rpartition("Signature=")[2], sent):
        assert len(secret) < 20 or secret == HOST or secret not in shown


def test_a_credential_that_is_sent_in_other_headers_as_well_is_hidden_there(emulator: Emulator) -> None:
    secret = "0.AXoA-opaque-canary_token/with+all==".rstrip("=")
    headers = {"Authorization": secret, "Host": secret, "x-ms-date": secret, "x-ms-content-sha256": f"x{secret}"}
    response, comparison = refused(emulator, Signed(headers=headers).request())
    assert secret not in f"{response.headers} {comparison}"
    assert comparison["received"]["host"] == "***"


def test_the_right_signature_cannot_be_learned_from_a_refusal(emulator: Emulator) -> None:
    signature = (Signed().request().header("authorization") or "").rpartition("Signature=")[2]
    for signed, _ in MISTAKES.values():
        response, comparison = refused(emulator, signed.request())
        assert signature.rstrip("=") not in f"{response.headers} {response.body!r} {comparison}"


# What else is refused


@pytest.mark.parametrize(
    ("method", "target", "body", "words"),
    [
        ("POST", f"/identities/{USER}/issueAccessToken", b"", "did you mean /identities/{id}/:issueAccessToken"),
        ("POST", f"/identities/{ESCAPED}/:issueToken", b"", "did you mean /identities/{id}/:issueAccessToken"),
        ("POST", "//identities", b"", "did you mean /identities"),
        ("POST", "/identity", b"", "did you mean /identities"),
        ("POST", "/teamsUser/exchangeAccessToken", b"", "did you mean /teamsUser/:exchangeAccessToken"),
        ("POST", "/elsewhere", b"", "an endpoint ends with its host and port"),
        ("POST", "/identities?api-version=2026-09-24", b"", "did you mean 2026-09-23?"),
        ("POST", "/identities?api-version=2023-10-1", b"", "did you mean 2023-10-01?"),
        ("post", "/identities?api-version=2026-09-23", b"", "takes POST, not post"),
        ("GET", "/identities/x?api-version=2023-10-01", b"", "; GET is in the API versions 2025-03-02-preview"),
        ("POST", "/identities?api-version=2026-09-23", b'{"createTokenWithScopes": ["viop"]}', "did you mean voip?"),
        ("POST", "/identities?api-version=2026-09-23", b'{"expiresInMinutes": "60"}', ", a text came"),
        ("POST", "/identities?api-version=2026-09-23", b'{"createTokenWithScopes": {}}', ", an object came"),
        ("POST", "/identities?api-version=2026-09-23", b"[]", ", an array came"),
        ("POST", "/identities?api-version=2026-09-23", b'{"expiresInMinutes": true}', ", a boolean came"),
        ("POST", "/identities?api-version=2026-09-23", b'{"expiresInMinutes": 1.5}', ", a number came"),
        (
            "POST",
            "/identities/x/:issueAccessToken?api-version=2026-09-23",
            b'{"Scopes": ["chat"]}',
            "Scopes came, case matters",
        ),
        (
            "POST",
            "/identities/x/:issueAccessToken?api-version=2026-09-23",
            b'{"scopes": null}',
            "null or an empty text",
        ),
        ("POST", "/identities/x/:issueAccessToken?api-version=2026-09-23", b"{}", "none came"),
    ],
)
def test_other_refusals_say_what_was_expected_and_what_came(
    call: Any, method: str, target: str, body: bytes, words: str
) -> None:
    reason = call.raw(method, target, body=body).headers["x-emulator-reason"]
    assert words in reason
    assert reason.isascii()
    assert USER not in reason


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        ("text/plain", "not as text/plain"),
        ("", "it came without Content-Type"),
        ("application/json; charset=utf-16", "not in another charset"),
        ("Ünsinn", "which its Content-Type does not say"),
    ],
)
def test_a_refused_content_type_is_named(call: Any, content_type: str, words: str) -> None:
    headers = {"Content-Type": content_type}
    response = call.raw("POST", "/identities?api-version=2026-09-23", {}, headers=headers)
    assert response.status == 415
    assert words in response.headers["x-emulator-reason"]
