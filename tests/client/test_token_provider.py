"""Live tokens for many users, in both colours, against the emulator, whose clock and this machine's differ."""

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.communication.identity import CommunicationIdentityClient as OfficialClient
from azure.communication.identity import CommunicationUserIdentifier as OfficialUser
from azure.communication.identity._shared.user_credential import CommunicationTokenCredential as OfficialCredential
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from acs_identity import (
    AccessToken,
    CommunicationIdentityClient,
    CommunicationTokenCredential,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
    TokenProvider,
)
from acs_identity._live_token import LiveToken
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity.aio import CommunicationTokenCredential as AsyncCommunicationTokenCredential
from acs_identity.aio import TokenProvider as AsyncTokenProvider
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorTransport, Request, Response

from .tokens import BOUND, NOW, Clock

HOUR = timedelta(hours=1)


class World:
    """A service with a clock to set, a local clock that is off, and what was asked of the service."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async
        self.seconds = 0
        self.skew = 0.0
        self.issued = 0
        self.fails: Exception | None = None
        self.date: str | None = "as it is"
        self.entered = threading.Event()
        self.release = threading.Event()
        self.release.set()
        world = self

        def send(self: Any, request: Any, **kwargs: Any) -> Any:
            if not request.url.partition("?")[0].endswith(":issueAccessToken"):
                return None
            world.issued += 1
            world.entered.set()
            if world.fails is not None:
                raise world.fails
            return None

        class Transport(EmulatorTransport):
            def send(self, request: Any, **kwargs: Any) -> Any:
                send(self, request, **kwargs)
                assert world.release.wait(BOUND)
                return super().send(request, **kwargs)

        class AsyncTransport(AsyncEmulatorTransport):
            async def send(self, request: Any, **kwargs: Any) -> Any:
                send(self, request, **kwargs)
                while not world.release.is_set():  # noqa: ASYNC110 - one event for threads and tasks
                    await asyncio.sleep(0)
                return await super().send(request, **kwargs)

        class Service(Emulator):
            def handle(self, request: Request) -> Response:
                response = super().handle(request)
                headers = {name: value for name, value in response.headers.items() if name != "Date"}
                dated = headers if world.date is None else {**headers, "Date": world.date}
                return response if world.date == "as it is" else Response(response.status, dated, response.body)

        # Requests are signed with the time of this machine.
        self.emulator = Service(
            clock=lambda: datetime.fromtimestamp(NOW + self.seconds, UTC), allowed_skew=timedelta(days=36500)
        )
        self.client: Any = (AsyncCommunicationIdentityClient if is_async else CommunicationIdentityClient)(
            "https://contoso.communication.azure.com",
            self.emulator.access_key,
            transport=(AsyncTransport if is_async else Transport)(self.emulator),
            retry_total=0,
        )

    def local_clock(self) -> float:
        return NOW + self.seconds + self.skew

    def provider(self, **options: Any) -> Any:
        options = {"token_expires_in": HOUR, "clock": self.local_clock, **options}
        return (AsyncTokenProvider if self.is_async else TokenProvider)(self.client, **options)

    def user(self) -> CommunicationUserIdentifier:
        with CommunicationIdentityClient(
            "https://contoso.communication.azure.com",
            self.emulator.access_key,
            transport=EmulatorTransport(self.emulator),
        ) as client:
            return client.create_user()

    def state(self, token: AccessToken) -> str:
        return self.emulator.introspect(token.token).state


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


async def settled(result: Any) -> Any:
    """Return the result of a call of either colour."""
    return await result if inspect.isawaitable(result) else result


# The cache


async def test_one_call_gives_a_live_token_and_the_next_gives_the_same(world: World) -> None:
    provider, user = world.provider(), world.user()
    token = await settled(provider.get_token(user, ["chat"]))
    assert world.state(token) == "live"
    assert token.expires_on == NOW + 3600
    assert await settled(provider.get_token(user, ["chat"])) is token
    assert world.issued == 1


async def test_a_token_is_kept_per_user_and_set_of_scopes_however_they_are_given(world: World) -> None:
    provider, user = world.provider(), world.user()
    first = await settled(provider.get_token(user, ["chat", "voip"]))
    for given in (user.raw_id, OfficialUser(user.raw_id), CommunicationUserIdentifier(user.raw_id)):
        for scopes in (["voip", "chat", "voip"], (CommunicationTokenScope.VOIP, "chat"), iter(["chat", "voip"])):
            assert await settled(provider.get_token(given, scopes)) is first
    assert world.issued == 1
    assert await settled(provider.get_token(user, ["chat"])) is not first
    assert await settled(provider.get_token(world.user(), ["chat", "voip"])) is not first
    assert world.issued == 3


async def test_many_callers_share_one_request(world: World) -> None:
    provider, user = world.provider(), world.user()
    world.release.clear()
    if world.is_async:
        calls = [asyncio.create_task(provider.get_token(user, ["chat"])) for _ in range(20)]
        while not world.entered.is_set():  # noqa: ASYNC110 - set by a task of this loop
            await asyncio.sleep(0)
        world.release.set()
        tokens = set(await asyncio.gather(*calls))
    else:
        clock = Clock()
        provider = world.provider(clock=clock)
        with ThreadPoolExecutor(8) as threads:
            futures = [threads.submit(provider.get_token, user, ["chat"]) for _ in range(8)]
            clock.wait_for_readers(8)
            world.release.set()
            tokens = {future.result(BOUND) for future in futures}
    assert len(tokens) == 1
    assert world.issued == 1


async def test_after_forget_a_new_token_is_issued_for_that_user_alone(world: World) -> None:
    provider, user, other = world.provider(), world.user(), world.user()
    revoked = [await settled(provider.get_token(user, scopes)) for scopes in (["chat"], ["voip"])]
    kept = await settled(provider.get_token(other, ["chat"]))
    await settled(world.client.revoke_tokens(user))
    provider.forget(user)
    provider.forget(CommunicationUserIdentifier("8:acs:never_seen"))
    for scopes in (["chat"], ["voip"]):
        token = await settled(provider.get_token(user, scopes))
        assert world.state(token) == "live"
        assert token not in revoked
    assert await settled(provider.get_token(other, ["chat"])) is kept


async def test_what_is_kept_does_not_grow_with_the_users_of_the_past(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("_token_provider", "aio._token_provider"):
        monkeypatch.setattr(f"acs_identity.{module}.SWEEP_MINIMUM", 10)
    provider, user = world.provider(), world.user()
    sizes: list[int] = []
    for _ in range(10):
        for number in range(10):
            # Tokens that will expire, and users for whom there is none.
            await settled(provider.get_token(user, [f"{name}" for name in ["chat", "voip"]]))
            with pytest.raises(HttpResponseError):
                await settled(
                    provider.get_token(f"8:acs:{world.emulator.resource_id}_{number}{world.seconds}", ["chat"])
                )
            await settled(provider.get_token(world.user(), ["chat"]))
        sizes.append(len(provider._entries))
        world.seconds += 3601
    assert max(sizes) <= 40


def test_a_caller_that_is_about_to_ask_keeps_its_place_when_what_is_dead_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("acs_identity._token_provider.SWEEP_MINIMUM", 2)
    world = World(is_async=False)
    provider, user = world.provider(), world.user()
    arrived, proceed, ask = threading.Event(), threading.Event(), LiveToken.get

    def hesitate(self: LiveToken, window: float, replacing: AccessToken | None = None) -> AccessToken:
        if not arrived.is_set():
            arrived.set()
            assert proceed.wait(BOUND)
        return ask(self, window, replacing)

    monkeypatch.setattr(LiveToken, "get", hesitate)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(provider.get_token, user, ["chat"])
        assert arrived.wait(BOUND)
        for _ in range(5):
            provider.get_token(world.user(), ["chat"])
        token = provider.get_token(user, ["chat"])
        proceed.set()
        assert first.result(BOUND) is token
    assert world.issued == 6


# The clocks


@pytest.mark.parametrize("skew", [0, 7 * 60, -7 * 60, 7200, -7200, 86400 * 365], ids=lambda skew: f"{skew}s")
async def test_however_far_the_local_clock_is_off_every_token_is_live_and_renewed_once_in_its_life(
    world: World, skew: int
) -> None:
    world.skew = skew
    provider, user = world.provider(), world.user()
    for minute in range(180):
        world.seconds = minute * 60
        token = await settled(provider.get_token(user, ["chat"]))
        assert world.state(token) == "live"
        assert token.expires_on - NOW - world.seconds >= 120
    assert world.issued == 4


@pytest.mark.parametrize("date", [None, "", "yesterday", "Thu, 32 Foo 2026 25:00:00 GMT"])
async def test_an_answer_without_a_good_date_changes_nothing(world: World, date: str | None) -> None:
    world.date = date
    provider, user = world.provider(), world.user()
    for minute in (0, 57, 59):
        world.seconds = minute * 60
        assert world.state(await settled(provider.get_token(user, ["chat"]))) == "live"
    assert world.issued == 2


async def test_a_local_clock_that_was_set_right_is_noticed_with_the_next_answer(world: World) -> None:
    world.skew = -600
    provider, user = world.provider(), world.user()
    await settled(provider.get_token(user, ["chat"]))
    world.skew, world.seconds = 0, 2900
    await settled(provider.get_token(user, ["chat"]))
    assert world.issued == 2
    world.seconds = 2900 + 3400
    await settled(provider.get_token(user, ["chat"]))
    assert world.issued == 2


# A renewal that fails


async def test_a_renewal_that_fails_falls_back_on_the_live_token_and_pauses(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    provider, user = world.provider(), world.user()
    token = await settled(provider.get_token(user, ["chat"]))
    world.fails = ServiceRequestError(f"cannot reach {user.raw_id}")
    attempts: list[int] = []
    for second in range(3500, 3520):
        world.seconds, before = second, world.issued
        assert await settled(provider.get_token(user, ["chat"])) is token
        if world.issued > before:
            attempts.append(second - 3500)
    assert attempts == [0, 1, 3, 7, 15]
    assert "ServiceRequestError" in caplog.text
    assert user.raw_id not in caplog.text
    world.fails, world.seconds = None, 3540
    assert (await settled(provider.get_token(user, ["chat"]))).expires_on == NOW + 3540 + 3600


async def test_without_a_live_token_the_clients_error_comes_and_the_next_call_tries_again(world: World) -> None:
    provider, user = world.provider(), world.user()
    await settled(provider.get_token(user, ["chat"]))
    world.seconds, world.fails = 3600, ServiceRequestError(f"cannot reach {user.raw_id}")
    for _ in range(2):
        with pytest.raises(ServiceRequestError, match="cannot reach 8:acs:REDACTED"):
            await settled(provider.get_token(user, ["chat"]))
    world.fails = None
    assert world.state(await settled(provider.get_token(user, ["chat"]))) == "live"
    await settled(world.client.delete_user(user))
    provider.forget(user)
    with pytest.raises(HttpResponseError, match="doesn't exist") as caught:
        await settled(provider.get_token(user, ["chat"]))
    assert user.raw_id not in str(caught.value)


async def test_a_service_that_does_not_answer_is_waited_for_no_longer_than_said(world: World) -> None:
    provider, user = world.provider(refresh_timeout=0.05), world.user()
    world.release.clear()
    with pytest.raises(TimeoutError, match=r"within 0\.05 s.*refresh_timeout"):
        await settled(provider.get_token(user, ["chat"]))
    world.release.set()
    if not world.is_async:
        (entry,) = provider._entries.values()
        entry.live_token._flight_thread.join(BOUND)
    assert world.state(await settled(provider.get_token(user, ["chat"]))) == "live"


# Credentials


@pytest.mark.parametrize("proactive", [False, True])
@pytest.mark.parametrize("skew", [0, 3000, -3000])
async def test_a_credential_always_has_a_live_token_and_asks_once_in_its_life(
    world: World, proactive: bool, skew: int
) -> None:
    world.skew = skew
    credential = world.provider().credential(world.user(), ["chat"], proactive_refresh=proactive)
    for minute in range(180):
        world.seconds = minute * 60
        assert world.state(await settled(credential.get_token())) == "live"
    await settled(credential.close())
    assert world.issued == 4


async def test_a_proactive_credential_gets_no_token_that_it_would_find_due_at_once(world: World) -> None:
    provider, user = world.provider(), world.user()
    early = await settled(provider.get_token(user, ["chat"]))
    world.seconds = 3600 - 590
    credential = provider.credential(user, ["chat"], proactive_refresh=True)
    tokens = [await settled(credential.get_token()) for _ in range(5)]
    await settled(credential.close())
    assert early not in tokens
    assert world.issued == 2


@pytest.mark.parametrize("skew", [1200, -1200])
async def test_a_credential_by_another_clock_gets_a_new_token_whenever_it_finds_its_own_due(
    world: World, skew: int
) -> None:
    provider, user = world.provider(), world.user()
    credential: Any = (AsyncCommunicationTokenCredential if world.is_async else CommunicationTokenCredential)(
        token_refresher=provider.refresher(user, ["chat"]), clock=lambda: NOW + world.seconds + max(skew, 0)
    )
    for minute in range(120):
        world.seconds = minute * 60
        assert world.state(await settled(credential.get_token())) == "live"
    await settled(credential.close())
    assert world.issued <= 4


async def test_two_credentials_of_one_user_share_the_tokens(world: World) -> None:
    provider, user = world.provider(), world.user()
    credentials = [provider.credential(user, ["chat"]) for _ in range(2)]
    for minute in range(120):
        world.seconds = minute * 60
        first, second = [await settled(credential.get_token()) for credential in credentials]
        assert first == second
    for credential in credentials:
        await settled(credential.close())
    assert world.issued == 3


# The official credential reads the time in a way that Python 3.12 deprecates.
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_the_official_credential_takes_the_refresher() -> None:
    with CommunicationIdentityClient.from_connection_string(
        (emulator := Emulator()).connection_string, transport=EmulatorTransport(emulator)
    ) as client:
        provider, user = TokenProvider(client), client.create_user()
        expired = client.get_token(user, ["chat"], token_expires_in=HOUR)
        official: Any = OfficialCredential(expired.token, token_refresher=provider.refresher(user, ["chat"]))
        official._token = AccessToken(expired.token, 1)
        token = official.get_token()
        assert token.token != expired.token
        assert emulator.introspect(token.token).state == "live"


async def test_neither_provider_nor_credential_closes_the_client(world: World) -> None:
    provider, user = world.provider(), world.user()
    credential = provider.credential(user, ["chat"])
    await settled(credential.get_token())
    await settled(credential.close())
    del credential, provider
    await settled(world.client.create_user())
    provider = world.provider()
    await settled(world.client.close())
    with pytest.raises(RuntimeError, match="client is closed"):
        await settled(provider.get_token(user, ["chat"]))


# Bad input


@pytest.mark.parametrize(
    ("user", "scopes", "error"),
    [
        (None, ["chat"], TypeError),
        (1, ["chat"], TypeError),
        (b"8:acs:1_2", ["chat"], TypeError),
        ("", ["chat"], ValueError),
        ("4:+4912345", ["chat"], ValueError),
        ("8:acs:1_2", "chat", TypeError),
        ("8:acs:1_2", None, TypeError),
        ("8:acs:1_2", [], ValueError),
        ("8:acs:1_2", [""], ValueError),
        ("8:acs:1_2", [1], TypeError),
    ],
)
async def test_bad_input_is_refused_at_once_by_every_method(
    world: World, user: Any, scopes: Any, error: type[Exception]
) -> None:
    provider = world.provider()
    with pytest.raises(error):
        await settled(provider.get_token(user, scopes))
    with pytest.raises(error):
        provider.refresher(user, scopes)
    with pytest.raises(error):
        provider.credential(user, scopes)
    if scopes == ["chat"]:
        with pytest.raises(error):
            provider.forget(user)
    assert (world.issued, provider._entries) == (0, {})


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"token_expires_in": 60}, TypeError, "must be a datetime.timedelta"),
        ({"token_expires_in": timedelta(minutes=59)}, ValueError, "from 60 to 1440"),
        ({"token_expires_in": timedelta(minutes=60, seconds=1)}, ValueError, "whole number of minutes"),
        ({"refresh_timeout": "1"}, TypeError, "must be a number of seconds"),
        ({"refresh_timeout": 0}, ValueError, "above 0"),
        ({"clock": 1.0}, TypeError, "clock must be a function"),
    ],
)
def test_what_makes_no_provider_is_refused_at_once(
    world: World, options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        world.provider(**options)


def test_a_client_of_another_colour_or_package_is_refused_by_its_name(world: World) -> None:
    wanted = r"of the type acs_identity\.aio\." if world.is_async else r"of the type acs_identity\.Comm"
    others: list[Any] = [
        None,
        "endpoint=...",
        OfficialClient.from_connection_string("endpoint=https://contoso.com/;accesskey=cHc="),
        World(is_async=not world.is_async).client,
    ]
    for other in others:
        with pytest.raises(TypeError, match=wanted):
            (AsyncTokenProvider if world.is_async else TokenProvider)(other)


async def test_the_repr_shows_neither_users_nor_tokens(world: World) -> None:
    provider, user = world.provider(), world.user()
    token = await settled(provider.get_token(user, ["chat"]))
    shown = f"{provider!r} {provider.credential(user, ['chat'])!r}"
    assert shown.startswith("TokenProvider(CommunicationIdentityClient(endpoint='https://contoso")
    assert user.raw_id not in shown
    assert token.token not in shown
