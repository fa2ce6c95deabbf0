# coding=utf-8
# --------------------------------------------------------------------------
# Made by "make generate" from swagger/ and autorest.md. Do not edit.
# --------------------------------------------------------------------------

import datetime
from typing import Any, Optional, TYPE_CHECKING, Union

from .._utils import serialization as _serialization

if TYPE_CHECKING:
    from .. import models as _models


class CommunicationError(_serialization.Model):
    """What went wrong.

    Variables are only populated by the server, and will be ignored when sending a request.

    All required parameters must be populated in order to send to server.

    :ivar code: The error code. Required.
    :vartype code: str
    :ivar message: The error in words. Required.
    :vartype message: str
    :ivar target: The part of the request the error is about.
    :vartype target: str
    :ivar details: Further errors behind this one.
    :vartype details: list[~acs_identity_rest.v2022_06_01.models.CommunicationError]
    :ivar inner_error: What went wrong.
    :vartype inner_error: ~acs_identity_rest.v2022_06_01.models.CommunicationError
    """

    _validation = {
        "code": {"required": True},
        "message": {"required": True},
        "target": {"readonly": True},
        "details": {"readonly": True},
        "inner_error": {"readonly": True},
    }

    _attribute_map = {
        "code": {"key": "code", "type": "str"},
        "message": {"key": "message", "type": "str"},
        "target": {"key": "target", "type": "str"},
        "details": {"key": "details", "type": "[CommunicationError]"},
        "inner_error": {"key": "innererror", "type": "CommunicationError"},
    }

    def __init__(self, *, code: str, message: str, **kwargs: Any) -> None:
        """
        :keyword code: The error code. Required.
        :paramtype code: str
        :keyword message: The error in words. Required.
        :paramtype message: str
        """
        super().__init__(**kwargs)
        self.code = code
        self.message = message
        self.target: Optional[str] = None
        self.details: Optional[list["_models.CommunicationError"]] = None
        self.inner_error: Optional["_models.CommunicationError"] = None


class CommunicationErrorResponse(_serialization.Model):
    """The body of every error answer.

    All required parameters must be populated in order to send to server.

    :ivar error: What went wrong. Required.
    :vartype error: ~acs_identity_rest.v2022_06_01.models.CommunicationError
    """

    _validation = {
        "error": {"required": True},
    }

    _attribute_map = {
        "error": {"key": "error", "type": "CommunicationError"},
    }

    def __init__(self, *, error: "_models.CommunicationError", **kwargs: Any) -> None:
        """
        :keyword error: What went wrong. Required.
        :paramtype error: ~acs_identity_rest.v2022_06_01.models.CommunicationError
        """
        super().__init__(**kwargs)
        self.error = error


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


class CommunicationIdentityAccessToken(_serialization.Model):
    """An access token and when it ends.

    All required parameters must be populated in order to send to server.

    :ivar token: The access token, a secret. Required.
    :vartype token: str
    :ivar expires_on: When the access token expires, in UTC. Required.
    :vartype expires_on: ~datetime.datetime
    """

    _validation = {
        "token": {"required": True},
        "expires_on": {"required": True},
    }

    _attribute_map = {
        "token": {"key": "token", "type": "str"},
        "expires_on": {"key": "expiresOn", "type": "iso-8601"},
    }

    def __init__(self, *, token: str, expires_on: datetime.datetime, **kwargs: Any) -> None:
        """
        :keyword token: The access token, a secret. Required.
        :paramtype token: str
        :keyword expires_on: When the access token expires, in UTC. Required.
        :paramtype expires_on: ~datetime.datetime
        """
        super().__init__(**kwargs)
        self.token = token
        self.expires_on = expires_on


class CommunicationIdentityAccessTokenRequest(_serialization.Model):
    """Which access token to issue.

    All required parameters must be populated in order to send to server.

    :ivar scopes: What the access token permits. Required.
    :vartype scopes: list[str or
     ~acs_identity_rest.v2022_06_01.models.CommunicationIdentityTokenScope]
    """

    _validation = {
        "scopes": {"required": True},
    }

    _attribute_map = {
        "scopes": {"key": "scopes", "type": "[str]"},
    }

    def __init__(self, *, scopes: list[Union[str, "_models.CommunicationIdentityTokenScope"]], **kwargs: Any) -> None:
        """
        :keyword scopes: What the access token permits. Required.
        :paramtype scopes: list[str or
         ~acs_identity_rest.v2022_06_01.models.CommunicationIdentityTokenScope]
        """
        super().__init__(**kwargs)
        self.scopes = scopes


class CommunicationIdentityAccessTokenResult(_serialization.Model):
    """An identity and, when one was asked for, an access token of it.

    All required parameters must be populated in order to send to server.

    :ivar identity: An identity of the resource. Required.
    :vartype identity: ~acs_identity_rest.v2022_06_01.models.CommunicationIdentity
    :ivar access_token: An access token and when it ends.
    :vartype access_token: ~acs_identity_rest.v2022_06_01.models.CommunicationIdentityAccessToken
    """

    _validation = {
        "identity": {"required": True},
    }

    _attribute_map = {
        "identity": {"key": "identity", "type": "CommunicationIdentity"},
        "access_token": {"key": "accessToken", "type": "CommunicationIdentityAccessToken"},
    }

    def __init__(
        self,
        *,
        identity: "_models.CommunicationIdentity",
        access_token: Optional["_models.CommunicationIdentityAccessToken"] = None,
        **kwargs: Any
    ) -> None:
        """
        :keyword identity: An identity of the resource. Required.
        :paramtype identity: ~acs_identity_rest.v2022_06_01.models.CommunicationIdentity
        :keyword access_token: An access token and when it ends.
        :paramtype access_token: ~acs_identity_rest.v2022_06_01.models.CommunicationIdentityAccessToken
        """
        super().__init__(**kwargs)
        self.identity = identity
        self.access_token = access_token


class CommunicationIdentityCreateRequest(_serialization.Model):
    """What to create.

    :ivar create_token_with_scopes: The scopes of the access token to issue with the identity.
     Without them no token is issued.
    :vartype create_token_with_scopes: list[str or
     ~acs_identity_rest.v2022_06_01.models.CommunicationIdentityTokenScope]
    """

    _attribute_map = {
        "create_token_with_scopes": {"key": "createTokenWithScopes", "type": "[str]"},
    }

    def __init__(
        self,
        *,
        create_token_with_scopes: Optional[list[Union[str, "_models.CommunicationIdentityTokenScope"]]] = None,
        **kwargs: Any
    ) -> None:
        """
        :keyword create_token_with_scopes: The scopes of the access token to issue with the identity.
         Without them no token is issued.
        :paramtype create_token_with_scopes: list[str or
         ~acs_identity_rest.v2022_06_01.models.CommunicationIdentityTokenScope]
        """
        super().__init__(**kwargs)
        self.create_token_with_scopes = create_token_with_scopes


class TeamsUserExchangeTokenRequest(_serialization.Model):
    """The Entra ID token of a Teams user and whom it must belong to.

    All required parameters must be populated in order to send to server.

    :ivar token: The Entra ID access token of the Teams user, a secret. Required.
    :vartype token: str
    :ivar app_id: The client id of the Entra ID application; must equal the token's appid claim.
     Required.
    :vartype app_id: str
    :ivar user_id: The Entra ID object id of the Teams user; must equal the token's oid claim.
     Required.
    :vartype user_id: str
    """

    _validation = {
        "token": {"required": True},
        "app_id": {"required": True},
        "user_id": {"required": True},
    }

    _attribute_map = {
        "token": {"key": "token", "type": "str"},
        "app_id": {"key": "appId", "type": "str"},
        "user_id": {"key": "userId", "type": "str"},
    }

    def __init__(self, *, token: str, app_id: str, user_id: str, **kwargs: Any) -> None:
        """
        :keyword token: The Entra ID access token of the Teams user, a secret. Required.
        :paramtype token: str
        :keyword app_id: The client id of the Entra ID application; must equal the token's appid claim.
         Required.
        :paramtype app_id: str
        :keyword user_id: The Entra ID object id of the Teams user; must equal the token's oid claim.
         Required.
        :paramtype user_id: str
        """
        super().__init__(**kwargs)
        self.token = token
        self.app_id = app_id
        self.user_id = user_id
