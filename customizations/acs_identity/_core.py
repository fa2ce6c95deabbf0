"""The client without its input and output: requests as generated models, answers as our types, validation."""

import re
from collections.abc import Iterable
from datetime import UTC, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ResourceNotFoundError,
    map_error,
)

from ._assignments import EntraAssignment, TeamsExtensionAssignment
from ._endpoint import normalize_endpoint
from ._identifiers import CommunicationIdentifier, CommunicationUserIdentifier, identifier_from_raw_id
from ._models import AccessToken, CommunicationTokenScope
from ._users import CommunicationUserDetail
from ._versions import require_member, require_operation

if TYPE_CHECKING:
    from azure.core.rest import AsyncHttpResponse, HttpResponse

    from acs_identity_rest.v2025_03_02_preview import models as preview_models
    from acs_identity_rest.v2026_09_23 import models

MINUTES_MINIMUM = 60
MINUTES_MAXIMUM = 1440
CUSTOM_ID_MAXIMUM = 256
ENTRA_ASSIGNMENTS = "/access/entra/assignments"

# RFC 6750 knows fewer characters; these are the ones that a header can carry without being cut or folded.
_BEARER_TOKEN = re.compile(r"[!-~]+")


class Core:
    """Requests and answers in the models of one API version.

    The models of every version carry the same names; in the annotations the newest version that has a model stands
    for all.
    """

    def __init__(self, api_version: str, models: Any) -> None:
        self._api_version = api_version
        self._models = models

    def require(self, operation: str, method: str) -> None:
        """Make sure that the API version has the raw operation behind a method.

        Raises:
            ValueError: It has not; the text names the versions that have it.
        """
        require_operation(self._api_version, operation, method)

    def user_request(self, custom_id: str | None) -> "models.CommunicationIdentityCreateRequest | None":
        # A user without anything is created by a request without a body.
        return None if custom_id is None else self._create_request(None, None, custom_id)

    def user_and_token_request(
        self,
        scopes: Iterable[str | CommunicationTokenScope],
        token_expires_in: timedelta | None,
        custom_id: str | None,
    ) -> "models.CommunicationIdentityCreateRequest":
        return self._create_request(scope_values(scopes), token_expires_in, custom_id)

    def _create_request(
        self, scopes: list[str] | None, token_expires_in: timedelta | None, custom_id: str | None
    ) -> "models.CommunicationIdentityCreateRequest":
        values: dict[str, Any] = {"create_token_with_scopes": scopes}
        if custom_id is not None:
            require_member(self._api_version, "CommunicationIdentityCreateRequest", "customId", "custom_id")
            values["custom_id"] = custom_id_value(custom_id)
        request: models.CommunicationIdentityCreateRequest = self._models.CommunicationIdentityCreateRequest(**values)
        self._set_lifetime(request, token_expires_in)
        return request

    def access_token_request(
        self, scopes: Iterable[str | CommunicationTokenScope], token_expires_in: timedelta | None
    ) -> "models.CommunicationIdentityAccessTokenRequest":
        request: models.CommunicationIdentityAccessTokenRequest = self._models.CommunicationIdentityAccessTokenRequest(
            scopes=scope_values(scopes)
        )
        self._set_lifetime(request, token_expires_in)
        return request

    def teams_user_request(
        self, aad_token: str, client_id: str, user_object_id: str
    ) -> "models.TeamsUserExchangeTokenRequest":
        require_operation(self._api_version, "teams_user.exchange_access_token", "The exchange for a Teams user")
        values = {
            "token": required_text("aad_token", aad_token),
            "app_id": required_text("client_id", client_id),
            "user_id": required_text("user_object_id", user_object_id),
        }
        request: models.TeamsUserExchangeTokenRequest
        if hasattr(self._models, "TeamsUserExchangeTokenRequest"):
            request = self._models.TeamsUserExchangeTokenRequest(**values)
        else:
            # 2021-10-31-preview takes the token alone and does not compare it with anything.
            request = self._models.TeamsUserAccessTokenRequest(token=values["token"])
        return request

    def teams_extension_request(
        self, principal_type: str, client_ids: Iterable[str] | None
    ) -> "models.TeamsExtensionAssignmentCreateOrUpdateRequest":
        request: models.TeamsExtensionAssignmentCreateOrUpdateRequest
        request = self._models.TeamsExtensionAssignmentCreateOrUpdateRequest(
            principal_type=principal_type_value(principal_type),
            client_ids=None if client_ids is None else client_id_values(client_ids),
        )
        return request

    def entra_request(
        self, tenant_id: str, principal_type: str, client_ids: Iterable[str]
    ) -> "preview_models.EntraAssignmentCreateOrUpdateRequest":
        request: preview_models.EntraAssignmentCreateOrUpdateRequest
        request = self._models.EntraAssignmentCreateOrUpdateRequest(
            tenant_id=required_text("tenant_id", tenant_id),
            principal_type=principal_type_value(principal_type),
            client_ids=client_id_values(client_ids),
        )
        return request

    def entra_changes(
        self, upsert: Iterable[EntraAssignment], delete: Iterable[str]
    ) -> "dict[str, preview_models.EntraAssignmentCreateOrUpdateRequest]":
        """Return what changes the given assignments at once: each by its object id, None for one to delete.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: There is nothing to change, an object id is given twice, or a value is empty.
        """
        changes: list[tuple[str, Any]] = []
        for assignment in upsert:
            if not isinstance(assignment, EntraAssignment):
                raise TypeError(f"upsert must hold values of EntraAssignment, not of {type(assignment).__name__}.")
            request = self.entra_request(assignment.tenant_id, assignment.principal_type, assignment.client_ids)
            changes.append((required_text("object_id", assignment.object_id), request))
        if isinstance(delete, str | bytes):
            raise TypeError(f"delete must be a list of object ids, not {type(delete).__name__}.")
        changes += [(required_text("object_id", object_id), None) for object_id in delete]
        if not changes:
            raise ValueError("There is nothing to change: give assignments to upsert, object ids to delete, or both.")
        # Object ids are GUIDs, for which case does not matter.
        if len({object_id.lower() for object_id, _ in changes}) < len(changes):
            raise ValueError("An object id is given twice. Upsert or delete each assignment once.")
        return dict(changes)

    def next_entra_page(
        self, response: "HttpResponse | AsyncHttpResponse"
    ) -> "preview_models.EntraAssignmentsResponse":
        """Return the page that a link to a next page led to.

        Raises:
            azure.core.exceptions.HttpResponseError: The service refuses.
            azure.core.exceptions.DecodeError: The answer is not JSON.
        """
        if response.status_code != 200:
            errors = {401: ClientAuthenticationError, 404: ResourceNotFoundError}
            map_error(status_code=response.status_code, response=response, error_map=errors)
            raise HttpResponseError(response=response)
        try:
            content = response.json()
        except ValueError as error:
            raise DecodeError("The service answered with a page that is not JSON.") from error
        page: preview_models.EntraAssignmentsResponse = self._models.EntraAssignmentsResponse.deserialize(content)
        return page

    def _set_lifetime(self, request: Any, token_expires_in: timedelta | None) -> None:
        value = minutes(token_expires_in)
        if hasattr(request, "expires_in_minutes"):
            # Without a value the member must stay away; the model's own default would be sent.
            request.expires_in_minutes = value
        elif value is not None:
            require_member(self._api_version, type(request).__name__, "expiresInMinutes", "token_expires_in")


def scope_values(scopes: Iterable[str | CommunicationTokenScope]) -> list[str]:
    """Return the scopes as the texts the service knows.

    Texts that :class:`CommunicationTokenScope` does not list pass: the contract declares the list as open.

    Raises:
        TypeError: The scopes are one text, not iterable, or hold something else than texts.
        ValueError: There is no scope, or an empty one.

    >>> scope_values(["chat", CommunicationTokenScope.VOIP])
    ['chat', 'voip']
    """
    if isinstance(scopes, str | bytes) or not isinstance(scopes, Iterable):
        raise TypeError(f"The scopes must be a list such as ['chat', 'voip'], not {type(scopes).__name__}.")
    values: list[str] = []
    for scope in scopes:
        value = scope.value if isinstance(scope, Enum) else scope
        if not isinstance(value, str):
            raise TypeError(f"A scope must be a str or a CommunicationTokenScope, not {type(scope).__name__}.")
        if not value.strip():
            raise ValueError("A scope must not be empty.")
        values.append(value)
    if not values:
        raise ValueError(f"At least one scope is needed, of: {', '.join(CommunicationTokenScope)}.")
    return values


def minutes(token_expires_in: timedelta | None) -> int | None:
    """Return a lifetime in minutes; None means that the service decides (24 hours).

    Raises:
        TypeError: It is not a timedelta.
        ValueError: It is not a whole number of minutes from 60 to 1440. Source: API version 2022-10-01 and later.

    >>> minutes(timedelta(hours=2))
    120
    """
    if token_expires_in is None:
        return None
    if not isinstance(token_expires_in, timedelta):
        raise TypeError(
            f"token_expires_in must be a datetime.timedelta such as timedelta(hours=1), "
            f"not {type(token_expires_in).__name__}."
        )
    whole, rest = divmod(token_expires_in, timedelta(minutes=1))
    if rest or not MINUTES_MINIMUM <= whole <= MINUTES_MAXIMUM:
        raise ValueError(
            f"token_expires_in must be a whole number of minutes from {MINUTES_MINIMUM} to {MINUTES_MAXIMUM} "
            f"(1 to 24 hours), not {token_expires_in}."
        )
    return whole


def raw_id(user: CommunicationIdentifier | str) -> str:
    """Return the raw id of a user given as identifier, of this or the official package, or as raw id.

    Raises:
        TypeError: It is neither.
        ValueError: It is not the raw id of a user, which starts with ``8:``; the text names the kind that it is of.
    """
    value = getattr(user, "raw_id", user)
    if not isinstance(value, str):
        raise TypeError(f"The user must be a CommunicationUserIdentifier or a raw id, not {type(user).__name__}.")
    if not value.startswith("8:") or not value.removeprefix("8:").strip():
        kind = identifier_from_raw_id(value).kind.replace("_", " ") if value.strip() else "empty"
        raise ValueError(
            f"The user is not one of Communication Services ({kind}): the raw id of a user starts with 8:acs:"
        )
    return value


def required_text(name: str, value: str) -> str:
    """Return the value when it is a text that says something.

    Raises:
        TypeError: It is not a text.
        ValueError: It is empty.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}.")
    if not value.strip():
        raise ValueError(f"{name} must not be empty.")
    return value


def custom_id_value(custom_id: str) -> str:
    """Return a custom id that the service can keep.

    Raises:
        TypeError: It is not a text.
        ValueError: It is empty or longer than 256 characters. Source: REST reference.
    """
    if len(required_text("custom_id", custom_id)) > CUSTOM_ID_MAXIMUM:
        raise ValueError(f"custom_id must not be longer than {CUSTOM_ID_MAXIMUM} characters, not {len(custom_id)}.")
    return custom_id


def principal_type_value(principal_type: str) -> str:
    """Return the type of a principal as it was given, a member of an enumeration as its value.

    Raises:
        TypeError: It is not a text.
        ValueError: It is empty.
    """
    return required_text("principal_type", principal_type.value if isinstance(principal_type, Enum) else principal_type)


def client_id_values(client_ids: Iterable[str]) -> list[str]:
    """Return the client ids of applications as a list.

    Raises:
        TypeError: They are one text, not iterable, or hold something else than texts.
        ValueError: One is empty.
    """
    if isinstance(client_ids, str | bytes) or not isinstance(client_ids, Iterable):
        raise TypeError(f"client_ids must be a list of client ids, not {type(client_ids).__name__}.")
    return [required_text("A client id", client_id) for client_id in client_ids]


def bearer_token(entra_token: str) -> str:
    """Return an Entra ID token that can stand in the Authorization header.

    Raises:
        TypeError: It is not a text.
        ValueError: It is empty, or holds what no token does.
    """
    if not _BEARER_TOKEN.fullmatch(required_text("entra_token", entra_token)):
        # A transport would refuse such a header by an error that shows it.
        raise ValueError("entra_token must be the token alone: without blanks, line ends or a leading 'Bearer'.")
    return entra_token


def next_page_url(endpoint: str, link: str) -> str:
    """Return where the next page of the Entra ID assignments is.

    Args:
        endpoint: The endpoint of the client.
        link: What the service calls nextLink: a URL, or a part of one.

    Raises:
        TypeError: The link is not a text.
        ValueError: The link is empty.
        azure.core.exceptions.DecodeError: The link leads away from the endpoint. A request there would carry a
            signature or a token to somebody else.

    >>> next_page_url("https://contoso.communication.azure.com", "?continuationToken=2")
    'https://contoso.communication.azure.com/access/entra/assignments?continuationToken=2'
    """
    required_text("continuation_token", link)
    try:
        url = urljoin(endpoint + ENTRA_ASSIGNMENTS, link)
        if _origin(url) == _origin(endpoint):
            return url
    except ValueError:
        pass
    raise DecodeError("The link to the next page does not lead to the client's endpoint, so it is not followed.")


def user_of(answer: "models.CommunicationIdentityAccessTokenResult | None") -> CommunicationUserIdentifier:
    """Return the user that the service created.

    Raises:
        azure.core.exceptions.DecodeError: The answer names none.
    """
    identity = getattr(answer, "identity", None)
    return CommunicationUserIdentifier(_answered("the user", getattr(identity, "id", None)))


def access_token_of(answer: "models.CommunicationIdentityAccessToken | None") -> AccessToken:
    """Return the access token that the service issued.

    Raises:
        azure.core.exceptions.DecodeError: The answer holds none, or not when it expires.
    """
    token = _answered("the access token", getattr(answer, "token", None))
    expires_on = _answered("when the access token expires", getattr(answer, "expires_on", None))
    return AccessToken(token, int(expires_on.timestamp()))


def user_and_access_token_of(
    answer: "models.CommunicationIdentityAccessTokenResult | None",
) -> tuple[CommunicationUserIdentifier, AccessToken]:
    """Return the user that the service created and its access token.

    Raises:
        azure.core.exceptions.DecodeError: The answer lacks one of them.
    """
    return user_of(answer), access_token_of(getattr(answer, "access_token", None))


def exchanged_access_token_of(answer: object) -> AccessToken:
    """Return the access token that the service gave for an Entra ID token.

    Raises:
        azure.core.exceptions.DecodeError: The answer holds none, or not when it expires.
    """
    return access_token_of(getattr(answer, "access_token", None))


def user_detail_of(answer: "preview_models.CommunicationIdentity | None") -> CommunicationUserDetail:
    """Return what the service knows about a user.

    Raises:
        azure.core.exceptions.DecodeError: The answer names no user.
    """
    issued_at = getattr(answer, "last_token_issued_at", None)
    return CommunicationUserDetail(
        CommunicationUserIdentifier(_answered("the user", getattr(answer, "id", None))),
        getattr(answer, "custom_id", None),
        issued_at and issued_at.astimezone(UTC),
    )


def teams_extension_assignment_of(
    answer: "models.TeamsExtensionAssignmentResponse | None",
) -> TeamsExtensionAssignment:
    """Return the assignment of a Teams principal.

    Raises:
        azure.core.exceptions.DecodeError: The answer lacks a part of it.
    """
    client_ids = getattr(answer, "client_ids", None)
    return TeamsExtensionAssignment(*_principal_of(answer), None if client_ids is None else tuple(client_ids))


def entra_assignment_of(answer: "preview_models.EntraAssignment | None") -> EntraAssignment:
    """Return the assignment of an Entra ID principal.

    Raises:
        azure.core.exceptions.DecodeError: The answer lacks a part of it.
    """
    client_ids = _answered("the client ids of an assignment", getattr(answer, "client_ids", None))
    return EntraAssignment(*_principal_of(answer), tuple(client_ids))


def entra_page_of(
    answer: "preview_models.EntraAssignmentsResponse | None",
) -> tuple[str | None, list[EntraAssignment]]:
    """Return the link to the next page, None on the last one, and the assignments of this one.

    Raises:
        azure.core.exceptions.DecodeError: The answer holds no list, or an assignment lacks a part.
    """
    assignments = _answered("the list of assignments", getattr(answer, "value", None))
    return getattr(answer, "next_link", None) or None, [entra_assignment_of(assignment) for assignment in assignments]


def _principal_of(answer: object) -> tuple[str, str, str]:
    return (
        _answered("the object id of an assignment", getattr(answer, "object_id", None)),
        _answered("the tenant id of an assignment", getattr(answer, "tenant_id", None)),
        _answered("the principal type of an assignment", getattr(answer, "principal_type", None)),
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return normalize_endpoint(f"{parts.scheme}://{parts.netloc}")


def _answered(what: str, value: Any) -> Any:
    # msrest leaves a member that the contract requires at None when the answer lacks it.
    if value is None or value == "":
        raise DecodeError(f"The service answered without {what}.")
    return value
