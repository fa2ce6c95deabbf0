"""What is signed is what the service sees, for every method, URL, body, key and time."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests.models import PreparedRequest
from yarl import URL

from acs_identity._signing import canonical_url, content_hash, decode_access_key, sign

MOMENT = datetime(2022, 4, 13, 18, 9, 12, tzinfo=UTC)
ID = "8%3Aacs%3A2dee53b4-368b-45b4-ab52-8493fb117652_00000005-14a2-493b-8a72-5a3a0d000081"


def test_the_golden_vector_of_the_official_clients_is_met() -> None:
    headers = sign(
        "GET",
        "https://contoso.communicationservices.azure.com/testPath?testQuery=yes",
        b"",
        decode_access_key("pw=="),
        MOMENT,
    )
    assert headers == {
        "x-ms-date": "Wed, 13 Apr 2022 18:09:12 GMT",
        "x-ms-content-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "Authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256"
        "&Signature=il99+rd6V5O136roX/zVePCNle78HmvC4B7tu9zRH3I=",
    }


def test_the_hash_of_no_body_is_the_one_seen_on_the_wire() -> None:
    assert content_hash(b"") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_the_date_is_in_gmt_whatever_the_time_zone_of_the_clock() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=9, minutes=30)))
    assert sign("GET", "https://contoso.com/", b"", b"k", elsewhere)["x-ms-date"] == "Wed, 13 Apr 2022 18:09:12 GMT"


def test_an_official_client_signs_the_same_request_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.communication.identity._shared import policy as official
    from azure.core.pipeline import PipelineContext, PipelineRequest
    from azure.core.pipeline.transport import HttpRequest

    monkeypatch.setattr(official, "get_current_utc_time", lambda: "Wed, 13 Apr 2022 18:09:12 GMT")
    url = "https://contoso.communication.azure.com/identities/8:acs:1_2/:issueAccessToken?api-version=2023-10-01"
    request = HttpRequest("POST", url)
    request.body = '{"scopes": ["chat"]}'
    wrapped: PipelineRequest[Any] = PipelineRequest(request, PipelineContext(None))
    signer: Any = official.HMACCredentialsPolicy
    signer("https://contoso.communication.azure.com", "c2VjcmV0").on_request(wrapped)
    ours = sign("POST", url, b'{"scopes": ["chat"]}', b"secret", MOMENT)
    assert {name: request.headers[name] for name in ours} == ours


@given(
    method=st.sampled_from(["get", "POST", "Delete", "PUT", "PATCH"]),
    path=st.sampled_from(["/", "/identities", f"/identities/{ID}", "/a%20b"]),
    query=st.sampled_from(["", "api-version=2026-09-23", "a=%26&b=c+d"]),
    port=st.sampled_from([None, 80, 443, 8080]),
    scheme=st.sampled_from(["http", "https"]),
    body=st.binary(max_size=300),
    key=st.binary(min_size=1, max_size=64),
    seconds=st.integers(0, 4_000_000_000),
)
def test_the_signature_covers_method_target_date_host_and_body(
    method: str, path: str, query: str, port: int | None, scheme: str, body: bytes, key: bytes, seconds: int
) -> None:
    authority = "contoso.com" if port is None else f"contoso.com:{port}"
    target = f"{path}?{query}" if query else path
    headers = sign(method, f"{scheme}://{authority}{target}", body, key, datetime.fromtimestamp(seconds, UTC))
    host = "contoso.com" if (scheme, port) in {("http", 80), ("https", 443), (scheme, None)} else authority
    hashed = base64.b64encode(hashlib.sha256(body).digest()).decode()
    signed = f"{method.upper()}\n{target}\n{headers['x-ms-date']};{host};{hashed}"
    expected = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
    assert headers["x-ms-content-sha256"] == hashed
    assert headers["Authorization"].endswith(f"&Signature={expected}")
    assert datetime.strptime(headers["x-ms-date"], "%a, %d %b %Y %H:%M:%S GMT").replace(
        tzinfo=UTC
    ) == datetime.fromtimestamp(seconds, UTC)


def test_the_host_header_of_the_caller_is_the_one_signed() -> None:
    through_a_tunnel = sign("GET", "http://127.0.0.1:8080/", b"", b"k", MOMENT, "contoso.communication.azure.com")
    assert through_a_tunnel == sign("GET", "https://contoso.communication.azure.com/", b"", b"k", MOMENT)


odd_text = st.text(
    st.one_of(
        st.sampled_from("%20afAF:/&=+;~ .é€\"<>[]{}|^`'!$()*,@"),
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="?#"),
    ),
    max_size=12,
)


@given(path=odd_text, query=odd_text)
@example(path="%zz", query="%")
@example(path=ID, query="api-version=2026-09-23")
def test_no_transport_changes_a_url_after_it_was_signed(path: str, query: str) -> None:
    try:
        url = canonical_url(f"https://contoso.com/x{path}?k={query}")
    except ValueError as error:
        assert ". or .." in str(error)  # noqa: PT017 - either the error or what follows
        return
    sent_by_requests = PreparedRequest()
    sent_by_requests.prepare_url(url, None)
    assert canonical_url(url) == url
    assert str(URL(url)) == url
    assert sent_by_requests.url == url


def test_the_canonical_spelling_is_still_the_same_identity() -> None:
    url = canonical_url(f"https://contoso.com/identities/{ID}/:issueAccessToken?api-version=2026-09-23")
    assert urlsplit(url).path == f"/identities/{ID.replace('%3A', ':')}/:issueAccessToken"


@pytest.mark.parametrize("path", ["/a/../b", "/a/%2e%2E/b", "/./a", "/a/.."])
def test_a_path_that_transports_would_resolve_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"segments \. or \.\."):
        canonical_url(f"https://contoso.com{path}")


@pytest.mark.parametrize("wrong", ["", " ", "not base64!", "YWJj=ZGVm", "YWJjZ", "clé=", "YWJj\x00"])
def test_a_key_that_is_not_base64_is_refused_without_showing_it(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"access key is (empty|not base64)") as caught:
        decode_access_key(wrong)
    assert not wrong.strip() or wrong not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@given(st.binary(min_size=1, max_size=100))
def test_every_key_in_base64_is_decoded_with_or_without_blanks_around_it(key: bytes) -> None:
    assert decode_access_key(f" {base64.b64encode(key).decode()}\n") == key
