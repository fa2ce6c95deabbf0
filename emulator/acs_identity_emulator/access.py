"""The operations below ``/access``: assignments of Entra ID principals, and exchanging the tokens of those."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from . import errors
from .calls import EXCHANGE_SCOPES, Answer, Call, check_guid
from .entra import EntraToken
from .identities import Assignment, Identity

PERMISSIONS = frozenset({"Chat", "Chat.Join", "Chat.Join.Limited", "VoIP", "VoIP.Join"})
"""The delegated permissions for which an Entra ID user's access token gets the scope of that name."""

PAGE_SIZE = 10
"""How many assignments a page of the list has."""

_CONTINUATION = "continuationToken"


def exchange_teams_extension_token(call: Call) -> Answer:
    """Exchange the Entra ID token in the Authorization header for Teams Phone extensibility."""
    caller = _bearer(call)
    assignment = call.resource.teams_assignments.find(caller.tenant_id, caller.object_id)
    _check_assigned(caller, [assignment] if assignment else [])
    identity = call.resource.identities.ensure(call.now, caller.tenant_id, caller.object_id)
    return _exchanged(call, identity, EXCHANGE_SCOPES, caller)


def exchange_entra_token(call: Call) -> Answer:
    """Exchange the Entra ID token in the Authorization header for an access token of its user."""
    caller = _bearer(call)
    _check_assigned(caller, [found for found in call.resource.entra_assignments.after() if _covers(found, caller)])
    scopes = [permission.lower() for permission in caller.permissions if permission in PERMISSIONS]
    identity = call.resource.identities.ensure(call.now, "wf", caller.tenant_id, caller.object_id)
    return _exchanged(call, identity, scopes or EXCHANGE_SCOPES, caller)


def get_teams_assignment(call: Call) -> Answer:
    """Read a Teams Phone assignment."""
    return _found(call.resource.teams_assignments.find(*_principal(call)))


def put_teams_assignment(call: Call) -> Answer:
    """Create or replace a Teams Phone assignment."""
    members = call.members
    tenant_id, object_id = _principal(call)
    client_ids: list[str] | None = members.get("clientIds")
    assignment = Assignment(
        tenant_id, object_id, members["principalType"], None if client_ids is None else tuple(client_ids)
    )
    is_new = call.resource.teams_assignments.put(assignment, tenant_id, object_id)
    return Answer(201 if is_new else 200, _assignment(assignment))


def delete_teams_assignment(call: Call) -> Answer:
    """Delete a Teams Phone assignment; one that is not there is no error."""
    call.resource.teams_assignments.remove(*_principal(call))
    return Answer(204)


def list_entra_assignments(call: Call) -> Answer:
    """Read the Entra ID assignments, page by page."""
    assignments = call.resource.entra_assignments.after(*_last_read(call))
    body: dict[str, Any] = {"value": [_assignment(assignment) for assignment in assignments[:PAGE_SIZE]]}
    if len(assignments) > PAGE_SIZE:
        # The last object id instead of a position: pages stay right when assignments come and go in between.
        last_read = UUID(assignments[PAGE_SIZE - 1].object_id).hex
        query = urlencode({"api-version": call.operation.version, _CONTINUATION: last_read})
        host = call.request.header("host") or ""
        body["nextLink"] = f"{call.request.scheme}://{host}{call.request.path}?{query}"
    return Answer(200, body)


def update_entra_assignments(call: Call) -> Answer:
    """Create, replace and delete several Entra ID assignments, all or none of them."""
    entries: dict[str, dict[str, Any] | None] = call.members
    for object_id in entries:
        check_guid("objectId", object_id)
    assignments = [_entra_assignment(call, object_id, entry) for object_id, entry in entries.items() if entry]
    for object_id in entries:
        call.resource.entra_assignments.remove(object_id)
    for assignment in assignments:
        call.resource.entra_assignments.put(assignment, assignment.object_id)
    if not assignments:
        return Answer(204)
    return Answer(200, {"value": [_assignment(assignment) for assignment in assignments]})


def get_entra_assignment(call: Call) -> Answer:
    """Read an Entra ID assignment."""
    return _found(call.resource.entra_assignments.find(*_principal(call)))


def put_entra_assignment(call: Call) -> Answer:
    """Create or replace an Entra ID assignment."""
    members = call.members
    (object_id,) = _principal(call)
    assignment = _entra_assignment(call, object_id, members)
    is_new = call.resource.entra_assignments.put(assignment, object_id)
    return Answer(201 if is_new else 200, _assignment(assignment))


def delete_entra_assignment(call: Call) -> Answer:
    """Delete an Entra ID assignment; one that is not there is no error."""
    call.resource.entra_assignments.remove(*_principal(call))
    return Answer(204)


def _bearer(call: Call) -> EntraToken:
    if call.caller is None:
        raise errors.entra_token_invalid("the exchange takes an Entra ID token as bearer, not an access-key signature")
    # The body holds nothing, but it has to be there.
    _ = call.members
    return call.caller


def _check_assigned(caller: EntraToken, assignments: Sequence[Assignment]) -> None:
    if not assignments:
        raise errors.principal_not_assigned("no assignment covers the principal of the Entra ID token: PUT one first")
    if not any(assignment.permits(caller.client_id) for assignment in assignments):
        raise errors.principal_not_assigned("the assignment's clientIds do not name the application of the token")


def _covers(assignment: Assignment, token: EntraToken) -> bool:
    principals = {"user": [token.object_id], "group": token.group_ids, "tenant": [token.tenant_id]}
    covered = [object_id.lower() for object_id in principals.get(assignment.principal_type, ())]
    return assignment.tenant_id.lower() == token.tenant_id.lower() and assignment.object_id.lower() in covered


def _exchanged(call: Call, identity: Identity, scopes: Iterable[str], caller: EntraToken) -> Answer:
    token = call.issue(identity, scopes, caller.expires_on)
    return Answer(200, {"identity": {"id": identity.id}, "accessToken": token})


def _principal(call: Call) -> tuple[str, ...]:
    """The ids of a principal in the path: the object id, after the tenant id where the path has one."""
    names = ("tenantId", "objectId")[-len(call.arguments) :]
    for name, value in zip(names, call.arguments, strict=True):
        check_guid(name, value)
    return call.arguments


def _last_read(call: Call) -> tuple[str, ...]:
    """The object id of the assignment at the end of the page before; nothing for the first page."""
    try:
        return tuple(str(UUID(value)) for value in parse_qs(call.request.query).get(_CONTINUATION, ()))
    except ValueError:
        raise errors.format_invalid(_CONTINUATION, "take the nextLink of the page before as it is") from None


def _entra_assignment(call: Call, object_id: str, members: Mapping[str, Any]) -> Assignment:
    check_guid("tenantId", members["tenantId"])
    known = call.operation.allowed_values("principalType")
    if members["principalType"] not in known:
        raise errors.format_invalid("principalType", f"principalType is one of {', '.join(known)}")
    return Assignment(members["tenantId"], object_id, members["principalType"], tuple(members["clientIds"]))


def _found(assignment: Assignment | None) -> Answer:
    if assignment is None:
        raise errors.assignment_missing()
    return Answer(200, _assignment(assignment))


def _assignment(assignment: Assignment) -> dict[str, Any]:
    body: dict[str, Any] = {
        "objectId": assignment.object_id,
        "tenantId": assignment.tenant_id,
        "principalType": assignment.principal_type,
    }
    if assignment.client_ids is not None:
        body["clientIds"] = list(assignment.client_ids)
    return body
