"""Users of Azure Communication Services and access tokens for them.

The client is :class:`CommunicationIdentityClient`, here for sync code and in :mod:`acs_identity.aio` for async code.
"""

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
from ._token_credential import CommunicationTokenCredential
from ._token_provider import TokenProvider
from ._version import VERSION

__version__ = VERSION

__all__ = [
    "AccessToken",
    "CommunicationIdentifier",
    "CommunicationIdentifierKind",
    "CommunicationIdentityClient",
    "CommunicationTokenCredential",
    "CommunicationTokenScope",
    "CommunicationUserIdentifier",
    "CommunicationUserProperties",
    "HmacAuthenticationPolicy",
    "TokenProvider",
    "__version__",
]
