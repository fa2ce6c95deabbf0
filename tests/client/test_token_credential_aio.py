"""The credential of a user in async code: one refresh for all, cancellation, several loops, and what is left behind."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.core.credentials_async import AsyncSupportsTokenInfo, AsyncTokenCredential
from azure.core.pipeline import AsyncPipeline, PipelineRequest
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, SansIOHTTPPolicy
from azure.core.rest import HttpRequest

from acs_identity import AccessToken
from acs_identity.aio import CommunicationTokenCredential
from acs_identity.aio import _live_token as live_token_module
from acs_identity_emulator import AsyncEmulatorTransport, Emulator

from .tokens import BOUND, NOW, Clock, Refresher, emulator_with_entra_user, token_for


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    yield
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("acs-identity")] == []


pytestmark = pytest.mark.usefixtures("no_task_left")


def own_tasks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("acs-identity")]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refresher(clock: Clock) -> Refresher:
    return Refresher(clock)


class Blocked:
    """A refresher that returns when the test says so."""

    def __init__(self, token: AccessToken | None = None) -> None:
        self.token = token or AccessToken("late", NOW + 3600)
        self.calls = 0
        self.cancelled = 0
        self.entered = asyncio.Event()
        self.release = asyncio.Event()

    async def __call__(self) -> AccessToken:
        self.calls += 1
        self.entered.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.token


async def until(reached: Any) -> None:
    """Let the other tasks run until it is so."""
    async with asyncio.timeout(BOUND):
        while not reached():  # noqa: ASYNC110 - what is waited for is not ours to signal
            await asyncio.sleep(0)


# What is given out


async def test_a_token_alone_is_given_out_as_it_is() -> None:
    for seconds in (3600, -3600):
        async with CommunicationTokenCredential(token_for(seconds), clock=Clock()) as credential:
            assert await credential.get_token() == (token_for(seconds), NOW + seconds)


async def test_nothing_is_fetched_and_nothing_runs_before_the_first_call(refresher: Refresher, clock: Clock) -> None:
    CommunicationTokenCredential(token_refresher=refresher.asynchronous, proactive_refresh=True, clock=clock)
    await asyncio.sleep(0)
    assert (refresher.calls, own_tasks()) == (0, [])


async def test_a_credential_can_be_made_where_no_loop_runs(refresher: Refresher, clock: Clock) -> None:
    credential = await asyncio.to_thread(
        CommunicationTokenCredential, token_refresher=refresher.asynchronous, clock=clock
    )
    assert (await credential.get_token()).token == "token-1"
    await credential.close()


@pytest.mark.parametrize(
    ("left", "proactive", "calls"), [(120, False, 0), (119, False, 1), (600, True, 0), (599, True, 1), (-1, False, 1)]
)
async def test_a_token_is_refreshed_when_2_or_proactively_10_minutes_are_left(
    refresher: Refresher, clock: Clock, left: int, proactive: bool, calls: int
) -> None:
    async with CommunicationTokenCredential(
        token_for(left), token_refresher=refresher.asynchronous, proactive_refresh=proactive, clock=clock
    ) as credential:
        given = [(await credential.get_token("any", claims="any")).token for _ in range(3)]
    assert given == ["token-1" if calls else token_for(left)] * 3
    assert refresher.calls == calls


async def test_many_tasks_share_one_refresh(clock: Clock) -> None:
    blocked = Blocked()
    async with CommunicationTokenCredential(token_refresher=blocked, clock=clock) as credential:
        calls = [asyncio.create_task(credential.get_token()) for _ in range(50)]
        await blocked.entered.wait()
        blocked.release.set()
        assert {token.token for token in await asyncio.gather(*calls)} == {"late"}
    assert blocked.calls == 1


async def test_a_caller_whose_token_lives_does_not_wait_for_the_refresh_of_another(clock: Clock) -> None:
    blocked, old = Blocked(), token_for(60)
    async with CommunicationTokenCredential(old, token_refresher=blocked, clock=clock) as credential:
        first = asyncio.create_task(credential.get_token())
        await blocked.entered.wait()
        assert (await credential.get_token()).token == old
        assert not first.done()
        blocked.release.set()
        assert (await first).token == "late"


# Cancellation


async def test_cancelling_one_caller_cancels_neither_the_refresh_nor_the_others(clock: Clock) -> None:
    blocked = Blocked()
    async with CommunicationTokenCredential(token_refresher=blocked, clock=clock) as credential:
        first, second = (asyncio.create_task(credential.get_token()) for _ in range(2))
        await blocked.entered.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        blocked.release.set()
        assert (await second).token == "late"
    assert (blocked.calls, blocked.cancelled) == (1, 0)


async def test_the_refresh_of_a_caller_that_was_cancelled_serves_the_next_one(clock: Clock) -> None:
    blocked = Blocked()
    async with CommunicationTokenCredential(token_refresher=blocked, clock=clock) as credential:
        first = asyncio.create_task(credential.get_token())
        await blocked.entered.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        blocked.release.set()
        assert (await credential.get_token()).token == "late"
    assert blocked.calls == 1


async def test_a_refresher_that_is_cancelled_from_within_fails_but_does_not_look_like_a_cancelled_caller(
    clock: Clock,
) -> None:
    async def refresh() -> AccessToken:
        raise asyncio.CancelledError

    async with CommunicationTokenCredential(token_refresher=refresh, clock=clock) as credential:
        with pytest.raises(RuntimeError, match="cancelled from within") as caught:
            await credential.get_token()
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)


@pytest.mark.parametrize("begun", [False, True])
async def test_a_refresh_task_that_somebody_else_cancels_is_an_error_and_the_next_call_tries_again(
    clock: Clock, begun: bool
) -> None:
    blocked = Blocked()
    async with CommunicationTokenCredential(token_refresher=blocked, clock=clock) as credential:
        call = asyncio.create_task(credential.get_token())
        await (blocked.entered.wait() if begun else until(lambda: own_tasks() == ["acs-identity refresh"]))
        for task in asyncio.all_tasks():
            if task.get_name() == "acs-identity refresh":
                task.cancel()
        with pytest.raises(RuntimeError, match="of the access token was cancelled"):
            await call
        blocked.release.set()
        assert (await credential.get_token()).token == "late"


# A refresh that fails


async def test_while_the_old_token_lives_it_is_given_out_and_the_next_attempts_wait_longer_and_longer(
    refresher: Refresher, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    refresher.error = OSError("a-secret")
    async with CommunicationTokenCredential(
        token_for(100), token_refresher=refresher.asynchronous, clock=clock
    ) as credential:
        attempts: list[int] = []
        for second in range(20):
            clock.now = NOW + second
            before = refresher.calls
            assert (await credential.get_token()).token == token_for(100)
            if refresher.calls > before:
                attempts.append(second)
    assert attempts == [0, 1, 3, 7, 15]
    assert [(record.name, record.levelname) for record in caplog.records] == [("acs_identity", "WARNING")] * 5
    assert "OSError" in caplog.text
    assert "a-secret" not in caplog.text


async def test_without_a_live_token_every_waiting_caller_gets_the_refreshers_own_error_and_the_next_call_tries_again(
    refresher: Refresher, clock: Clock
) -> None:
    refresher.error = PermissionError("no")
    refresher.error.__cause__ = KeyError("cause")
    async with CommunicationTokenCredential(token_refresher=refresher.asynchronous, clock=clock) as credential:
        calls = [credential.get_token() for _ in range(3)]
        assert await asyncio.gather(*calls, return_exceptions=True) == [refresher.error] * 3
        assert refresher.calls == 1
        assert isinstance(refresher.error.__cause__, KeyError)
        refresher.error = None
        assert (await credential.get_token()).token == "token-2"


async def test_an_error_that_was_raised_is_not_kept(clock: Clock) -> None:
    class RefreshError(Exception):
        pass

    async def refresh() -> AccessToken:
        error = RefreshError()
        raised.append(weakref.ref(error))
        raise error

    raised: list[weakref.ref[RefreshError]] = []
    async with CommunicationTokenCredential(token_refresher=refresh, clock=clock) as credential:
        with suppress(RefreshError):
            await credential.get_token()
        gc.collect()
        assert [reference() for reference in raised] == [None]


@pytest.mark.parametrize("answer", [None, "a-secret", AccessToken("a-secret", NOW + 3600)])
async def test_a_refresher_that_is_no_async_function_is_a_type_error(clock: Clock, answer: Any) -> None:
    async with CommunicationTokenCredential(token_refresher=lambda: answer, clock=clock) as credential:
        with pytest.raises(TypeError, match="be an async function here; it returned") as caught:
            await credential.get_token()
    assert "a-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "error"), [(None, TypeError), (("a-secret",), TypeError), (AccessToken("a-secret", 1), ValueError)]
)
async def test_a_wrong_answer_is_an_error(clock: Clock, answer: Any, error: type[Exception]) -> None:
    async def refresh() -> Any:
        return answer

    async with CommunicationTokenCredential(token_refresher=refresh, clock=clock) as credential:
        with pytest.raises(error) as caught:
            await credential.get_token()
    assert "a-secret" not in str(caught.value)


# A refresher that does not return


async def test_a_refresher_that_never_returns_is_cancelled_at_the_timeout(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    blocked, old = Blocked(), token_for(60)
    async with CommunicationTokenCredential(
        old, token_refresher=blocked, refresh_timeout=0.05, clock=clock
    ) as credential:
        assert (await credential.get_token()).token == old
        assert (blocked.calls, blocked.cancelled, own_tasks()) == (1, 1, [])
        assert "TimeoutError" in caplog.text
        clock.now = NOW + 61
        calls = [credential.get_token() for _ in range(3)]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(error) for error in errors] == [TimeoutError] * 3
        assert "within 0.05 s, and there is no live one" in str(errors[0])
        assert "refresh_timeout" in str(errors[0])
        assert (blocked.calls, blocked.cancelled) == (2, 2)


async def test_a_timeout_of_the_refreshers_own_is_its_own_error(refresher: Refresher, clock: Clock) -> None:
    refresher.error = TimeoutError("the broker is slow")
    async with CommunicationTokenCredential(token_refresher=refresher.asynchronous, clock=clock) as credential:
        with pytest.raises(TimeoutError, match="the broker is slow"):
            await credential.get_token()


async def test_a_refresher_that_resists_its_cancellation_delays_nobody_and_its_late_answer_is_used(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_token_module, "_GRACE", 0.05)
    release, calls = asyncio.Event(), 0

    async def refresh() -> AccessToken:
        nonlocal calls
        calls += 1
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return AccessToken("late", NOW + 3600)

    credential = CommunicationTokenCredential(token_refresher=refresh, refresh_timeout=0.05, clock=clock)
    for _ in range(2):
        with pytest.raises(TimeoutError, match="no live one"):
            await credential.get_token()
    assert calls == 1
    release.set()
    await until(lambda: own_tasks() == [])
    assert (await credential.get_token()).token == "late"
    assert calls == 1
    await credential.close()


# Proactive refresh


async def test_a_proactive_credential_refreshes_although_nobody_asks(refresher: Refresher, clock: Clock) -> None:
    async with CommunicationTokenCredential(
        token_for(599), token_refresher=refresher.asynchronous, proactive_refresh=True, clock=clock
    ):
        await until(lambda: refresher.calls == 1 and own_tasks() == ["acs-identity proactive refresh"])


async def test_the_first_call_starts_one_proactive_task_where_there_is_no_with_block(
    refresher: Refresher, clock: Clock
) -> None:
    credential = CommunicationTokenCredential(
        token_refresher=refresher.asynchronous, proactive_refresh=True, clock=clock
    )
    await credential.get_token()
    tasks = asyncio.all_tasks()
    await asyncio.gather(*(credential.get_token() for _ in range(5)))
    assert asyncio.all_tasks() == tasks
    assert own_tasks() == ["acs-identity proactive refresh"]
    assert refresher.calls == 1
    await credential.close()


async def test_the_proactive_task_looks_at_the_clock_every_minute_and_goes_on_after_failures(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresher = Refresher(clock)
    sleeps: list[float] = []
    done = asyncio.Event()
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        """Advance the clock in place of sleeping; fail the first refreshes."""
        sleeps.append(seconds)
        clock.now += seconds
        refresher.error = OSError() if refresher.calls < 3 else None
        if len(sleeps) == 7:
            done.set()
            await asyncio.Event().wait()
        await real_sleep(0)

    monkeypatch.setattr("acs_identity.aio._live_token.asyncio.sleep", sleep)
    async with CommunicationTokenCredential(
        token_for(700), token_refresher=refresher.asynchronous, proactive_refresh=True, clock=clock
    ):
        async with asyncio.timeout(BOUND):
            await done.wait()
    assert sleeps == [60, 40, 1, 1, 2, 4, 60]
    assert refresher.calls == 4


# The end


async def test_after_close_every_call_is_refused_and_closing_twice_does_no_harm(
    refresher: Refresher, clock: Clock
) -> None:
    for credential in (
        CommunicationTokenCredential(token_for(3600), clock=clock),
        CommunicationTokenCredential(token_for(3600), token_refresher=refresher.asynchronous, clock=clock),
        CommunicationTokenCredential(token_refresher=refresher.asynchronous, proactive_refresh=True, clock=clock),
    ):
        await asyncio.gather(credential.close(), credential.close())
        for call in (credential.get_token, credential.get_token_info, credential.__aenter__):
            with pytest.raises(RuntimeError, match="credential is closed"):
                await call()
    assert refresher.calls == 0


@pytest.mark.parametrize("proactive", [False, True])
async def test_close_cancels_the_refresh_under_way_and_leaves_no_task(
    clock: Clock, proactive: bool, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = Blocked()
    credential = CommunicationTokenCredential(token_refresher=blocked, proactive_refresh=proactive, clock=clock)
    call = asyncio.create_task(credential.get_token())
    await blocked.entered.wait()
    await credential.close()
    assert own_tasks() == []
    assert blocked.cancelled == 1
    assert caplog.records == []
    with pytest.raises(RuntimeError, match="credential is closed"):
        await call


async def test_a_refresher_can_close_its_credential(clock: Clock) -> None:
    async def refresh() -> AccessToken:
        await credential.close()
        return AccessToken("last", NOW + 3600)

    credential = CommunicationTokenCredential(token_refresher=refresh, clock=clock)
    assert (await credential.get_token()).token == "last"
    with pytest.raises(RuntimeError):
        await credential.get_token()


@pytest.mark.parametrize("from_another_thread", [False, True])
async def test_a_credential_that_is_forgotten_leaves_no_task(clock: Clock, from_another_thread: bool) -> None:
    class Application:
        """Holds the credential that calls it, as applications do."""

        def __init__(self) -> None:
            self.credential = CommunicationTokenCredential(
                token_for(3600), token_refresher=self.refresh, proactive_refresh=True, clock=clock
            )

        async def refresh(self) -> AccessToken:
            raise AssertionError

    application = Application()
    await application.credential.get_token()
    await asyncio.sleep(0)
    assert own_tasks() == ["acs-identity proactive refresh"]
    del application
    if from_another_thread:
        collector = threading.Thread(target=gc.collect)
        collector.start()
        collector.join(BOUND)
    else:
        gc.collect()
    await until(lambda: own_tasks() == [])


@pytest.mark.parametrize("proactive", [False, True])
def test_a_credential_goes_on_in_a_second_loop_after_the_first_has_ended(clock: Clock, proactive: bool) -> None:
    calls = 0

    async def refresh() -> AccessToken:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()
        return AccessToken("second", NOW + 3600)

    credential = CommunicationTokenCredential(token_refresher=refresh, proactive_refresh=proactive, clock=clock)

    async def first() -> None:
        call = asyncio.create_task(credential.get_token())
        await until(lambda: calls == 1)
        assert not call.done()

    async def second() -> str:
        token = await credential.get_token()
        assert ("acs-identity proactive refresh" in own_tasks()) is proactive
        await credential.close()
        assert own_tasks() == []
        return token.token

    asyncio.run(first())
    assert asyncio.run(second()) == "second"


@pytest.mark.parametrize("proactive", [False, True])
def test_a_loop_that_stands_still_does_not_hold_up_the_credential_in_another(clock: Clock, proactive: bool) -> None:
    calls = 0

    async def refresh() -> AccessToken:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.Event().wait()
        return AccessToken("second", NOW + 3600)

    credential = CommunicationTokenCredential(token_refresher=refresh, proactive_refresh=proactive, clock=clock)

    async def ask_and_close() -> str:
        token = await credential.get_token()
        assert ("acs-identity proactive refresh" in own_tasks()) is proactive
        await credential.close()
        assert own_tasks() == []
        return token.token

    async def cancel_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    with asyncio.Runner() as still, asyncio.Runner() as running:
        with pytest.raises(TimeoutError):
            still.run(asyncio.wait_for(credential.get_token(), 0.01))
        assert running.run(ask_and_close()) == "second"
        still.run(cancel_all())


def test_closing_in_another_loop_waits_for_nothing_and_ends_what_stands_still(
    refresher: Refresher, clock: Clock
) -> None:
    credential = CommunicationTokenCredential(
        token_refresher=refresher.asynchronous, proactive_refresh=True, refresh_timeout=3600, clock=clock
    )
    with asyncio.Runner() as still, asyncio.Runner() as running:
        still.run(credential.get_token())
        running.run(asyncio.wait_for(credential.close(), BOUND))
        still.run(until(lambda: own_tasks() == []))


# Where it is used


class Seen(SansIOHTTPPolicy[Any, Any]):
    def on_request(self, request: PipelineRequest[Any]) -> None:
        self.authorization = request.http_request.headers["Authorization"]


@pytest.mark.parametrize("with_info", [True, False], ids=["get_token_info", "get_token"])
async def test_a_client_of_azure_core_takes_it_as_its_credential(
    refresher: Refresher, with_info: bool, clock: Clock
) -> None:
    class OnlyGetToken:
        def __init__(self, credential: CommunicationTokenCredential) -> None:
            self.get_token = credential.get_token

    async with CommunicationTokenCredential(token_refresher=refresher.asynchronous, clock=clock) as credential:
        assert isinstance(credential, AsyncTokenCredential)
        assert isinstance(credential, AsyncSupportsTokenInfo)
        seen = Seen()
        taken: Any = credential if with_info else OnlyGetToken(credential)
        policies: list[Any] = [AsyncBearerTokenCredentialPolicy[Any, Any](taken, "scope", enable_cae=True), seen]
        async with AsyncPipeline[Any, Any](AsyncEmulatorTransport(Emulator()), policies) as pipeline:
            await pipeline.run(HttpRequest("GET", "https://contoso.com/"))
        assert seen.authorization == "Bearer token-1"
        info = await credential.get_token_info("scope", options={"enable_cae": True})
        assert isinstance(info, AccessTokenInfo)
        assert "token-1" not in f"{info!r} {credential!r}"


async def test_an_entra_id_user_gets_a_token_that_the_service_knows() -> None:
    emulator = emulator_with_entra_user()
    async with CommunicationTokenCredential(
        resource_endpoint=emulator.endpoint,
        token_credential=emulator.entra.async_credential(),
        transport=AsyncEmulatorTransport(emulator),
    ) as credential:
        tokens = await asyncio.gather(*(credential.get_token() for _ in range(3)))
        assert emulator.introspect(tokens[0].token).state == "live"
        assert len(set(tokens)) == 1
