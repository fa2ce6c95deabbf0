"""An access token can be kept, compared and unpacked, and the scopes are those of the service."""

import pickle
from datetime import UTC, datetime

import azure.communication.identity as official
import azure.core.credentials

from acs_identity import AccessToken, CommunicationTokenScope


def test_a_token_survives_pickling() -> None:
    token = AccessToken("token", 1_790_000_000)
    restored = pickle.loads(pickle.dumps(token))
    assert restored == token
    assert type(restored) is AccessToken


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
