"""The identities of one resource, and the assignments of Entra ID principals on it."""

import json
import math
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from . import errors
from .store import Store

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
IDENTITY_ID = re.compile(rf"8:(?:acs|dod-acs|gcch-acs):({GUID.pattern})_[\w.-]+", re.IGNORECASE | re.ASCII)

DELETED_KEPT: Final = 10_000
"""How many deleted identities are told from those that were never created: the latest ones."""

LONGEST_CUSTOM_ID: Final = 256
"""The longest custom id of an identity, in characters (REST reference)."""

PRINCIPAL_TYPES: Final = ("user", "group", "tenant")
"""What the principal of an Entra ID assignment may be (the contract)."""

_READ: Final = "SELECT id, custom_id, created_on, last_token_issued_at FROM identities"


@dataclass(slots=True)
class Identity:
    """An identity of the resource.

    Attributes:
        id: The raw id, for example ``8:acs:...``.
        custom_id: The id that the resource's owner gave it, or None.
        created_on: When it was created, in UTC.
        last_token_issued_at: When an access token was last issued to it, in UTC; None when none was.
    """

    id: str = field(repr=False)
    custom_id: str | None = field(repr=False)
    created_on: datetime
    last_token_issued_at: datetime | None = None


def is_custom_id(text: str) -> bool:
    """Whether a text can be a custom id: not too long, and without half a surrogate pair, which JSON can escape."""
    return 1 <= len(text) <= LONGEST_CUSTOM_ID and not any("\ud800" <= character <= "\udfff" for character in text)


class Identities:
    """The identities of one resource. Not safe to use from several threads or processes by itself.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _prefix(self) -> str:
        return f"8:acs:{self._store.resource_id}_"

    def create(self, now: datetime, custom_id: str | None = None) -> Identity:
        """Create an identity, or return the one that has the custom id."""
        if custom_id is not None:
            known = self.find_custom(custom_id)
            if known:
                return known
        resource_id, number = self._store.execute(
            "SELECT id, (SELECT coalesce(max(number), 0) + 1 FROM identities) FROM resource"
        ).fetchone()
        # The service counts in the first group; what follows keeps ids unique.
        chance = secrets.token_hex(12)
        user = f"{number:08x}-{chance[:4]}-{chance[4:8]}-{chance[8:12]}-{chance[12:]}"
        identity = Identity(f"8:acs:{resource_id}_{user}", custom_id, now)
        self._store.execute(
            "INSERT INTO identities (id, custom_id, created_on) VALUES (?, ?, ?)",
            (identity.id, custom_id, now.isoformat()),
        )
        return identity

    def ensure(self, now: datetime, *parts: str) -> Identity:
        """Return the identity whose raw id is made of the parts, and create it when it is not there."""
        raw_id = self._prefix + "_".join(parts).lower()
        return self.find(raw_id) or self.add(now, raw_id)

    def add(self, now: datetime, raw_id: str, custom_id: str | None = None) -> Identity:
        """Create an identity under an id that is free."""
        self._store.execute("DELETE FROM deleted_identities WHERE id = ?", (raw_id,))
        # If one with this id was deleted, its tokens are not tokens of this one.
        self._store.execute(
            "INSERT INTO identities (id, custom_id, created_on, tokens_begin, tokens_valid_from, tokens_end) "
            "SELECT ?, ?, ?, tokens_begin, tokens_begin, tokens_begin FROM resource",
            (raw_id, custom_id, now.isoformat()),
        )
        return Identity(raw_id, custom_id, now)

    def find(self, raw_id: str) -> Identity | None:
        """Return the identity that has the id, or None."""
        row = self._store.execute(f"{_READ} WHERE id = ?", (raw_id,)).fetchone()
        return _identity(row) if row else None

    def find_custom(self, custom_id: str) -> Identity | None:
        """Return the identity that has the custom id, or None."""
        row = self._store.execute(f"{_READ} WHERE custom_id = ?", (custom_id,)).fetchone()
        return _identity(row) if row else None

    def get(self, raw_id: str) -> Identity:
        """Return an identity.

        Raises:
            ServiceError: The id is malformed, of another resource, or of an identity that is not there.
        """
        if not IDENTITY_ID.fullmatch(raw_id):
            raise errors.format_invalid("id", "an identity id has the form 8:acs:{resource id}_{user part}")
        identity = self.find(raw_id)
        if identity:
            return identity
        if not raw_id.startswith(self._prefix):
            raise errors.identity_not_owned()
        row = self._store.execute("SELECT 1 FROM deleted_identities WHERE id = ?", (raw_id,)).fetchone()
        raise errors.identity_gone(deleted=row is not None)

    def delete(self, raw_id: str) -> None:
        """Delete an identity with its access tokens; its custom id is free again.

        Raises:
            ServiceError: As `get`.
        """
        self.get(raw_id)
        self._store.execute(
            "UPDATE resource SET tokens_begin = max(tokens_begin, (SELECT tokens_end FROM identities WHERE id = ?))",
            (raw_id,),
        )
        self._store.execute("DELETE FROM identities WHERE id = ?", (raw_id,))
        number = self._store.execute("INSERT INTO deleted_identities (id) VALUES (?)", (raw_id,)).lastrowid or 0
        self._store.execute("DELETE FROM deleted_identities WHERE number <= ?", (number - DELETED_KEPT,))

    def note_token(self, identity: Identity, now: datetime) -> int:
        """Note that an access token is issued to an identity, and return the claim ``csi`` of it."""
        row = self._store.execute("SELECT tokens_valid_from FROM identities WHERE id = ?", (identity.id,)).fetchone()
        csi = max(int(now.timestamp()), int(row[0]))
        self._store.execute(
            "UPDATE identities SET last_token_issued_at = ?, tokens_end = max(tokens_end, ?) WHERE id = ?",
            (now.isoformat(), csi + 1, identity.id),
        )
        identity.last_token_issued_at = now
        return csi

    def revoke_tokens(self, raw_id: str) -> None:
        """End the access tokens that were issued to an identity so far.

        Raises:
            ServiceError: As `get`.
        """
        revoke = "UPDATE identities SET tokens_valid_from = tokens_end WHERE id = ?"
        # An id that is not ASCII is none, and may be no text that sqlite takes.
        if not raw_id.isascii() or self._store.execute(revoke, (raw_id,)).rowcount == 0:
            self.get(raw_id)

    def revoke_tokens_before(self, raw_id: str, moment: datetime) -> None:
        """End the access tokens that were issued to an identity so far and before a time, in whole seconds.

        Raises:
            ServiceError: As `get`.
        """
        self.get(raw_id)
        self._store.execute(
            "UPDATE identities SET tokens_valid_from = max(tokens_valid_from, min(?, tokens_end)) WHERE id = ?",
            (math.ceil(moment.timestamp()), raw_id),
        )

    def latest(self, limit: int) -> list[Identity]:
        """Return the identities, the newest first, at most so many."""
        return [_identity(row) for row in self._store.execute(f"{_READ} ORDER BY number DESC LIMIT ?", (limit,))]

    def count(self) -> int:
        """Return how many identities there are."""
        (number,) = self._store.execute("SELECT count(*) FROM identities").fetchone()
        return int(number)


def _identity(row: tuple[str, str | None, str, str | None]) -> Identity:
    raw_id, custom_id, created_on, last = row
    last_token_issued_at = None if last is None else datetime.fromisoformat(last)
    return Identity(raw_id, custom_id, datetime.fromisoformat(created_on), last_token_issued_at)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The right of an Entra ID principal to act on the resource, through Teams Phone or by itself.

    Attributes:
        tenant_id: The Entra ID tenant.
        object_id: The Entra ID object id of the principal; that of a tenant is the tenant's id.
        principal_type: What the principal is, for example ``user``.
        client_ids: The applications through which the principal may act; None when any may.
    """

    tenant_id: str
    object_id: str
    principal_type: str
    client_ids: tuple[str, ...] | None

    def permits(self, client_id: str) -> bool:
        """Whether the principal may act through an application."""
        return self.client_ids is None or client_id.lower() in [known.lower() for known in self.client_ids]


AssignmentKind = Literal["teams_extension", "entra"]


class Assignments:
    """Assignments by the ids that name one, compared without case. Not safe to use from several threads.

    Args:
        store: Where they are kept.
        kind: Which assignments these are.
    """

    def __init__(self, store: Store, kind: AssignmentKind) -> None:
        self._store = store
        self._kind = kind

    def find(self, *ids: str) -> Assignment | None:
        """Return an assignment, or None."""
        return next(self._read("key = ?", _key(ids)), None)

    def after(self, *ids: str) -> list[Assignment]:
        """Return the assignments in the order of their ids, from the first one after the given ids on."""
        return list(self._read("key > ? ORDER BY key", _key(ids)))

    def put(self, assignment: Assignment, *ids: str) -> bool:
        """Store an assignment; True when there was none before."""
        is_new = self.find(*ids) is None
        members = [assignment.tenant_id, assignment.object_id, assignment.principal_type, assignment.client_ids]
        self._store.execute(
            "INSERT OR REPLACE INTO assignments (kind, key, assignment) VALUES (?, ?, ?)",
            (self._kind, _key(ids), json.dumps(members)),
        )
        return is_new

    def remove(self, *ids: str) -> None:
        """Remove an assignment if it is there."""
        self._store.execute("DELETE FROM assignments WHERE kind = ? AND key = ?", (self._kind, _key(ids)))

    def _read(self, condition: str, key: str) -> Iterator[Assignment]:
        query = f"SELECT assignment FROM assignments WHERE kind = ? AND {condition}"  # noqa: S608 - a constant of ours
        for (text,) in self._store.execute(query, (self._kind, key)).fetchall():
            tenant_id, object_id, principal_type, client_ids = json.loads(text)
            found: list[str] | None = client_ids
            yield Assignment(tenant_id, object_id, principal_type, None if found is None else tuple(found))


def _key(ids: tuple[str, ...]) -> str:
    return "/".join(ids).lower()
