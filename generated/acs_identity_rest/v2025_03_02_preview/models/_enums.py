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
    CHAT_JOIN = "chat.join"
    """Chat in the threads the identity was added to, without the right to create or delete threads."""
    CHAT_JOIN_LIMITED = "chat.join.limited"
    """As chat.join, and without the right to add or remove participants."""
    VOIP_JOIN = "voip.join"
    """Join the calls the identity was invited to, without the right to start one."""


class EntraPrincipalType(str, Enum, metaclass=CaseInsensitiveEnumMeta):
    """The kind of principal an assignment is for."""

    USER = "user"
    """An Entra ID user."""
    GROUP = "group"
    """An Entra ID group."""
    TENANT = "tenant"
    """An Entra ID tenant as a whole."""


class TeamsExtensionPrincipalType(str, Enum, metaclass=CaseInsensitiveEnumMeta):
    """The kind of principal an assignment is for."""

    RESOURCE_ACCOUNT = "resourceAccount"
    """A Teams resource account."""
    USER = "user"
    """A Teams user."""
