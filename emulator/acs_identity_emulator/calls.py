"""One call of an operation: what it was asked, the state it works on and how it answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from . import errors
from .access_tokens import AccessTokens, IssuedToken
from .binding import bind, read_json, select
from .contract import Operation
from .entra import Entra, EntraToken
from .identities import GUID, Assignments, Identities, Identity
from .messages import Request
from .times import format_expiry

EXCHANGE_SCOPES = ("chat", "voip")
"""The scopes of an access token got for an Entra ID token, as seen in 2025."""


# Not frozen: there is one for each request, and making a frozen one takes three times as long.
@dataclass(slots=True)
class Answer:
    """What an operation answers: the status and the members of the body; None for no body."""

    status: int
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Resource:
    """The state of one Communication Services resource."""

    identities: Identities
    teams_assignments: Assignments
    entra_assignments: Assignments
    access_tokens: AccessTokens
    entra: Entra


# Not frozen: there is one for each request, and making a frozen one takes three times as long.
@dataclass
class Call:
    """One authenticated request for an operation.

    Attributes:
        resource: The state to read and change.
        operation: The operation.
        arguments: The decoded values of the path parameters.
        request: The request.
        caller: The Entra ID token of the caller; None when the access key signed the request.
        now: The time of the call, in UTC.
    """

    resource: Resource
    operation: Operation
    arguments: tuple[str, ...]
    request: Request
    caller: EntraToken | None
    now: datetime

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object in the body; see `read_json`."""
        return read_json(self.operation, self.request)

    @cached_property
    def members(self) -> dict[str, Any]:
        """The members of the body that the contract has; see `bind`."""
        return bind(self.operation, self.document)

    def answer(self, body: Mapping[str, Any]) -> Answer:
        """Return the success answer, with the part of the body that the API version has."""
        return Answer(self.operation.status, select(self.operation, self.operation.status, body))

    def issue(self, identity: Identity, scopes: Iterable[str], expires_on: datetime) -> dict[str, str]:
        """Issue an access token to an identity and return it as answers have it."""
        csi = self.resource.identities.note_token(identity, self.now)
        return token_body(self.resource.access_tokens.issue(identity.id, scopes, self.now, expires_on, csi))


Handler = Callable[[Call], Answer]


def token_body(issued: IssuedToken) -> dict[str, str]:
    """Return an access token as answers have it."""
    return {"token": issued.token, "expiresOn": format_expiry(issued.expires_on)}


def check_guid(name: str, value: str) -> None:
    """Make sure that a value is a GUID.

    Raises:
        ServiceError: It is not.
    """
    if not GUID.fullmatch(value):
        raise errors.format_invalid(name, f"{name} must be a GUID")
