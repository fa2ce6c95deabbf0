"""The clock an emulator goes by: another clock that can be moved and stopped."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from .times import utc_now

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The earliest time the clock can be set to: HTTP dates and JWTs before it are rarely read well."""

LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""The latest time the clock can be set to, far enough from the last year so that tokens can end after it."""


class EmulatorClock:
    """Shows the time of a base clock until it is moved or stopped. Safe to use from several threads.

    Args:
        base: Gives the present time, with a time zone; that of this machine by default.

    >>> clock = EmulatorClock(lambda: datetime(2026, 10, 1, 12, tzinfo=UTC))
    >>> clock.advance(timedelta(hours=2))
    >>> str(clock.now())
    '2026-10-01 14:00:00+00:00'
    >>> clock.offset
    datetime.timedelta(seconds=7200)
    """

    def __init__(self, base: Callable[[], datetime] = utc_now) -> None:
        self._base = base
        self._offset = timedelta(0)
        self._stopped: datetime | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<EmulatorClock {self.now().isoformat()}{' frozen' if self.is_frozen else ''}>"

    @property
    def offset(self) -> timedelta:
        """How far the clock is ahead of its base at this moment; negative when it is behind."""
        with self._lock:
            return self._offset if self._stopped is None else self._stopped - self.base_now()

    @property
    def is_moved(self) -> bool:
        """Whether the clock may show another time than its base."""
        return self._stopped is not None or bool(self._offset)

    @property
    def is_frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._stopped is not None

    def now(self) -> datetime:
        """Return the time of this clock, in UTC.

        Raises:
            ValueError: The base clock gave a time without a time zone.
        """
        if not self.is_moved:
            return self.base_now()
        with self._lock:
            return self._now()

    def base_now(self) -> datetime:
        """Return the time of the base clock, in UTC, wherever this clock was moved.

        Raises:
            ValueError: The base clock gave a time without a time zone.
        """
        now = self._base()
        if now.tzinfo is None:
            raise ValueError("The clock of the emulator gave a time without a time zone.")
        return now.astimezone(UTC)

    def nearest(self, moment: datetime) -> datetime:
        """Return the time of this clock or that of its base, whichever is nearer to a moment."""
        return min(self.now(), self.base_now(), key=lambda now: abs(now - moment))

    def advance(self, by: timedelta) -> None:
        """Move the clock forward, or back by a negative duration; it goes on, or stands still, as before.

        Raises:
            ValueError: The time would be before 1970 or after the year 8999; the clock is not moved.
        """
        with self._lock:
            try:
                self._move(self._now() + by)
            except OverflowError:
                raise ValueError(_OUT_OF_RANGE) from None

    def set(self, moment: datetime) -> None:
        """Set the clock; it goes on, or stands still, as before.

        Raises:
            ValueError: The time has no time zone, or is before 1970 or after the year 8999; the clock is not moved.
        """
        if moment.tzinfo is None:
            raise ValueError("The time has no time zone: give one, such as datetime.UTC.")
        with self._lock:
            try:
                self._move(moment.astimezone(UTC))
            except OverflowError:
                raise ValueError(_OUT_OF_RANGE) from None

    def freeze(self) -> None:
        """Stop the clock; it can still be moved. Does nothing when it stands still already."""
        with self._lock:
            self._stopped = self._now()

    def resume(self) -> None:
        """Let the clock go on from the time it shows. Does nothing when it goes."""
        with self._lock:
            if self._stopped is not None:
                self._offset, self._stopped = self._stopped - self.base_now(), None

    def reset(self) -> None:
        """Go with the base clock again."""
        with self._lock:
            self._offset, self._stopped = timedelta(0), None

    def _now(self) -> datetime:
        return self.base_now() + self._offset if self._stopped is None else self._stopped

    def _move(self, moment: datetime) -> None:
        if not EARLIEST <= moment < LATEST:
            raise ValueError(_OUT_OF_RANGE)
        if self._stopped is None:
            self._offset = moment - self.base_now()
        else:
            self._stopped = moment


_OUT_OF_RANGE = f"The clock goes from {EARLIEST:%Y} to {LATEST.year - 1}: choose a time between."
