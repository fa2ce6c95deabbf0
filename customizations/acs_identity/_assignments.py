"""Assignments: which Entra ID principals may act on the resource, and through which applications."""

from dataclasses import dataclass, field
from enum import StrEnum

from azure.core import CaseInsensitiveEnumMeta


class TeamsExtensionPrincipalType(StrEnum, metaclass=CaseInsensitiveEnumMeta):
    """What the principal of a :class:`TeamsExtensionAssignment` is. The list is open: any other text passes.

    Contract and documentation of the service spell a Teams resource account differently; each spelling is a member.
    """

    RESOURCE_ACCOUNT = "resourceAccount"
    """A Teams resource account. Source: the contract of API version 2025-06-30 and later."""
    TEAMS_RESOURCE_ACCOUNT = "teamsResourceAccount"
    """A Teams resource account. Source: the documentation of Teams Phone extensibility."""
    USER = "user"
    """A Teams user."""


class EntraPrincipalType(StrEnum, metaclass=CaseInsensitiveEnumMeta):
    """What the principal of an :class:`EntraAssignment` is. The list is open: any other text passes."""

    USER = "user"
    """An Entra ID user."""
    GROUP = "group"
    """An Entra ID group."""
    TENANT = "tenant"
    """An Entra ID tenant as a whole."""


@dataclass(frozen=True, slots=True)
class TeamsExtensionAssignment:
    """The right of a Teams principal to act on the resource. Its repr shows neither principal nor tenant.

    >>> TeamsExtensionAssignment("37691ec4-57fb-4c0f-ae31-32791610cb14", "87d349ed-44d7-43e1-9a83-5f2406dee5bd", "user")
    TeamsExtensionAssignment(principal_type='user', client_ids=None)
    """

    object_id: str = field(repr=False)
    """The Entra ID object id of the principal."""
    tenant_id: str = field(repr=False)
    """The Entra ID tenant of the principal."""
    principal_type: str
    """What the principal is, for example :attr:`TeamsExtensionPrincipalType.USER`, as the service spells it."""
    client_ids: tuple[str, ...] | None = None
    """The client ids of the applications through which the principal may act; None when the service names none."""


@dataclass(frozen=True, slots=True)
class EntraAssignment:
    """The right of an Entra ID principal to act on the resource. Its repr shows neither principal nor tenant.

    >>> EntraAssignment(
    ...     "37691ec4-57fb-4c0f-ae31-32791610cb14",
    ...     "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
    ...     "group",
    ...     ("1fd5118e-2576-4263-8130-9503064c837a",),
    ... )
    EntraAssignment(principal_type='group', client_ids=('1fd5118e-2576-4263-8130-9503064c837a',))
    """

    object_id: str = field(repr=False)
    """The Entra ID object id of the principal."""
    tenant_id: str = field(repr=False)
    """The Entra ID tenant of the principal."""
    principal_type: str
    """What the principal is, for example :attr:`EntraPrincipalType.GROUP`."""
    client_ids: tuple[str, ...]
    """The client ids of the applications through which the principal may act."""
