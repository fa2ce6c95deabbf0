"""Keeps identity ids and tokens out of texts that people read: errors, log lines, reprs."""

import re

_COLON = r"(?::|%3A|%3a)"
_RAW_ID = re.compile(rf"\b(8|28){_COLON}([A-Za-z-]+){_COLON}[\w.+@%-]+")
_PHONE_NUMBER_ID = re.compile(rf"\b4{_COLON}\+?\d[\w.+-]*")
_JWT = re.compile(r"\beyJ[\w-]*\.[\w-]+\.[\w-]*")
_PATH_PARAMETER = re.compile(r"(/(?:identities|tenants|assignments)/)[^/?#\s'\"]+")


def redact(text: str) -> str:
    """Return the text with every identity id, phone number id and token replaced.

    >>> redact("POST /identities/8%3Aacs%3A0a1b_2c3d/:issueAccessToken?api-version=2026-09-23")
    'POST /identities/REDACTED/:issueAccessToken?api-version=2026-09-23'
    >>> redact("no such user 8:acs:0a1b_2c3d")
    'no such user 8:acs:REDACTED'
    """
    text = _PATH_PARAMETER.sub(r"\1REDACTED", text)
    text = _RAW_ID.sub(r"\1:\2:REDACTED", text)
    text = _PHONE_NUMBER_ID.sub("4:REDACTED", text)
    return _JWT.sub("REDACTED", text)
