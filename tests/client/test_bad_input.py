"""Bad input is refused before anything is sent, by an error that says what to do."""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import azure.communication.identity as official
import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential, AzureNamedKeyCredential
from azure.core.rest import HttpRequest

from acs_identity import (
    CommunicationIdentityClient,
    MicrosoftTeamsAppIdentifier,
    PhoneNumberIdentifier,
    UnknownIdentifier,
)
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient

from .conftest import USER, Answers

MakeClient = Callable[..., CommunicationIdentityClient]


@pytest.fixture
def client(make_client: MakeClient) -> CommunicationIdentityClient:
    return make_client()


@pytest.fixture(autouse=True)
def nothing_is_sent(answers: Answers) -> Any:
    yield
    assert answers.sent == []


@pytest.mark.parametrize(
    ("scopes", "error", "what"),
    [
        ([], ValueError, "At least one scope is needed, of: chat, voip"),
        ((), ValueError, "At least one scope"),
        ([""], ValueError, "must not be empty"),
        ([" "], ValueError, "must not be empty"),
        ("chat", TypeError, r"a list such as \['chat', 'voip'\], not str"),
        (b"chat", TypeError, "not bytes"),
        (None, TypeError, "not NoneType"),
        (5, TypeError, "not int"),
        ([None], TypeError, "A scope must be a str or a CommunicationTokenScope, not NoneType"),
        ([["chat"]], TypeError, "not list"),
    ],
)
def test_scopes(client: CommunicationIdentityClient, scopes: Any, error: type[Exception], what: str) -> None:
    with pytest.raises(error, match=what):
        client.get_token(USER, scopes)
    with pytest.raises(error, match=what):
        client.create_user_and_token(scopes)


@pytest.mark.parametrize(
    "lifetime",
    [
        timedelta(minutes=59),
        timedelta(minutes=59, seconds=59),
        timedelta(minutes=60, seconds=1),
        timedelta(minutes=60, microseconds=1),
        timedelta(minutes=1441),
        timedelta(0),
        timedelta(minutes=-60),
        timedelta.max,
        timedelta.min,
    ],
)
def test_a_lifetime_that_is_out_of_range_or_no_whole_number_of_minutes(
    client: CommunicationIdentityClient, lifetime: timedelta
) -> None:
    with pytest.raises(ValueError, match="whole number of minutes from 60 to 1440"):
        client.get_token(USER, ["chat"], token_expires_in=lifetime)
    with pytest.raises(ValueError, match="whole number of minutes from 60 to 1440"):
        client.create_user_and_token(["chat"], token_expires_in=lifetime)


@pytest.mark.parametrize("lifetime", [60, 60.0, "60", True])
def test_a_lifetime_that_is_no_timedelta(client: CommunicationIdentityClient, lifetime: Any) -> None:
    with pytest.raises(TypeError, match=r"datetime\.timedelta such as timedelta\(hours=1\)"):
        client.get_token(USER, ["chat"], token_expires_in=lifetime)


@pytest.mark.parametrize(
    ("user", "error", "what"),
    [
        (None, TypeError, "not NoneType"),
        (5, TypeError, "a CommunicationUserIdentifier or a raw id, not int"),
        (USER.encode(), TypeError, "not bytes"),
        ({"id": USER}, TypeError, "not dict"),
        ("", ValueError, "starts with 8:acs:"),
        ("8:", ValueError, "starts with 8:acs:"),
        ("alice@contoso.com", ValueError, "starts with 8:acs:"),
        ("4:+15550100", ValueError, r"\(phone number\).*starts with 8:acs:"),
        (PhoneNumberIdentifier("+15550100"), ValueError, "phone number"),
        (MicrosoftTeamsAppIdentifier("45ab2481"), ValueError, "microsoft teams app"),
        (official.MicrosoftTeamsAppIdentifier("45ab2481"), ValueError, "microsoft teams app"),
        (UnknownIdentifier("45ab2481"), ValueError, "unknown"),
    ],
)
def test_users(client: CommunicationIdentityClient, user: Any, error: type[Exception], what: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.revoke_tokens(user),
        lambda: client.delete_user(user),
        lambda: client.get_token(user, ["chat"]),
    ]
    for call in calls:
        with pytest.raises(error, match=what) as caught:
            call()
        assert not isinstance(user, str) or len(user) < 3 or user not in str(caught.value)
        assert "45ab2481" not in str(caught.value)
        assert "15550100" not in str(caught.value)


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize(
    ("value", "error", "what"), [(None, TypeError, "must be a str"), ("", ValueError, "must not be empty")]
)
def test_the_parts_of_a_teams_exchange(
    client: CommunicationIdentityClient, position: int, value: Any, error: type[Exception], what: str
) -> None:
    arguments: list[Any] = ["token", "application", "user"]
    arguments[position] = value
    name = ("aad_token", "client_id", "user_object_id")[position]
    with pytest.raises(error, match=f"{name} {what}"):
        client.get_token_for_teams_user(*arguments)


class SyncCredential:
    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken("bearer", 4_000_000_000)


class AsyncCredential:
    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken("bearer", 4_000_000_000)


@pytest.mark.parametrize("client_class", [CommunicationIdentityClient, AsyncCommunicationIdentityClient])
@pytest.mark.parametrize("credential", [None, 5, b"c2VjcmV0", object(), AzureNamedKeyCredential("name", "c2VjcmV0")])
def test_an_unsupported_credential_is_refused_when_the_client_is_made(client_class: Any, credential: Any) -> None:
    with pytest.raises(TypeError, match=r"access key .* or a token credential"):
        client_class("https://contoso.communication.azure.com", credential)


@pytest.mark.parametrize("client_class", [CommunicationIdentityClient, AsyncCommunicationIdentityClient])
@pytest.mark.parametrize("credential", ["no base64!", "", AzureKeyCredential("no base64!")])
def test_a_bad_key_is_refused_when_the_client_is_made(client_class: Any, credential: Any) -> None:
    with pytest.raises(ValueError, match=r"access key is (not base64|empty)"):
        client_class("https://contoso.communication.azure.com", credential)


def test_a_credential_of_the_other_colour_is_refused_when_the_client_is_made() -> None:
    with pytest.raises(TypeError, match="belongs to the client in aio"):
        CommunicationIdentityClient("https://contoso.communication.azure.com", AsyncCredential())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="needs an async token credential"):
        AsyncCommunicationIdentityClient("https://contoso.communication.azure.com", SyncCredential())  # type: ignore[arg-type]


async def test_the_async_client_refuses_the_same_input() -> None:
    async with AsyncCommunicationIdentityClient("https://contoso.communication.azure.com", "c2VjcmV0") as client:
        assert "c2VjcmV0" not in repr(client)
        with pytest.raises(ValueError, match="At least one scope"):
            await client.get_token(USER, [])
        with pytest.raises(TypeError, match="The user must be"):
            await client.delete_user(None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="client is closed"):
        await client.send_request(HttpRequest("GET", "/"))


def test_without_aiohttp_the_async_client_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "acs_identity.aio._aiohttp_transport", raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(ImportError, match=r'pip install "acs-identity\[aio\]"'):
        AsyncCommunicationIdentityClient("https://contoso.communication.azure.com", "c2VjcmV0")
    CommunicationIdentityClient("https://contoso.communication.azure.com", "c2VjcmV0").close()
