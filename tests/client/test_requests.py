"""What the friendly methods put on the wire, seen below the transport."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from acs_identity import AccessToken, CommunicationIdentityClient, CommunicationTokenScope, CommunicationUserIdentifier

from .conftest import USER, Answers

MakeClient = Callable[..., CommunicationIdentityClient]


def body_of(answers: Answers, index: int = -1) -> Any:
    body = answers.sent[index].body
    return json.loads(body) if body else None


def target_of(answers: Answers) -> str:
    return urlsplit(answers.sent[-1].url).path


def test_creating_a_user_sends_no_body_and_returns_the_user(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any]
) -> None:
    answers.add(201, user_answer)
    user = make_client().create_user()
    assert user == CommunicationUserIdentifier(USER)
    assert (answers.sent[0].method, target_of(answers), body_of(answers)) == ("POST", "/identities", None)


@pytest.mark.parametrize("api_version", ["2023-10-01", "2026-09-23"])
def test_the_api_version_of_the_client_is_in_every_request(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any], api_version: str
) -> None:
    answers.add(201, user_answer)
    make_client(api_version=api_version).create_user()
    assert parse_qs(urlsplit(answers.sent[0].url).query) == {"api-version": [api_version]}


def test_creating_a_user_with_a_token_returns_both(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any], token_answer: dict[str, Any]
) -> None:
    answers.add(201, {**user_answer, "accessToken": token_answer})
    user, token = make_client().create_user_and_token([CommunicationTokenScope.CHAT, "voip"])
    assert user.raw_id == USER
    assert token.token == "the-token"
    assert body_of(answers) == {"createTokenWithScopes": ["chat", "voip"]}


def test_a_token_carries_its_expiry_as_int_and_as_datetime(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any], token_expires_on: int
) -> None:
    answers.add(200, token_answer)
    token = make_client().get_token(USER, ["chat"])
    assert token == AccessToken("the-token", token_expires_on)
    assert type(token.expires_on) is int
    assert token.expires_at == datetime(2026, 11, 22, 17, 32, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    "user",
    [
        USER,
        CommunicationUserIdentifier(USER),
        CommunicationUserIdentifier("another name", raw_id=USER),
        pytest.param("official", id="an identifier of the official client"),
    ],
)
def test_a_user_is_given_as_identifier_of_either_package_or_as_raw_id(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any], user: Any
) -> None:
    if user == "official":
        from azure.communication.identity import CommunicationUserIdentifier as Official

        user = Official(USER)
    answers.add(200, token_answer)
    make_client().get_token(user, ["chat"])
    assert target_of(answers) == f"/identities/{USER}/:issueAccessToken"


@pytest.mark.parametrize(("lifetime", "minutes"), [(timedelta(hours=1), 60), (timedelta(days=1), 1440)])
def test_a_lifetime_is_sent_in_minutes(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any], lifetime: timedelta, minutes: int
) -> None:
    answers.add(200, token_answer)
    make_client().get_token(USER, ["chat"], token_expires_in=lifetime)
    assert body_of(answers) == {"scopes": ["chat"], "expiresInMinutes": minutes}


def test_without_a_lifetime_the_service_decides(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any]
) -> None:
    answers.add(200, token_answer)
    make_client().get_token(USER, ["chat"])
    assert body_of(answers) == {"scopes": ["chat"]}


def test_issue_token_is_get_token_under_the_name_of_the_operation(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any]
) -> None:
    answers.add(200, token_answer)
    answers.add(200, token_answer)
    client = make_client()
    assert client.issue_token(USER, ["chat"], token_expires_in=timedelta(hours=2)) == client.get_token(
        USER, ["chat"], token_expires_in=timedelta(hours=2)
    )
    assert body_of(answers, 0) == body_of(answers, 1)
    assert answers.sent[0].url == answers.sent[1].url


def test_revoking_and_deleting_name_the_user_and_return_nothing(make_client: MakeClient, answers: Answers) -> None:
    client = make_client()
    answers.add(204)
    client.revoke_tokens(USER)
    assert (answers.sent[-1].method, target_of(answers)) == ("POST", f"/identities/{USER}/:revokeAccessTokens")
    answers.add(204)
    client.delete_user(USER)
    assert (answers.sent[-1].method, target_of(answers)) == ("DELETE", f"/identities/{USER}")


def test_the_exchange_for_a_teams_user_sends_token_application_and_user(
    make_client: MakeClient, answers: Answers, token_answer: dict[str, Any]
) -> None:
    answers.add(200, token_answer)
    token = make_client().get_token_for_teams_user("entra-token", "application", "user")
    assert token.token == "the-token"
    assert target_of(answers) == "/teamsUser/:exchangeAccessToken"
    assert body_of(answers) == {"token": "entra-token", "appId": "application", "userId": "user"}


def test_any_request_can_be_sent_through_the_pipeline(make_client: MakeClient, answers: Answers) -> None:
    from azure.core.rest import HttpRequest

    answers.add(200, {"new": "operation"})
    response = make_client().send_request(HttpRequest("GET", "/identities?api-version=2030-01-01"))
    assert response.json() == {"new": "operation"}
    assert answers.sent[0].url == "https://contoso.communication.azure.com/identities?api-version=2030-01-01"
    assert answers.sent[0].headers["Authorization"].startswith("HMAC-SHA256 ")


def test_the_raw_client_shares_the_pipeline(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any]
) -> None:
    answers.add(201, user_answer)
    answer = make_client().raw.identity.create()
    assert answer.identity.id == USER
    assert answers.sent[0].headers["Authorization"].startswith("HMAC-SHA256 ")


def test_the_user_agent_names_the_package_and_what_the_user_adds(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any]
) -> None:
    answers.add(201, user_answer)
    make_client(user_agent="my-broker/2").create_user()
    assert answers.sent[0].headers["User-Agent"].startswith("my-broker/2 acs-identity/")


def test_a_success_without_the_token_that_was_asked_for_is_an_error(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any]
) -> None:
    from azure.core.exceptions import DecodeError

    answers.add(201, user_answer)
    with pytest.raises(DecodeError, match="without the access token"):
        make_client().create_user_and_token(["chat"])


@pytest.mark.parametrize("body", [{}, {"identity": {}}, {"identity": None}, [], b"", b"null"])
def test_a_success_without_a_user_is_an_error_that_says_so(
    make_client: MakeClient, answers: Answers, body: Any
) -> None:
    from azure.core.exceptions import DecodeError

    answers.add(201, body)
    with pytest.raises(DecodeError, match=r"without the user|not what the contract"):
        make_client().create_user()


def test_the_client_is_closed_at_the_end_of_its_with_block(
    make_client: MakeClient, answers: Answers, user_answer: dict[str, Any]
) -> None:
    answers.add(201, user_answer)
    with make_client() as client:
        client.create_user()
    for call in (client.create_user, lambda: client.delete_user(USER), lambda: client.raw, client.__enter__):
        with pytest.raises(RuntimeError, match="client is closed"):
            call()
    client.close()
