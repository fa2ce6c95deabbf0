"""A program for the CommunicationTokenCredential of 1.5.0 works with ours, and every difference is deliberate."""

import asyncio
import contextvars
import gc
import inspect
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.communication.identity._shared.user_credential import CommunicationTokenCredential as _Official
from azure.communication.identity._shared.user_credential_async import CommunicationTokenCredential as _OfficialAsync

import acs_identity
import acs_identity.aio
from acs_identity import AccessToken

from .differences import Differences
from .tokens import BOUND, jwt

DIFFERENCES = Differences(
    "The token credential",
    {
        "unknown keywords": "a misspelt keyword is a fault",
        "Entra ID beside a token": "which of the two was meant is a guess",
        "credential without a token": "the function can fetch the first token as well",
        "base64url in a token": "a JWT is base64url",
        "text that is no JWT": "a fault is found at the earliest moment",
        "refresher that is no function": "a fault is found at the earliest moment",
        "what the refresher returns": "the error says what was wrong",
        "refresher that fails": "a token that lives is better than an error",
        "failure in the background": "one failure should not end it",
        "tokens that are due when they come": "asking again at once gives nothing better",
        "refresher that does not return": "a call should not hang",
        "waiting for the refresh of another": "the refresh should get the CPU",
        "caller that is cancelled": "others wait for the same refresh",
        "thread of the refresher": "only so can the wait for it be bounded",
        "start of the proactive refresh": "not every program has a with block",
        "closed credential": "a closed one is no longer kept alive",
        "closing during a refresh": "nothing is left behind",
        "forgotten credential": "nothing is left behind",
    },
)
# The official credential reads the time in a way that Python 3.12 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
shows = DIFFERENCES.shows

Official: Any = _Official
OfficialAsync: Any = _OfficialAsync
Ours: Any = acs_identity.CommunicationTokenCredential
OursAsync: Any = acs_identity.aio.CommunicationTokenCredential


def lasting(seconds: int) -> str:
    """A JWT with so many seconds left."""
    return jwt({"exp": int(time.time()) + seconds})


def fresh() -> AccessToken:
    return AccessToken("fresh", int(time.time()) + 3600)


def own_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("acs-identity ")]


class Failing:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> AccessToken:
        self.calls += 1
        raise ConnectionError("our server is away")


class Blocked:
    """A refresher that returns when the test says so."""

    def __init__(self) -> None:
        self.entered, self.release = threading.Event(), threading.Event()

    def __call__(self) -> AccessToken:
        self.entered.set()
        assert self.release.wait(BOUND)
        return fresh()


@pytest.fixture
def in_thread() -> Iterator[Callable[[Callable[[], object]], threading.Thread]]:
    """Run something in a thread of its own, which has to end with the test."""
    threads: list[threading.Thread] = []

    def start(what: Callable[[], object]) -> threading.Thread:
        threads.append(threading.Thread(target=what, daemon=True))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join(BOUND)
        assert not thread.is_alive()


def test_every_difference_is_shown_and_stands_with_its_reason_in_the_guide() -> None:
    DIFFERENCES.check()


@pytest.mark.parametrize(("theirs", "ours"), [(Official, Ours), (OfficialAsync, OursAsync)])
def test_the_credential_has_the_methods_with_the_same_parameters(theirs: Any, ours: Any) -> None:
    for name in ("get_token", "close", "__aenter__" if theirs is OfficialAsync else "__enter__"):
        there, here = getattr(theirs, name), getattr(ours, name)
        parameters = [(parameter.name, parameter.kind) for parameter in inspect.signature(here).parameters.values()]
        assert parameters == [(p.name, p.kind) for p in inspect.signature(there).parameters.values()]
        assert inspect.iscoroutinefunction(here) == inspect.iscoroutinefunction(there)


@pytest.mark.parametrize("credential", [Official, Ours])
def test_token_refresher_and_proactive_refresh_mean_the_same(credential: Any) -> None:
    for left, proactive, refreshed in ((130, False, False), (110, False, True), (650, True, False), (550, True, True)):
        asked = threading.Event()

        def refresher(asked: threading.Event = asked) -> AccessToken:
            asked.set()
            return fresh()

        with credential(lasting(left), token_refresher=refresher, proactive_refresh=proactive) as made:
            assert made.get_token("a scope").token
            # In the background it may take a moment.
            assert not refreshed or asked.wait(BOUND)
        assert asked.is_set() is refreshed
    with pytest.raises(ValueError, match="proactive_refresh"):
        credential(lasting(60), proactive_refresh=True)


@shows("unknown keywords")
def test_a_misspelt_keyword_is_refused() -> None:
    assert Official(lasting(60), refresher=fresh).get_token()
    with pytest.raises(TypeError, match="no option refresher"):
        Ours(lasting(60), refresher=fresh)


@shows("Entra ID beside a token")
def test_a_credential_is_made_of_a_token_or_of_entra_id() -> None:
    both = {"resource_endpoint": "https://contoso.communication.azure.com", "token_credential": object()}
    assert Official(lasting(60), **both).get_token()
    with pytest.raises(ValueError, match="not both"):
        Ours(lasting(60), **both)


@shows("credential without a token")
def test_a_refresher_alone_makes_a_credential() -> None:
    with pytest.raises(TypeError, match="token"):
        Official(token_refresher=fresh)
    with Ours(token_refresher=fresh) as ours:
        assert ours.get_token().token == "fresh"


@shows("base64url in a token")
def test_a_token_with_the_letters_of_base64url_is_read() -> None:
    token = jwt({"exp": 4_000_000_000, "name": "\N{LATIN SMALL LETTER Y WITH DIAERESIS}???>>>~~~"})
    assert set("-_") & set(token.split(".")[1])
    with pytest.raises(ValueError, match="not formatted correctly"):
        Official(token)
    assert Ours(token).get_token().expires_on == 4_000_000_000


@shows("text that is no JWT")
def test_a_text_that_is_no_jwt_is_refused() -> None:
    for text in (f"Bearer {lasting(60)}", f"{lasting(60)}.more", f" {lasting(60)}\n"):
        assert Official(text).get_token().token == text
        with pytest.raises(ValueError, match="not a JWT"):
            Ours(text)
    with pytest.raises(TypeError):
        Official(jwt({"exp": "soon"}))
    with pytest.raises(ValueError, match="numeric exp"):
        Ours(jwt({"exp": "soon"}))


@shows("refresher that is no function")
def test_a_refresher_that_cannot_be_called_is_refused_when_the_credential_is_made() -> None:
    theirs = Official(lasting(60), token_refresher="https://server.example/token")
    with pytest.raises(TypeError, match="not callable"):
        theirs.get_token()
    with pytest.raises(TypeError, match="token_refresher must be a function"):
        Ours(lasting(60), token_refresher="https://server.example/token")


@shows("what the refresher returns")
def test_what_a_refresher_returns_is_checked() -> None:
    with pytest.raises(AttributeError, match="expires_on"):
        Official(lasting(-60), token_refresher=lambda: None).get_token()
    with pytest.raises(TypeError, match=r"must return an AccessToken.*not NoneType"):
        Ours(lasting(-60), token_refresher=lambda: None).get_token()
    milliseconds = AccessToken("milliseconds", 4_000_000_000_000)
    assert Official(lasting(-60), token_refresher=lambda: milliseconds).get_token() is milliseconds
    with pytest.raises(ValueError, match="in milliseconds"):
        Ours(lasting(-60), token_refresher=lambda: milliseconds).get_token()


@shows("refresher that fails")
def test_a_token_that_lives_is_given_out_though_the_refresher_fails(caplog: pytest.LogCaptureFixture) -> None:
    token, failing = lasting(60), Failing()
    theirs = Official(token, token_refresher=failing)
    for _ in range(3):
        with pytest.raises(ConnectionError):
            theirs.get_token()
    assert (failing.calls, caplog.messages) == (3, [])

    failing, now = Failing(), time.time()
    ours = Ours(token, token_refresher=failing, clock=lambda: now)
    assert [ours.get_token().token for _ in range(3)] == [token] * 3
    assert failing.calls == 1
    assert caplog.record_tuples == [
        ("acs_identity", logging.WARNING, "An access token could not be refreshed: ConnectionError")
    ]
    now += 120
    with pytest.raises(ConnectionError, match="our server is away"):
        ours.get_token()


@shows("failure in the background")
def test_the_background_goes_on_after_a_failure() -> None:
    with Official(lasting(300), token_refresher=Failing(), proactive_refresh=True) as theirs:
        timer = theirs._timer
        with pytest.raises(ConnectionError):
            timer.function()
        assert theirs._timer is timer

    now, failing = time.time(), Failing()
    ours = Ours(lasting(300), token_refresher=failing, proactive_refresh=True, clock=lambda: now)
    for calls in (1, 2, 3):
        now += ours._token.look(600.0)
        assert failing.calls == calls


@shows("tokens that are due when they come")
def test_tokens_that_are_due_when_they_come_are_kept_for_half_of_their_life() -> None:
    calls = 0

    def short() -> AccessToken:
        nonlocal calls
        calls += 1
        return AccessToken(f"short-{calls}", int(now) + 60)

    now = time.time()
    theirs = Official(lasting(60), token_refresher=short)
    assert [theirs.get_token().token for _ in range(3)] == ["short-1", "short-2", "short-3"]
    calls = 0
    ours = Ours(lasting(60), token_refresher=short, clock=lambda: now)
    assert [ours.get_token().token for _ in range(3)] == ["short-1"] * 3
    now += 31
    assert ours.get_token().token == "short-2"


@shows("refresher that does not return")
def test_a_call_ends_though_the_refresher_does_not_return(in_thread: Any) -> None:
    theirs, ours = Blocked(), Blocked()
    caller = in_thread(Official(lasting(-60), token_refresher=theirs).get_token)
    assert theirs.entered.wait(BOUND)
    credential = Ours(lasting(-60), token_refresher=ours, refresh_timeout=0.01)
    with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
        credential.get_token()
    assert caller.is_alive()
    theirs.release.set()
    ours.release.set()
    credential.close()
    for thread in own_threads():
        thread.join(BOUND)


@shows("waiting for the refresh of another")
def test_a_thread_that_waits_for_the_refresh_of_another_does_not_spin(in_thread: Any) -> None:
    blocked, rounds = Blocked(), 0
    theirs = Official(lasting(-60), token_refresher=blocked)
    wait = theirs._wait_till_lock_owner_finishes_refreshing

    def watched() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1000:
            blocked.release.set()
        wait()

    theirs._wait_till_lock_owner_finishes_refreshing = watched
    in_thread(theirs.get_token)
    assert blocked.entered.wait(BOUND)
    assert theirs.get_token().token == "fresh"
    assert rounds >= 1000

    readings: list[int] = []
    second_waits = threading.Event()

    def clock() -> float:
        readings.append(threading.get_ident())
        if len(set(readings)) == 2:
            second_waits.set()
        return time.time()

    def refresher() -> AccessToken:
        assert second_waits.wait(BOUND)
        return fresh()

    ours = Ours(lasting(-60), token_refresher=refresher, clock=clock)
    callers = [in_thread(ours.get_token) for _ in range(2)]
    for caller in callers:
        caller.join(BOUND)
    ours.close()
    # Each caller once, and the refresh itself twice.
    assert len(readings) == 4


@shows("waiting for the refresh of another")
async def test_a_task_that_waits_for_the_refresh_of_another_lets_the_loop_run() -> None:
    class StarvedError(Exception):
        """The loop did not run for 1000 rounds."""

    entered, release, rounds = asyncio.Event(), asyncio.Event(), 0

    async def refresher() -> AccessToken:
        entered.set()
        await asyncio.wait_for(release.wait(), BOUND)
        return fresh()

    async def second_caller(credential: Any) -> AccessToken:
        await asyncio.wait_for(entered.wait(), BOUND)
        # Waiting lets the loop run, and then the refresh ends.
        asyncio.get_running_loop().call_soon(release.set)
        token: AccessToken = await credential.get_token()
        return token

    theirs = OfficialAsync(lasting(-60), token_refresher=refresher)
    wait = theirs._wait_till_lock_owner_finishes_refreshing

    async def watched() -> None:
        nonlocal rounds
        await wait()
        rounds += 1
        if rounds == 1000:
            raise StarvedError

    theirs._wait_till_lock_owner_finishes_refreshing = watched
    first = asyncio.create_task(theirs.get_token())
    with pytest.raises(StarvedError):
        await second_caller(theirs)
    assert not release.is_set()
    assert (await first).token == "fresh"

    entered.clear()
    release.clear()
    async with OursAsync(lasting(-60), token_refresher=refresher) as ours:
        first = asyncio.create_task(ours.get_token())
        assert (await second_caller(ours)).token == "fresh"
        assert (await first).token == "fresh"


@shows("caller that is cancelled")
async def test_a_caller_that_is_cancelled_leaves_the_refresh_to_the_others() -> None:
    for credential_type, asked in ((OfficialAsync, 2), (OursAsync, 1)):
        calls: list[asyncio.Event] = []
        entered = asyncio.Event()

        async def refresher(calls: list[asyncio.Event] = calls, entered: asyncio.Event = entered) -> AccessToken:
            release = asyncio.Event()
            calls.append(release)
            entered.set()
            await asyncio.wait_for(release.wait(), BOUND)
            return fresh()

        async with credential_type(lasting(-60), token_refresher=refresher) as credential:
            first = asyncio.create_task(credential.get_token())
            await asyncio.wait_for(entered.wait(), BOUND)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            entered.clear()
            second = asyncio.create_task(credential.get_token())
            if asked == 2:
                await asyncio.wait_for(entered.wait(), BOUND)
            calls[-1].set()
            assert (await second).token == "fresh"
        assert len(calls) == asked


@shows("thread of the refresher")
def test_the_refresher_runs_in_a_thread_of_its_own_with_the_context_of_the_caller() -> None:
    tenant = contextvars.ContextVar[str]("tenant")
    tenant.set("contoso")
    seen: list[tuple[bool, str]] = []

    def refresher() -> AccessToken:
        seen.append((threading.current_thread() is threading.main_thread(), tenant.get()))
        return fresh()

    for credential_type in (Official, Ours):
        with credential_type(lasting(-60), token_refresher=refresher) as credential:
            credential.get_token()
    assert seen == [(True, "contoso"), (False, "contoso")]


@shows("start of the proactive refresh")
def test_the_proactive_refresh_begins_with_the_first_call() -> None:
    theirs = Official(lasting(3600), token_refresher=fresh, proactive_refresh=True)
    theirs.get_token()
    assert theirs._timer is None
    ours = Ours(lasting(3600), token_refresher=fresh, proactive_refresh=True)
    ours.get_token()
    assert len(own_threads()) == 1
    ours.close()
    assert own_threads() == []


@shows("closed credential")
async def test_a_closed_credential_gives_nothing_out() -> None:
    theirs, theirs_async = Official(lasting(3600)), OfficialAsync(lasting(3600))
    theirs.close()
    await theirs_async.close()
    assert theirs.get_token().token
    assert (await theirs_async.get_token()).token
    proactive = Official(lasting(3600), token_refresher=fresh, proactive_refresh=True)
    proactive.close()
    with pytest.raises(RuntimeError, match="closed"):
        proactive.get_token()

    ours, ours_async = Ours(lasting(3600)), OursAsync(lasting(3600))
    ours.close()
    await ours_async.close()
    with pytest.raises(RuntimeError, match="The credential is closed"):
        ours.get_token()
    with pytest.raises(RuntimeError, match="The credential is closed"):
        await ours_async.get_token()


@shows("closing during a refresh")
def test_closing_waits_for_the_refresh_under_way(in_thread: Any) -> None:
    blocked = Blocked()
    theirs = Official(lasting(-60), token_refresher=blocked)
    caller = in_thread(theirs.get_token)
    assert blocked.entered.wait(BOUND)
    theirs.close()
    assert caller.is_alive()
    blocked.release.set()

    blocked = Blocked()
    ours = Ours(lasting(-60), token_refresher=blocked)
    in_thread(ours.get_token)
    assert blocked.entered.wait(BOUND)
    # What closing does before it waits.
    ours._token.abandon = blocked.release.set
    ours.close()
    assert own_threads() == []


@shows("forgotten credential")
def test_a_forgotten_credential_does_not_live_on() -> None:
    def forgotten(credential: Any) -> weakref.ref[Any]:
        made = credential(lasting(3600), token_refresher=fresh, proactive_refresh=True).__enter__()
        return weakref.ref(made)

    theirs, ours = forgotten(Official), forgotten(Ours)
    gc.collect()
    still = theirs()
    assert still is not None
    still.close()
    assert ours() is None
    for thread in own_threads():
        thread.join(BOUND)
        assert not thread.is_alive()
