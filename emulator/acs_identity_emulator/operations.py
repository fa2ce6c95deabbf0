"""What each operation does. A handler is found by method and path template, so it serves every API version."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from . import errors
from .access import (
    delete_entra_assignment,
    delete_teams_assignment,
    exchange_entra_token,
    exchange_teams_extension_token,
    get_entra_assignment,
    get_teams_assignment,
    list_entra_assignments,
    put_entra_assignment,
    put_teams_assignment,
    update_entra_assignments,
)
from .calls import EXCHANGE_SCOPES, Answer, Call, Handler, check_guid, token_body
from .entra import EntraTokenError
from .identities import LONGEST_CUSTOM_ID, Identity, is_custom_id
from .times import format_seconds

SHORTEST_LIFETIME = 60
"""The shortest lifetime of an access token, in minutes (REST reference)."""

LONGEST_LIFETIME = 1440
"""The longest lifetime of an access token and the default one, in minutes (REST reference)."""


def create_identity(call: Call) -> Answer:
    """Create an identity or find the one with the custom id; with an access token when scopes are given."""
    scopes = _scopes(call, "createTokenWithScopes")
    lifetime = _lifetime(call)
    custom_id: str | None = call.members.get("customId")
    if custom_id is not None and not is_custom_id(custom_id):
        raise errors.format_invalid("customId", f"customId is a Unicode text of 1 to {LONGEST_CUSTOM_ID} characters")
    identity = call.resource.identities.create(call.now, custom_id)
    token = {"accessToken": call.issue(identity, scopes, call.now + lifetime)} if scopes else {}
    # The first preview answers with the id alone, all others wrap the identity.
    return call.answer({"id": identity.id, "identity": _identity(identity), **token})


def get_identity(call: Call) -> Answer:
    """Read an identity."""
    (raw_id,) = call.arguments
    return call.answer(_identity(call.resource.identities.get(raw_id)))


def update_identity(call: Call) -> Answer:
    """End the access tokens issued to an identity before a time; without a time nothing changes."""
    (raw_id,) = call.arguments
    valid_from: datetime | None = call.members.get("tokensValidFrom")
    if valid_from is None:
        call.resource.identities.get(raw_id)
    else:
        call.resource.identities.revoke_tokens_before(raw_id, valid_from)
    return Answer(204)


def delete_identity(call: Call) -> Answer:
    """Delete an identity and end its access tokens."""
    (raw_id,) = call.arguments
    call.resource.identities.delete(raw_id)
    return Answer(204)


def revoke_access_tokens(call: Call) -> Answer:
    """End the access tokens issued to an identity so far."""
    (raw_id,) = call.arguments
    call.resource.identities.revoke_tokens(raw_id)
    return Answer(204)


def issue_access_token(call: Call) -> Answer:
    """Issue an access token to an identity."""
    (raw_id,) = call.arguments
    scopes = _scopes(call, "scopes")
    if not scopes:
        raise errors.scopes_missing()
    lifetime = _lifetime(call)
    identity = call.resource.identities.get(raw_id)
    return call.answer({"id": raw_id, **call.issue(identity, scopes, call.now + lifetime)})


def exchange_teams_user_token(call: Call) -> Answer:
    """Exchange the Entra ID token of a Teams user."""
    token = call.document.get("token")
    try:
        # The service looks at the token before it looks at the other members (recordings of 2023).
        entra_token = call.resource.entra.verify(token if isinstance(token, str) else "", for_exchange=True)
    except EntraTokenError as error:
        raise errors.entra_token_invalid(str(error)) from None
    # The first version of the operation takes the token alone.
    expected = {name: call.members[name] for name in ("appId", "userId") if name in call.members}
    for name, value in expected.items():
        check_guid(name, value)
    if expected.get("appId", entra_token.client_id).lower() != entra_token.client_id.lower():
        raise errors.other_application()
    if expected.get("userId", entra_token.object_id).lower() != entra_token.object_id.lower():
        raise errors.other_user()
    issued = call.resource.access_tokens.issue(
        f"8:orgid:{entra_token.object_id}", EXCHANGE_SCOPES, call.now, entra_token.expires_on
    )
    return Answer(200, token_body(issued))


TEAMS_EXTENSION_EXCHANGE = "/access/teamsExtension/:exchangeAccessToken"
ENTRA_EXCHANGE = "/access/entra/:exchangeAccessToken"
_TEAMS_ASSIGNMENT = "/access/teamsExtension/tenants/{}/assignments/{}"
_ENTRA_ASSIGNMENTS = "/access/entra/assignments"
_ENTRA_ASSIGNMENT = f"{_ENTRA_ASSIGNMENTS}/{{}}"

HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("POST", "/identities"): create_identity,
    ("GET", "/identities/{}"): get_identity,
    ("PATCH", "/identities/{}"): update_identity,
    ("DELETE", "/identities/{}"): delete_identity,
    ("POST", "/identities/{}/:revokeAccessTokens"): revoke_access_tokens,
    ("POST", "/identities/{}/:issueAccessToken"): issue_access_token,
    ("POST", "/identities/{}/token"): issue_access_token,
    ("POST", "/teamsUser/:exchangeAccessToken"): exchange_teams_user_token,
    ("POST", TEAMS_EXTENSION_EXCHANGE): exchange_teams_extension_token,
    ("GET", _TEAMS_ASSIGNMENT): get_teams_assignment,
    ("PUT", _TEAMS_ASSIGNMENT): put_teams_assignment,
    ("DELETE", _TEAMS_ASSIGNMENT): delete_teams_assignment,
    ("POST", ENTRA_EXCHANGE): exchange_entra_token,
    ("GET", _ENTRA_ASSIGNMENTS): list_entra_assignments,
    ("PATCH", _ENTRA_ASSIGNMENTS): update_entra_assignments,
    ("GET", _ENTRA_ASSIGNMENT): get_entra_assignment,
    ("PUT", _ENTRA_ASSIGNMENT): put_entra_assignment,
    ("DELETE", _ENTRA_ASSIGNMENT): delete_entra_assignment,
}
"""The handlers by method and path template, with the names of the path parameters left out."""

EXCHANGE_PATHS = frozenset({TEAMS_EXTENSION_EXCHANGE, ENTRA_EXCHANGE})
"""The path templates whose bearer token is exchanged, and is not a right to manage the resource."""


def _scopes(call: Call, member: str) -> list[str]:
    scopes: list[str] = call.members.get(member, [])
    known = call.operation.allowed_values(member) if scopes else ()
    for position, scope in enumerate(scopes, start=1):
        # The first preview lists no scopes: there any text is one.
        if known and scope not in known:
            raise errors.scope_unknown(position, scope, ", ".join(known))
    return list(dict.fromkeys(scopes))


def _lifetime(call: Call) -> timedelta:
    minutes: int = call.members.get("expiresInMinutes", LONGEST_LIFETIME)
    if not SHORTEST_LIFETIME <= minutes <= LONGEST_LIFETIME:
        raise errors.minutes_out_of_range(minutes, SHORTEST_LIFETIME, LONGEST_LIFETIME)
    return timedelta(minutes=minutes)


def _identity(identity: Identity) -> dict[str, str]:
    body: dict[str, str] = {}
    if identity.custom_id is not None:
        body["customId"] = identity.custom_id
    if identity.last_token_issued_at is not None:
        body["lastTokenIssuedAt"] = format_seconds(identity.last_token_issued_at)
    return {**body, "id": identity.id}
