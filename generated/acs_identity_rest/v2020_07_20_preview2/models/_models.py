# coding=utf-8
# --------------------------------------------------------------------------
# Made by "make generate" from swagger/ and autorest.md. Do not edit.
# --------------------------------------------------------------------------

import datetime
from typing import Any, Optional

from .._utils import serialization as _serialization


class CommunicationIdentity(_serialization.Model):
    """An identity of the resource.

    All required parameters must be populated in order to send to server.

    :ivar id: The raw id of the identity. Required.
    :vartype id: str
    """

    _validation = {
        "id": {"required": True},
    }

    _attribute_map = {
        "id": {"key": "id", "type": "str"},
    }

    def __init__(self, *, id: str, **kwargs: Any) -> None:  # pylint: disable=redefined-builtin
        """
        :keyword id: The raw id of the identity. Required.
        :paramtype id: str
        """
        super().__init__(**kwargs)
        self.id = id


class CommunicationIdentityToken(_serialization.Model):
    """An access token, whose it is and when it ends.

    All required parameters must be populated in order to send to server.

    :ivar id: The raw id of the identity. Required.
    :vartype id: str
    :ivar token: The access token, a secret. Required.
    :vartype token: str
    :ivar expires_on: When the access token expires, in UTC. Required.
    :vartype expires_on: ~datetime.datetime
    """

    _validation = {
        "id": {"required": True},
        "token": {"required": True},
        "expires_on": {"required": True},
    }

    _attribute_map = {
        "id": {"key": "id", "type": "str"},
        "token": {"key": "token", "type": "str"},
        "expires_on": {"key": "expiresOn", "type": "iso-8601"},
    }

    def __init__(
        self, *, id: str, token: str, expires_on: datetime.datetime, **kwargs: Any  # pylint: disable=redefined-builtin
    ) -> None:
        """
        :keyword id: The raw id of the identity. Required.
        :paramtype id: str
        :keyword token: The access token, a secret. Required.
        :paramtype token: str
        :keyword expires_on: When the access token expires, in UTC. Required.
        :paramtype expires_on: ~datetime.datetime
        """
        super().__init__(**kwargs)
        self.id = id
        self.token = token
        self.expires_on = expires_on


class CommunicationIdentityUpdateRequest(_serialization.Model):
    """What to change.

    :ivar tokens_valid_from: Access tokens issued before this time, in UTC, are revoked.
    :vartype tokens_valid_from: ~datetime.datetime
    """

    _attribute_map = {
        "tokens_valid_from": {"key": "tokensValidFrom", "type": "iso-8601"},
    }

    def __init__(self, *, tokens_valid_from: Optional[datetime.datetime] = None, **kwargs: Any) -> None:
        """
        :keyword tokens_valid_from: Access tokens issued before this time, in UTC, are revoked.
        :paramtype tokens_valid_from: ~datetime.datetime
        """
        super().__init__(**kwargs)
        self.tokens_valid_from = tokens_valid_from


class CommunicationTokenRequest(_serialization.Model):
    """Which access token to issue.

    All required parameters must be populated in order to send to server.

    :ivar scopes: What the access token permits. Required.
    :vartype scopes: list[str]
    """

    _validation = {
        "scopes": {"required": True},
    }

    _attribute_map = {
        "scopes": {"key": "scopes", "type": "[str]"},
    }

    def __init__(self, *, scopes: list[str], **kwargs: Any) -> None:
        """
        :keyword scopes: What the access token permits. Required.
        :paramtype scopes: list[str]
        """
        super().__init__(**kwargs)
        self.scopes = scopes
