"""Users of Azure Communication Services and access tokens for them.

The client is :class:`CommunicationIdentityClient`, here for sync code and in :mod:`acs_identity.aio` for async code.
"""

from ._assignments import (
    EntraAssignment,
    EntraPrincipalType,
    TeamsExtensionAssignment,
    TeamsExtensionPrincipalType,
)
from ._authentication import HmacAuthenticationPolicy
from ._client import CommunicationIdentityClient
from ._models import (
    AccessToken,
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
    CommunicationUserProperties,
)
from ._users import CommunicationUserDetail
from ._version import VERSION

__version__ = VERSION

__all__ = [
    "AccessToken",
    "CommunicationIdentifier",
    "CommunicationIdentifierKind",
    "CommunicationIdentityClient",
    "CommunicationTokenScope",
    "CommunicationUserDetail",
    "CommunicationUserIdentifier",
    "CommunicationUserProperties",
    "EntraAssignment",
    "EntraPrincipalType",
    "HmacAuthenticationPolicy",
    "TeamsExtensionAssignment",
    "TeamsExtensionPrincipalType",
    "__version__",
]
