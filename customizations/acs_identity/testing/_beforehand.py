"""What a resource must have had before it was recorded, as far as the recording tells."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from acs_identity_emulator.entra import CLIENT_ID
from acs_identity_emulator.identities import GUID

from ._recorded import Recorded

_IDENTITY = re.compile(rf"8:acs:({GUID.pattern})_[\w.-]+", re.IGNORECASE)
_IDENTITY_IN_PATH = re.compile(rf"/identities/({_IDENTITY.pattern})(?:/.*)?", re.IGNORECASE)
_ASSIGNMENT = re.compile(
    rf"/access/(?:teamsExtension/tenants/{GUID.pattern}|entra)/assignments/({GUID.pattern})", re.IGNORECASE
)

ASSIGNMENTS = {"teamsExtension": "teams_extension_assignments", "entra": "entra_assignments"}
"""The names of the assignments in a document of the emulator's state, by what follows /access/ in their paths."""


@dataclass
class Beforehand:
    """What there was.

    Attributes:
        seed: The identities and assignments, as `Emulator.seed` takes them.
        had_tokens: The ids, or custom ids, of the identities that an access token had been issued to.
    """

    seed: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    had_tokens: list[str] = field(default_factory=list[str])

    def add(self, kind: str, entry: dict[str, Any]) -> None:
        """Add what there was."""
        self.seed.setdefault(kind, []).append(entry)


def beforehand(recording: Iterable[Recorded]) -> Beforehand:
    """Return what requests found there that no earlier one of the recording had made."""
    recorded = list(recording)
    found = Beforehand()
    known: set[str] = set()
    for each in recorded:
        _note_identity(each, found, known)
        _note_assignments(each, found, known)
        known.update(ids_in(each.answered))
        known.update(name for name in (each.asked.get("customId"),) if isinstance(name, str))
    for name, kind in ASSIGNMENTS.items():
        if not any(each.path.startswith(f"/access/{name}/") and "/assignments" in each.path for each in recorded):
            _note_exchanges(recorded, name, kind, found)
    return found


def resource_of(recording: Iterable[Recorded]) -> str | None:
    """Return the id of the resource, a part of every identity id; None when no answer tells it."""
    for each in recording:
        match = _IDENTITY_IN_PATH.fullmatch(each.path)
        of_path = [match[1]] if match and each.status not in (400, 401) else []
        for raw_id in (*ids_in(each.answered), *of_path):
            found = _IDENTITY.fullmatch(raw_id)
            if found:
                return found[1]
    return None


def ids_in(value: object) -> Iterator[str]:
    """Return the identity ids in an answer."""
    if isinstance(value, dict):
        for member in cast("dict[str, object]", value).values():
            yield from ids_in(member)
    elif isinstance(value, str) and _IDENTITY.fullmatch(value):
        yield value


def _note_identity(each: Recorded, found: Beforehand, known: set[str]) -> None:
    custom_id = each.asked.get("customId")
    if each.path == "/identities" and isinstance(custom_id, str) and custom_id not in known:
        answered = each.answered.get("identity")
        had_token = isinstance(answered, dict) and "lastTokenIssuedAt" in answered
        if had_token and not each.asked.get("createTokenWithScopes"):
            found.add("identities", {"custom_id": custom_id})
            found.had_tokens.append(custom_id)
        return
    match = _IDENTITY_IN_PATH.fullmatch(each.path)
    if match is None or match[1] in known or each.status in (401, 404):
        return
    known.add(match[1])
    entry = {"id": match[1]}
    custom_id = each.answered.get("customId")
    if each.method == "GET" and isinstance(custom_id, str):
        entry["custom_id"] = custom_id
        known.add(custom_id)
    found.add("identities", entry)
    if "lastTokenIssuedAt" in each.answered:
        found.had_tokens.append(match[1])


def _note_assignments(each: Recorded, found: Beforehand, known: set[str]) -> None:
    kind = next((kind for name, kind in ASSIGNMENTS.items() if each.path.startswith(f"/access/{name}/")), "")
    match = _ASSIGNMENT.fullmatch(each.path)
    if match is not None:
        if each.status == 200 and each.method in ("GET", "PUT"):
            _note_assignment(kind, each.answered, found, known)
        known.add(kind + match[1].lower())
    elif each.path == "/access/entra/assignments" and each.method == "PATCH":
        known.update(kind + object_id.lower() for object_id in each.asked)
    elif each.path == "/access/entra/assignments" and each.status == 200:
        entries: object = each.answered.get("value")
        for entry in cast("list[object]", entries) if isinstance(entries, list) else []:
            _note_assignment(kind, entry, found, known)


def _note_assignment(kind: str, entry: object, found: Beforehand, known: set[str]) -> None:
    members = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    object_id = members.get("objectId")
    if isinstance(object_id, str) and kind + object_id.lower() not in known:
        known.add(kind + object_id.lower())
        names = {"object_id": "objectId", "tenant_id": "tenantId", "principal_type": "principalType"}
        document = {name: members.get(member) for name, member in names.items()}
        found.add(kind, {**document, "client_ids": members.get("clientIds")})


def _note_exchanges(recording: Iterable[Recorded], name: str, kind: str, found: Beforehand) -> None:
    seen: set[str] = set()
    for each in recording:
        principal = principal_of(each) if urlsplit(each.uri).path == f"/access/{name}/:exchangeAccessToken" else None
        if principal is None or each.status != 200 or principal[1] in seen:
            continue
        seen.add(principal[1])
        client_id = (each.bearer or {}).get("appid", CLIENT_ID)
        found.add(
            kind,
            {
                "tenant_id": principal[0],
                "object_id": principal[1],
                "principal_type": "user",
                "client_ids": [client_id],
            },
        )


def principal_of(each: Recorded) -> tuple[str, str] | None:
    """Return the tenant and the object id of the Entra ID user to whom an exchange gave an access token."""
    for raw_id in ids_in(each.answered):
        *_, tenant_id, object_id = raw_id.split("_")
        if GUID.fullmatch(tenant_id) and GUID.fullmatch(object_id):
            return tenant_id, object_id
    return None
