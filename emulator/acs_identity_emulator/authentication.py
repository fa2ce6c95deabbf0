"""Who may use the resource: access-key signatures and Entra ID tokens (REST reference, "Authentication")."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from . import errors
from .entra import Entra, EntraToken, EntraTokenError
from .messages import Request
from .signature_doctor import explain_signature
from .times import parse_http_date

_SCHEME = "HMAC-SHA256"
_STRUCTURE = re.compile(r"HMAC-SHA256 SignedHeaders=([^&\s]+)&Signature=([A-Za-z0-9+/]+={0,2})", re.ASCII)
# "date" is what the first preview clients signed.
_DATE_HEADERS = {"x-ms-date;host;x-ms-content-sha256": "x-ms-date", "date;host;x-ms-content-sha256": "date"}
_ESCAPED_COLON = re.compile("%3a", re.IGNORECASE)


def decode_access_key(access_key: str) -> bytes:
    """Return the bytes of an access key.

    Raises:
        ValueError: The key is empty or not base64; the text does not show it.
    """
    try:
        key = base64.b64decode(access_key, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("The access key is not base64.") from None
    if not key:
        raise ValueError("The access key is empty.")
    return key


class Authentication:
    """Checks the Authorization header of requests.

    Args:
        key: The decoded access key of the resource.
        allowed_skew: How far the date of a signed request may be from the emulator's clock, either way.
        entra: The issuer of the Entra ID tokens to accept.
    """

    def __init__(self, key: bytes, allowed_skew: timedelta, entra: Entra) -> None:
        self._key = key
        self._allowed_skew = allowed_skew
        self._entra = entra

    def check(self, request: Request, now: datetime, *, for_exchange: bool) -> EntraToken | None:
        """Make sure that the caller may use the resource.

        Args:
            request: The request.
            now: The present time, in UTC.
            for_exchange: Whether the bearer token is to be exchanged, which permits more audiences.

        Returns:
            The Entra ID token of the caller; None when the access key signed the request.

        Raises:
            ServiceError: The caller may not.
        """
        authorization = request.header("authorization")
        if authorization is None:
            raise errors.denied("the request has no Authorization header: sign it or send an Entra ID token")
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer":
            try:
                return self._entra.verify(rest.strip(), for_exchange=for_exchange)
            except EntraTokenError as error:
                raise errors.denied(str(error)) from None
        self._check_signature(request, authorization, now)
        return None

    def _check_signature(self, request: Request, authorization: str, now: datetime) -> None:
        structure = _STRUCTURE.fullmatch(authorization)
        if structure is None:
            raise errors.authorization_malformed(
                f"the Authorization header must be: {_SCHEME} SignedHeaders=...&Signature=... or: Bearer ..."
            )
        signed_headers, signature = structure.groups()
        if signed_headers not in _DATE_HEADERS:
            raise errors.authorization_malformed("SignedHeaders must be x-ms-date;host;x-ms-content-sha256")
        values = [request.header(name) for name in signed_headers.split(";")]
        if None in values:
            missing = [name for name, value in zip(signed_headers.split(";"), values, strict=True) if value is None]
            raise errors.denied(f"the signed header {missing[0]} is not in the request")
        date, host, content_hash = (value or "" for value in values)
        self._check_date(_DATE_HEADERS[signed_headers], date, now)
        expected_hash = base64.b64encode(hashlib.sha256(request.body).digest())
        if not hmac.compare_digest(expected_hash, content_hash.encode("utf-8", "replace")):
            raise errors.content_hash_differs()
        signed = f"{date};{host};{content_hash}"
        given = signature.encode("ascii")
        if not any(
            hmac.compare_digest(self._sign(f"{request.method}\n{target}\n{signed}"), given)
            for target in _spellings(request)
        ):
            raise errors.denied(explain_signature(request))

    def _check_date(self, name: str, date: str, now: datetime) -> None:
        moment = parse_http_date(date)
        if moment is None:
            raise errors.denied(f"the header {name} must look like: Wed, 13 Apr 2022 18:09:12 GMT")
        offset = (moment - now).total_seconds()
        if abs(offset) > self._allowed_skew.total_seconds():
            raise errors.denied(
                f"the header {name} is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} the emulator's "
                f"clock, allowed are {self._allowed_skew.total_seconds():.0f} s: correct the clock or sign anew"
            )

    def _sign(self, text: str) -> bytes:
        return base64.b64encode(hmac.digest(self._key, text.encode("utf-8", "replace"), "sha256"))


def _spellings(request: Request) -> Iterator[str]:
    """The targets a client may have signed: some HTTP libraries respell the colons of an id after signing."""
    yield request.target
    query = request.target[len(request.path) :]
    plain = _ESCAPED_COLON.sub(":", request.path)
    yield plain + query
    segments = plain.split("/")
    yield "/".join(part if part.startswith(":") else part.replace(":", "%3A") for part in segments) + query
