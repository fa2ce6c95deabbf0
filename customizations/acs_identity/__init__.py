"""Users of Azure Communication Services and access tokens for them.

The client is :class:`CommunicationIdentityClient`, here for sync code and in :mod:`acs_identity.aio` for async code.
"""

from ._authentication import HmacAuthenticationPolicy
from ._client import CommunicationIdentityClient
from ._errors import (
    CommunicationIdentityError,
    ConflictError,
    NotFoundError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from ._models import (
    AccessToken,
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
    CommunicationUserProperties,
)
from ._version import VERSION

__version__ = VERSION

__all__ = [
    "AccessToken",
    "CommunicationIdentifier",
    "CommunicationIdentifierKind",
    "CommunicationIdentityClient",
    "CommunicationIdentityError",
    "CommunicationTokenScope",
    "CommunicationUserIdentifier",
    "CommunicationUserProperties",
    "ConflictError",
    "HmacAuthenticationPolicy",
    "NotFoundError",
    "UnauthorizedError",
    "UnreadableAnswerError",
    "__version__",
]
