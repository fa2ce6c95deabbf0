"""The rate limits of the service: how many requests an operation takes in 30 seconds."""

import json
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from . import errors
from .names import check_operation

WINDOW: Final = timedelta(seconds=30)
"""The time in which requests are counted (Azure documentation, "Service limits for Azure Communication Services")."""

CREATE_AND_ISSUE: Final = "create_identity_and_token"
"""The name under which `create_identity` has its limit when it is asked for an access token, too."""

DOCUMENTED_LIMITS: Final[Mapping[str, int]] = {
    "create_identity": 1000,
    CREATE_AND_ISSUE: 1000,
    "delete_identity": 500,
    "issue_access_token": 1000,
    "revoke_access_tokens": 500,
    "exchange_teams_user_token": 500,
}
"""The requests each operation takes in a window (Azure documentation, as `WINDOW`); it names no other operation."""


@dataclass(slots=True)
class _Window:
    begin: datetime
    requests: int = 0


class RateLimits:
    """Counts the requests of each operation and refuses those above its limit. Safe to use from several threads.

    A window begins with the first request that finds none and ends 30 seconds later, by the clock of the emulator.

    >>> limits = RateLimits()
    >>> limits.set({"create_identity": 2})
    >>> dict(limits.numbers)
    {'create_identity': 2}
    """

    def __init__(self) -> None:
        self._numbers: Mapping[str, int] = {}
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    @property
    def numbers(self) -> Mapping[str, int]:
        """How many requests of each operation are taken in 30 seconds; empty when there are no limits."""
        return dict(self._numbers)

    def set(self, numbers: Mapping[str, int] = DOCUMENTED_LIMITS) -> None:
        """Set the limits, the documented ones by default, and begin to count anew.

        Args:
            numbers: How many requests are taken in 30 seconds, at least 1, by the name of the operation. The name
                ``create_identity_and_token`` stands for creating an identity with an access token.

        Raises:
            ValueError: There is no such operation, or a number is not a whole one from 1 on; nothing is changed.
        """
        for name, number in numbers.items():
            if name != CREATE_AND_ISSUE:
                check_operation(name)
            if type(number) is not int or number < 1:
                raise ValueError(f"The limit of {name} must be a whole number from 1 on.")
        with self._lock:
            self._numbers = dict(numbers)
            self._windows = {}

    def clear(self) -> None:
        """Take the limits away."""
        self.set({})

    def check(self, operation: str, body: bytes, now: datetime) -> None:
        """Count a request.

        Args:
            operation: The name of the operation.
            body: The body of the request, which tells whether an identity is created with an access token.
            now: The present time, in UTC.

        Raises:
            ServiceError: There were too many requests in this window.
        """
        if not self._numbers:
            return
        name = CREATE_AND_ISSUE if operation == "create_identity" and _asks_for_token(body) else operation
        with self._lock:
            number = self._numbers.get(name)
            if number is None:
                return
            window = self._windows.get(name)
            # A clock that was moved back is before the window.
            if window is None or not timedelta(0) <= now - window.begin < WINDOW:
                window = self._windows[name] = _Window(now)
            if window.requests < number:
                window.requests += 1
                return
            wait = math.ceil((window.begin + WINDOW - now).total_seconds())
        raise errors.too_many_requests(
            f"the rate limit of {name} is {number} requests in {WINDOW.seconds} s: wait {wait} s, or do without limits",
            wait,
        )


def _asks_for_token(body: bytes) -> bool:
    if b"createTokenWithScopes" not in body:
        return False
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and bool(cast(dict[str, Any], document).get("createTokenWithScopes"))
