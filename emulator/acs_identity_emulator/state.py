"""The whole state as a JSON document: export, import, seed and reset. docs/emulator.md describes the documents."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, cast, get_args

from .access_tokens import INSERT_ISSUED, ISSUED_KEPT
from .identities import (
    DELETED_KEPT,
    GUID,
    IDENTITY_ID,
    LONGEST_CUSTOM_ID,
    PRINCIPAL_TYPES,
    Assignment,
    AssignmentKind,
    Assignments,
    Identities,
    is_custom_id,
)
from .keys import KeyName, SigningKey, SigningKeys
from .store import Store
from .times import parse_date_time

FORMAT: Final = "acs-identity-emulator"
VERSION: Final = 1

_KINDS: Final[tuple[AssignmentKind, ...]] = get_args(AssignmentKind)
_KEY_NAMES: Final[tuple[KeyName, ...]] = get_args(KeyName)
_IDENTITY: Final = (
    "id",
    "custom_id",
    "created_on",
    "last_token_issued_at",
    "tokens_begin",
    "tokens_valid_from",
    "tokens_end",
)
_INSERT_IDENTITY: Final = f"INSERT INTO identities ({', '.join(_IDENTITY)}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_ISSUED: Final = ("identity_id", "scopes", "issued_on", "expires_on", "csi")
_LATEST: Final = 2**40

_Row = tuple[Any, ...]
_Read = TypeVar("_Read")


class StateError(ValueError):
    """A document of the state is not right; the text names the member by its JSON path, and what it should be."""


def export_state(store: Store, keys: SigningKeys | None) -> dict[str, Any]:
    """Return everything that is kept as a JSON document, the oldest first; with the signing keys when they are given.

    Raises:
        StoreError: The database cannot be used.
    """
    # Made before the transaction, which keeps other processes waiting.
    found = {name: keys.get(name) for name in _KEY_NAMES} if keys else {}
    with store.transaction():
        resource_id, tokens_begin = store.execute("SELECT id, tokens_begin FROM resource").fetchone()
        identities = store.execute(f"SELECT {', '.join(_IDENTITY)} FROM identities ORDER BY number").fetchall()  # noqa: S608
        deleted = store.execute("SELECT id FROM deleted_identities ORDER BY number").fetchall()
        issued = store.execute(f"SELECT {', '.join(_ISSUED)} FROM issued_tokens ORDER BY number").fetchall()  # noqa: S608
        assignments = {kind: Assignments(store, kind).after() for kind in _KINDS}
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "resource_id": resource_id,
        "tokens_begin": tokens_begin,
        "identities": [dict(zip(_IDENTITY, row, strict=True)) for row in identities],
        "deleted": [raw_id for (raw_id,) in deleted],
        **{f"{kind}_assignments": [_assignment_document(entry) for entry in assignments[kind]] for kind in _KINDS},
        "issued_tokens": [
            dict(zip(_ISSUED, (subject, json.loads(scopes), *rest), strict=True)) for subject, scopes, *rest in issued
        ],
    }
    if found:
        document["signing_keys"] = {
            name: {"thumbprint": key.thumbprint.hex(), "private_key": key.to_pem()} for name, key in found.items()
        }
    return document


def import_state(store: Store, document: object, now: datetime) -> None:
    """Replace everything that is kept by what a document of `export_state` holds.

    Args:
        store: Where to keep it.
        document: The document; all but ``format``, ``version`` and ``resource_id`` may be left out, and of an
            identity all but ``id``. Without signing keys those that are there stay.
        now: When identities without ``created_on`` were created.

    Raises:
        StateError: The document is not right; nothing was changed.
        StoreError: The database cannot be used; nothing was changed.
    """
    lists = ("identities", "deleted", "issued_tokens", *(f"{kind}_assignments" for kind in _KINDS))
    members = _members(document, "$", ("format", "version", "resource_id"), ("tokens_begin", "signing_keys", *lists))
    if members["format"] != FORMAT:
        raise StateError(f'$.format is not "{FORMAT}": give a document that an emulator exported.')
    if type(members["version"]) is not int or members["version"] != VERSION:
        raise StateError(f"$.version is not {VERSION}, the only one that this version of acs-identity reads.")
    resource_id = _text(members["resource_id"], "$.resource_id").lower()
    if not GUID.fullmatch(resource_id):
        raise StateError("$.resource_id is not a GUID.")
    identities = _each(members, "identities", lambda value, path: _identity_row(value, path, resource_id, now))
    deleted = _each(members, "deleted", lambda value, path: _identity_id(value, path, resource_id))
    _check_unique([row[0] for row in identities] + deleted, "$.identities and $.deleted", "id")
    _check_unique([row[1] for row in identities if row[1] is not None], "$.identities", "custom_id")
    assignments = _assignments(members)
    issued = _each(members, "issued_tokens", _issued_row)
    tokens_begin = _count(members.get("tokens_begin", 0), "$.tokens_begin")
    keys = _key_rows(members.get("signing_keys", {}), "$.signing_keys")
    with store.transaction():
        # Tokens that were issued since the export must not outlive what is done to their identities from now on.
        issued_so_far = _forget(store)
        store.execute("UPDATE resource SET id = ?, tokens_begin = ?", (resource_id, max(tokens_begin, issued_so_far)))
        for *row, tokens_end in identities:
            store.execute(_INSERT_IDENTITY, (*row, max(tokens_end, issued_so_far)))
        for raw_id in deleted[-DELETED_KEPT:]:
            store.execute("INSERT INTO deleted_identities (id) VALUES (?)", (raw_id,))
        for issue in issued[-ISSUED_KEPT:]:
            store.execute(f"{INSERT_ISSUED} VALUES (?, ?, ?, ?, ?)", issue)
        for kind, entries in assignments.items():
            for entry in entries:
                _put(store, kind, entry)
        for key in keys:
            store.execute("INSERT OR REPLACE INTO signing_keys (name, thumbprint, private_key) VALUES (?, ?, ?)", key)


def seed(store: Store, document: object, now: datetime) -> dict[str, Any]:
    """Add identities and assignments; an identity that is there already stays, an assignment is replaced.

    Args:
        store: Where to keep them.
        document: Any of ``identities``, ``teams_extension_assignments`` and ``entra_assignments``. An identity has
            any of ``custom_id`` and ``id``; one without both is a new one each time.
        now: When new identities are created.

    Returns:
        The same lists, in the same order, with the ids of each, and in ``created`` whether it is a new one.

    Raises:
        StateError: The document is not right; nothing was added.
        StoreError: The database cannot be used; nothing was added.
    """
    members = _members(document, "$", (), ("identities", *(f"{kind}_assignments" for kind in _KINDS)))
    assignments = _assignments(members)
    with store.transaction():
        identities = Identities(store)
        resource_id = store.resource_id
        made = _each(members, "identities", lambda value, path: _seeded(identities, value, path, resource_id, now))
        return {
            "identities": made,
            **{
                f"{kind}_assignments": [
                    {"tenant_id": entry.tenant_id, "object_id": entry.object_id, "created": _put(store, kind, entry)}
                    for entry in entries
                ]
                for kind, entries in assignments.items()
            },
        }


def reset(store: Store) -> None:
    """Forget all identities, assignments and issued tokens; the resource id and the signing keys stay.

    Raises:
        StoreError: The database cannot be used; nothing was forgotten.
    """
    with store.transaction():
        store.execute("UPDATE resource SET tokens_begin = ?", (_forget(store),))


def _forget(store: Store) -> int:
    """Empty the tables, and return what is above the csi of every token that was issued to an identity."""
    (tokens_end,) = store.execute(
        "SELECT max(tokens_begin, (SELECT coalesce(max(tokens_end), 0) FROM identities)) FROM resource"
    ).fetchone()
    for table in ("identities", "deleted_identities", "issued_tokens", "assignments"):
        store.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
    return int(tokens_end)


def _seeded(identities: Identities, value: object, path: str, resource_id: str, now: datetime) -> dict[str, Any]:
    members = _members(value, path, (), ("id", "custom_id"))
    raw_id = _identity_id(members["id"], f"{path}.id", resource_id) if "id" in members else None
    custom_id = _custom_id(members.get("custom_id"), f"{path}.custom_id")
    known = identities.find_custom(custom_id) if custom_id is not None else None
    known = known or (identities.find(raw_id) if raw_id is not None else None)
    if known and (raw_id not in (None, known.id) or custom_id not in (None, known.custom_id)):
        raise StateError(f"{path} is an identity that is there with another id or custom_id, which cannot be changed.")
    if known:
        identity = known
    elif raw_id is None:
        identity = identities.create(now, custom_id)
    else:
        identity = identities.add(now, raw_id, custom_id)
    return {"id": identity.id, "custom_id": identity.custom_id, "created": known is None}


def _put(store: Store, kind: AssignmentKind, entry: Assignment) -> bool:
    ids = (entry.tenant_id, entry.object_id) if kind == "teams_extension" else (entry.object_id,)
    return Assignments(store, kind).put(entry, *ids)


def _assignment_document(entry: Assignment) -> dict[str, Any]:
    return {
        "tenant_id": entry.tenant_id,
        "object_id": entry.object_id,
        "principal_type": entry.principal_type,
        "client_ids": None if entry.client_ids is None else list(entry.client_ids),
    }


# Reading a document: each of these takes a value and its JSON path, and returns what is kept of it


def _each(members: dict[str, object], name: str, read: Callable[[object, str], _Read]) -> list[_Read]:
    return [read(value, f"$.{name}[{index}]") for index, value in enumerate(_list(members.get(name, []), f"$.{name}"))]


def _identity_row(value: object, path: str, resource_id: str, now: datetime) -> _Row:
    members = _members(value, path, ("id",), _IDENTITY[1:])
    created_on, last = members.get("created_on"), members.get("last_token_issued_at")
    begin, valid_from, end = (_count(members.get(name, 0), f"{path}.{name}") for name in _IDENTITY[-3:])
    if not begin <= valid_from <= end:
        raise StateError(f"{path} has not tokens_begin <= tokens_valid_from <= tokens_end.")
    return (
        _identity_id(members["id"], f"{path}.id", resource_id),
        _custom_id(members.get("custom_id"), f"{path}.custom_id"),
        now.isoformat() if created_on is None else _time(created_on, f"{path}.created_on"),
        None if last is None else _time(last, f"{path}.last_token_issued_at"),
        begin,
        valid_from,
        end,
    )


def _issued_row(value: object, path: str) -> _Row:
    members = _members(value, path, _ISSUED, ())
    scopes = _list(members["scopes"], f"{path}.scopes")
    if not all(isinstance(scope, str) for scope in scopes):
        raise StateError(f"{path}.scopes is not a list of texts.")
    return (
        _text(members["identity_id"], f"{path}.identity_id"),
        json.dumps(scopes),
        _time(members["issued_on"], f"{path}.issued_on"),
        _time(members["expires_on"], f"{path}.expires_on"),
        _count(members["csi"], f"{path}.csi"),
    )


def _assignments(members: dict[str, object]) -> dict[AssignmentKind, list[Assignment]]:
    return {
        "teams_extension": _each(members, "teams_extension_assignments", _assignment),
        "entra": _each(members, "entra_assignments", _entra_assignment),
    }


def _entra_assignment(value: object, path: str) -> Assignment:
    assignment = _assignment(value, path)
    if assignment.principal_type not in PRINCIPAL_TYPES:
        raise StateError(f"{path}.principal_type is none of {', '.join(PRINCIPAL_TYPES)}.")
    if assignment.client_ids is None:
        raise StateError(f"{path}.client_ids is needed for an Entra ID assignment.")
    return assignment


def _assignment(value: object, path: str) -> Assignment:
    members = _members(value, path, ("tenant_id", "object_id", "principal_type"), ("client_ids",))
    tenant_id, object_id, principal_type = (
        _text(members[name], f"{path}.{name}") for name in ("tenant_id", "object_id", "principal_type")
    )
    for name, guid in (("tenant_id", tenant_id), ("object_id", object_id)):
        if not GUID.fullmatch(guid):
            raise StateError(f"{path}.{name} is not a GUID.")
    if not principal_type:
        raise StateError(f"{path}.principal_type is empty.")
    client_ids = members.get("client_ids")
    if client_ids is not None:
        client_ids = tuple(
            _text(client_id, f"{path}.client_ids[{index}]")
            for index, client_id in enumerate(_list(client_ids, f"{path}.client_ids"))
        )
    return Assignment(tenant_id, object_id, principal_type, client_ids)


def _key_rows(value: object, path: str) -> list[_Row]:
    rows: list[_Row] = []
    for name, entry in _members(value, path, (), _KEY_NAMES).items():
        members = _members(entry, f"{path}.{name}", ("thumbprint", "private_key"), ())
        private_key = _text(members["private_key"], f"{path}.{name}.private_key")
        try:
            thumbprint = bytes.fromhex(_text(members["thumbprint"], f"{path}.{name}.thumbprint"))
        except ValueError:
            thumbprint = b""
        if len(thumbprint) != 20:
            raise StateError(f"{path}.{name}.thumbprint is not 40 hexadecimal digits.")
        try:
            SigningKey.from_pem(private_key, thumbprint)
        except ValueError as error:
            raise StateError(f"{path}.{name}.private_key cannot be used. {error}") from None
        rows.append((name, thumbprint.hex(), private_key))
    return rows


def _members(value: object, path: str, required: Sequence[str], optional: Sequence[str]) -> dict[str, object]:
    if not isinstance(value, dict):
        raise StateError(f"{path} is not a JSON object.")
    members = cast(dict[str, object], value)
    for name in required:
        if name not in members:
            raise StateError(f"{path}.{name} is missing.")
    known = (*required, *optional)
    if not members.keys() <= set(known):
        raise StateError(f"{path} has other members than {', '.join(known)}.")
    return members


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list):
        raise StateError(f"{path} is not a list.")
    return cast(list[object], value)


def _text(value: object, path: str) -> str:
    try:
        if isinstance(value, str):
            value.encode()
            return value
    except UnicodeEncodeError:
        pass
    raise StateError(f"{path} is not a Unicode text.")


def _custom_id(value: object, path: str) -> str | None:
    if value is not None and not (isinstance(value, str) and is_custom_id(value)):
        raise StateError(f"{path} is not a text of 1 to {LONGEST_CUSTOM_ID} characters.")
    return value


def _identity_id(value: object, path: str, resource_id: str) -> str:
    raw_id = _text(value, path)
    prefix = f"8:acs:{resource_id}_"
    if not raw_id.startswith(prefix) or not IDENTITY_ID.fullmatch(raw_id):
        raise StateError(f"{path} is not the id of an identity of the resource: it begins with {prefix}")
    return raw_id


def _time(value: object, path: str) -> str:
    moment = parse_date_time(value) if isinstance(value, str) else None
    try:
        if moment is not None:
            return moment.astimezone(UTC).isoformat()
    except OverflowError:
        pass
    raise StateError(f"{path} is not a time with its offset, for example 2026-10-01T12:00:00Z.")


def _count(value: object, path: str) -> int:
    if type(value) is not int or not 0 <= value < _LATEST:
        raise StateError(f"{path} is not a whole number of seconds since 1970.")
    return value


def _check_unique(values: Sequence[object], path: str, name: str) -> None:
    if len(set(values)) != len(values):
        raise StateError(f"{path} have the same {name} twice.")
