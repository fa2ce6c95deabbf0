"""Issuing access tokens and remembering what became of them.

Form and claims are those of a token of the service seen in August 2025.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from .keys import ACCESS_TOKEN_KEY, base64url

TokenState = Literal["live", "revoked", "deleted", "expired", "unknown"]

_REASONS: dict[TokenState, str] = {
    "live": "The access token is valid.",
    "revoked": "The access tokens of the identity were revoked after this one was issued.",
    "deleted": "The identity of the access token was deleted.",
    "expired": "The access token is past its end.",
    "unknown": "This emulator did not issue such an access token.",
}


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """What became of an access token.

    Attributes:
        state: ``live``, ``revoked``, ``deleted``, ``expired`` or ``unknown``.
        reason: The state in a sentence; names neither the token nor the identity.
        expires_on: When the access token ends or ended, in UTC; None when it is unknown.
    """

    state: TokenState
    reason: str
    expires_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token as it is handed out.

    Attributes:
        token: The access token, a secret.
        expires_on: When it ends, in UTC, with microseconds; its whole seconds are the claim ``exp``.
    """

    token: str = field(repr=False)
    expires_on: datetime


@dataclass(slots=True)
class _Record:
    issued: datetime
    expires_on: datetime
    state: TokenState = "live"


class AccessTokens:
    """The access tokens of one resource. Not safe to use from several threads by itself."""

    def __init__(self, resource_id: str) -> None:
        self._resource_id = resource_id
        self._records: dict[bytes, _Record] = {}
        self._by_subject: dict[str, set[bytes]] = {}

    def issue(self, subject: str, scopes: Iterable[str], issued: datetime, expires_on: datetime) -> IssuedToken:
        """Make an access token.

        Args:
            subject: The raw id of the identity, for example ``8:acs:...``.
            scopes: What the token permits.
            issued: The present time, in UTC.
            expires_on: When the token ends, in UTC.
        """
        scope = ",".join(scopes)
        begins = issued
        token = self._sign(subject, scope, begins, expires_on)
        # Claims count whole seconds: a token asked for in the second its twin was revoked would be that revoked one.
        while self._records.get(_digest(token), _Record(issued, expires_on)).state != "live":
            begins, expires_on = begins - timedelta(seconds=1), expires_on - timedelta(seconds=1)
            token = self._sign(subject, scope, begins, expires_on)
        digest = _digest(token)
        self._records[digest] = _Record(issued, expires_on)
        self._by_subject.setdefault(subject, set()).add(digest)
        return IssuedToken(token, expires_on)

    def end_all(self, subject: str, state: Literal["revoked", "deleted"]) -> None:
        """Mark every access token issued to an identity so far."""
        for digest in self._by_subject.get(subject, ()):
            if self._records[digest].state == "live" or state == "deleted":
                self._records[digest].state = state
        if state == "deleted":
            self._by_subject.pop(subject, None)

    def revoke_before(self, subject: str, moment: datetime) -> None:
        """Mark the access tokens issued to an identity before a time, among those issued so far."""
        for digest in self._by_subject.get(subject, ()):
            record = self._records[digest]
            if record.state == "live" and record.issued < moment:
                record.state = "revoked"

    def status(self, token: str, now: datetime) -> TokenStatus:
        """Tell what became of an access token."""
        record = self._records.get(_digest(token))
        if record is None:
            return TokenStatus("unknown", _REASONS["unknown"])
        state = (
            "expired" if record.state == "live" and now >= record.expires_on.replace(microsecond=0) else record.state
        )
        return TokenStatus(state, _REASONS[state], record.expires_on)

    def _sign(self, subject: str, scope: str, issued: datetime, expires_on: datetime) -> str:
        key = ACCESS_TOKEN_KEY.get()
        issued_at = int(issued.timestamp())
        header = {"alg": "RS256", "kid": key.kid, "x5t": key.x5t, "typ": "JWT"}
        claims = {
            "skypeid": subject.removeprefix("8:"),
            "scp": 1792,
            "csi": str(issued_at),
            "exp": int(expires_on.timestamp()),
            "rgn": "amer",
            "acsScope": scope,
            "resourceId": self._resource_id,
            "resourceLocation": "unitedstates",
            "iat": issued_at,
        }
        # PyJWT would put the header's members in an order of its own.
        signed = f"{_segment(header)}.{_segment(claims)}"
        return f"{signed}.{base64url(key.sign(signed.encode('ascii')))}"


def _segment(members: Mapping[str, object]) -> str:
    return base64url(json.dumps(members, separators=(",", ":")).encode("ascii"))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
