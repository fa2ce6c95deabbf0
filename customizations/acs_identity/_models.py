"""What the client takes and gives besides identifiers: scopes and access tokens."""

from datetime import UTC, datetime
from enum import StrEnum

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
