"""Signing with an access key, as functions of method, URL, body, key and time.

Source: REST reference, "Authentication" (HMAC-SHA256 access key authentication).
"""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from ._endpoint import authority_of

SIGNED_HEADERS = "x-ms-date;host;x-ms-content-sha256"

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLAIN_IN_PATH = ":@!$&'()*,;="
_PLAIN_IN_QUERY = "/:@!$'()*,?"


def decode_access_key(access_key: str) -> bytes:
    """Return the bytes of an access key.

    Raises:
        ValueError: The key is empty or not base64. The text does not show it.

    >>> decode_access_key("c2VjcmV0")
    b'secret'
    """
    text = access_key.strip()
    if not text:
        raise ValueError("The access key is empty.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        # The cause could quote a part of the key.
        raise ValueError("The access key is not base64. Copy it again from the resource's page, Keys.") from None


def canonical_url(url: str) -> str:
    """Return the URL in the one spelling that every transport sends unchanged, so that what is signed is what is sent.

    aiohttp would turn ``%3A`` in a path into ``:`` after signing, requests would turn ``%7e`` into ``~``.

    Raises:
        ValueError: The path holds a segment ``.`` or ``..``.

    >>> canonical_url("HTTPS://Contoso.com:443/identities/8%3aacs%3A1_2?api-version=2026-09-23")
    'https://contoso.com/identities/8:acs:1_2?api-version=2026-09-23'
    """
    parts = urlsplit(url)
    path = _respell(parts.path, _PLAIN_IN_PATH) or "/"
    if not {".", ".."}.isdisjoint(path.split("/")):
        # Transports resolve such segments, each in its own way, after the signature was made.
        raise ValueError("The path of the URL must not hold the segments . or ..")
    query = f"?{_respell(parts.query, _PLAIN_IN_QUERY)}" if parts.query else ""
    return f"{parts.scheme}://{authority_of(parts)}{path}{query}"


def _respell(text: str, plain: str) -> str:
    """Write the characters of `plain` as they are and escape, in upper case, what a URL cannot hold.

    Escapes of other delimiters stay: they are data.
    """
    text = _STRAY_PERCENT.sub("%25", text)
    text = _ESCAPES.sub(lambda match: quote(unquote_to_bytes(match[0]), safe=plain), text)
    return quote(text, safe=plain + "/%&;=+")


def content_hash(body: bytes) -> str:
    """Return the base64 text of the body's SHA-256.

    >>> content_hash(b"")
    '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def string_to_sign(method: str, url: SplitResult, host: str, date: str, hash_of_content: str) -> str:
    """Return what is signed: method, path with query, and the values of the signed headers."""
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    return f"{method.upper()}\n{target}\n{date};{host};{hash_of_content}"


def sign(method: str, url: str, body: bytes, key: bytes, now: datetime, host: str | None = None) -> dict[str, str]:
    """Return the headers that authenticate a request with an access key.

    Args:
        method: The HTTP method.
        url: The absolute URL, spelled as it will be sent.
        body: The body as it will be sent; empty when there is none.
        key: The decoded access key.
        now: The time of signing, with a time zone. The service refuses a date too far from its own.
        host: The Host header where it is not the URL's host and port.

    >>> from datetime import UTC, datetime
    >>> headers = sign(
    ...     "GET", "https://contoso.communicationservices.azure.com/testPath?testQuery=yes", b"",
    ...     decode_access_key("pw=="), datetime(2022, 4, 13, 18, 9, 12, tzinfo=UTC),
    ... )
    >>> headers["Authorization"].partition("&")[2]
    'Signature=il99+rd6V5O136roX/zVePCNle78HmvC4B7tu9zRH3I='
    """
    parts = urlsplit(url)
    date = format_datetime(now.astimezone(UTC), usegmt=True)
    hash_of_content = content_hash(body)
    text = string_to_sign(method, parts, host or authority_of(parts), date, hash_of_content)
    signature = base64.b64encode(hmac.digest(key, text.encode("utf-8"), "sha256")).decode("ascii")
    return {
        "x-ms-date": date,
        "x-ms-content-sha256": hash_of_content,
        "Authorization": f"HMAC-SHA256 SignedHeaders={SIGNED_HEADERS}&Signature={signature}",
    }
