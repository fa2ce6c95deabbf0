"""The async client. See :mod:`acs_identity` for what it takes and gives."""

from ._client import CommunicationIdentityClient
from ._token_credential import CommunicationTokenCredential
from ._token_provider import TokenProvider

__all__ = ["CommunicationIdentityClient", "CommunicationTokenCredential", "TokenProvider"]
