"""Every request is authenticated with what the credential holds at that moment."""

import base64
import hashlib
import hmac
import io
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest as LegacyHttpRequest
from azure.core.rest import HttpRequest

from acs_identity import CommunicationIdentityClient, HmacAuthenticationPolicy

from .conftest import USER, Answers, Sent

MakeClient = Callable[..., CommunicationIdentityClient]


def is_signed_with(key: bytes, request: Sent) -> bool:
    """Tell whether the key signed this request as it left, worked out from the request alone."""
    parts = urlsplit(request.url)
    hashed = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    text = f"{request.method}\n{target}\n{request.headers['x-ms-date']};{parts.netloc};{hashed}"
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    return (
        request.headers["Authorization"]
        == f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}"
        and request.headers["x-ms-content-sha256"] == hashed
    )


@pytest.mark.parametrize("credential", ["c2VjcmV0", " c2VjcmV0\n", AzureKeyCredential("c2VjcmV0")])
def test_a_key_signs_as_text_and_as_credential(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any], credential: Any
) -> None:
    answers.add(200, token_answer)
    make_client(credential).get_token(USER, ["chat"])
    assert is_signed_with(b"secret", answers.sent[0])


def test_a_rotated_key_signs_the_next_request(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any]
) -> None:
    credential = AzureKeyCredential(base64.b64encode(b"old").decode())
    client = make_client(credential)
    answers.add(201, user_answer)
    client.create_user()
    credential.update(base64.b64encode(b"new").decode())
    answers.add(201, user_answer)
    client.create_user()
    assert [is_signed_with(key, sent) for key, sent in zip((b"old", b"new"), answers.sent, strict=True)] == [True, True]


def test_a_rotation_to_a_bad_key_is_an_error_that_does_not_show_it(make_client: MakeClient) -> None:
    credential = AzureKeyCredential("c2VjcmV0")
    client = make_client(credential)
    credential.update("no base64!")
    with pytest.raises(ValueError, match="access key is not base64") as caught:
        client.create_user()
    assert "no base64!" not in str(caught.value)


def test_a_retried_request_is_signed_anew(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta

    import acs_identity._authentication as authentication

    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(3)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return moments.pop(0)

    monkeypatch.setattr(authentication, "datetime", Clock)
    answers.add(429, {"error": {"code": "TooManyRequests", "message": "slow down"}}, {"Retry-After": "0"})
    answers.fail(requests.ConnectionError("reset"))
    answers.add(201, user_answer)
    credential = AzureKeyCredential("c2VjcmV0")
    client = make_client(credential, retry_backoff_factor=0)
    client.create_user(retry_on_methods=["POST"])
    assert [sent.headers["x-ms-date"] for sent in answers.sent] == [
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "Thu, 01 Jan 2026 00:01:00 GMT",
        "Thu, 01 Jan 2026 00:02:00 GMT",
    ]
    assert all(is_signed_with(b"secret", sent) for sent in answers.sent)


class Credential:
    def __init__(self) -> None:
        self.scopes: list[tuple[str, ...]] = []

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        self.scopes.append(scopes)
        return AccessToken("entra-token", 4_000_000_000)


def test_a_token_credential_is_asked_for_the_scope_of_the_service(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any]
) -> None:
    credential = Credential()
    answers.add(201, user_answer)
    make_client(credential).create_user()
    assert credential.scopes == [("https://communication.azure.com//.default",)]
    assert answers.sent[0].headers["Authorization"] == "Bearer entra-token"
    assert {"x-ms-date", "x-ms-content-sha256"}.isdisjoint(map(str.lower, answers.sent[0].headers))


def test_a_bearer_token_goes_over_plain_http_to_this_machine_only(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any]
) -> None:
    from azure.core.exceptions import ServiceRequestError

    answers.add(201, user_answer)
    make_client(Credential(), "http://127.0.0.1:10100").create_user()
    with pytest.raises(ServiceRequestError, match="https"):
        make_client(Credential(), "http://contoso.communication.azure.com").create_user()
    assert len(answers.sent) == 1


def test_a_refusal_is_the_exception_type_of_azure_core(make_client: MakeClient, answers: Answers) -> None:
    answers.add(401, {"error": {"code": "Denied", "message": "Denied by the resource provider."}})
    with pytest.raises(ClientAuthenticationError, match="Denied by the resource provider") as caught:
        make_client().create_user()
    assert caught.value.error is not None
    assert caught.value.error.code == "Denied"
    assert caught.value.status_code == 401


def parts() -> Iterator[bytes]:
    yield b'{"scopes": '
    yield b'["chat"]}'


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b'{"scopes": ["chat"]}', b'{"scopes": ["chat"]}'),
        ('{"name": "Zoë"}', '{"name": "Zoë"}'.encode()),
        (io.BytesIO(b'{"scopes": ["chat"]}'), b'{"scopes": ["chat"]}'),
        (io.StringIO('{"name": "Zoë"}'), '{"name": "Zoë"}'.encode()),
        (bytearray(b"{}"), b"{}"),
        (parts(), b'{"scopes": ["chat"]}'),
        (b"", b""),
    ],
)
def test_every_kind_of_body_is_signed_as_it_is_sent(
    make_client: MakeClient, answers: Answers, content: Any, sent: bytes
) -> None:
    answers.add(204)
    url = "/identities/8%3Aacs%3A1_2/:revokeAccessTokens?api-version=2026-09-23"
    make_client().send_request(HttpRequest("POST", url, content=content))
    request = answers.sent[0]
    assert request.body == sent
    assert is_signed_with(b"secret", request)
    assert "Transfer-Encoding" not in request.headers
    assert not sent or request.headers["Content-Length"] == str(len(sent))


def test_a_raw_operation_takes_a_stream_as_body(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any]
) -> None:
    bodies: list[Any] = [io.BytesIO(b'{"scopes": ["chat"]}'), b'{"scopes": ["chat"]}']
    for body in bodies:
        answers.add(200, token_answer)
        make_client().raw.identity.issue_access_token(USER, body)
        assert is_signed_with(b"secret", answers.sent[-1])


def test_form_data_is_signed_as_it_is_sent(make_client: MakeClient, answers: Answers) -> None:
    answers.add(200, {})
    make_client().send_request(HttpRequest("POST", "/form", data={"a": "1 2", "b": "é"}))
    assert answers.sent[0].body == b"a=1+2&b=%C3%A9"
    assert is_signed_with(b"secret", answers.sent[0])


async def stream() -> AsyncIterator[bytes]:
    yield b"{}"


URL = "https://contoso.communication.azure.com/"
NO_BODY: Any = 5


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(HttpRequest("POST", URL, files={"file": b"content"}), id="multipart"),
        pytest.param(HttpRequest("POST", URL, content=stream()), id="async stream"),
        pytest.param(LegacyHttpRequest("POST", URL, data=NO_BODY), id="no body at all"),
    ],
)
def test_a_body_that_cannot_be_signed_in_advance_is_refused(request_: Any) -> None:
    policy = HmacAuthenticationPolicy("c2VjcmV0")
    wrapped: PipelineRequest[Any] = PipelineRequest(request_, PipelineContext(None))
    with pytest.raises(TypeError, match="Pass the body as bytes"):
        policy.on_request(wrapped)


def test_the_signature_is_for_the_host_header_that_is_sent(make_client: MakeClient, answers: Answers) -> None:
    answers.add(200, {})
    client = make_client(endpoint="https://CONTOSO.communication.azure.com:443/")
    client.send_request(HttpRequest("GET", "/identities/8%3aacs%3a1"))
    assert answers.sent[0].url == "https://contoso.communication.azure.com/identities/8:acs:1"
    assert is_signed_with(b"secret", answers.sent[0])


def test_the_policy_takes_a_key_and_nothing_else() -> None:
    with pytest.raises(TypeError, match="must be a str or an AzureKeyCredential, not bytes"):
        HmacAuthenticationPolicy(b"c2VjcmV0")  # type: ignore[arg-type]
