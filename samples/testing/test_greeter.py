from datetime import timedelta

import greeter
import pytest

from acs_identity import CommunicationIdentityClient, NotFoundError
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity.testing import Target

pytestmark = pytest.mark.vcr


def test_a_guest_gets_an_hour(client: CommunicationIdentityClient) -> None:
    guest = greeter.welcome(client)
    assert timedelta(minutes=59) < guest.time_left <= timedelta(hours=1)
    greeter.goodbye(client, guest)


def test_a_token_with_time_left_is_kept(client: CommunicationIdentityClient) -> None:
    guest = greeter.welcome(client)
    before = guest.token
    greeter.keep(client, guest)
    assert guest.token == before


def test_a_token_about_to_end_is_renewed(client: CommunicationIdentityClient, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = greeter.welcome(client)
    monkeypatch.setattr(greeter, "RENEW_BEFORE", timedelta(hours=2))
    monkeypatch.setattr(greeter, "LIFETIME", timedelta(hours=3))
    greeter.keep(client, guest)
    assert guest.time_left > timedelta(hours=2)


def test_a_guest_who_left_gets_no_token(client: CommunicationIdentityClient) -> None:
    guest = greeter.welcome(client)
    greeter.goodbye(client, guest)
    with pytest.raises(NotFoundError):
        client.get_token(guest.user, ["chat"])


async def test_it_works_in_async_code(acs_target: Target) -> None:
    async with AsyncCommunicationIdentityClient.from_connection_string(acs_target.connection_string) as client:
        user, token = await client.create_user_and_token(["voip"])
        assert token.token.count(".") == 2
        await client.delete_user(user)
