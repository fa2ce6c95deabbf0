"""Only signed requests and requests with a token of the emulator's own Entra ID get in."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator, Request, Response

Sign = Callable[..., dict[str, str]]
NOON = "Thu, 01 Oct 2026 12:00:00 GMT"
TARGET = "/identities?api-version=2026-09-23"


def error(response: Response) -> dict[str, str]:
    found: dict[str, str] = json.loads(response.body)["error"]
    return found


def reason(response: Response) -> str:
    text = response.header("x-emulator-reason")
    assert text is not None
    assert text.isascii()
    assert text.isprintable()
    return text


def assert_denied(response: Response, message: str = "Denied by the resource provider.") -> None:
    assert response.status == 401
    assert error(response) == {"code": "Denied", "message": message}
    assert response.header("api-supported-versions") is None


def test_the_golden_vector_of_the_reference_is_accepted(sign: Sign) -> None:
    date = "Wed, 13 Apr 2022 18:09:12 GMT"
    emulator = Emulator(access_key="pw==", clock=lambda: datetime(2022, 4, 13, 18, 9, 12, tzinfo=UTC))
    host = "contoso.communicationservices.azure.com"
    headers = {
        "Host": host,
        "x-ms-date": date,
        "x-ms-content-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "Authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
        "&Signature=il99+rd6V5O136roX/zVePCNle78HmvC4B7tu9zRH3I=",
    }
    # The helper of these tests is right, too.
    assert sign("GET", "/testPath?testQuery=yes", b"", key="pw==", date=date, host=host) == headers
    response = emulator.handle(Request("GET", "/testPath?testQuery=yes", headers))
    assert response.status == 404, "past authentication, there is no such path"


def test_a_signed_request_gets_in(emulator: Emulator, sign: Sign) -> None:
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=NOON)
    assert emulator.handle(Request("POST", TARGET, headers)).status == 201


def test_the_signature_of_the_first_previews_over_the_date_header_gets_in(emulator: Emulator, sign: Sign) -> None:
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=NOON, date_header="date")
    assert emulator.handle(Request("POST", TARGET, headers)).status == 201


def test_header_names_are_compared_without_case(emulator: Emulator, sign: Sign) -> None:
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=NOON)
    shouted = {name.upper(): value for name, value in headers.items()}
    assert emulator.handle(Request("POST", TARGET, shouted)).status == 201


def test_the_host_is_signed_as_sent_with_its_port(emulator: Emulator, sign: Sign) -> None:
    with_port = sign("POST", TARGET, b"", key=emulator.access_key, date=NOON, host="127.0.0.1:10100")
    assert emulator.handle(Request("POST", TARGET, with_port)).status == 201
    assert_denied(emulator.handle(Request("POST", TARGET, with_port | {"Host": "127.0.0.1"})))


def test_a_trailing_slash_in_the_signed_host_is_refused(emulator: Emulator, sign: Sign) -> None:
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=NOON, host="emulator.localhost/")
    assert_denied(emulator.handle(Request("POST", TARGET, headers | {"Host": "emulator.localhost"})))


@pytest.mark.parametrize("signed", ["8:acs:", "8%3Aacs%3A"])
@pytest.mark.parametrize("sent", ["8:acs:", "8%3Aacs%3A", "8%3aacs%3a"])
def test_colons_of_an_id_may_be_respelled_after_signing(emulator: Emulator, sign: Sign, sent: str, signed: str) -> None:
    rest = f"{emulator.resource_id}_1/:revokeAccessTokens?api-version=2026-09-23"
    headers = sign("POST", f"/identities/{signed}{rest}", b"", key=emulator.access_key, date=NOON)
    response = emulator.handle(Request("POST", f"/identities/{sent}{rest}", headers))
    assert error(response)["code"] == "IdentityNotFound", "past authentication, the identity is not there"


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        (("POST", "/identities?api-version=2026-09-23"), ("PUT", "/identities?api-version=2026-09-23")),
        (("POST", "/identities?api-version=2026-09-23"), ("POST", "/identities?api-version=2023-10-01")),
        (("POST", "/identities?api-version=2026-09-23"), ("POST", "/Identities?api-version=2026-09-23")),
        (("POST", "/identities?api-version=2026-09-23"), ("POST", "/identities")),
        (("POST", "/identities"), ("POST", "/identities?api-version=2026-09-23")),
        (("POST", "/identities?a=8%3A1"), ("POST", "/identities?a=8:1")),
    ],
)
def test_method_path_and_query_are_signed(
    emulator: Emulator, sign: Sign, signed: tuple[str, str], sent: tuple[str, str]
) -> None:
    headers = sign(*signed, b"", key=emulator.access_key, date=NOON)
    response = emulator.handle(Request(*sent, headers))
    assert_denied(response)
    assert reason(response).startswith(
        ("you signed ", "the signature was made with another key or over another string")
    )


def test_another_key_is_refused(emulator: Emulator, sign: Sign, own_key: str) -> None:
    response = emulator.handle(Request("POST", TARGET, sign("POST", TARGET, b"", key=own_key, date=NOON)))
    assert_denied(response)
    assert "another key" in reason(response)
    assert own_key not in reason(response)


def test_a_body_changed_after_signing_is_refused(emulator: Emulator, sign: Sign) -> None:
    headers = sign("POST", TARGET, b"{}", key=emulator.access_key, date=NOON)
    response = emulator.handle(Request("POST", TARGET, headers, b"{ }"))
    assert_denied(response, "Request 'x-ms-content-sha256' differs from generated content hash.")
    assert "body" in reason(response)


def test_a_request_without_authorization_is_refused(emulator: Emulator) -> None:
    response = emulator.handle(Request("POST", TARGET, {"Host": "emulator.localhost"}))
    assert_denied(response)
    assert "no Authorization header" in reason(response)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        " ",
        "HMAC-SHA256",
        "HMAC-SHA256 ",
        "Basic dXNlcjpwYXNz",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256",
        "HMAC-SHA256 Signature=AAAA&SignedHeaders=x-ms-date;host;x-ms-content-sha256",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=not base64",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA\n",
        "HMAC-SHA256 Credential=x&SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA",
        "HMAC-SHA256 SignedHeaders=host&Signature=AAAA",
        "HMAC-SHA256 SignedHeaders=host;x-ms-date;x-ms-content-sha256&Signature=AAAA",
        "hmac-sha256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA",
        "HMAC-SHA512 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA",
        "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=" + "A" * 100_000 + "é",
    ],
)
def test_a_malformed_authorization_is_told_from_a_wrong_one(emulator: Emulator, sign: Sign, authorization: str) -> None:
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=NOON)
    response = emulator.handle(Request("POST", TARGET, headers | {"Authorization": authorization}))
    assert_denied(response, "Given value does not match HMAC header structure")
    reason(response)


@pytest.mark.parametrize("missing", ["Host", "x-ms-date", "x-ms-content-sha256"])
def test_a_signed_header_that_was_not_sent_is_named(emulator: Emulator, sign: Sign, missing: str) -> None:
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=NOON)
    del headers[missing]
    response = emulator.handle(Request("POST", TARGET, headers))
    assert_denied(response)
    assert missing.lower() in reason(response)


@pytest.mark.parametrize(
    ("date", "offset"),
    [("Thu, 01 Oct 2026 11:54:59 GMT", "301 s behind"), ("Thu, 01 Oct 2026 12:05:01 GMT", "301 s ahead of")],
)
def test_a_date_outside_the_window_is_refused_with_the_offset(
    emulator: Emulator, sign: Sign, date: str, offset: str
) -> None:
    response = emulator.handle(Request("POST", TARGET, sign("POST", TARGET, b"", key=emulator.access_key, date=date)))
    assert_denied(response)
    assert offset in reason(response)


@pytest.mark.parametrize("date", ["Thu, 01 Oct 2026 11:55:01 GMT", "Thu, 01 Oct 2026 12:05:00 GMT"])
def test_a_date_inside_the_window_is_accepted(emulator: Emulator, sign: Sign, date: str) -> None:
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=date)
    assert emulator.handle(Request("POST", TARGET, headers)).status == 201


def test_the_window_is_a_setting(sign: Sign) -> None:
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    headers = sign("POST", TARGET, b"", key=DEVELOPMENT_ACCESS_KEY, date="Thu, 01 Oct 2026 11:59:00 GMT")
    request = Request("POST", TARGET, headers)
    assert Emulator(clock=lambda: noon, allowed_skew=timedelta(seconds=60)).handle(request).status == 201
    assert_denied(Emulator(clock=lambda: noon, allowed_skew=timedelta(seconds=59)).handle(request))


@pytest.mark.parametrize(
    "date",
    [
        "",
        "now",
        "2026-10-01T12:00:00Z",
        "Fri, 01 Oct 2026 12:00:00 GMT",
        "Thu, 1 Oct 2026 12:00:00 GMT",
        "Thu, 01 Oct 2026 12:00:00 +0000",
        "Thu, 01 Oct 2026 12:00:00",
        "Thu, 01 Oct 2026 24:00:00 GMT",
        "thu, 01 oct 2026 12:00:00 gmt",
        "Thu, 01 Oct 99999999999 12:00:00 GMT",
        "9" * 5000,
    ],
)
def test_a_date_in_another_form_is_refused(emulator: Emulator, sign: Sign, date: str) -> None:
    response = emulator.handle(Request("POST", TARGET, sign("POST", TARGET, b"", key=emulator.access_key, date=date)))
    assert_denied(response)
    assert "Wed, 13 Apr 2022 18:09:12 GMT" in reason(response)


@settings(max_examples=60)
@given(authorization=st.text(max_size=200), date=st.text(max_size=60), content_hash=st.text(max_size=60))
def test_no_header_text_gets_in_or_breaks_the_emulator(
    emulator: Emulator, authorization: str, date: str, content_hash: str
) -> None:
    for text in (authorization, f"Bearer {authorization}", f"HMAC-SHA256 SignedHeaders={authorization}"):
        headers = {
            "Host": "h",
            "Authorization": text,
            "x-ms-date": date,
            "x-ms-content-sha256": content_hash,
        }
        response = emulator.handle(Request("POST", TARGET, headers))
        assert response.status == 401
        reason(response)


def test_a_key_that_is_not_base64_is_refused_without_being_shown() -> None:
    for key in ("not base64!", "c2VjcmV0X", "sécret", ""):
        with pytest.raises(ValueError, match=r"^The access key is (not base64|empty)\.$") as caught:
            Emulator(access_key=key)
        assert caught.value.__cause__ is None


def test_a_resource_id_must_be_a_guid() -> None:
    assert Emulator(resource_id="EC403BBC-0000-4000-8000-000000000000").resource_id.startswith("ec403bbc-")
    with pytest.raises(ValueError, match="GUID"):
        Emulator(resource_id="contoso")


def test_a_clock_without_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Emulator(clock=lambda: datetime(2026, 10, 1)).handle(Request("POST", TARGET))  # noqa: DTZ001


# Entra ID tokens


@pytest.mark.parametrize("slashes", ["", "/", "//"])
def test_a_token_of_the_emulators_entra_id_gets_in(call: Any, emulator: Emulator, slashes: str) -> None:
    token = emulator.entra.issue_token(audience=f"https://communication.azure.com{slashes}")
    assert call.bearer("POST", "/identities", token).status == 201


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_word_bearer_is_compared_without_case(emulator: Emulator, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {emulator.entra.issue_token()}"}
    assert emulator.handle(Request("POST", TARGET, headers)).status == 201


@pytest.mark.parametrize(
    "audience",
    [
        "https://communication.azure.com///",
        "https://communication.azure.com.evil.example/",
        "https://graph.microsoft.com/",
        "https://auth.msft.communication.azure.com/",
        "",
    ],
)
def test_a_token_for_another_audience_is_refused(call: Any, emulator: Emulator, audience: str) -> None:
    response = call.bearer("POST", "/identities", emulator.entra.issue_token(audience=audience))
    assert_denied(response)
    assert "audience" in reason(response)


def test_an_entra_token_ends_with_its_last_second(call: Any, emulator: Emulator, clock: Any) -> None:
    token = emulator.entra.issue_token(expires_in=timedelta(seconds=60))
    clock.advance(seconds=59)
    assert call.bearer("POST", "/identities", token).status == 201
    clock.advance(seconds=1)
    response = call.bearer("POST", "/identities", token)
    assert_denied(response)
    assert "expired" in reason(response)


def test_an_entra_token_does_not_begin_before_its_time(call: Any, emulator: Emulator, clock: Any) -> None:
    token = emulator.entra.issue_token()
    clock.advance(seconds=-90)
    response = call.bearer("POST", "/identities", token)
    assert_denied(response)
    assert "valid in 90 s" in reason(response) or "valid in 89 s" in reason(response)


def test_a_token_of_another_emulator_is_refused(call: Any, clock: Any) -> None:
    response = call.bearer("POST", "/identities", Emulator(clock=clock).entra.issue_token())
    assert_denied(response)
    assert "another emulator" in reason(response)


def test_a_token_signed_with_another_key_is_refused(call: Any, emulator: Emulator) -> None:
    claims = jwt.decode(emulator.entra.issue_token(), options={"verify_signature": False})
    forged = jwt.encode(claims, rsa.generate_private_key(public_exponent=65537, key_size=2048), algorithm="RS256")
    response = call.bearer("POST", "/identities", forged)
    assert_denied(response)
    assert "another key" in reason(response)


def test_a_token_without_signature_or_with_a_shared_secret_is_refused(call: Any, emulator: Emulator) -> None:
    claims = jwt.decode(emulator.entra.issue_token(), options={"verify_signature": False})
    unsigned = jwt.encode(claims, "", algorithm="none")
    shared = jwt.encode(claims, "a shared secret that is long enough, as it must be", algorithm="HS256")
    for token in (unsigned, shared):
        assert_denied(call.bearer("POST", "/identities", token))


def test_a_changed_or_truncated_token_is_refused(call: Any, emulator: Emulator) -> None:
    token = emulator.entra.issue_token()
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    other = base64.urlsafe_b64encode(json.dumps(claims | {"oid": "another"}).encode()).decode().rstrip("=")
    for changed in (
        f"{header}.{other}.{signature}",
        token[:-20],
        f"{header}.{payload}",
        f"{header}.{payload}.",
        "",
        ".",
    ):
        assert_denied(call.bearer("POST", "/identities", changed))


def test_a_deeply_nested_or_huge_token_is_only_refused(call: Any) -> None:
    nested = base64.urlsafe_b64encode(b"[" * 100_000).decode().rstrip("=")
    for token in (f"{nested}.{nested}.AAAA", "A" * 500_000, "\ud800.é.x"):
        assert_denied(call.bearer("POST", "/identities", token))
