"""Points in time as the service writes and reads them. Every datetime here has a time zone."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def format_http_date(moment: datetime) -> str:
    """Write a time as HTTP headers have it.

    >>> format_http_date(datetime(2022, 4, 13, 18, 9, 12, tzinfo=UTC))
    'Wed, 13 Apr 2022 18:09:12 GMT'
    """
    return format_datetime(moment.astimezone(UTC), usegmt=True)


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
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond:06d}0+00:00"
