"""One live access token for many callers, in async code: at most one task refreshes it at a time."""

import asyncio
import inspect
import logging
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass

from azure.core.credentials import AccessToken as AzureAccessToken

from acs_identity._models import AccessToken
from acs_identity._refreshing import CLOSED, EXPECTED, TokenState, check_answer, check_refresher, timed_out

TokenRefresher = Callable[[], Awaitable[AzureAccessToken]]

# For the task of a refresh to end after its deadline. One that resists its cancellation is waited for no longer.
_GRACE = 1.0
_LOGGER = logging.getLogger("acs_identity")


@dataclass(slots=True, eq=False)
class _Flight:
    """A refresh under way: a token or an error when it is done. The deadline is on the clock of the loop."""

    loop: asyncio.AbstractEventLoop
    deadline: float
    task: "asyncio.Task[None] | None" = None
    token: AccessToken | None = None
    error: Exception | None = None


class LiveToken:
    """An access token that is refreshed when it is due. For one event loop at a time.

    Args:
        refresher: Gives a new token.
        token: The token to begin with, if any.
        timeout: How long anybody waits for one refresh, in seconds.
        clock: Gives the present time, in seconds since 1970.

    Raises:
        TypeError: The refresher is no function of this colour.
    """

    def __init__(
        self, refresher: TokenRefresher, *, token: AccessToken | None, timeout: float, clock: Callable[[], float]
    ) -> None:
        check_refresher(refresher, is_async=True)
        self._refresher = refresher
        self._timeout = timeout
        self._clock = clock
        self._state = TokenState(token)
        self._flight: _Flight | None = None
        self._proactive = _ProactiveTask()
        self._closed = False
        # Ends the proactive task and holds no reference to this object.
        self.abandon: Callable[[], None] = self._proactive.cancel

    async def get(self, window: float, replacing: AccessToken | None = None) -> AccessToken:
        """Return a live token, refreshed first where fewer than ``window`` seconds of it are left.

        A caller with a live token does not wait for a refresh that another one started, unless it is the token to
        be replaced. A caller that is cancelled cancels neither the refresh nor the others.

        Raises:
            RuntimeError: A refresh is needed, and this object is closed.
            TimeoutError: The refresher does not return, and there is no live token.
            Exception: What the refresher raised, when there is no live token.
        """
        now = self._clock()
        live = self._state.live_token(now)
        flight = self._flight_here()
        if flight is None:
            if live is not None and not self._state.is_refreshed_for_caller(now, window, replacing):
                return live
            flight = self._start(window)
        elif live is not None and live is not replacing:
            return live
        await self._wait(flight)
        return self._outcome(flight)

    def is_idle(self) -> bool:
        """Tell whether there is neither a live token nor a refresh under way."""
        return self._flight_here() is None and self._state.live_token(self._clock()) is None

    def refresh_proactively(self, window: float) -> None:
        """Refresh in the background from now on, until :meth:`close` or ``abandon`` is called."""
        if not self._closed:
            self._proactive.start(self, window)

    async def look(self, window: float) -> float:
        """Refresh the token if it is due. Return after how many seconds to look again."""
        flight = self._flight_here()
        if flight is None and not self._closed and self._state.is_refreshed_unasked(self._clock(), window):
            flight = self._start(window)
        if flight is not None:
            await self._wait(flight)
        return self._state.seconds_to_sleep(self._clock(), window)

    async def close(self) -> None:
        """Cancel the tasks and wait until they have ended; a refresher that resists is left after its timeout."""
        self._closed = True
        # Ends the proactive task of another loop, too, when that loop goes on.
        self.abandon()
        flight = self._flight_here()
        tasks = [self._proactive.task, flight.task if flight is not None else None]
        loop, current = asyncio.get_running_loop(), asyncio.current_task()
        ending = [
            task
            for task in tasks
            if task is not None and task is not current and task.get_loop() is loop and not task.done()
        ]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=self._timeout)

    def _flight_here(self) -> _Flight | None:
        """Return the refresh under way in this event loop; one of a loop that has ended does not land."""
        flight = self._flight
        if flight is None or flight.loop is not asyncio.get_running_loop():
            return None
        return None if flight.task is not None and flight.task.done() else flight

    def _start(self, window: float) -> _Flight:
        if self._closed:
            raise RuntimeError(CLOSED)
        loop = asyncio.get_running_loop()
        self._flight = flight = _Flight(loop, loop.time() + self._timeout)
        flight.task = loop.create_task(self._fly(flight, window), name="acs-identity refresh")
        return flight

    async def _wait(self, flight: _Flight) -> None:
        if flight.task is not None:
            # asyncio.wait leaves the task alone when the one who waits is cancelled.
            await asyncio.wait({flight.task}, timeout=max(0.0, flight.deadline - flight.loop.time()) + _GRACE)

    async def _fly(self, flight: _Flight, window: float) -> None:
        limit = asyncio.timeout_at(flight.deadline)
        try:
            async with limit:
                answer = await self._answer()
            token = check_answer(answer, self._clock())
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            cancelled = RuntimeError("The token refresher was cancelled from within.")
            cancelled.__cause__ = error
            self._land(flight, window, None, cancelled)
        except Exception as error:  # noqa: BLE001 - raised again in the tasks that wait for it
            own = isinstance(error, TimeoutError) and limit.expired()
            self._land(flight, window, None, timed_out(self._timeout) if own else error)
        else:
            self._land(flight, window, token, None)
        finally:
            if self._flight is flight:
                self._flight = None

    async def _answer(self) -> object:
        answer: object = self._refresher()
        if not inspect.isawaitable(answer):
            raise TypeError(f"{EXPECTED}, and be an async function here; it returned {type(answer).__name__} at once.")
        return await answer

    def _land(self, flight: _Flight, window: float, token: AccessToken | None, error: Exception | None) -> None:
        now = self._clock()
        self._state = self._state.failed(now) if token is None else self._state.renewed(token, now, window)
        flight.token, flight.error = token, error
        if error is not None:
            # Only the type: the text of somebody else's error may hold a token.
            _LOGGER.warning("An access token could not be refreshed: %s", type(error).__name__)

    def _outcome(self, flight: _Flight) -> AccessToken:
        if flight.token is not None:
            return flight.token
        if self._closed:
            raise RuntimeError(CLOSED)
        live = self._state.live_token(self._clock())
        if live is not None:
            return live
        if flight.error is None and flight.task is not None and flight.task.done():
            raise RuntimeError("The refresh of the access token was cancelled. Ask again.")
        raise flight.error or timed_out(self._timeout)


class _ProactiveTask:
    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None

    def start(self, live_token: LiveToken, window: float) -> None:
        loop = asyncio.get_running_loop()
        if self.task is not None and not self.task.done() and self.task.get_loop() is loop:
            return
        self.cancel()
        # An empty context: what happens in the background belongs to no caller.
        self.task = loop.create_task(
            _look_after(weakref.ref(live_token), window), name="acs-identity proactive refresh", context=Context()
        )

    def cancel(self) -> None:
        if self.task is not None and not self.task.done():
            # From whatever thread collects garbage; a loop that was closed has no task to end.
            with suppress(RuntimeError):
                self.task.get_loop().call_soon_threadsafe(self.task.cancel)


async def _look_after(reference: "weakref.ref[LiveToken]", window: float) -> None:
    while True:
        live_token = reference()
        if live_token is None:
            return
        seconds = await live_token.look(window)
        # Held only while looking, so that what is forgotten can be collected.
        del live_token
        await asyncio.sleep(seconds)
