"""Identity ids, tokens and keys never appear in log lines, reprs, spans or error texts."""

import logging
import traceback
from collections.abc import Callable

import pytest
import requests
from azure.core.exceptions import AzureError, HttpResponseError

from acs_identity import AccessToken, CommunicationIdentityClient, CommunicationUserIdentifier
from acs_identity._redaction import redact

from .conftest import KEY, USER, Answers

MakeClient = Callable[..., CommunicationIdentityClient]
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJza3lwZWlkIjoiYWNzOjFfMiJ9.c2lnbmF0dXJl"
SECRETS = (USER, USER[2:], USER.replace(":", "%3A"), TOKEN, KEY, "Signature=")


def assert_no_secret(text: str) -> None:
    assert text
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize(
    "logger", ["azure.core.pipeline.policies.http_logging_policy", "azure", "acs_identity", ""], ids=lambda name: name
)
def test_no_log_line_shows_one_at_any_level(
    make_client: MakeClient, answers: Answers, caplog: pytest.LogCaptureFixture, logger: str
) -> None:
    answers.add(200, {"token": TOKEN, "expiresOn": "2026-11-22T17:32:27.2078535+00:00"})
    with caplog.at_level(logging.DEBUG, logger):
        make_client().get_token(USER, ["chat"], logging_enable=True)
    if logger.startswith("azure") or not logger:
        assert "/identities/REDACTED/:issueAccessToken" in caplog.text
    assert [secret for secret in SECRETS if secret in caplog.text] == []


def test_no_repr_shows_one(make_client: MakeClient) -> None:
    user, token = CommunicationUserIdentifier(USER), AccessToken(TOKEN, 1_790_000_000)
    for shown in (repr(user), str(user), repr(token), str(token), f"{token}", repr([user, token]), repr(make_client())):
        assert_no_secret(shown)
    assert repr(user) == "CommunicationUserIdentifier('8:acs:...0081')"
    assert repr(CommunicationUserIdentifier("8:acs:short")) == "CommunicationUserIdentifier('8:acs:...')"


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError(f"Max retries exceeded with url: /identities/{USER}/:issueAccessToken"),
        requests.ReadTimeout(f"https://contoso.communication.azure.com/identities/{USER.replace(':', '%3A')} is slow"),
    ],
)
def test_no_network_error_shows_one(make_client: MakeClient, answers: Answers, failure: Exception) -> None:
    answers.fail(failure)
    with pytest.raises(AzureError) as caught:
        make_client(retry_total=0).get_token(USER, ["chat"])
    assert_no_secret("".join(traceback.format_exception(caught.value)).split("AzureError")[-1].splitlines()[-1])
    assert_no_secret(str(caught.value))
    assert_no_secret(repr(caught.value))
    assert_no_secret(caught.value.message)


def test_no_refusal_shows_one_even_where_the_service_repeats_it(make_client: MakeClient, answers: Answers) -> None:
    uri = f"https://52.168.169.1/identities/{USER}"
    message = f"The HTTP resource that matches the request URI '{uri}' does not support the API version '2020-01-01'."
    answers.add(400, {"error": {"code": "UnsupportedApiVersion", "message": message}})
    with pytest.raises(HttpResponseError) as caught:
        make_client().delete_user(USER)
    assert "does not support the API version '2020-01-01'" in str(caught.value)
    assert_no_secret(str(caught.value))


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"no user {USER} here", "no user 8:acs:REDACTED here"),
        ("8%3Aacs%3A1_2", "8:acs:REDACTED"),
        ("8:orgid:37691ec4-57fb-4c0f-ae31-32791610cb14", "8:orgid:REDACTED"),
        ("28:orgid:37691ec4-57fb-4c0f-ae31-32791610cb14", "28:orgid:REDACTED"),
        ("call 4:+15550100 now", "call 4:REDACTED now"),
        (f"Bearer {TOKEN}", "Bearer REDACTED"),
        ("/tenants/t-1/assignments/o-2?x", "/tenants/REDACTED/assignments/REDACTED?x"),
        ("nothing at 18:30:00 or 8: oh", "nothing at 18:30:00 or 8: oh"),
    ],
)
def test_what_is_secret_is_redacted_and_nothing_else(text: str, redacted: str) -> None:
    assert redact(text) == redacted
