"""Who is meant: users, phone numbers and applications, each with a raw id that is a stable key.

Source of the raw ids: the REST reference on identifiers, and azure-communication-callautomation 1.6.0.
"""

from collections.abc import Mapping
from copy import copy
from enum import StrEnum
from typing import Any, Generic, Literal, NotRequired, Protocol, TypedDict, TypeGuard, TypeVar, runtime_checkable

from azure.core import CaseInsensitiveEnumMeta


class CommunicationIdentifierKind(StrEnum, metaclass=CaseInsensitiveEnumMeta):
    """What an identifier identifies."""

    UNKNOWN = "unknown"
    COMMUNICATION_USER = "communication_user"
    PHONE_NUMBER = "phone_number"
    MICROSOFT_TEAMS_USER = "microsoft_teams_user"
    MICROSOFT_TEAMS_APP = "microsoft_teams_app"
    MICROSOFT_BOT = MICROSOFT_TEAMS_APP
    """The former name of ``MICROSOFT_TEAMS_APP``."""
    TEAMS_EXTENSION_USER = "teams_extension_user"


class CommunicationCloudEnvironment(StrEnum, metaclass=CaseInsensitiveEnumMeta):
    """The cloud that an identifier belongs to."""

    PUBLIC = "PUBLIC"
    DOD = "DOD"
    GCCH = "GCCH"


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


_PHONE_NUMBER = "4:"
_ANONYMOUS_TEAMS_USER = "8:teamsvisitor:"
_SPOOL_USER = "8:spool:"
# The public cloud comes first: clouds without a prefix of their own take its prefix, as in the official client.
_TEAMS_USERS = {
    "8:orgid:": CommunicationCloudEnvironment.PUBLIC,
    "8:dod:": CommunicationCloudEnvironment.DOD,
    "8:gcch:": CommunicationCloudEnvironment.GCCH,
}
_TEAMS_APPS = {
    "28:orgid:": CommunicationCloudEnvironment.PUBLIC,
    "28:dod:": CommunicationCloudEnvironment.DOD,
    "28:gcch:": CommunicationCloudEnvironment.GCCH,
}
_USERS = {
    "8:acs:": CommunicationCloudEnvironment.PUBLIC,
    "8:dod-acs:": CommunicationCloudEnvironment.DOD,
    "8:gcch-acs:": CommunicationCloudEnvironment.GCCH,
}
_PREFIXES = {_PHONE_NUMBER, _ANONYMOUS_TEAMS_USER, _SPOOL_USER, *_TEAMS_USERS, *_TEAMS_APPS, *_USERS}

_Properties = TypeVar("_Properties", bound=Mapping[str, Any])


class _Identifier(Generic[_Properties]):
    """What all identifiers share: immutable, equal and hashable by raw id, with a repr that does not show it."""

    __slots__ = ("_properties", "_raw_id")

    _raw_id: str
    _properties: _Properties

    def __init__(self, raw_id: str, properties: _Properties) -> None:
        self.__setstate__((_text(self, "raw_id", raw_id), properties))

    @property
    def raw_id(self) -> str:
        """The raw id, a stable key."""
        return self._raw_id

    @property
    def properties(self) -> _Properties:
        """The parts of the identifier, as a new dict each time."""
        return copy(self._properties)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"A {type(self).__name__} cannot be changed. Make a new one.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"A {type(self).__name__} cannot be changed. Make a new one.")

    def __getstate__(self) -> tuple[str, _Properties]:
        return self._raw_id, self._properties

    def __setstate__(self, state: tuple[str, _Properties]) -> None:
        for name, value in zip(("_raw_id", "_properties"), state, strict=True):
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        raw_id = getattr(other, "raw_id", None)
        return self._raw_id == raw_id if isinstance(raw_id, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._raw_id)

    def __repr__(self) -> str:
        prefix, _ = _split(self._raw_id)
        known = prefix if prefix in _PREFIXES else ""
        end = self._raw_id[-4:] if known and len(self._raw_id) > 30 else ""
        return f"{type(self).__name__}('{known}...{end}')"


class CommunicationUserProperties(TypedDict):
    """The parts of a :class:`CommunicationUserIdentifier`."""

    id: str
    """The id of the user, as the service gave it."""


class CommunicationUserIdentifier(_Identifier[CommunicationUserProperties]):
    """A user of Azure Communication Services. Immutable; equal and hashable by its raw id.

    Args:
        id: The id of the user, as the service gave it.
        raw_id: The raw id; the id itself when left out.

    Raises:
        TypeError: The id is not a str.
        ValueError: The id is empty.

    >>> user = CommunicationUserIdentifier("8:acs:2dee53b4-368b-45b4-ab52-8493fb117652_00000005-14a2-493b-8a72-5a3a0d")
    >>> user
    CommunicationUserIdentifier('8:acs:...3a0d')
    >>> {user: "alice"}[CommunicationUserIdentifier(user.raw_id)]
    'alice'
    """

    __slots__ = ()

    kind: Literal[CommunicationIdentifierKind.COMMUNICATION_USER] = CommunicationIdentifierKind.COMMUNICATION_USER
    """The kind of identifier."""

    def __init__(self, id: str, *, raw_id: str | None = None) -> None:  # noqa: A002 - the official client's name
        properties = CommunicationUserProperties(id=_text(self, "id", id))
        super().__init__(id if raw_id is None else raw_id, properties)


class PhoneNumberProperties(TypedDict):
    """The parts of a :class:`PhoneNumberIdentifier`."""

    value: str
    """The number as it was given, with the asserted id where it has one."""
    is_anonymous: bool
    """Whether the number is hidden: its raw id is ``4:anonymous``."""
    asserted_id: NotRequired[str]
    """What tells apart the connections made through one number: the text after the last ``_``. Absent without one."""


class PhoneNumberIdentifier(_Identifier[PhoneNumberProperties]):
    """A phone number. Immutable; equal and hashable by its raw id.

    Args:
        value: The number, in E.164 format by convention; it is not checked.
        raw_id: The raw id; ``4:`` and the number when left out.

    Raises:
        TypeError: The number or the raw id is not a str.
        ValueError: The number or the raw id is empty.

    >>> caller = PhoneNumberIdentifier("+14255550123")
    >>> caller, caller.raw_id
    (PhoneNumberIdentifier('4:...'), '4:+14255550123')
    >>> PhoneNumberIdentifier("anonymous").properties
    {'value': 'anonymous', 'is_anonymous': True}
    """

    __slots__ = ()

    kind: Literal[CommunicationIdentifierKind.PHONE_NUMBER] = CommunicationIdentifierKind.PHONE_NUMBER
    """The kind of identifier."""

    def __init__(self, value: str, *, raw_id: str | None = None) -> None:
        raw_id = _PHONE_NUMBER + _text(self, "value", value) if raw_id is None else _text(self, "raw_id", raw_id)
        number = raw_id.removeprefix(_PHONE_NUMBER)
        properties = PhoneNumberProperties(value=_text(self, "value", value), is_anonymous=number == "anonymous")
        _, separator, asserted_id = number.rpartition("_")
        if separator and asserted_id:
            properties["asserted_id"] = asserted_id
        super().__init__(raw_id, properties)


class MicrosoftTeamsUserProperties(TypedDict):
    """The parts of a :class:`MicrosoftTeamsUserIdentifier`."""

    user_id: str
    """The id of the user: the Entra ID object id, unless the user is anonymous."""
    is_anonymous: bool
    """Whether the user is anonymous, for example a visitor of a meeting."""
    cloud: CommunicationCloudEnvironment | str
    """The cloud that the user belongs to."""


class MicrosoftTeamsUserIdentifier(_Identifier[MicrosoftTeamsUserProperties]):
    """A user of Microsoft Teams. Immutable; equal and hashable by its raw id.

    A raw id holds neither the cloud of an anonymous user nor a cloud that CommunicationCloudEnvironment does not list.

    Args:
        user_id: The id of the user: the Entra ID object id, unless the user is anonymous.
        is_anonymous: Whether the user is anonymous; False by default.
        cloud: The cloud that the user belongs to; ``PUBLIC`` by default.
        raw_id: The raw id; made of the parts when left out.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: An argument is empty.

    >>> MicrosoftTeamsUserIdentifier("45ab2481", cloud=CommunicationCloudEnvironment.GCCH).raw_id
    '8:gcch:45ab2481'
    """

    __slots__ = ()

    kind: Literal[CommunicationIdentifierKind.MICROSOFT_TEAMS_USER] = CommunicationIdentifierKind.MICROSOFT_TEAMS_USER
    """The kind of identifier."""

    def __init__(
        self,
        user_id: str,
        *,
        is_anonymous: bool = False,
        cloud: CommunicationCloudEnvironment | str | None = None,
        raw_id: str | None = None,
    ) -> None:
        if not isinstance(is_anonymous, bool):
            raise TypeError(f"is_anonymous must be True or False, not {type(is_anonymous).__name__}.")
        properties = MicrosoftTeamsUserProperties(
            user_id=_text(self, "user_id", user_id), is_anonymous=is_anonymous, cloud=_cloud(self, cloud)
        )
        if raw_id is None:
            prefix = _ANONYMOUS_TEAMS_USER if is_anonymous else _prefix(_TEAMS_USERS, properties["cloud"])
            raw_id = prefix + user_id
        super().__init__(raw_id, properties)


class MicrosoftTeamsAppProperties(TypedDict):
    """The parts of a :class:`MicrosoftTeamsAppIdentifier`."""

    app_id: str
    """The id of the application."""
    cloud: CommunicationCloudEnvironment | str
    """The cloud that the application belongs to."""


class MicrosoftTeamsAppIdentifier(_Identifier[MicrosoftTeamsAppProperties]):
    """An application of Microsoft Teams, such as a call queue. Immutable; equal and hashable by its raw id.

    Args:
        app_id: The id of the application.
        cloud: The cloud that the application belongs to; ``PUBLIC`` by default.
        raw_id: The raw id; made of the parts when left out.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: An argument is empty.

    >>> MicrosoftTeamsAppIdentifier("45ab2481", cloud="DOD").raw_id
    '28:dod:45ab2481'
    """

    __slots__ = ()

    kind: Literal[CommunicationIdentifierKind.MICROSOFT_TEAMS_APP] = CommunicationIdentifierKind.MICROSOFT_TEAMS_APP
    """The kind of identifier."""

    def __init__(
        self, app_id: str, *, cloud: CommunicationCloudEnvironment | str | None = None, raw_id: str | None = None
    ) -> None:
        properties = MicrosoftTeamsAppProperties(app_id=_text(self, "app_id", app_id), cloud=_cloud(self, cloud))
        super().__init__(_prefix(_TEAMS_APPS, properties["cloud"]) + app_id if raw_id is None else raw_id, properties)


class TeamsExtensionUserProperties(TypedDict):
    """The parts of a :class:`TeamsExtensionUserIdentifier`."""

    user_id: str
    """The Entra ID object id of the user."""
    tenant_id: str
    """The Entra ID tenant of the user."""
    resource_id: str
    """The immutable id of the Communication Services resource."""
    cloud: CommunicationCloudEnvironment | str
    """The cloud that the user belongs to."""


class TeamsExtensionUserIdentifier(_Identifier[TeamsExtensionUserProperties]):
    """A Teams user who calls through a Communication Services resource. Immutable; equal and hashable by its raw id.

    Args:
        user_id: The Entra ID object id of the user.
        tenant_id: The Entra ID tenant of the user.
        resource_id: The immutable id of the Communication Services resource.
        cloud: The cloud that the user belongs to; ``PUBLIC`` by default.
        raw_id: The raw id; made of the parts when left out.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: An argument is empty, or an id has an underscore, which separates the ids in the raw id.

    >>> TeamsExtensionUserIdentifier(user_id="207ffef6", tenant_id="87d349ed", resource_id="2dee53b4").raw_id
    '8:acs:2dee53b4_87d349ed_207ffef6'
    """

    __slots__ = ()

    kind: Literal[CommunicationIdentifierKind.TEAMS_EXTENSION_USER] = CommunicationIdentifierKind.TEAMS_EXTENSION_USER
    """The kind of identifier."""

    def __init__(
        self,
        *,
        user_id: str,
        tenant_id: str,
        resource_id: str,
        cloud: CommunicationCloudEnvironment | str | None = None,
        raw_id: str | None = None,
    ) -> None:
        for name, value in (("user_id", user_id), ("tenant_id", tenant_id), ("resource_id", resource_id)):
            if "_" in _text(self, name, value):
                raise ValueError(f"The {name} of a TeamsExtensionUserIdentifier must not hold an underscore.")
        properties = TeamsExtensionUserProperties(
            user_id=user_id, tenant_id=tenant_id, resource_id=resource_id, cloud=_cloud(self, cloud)
        )
        if raw_id is None:
            raw_id = f"{_prefix(_USERS, properties['cloud'])}{resource_id}_{tenant_id}_{user_id}"
        super().__init__(raw_id, properties)


class UnknownIdentifier(_Identifier[Mapping[str, Any]]):
    """An identifier whose kind is not known here. Immutable; equal and hashable by its raw id.

    Args:
        identifier: The raw id.

    Raises:
        TypeError: The raw id is not a str.
        ValueError: The raw id is empty.

    >>> UnknownIdentifier("48:45ab2481")
    UnknownIdentifier('...')
    """

    __slots__ = ()

    kind: Literal[CommunicationIdentifierKind.UNKNOWN] = CommunicationIdentifierKind.UNKNOWN
    """The kind of identifier. A later version may know the same raw id by another kind."""

    def __init__(self, identifier: str) -> None:
        super().__init__(_text(self, "identifier", identifier), {})


def identifier_from_raw_id(
    raw_id: str,
) -> (
    CommunicationUserIdentifier
    | PhoneNumberIdentifier
    | MicrosoftTeamsUserIdentifier
    | MicrosoftTeamsAppIdentifier
    | TeamsExtensionUserIdentifier
    | UnknownIdentifier
):
    """Return the identifier that a raw id stands for; its ``raw_id`` is the text that was given.

    Args:
        raw_id: The raw id, for example from a database. One with nothing after its prefix is unknown.

    Raises:
        TypeError: It is not a str.
        ValueError: It is empty.

    >>> identifier_from_raw_id("8:orgid:45ab2481")
    MicrosoftTeamsUserIdentifier('8:orgid:...')
    """
    if not isinstance(raw_id, str):
        raise TypeError(f"A raw id must be a str such as '8:acs:...', not {type(raw_id).__name__}.")
    if not raw_id.strip():
        raise ValueError("A raw id must not be empty.")
    prefix, rest = _split(raw_id)
    if not rest.strip():
        return UnknownIdentifier(raw_id)
    if prefix == _PHONE_NUMBER:
        return PhoneNumberIdentifier(rest, raw_id=raw_id)
    if prefix == _ANONYMOUS_TEAMS_USER:
        return MicrosoftTeamsUserIdentifier(rest, is_anonymous=True, raw_id=raw_id)
    if prefix in _TEAMS_USERS:
        return MicrosoftTeamsUserIdentifier(rest, cloud=_TEAMS_USERS[prefix], raw_id=raw_id)
    if prefix in _TEAMS_APPS:
        return MicrosoftTeamsAppIdentifier(rest, cloud=_TEAMS_APPS[prefix], raw_id=raw_id)
    if prefix in _USERS:
        parts = rest.split("_")
        if len(parts) == 3 and all(part.strip() for part in parts):
            resource_id, tenant_id, user_id = parts
            return TeamsExtensionUserIdentifier(
                user_id=user_id, tenant_id=tenant_id, resource_id=resource_id, cloud=_USERS[prefix], raw_id=raw_id
            )
    if prefix in _USERS or prefix == _SPOOL_USER:
        return CommunicationUserIdentifier(raw_id)
    return UnknownIdentifier(raw_id)


# The guards promise no more than TypeGuard does: an identifier of another package has the kind without the class.


def is_communication_user(identifier: CommunicationIdentifier) -> TypeGuard[CommunicationUserIdentifier]:
    """Tell whether the identifier, of this or another package, is a user of Azure Communication Services.

    Raises:
        TypeError: It is not an identifier.
    """
    return _kind(identifier) == CommunicationIdentifierKind.COMMUNICATION_USER


def is_phone_number(identifier: CommunicationIdentifier) -> TypeGuard[PhoneNumberIdentifier]:
    """Tell whether the identifier, of this or another package, is a phone number.

    Raises:
        TypeError: It is not an identifier.

    >>> is_phone_number(identifier_from_raw_id("4:+14255550123"))
    True
    """
    return _kind(identifier) == CommunicationIdentifierKind.PHONE_NUMBER


def is_microsoft_teams_user(identifier: CommunicationIdentifier) -> TypeGuard[MicrosoftTeamsUserIdentifier]:
    """Tell whether the identifier, of this or another package, is a user of Microsoft Teams.

    Raises:
        TypeError: It is not an identifier.
    """
    return _kind(identifier) == CommunicationIdentifierKind.MICROSOFT_TEAMS_USER


def is_microsoft_teams_app(identifier: CommunicationIdentifier) -> TypeGuard[MicrosoftTeamsAppIdentifier]:
    """Tell whether the identifier, of this or another package, is an application of Microsoft Teams.

    Raises:
        TypeError: It is not an identifier.
    """
    return _kind(identifier) == CommunicationIdentifierKind.MICROSOFT_TEAMS_APP


def is_teams_extension_user(identifier: CommunicationIdentifier) -> TypeGuard[TeamsExtensionUserIdentifier]:
    """Tell whether the identifier, of this or another package, is a Teams user of a Communication Services resource.

    Raises:
        TypeError: It is not an identifier.
    """
    return _kind(identifier) == CommunicationIdentifierKind.TEAMS_EXTENSION_USER


def is_unknown(identifier: CommunicationIdentifier) -> TypeGuard[UnknownIdentifier]:
    """Tell whether the kind of the identifier, of this or another package, is not known.

    Raises:
        TypeError: It is not an identifier.
    """
    return _kind(identifier) == CommunicationIdentifierKind.UNKNOWN


def _kind(identifier: CommunicationIdentifier) -> object:
    if not hasattr(identifier, "kind"):
        raise TypeError(
            f"An identifier is expected, not {type(identifier).__name__}. identifier_from_raw_id makes one of a raw id."
        )
    return identifier.kind


def _text(identifier: object, name: str, value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"The {name} of a {type(identifier).__name__} must be a str, not {type(value).__name__}.")
    if not value.strip():
        raise ValueError(f"The {name} of a {type(identifier).__name__} must not be empty.")
    return value


def _cloud(
    identifier: object, cloud: CommunicationCloudEnvironment | str | None
) -> CommunicationCloudEnvironment | str:
    return CommunicationCloudEnvironment.PUBLIC if cloud is None else _text(identifier, "cloud", cloud)


def _prefix(prefixes: dict[str, CommunicationCloudEnvironment], cloud: str) -> str:
    return next((prefix for prefix, known in prefixes.items() if known == cloud), next(iter(prefixes)))


def _split(raw_id: str) -> tuple[str, str]:
    """Return the prefix and the rest; the prefix is empty where there is none."""
    if raw_id.startswith(_PHONE_NUMBER):
        return _PHONE_NUMBER, raw_id.removeprefix(_PHONE_NUMBER)
    first, separator, rest = raw_id.partition(":")
    second, colon, rest = rest.partition(":")
    return (f"{first}{separator}{second}{colon}", rest) if colon else ("", raw_id)
