"""The credential of a user in sync code: what it gives out, when it refreshes, and what it leaves behind."""

import contextvars
import gc
import inspect
import queue
import threading
import traceback
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from azure.communication.identity._shared.user_credential import CommunicationTokenCredential as OfficialCredential
from azure.core.credentials import AccessTokenInfo, SupportsTokenInfo, TokenCredential
from azure.core.pipeline import Pipeline, PipelineRequest
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, SansIOHTTPPolicy
from azure.core.rest import HttpRequest

from acs_identity import AccessToken, CommunicationTokenCredential
from acs_identity import _live_token as live_token_module
from acs_identity.aio import CommunicationTokenCredential as AsyncCommunicationTokenCredential
from acs_identity_emulator import Emulator, EmulatorTransport

from .tokens import BOUND, NOW, Clock, Refresher, emulator_with_entra_user, jwt, token_for

COLOURS = [CommunicationTokenCredential, AsyncCommunicationTokenCredential]
both_colours = pytest.mark.parametrize("credential_type", COLOURS, ids=["sync", "async"])


def own_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("acs-identity ")]


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    yield
    assert own_threads() == []


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
        self.entered = threading.Event()
        self.release = threading.Event()

    def __call__(self) -> AccessToken:
        self.calls += 1
        self.entered.set()
        assert self.release.wait(BOUND)
        return self.token


# The token as text


@pytest.mark.parametrize(
    "token",
    [
        jwt({"exp": NOW + 60}),
        jwt({"exp": NOW + 60, "skypeid": "acs:1_2", "acsScope": "chat,voip"}),
        jwt({"exp": NOW + 60, "a": "1"}, padded=True),
        jwt({"exp": NOW + 60, "ab": "1"}, padded=True),
        jwt({"exp": NOW - 60}),
        jwt({"exp": 0}),
    ],
)
def test_a_token_alone_is_given_out_as_the_official_credential_does(token: str) -> None:
    with CommunicationTokenCredential(token) as credential:
        official: Any = OfficialCredential(token)
        assert credential.get_token() == official.get_token()


@pytest.mark.parametrize(
    "token",
    [
        jwt({"exp": NOW, "name": "Jürgen ÿÿÿ>>>???"}),
        jwt({"exp": NOW, "name": "日本語"}, padded=True),
        jwt({"exp": NOW + 0.75}),
        jwt({"exp": NOW, "filler": "x" * 1_000_000}),
    ],
    ids=["base64url", "padded", "fraction", "huge"],
)
def test_tokens_that_the_official_credential_cannot_always_read_are_read(token: str) -> None:
    assert CommunicationTokenCredential(token).get_token() == (token, NOW)


def test_an_expired_token_without_refresher_is_given_out_as_it_is() -> None:
    token = token_for(-3600)
    assert CommunicationTokenCredential(token, clock=Clock()).get_token() == (token, NOW - 3600)


@both_colours
@pytest.mark.parametrize(
    "token",
    [
        "",
        "secret",
        "secret.secret",
        "secret.secret.secret",
        "secret.secret.secret.secret.secret",
        f"Bearer {token_for(60)}",
        f" {token_for(60)}\n",
        f"'{token_for(60)}'",
        token_for(60)[:40],
        jwt({}),
        jwt({"exp": "secret"}),
        jwt({"exp": str(NOW)}),
        jwt({"exp": None}),
        jwt({"exp": True}),
        jwt({"exp": -1}),
        jwt({"exp": NOW * 1000 * 1000}),
        jwt(b'{"exp": NaN}'),
        jwt(b'{"exp": 1e999}'),
        jwt(b'{"exp": ' + b"9" * 5000 + b"}"),
        jwt([NOW]),
        jwt(NOW),
        jwt(b"\xff\xfe secret"),
        jwt(b'{"exp": 1'),
        jwt(b"[" * 100_000),
        "e30=.e30=e30.e30",
        "a.b.c",
        "ä.ö.ü",
        "\0",
    ],
)
def test_what_is_no_token_is_refused_at_once_and_not_shown(credential_type: Any, token: str) -> None:
    with pytest.raises(ValueError, match="not a JWT") as caught:
        credential_type(token, token_refresher=None)
    error: BaseException | None = caught.value
    while error is not None:
        assert "secret" not in str(error)
        assert not hasattr(error, "doc")
        assert not hasattr(error, "object")
        error = error.__cause__ or error.__context__


# What makes no credential


@both_colours
@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, ValueError, "Give a token, a token_refresher, or resource_endpoint and token_credential"),
        ({"token": None}, ValueError, "Give a token"),
        ({"token": b"a.b.c"}, TypeError, "must be a str, not bytes"),
        ({"token": 1}, TypeError, "must be a str, not int"),
        ({"token": token_for(60), "proactive_refresh": True}, ValueError, "proactive_refresh needs a token_refresher"),
        ({"token_refresher": "token"}, TypeError, "must be a function without arguments .* not str"),
        ({"token": token_for(60), "token_refesher": print}, TypeError, "no option token_refesher"),
        ({"resource_endpoint": "https://contoso.com"}, ValueError, "give token_credential, too"),
        ({"token_credential": object()}, ValueError, "give resource_endpoint, too"),
        ({"scopes": ["s"]}, ValueError, "give resource_endpoint, too"),
        ({"token": token_for(60), "resource_endpoint": "https://contoso.com"}, ValueError, "not both"),
        ({"token_refresher": print, "token_credential": object()}, ValueError, "not both"),
        ({"token": token_for(60), "clock": 1}, TypeError, "clock must be a function"),
        ({"token": token_for(60), "refresh_timeout": "30"}, TypeError, "must be a number of seconds, not str"),
        ({"token": token_for(60), "refresh_timeout": None}, TypeError, "must be a number of seconds"),
        ({"token": token_for(60), "refresh_timeout": 0}, ValueError, "above 0 and at most 3600"),
        ({"token": token_for(60), "refresh_timeout": -1}, ValueError, "above 0"),
        ({"token": token_for(60), "refresh_timeout": float("nan")}, ValueError, "above 0"),
        ({"token": token_for(60), "refresh_timeout": 1e10}, ValueError, "at most 3600"),
    ],
)
def test_what_makes_no_credential_is_refused_at_once(
    credential_type: Any, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        credential_type(**arguments)


def test_an_async_function_is_no_refresher_for_sync_code(refresher: Refresher) -> None:
    with pytest.raises(TypeError, match=r"belongs to the credential of acs_identity\.aio"):
        CommunicationTokenCredential(token_refresher=refresher.asynchronous)  # type: ignore[arg-type]


def test_nothing_is_fetched_and_nothing_runs_before_the_first_call(refresher: Refresher, clock: Clock) -> None:
    CommunicationTokenCredential(token_refresher=refresher, proactive_refresh=True, clock=clock)
    assert (refresher.calls, own_threads()) == (0, [])


# Refresh on demand


def test_without_a_token_the_first_call_fetches_one_and_the_next_returns_the_same(
    refresher: Refresher, clock: Clock
) -> None:
    with CommunicationTokenCredential(token_refresher=refresher, clock=clock) as credential:
        assert credential.get_token() == ("token-1", NOW + 3600)
        assert credential.get_token("any", claims="any") == ("token-1", NOW + 3600)
    assert refresher.calls == 1


@pytest.mark.parametrize(
    ("left", "proactive", "given"),
    [(120, False, None), (119, False, "token-1"), (600, True, None), (599, True, "token-1"), (-1, False, "token-1")],
)
def test_a_token_is_refreshed_when_2_or_proactively_10_minutes_are_left(
    refresher: Refresher, clock: Clock, left: int, proactive: bool, given: str | None
) -> None:
    token = token_for(left)
    with CommunicationTokenCredential(
        token, token_refresher=refresher, proactive_refresh=proactive, clock=clock
    ) as credential:
        assert credential.get_token().token in ({token, given} if proactive and given else {given or token})
    assert refresher.calls == (given is not None)


def test_many_threads_share_one_refresh(clock: Clock) -> None:
    blocked = Blocked()
    credential = CommunicationTokenCredential(token_refresher=blocked, clock=clock)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(credential.get_token) for _ in range(8)]
        clock.wait_for_readers(8)
        blocked.release.set()
        assert {call.result(BOUND).token for call in calls} == {"late"}
    assert blocked.calls == 1
    credential.close()


def test_a_caller_whose_token_lives_does_not_wait_for_the_refresh_of_another(clock: Clock) -> None:
    blocked, old = Blocked(), token_for(60)
    credential = CommunicationTokenCredential(old, token_refresher=blocked, clock=clock)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(credential.get_token)
        assert blocked.entered.wait(BOUND)
        assert credential.get_token().token == old
        assert not first.done()
        blocked.release.set()
        assert first.result(BOUND).token == "late"
    assert credential.get_token().token == "late"
    assert blocked.calls == 1
    credential.close()


def test_the_refresher_sees_the_context_of_the_caller(clock: Clock) -> None:
    request_id = contextvars.ContextVar[str]("request_id", default="none")
    seen: list[str] = []

    def refresh() -> AccessToken:
        seen.append(request_id.get())
        return AccessToken("token", NOW + 3600)

    request_id.set("r-1")
    with CommunicationTokenCredential(token_refresher=refresh, clock=clock) as credential:
        credential.get_token()
    assert seen == ["r-1"]


def test_a_refresher_that_gives_short_lived_tokens_is_not_asked_again_and_again(clock: Clock) -> None:
    refresher = Refresher(clock, lifetime=60)
    with CommunicationTokenCredential(token_refresher=refresher, clock=clock) as credential:
        assert {credential.get_token().token for _ in range(10)} == {"token-1"}
        clock.now += 30
        assert {credential.get_token().token for _ in range(10)} == {"token-2"}


# A refresh that fails


def test_while_the_old_token_lives_it_is_given_out_and_the_next_attempts_wait_longer_and_longer(
    refresher: Refresher, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    old = token_for(100)
    refresher.error = OSError("a-secret")
    with CommunicationTokenCredential(old, token_refresher=refresher, clock=clock) as credential:
        attempts: list[int] = []
        for second in range(20):
            clock.now = NOW + second
            before = refresher.calls
            assert credential.get_token().token == old
            if refresher.calls > before:
                attempts.append(second)
        assert attempts == [0, 1, 3, 7, 15]
        refresher.error = None
        clock.now = NOW + 31
        assert credential.get_token().token == "token-6"
    assert [(record.name, record.levelname) for record in caplog.records] == [("acs_identity", "WARNING")] * 5
    assert "OSError" in caplog.text
    assert "a-secret" not in caplog.text
    assert old not in caplog.text


def test_without_a_live_token_every_waiting_caller_gets_the_refreshers_own_error_and_the_next_call_tries_again(
    clock: Clock,
) -> None:
    blocked, cause = Blocked(), KeyError("cause")
    error = PermissionError("no")

    def refresh() -> AccessToken:
        blocked()
        raise error from cause

    credential = CommunicationTokenCredential(token_for(-1), token_refresher=refresh, clock=clock)
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(credential.get_token) for _ in range(4)]
        clock.wait_for_readers(4)
        blocked.release.set()
        assert [call.exception(BOUND) for call in calls] == [error] * 4
    assert error.__cause__ is cause
    calls_so_far = blocked.calls
    with pytest.raises(PermissionError):
        credential.get_token()
    assert blocked.calls == calls_so_far + 1
    credential.close()


def test_an_error_that_was_raised_is_not_kept(clock: Clock) -> None:
    class RefreshError(Exception):
        pass

    def refresh() -> AccessToken:
        error = RefreshError()
        raised.append(weakref.ref(error))
        raise error

    raised: list[weakref.ref[RefreshError]] = []
    with CommunicationTokenCredential(token_refresher=refresh, clock=clock) as credential:
        with suppress(RefreshError):
            credential.get_token()
        credential._token._flight_thread.join(BOUND)  # type: ignore[union-attr]
        gc.collect()
        assert [reference() for reference in raised] == [None]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, TypeError),
        ("a-secret", TypeError),
        (("a-secret", NOW + 3600), TypeError),
        (AccessToken("a-secret", "2030-01-01"), TypeError),  # type: ignore[arg-type]
        (AccessToken("a-secret", NOW - 1), ValueError),
        (AccessToken("a-secret", -(10**30)), ValueError),
    ],
)
def test_a_wrong_answer_is_an_error_without_a_live_token_and_a_warning_with_one(
    clock: Clock, caplog: pytest.LogCaptureFixture, answer: Any, error: type[Exception]
) -> None:
    with CommunicationTokenCredential(token_refresher=lambda: answer, clock=clock) as credential:
        with pytest.raises(error) as caught:
            credential.get_token()
        assert "a-secret" not in "".join(traceback.format_exception_only(caught.value))
    with CommunicationTokenCredential(token_for(60), token_refresher=lambda: answer, clock=clock) as credential:
        assert credential.get_token().token == token_for(60)
    assert error.__name__ in caplog.text


def test_a_coroutine_from_a_sync_refresher_is_closed_and_named(refresher: Refresher, clock: Clock) -> None:
    coroutine = refresher.asynchronous()
    with (
        CommunicationTokenCredential(token_refresher=lambda: coroutine, clock=clock) as credential,  # type: ignore[arg-type, return-value]
        pytest.raises(TypeError, match=r"not a coroutine\. Async refreshers belong to the credential of"),
    ):
        credential.get_token()
    assert inspect.getcoroutinestate(coroutine) == "CORO_CLOSED"


def test_an_exit_asked_for_in_the_refresher_reaches_the_caller(refresher: Refresher, clock: Clock) -> None:
    refresher.error = SystemExit(3)
    with (
        CommunicationTokenCredential(token_for(60), token_refresher=refresher, clock=clock) as credential,
        pytest.raises(SystemExit),
    ):
        credential.get_token()


def test_where_no_thread_can_be_started_the_live_token_is_given_out(
    refresher: Refresher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    live = CommunicationTokenCredential(token_for(60), token_refresher=refresher, clock=clock)
    dead = CommunicationTokenCredential(token_for(-1), token_refresher=refresher, clock=clock)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert live.get_token().token == token_for(60)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            dead.get_token()
    assert dead.get_token().token == "token-1"
    live.close()
    dead.close()


# A refresher that does not return


def test_a_refresher_that_never_returns_delays_nobody_beyond_the_timeout_and_its_late_answer_is_used(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    blocked, old = Blocked(AccessToken("late", NOW + 7200)), token_for(60)
    credential = CommunicationTokenCredential(old, token_refresher=blocked, refresh_timeout=0.05, clock=clock)
    assert credential.get_token().token == old
    assert "not be refreshed within 0.05 s" in caplog.text
    clock.now = NOW + 61
    for _ in range(3):
        with pytest.raises(TimeoutError, match=r"within 0\.05 s.*no live one.*refresh_timeout"):
            credential.get_token()
    assert blocked.calls == 1
    blocked.release.set()
    credential._token._flight_thread.join(BOUND)  # type: ignore[union-attr]
    assert credential.get_token().token == "late"
    assert blocked.calls == 1
    credential.close()


def test_closing_does_not_wait_for_a_refresher_that_never_returns(clock: Clock) -> None:
    blocked = Blocked()
    credential = CommunicationTokenCredential(token_refresher=blocked, refresh_timeout=0.05, clock=clock)
    with pytest.raises(TimeoutError):
        credential.get_token()
    credential.close()
    assert own_threads() == ["acs-identity refresh"]
    assert all(thread.daemon for thread in threading.enumerate() if thread.name in own_threads())
    blocked.release.set()
    credential._token._flight_thread.join(BOUND)  # type: ignore[union-attr]


# Proactive refresh


class Notes:
    """A refresher that tells when it was called."""

    def __init__(self, lifetime: int = 3600) -> None:
        self.called = threading.Event()
        self.lifetime = lifetime
        self.thread: threading.Thread | None = None

    def __call__(self) -> AccessToken:
        self.thread = threading.current_thread()
        self.called.set()
        return AccessToken("new", NOW + self.lifetime)


def test_a_proactive_credential_refreshes_although_nobody_asks(clock: Clock) -> None:
    notes = Notes()
    with CommunicationTokenCredential(
        token_for(599), token_refresher=notes, proactive_refresh=True, clock=clock
    ) as credential:
        assert notes.called.wait(BOUND)
        assert notes.thread is not threading.main_thread()
        assert credential.get_token().token in {"new", token_for(599)}


def test_the_first_call_starts_the_proactive_refresh_where_there_is_no_with_block(clock: Clock) -> None:
    credential = CommunicationTokenCredential(
        token_for(3600), token_refresher=Notes(), proactive_refresh=True, clock=clock
    )
    for _ in range(3):
        credential.get_token()
    assert own_threads() == ["acs-identity proactive refresh"]
    credential.close()


def test_the_proactive_thread_looks_at_the_clock_every_minute_and_goes_on_after_failures(clock: Clock) -> None:
    refresher = Refresher(clock)
    live_token = live_token_module.LiveToken(refresher, token=AccessToken("old", NOW + 700), timeout=1, clock=clock)
    sleeps: list[float] = []

    class Sleep:
        """Advances the clock in place of sleeping; fails the first refreshes."""

        def get(self, timeout: float) -> None:
            sleeps.append(timeout)
            clock.now += timeout
            refresher.error = OSError() if refresher.calls < 3 else None
            if len(sleeps) < 7:
                raise queue.Empty

    live_token_module._look_after(weakref.ref(live_token), 600, Sleep())  # type: ignore[arg-type]
    # 700 s left: a minute, 40 s until 600 are left, then a little later due; failures pause 1, 2 and 4 s.
    assert sleeps == [60, 40, 1, 1, 2, 4, 60]
    assert refresher.calls == 4


def test_a_proactive_refresh_that_fails_without_live_token_does_not_end_the_thread(clock: Clock) -> None:
    called = threading.Event()

    def refresh() -> AccessToken:
        if not called.is_set():
            called.set()
            raise OSError
        return AccessToken("second", NOW + 3600)

    with CommunicationTokenCredential(token_refresher=refresh, proactive_refresh=True, clock=clock) as credential:
        assert called.wait(BOUND)
        assert own_threads() == ["acs-identity proactive refresh"]
        # The refresh that fails may still be under way.
        with suppress(OSError):
            credential.get_token()
        assert credential.get_token().token == "second"


# The end


def test_after_close_every_call_is_refused_and_closing_twice_does_no_harm(refresher: Refresher, clock: Clock) -> None:
    for credential in (
        CommunicationTokenCredential(token_for(3600), clock=clock),
        CommunicationTokenCredential(token_for(3600), token_refresher=refresher, clock=clock),
        CommunicationTokenCredential(token_refresher=refresher, proactive_refresh=True, clock=clock),
    ):
        credential.close()
        credential.close()
        for call in (credential.get_token, credential.get_token_info, credential.__enter__):
            with pytest.raises(RuntimeError, match="credential is closed"):
                call()
    assert refresher.calls == 0


@pytest.mark.parametrize("proactive", [False, True])
def test_close_waits_for_the_refresh_under_way_and_leaves_no_thread(clock: Clock, proactive: bool) -> None:
    blocked = Blocked()
    credential = CommunicationTokenCredential(token_refresher=blocked, proactive_refresh=proactive, clock=clock)
    with ThreadPoolExecutor(2) as threads:
        call = threads.submit(credential.get_token)
        assert blocked.entered.wait(BOUND)
        closing = threads.submit(credential.close)
        blocked.release.set()
        closing.result(BOUND)
        assert own_threads() == []
        assert call.result(BOUND).token == "late"


def test_close_waits_for_the_end_of_the_proactive_thread(
    refresher: Refresher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[str] = []
    join = threading.Thread.join

    def note(thread: threading.Thread, timeout: float | None = None) -> None:
        joined.append(thread.name)
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", note)
    with CommunicationTokenCredential(token_for(3600), token_refresher=refresher, proactive_refresh=True, clock=clock):
        pass
    assert joined == ["acs-identity proactive refresh"]


def test_a_refresher_can_close_its_credential(clock: Clock) -> None:
    def refresh() -> AccessToken:
        credential.close()
        return AccessToken("last", NOW + 3600)

    credential = CommunicationTokenCredential(token_refresher=refresh, clock=clock)
    assert credential.get_token().token == "last"
    with pytest.raises(RuntimeError):
        credential.get_token()
    credential.close()


def test_a_credential_that_is_forgotten_leaves_no_thread(clock: Clock) -> None:
    class Application:
        """Holds the credential that calls it, as applications do."""

        def __init__(self) -> None:
            self.credential = CommunicationTokenCredential(
                token_for(3600), token_refresher=self.refresh, proactive_refresh=True, clock=clock
            )

        def refresh(self) -> AccessToken:
            raise AssertionError

    application = Application()
    application.credential.get_token()
    (thread,) = (thread for thread in threading.enumerate() if thread.name in own_threads())
    del application
    for _ in range(int(BOUND / 0.05)):
        # The thread may just be looking, which keeps everything alive.
        gc.collect()
        thread.join(0.05)
        if not thread.is_alive():
            break
    assert not thread.is_alive()


# Where it is used


class Seen(SansIOHTTPPolicy[Any, Any]):
    def on_request(self, request: PipelineRequest[Any]) -> None:
        self.authorization = request.http_request.headers["Authorization"]


@pytest.mark.parametrize("with_info", [True, False], ids=["get_token_info", "get_token"])
def test_a_client_of_azure_core_takes_it_as_its_credential(refresher: Refresher, with_info: bool, clock: Clock) -> None:
    class OnlyGetToken:
        def __init__(self, credential: CommunicationTokenCredential) -> None:
            self.get_token = credential.get_token

    with CommunicationTokenCredential(token_refresher=refresher, clock=clock) as credential:
        assert isinstance(credential, TokenCredential)
        assert isinstance(credential, SupportsTokenInfo)
        seen = Seen()
        taken: Any = credential if with_info else OnlyGetToken(credential)
        policies: list[Any] = [BearerTokenCredentialPolicy[Any, Any](taken, "scope", enable_cae=True), seen]
        with Pipeline[Any, Any](EmulatorTransport(Emulator()), policies) as pipeline:
            pipeline.run(HttpRequest("GET", "https://contoso.com/"))
        assert seen.authorization == "Bearer token-1"


def test_the_info_has_what_the_token_has_and_neither_shows_it(refresher: Refresher, clock: Clock) -> None:
    with CommunicationTokenCredential(token_refresher=refresher, clock=clock) as credential:
        info = credential.get_token_info("scope", options={"enable_cae": True})
        assert isinstance(info, AccessTokenInfo)
        assert (info.token, info.expires_on, info.token_type) == ("token-1", NOW + 3600, "Bearer")
        assert "token-1" not in f"{info!r} {credential!r} {credential.get_token()!r}"
        assert repr(credential) == "CommunicationTokenCredential(proactive_refresh=False)"


def test_an_entra_id_user_gets_a_token_that_the_service_knows() -> None:
    emulator = emulator_with_entra_user()
    with CommunicationTokenCredential(
        resource_endpoint=emulator.endpoint,
        token_credential=emulator.entra.credential(),
        transport=EmulatorTransport(emulator),
    ) as credential:
        token = credential.get_token()
        assert emulator.introspect(token.token).state == "live"
        assert credential.get_token() is token


def test_what_the_exchange_cannot_take_is_refused_at_once() -> None:
    entra = Emulator().entra
    for endpoint, scopes in (("https://", None), ("https://contoso.com", ["chat"])):
        with pytest.raises(ValueError, match=r"endpoint|scope"):
            CommunicationTokenCredential(resource_endpoint=endpoint, token_credential=entra.credential(), scopes=scopes)


def test_the_entra_id_tokens_of_a_user_are_exchanged_when_the_first_call_comes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    exchanges: list[str] = []

    class Exchange:
        def __init__(self, endpoint: str, token_credential: Any, scopes: Any, **options: Any) -> None:
            exchanges.append(f"{endpoint} {scopes} {options}")

        def exchange(self) -> AccessToken:
            exchanges.append("exchange")
            return AccessToken("exchanged", NOW + 3600)

        def close(self) -> None:
            exchanges.append("close")

    monkeypatch.setattr("acs_identity._token_credential.EntraTokenExchange", Exchange)
    with CommunicationTokenCredential(
        resource_endpoint="https://contoso.com",
        token_credential=Emulator().entra.credential(),
        scopes=["a-scope"],
        clock=Clock(),
        retry_total=1,
    ) as credential:
        assert exchanges == ["https://contoso.com ['a-scope'] {'retry_total': 1}"]
        assert [credential.get_token().token for _ in range(2)] == ["exchanged"] * 2
    assert exchanges[1:] == ["exchange", "close"]
    assert caplog.records == []
