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
from ._endpoint import parse_connection_string
from ._errors import (
    CommunicationIdentityError,
    ConflictError,
    NotFoundError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from ._identifiers import (
    CommunicationCloudEnvironment,
    CommunicationIdentifier,
    CommunicationIdentifierKind,
    CommunicationUserIdentifier,
    CommunicationUserProperties,
    MicrosoftTeamsAppIdentifier,
    MicrosoftTeamsAppProperties,
    MicrosoftTeamsUserIdentifier,
    MicrosoftTeamsUserProperties,
    PhoneNumberIdentifier,
    PhoneNumberProperties,
    TeamsExtensionUserIdentifier,
    TeamsExtensionUserProperties,
    UnknownIdentifier,
    identifier_from_raw_id,
    is_communication_user,
    is_microsoft_teams_app,
    is_microsoft_teams_user,
    is_phone_number,
    is_teams_extension_user,
    is_unknown,
)
from ._models import AccessToken, CommunicationTokenScope
from ._token_credential import CommunicationTokenCredential
from ._token_provider import TokenProvider
from ._users import CommunicationUserDetail
from ._version import VERSION

__version__ = VERSION

__all__ = [
    "AccessToken",
    "CommunicationCloudEnvironment",
    "CommunicationIdentifier",
    "CommunicationIdentifierKind",
    "CommunicationIdentityClient",
    "CommunicationIdentityError",
    "CommunicationTokenCredential",
    "CommunicationTokenScope",
    "CommunicationUserDetail",
    "CommunicationUserIdentifier",
    "CommunicationUserProperties",
    "ConflictError",
    "EntraAssignment",
    "EntraPrincipalType",
    "HmacAuthenticationPolicy",
    "MicrosoftTeamsAppIdentifier",
    "MicrosoftTeamsAppProperties",
    "MicrosoftTeamsUserIdentifier",
    "MicrosoftTeamsUserProperties",
    "NotFoundError",
    "PhoneNumberIdentifier",
    "PhoneNumberProperties",
    "TeamsExtensionAssignment",
    "TeamsExtensionPrincipalType",
    "TeamsExtensionUserIdentifier",
    "TeamsExtensionUserProperties",
    "TokenProvider",
    "UnauthorizedError",
    "UnknownIdentifier",
    "UnreadableAnswerError",
    "__version__",
    "identifier_from_raw_id",
    "is_communication_user",
    "is_microsoft_teams_app",
    "is_microsoft_teams_user",
    "is_phone_number",
    "is_teams_extension_user",
    "is_unknown",
    "parse_connection_string",
]
