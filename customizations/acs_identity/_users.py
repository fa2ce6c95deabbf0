"""What the service knows about a user."""

from dataclasses import dataclass, field
from datetime import datetime

from ._identifiers import CommunicationUserIdentifier


@dataclass(frozen=True, slots=True)
class CommunicationUserDetail:
    """A user, its custom id and when it last got an access token. Its repr does not show the custom id.

    >>> CommunicationUserDetail(CommunicationUserIdentifier("8:acs:1_2"), custom_id="alice@contoso.com")
    CommunicationUserDetail(user=CommunicationUserIdentifier('...'), last_token_issued_at=None)
    """

    user: CommunicationUserIdentifier
    """The user."""
    custom_id: str | None = field(default=None, repr=False)
    """The id that the user was created with; None when there was none."""
    last_token_issued_at: datetime | None = None
    """When an access token was last issued for the user, in UTC; None when none was."""
