"""Moves the times of an answer so that it was given at EPOCH."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from ._fakes import EPOCH, read_jwt
from ._vocabulary import JWT_PATTERN, TIME

_EPOCH_SECONDS = int(EPOCH.timestamp())
_DAY = 24 * 3600
_CENTURY = 100 * 365 * _DAY
_SECONDS = re.compile(r"[0-9]{9,11}")

HTTP_EPOCH = format_datetime(EPOCH, usegmt=True)
"""EPOCH as it is written in headers."""


class Times:
    """The times of one answer.

    Args:
        dates: The values of the header Date.
        body: The text of the answer; its access tokens tell when they begin and end.
    """

    def __init__(self, dates: Iterable[str], body: str) -> None:
        self.moment: int | None = next((date for value in dates if (date := _http_date(value)) is not None), None)
        self._lifetimes: dict[int, int] = {}
        for token in re.findall(JWT_PATTERN, body, re.ASCII):
            jwt = read_jwt(token)
            if jwt is None or not jwt.is_access_token:
                continue
            end, lifetime = jwt.seconds("exp"), jwt.lifetime
            if self.moment is None:
                self.moment = jwt.seconds("iat")
            if end is not None and lifetime is not None:
                self._lifetimes[end] = lifetime

    def moved(self, text: str) -> str | None:
        """Return a time as far from EPOCH as it was from the answer, in the same form; None for what is no time."""
        if _SECONDS.fullmatch(text):
            return str(self._seconds(int(text)))
        match = TIME.fullmatch(text)
        if match is None:
            return None
        try:
            given = datetime.fromisoformat(text)
        except ValueError:
            return None
        given = given if given.tzinfo else given.replace(tzinfo=UTC)
        moved = datetime.fromtimestamp(self._seconds(int(given.timestamp())), UTC)
        fraction = ".0000000" if match[4] else ""
        zone = match[5] if match[5] in (None, "Z") else "+00:00"
        return f"{moved:%Y-%m-%d}{match[2]}{moved:%H:%M:%S}{fraction}{zone or ''}"

    def moved_http(self, text: str) -> str | None:
        """Do the same for a time of a header."""
        date = _http_date(text)
        return None if date is None else format_datetime(datetime.fromtimestamp(self._seconds(date), UTC), usegmt=True)

    def _seconds(self, seconds: int) -> int:
        if seconds in self._lifetimes:
            return _EPOCH_SECONDS + self._lifetimes[seconds]
        # An access token lives a day unless it is said otherwise.
        return _EPOCH_SECONDS + (_DAY if self.moment is None else _settled(seconds - self.moment))


def without_times(text: str) -> str:
    """Return a text, for example an error message, in which every time is EPOCH.

    >>> without_times("Timestamp: 2026-11-23 04:13:57Z")
    'Timestamp: 2001-01-01 00:00:00Z'
    """
    return TIME.sub(lambda match: f"2001-01-01{match[2]}00:00:00{match[5] or ''}", text)


def _http_date(text: str) -> int | None:
    try:
        date = parsedate_to_datetime(text)
        return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _settled(seconds: int) -> int:
    """Return a distance without what it took to answer: within two seconds of a minute it is that minute."""
    minute = round(seconds / 60) * 60
    seconds = minute if abs(seconds - minute) <= 2 else seconds
    # So that every moved time is a date.
    return max(-_CENTURY, min(_CENTURY, seconds))
