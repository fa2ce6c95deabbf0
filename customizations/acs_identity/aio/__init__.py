"""The async client. See :mod:`acs_identity` for what it takes and gives."""

from ._client import CommunicationIdentityClient

__all__ = ["CommunicationIdentityClient"]
