"""What the client gives can be kept, compared, unpacked and used as a key."""

import pickle
from datetime import UTC, datetime

import azure.communication.identity as official
import azure.core.credentials
import pytest

from acs_identity import (
    AccessToken,
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
)

from .conftest import USER


def test_a_user_is_a_key_of_a_dict_and_equal_by_its_raw_id() -> None:
    users = {CommunicationUserIdentifier(USER): "alice"}
    assert users[CommunicationUserIdentifier("another id", raw_id=USER)] == "alice"
    assert CommunicationUserIdentifier(USER) != CommunicationUserIdentifier(USER + "0")
    assert CommunicationUserIdentifier(USER) != USER


def test_a_user_equals_that_of_the_official_client() -> None:
    assert CommunicationUserIdentifier(USER) == official.CommunicationUserIdentifier(USER)
    assert official.CommunicationUserIdentifier(USER) == CommunicationUserIdentifier(USER)


def test_a_user_cannot_be_changed() -> None:
    user = CommunicationUserIdentifier(USER)
    with pytest.raises(AttributeError):
        user.raw_id = "another"  # type: ignore[misc]
    user.properties["id"] = "another"
    assert user.properties == {"id": USER}


def test_a_user_has_kind_and_properties_as_in_the_official_client() -> None:
    user = CommunicationUserIdentifier(USER)
    assert isinstance(user, CommunicationIdentifier)
    assert user.kind is CommunicationIdentifierKind.COMMUNICATION_USER
    assert user.kind.value == official.CommunicationUserIdentifier(USER).kind.value
    assert user.properties == official.CommunicationUserIdentifier(USER).properties


def test_a_user_and_a_token_survive_pickling() -> None:
    user, token = CommunicationUserIdentifier(USER), AccessToken("token", 1_790_000_000)
    assert pickle.loads(pickle.dumps((user, token))) == (user, token)


def test_an_access_token_is_the_one_of_azure_core_with_a_datetime() -> None:
    access_token = AccessToken("token", 1_790_000_000)
    token, expires_on = access_token
    assert (token, expires_on) == ("token", 1_790_000_000)
    assert isinstance(access_token, azure.core.credentials.AccessToken)
    assert access_token == azure.core.credentials.AccessToken("token", 1_790_000_000)
    assert access_token.expires_at == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)


def test_the_scopes_are_those_of_the_official_client() -> None:
    ours = {scope.name: scope.value for scope in CommunicationTokenScope}
    assert ours == {scope.name: scope.value for scope in official.CommunicationTokenScope}
    assert f"{CommunicationTokenScope.CHAT_JOIN_LIMITED}" == "chat.join.limited"
