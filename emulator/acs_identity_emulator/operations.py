"""What each operation does. A handler is found by method and path template, so it serves every API version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from . import errors
from .access_tokens import AccessTokens, IssuedToken
from .binding import bind, read_json
from .contract import Operation
from .entra import Entra, EntraToken, EntraTokenError
from .identities import GUID, Assignment, Assignments, Identities
from .messages import Request
from .times import format_expiry

SHORTEST_LIFETIME = 60
"""The shortest lifetime of an access token, in minutes (REST reference)."""

LONGEST_LIFETIME = 1440
"""The longest lifetime of an access token and the default one, in minutes (REST reference)."""

EXCHANGE_SCOPES = ("chat", "voip")
"""The scopes of an access token got for an Entra ID token, as seen in 2025."""


@dataclass(frozen=True)
class Answer:
    """What an operation answers: the status and the members of the body; None for no body."""

    status: int
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Resource:
    """The state of one Communication Services resource."""

    identities: Identities
    assignments: Assignments
    access_tokens: AccessTokens
    entra: Entra


@dataclass(frozen=True)
class Call:
    """One authenticated request for an operation.

    Attributes:
        resource: The state to read and change.
        operation: The operation.
        arguments: The decoded values of the path parameters.
        request: The request.
        caller: The Entra ID token of the caller; None when the access key signed the request.
        now: The time of the call, in UTC.
    """

    resource: Resource
    operation: Operation
    arguments: tuple[str, ...]
    request: Request
    caller: EntraToken | None
    now: datetime

    @cached_property
    def document(self) -> dict[str, Any]:
        """The JSON object in the body; see `read_json`."""
        return read_json(self.operation, self.request)

    @cached_property
    def members(self) -> dict[str, Any]:
        """The members of the body that the contract has; see `bind`."""
        return bind(self.operation, self.document)


Handler = Callable[[Call], Answer]


def create_identity(call: Call) -> Answer:
    """Create an identity, with an access token when scopes are given."""
    scopes: list[str] = call.members.get("createTokenWithScopes", [])
    _check_scopes(scopes, call.operation.allowed_values("createTokenWithScopes"))
    lifetime = _lifetime(call)
    identity = call.resource.identities.create()
    body: dict[str, Any] = {"identity": {"id": identity}}
    if scopes:
        body["accessToken"] = _access_token(_issue(call, identity, scopes, lifetime))
    return Answer(201, body)


def delete_identity(call: Call) -> Answer:
    """Delete an identity and end its access tokens."""
    (identity,) = call.arguments
    call.resource.identities.delete(identity)
    call.resource.access_tokens.end_all(identity, "deleted")
    return Answer(204)


def revoke_access_tokens(call: Call) -> Answer:
    """End the access tokens issued to an identity so far."""
    (identity,) = call.arguments
    call.resource.identities.check(identity)
    call.resource.access_tokens.end_all(identity, "revoked")
    return Answer(204)


def issue_access_token(call: Call) -> Answer:
    """Issue an access token to an identity."""
    (identity,) = call.arguments
    scopes: list[str] = call.members["scopes"]
    if not scopes:
        raise errors.scopes_missing()
    _check_scopes(scopes, call.operation.allowed_values("scopes"))
    lifetime = _lifetime(call)
    call.resource.identities.check(identity)
    return Answer(200, _access_token(_issue(call, identity, scopes, lifetime)))


def exchange_teams_user_token(call: Call) -> Answer:
    """Exchange the Entra ID token of a Teams user."""
    token = call.document.get("token")
    try:
        # The service looks at the token before it looks at the other members (recordings of 2023).
        entra_token = call.resource.entra.verify(token if isinstance(token, str) else "", for_exchange=True)
    except EntraTokenError as error:
        raise errors.entra_token_invalid(str(error)) from None
    app_id, user_id = call.members["appId"], call.members["userId"]
    for name, value in [("appId", app_id), ("userId", user_id)]:
        if not GUID.fullmatch(value):
            raise errors.format_invalid(name, f"{name} must be a GUID")
    if app_id.lower() != entra_token.client_id.lower():
        raise errors.other_application()
    if user_id.lower() != entra_token.object_id.lower():
        raise errors.other_user()
    issued = call.resource.access_tokens.issue(
        f"8:orgid:{entra_token.object_id}", EXCHANGE_SCOPES, call.now, entra_token.expires_on
    )
    return Answer(200, _access_token(issued))


def exchange_teams_extension_token(call: Call) -> Answer:
    """Exchange the Entra ID token in the Authorization header for Teams Phone extensibility."""
    caller = call.caller
    if caller is None:
        raise errors.entra_token_invalid("the exchange takes an Entra ID token as bearer, not an access-key signature")
    _ = call.members
    assignment = call.resource.assignments.find(caller.tenant_id, caller.object_id)
    if assignment is None:
        raise errors.principal_not_assigned(
            "no assignment for the tenant and object id of the Entra ID token: PUT one first"
        )
    if not assignment.permits(caller.client_id):
        raise errors.principal_not_assigned("the assignment's clientIds do not name the application of the token")
    identity = call.resource.identities.ensure(caller.tenant_id, caller.object_id)
    issued = call.resource.access_tokens.issue(identity, EXCHANGE_SCOPES, call.now, caller.expires_on)
    return Answer(200, {"identity": {"id": identity}, "accessToken": _access_token(issued)})


def get_assignment(call: Call) -> Answer:
    """Read a Teams Phone assignment."""
    tenant_id, object_id = _principal(call)
    assignment = call.resource.assignments.find(tenant_id, object_id)
    if assignment is None:
        raise errors.assignment_missing()
    return Answer(200, _assignment(assignment))


def put_assignment(call: Call) -> Answer:
    """Create or replace a Teams Phone assignment."""
    members = call.members
    tenant_id, object_id = _principal(call)
    client_ids: list[str] | None = members.get("clientIds")
    assignment = Assignment(
        tenant_id, object_id, members["principalType"], None if client_ids is None else tuple(client_ids)
    )
    is_new = call.resource.assignments.put(assignment)
    return Answer(201 if is_new else 200, _assignment(assignment))


def delete_assignment(call: Call) -> Answer:
    """Delete a Teams Phone assignment; one that is not there is no error."""
    call.resource.assignments.remove(*_principal(call))
    return Answer(204)


TEAMS_EXTENSION_EXCHANGE = "/access/teamsExtension/:exchangeAccessToken"
_ASSIGNMENT = "/access/teamsExtension/tenants/{}/assignments/{}"

HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("POST", "/identities"): create_identity,
    ("DELETE", "/identities/{}"): delete_identity,
    ("POST", "/identities/{}/:revokeAccessTokens"): revoke_access_tokens,
    ("POST", "/identities/{}/:issueAccessToken"): issue_access_token,
    ("POST", "/teamsUser/:exchangeAccessToken"): exchange_teams_user_token,
    ("POST", TEAMS_EXTENSION_EXCHANGE): exchange_teams_extension_token,
    ("GET", _ASSIGNMENT): get_assignment,
    ("PUT", _ASSIGNMENT): put_assignment,
    ("DELETE", _ASSIGNMENT): delete_assignment,
}
"""The handlers by method and path template, with the names of the path parameters left out."""

EXCHANGE_PATHS = frozenset({TEAMS_EXTENSION_EXCHANGE})
"""The path templates whose bearer token is exchanged, and is not a right to manage the resource."""


def _check_scopes(scopes: list[str], known: tuple[str, ...]) -> None:
    for position, scope in enumerate(scopes, start=1):
        if scope not in known:
            raise errors.scope_unknown(position, ", ".join(known))


def _lifetime(call: Call) -> timedelta:
    minutes: int = call.members.get("expiresInMinutes", LONGEST_LIFETIME)
    if not SHORTEST_LIFETIME <= minutes <= LONGEST_LIFETIME:
        raise errors.minutes_out_of_range(minutes, SHORTEST_LIFETIME, LONGEST_LIFETIME)
    return timedelta(minutes=minutes)


def _issue(call: Call, identity: str, scopes: list[str], lifetime: timedelta) -> IssuedToken:
    return call.resource.access_tokens.issue(identity, dict.fromkeys(scopes), call.now, call.now + lifetime)


def _access_token(issued: IssuedToken) -> dict[str, str]:
    return {"token": issued.token, "expiresOn": format_expiry(issued.expires_on)}


def _principal(call: Call) -> tuple[str, str]:
    tenant_id, object_id = call.arguments
    for name, value in [("tenantId", tenant_id), ("objectId", object_id)]:
        if not GUID.fullmatch(value):
            raise errors.format_invalid(name, f"{name} must be a GUID")
    return tenant_id, object_id


def _assignment(assignment: Assignment) -> dict[str, Any]:
    body: dict[str, Any] = {
        "objectId": assignment.object_id,
        "tenantId": assignment.tenant_id,
        "principalType": assignment.principal_type,
    }
    if assignment.client_ids is not None:
        body["clientIds"] = list(assignment.client_ids)
    return body
