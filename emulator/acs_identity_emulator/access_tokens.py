"""Issuing access tokens and telling what became of them.

Form and claims are those of a token of the service seen in August 2025.
"""

import base64
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from .keys import SigningKey, SigningKeys, base64url
from .store import Store

ISSUED_KEPT: Final = 10_000
"""How many of the issued access tokens are remembered for the list of them: the latest ones."""

INSERT_ISSUED: Final = "INSERT INTO issued_tokens (identity_id, scopes, issued_on, expires_on, csi)"

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
        expires_on: When the access token ends or ended, in UTC and whole seconds; None when it is unknown.
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


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is remembered of an access token that was issued; not the token itself.

    Attributes:
        number: Counts the issued tokens, from 1 on.
        identity_id: The raw id of the identity it was issued to.
        scopes: What it permits.
        issued_on: When it was issued, in UTC.
        expires_on: When it ends or ended, in UTC.
        state: ``live``, ``revoked``, ``deleted`` or ``expired``.
    """

    number: int
    identity_id: str = field(repr=False)
    scopes: tuple[str, ...]
    issued_on: datetime
    expires_on: datetime
    state: TokenState


class AccessTokens:
    """The access tokens of one resource. Not safe to use from several threads by itself.

    No token is remembered: its signature says that it was issued here, and the claim ``csi`` which of the tokens of its
    identity it is. The claim counts seconds like ``iat``, and goes on by one with each revocation or deletion, so that
    tokens of before and after are told apart within one second, too, and whatever is done to the clock. The row of an
    identity holds the ``csi`` from which tokens are its own (``tokens_begin``; those below are of an identity with this
    id that was deleted), from which they are not revoked (``tokens_valid_from``), and above every one that was issued
    (``tokens_end``).

    Args:
        store: Where identities, and the latest issues, are kept.
        keys: The signing keys.
    """

    def __init__(self, store: Store, keys: SigningKeys) -> None:
        self._store = store
        self._keys = keys

    def issue(
        self, subject: str, scopes: Iterable[str], issued: datetime, expires_on: datetime, csi: int | None = None
    ) -> IssuedToken:
        """Make an access token.

        Args:
            subject: The raw id of the identity, for example ``8:acs:...``.
            scopes: What the token permits.
            issued: The present time, in UTC.
            expires_on: When the token ends, in UTC.
            csi: The claim ``csi``; the second of ``issued`` for a subject that is no identity of the resource.
        """
        granted = list(scopes)
        issued_at = int(issued.timestamp())
        csi = issued_at if csi is None else csi
        claims = {
            "skypeid": subject.removeprefix("8:"),
            "scp": 1792,
            "csi": str(csi),
            "exp": int(expires_on.timestamp()),
            "rgn": "amer",
            "acsScope": ",".join(granted),
            "resourceId": self._store.resource_id,
            "resourceLocation": "unitedstates",
            "iat": issued_at,
        }
        key = self._keys.get("access_tokens")
        # PyJWT would put the header's members in an order of its own.
        signed = f"{_header(key)}.{_segment(claims)}"
        token = f"{signed}.{base64url(key.sign(signed.encode('ascii')))}"
        row = (subject, json.dumps(granted), issued.isoformat(), expires_on.isoformat(), csi)
        number = self._store.execute(f"{INSERT_ISSUED} VALUES (?, ?, ?, ?, ?)", row).lastrowid or 0
        self._store.execute("DELETE FROM issued_tokens WHERE number <= ?", (number - ISSUED_KEPT,))
        return IssuedToken(token, expires_on)

    def status(self, token: str, now: datetime) -> TokenStatus:
        """Tell what became of an access token."""
        claims = self._claims(token)
        if claims is None:
            return TokenStatus("unknown", _REASONS["unknown"])
        find = "SELECT tokens_begin, tokens_valid_from FROM identities WHERE id = ?"
        bounds: tuple[int, int] | None = self._store.execute(find, (claims.subject,)).fetchone()
        state = _state(claims.subject, claims.csi, bounds, claims.expires_at, now)
        return TokenStatus(state, _REASONS[state], datetime.fromtimestamp(claims.expires_at, UTC))

    def latest(self, limit: int, now: datetime) -> list[TokenRecord]:
        """Return what is remembered of the latest access tokens, the newest first, at most so many."""
        rows = self._store.execute(
            "SELECT t.number, identity_id, scopes, issued_on, expires_on, csi, tokens_begin, tokens_valid_from "
            "FROM issued_tokens t LEFT JOIN identities i ON i.id = identity_id ORDER BY t.number DESC LIMIT ?",
            (limit,),
        )
        records: list[TokenRecord] = []
        for number, subject, scopes, issued, ends, csi, begin, valid_from in rows:
            expires_on = datetime.fromisoformat(ends)
            bounds = None if begin is None else (begin, valid_from)
            state = _state(subject, csi, bounds, int(expires_on.timestamp()), now)
            granted = tuple(json.loads(scopes))
            records.append(TokenRecord(number, subject, granted, datetime.fromisoformat(issued), expires_on, state))
        return records

    def count(self) -> int:
        """Return how many issued access tokens are remembered."""
        (number,) = self._store.execute("SELECT count(*) FROM issued_tokens").fetchone()
        return int(number)

    def _claims(self, token: str) -> "_Claims | None":
        """The claims of a token that was issued here, byte for byte."""
        if not token.isascii() or token.count(".") != 2:
            return None
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        key = self._keys.get("access_tokens")
        if header != _header(key):
            return None
        try:
            decoded = _decode(signature)
            # Several texts stand for the same bytes, only one of them was issued.
            if base64url(decoded) != signature or not key.verifies(signed.encode("ascii"), decoded):
                return None
            claims = json.loads(_decode(payload))
            if claims["resourceId"] != self._store.resource_id:
                return None
            return _Claims(f"8:{claims['skypeid']}", int(claims["csi"]), claims["exp"])
        except (ValueError, KeyError, TypeError):
            # Whoever imported a signing key of their own may have signed something else with it.
            return None


@dataclass(frozen=True, slots=True)
class _Claims:
    subject: str
    csi: int
    expires_at: int


def _state(subject: str, csi: int, bounds: tuple[int, int] | None, expires_at: int, now: datetime) -> TokenState:
    # A Teams user has a token without being an identity of the resource.
    if subject.startswith("8:acs:"):
        if bounds is None or csi < bounds[0]:
            return "deleted"
        if csi < bounds[1]:
            return "revoked"
    return "expired" if now.timestamp() >= expires_at else "live"


@functools.lru_cache(maxsize=4)
def _header(key: SigningKey) -> str:
    return _segment({"alg": "RS256", "kid": key.kid, "x5t": key.x5t, "typ": "JWT"})


# json.dumps would make an encoder for each token.
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


def _segment(members: Mapping[str, object]) -> str:
    return base64url(_ENCODER.encode(members).encode("ascii"))


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
