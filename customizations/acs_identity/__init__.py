"""Users of Azure Communication Services and access tokens for them.

The client is :class:`CommunicationIdentityClient`, here for sync code and in :mod:`acs_identity.aio` for async code.
"""

from typing import TYPE_CHECKING, Any

from ._version import VERSION

if TYPE_CHECKING:
    from ._assignments import (
        EntraAssignment,
        EntraPrincipalType,
        TeamsExtensionAssignment,
        TeamsExtensionPrincipalType,
    )
    from ._authentication import HmacAuthenticationPolicy
    from ._bulk import Bulk
    from ._bulk_core import BulkError, BulkFailure, BulkInterrupted, BulkProgress, BulkResult
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
    from ._journal import JournalError
    from ._models import AccessToken, CommunicationTokenScope
    from ._rate_budget import RateBudget
    from ._token_credential import CommunicationTokenCredential
    from ._token_provider import TokenProvider
    from ._urllib3_transport import Urllib3Transport
    from ._users import CommunicationUserDetail

__version__ = VERSION

__all__ = [
    "AccessToken",
    "Bulk",
    "BulkError",
    "BulkFailure",
    "BulkInterrupted",
    "BulkProgress",
    "BulkResult",
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
    "JournalError",
    "MicrosoftTeamsAppIdentifier",
    "MicrosoftTeamsAppProperties",
    "MicrosoftTeamsUserIdentifier",
    "MicrosoftTeamsUserProperties",
    "NotFoundError",
    "PhoneNumberIdentifier",
    "PhoneNumberProperties",
    "RateBudget",
    "TeamsExtensionAssignment",
    "TeamsExtensionPrincipalType",
    "TeamsExtensionUserIdentifier",
    "TeamsExtensionUserProperties",
    "TokenProvider",
    "UnauthorizedError",
    "UnknownIdentifier",
    "UnreadableAnswerError",
    "Urllib3Transport",
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

# Commands, pytest and whoever needs one name only do not wait for the rest; nothing is loaded before it is asked for.
_MODULES = {
    "AccessToken": "_models",
    "Bulk": "_bulk",
    "BulkError": "_bulk_core",
    "BulkFailure": "_bulk_core",
    "BulkInterrupted": "_bulk_core",
    "BulkProgress": "_bulk_core",
    "BulkResult": "_bulk_core",
    "CommunicationCloudEnvironment": "_identifiers",
    "CommunicationIdentifier": "_identifiers",
    "CommunicationIdentifierKind": "_identifiers",
    "CommunicationIdentityClient": "_client",
    "CommunicationIdentityError": "_errors",
    "CommunicationTokenCredential": "_token_credential",
    "CommunicationTokenScope": "_models",
    "CommunicationUserDetail": "_users",
    "CommunicationUserIdentifier": "_identifiers",
    "CommunicationUserProperties": "_identifiers",
    "ConflictError": "_errors",
    "EntraAssignment": "_assignments",
    "EntraPrincipalType": "_assignments",
    "HmacAuthenticationPolicy": "_authentication",
    "JournalError": "_journal",
    "MicrosoftTeamsAppIdentifier": "_identifiers",
    "MicrosoftTeamsAppProperties": "_identifiers",
    "MicrosoftTeamsUserIdentifier": "_identifiers",
    "MicrosoftTeamsUserProperties": "_identifiers",
    "NotFoundError": "_errors",
    "PhoneNumberIdentifier": "_identifiers",
    "PhoneNumberProperties": "_identifiers",
    "RateBudget": "_rate_budget",
    "TeamsExtensionAssignment": "_assignments",
    "TeamsExtensionPrincipalType": "_assignments",
    "TeamsExtensionUserIdentifier": "_identifiers",
    "TeamsExtensionUserProperties": "_identifiers",
    "TokenProvider": "_token_provider",
    "UnauthorizedError": "_errors",
    "UnknownIdentifier": "_identifiers",
    "UnreadableAnswerError": "_errors",
    "Urllib3Transport": "_urllib3_transport",
    "identifier_from_raw_id": "_identifiers",
    "is_communication_user": "_identifiers",
    "is_microsoft_teams_app": "_identifiers",
    "is_microsoft_teams_user": "_identifiers",
    "is_phone_number": "_identifiers",
    "is_teams_extension_user": "_identifiers",
    "is_unknown": "_identifiers",
    "parse_connection_string": "_endpoint",
}

if not TYPE_CHECKING:
    # Unseen by type checkers, which would take any name for one that is there.
    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
