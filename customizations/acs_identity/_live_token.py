"""One live access token for many callers, in sync code: at most one thread refreshes it at a time."""

import logging
import queue
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial

from azure.core.credentials import AccessToken as AzureAccessToken

from ._models import AccessToken
from ._refreshing import CLOSED, TokenState, check_answer, check_refresher, timed_out

TokenRefresher = Callable[[], AzureAccessToken]

_LOGGER = logging.getLogger("acs_identity")


@dataclass(slots=True, eq=False)
class _Flight:
    """A refresh under way: a token or an error when it is done. The deadline is on the monotonic clock."""

    deadline: float
    done: threading.Event = field(default_factory=threading.Event)
    token: AccessToken | None = None
    error: BaseException | None = None


class LiveToken:
    """An access token that is refreshed when it is due.

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
        check_refresher(refresher, is_async=False)
        self._refresher = refresher
        self._timeout = timeout
        self._clock = clock
        # Reentrant, since a thread that cannot be started lands its flight at once.
        self._lock = threading.RLock()
        self._state = TokenState(token)
        self._flight: _Flight | None = None
        self._flight_thread: threading.Thread | None = None
        self._proactive_thread: threading.Thread | None = None
        # Of all that wakes a thread this alone may be used while garbage is collected.
        self._stop: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closed = False
        # Ends the proactive thread and holds no reference to this object.
        self.abandon: Callable[[], None] = partial(self._stop.put, None)

    def get(self, window: float, replacing: AccessToken | None = None) -> AccessToken:
        """Return a live token, refreshed first where fewer than ``window`` seconds of it are left.

        A caller with a live token does not wait for a refresh that another one started, unless it is the token to
        be replaced.

        Raises:
            RuntimeError: A refresh is needed, and this object is closed.
            TimeoutError: The refresher does not return, and there is no live token.
            Exception: What the refresher raised, when there is no live token.
        """
        with self._lock:
            now = self._clock()
            live = self._state.live_token(now)
            flight = self._flight
            if flight is None:
                if live is not None and not self._state.is_refreshed_for_caller(now, window, replacing):
                    return live
                flight = self._start(window)
            elif live is not None and live is not replacing:
                return live
        flight.done.wait(max(0.0, flight.deadline - time.monotonic()))
        return self._outcome(flight)

    def is_idle(self) -> bool:
        """Tell whether there is neither a live token nor a refresh under way."""
        with self._lock:
            return self._flight is None and self._state.live_token(self._clock()) is None

    def refresh_proactively(self, window: float) -> None:
        """Refresh in the background from now on, until :meth:`close` or ``abandon`` is called."""
        with self._lock:
            if self._proactive_thread is None and not self._closed:
                self._proactive_thread = threading.Thread(
                    target=_look_after,
                    args=(weakref.ref(self), window, self._stop),
                    name="acs-identity proactive refresh",
                    daemon=True,
                )
                self._proactive_thread.start()

    def look(self, window: float) -> float:
        """Refresh the token in this thread if it is due. Return after how many seconds to look again."""
        flight = None
        with self._lock:
            is_free = self._flight is None and not self._closed
            if is_free and self._state.is_refreshed_unasked(self._clock(), window):
                self._flight = flight = _Flight(time.monotonic() + self._timeout)
        if flight is not None:
            self._fly(flight, window)
        return self._state.seconds_to_sleep(self._clock(), window)

    def close(self) -> None:
        """End the threads. A refresh under way is awaited, within its timeout; one that never returns is left."""
        with self._lock:
            self._closed = True
            deadline = self._flight.deadline if self._flight is not None else time.monotonic() + self._timeout
            threads = [self._proactive_thread, self._flight_thread]
        self.abandon()
        for thread in threads:
            if thread is not None and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self, window: float) -> _Flight:
        if self._closed:
            raise RuntimeError(CLOSED)
        self._flight = flight = _Flight(time.monotonic() + self._timeout)
        thread = threading.Thread(
            target=copy_context().run, args=(self._fly, flight, window), name="acs-identity refresh", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the machine has no thread left
            self._land(flight, window, None, error)
        else:
            self._flight_thread = thread
        return flight

    def _fly(self, flight: _Flight, window: float) -> None:
        try:
            token = check_answer(self._refresher(), self._clock())
        except BaseException as error:  # noqa: BLE001 - raised again in the threads that wait for it
            self._land(flight, window, None, error)
        else:
            self._land(flight, window, token, None)

    def _land(self, flight: _Flight, window: float, token: AccessToken | None, error: BaseException | None) -> None:
        with self._lock:
            now = self._clock()
            self._state = self._state.failed(now) if token is None else self._state.renewed(token, now, window)
            self._flight = None
            flight.token, flight.error = token, error
        if error is not None:
            # Only the type: the text of somebody else's error may hold a token.
            _LOGGER.warning("An access token could not be refreshed: %s", type(error).__name__)
        flight.done.set()

    def _outcome(self, flight: _Flight) -> AccessToken:
        if flight.token is not None:
            return flight.token
        if flight.error is not None and not isinstance(flight.error, Exception):
            raise flight.error
        live = self._state.live_token(self._clock())
        if live is not None:
            if not flight.done.is_set():
                _LOGGER.warning("An access token could not be refreshed within %g s; it is still tried", self._timeout)
            return live
        raise flight.error or timed_out(self._timeout)


def _look_after(reference: "weakref.ref[LiveToken]", window: float, stop: "queue.SimpleQueue[None]") -> None:
    while True:
        live_token = reference()
        if live_token is None:
            return
        seconds = live_token.look(window)
        # Held only while looking, so that what is forgotten can be collected.
        del live_token
        try:
            stop.get(timeout=seconds)
        except queue.Empty:
            continue
        return
