"""The identities of one resource, and the assignments of Entra ID principals on it."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from . import errors

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_IDENTITY_ID = re.compile(rf"8:(?:acs|dod-acs|gcch-acs):({GUID.pattern})_[\w.-]+", re.IGNORECASE | re.ASCII)


@dataclass(slots=True)
class Identity:
    """An identity of the resource.

    Attributes:
        id: The raw id, for example ``8:acs:...``.
        custom_id: The id that the resource's owner gave it, or None.
        last_token_issued_at: When an access token was last issued to it, in UTC; None when none was.
    """

    id: str = field(repr=False)
    custom_id: str | None = field(default=None, repr=False)
    last_token_issued_at: datetime | None = None


class Identities:
    """The identities of one resource. Not safe to use from several threads by itself."""

    def __init__(self, resource_id: str) -> None:
        self._prefix = f"8:acs:{resource_id}_"
        self._live: dict[str, Identity] = {}
        self._by_custom_id: dict[str, Identity] = {}
        self._deleted: set[str] = set()

    def create(self, custom_id: str | None = None) -> Identity:
        """Create an identity, or return the one that has the custom id."""
        if custom_id in self._by_custom_id:
            return self._by_custom_id[custom_id]
        # The service counts in the first group; what follows keeps ids unique.
        number = len(self._live) + len(self._deleted) + 1
        identity = Identity(f"{self._prefix}{number:08x}{str(uuid.uuid4())[8:]}", custom_id)
        self._live[identity.id] = identity
        if custom_id is not None:
            self._by_custom_id[custom_id] = identity
        return identity

    def ensure(self, *parts: str) -> Identity:
        """Return the identity whose raw id is made of the parts, and create it when it is not there."""
        raw_id = self._prefix + "_".join(parts).lower()
        self._deleted.discard(raw_id)
        return self._live.setdefault(raw_id, Identity(raw_id))

    def get(self, raw_id: str) -> Identity:
        """Return an identity.

        Raises:
            ServiceError: The id is malformed, of another resource, or of an identity that is not there.
        """
        identity = self._live.get(raw_id)
        if identity is not None:
            return identity
        if not _IDENTITY_ID.fullmatch(raw_id):
            raise errors.format_invalid("id", "an identity id has the form 8:acs:{resource id}_{user part}")
        if not raw_id.startswith(self._prefix):
            raise errors.identity_not_owned()
        raise errors.identity_gone(deleted=raw_id in self._deleted)

    def delete(self, raw_id: str) -> None:
        """Delete an identity; its custom id is free again.

        Raises:
            ServiceError: As `get`.
        """
        identity = self.get(raw_id)
        del self._live[raw_id]
        self._deleted.add(raw_id)
        if identity.custom_id is not None:
            del self._by_custom_id[identity.custom_id]


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


class Assignments:
    """Assignments by the ids that name one, compared without case. Not safe to use from several threads."""

    def __init__(self) -> None:
        self._assignments: dict[tuple[str, ...], Assignment] = {}

    def find(self, *ids: str) -> Assignment | None:
        """Return an assignment, or None."""
        return self._assignments.get(_key(ids))

    def after(self, *ids: str) -> list[Assignment]:
        """Return the assignments in the order of their ids, from the first one after the given ids on."""
        return [assignment for key, assignment in sorted(self._assignments.items()) if key > _key(ids)]

    def put(self, assignment: Assignment, *ids: str) -> bool:
        """Store an assignment; True when there was none before."""
        is_new = _key(ids) not in self._assignments
        self._assignments[_key(ids)] = assignment
        return is_new

    def remove(self, *ids: str) -> None:
        """Remove an assignment if it is there."""
        self._assignments.pop(_key(ids), None)


def _key(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.lower() for part in ids)
