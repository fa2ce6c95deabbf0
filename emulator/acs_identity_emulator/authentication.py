"""Who may use the resource: access-key signatures and Entra ID tokens (REST reference, "Authentication")."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from . import errors
from .checks import Check
from .comparison import Parts, spellings
from .entra import Entra, EntraToken, EntraTokenError
from .messages import Request
from .times import parse_http_date

if TYPE_CHECKING:
    from .signature_doctor import SignatureDoctor

_STRUCTURE = re.compile(r"HMAC-SHA256 SignedHeaders=([^&\s]+)&Signature=([A-Za-z0-9+/]+={0,2})", re.ASCII)
# "date" is what the first preview clients signed.
_DATE_HEADERS = {"x-ms-date;host;x-ms-content-sha256": "x-ms-date", "date;host;x-ms-content-sha256": "date"}


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


def _content_hash(body: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(body).digest())


_HASH_OF_NOTHING: Final = _content_hash(b"")


class Authentication:
    """Checks the Authorization header of requests.

    Args:
        key: The decoded access key of the resource.
        allowed_skew: How far the date of a signed request may be from the emulator's clock, either way.
        entra: The issuer of the Entra ID tokens to accept.
        loose: The checks that are switched off.
    """

    def __init__(self, key: bytes, allowed_skew: timedelta, entra: Entra, loose: Collection[Check]) -> None:
        self._key = key
        self._allowed_skew = allowed_skew
        self._entra = entra
        self._loose = loose

    @cached_property
    def _doctor(self) -> "SignatureDoctor":
        # Most requests are not refused.
        from .signature_doctor import SignatureDoctor

        return SignatureDoctor(self._key)

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
            if "signature" in self._loose:
                return None
            raise errors.signature_denied(self._doctor.missing_authorization(request, now))
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
            comparison = self._doctor.malformed_authorization(request, authorization, now)
            raise errors.authorization_malformed(comparison)
        signed_headers, signature = structure.groups()
        date_header = _DATE_HEADERS.get(signed_headers)
        if date_header is None:
            raise errors.authorization_malformed(self._doctor.other_signed_headers(request, signed_headers, now))
        date = self._signed_header(request, date_header, "date", now)
        host = self._signed_header(request, "host", "host", now)
        content_hash = self._signed_header(request, "x-ms-content-sha256", "content-hash", now)
        if "date" not in self._loose:
            self._check_date(request, date_header, date, now)
        if "content-hash" not in self._loose:
            expected_hash = _content_hash(request.body) if request.body else _HASH_OF_NOTHING
            if not hmac.compare_digest(expected_hash, content_hash.encode("utf-8", "replace")):
                comparison = self._doctor.other_content_hash(request, date, content_hash, now)
                raise errors.content_hash_differs(comparison)
        if "signature" in self._loose:
            return
        given = signature.encode("ascii")
        if hmac.compare_digest(self._sign(request.method, request.target, date, host, content_hash), given):
            return
        parts = Parts(request.method, request.target, date, host, content_hash)
        if not self._is_signed_alike(request, parts, given):
            raise errors.signature_denied(self._doctor.other_signature(request, parts, signature, now))

    def _signed_header(self, request: Request, name: str, check: Check, now: datetime) -> str:
        value = request.header(name)
        if value is None and check not in self._loose:
            raise errors.signature_denied(self._doctor.missing_header(request, name, now))
        return value or ""

    def _check_date(self, request: Request, name: str, date: str, now: datetime) -> None:
        moment = parse_http_date(date)
        if moment is None:
            raise errors.signature_denied(self._doctor.malformed_date(request, name, date, now))
        if abs(moment - now) > self._allowed_skew:
            comparison = self._doctor.skewed_date(request, name, date, now, self._allowed_skew)
            raise errors.signature_denied(comparison)

    def _is_signed_alike(self, request: Request, parts: Parts, given: bytes) -> bool:
        """Whether another spelling that counts as the same was signed."""
        accepted = [parts.host]
        if "host" in self._loose:
            from .suspicions import hosts

            accepted += [suspicion.value for suspicion in hosts(request, parts.host)]
        return any(
            hmac.compare_digest(self._sign(parts.method, target, parts.date, host, parts.content_hash), given)
            for host in accepted
            for target in spellings(parts.target)
        )

    def _sign(self, method: str, target: str, date: str, host: str, content_hash: str) -> bytes:
        text = f"{method}\n{target}\n{date};{host};{content_hash}"
        return base64.b64encode(hmac.digest(self._key, text.encode("utf-8", "replace"), "sha256"))
