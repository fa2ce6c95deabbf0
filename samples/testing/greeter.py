"""A small application: who joins the chat gets a user and an access token, and leaves no user behind."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from acs_identity import AccessToken, CommunicationIdentityClient, CommunicationUserIdentifier

LIFETIME = timedelta(hours=1)
RENEW_BEFORE = timedelta(minutes=10)


@dataclass
class Guest:
    """Somebody in the chat."""

    user: CommunicationUserIdentifier
    token: AccessToken

    @property
    def time_left(self) -> timedelta:
        """How long the token can still be used."""
        return datetime.fromtimestamp(self.token.expires_on, UTC) - datetime.now(UTC)


def welcome(client: CommunicationIdentityClient) -> Guest:
    """Let somebody in."""
    user, token = client.create_user_and_token(["chat"], token_expires_in=LIFETIME)
    return Guest(user, token)


def keep(client: CommunicationIdentityClient, guest: Guest) -> None:
    """Renew the token of a guest when it is about to end."""
    if guest.time_left < RENEW_BEFORE:
        guest.token = client.get_token(guest.user, ["chat"], token_expires_in=LIFETIME)


def goodbye(client: CommunicationIdentityClient, guest: Guest) -> None:
    """See a guest off."""
    client.delete_user(guest.user)
