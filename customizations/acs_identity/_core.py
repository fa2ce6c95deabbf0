"""The client without its input and output: requests as generated models, answers as our types, validation."""

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import DecodeError

from ._identifiers import CommunicationIdentifier, CommunicationUserIdentifier, identifier_from_raw_id
from ._models import AccessToken, CommunicationTokenScope
from ._versions import require_member, require_operation

if TYPE_CHECKING:
    from acs_identity_rest.v2026_09_23 import models

MINUTES_MINIMUM = 60
MINUTES_MAXIMUM = 1440


class Core:
    """Requests and answers in the models of one API version.

    The models of every version carry the same names; the newest version's stand for all in the annotations.
    """

    def __init__(self, api_version: str, models: Any) -> None:
        self._api_version = api_version
        self._models = models

    def create_request(
        self, scopes: Iterable[str | CommunicationTokenScope], token_expires_in: timedelta | None
    ) -> "models.CommunicationIdentityCreateRequest":
        request: models.CommunicationIdentityCreateRequest = self._models.CommunicationIdentityCreateRequest(
            create_token_with_scopes=scope_values(scopes)
        )
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


def _answered(what: str, value: Any) -> Any:
    # msrest leaves a member that the contract requires at None when the answer lacks it.
    if not value:
        raise DecodeError(f"The service answered without {what}.")
    return value
