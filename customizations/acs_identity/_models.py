"""What the client takes and gives: identifiers, scopes and access tokens."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, Protocol, TypedDict, runtime_checkable

from azure.core import CaseInsensitiveEnumMeta
from azure.core.credentials import AccessToken as AzureAccessToken


class AccessToken(AzureAccessToken):
    """An access token and when it expires. A tuple, as azure-core defines it, whose repr does not show the token.

    ``token`` (str) is the token itself, a secret; ``expires_on`` (int) is when it expires, in seconds since 1970, UTC.

    >>> access_token = AccessToken("secret", 1790000000)
    >>> access_token
    AccessToken(token='***', expires_on=1790000000)
    >>> access_token.expires_at
    datetime.datetime(2026, 9, 21, 14, 13, 20, tzinfo=datetime.timezone.utc)
    """

    __slots__ = ()

    @property
    def expires_at(self) -> datetime:
        """When the token expires, in UTC, to the second."""
        return datetime.fromtimestamp(self.expires_on, UTC)

    def __repr__(self) -> str:
        return f"AccessToken(token='***', expires_on={self.expires_on})"


class CommunicationTokenScope(StrEnum, metaclass=CaseInsensitiveEnumMeta):
    """What an access token permits. Source: API version 2023-10-01 and later; earlier ones know chat and voip."""

    CHAT = "chat"
    """All chat features."""
    VOIP = "voip"
    """All calling features."""
    CHAT_JOIN = "chat.join"
    """Chat in the threads the identity was added to, without creating or deleting any."""
    CHAT_JOIN_LIMITED = "chat.join.limited"
    """As ``CHAT_JOIN``, without adding or removing participants."""
    VOIP_JOIN = "voip.join"
    """Join the calls the identity was invited to, without starting any."""


class CommunicationIdentifierKind(StrEnum, metaclass=CaseInsensitiveEnumMeta):
    """What an identifier identifies."""

    COMMUNICATION_USER = "communication_user"


@runtime_checkable
class CommunicationIdentifier(Protocol):
    """Anything with a raw id, a kind and properties; the identifiers of the official client are, too."""

    @property
    def raw_id(self) -> str:
        """The raw id, a stable key."""
        ...

    @property
    def kind(self) -> Any:
        """The kind of identifier."""
        ...

    @property
    def properties(self) -> Mapping[str, Any]:
        """The parts of the identifier."""
        ...


class CommunicationUserProperties(TypedDict):
    """The parts of a :class:`CommunicationUserIdentifier`."""

    id: str
    """The id of the user, as the service gave it."""


class CommunicationUserIdentifier:
    """A user of Azure Communication Services. Immutable; equal and hashable by its raw id.

    Args:
        id: The id of the user, as the service gave it.
        raw_id: The raw id; the id itself when left out.

    Raises:
        TypeError: The id is not a text.
        ValueError: The id is empty.

    >>> user = CommunicationUserIdentifier("8:acs:2dee53b4-368b-45b4-ab52-8493fb117652_00000005-14a2-493b-8a72-5a3a0d")
    >>> user
    CommunicationUserIdentifier('8:acs:...3a0d')
    >>> {user: "alice"}[CommunicationUserIdentifier(user.raw_id)]
    'alice'
    """

    __slots__ = ("_id", "_raw_id")

    kind: Literal[CommunicationIdentifierKind.COMMUNICATION_USER] = CommunicationIdentifierKind.COMMUNICATION_USER
    """The kind of identifier."""

    def __init__(self, id: str, *, raw_id: str | None = None) -> None:  # noqa: A002 - the official client's name
        for value in (id, id if raw_id is None else raw_id):
            if not isinstance(value, str):
                raise TypeError(f"The id of a user must be a str, not {type(value).__name__}.")
            if not value.strip():
                raise ValueError("The id of a user must not be empty.")
        self._id = id
        self._raw_id = id if raw_id is None else raw_id

    @property
    def raw_id(self) -> str:
        """The raw id, a stable key."""
        return self._raw_id

    @property
    def properties(self) -> CommunicationUserProperties:
        """The parts of the identifier: its ``id``."""
        return CommunicationUserProperties(id=self._id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CommunicationIdentifier) and self.raw_id == other.raw_id

    def __hash__(self) -> int:
        return hash(self.raw_id)

    def __repr__(self) -> str:
        prefix = ":".join(self.raw_id.split(":")[:2])
        shown = f"{prefix}:...{self.raw_id[-4:]}" if len(self.raw_id) > 30 else "..."
        return f"CommunicationUserIdentifier('{shown}')"
