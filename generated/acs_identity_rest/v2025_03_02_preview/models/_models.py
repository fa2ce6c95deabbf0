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
    :vartype details: list[~acs_identity_rest.v2025_03_02_preview.models.CommunicationError]
    :ivar inner_error: What went wrong.
    :vartype inner_error: ~acs_identity_rest.v2025_03_02_preview.models.CommunicationError
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
    :vartype error: ~acs_identity_rest.v2025_03_02_preview.models.CommunicationError
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
        :paramtype error: ~acs_identity_rest.v2025_03_02_preview.models.CommunicationError
        """
        super().__init__(**kwargs)
        self.error = error


class CommunicationIdentity(_serialization.Model):
    """An identity of the resource.

    All required parameters must be populated in order to send to server.

    :ivar custom_id: The caller's own id of the identity. Absent when none was given.
    :vartype custom_id: str
    :ivar last_token_issued_at: When an access token was last issued for the identity, in UTC.
     Absent when none was.
    :vartype last_token_issued_at: ~datetime.datetime
    :ivar id: The raw id of the identity. Required.
    :vartype id: str
    """

    _validation = {
        "id": {"required": True},
    }

    _attribute_map = {
        "custom_id": {"key": "customId", "type": "str"},
        "last_token_issued_at": {"key": "lastTokenIssuedAt", "type": "iso-8601"},
        "id": {"key": "id", "type": "str"},
    }

    def __init__(
        self,
        *,
        id: str,  # pylint: disable=redefined-builtin
        custom_id: Optional[str] = None,
        last_token_issued_at: Optional[datetime.datetime] = None,
        **kwargs: Any
    ) -> None:
        """
        :keyword custom_id: The caller's own id of the identity. Absent when none was given.
        :paramtype custom_id: str
        :keyword last_token_issued_at: When an access token was last issued for the identity, in UTC.
         Absent when none was.
        :paramtype last_token_issued_at: ~datetime.datetime
        :keyword id: The raw id of the identity. Required.
        :paramtype id: str
        """
        super().__init__(**kwargs)
        self.custom_id = custom_id
        self.last_token_issued_at = last_token_issued_at
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
     ~acs_identity_rest.v2025_03_02_preview.models.CommunicationIdentityTokenScope]
    :ivar expires_in_minutes: The lifetime of the access token, in minutes.
    :vartype expires_in_minutes: int
    """

    _validation = {
        "scopes": {"required": True},
        "expires_in_minutes": {"maximum": 1440, "minimum": 60},
    }

    _attribute_map = {
        "scopes": {"key": "scopes", "type": "[str]"},
        "expires_in_minutes": {"key": "expiresInMinutes", "type": "int"},
    }

    def __init__(
        self,
        *,
        scopes: list[Union[str, "_models.CommunicationIdentityTokenScope"]],
        expires_in_minutes: int = 1440,
        **kwargs: Any
    ) -> None:
        """
        :keyword scopes: What the access token permits. Required.
        :paramtype scopes: list[str or
         ~acs_identity_rest.v2025_03_02_preview.models.CommunicationIdentityTokenScope]
        :keyword expires_in_minutes: The lifetime of the access token, in minutes.
        :paramtype expires_in_minutes: int
        """
        super().__init__(**kwargs)
        self.scopes = scopes
        self.expires_in_minutes = expires_in_minutes


class CommunicationIdentityAccessTokenResult(_serialization.Model):
    """An identity and, when one was asked for, an access token of it.

    All required parameters must be populated in order to send to server.

    :ivar identity: An identity of the resource. Required.
    :vartype identity: ~acs_identity_rest.v2025_03_02_preview.models.CommunicationIdentity
    :ivar access_token: An access token and when it ends.
    :vartype access_token:
     ~acs_identity_rest.v2025_03_02_preview.models.CommunicationIdentityAccessToken
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
        :paramtype identity: ~acs_identity_rest.v2025_03_02_preview.models.CommunicationIdentity
        :keyword access_token: An access token and when it ends.
        :paramtype access_token:
         ~acs_identity_rest.v2025_03_02_preview.models.CommunicationIdentityAccessToken
        """
        super().__init__(**kwargs)
        self.identity = identity
        self.access_token = access_token


class CommunicationIdentityCreateRequest(_serialization.Model):
    """What to create.

    :ivar custom_id: The caller's own id of the identity, at most 256 characters. A known one gives
     the identity that is there.
    :vartype custom_id: str
    :ivar create_token_with_scopes: The scopes of the access token to issue with the identity.
     Without them no token is issued.
    :vartype create_token_with_scopes: list[str or
     ~acs_identity_rest.v2025_03_02_preview.models.CommunicationIdentityTokenScope]
    :ivar expires_in_minutes: The lifetime of the access token, in minutes.
    :vartype expires_in_minutes: int
    """

    _validation = {
        "custom_id": {"min_length": 1},
        "expires_in_minutes": {"maximum": 1440, "minimum": 60},
    }

    _attribute_map = {
        "custom_id": {"key": "customId", "type": "str"},
        "create_token_with_scopes": {"key": "createTokenWithScopes", "type": "[str]"},
        "expires_in_minutes": {"key": "expiresInMinutes", "type": "int"},
    }

    def __init__(
        self,
        *,
        custom_id: Optional[str] = None,
        create_token_with_scopes: Optional[list[Union[str, "_models.CommunicationIdentityTokenScope"]]] = None,
        expires_in_minutes: int = 1440,
        **kwargs: Any
    ) -> None:
        """
        :keyword custom_id: The caller's own id of the identity, at most 256 characters. A known one
         gives the identity that is there.
        :paramtype custom_id: str
        :keyword create_token_with_scopes: The scopes of the access token to issue with the identity.
         Without them no token is issued.
        :paramtype create_token_with_scopes: list[str or
         ~acs_identity_rest.v2025_03_02_preview.models.CommunicationIdentityTokenScope]
        :keyword expires_in_minutes: The lifetime of the access token, in minutes.
        :paramtype expires_in_minutes: int
        """
        super().__init__(**kwargs)
        self.custom_id = custom_id
        self.create_token_with_scopes = create_token_with_scopes
        self.expires_in_minutes = expires_in_minutes


class EntraAssignment(_serialization.Model):
    """An assignment of an Entra ID principal on the resource.

    All required parameters must be populated in order to send to server.

    :ivar object_id: The Entra ID object id of the principal. Required.
    :vartype object_id: str
    :ivar tenant_id: The Entra ID tenant of the principal. Required.
    :vartype tenant_id: str
    :ivar principal_type: The kind of principal an assignment is for. Required. Known values are:
     "user", "group", and "tenant".
    :vartype principal_type: str or
     ~acs_identity_rest.v2025_03_02_preview.models.EntraPrincipalType
    :ivar client_ids: The client ids of the applications through which the principal may act.
     Required.
    :vartype client_ids: list[str]
    """

    _validation = {
        "object_id": {"required": True},
        "tenant_id": {"required": True},
        "principal_type": {"required": True},
        "client_ids": {"required": True},
    }

    _attribute_map = {
        "object_id": {"key": "objectId", "type": "str"},
        "tenant_id": {"key": "tenantId", "type": "str"},
        "principal_type": {"key": "principalType", "type": "str"},
        "client_ids": {"key": "clientIds", "type": "[str]"},
    }

    def __init__(
        self,
        *,
        object_id: str,
        tenant_id: str,
        principal_type: Union[str, "_models.EntraPrincipalType"],
        client_ids: list[str],
        **kwargs: Any
    ) -> None:
        """
        :keyword object_id: The Entra ID object id of the principal. Required.
        :paramtype object_id: str
        :keyword tenant_id: The Entra ID tenant of the principal. Required.
        :paramtype tenant_id: str
        :keyword principal_type: The kind of principal an assignment is for. Required. Known values
         are: "user", "group", and "tenant".
        :paramtype principal_type: str or
         ~acs_identity_rest.v2025_03_02_preview.models.EntraPrincipalType
        :keyword client_ids: The client ids of the applications through which the principal may act.
         Required.
        :paramtype client_ids: list[str]
        """
        super().__init__(**kwargs)
        self.object_id = object_id
        self.tenant_id = tenant_id
        self.principal_type = principal_type
        self.client_ids = client_ids


class EntraAssignmentCreateOrUpdateRequest(_serialization.Model):
    """The assignment to store.

    All required parameters must be populated in order to send to server.

    :ivar tenant_id: The Entra ID tenant of the principal. Required.
    :vartype tenant_id: str
    :ivar principal_type: The kind of principal an assignment is for. Required. Known values are:
     "user", "group", and "tenant".
    :vartype principal_type: str or
     ~acs_identity_rest.v2025_03_02_preview.models.EntraPrincipalType
    :ivar client_ids: The client ids of the applications through which the principal may act.
     Required.
    :vartype client_ids: list[str]
    """

    _validation = {
        "tenant_id": {"required": True},
        "principal_type": {"required": True},
        "client_ids": {"required": True},
    }

    _attribute_map = {
        "tenant_id": {"key": "tenantId", "type": "str"},
        "principal_type": {"key": "principalType", "type": "str"},
        "client_ids": {"key": "clientIds", "type": "[str]"},
    }

    def __init__(
        self,
        *,
        tenant_id: str,
        principal_type: Union[str, "_models.EntraPrincipalType"],
        client_ids: list[str],
        **kwargs: Any
    ) -> None:
        """
        :keyword tenant_id: The Entra ID tenant of the principal. Required.
        :paramtype tenant_id: str
        :keyword principal_type: The kind of principal an assignment is for. Required. Known values
         are: "user", "group", and "tenant".
        :paramtype principal_type: str or
         ~acs_identity_rest.v2025_03_02_preview.models.EntraPrincipalType
        :keyword client_ids: The client ids of the applications through which the principal may act.
         Required.
        :paramtype client_ids: list[str]
        """
        super().__init__(**kwargs)
        self.tenant_id = tenant_id
        self.principal_type = principal_type
        self.client_ids = client_ids


class EntraAssignmentsResponse(_serialization.Model):
    """A page of assignments.

    All required parameters must be populated in order to send to server.

    :ivar value: The assignments. Required.
    :vartype value: list[~acs_identity_rest.v2025_03_02_preview.models.EntraAssignment]
    :ivar next_link: Where the next page is. Absent on the last one.
    :vartype next_link: str
    """

    _validation = {
        "value": {"required": True},
    }

    _attribute_map = {
        "value": {"key": "value", "type": "[EntraAssignment]"},
        "next_link": {"key": "nextLink", "type": "str"},
    }

    def __init__(
        self, *, value: list["_models.EntraAssignment"], next_link: Optional[str] = None, **kwargs: Any
    ) -> None:
        """
        :keyword value: The assignments. Required.
        :paramtype value: list[~acs_identity_rest.v2025_03_02_preview.models.EntraAssignment]
        :keyword next_link: Where the next page is. Absent on the last one.
        :paramtype next_link: str
        """
        super().__init__(**kwargs)
        self.value = value
        self.next_link = next_link


class TeamsExtensionAssignmentCreateOrUpdateRequest(_serialization.Model):  # pylint: disable=name-too-long
    """The assignment to store.

    All required parameters must be populated in order to send to server.

    :ivar principal_type: The kind of principal an assignment is for. Required. Known values are:
     "resourceAccount" and "user".
    :vartype principal_type: str or
     ~acs_identity_rest.v2025_03_02_preview.models.TeamsExtensionPrincipalType
    :ivar client_ids: The client ids of the applications through which the principal may act.
    :vartype client_ids: list[str]
    """

    _validation = {
        "principal_type": {"required": True},
    }

    _attribute_map = {
        "principal_type": {"key": "principalType", "type": "str"},
        "client_ids": {"key": "clientIds", "type": "[str]"},
    }

    def __init__(
        self,
        *,
        principal_type: Union[str, "_models.TeamsExtensionPrincipalType"],
        client_ids: Optional[list[str]] = None,
        **kwargs: Any
    ) -> None:
        """
        :keyword principal_type: The kind of principal an assignment is for. Required. Known values
         are: "resourceAccount" and "user".
        :paramtype principal_type: str or
         ~acs_identity_rest.v2025_03_02_preview.models.TeamsExtensionPrincipalType
        :keyword client_ids: The client ids of the applications through which the principal may act.
        :paramtype client_ids: list[str]
        """
        super().__init__(**kwargs)
        self.principal_type = principal_type
        self.client_ids = client_ids


class TeamsExtensionAssignmentResponse(_serialization.Model):
    """An assignment of a principal on the resource.

    All required parameters must be populated in order to send to server.

    :ivar object_id: The Entra ID object id of the principal. Required.
    :vartype object_id: str
    :ivar tenant_id: The Entra ID tenant of the principal. Required.
    :vartype tenant_id: str
    :ivar principal_type: The kind of principal an assignment is for. Required. Known values are:
     "resourceAccount" and "user".
    :vartype principal_type: str or
     ~acs_identity_rest.v2025_03_02_preview.models.TeamsExtensionPrincipalType
    :ivar client_ids: The client ids of the applications through which the principal may act.
    :vartype client_ids: list[str]
    """

    _validation = {
        "object_id": {"required": True},
        "tenant_id": {"required": True},
        "principal_type": {"required": True},
    }

    _attribute_map = {
        "object_id": {"key": "objectId", "type": "str"},
        "tenant_id": {"key": "tenantId", "type": "str"},
        "principal_type": {"key": "principalType", "type": "str"},
        "client_ids": {"key": "clientIds", "type": "[str]"},
    }

    def __init__(
        self,
        *,
        object_id: str,
        tenant_id: str,
        principal_type: Union[str, "_models.TeamsExtensionPrincipalType"],
        client_ids: Optional[list[str]] = None,
        **kwargs: Any
    ) -> None:
        """
        :keyword object_id: The Entra ID object id of the principal. Required.
        :paramtype object_id: str
        :keyword tenant_id: The Entra ID tenant of the principal. Required.
        :paramtype tenant_id: str
        :keyword principal_type: The kind of principal an assignment is for. Required. Known values
         are: "resourceAccount" and "user".
        :paramtype principal_type: str or
         ~acs_identity_rest.v2025_03_02_preview.models.TeamsExtensionPrincipalType
        :keyword client_ids: The client ids of the applications through which the principal may act.
        :paramtype client_ids: list[str]
        """
        super().__init__(**kwargs)
        self.object_id = object_id
        self.tenant_id = tenant_id
        self.principal_type = principal_type
        self.client_ids = client_ids


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
