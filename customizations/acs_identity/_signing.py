"""Signing with an access key, as functions of method, URL, body, key and time.

Source: REST reference, "Authentication" (HMAC-SHA256 access key authentication).
"""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from ._endpoint import authority_of

SIGNED_HEADERS = "x-ms-date;host;x-ms-content-sha256"

_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLAIN = re.compile(r"[\w.~/:@!$'()*,;=?-]*", re.ASCII)
# No host ends before.
_AFTER_SCHEME = len("https://")
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
    # The generated operations escape the colons of an identity id, and little else.
    plain = url.replace("%3A", ":")
    end = plain.find("/", _AFTER_SCHEME)
    if end > 0 and _canonical_host(plain[:end]) and _PLAIN.fullmatch(plain, end) and "/." not in plain:
        return plain
    parts = urlsplit(url)
    path = _respell(parts.path, _PLAIN_IN_PATH) or "/"
    if "/." in path and not {".", ".."}.isdisjoint(path.split("/")):
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
    return _base64(hashlib.sha256(body).digest())


def target_of(url: SplitResult) -> str:
    """Return path and query of a URL, as they stand in the first line of a request."""
    return f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"


def string_to_sign(method: str, target: str, host: str, date: str, hash_of_content: str) -> str:
    """Return what is signed: method, path with query, and the values of the signed headers."""
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
    date = _http_date(int(now.timestamp()))
    hash_of_content = content_hash(body)
    end = url.find("/", _AFTER_SCHEME)
    own_host = _canonical_host(url[:end]) if end > 0 and "#" not in url else None
    target = url[end:]
    if own_host is None:
        parts = urlsplit(url)
        own_host, target = authority_of(parts), target_of(parts)
    text = string_to_sign(method, target, host or own_host, date, hash_of_content)
    signature = _base64(hmac.digest(key, text.encode("utf-8"), "sha256"))
    return {
        "x-ms-date": date,
        "x-ms-content-sha256": hash_of_content,
        "Authorization": f"HMAC-SHA256 SignedHeaders={SIGNED_HEADERS}&Signature={signature}",
    }


# Of the second that it is, and of the one before for a thread that is late.
@lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


# Every request of a client asks for the same one.
@lru_cache(maxsize=32)
def _canonical_host(origin: str) -> str | None:
    """Return the Host header of an origin in canonical spelling; None for one that is not."""
    try:
        parts = urlsplit(origin)
        host = authority_of(parts)
    except ValueError:
        return None
    return host if origin == f"{parts.scheme}://{host}" else None
