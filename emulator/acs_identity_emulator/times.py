"""Points in time as the service writes and reads them. Every datetime here has a time zone."""

import functools
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def format_http_date(moment: datetime) -> str:
    """Write a time as HTTP headers have it.

    >>> format_http_date(datetime(2022, 4, 13, 18, 9, 12, tzinfo=UTC))
    'Wed, 13 Apr 2022 18:09:12 GMT'
    """
    return _format_second(int(moment.timestamp()))


@functools.lru_cache(maxsize=16)
def _format_second(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)


@functools.lru_cache(maxsize=128)
def parse_http_date(text: str) -> datetime | None:
    """Read a time of an HTTP header; None when it is not written exactly so, a wrong day of the week included.

    >>> parse_http_date("Wed, 13 Apr 2022 18:09:12 GMT")
    datetime.datetime(2022, 4, 13, 18, 9, 12, tzinfo=datetime.timezone.utc)
    >>> parse_http_date("Thu, 13 Apr 2022 18:09:12 GMT") is None
    True
    """
    try:
        moment = parsedate_to_datetime(text).replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if format_http_date(moment) == text else None


def format_expiry(moment: datetime) -> str:
    """Write the end of an access token: UTC, seven fraction digits, offset spelled out (recordings of 2021 to 2025).

    >>> format_expiry(datetime(2021, 10, 16, 18, 36, 10, 783750, tzinfo=UTC))
    '2021-10-16T18:36:10.7837500+00:00'
    """
    # strftime takes several times as long.
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}0+00:00"


def format_seconds(moment: datetime) -> str:
    """Write a time in UTC and whole seconds, offset spelled out (recordings of 2025).

    >>> format_seconds(datetime(2025, 4, 14, 15, 32, 27, 207853, tzinfo=UTC))
    '2025-04-14T15:32:27+00:00'
    """
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def parse_date_time(text: str) -> datetime | None:
    """Read a time as RFC 3339 has it, with its offset; None when it is not written so.

    >>> parse_date_time("2017-04-17T05:04:18.070Z")
    datetime.datetime(2017, 4, 17, 5, 4, 18, 70000, tzinfo=datetime.timezone.utc)
    >>> parse_date_time("2017-04-17T05:04:18") is None
    True
    """
    if not _DATE_TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
