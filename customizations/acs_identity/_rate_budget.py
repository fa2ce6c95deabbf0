"""How many requests of each operation may be sent, and when: a budget that several threads, tasks and clients share."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

WINDOW_SECONDS: Final = 30.0
# Requests are counted where they arrive: one that is late would else meet those of the next window.
LATENESS_SECONDS: Final = 1.0

DOCUMENTED_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "create_user": 1000,
        "create_user_and_token": 1000,
        "get_token": 1000,
        "revoke_tokens": 500,
        "delete_user": 500,
        "get_token_for_teams_user": 500,
    }
)
"""The requests that the service takes of each operation in 30 seconds. Source: Azure documentation, service limits."""


class RateBudget:
    """The requests that may be sent in any 30 seconds. Safe to use from several threads.

    The first requests go out at once, as many as the limit allows; those after them wait until 31 seconds after the one
    that they follow in the place of, which leaves a second for requests that take long on their way. So no 30 seconds
    see more requests than the limit, wherever they begin, and 0.97 of what is allowed can be used.

    Args:
        limits: The requests that are taken in 30 seconds by the name of the method, at least 1 each; those that the
            service documents by default. A method without a limit is not held back.
        share: The part of the limits that this budget has, above 0 and at most 1; all of it by default. Of four
            processes that work on one resource each takes 0.25.
        clock: Gives the present time in seconds; a monotonic clock by default.

    Raises:
        TypeError: A limit is no int, or the share no number.
        ValueError: A limit or the share is out of range, or the share of a limit is less than one request.

    >>> budget = RateBudget({"create_user": 2}, clock=lambda: 100.0)
    >>> [budget.reserve("create_user") for _ in range(3)]
    [100.0, 100.0, 131.0]
    """

    def __init__(
        self,
        limits: Mapping[str, int] = DOCUMENTED_LIMITS,
        *,
        share: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise TypeError(f"share must be a number, not {type(share).__name__}.")
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, not {share}.")
        for name, limit in limits.items():
            if type(limit) is not int:
                raise TypeError(f"The limit of {name} must be an int, not {type(limit).__name__}.")
            if limit < 1:
                raise ValueError(f"The limit of {name} must be at least 1, not {limit}.")
            if limit * share < 1:
                # One request each would take several processes above the limit.
                raise ValueError(f"share is too small: {share} of the {limit} requests of {name} is less than one.")
        self._slots = {name: deque[float](maxlen=int(limit * share)) for name, limit in limits.items()}
        self._not_before: dict[str, float] = {}
        self._clock = clock
        self._lock = threading.Lock()

    def reserve(self, method: str) -> float:
        """Take the next request that may be sent, and return when: a time of the clock, perhaps the present one.

        Args:
            method: The name of the method, for example ``"create_user"``.
        """
        with self._lock:
            slots = self._slots.get(method)
            moment = max(self._clock(), self._not_before.get(method, 0.0))
            if slots is None:
                return moment
            if len(slots) == slots.maxlen:
                moment = max(moment, slots[0] + WINDOW_SECONDS + LATENESS_SECONDS)
            slots.append(moment)
            return moment

    def seconds_until(self, method: str, moment: float) -> float:
        """Return how long to wait until a time that was reserved, which a pause may have moved; 0 when it has come."""
        return max(0.0, moment - self._clock(), self._not_before.get(method, 0.0) - self._clock())

    def pause(self, method: str, seconds: float) -> None:
        """Send nothing for a while, for everybody who shares the budget: what the service asks for with Retry-After.

        Args:
            method: The name of the method.
            seconds: How long, from now on. A longer pause that has begun goes on; what is not finite is passed over.
        """
        if not math.isfinite(seconds):
            return
        with self._lock:
            now = self._clock()
            end = self._not_before[method] = max(self._not_before.get(method, 0.0), now + seconds)
            slots = self._slots.get(method)
            if slots is not None:
                # Who has a time within the pause sends at its end, so that is when the request counts.
                self._slots[method] = deque((max(at, end) if at > now else at for at in slots), slots.maxlen)
