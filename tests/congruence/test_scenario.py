"""The journey of a user and its tokens, the same on every backend, in both colours and every API version."""

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from .conftest import FOREIGN_ID, Backend, Subject

TENANT = "11111111-1111-4111-8111-111111111111"
APPLICATION = "22222222-2222-4222-8222-222222222222"
TEAMS_USER = "33333333-3333-4333-8333-333333333333"


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def code_of(error: HttpResponseError) -> tuple[int | None, str | None, str | None, str | None]:
    assert error.error is not None
    return error.status_code, error.error.code, error.error.message, error.error.target


async def test_a_new_user_gets_a_token_for_what_was_asked(subject: Subject) -> None:
    user = await subject.create_user()
    token = await subject.get_token(user, ["chat", "voip"])
    claims = claims_of(token.token)
    assert user.raw_id.startswith("8:acs:")
    assert claims["acsScope"] == "chat,voip"
    assert token.expires_on == claims["exp"]
    assert claims["exp"] - claims["iat"] == 24 * 60 * 60


async def test_a_user_and_a_token_come_in_one_call(subject: Subject) -> None:
    user, token = await subject.create_user_and_token(["chat"], token_expires_in=timedelta(hours=1))
    claims = claims_of(token.token)
    assert user.raw_id.startswith("8:acs:")
    assert claims["acsScope"] == "chat"
    assert claims["exp"] - claims["iat"] == 60 * 60


async def test_two_users_are_not_the_same(subject: Subject) -> None:
    assert await subject.create_user() != await subject.create_user()


async def test_a_token_is_renewed_with_another_lifetime(subject: Subject) -> None:
    user = await subject.create_user()
    short = await subject.get_token(user, ["voip.join"], token_expires_in=timedelta(minutes=60))
    long = await subject.issue_token(user.raw_id, ["voip.join"], token_expires_in=timedelta(minutes=90))
    assert 29 * 60 <= long.expires_on - short.expires_on <= 31 * 60


async def test_after_revoking_a_new_token_can_be_issued(subject: Subject) -> None:
    user, _ = await subject.create_user_and_token(["chat"])
    assert await subject.revoke_tokens(user) is None
    assert claims_of((await subject.get_token(user, ["chat"])).token)["acsScope"] == "chat"


async def test_a_deleted_user_gets_no_token(subject: Subject) -> None:
    user = await subject.create_user()
    assert await subject.delete_user(user) is None
    with pytest.raises(HttpResponseError, match="Provided identity doesn't exist"):
        await subject.get_token(user, ["chat"])


async def test_a_user_of_another_resource_is_refused(subject: Subject) -> None:
    calls: tuple[Callable[[], Any], ...] = (
        lambda: subject.get_token(FOREIGN_ID, ["chat"]),
        lambda: subject.revoke_tokens(FOREIGN_ID),
        lambda: subject.delete_user(FOREIGN_ID),
    )
    for call in calls:
        with pytest.raises(ClientAuthenticationError) as caught:
            await call()
        assert code_of(caught.value) == (
            401,
            "IdentityNotOwned",
            "Provided identity doesn't belong to the resource.",
            None,
        )


async def test_a_wrong_key_is_refused(make_subject: Callable[..., Subject]) -> None:
    with pytest.raises(ClientAuthenticationError) as caught:
        await make_subject("YW5vdGhlciBrZXk=").create_user()
    assert code_of(caught.value) == (401, "Denied", "Denied by the resource provider.", None)


async def test_a_token_credential_does_what_a_key_does(
    make_subject: Callable[..., Subject], backend: Backend, is_async: bool
) -> None:
    subject = make_subject(backend.token_credential(is_async=is_async))
    user, token = await subject.create_user_and_token(["chat"])
    assert claims_of(token.token)["acsScope"] == "chat"
    await subject.delete_user(user)


@pytest.mark.parametrize("minutes", [59, 1441])
async def test_the_service_refuses_a_lifetime_out_of_range(subject: Subject, minutes: int) -> None:
    user = await subject.create_user()
    with pytest.raises(HttpResponseError) as caught:
        await subject.issue_unchecked(user, minutes)
    assert code_of(caught.value) == (
        400,
        "ValidationError",
        f"ExpiresInMinutes value {minutes} is invalid. Value must be within the [60, 1440] interval.",
        "ExpiresInMinutes",
    )


async def test_the_token_of_a_teams_user_is_exchanged(subject: Subject, backend: Backend) -> None:
    entra_token = backend.entra_token(tenant_id=TENANT, client_id=APPLICATION, object_id=TEAMS_USER)
    token = await subject.get_token_for_teams_user(entra_token, APPLICATION, TEAMS_USER)
    assert token.expires_on > time.time()
    assert len(token.token.split(".")) == 3


async def test_a_worthless_token_of_a_teams_user_is_refused(subject: Subject) -> None:
    with pytest.raises(ClientAuthenticationError) as caught:
        await subject.get_token_for_teams_user("worthless", APPLICATION, TEAMS_USER)
    assert code_of(caught.value) == (401, "InvalidAccessToken", "Provided access token is not valid.", None)


@pytest.mark.parametrize(
    ("application", "user", "message", "target"),
    [
        ("invalid", TEAMS_USER, "Provided AppId has invalid format.", "appId"),
        (APPLICATION, "invalid", "Provided UserId has invalid format.", "userId"),
        (TENANT, TEAMS_USER, "AAD application is not the expected one.", "appId"),
        (APPLICATION, TENANT, "Provided AAD token issued for unexpected user.", "userId"),
    ],
)
async def test_the_token_of_a_teams_user_must_be_for_this_application_and_user(
    subject: Subject, backend: Backend, application: str, user: str, message: str, target: str
) -> None:
    entra_token = backend.entra_token(tenant_id=TENANT, client_id=APPLICATION, object_id=TEAMS_USER)
    with pytest.raises(HttpResponseError) as caught:
        await subject.get_token_for_teams_user(entra_token, application, user)
    assert code_of(caught.value) == (400, "ValidationError", message, target)
