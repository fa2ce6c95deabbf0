"""The identities of one resource, and the Teams Phone assignments on it."""

import re
import uuid
from dataclasses import dataclass

from . import errors

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_IDENTITY_ID = re.compile(rf"8:(?:acs|dod-acs|gcch-acs):({GUID.pattern})_[\w.-]+", re.IGNORECASE | re.ASCII)


class Identities:
    """The identities of one resource. Not safe to use from several threads by itself."""

    def __init__(self, resource_id: str) -> None:
        self._prefix = f"8:acs:{resource_id}_"
        self._live: set[str] = set()
        self._deleted: set[str] = set()

    def create(self) -> str:
        """Create an identity and return its raw id."""
        # The service counts in the first group; what follows keeps ids unique.
        number = len(self._live) + len(self._deleted) + 1
        identity = f"{self._prefix}{number:08x}{str(uuid.uuid4())[8:]}"
        self._live.add(identity)
        return identity

    def ensure(self, *parts: str) -> str:
        """Return the raw id made of the parts, and create the identity when it is not there."""
        identity = self._prefix + "_".join(parts).lower()
        self._deleted.discard(identity)
        self._live.add(identity)
        return identity

    def check(self, identity: str) -> None:
        """Make sure that an identity is there.

        Raises:
            ServiceError: The id is malformed, of another resource, or of an identity that is not there.
        """
        if identity in self._live:
            return
        if not _IDENTITY_ID.fullmatch(identity):
            raise errors.format_invalid("id", "an identity id has the form 8:acs:{resource id}_{user part}")
        if not identity.startswith(self._prefix):
            raise errors.identity_not_owned()
        raise errors.identity_gone(deleted=identity in self._deleted)

    def delete(self, identity: str) -> None:
        """Delete an identity.

        Raises:
            ServiceError: As `check`.
        """
        self.check(identity)
        self._live.discard(identity)
        self._deleted.add(identity)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The right of an Entra ID principal to act on the resource through Teams Phone.

    Attributes:
        tenant_id: The Entra ID tenant.
        object_id: The Entra ID object id of the principal.
        principal_type: ``resourceAccount``, ``user``, ``teamsResourceAccount`` or any other text.
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
    """The assignments on one resource; ids are compared without case. Not safe to use from several threads."""

    def __init__(self) -> None:
        self._assignments: dict[tuple[str, str], Assignment] = {}

    def find(self, tenant_id: str, object_id: str) -> Assignment | None:
        """Return an assignment, or None."""
        return self._assignments.get((tenant_id.lower(), object_id.lower()))

    def put(self, assignment: Assignment) -> bool:
        """Store an assignment; True when there was none before."""
        key = (assignment.tenant_id.lower(), assignment.object_id.lower())
        is_new = key not in self._assignments
        self._assignments[key] = assignment
        return is_new

    def remove(self, tenant_id: str, object_id: str) -> None:
        """Remove an assignment if it is there."""
        self._assignments.pop((tenant_id.lower(), object_id.lower()), None)
