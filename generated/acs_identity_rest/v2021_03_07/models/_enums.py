# coding=utf-8
# --------------------------------------------------------------------------
# Made by "make generate" from swagger/ and autorest.md. Do not edit.
# --------------------------------------------------------------------------

from enum import Enum
from azure.core import CaseInsensitiveEnumMeta


class CommunicationIdentityTokenScope(str, Enum, metaclass=CaseInsensitiveEnumMeta):
    """What an access token permits."""

    CHAT = "chat"
    """All chat features."""
    VOIP = "voip"
    """All calling features."""
