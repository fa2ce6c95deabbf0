"""A user can carry an id of one's own, and be read, where the API version has that."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, DecodeError, ResourceNotFoundError

from acs_identity import CommunicationUserDetail, CommunicationUserIdentifier
from acs_identity_emulator import Emulator

from .both_colours import PREVIEW, Either, Scripted
from .conftest import KEY, USER

pytestmark = pytest.mark.filterwarnings("ignore:.* is a preview:UserWarning")
CUSTOM_ID = "alice@contoso.com"
NOON = datetime(2026, 10, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture(params=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "async")


@pytest.fixture
def emulator() -> Emulator:
    moments = iter(NOON + timedelta(minutes=minute) for minute in range(100))
    return Emulator(clock=lambda: next(moments), allowed_skew=timedelta(days=36500))


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture
async def client(emulator: Emulator, is_async: bool) -> AsyncIterator[Either]:
    client = Either(emulator, emulator.access_key, is_async=is_async, api_version=PREVIEW)
    yield client
    await client.close()


@pytest.fixture
async def on_script(scripted: Scripted, is_async: bool) -> AsyncIterator[Either]:
    client = Either(scripted, KEY, is_async=is_async, api_version=PREVIEW)
    yield client
    await client.close()


async def test_a_custom_id_finds_the_user_that_was_created_with_it(client: Either) -> None:
    user = await client.create_user(custom_id=CUSTOM_ID)
    again, _ = await client.create_user_and_token(["chat"], custom_id=CUSTOM_ID)
    assert again == user
    assert await client.create_user() != user
    assert (await client.get_user(user)).custom_id == CUSTOM_ID


async def test_reading_a_user_tells_when_it_last_got_a_token(client: Either) -> None:
    user = await client.create_user()
    assert await client.get_user(user) == CommunicationUserDetail(user, None, None)
    await client.get_token(user, ["chat"])
    first = (await client.get_user(user.raw_id)).last_token_issued_at
    await client.get_token(user, ["chat"])
    second = (await client.get_user(user)).last_token_issued_at
    assert first.tzinfo is UTC
    assert NOON - timedelta(seconds=1) < first < second < NOON + timedelta(hours=1)


async def test_a_user_that_is_gone_or_of_another_resource_cannot_be_read(client: Either) -> None:
    user = await client.create_user()
    await client.delete_user(user)
    with pytest.raises(ResourceNotFoundError, match="Provided identity doesn't exist"):
        await client.get_user(user)
    with pytest.raises(ClientAuthenticationError, match="doesn't belong to the resource") as caught:
        await client.get_user(USER)
    assert USER not in str(caught.value)


async def test_what_is_created_is_sent_in_one_body(on_script: Either, scripted: Scripted) -> None:
    token = {"token": "the-token", "expiresOn": "2026-11-22T17:32:27.2078535+00:00"}
    scripted.add(201, {"identity": {"id": USER}})
    await on_script.create_user(custom_id=CUSTOM_ID)
    assert scripted.body() == {"customId": CUSTOM_ID}
    scripted.add(201, {"identity": {"id": USER}, "accessToken": token})
    await on_script.create_user_and_token(["chat"], token_expires_in=timedelta(hours=1), custom_id=CUSTOM_ID)
    assert scripted.body() == {"customId": CUSTOM_ID, "createTokenWithScopes": ["chat"], "expiresInMinutes": 60}


async def test_the_time_of_the_last_token_is_in_utc_wherever_the_service_is(
    on_script: Either, scripted: Scripted
) -> None:
    scripted.add(200, {"id": USER, "lastTokenIssuedAt": "2025-04-14T17:32:27+02:00", "customId": CUSTOM_ID})
    read = await on_script.get_user(USER)
    assert read.last_token_issued_at.isoformat() == "2025-04-14T15:32:27+00:00"


@pytest.mark.parametrize(
    "body", [{}, {"id": None}, {"id": ""}, {"customId": CUSTOM_ID}, b"null", b"[]", b"", b"nothing"]
)
async def test_an_answer_without_the_user_is_an_error(on_script: Either, scripted: Scripted, body: Any) -> None:
    scripted.add(200, body)
    with pytest.raises(DecodeError) as caught:
        await on_script.get_user(USER)
    assert CUSTOM_ID not in str(caught.value)


@pytest.mark.parametrize(
    ("custom_id", "error", "what"),
    [
        ("", ValueError, "must not be empty"),
        (" \n", ValueError, "must not be empty"),
        ("x" * 257, ValueError, "must not be longer than 256 characters, not 257"),
        (7, TypeError, "must be a str, not int"),
        (CUSTOM_ID.encode(), TypeError, "must be a str, not bytes"),
        (CommunicationUserIdentifier(USER), TypeError, "must be a str, not CommunicationUserIdentifier"),
    ],
)
async def test_a_custom_id_that_cannot_be_one_is_refused_and_not_shown(
    on_script: Either, scripted: Scripted, custom_id: Any, error: type[Exception], what: str
) -> None:
    for call in (
        on_script.create_user(custom_id=custom_id),
        on_script.create_user_and_token(["chat"], custom_id=custom_id),
    ):
        with pytest.raises(error, match=f"custom_id {what}") as caught:
            await call
        assert "x" * 257 not in str(caught.value)
    assert scripted.sent == []


async def test_a_custom_id_of_256_characters_passes(client: Either) -> None:
    user = await client.create_user(custom_id="ä" * 256)
    assert (await client.get_user(user)).custom_id == "ä" * 256


@pytest.mark.parametrize("api_version", ["2021-03-07", "2023-10-01", "2025-06-30", "2026-09-23"])
async def test_what_the_version_lacks_is_refused_with_the_version_that_has_it(
    scripted: Scripted, is_async: bool, api_version: str
) -> None:
    client = Either(scripted, KEY, is_async=is_async, api_version=api_version)
    for what, call in (
        ("custom_id", client.create_user(custom_id=CUSTOM_ID)),
        ("custom_id", client.create_user_and_token(["chat"], custom_id=CUSTOM_ID)),
        ("get_user", client.get_user(USER)),
    ):
        with pytest.raises(ValueError, match=f"{what} is not in API version {api_version}. It is in: {PREVIEW}."):
            await call
    assert scripted.sent == []
    await client.close()


def test_the_repr_of_what_is_known_shows_no_id() -> None:
    shown = repr(CommunicationUserDetail(CommunicationUserIdentifier(USER), CUSTOM_ID, NOON))
    assert USER[6:-4] not in shown
    assert CUSTOM_ID not in shown
    assert "2026" in shown
