"""What the service does to users and tokens can be seen afterwards, whichever client asked for it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.communication.identity as official
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

from acs_identity import CommunicationIdentityClient
from acs_identity_emulator import Emulator, EmulatorServer, EmulatorTransport


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture(params=["in process", "http"])
def client(request: pytest.FixtureRequest, emulator: Emulator) -> Iterator[CommunicationIdentityClient]:
    if request.param == "in process":
        with CommunicationIdentityClient.from_connection_string(
            emulator.connection_string, transport=EmulatorTransport(emulator)
        ) as client:
            yield client
        return
    with (
        EmulatorServer(emulator, port=0) as server,
        CommunicationIdentityClient.from_connection_string(server.connection_string) as client,
    ):
        yield client


def test_revoking_ends_the_tokens_issued_before_and_no_later_one(
    client: CommunicationIdentityClient, emulator: Emulator
) -> None:
    user, before = client.create_user_and_token(["chat"])
    _, of_another = client.create_user_and_token(["chat"])
    client.revoke_tokens(user)
    after = client.get_token(user, ["chat"])
    states = [emulator.introspect(token.token).state for token in (before, of_another, after)]
    assert states == ["revoked", "live", "live"]


def test_deleting_ends_every_token_of_the_user(client: CommunicationIdentityClient, emulator: Emulator) -> None:
    user, token = client.create_user_and_token(["chat"])
    client.delete_user(user)
    assert emulator.introspect(token.token).state == "deleted"


def test_a_token_ends_when_it_said_it_would() -> None:
    moment = datetime.now(UTC)
    emulator = Emulator(clock=lambda: moment)
    with CommunicationIdentityClient.from_connection_string(
        emulator.connection_string, transport=EmulatorTransport(emulator)
    ) as client:
        _, token = client.create_user_and_token(["chat"], token_expires_in=timedelta(hours=1))
    moment = token.expires_at - timedelta(seconds=1)
    assert emulator.introspect(token.token).state == "live"
    moment = token.expires_at + timedelta(seconds=1)
    assert emulator.introspect(token.token).state == "expired"


def test_a_user_of_the_official_client_is_one_of_ours_and_the_other_way_round(server: EmulatorServer) -> None:
    theirs: Any = official.CommunicationIdentityClient(server.endpoint, AzureKeyCredential(server.emulator.access_key))
    with CommunicationIdentityClient.from_connection_string(server.connection_string) as ours:
        their_user = theirs.create_user()
        token = ours.get_token(their_user, ["chat"])
        assert server.emulator.introspect(token.token).state == "live"
        theirs.revoke_tokens(their_user)
        assert server.emulator.introspect(token.token).state == "revoked"
        our_user = ours.create_user()
        their_token = theirs.get_token(official.CommunicationUserIdentifier(our_user.raw_id), ["chat"])
        assert server.emulator.introspect(their_token.token).state == "live"
        ours.delete_user(their_user)
        with pytest.raises(HttpResponseError, match="doesn't exist"):
            theirs.get_token(their_user, ["chat"])
    theirs._identity_service_client.close()
