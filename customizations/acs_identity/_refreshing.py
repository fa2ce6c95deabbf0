"""When an access token is refreshed and what a refresher may answer: decisions without threads, tasks or network."""

import base64
import binascii
import inspect
import json
import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeGuard, cast

from azure.core.credentials import AccessTokenInfo

from ._models import AccessToken

ON_DEMAND_WINDOW = 120.0
PROACTIVE_WINDOW = 600.0
# A minute more than the longest window, for what the clocks and the way take.
REFRESHER_WINDOW = PROACTIVE_WINDOW + 60.0
REFRESH_TIMEOUT = 30.0
PROVIDER_TIMEOUT = 60.0
LONGEST_TIMEOUT = 3600.0
LONGEST_PAUSE = 60.0
LONGEST_SLEEP = 60.0
# The last second that a datetime can tell.
LATEST_EXPIRY = 253402300799
SWEEP_MINIMUM = 128

CLOSED = "The credential is closed. Make a new one, or use it inside its with block."
EXPECTED = "The token refresher must return an AccessToken: token, a str, and expires_on, an int in seconds since 1970"

_JWT = re.compile(r"[\w-]+={0,2}\.([\w-]+)={0,2}\.[\w-]*={0,2}", re.ASCII)


class TokenInfo(AccessTokenInfo):
    """The token info of azure-core, with a repr that does not show the token."""

    def __repr__(self) -> str:
        return f"AccessTokenInfo(token='***', expires_on={self.expires_on}, token_type={self.token_type!r})"


@dataclass(frozen=True, slots=True)
class TokenState:
    """An access token, if any, and how long no refresh of it is tried. All times in seconds since 1970, UTC."""

    token: AccessToken | None = None
    failures: int = 0
    tried_at: float = 0.0
    pause: float = 0.0

    def live_token(self, now: float) -> AccessToken | None:
        """Return the token unless it has expired."""
        return self.token if self.token is not None and now < self.token.expires_on else None

    def is_refreshed_for_caller(self, now: float, window: float, replacing: AccessToken | None = None) -> bool:
        """Tell whether a caller starts a refresh: always without a live token, otherwise as in the background.

        Args:
            now: The present time.
            window: A token is due when fewer seconds of its life are left.
            replacing: This token is due whatever is left of it.
        """
        return self.live_token(now) is None or self.is_refreshed_unasked(now, window, replacing)

    def is_refreshed_unasked(self, now: float, window: float, replacing: AccessToken | None = None) -> bool:
        """Tell whether the background starts a refresh: the token is due and no pause is on."""
        # A clock that was set back ends a pause.
        is_paused = 0 <= now - self.tried_at < self.pause
        return not is_paused and self._is_due(now, window, replacing)

    def renewed(self, token: AccessToken, now: float, window: float) -> "TokenState":
        """Return the state with a new token. One that is due at once is kept for half of what is left of it."""
        left = token.expires_on - now
        return TokenState(token, tried_at=now, pause=max(min(left, 1.0), left / 2) if left < window else 0.0)

    def failed(self, now: float) -> "TokenState":
        """Return the state after a refresh that failed, with the pause before the next one."""
        failures = self.failures + 1
        pause = pause_after(failures)
        live = self.live_token(now)
        return TokenState(self.token, failures, now, pause if live is None else min(pause, live.expires_on - now))

    def seconds_to_sleep(self, now: float, window: float) -> float:
        """Return after how many seconds the background looks again: from 1 to 60, since a machine may sleep."""
        if self.token is None or self._is_due(now, window, None):
            seconds = self.tried_at + self.pause - now
        else:
            seconds = self.token.expires_on - window - now
        return min(max(seconds, 1.0), LONGEST_SLEEP)

    def _is_due(self, now: float, window: float, replacing: AccessToken | None) -> bool:
        return self.token is None or self.token is replacing or self.token.expires_on - now < window


def pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row.

    >>> [pause_after(failures) for failures in (1, 2, 3, 7, 1000)]
    [1.0, 2.0, 4.0, 60.0, 60.0]
    """
    return min(2.0 ** min(failures - 1, 10), LONGEST_PAUSE)


def static_token(token: str) -> AccessToken:
    """Return a token given as text, with the expiry it carries.

    Raises:
        TypeError: It is not a text.
        ValueError: It is not a JWT with a numeric ``exp``. The text does not show it.
    """
    if not isinstance(token, str):
        raise TypeError(f"The token must be a str, not {type(token).__name__}.")
    expires_on = _expiry_of(token)
    if expires_on is None:
        # Raised outside of any except block: a cause would carry the token.
        raise ValueError(
            "The token is not a JWT (three parts joined by dots, the second with a numeric exp, in seconds since "
            "1970). Pass it exactly as the service gave it, without blanks, quotes or a Bearer before it."
        )
    return AccessToken(token, expires_on)


def _expiry_of(token: str) -> int | None:
    match = _JWT.fullmatch(token)
    if match is None:
        return None
    payload = match[1]
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode("utf-8"))
    except (binascii.Error, ValueError, RecursionError):
        return None
    exp = cast(dict[str, object], claims).get("exp") if isinstance(claims, dict) else None
    return int(exp) if _is_number(exp) and 0 <= exp <= LATEST_EXPIRY else None


def check_answer(answer: object, now: float) -> AccessToken:
    """Return what a token refresher answered as an access token.

    Args:
        answer: Anything with ``token`` and ``expires_on``, for example the AccessToken of azure-core.
        now: The present time, in seconds since 1970, UTC.

    Raises:
        TypeError: It is something else, or one of the two is of another type.
        ValueError: The token cannot be sent, its expiry is no time, or it has expired.
    """
    if inspect.iscoroutine(answer):
        answer.close()
        raise TypeError(f"{EXPECTED}, not a coroutine. Async refreshers belong to the credential of acs_identity.aio.")
    token: object = getattr(answer, "token", None)
    expires_on: object = getattr(answer, "expires_on", None)
    if not hasattr(answer, "token") or not hasattr(answer, "expires_on"):
        raise TypeError(f"{EXPECTED}, not {type(answer).__name__}.")
    if not isinstance(token, str):
        raise TypeError(f"{EXPECTED}; its token is of type {type(token).__name__}.")
    if not _is_number(expires_on):
        raise TypeError(
            f"{EXPECTED}; its expires_on is of type {type(expires_on).__name__}. The client of "
            "azure-communication-identity gives a str there; that of acs_identity gives an int."
        )
    if not token or not all("!" <= character <= "~" for character in token):
        raise ValueError("The token refresher returned a token that is empty or holds blanks or non-ASCII characters.")
    if not 0 <= expires_on <= LATEST_EXPIRY:
        raise ValueError(
            "The token refresher returned an expires_on that is no time in seconds since 1970. "
            "Is it in milliseconds, or relative to now?"
        )
    if expires_on <= now:
        raise ValueError(
            f"The token refresher returned a token that expired {now - expires_on:.0f} s ago. It must return a "
            "live one; if it does, look at the clock of this machine."
        )
    return AccessToken(token, int(expires_on))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def timed_out(seconds: float) -> TimeoutError:
    """Return the error for those who wait for a refresh that takes too long."""
    return TimeoutError(
        f"The access token could not be refreshed within {seconds:g} s, and there is no live one. "
        "Find out what the token refresher waits for, or allow it more time by refresh_timeout."
    )


def check_timeout(seconds: float) -> float:
    """Return a refresh_timeout that can be waited for.

    Raises:
        TypeError: It is not a number.
        ValueError: It is not above 0 and at most 3600.
    """
    if not _is_number(seconds):
        raise TypeError(f"refresh_timeout must be a number of seconds, not {type(seconds).__name__}.")
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise ValueError(f"refresh_timeout must be above 0 and at most {LONGEST_TIMEOUT:g} seconds, not {seconds}.")
    return float(seconds)


def check_clock(clock: object) -> None:
    """Refuse a clock that cannot be called.

    Raises:
        TypeError: It cannot.
    """
    if not callable(clock):
        raise TypeError(f"clock must be a function that returns seconds since 1970, not {type(clock).__name__}.")


def check_refresher(refresher: object, *, is_async: bool) -> None:
    """Refuse what cannot be a token refresher.

    Raises:
        TypeError: It cannot be called, or is an async function for a sync credential.
    """
    if not callable(refresher):
        raise TypeError(
            "token_refresher must be a function without arguments that returns an AccessToken, "
            f"not {type(refresher).__name__}."
        )
    if not is_async and inspect.iscoroutinefunction(refresher):
        raise TypeError(f"{EXPECTED}. An async function belongs to the credential of acs_identity.aio.")


def clock_offset(date: str | None, now: float) -> float | None:
    """Return by how many seconds the service's clock is ahead of this one; None when the date says nothing.

    Args:
        date: The Date header of an answer. Source: RFC 9110; it counts whole seconds.
        now: The time of the answer by this machine's clock, in seconds since 1970.

    >>> clock_offset("Mon, 01 Apr 2024 05:56:19 GMT", 1711950000.0)
    979.0
    """
    try:
        sent = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return None
    return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).timestamp() - now
