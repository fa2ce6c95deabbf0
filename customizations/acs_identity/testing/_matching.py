"""Which recorded request is the one that is made now: by meaning, whatever the identities and the time.

Each function compares the request that is made with one that is recorded, and raises AssertionError with the first
difference, as vcrpy wants its matchers.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, Protocol, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from acs_identity._redaction import redact

from ._fakes import is_fake

_IDS = {
    "appId", "clientId", "client_id", "clientIds", "customId", "id", "objectId", "tenantId", "token", "userId",
    "username", "client_secret", "client_assertion", "refresh_token", "password", "device_code", "code",
}  # fmt: skip
_BEFORE_AN_ID = {"identities", "tenants", "assignments"}
_LONGEST_DIFFERENCE = 80
_NOTHING: Final = object()


class RecordedRequest(Protocol):
    """What is read of a request of vcrpy."""

    method: str
    uri: str
    body: Any


def host(request: RecordedRequest, recorded: RecordedRequest) -> None:
    """Compare the hosts, unless both requests are for ACS: each resource and emulator has a host of its own."""
    if not (is_for_acs(request.uri) and is_for_acs(recorded.uri)):
        _same("host", urlsplit(request.uri).netloc.lower(), urlsplit(recorded.uri).netloc.lower())


def path(request: RecordedRequest, recorded: RecordedRequest) -> None:
    """Compare the paths, however they are encoded; identities and the like only as far as they are known."""
    now, then = (unquote(urlsplit(each.uri).path).split("/") for each in (request, recorded))
    _same("number of parts of the path", len(now), len(then))
    before = ""
    for one, other in zip(now, then, strict=True):
        if before in _BEFORE_AN_ID:
            _same_id(f"what follows /{before}/", one, other)
        elif not _is_tenant_of_entra(recorded.uri, before):
            _same("path", one, other)
        before = one


def query(request: RecordedRequest, recorded: RecordedRequest) -> None:
    """Compare the query parameters, in any order; the API version is one of them."""
    now, then = (
        dict(_grouped(parse_qsl(urlsplit(each.uri).query, keep_blank_values=True))) for each in (request, recorded)
    )
    for name in sorted({*now, *then}):
        _same(name, now.get(name, _NOTHING), then.get(name, _NOTHING))


def body(request: RecordedRequest, recorded: RecordedRequest) -> None:
    """Compare the bodies: JSON by its values, forms by their members, anything else by its bytes."""
    now, then = _content(request.body), _content(recorded.body)
    try:
        for place, one, other in _differences("", now, then):
            raise AssertionError(_difference(place or "all of it", one, other))
    except RecursionError:
        _same("all of it", request.body, recorded.body)


MATCHERS = {"acs_host": host, "acs_path": path, "acs_query": query, "acs_body": body}
"""The matchers by the names that they are registered under; vcrpy's own ``method`` comes before them."""


def is_for_acs(uri: str) -> bool:
    """Return whether a request is one for the identity service, which its path tells on any host."""
    return unquote(urlsplit(uri).path).startswith(("/identities", "/access/", "/teamsUser/"))


def _is_tenant_of_entra(uri: str, before: str) -> bool:
    return before == "" and urlsplit(uri).netloc.lower().startswith("login.")


def _grouped(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    for name in {name for name, _ in pairs}:
        yield name, sorted(value for each, value in pairs if each == name)


def _same(what: str, now: object, then: object) -> None:
    if now != then:
        raise AssertionError(_difference(what, now, then))


def _same_id(what: str, now: str, then: str) -> None:
    if not _is_same_id(now, then):
        raise AssertionError(_difference(what, now, then))


def _is_same_id(now: object, then: object) -> bool:
    # One that came out of the cassette must be the right one; of any other only its being there is known.
    if isinstance(now, str) and isinstance(then, str) and now and then and not is_fake(now):
        return True
    return now == then


def _difference(what: str, now: object, then: object) -> str:
    return f"{what}: {_shown(now)} now, {_shown(then)} in the recording"


def _shown(value: object) -> str:
    if value is _NOTHING:
        return "nothing"
    text = redact(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= _LONGEST_DIFFERENCE else f"{text[:_LONGEST_DIFFERENCE]}…"


def _content(body: Any) -> object:
    """Return what a body says: `_NOTHING` when there is none, the value of JSON, the members of a form, or the text."""
    if hasattr(body, "read"):
        position = body.tell()
        body, _ = body.read(), body.seek(position)
    text: object = body.decode("utf-8", "backslashreplace") if isinstance(body, bytes) else body
    if not text:
        return _NOTHING
    if not isinstance(text, str):
        return repr(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    members = parse_qsl(text, keep_blank_values=True)
    if members and "=" in text and "\n" not in text:
        return {name: values[0] if len(values) == 1 else values for name, values in _grouped(members)}
    return text


def _differences(place: str, now: object, then: object) -> Iterator[tuple[str, object, object]]:
    name = place.rpartition(".")[2].partition("[")[0]
    if isinstance(now, dict) and isinstance(then, dict):
        ours, theirs = cast("dict[str, object]", now), cast("dict[str, object]", then)
        for member in sorted({*ours, *theirs}):
            inner = f"{place}.{member}" if place else member
            if member in ours and member in theirs:
                yield from _differences(inner, ours[member], theirs[member])
            else:
                yield inner, ours.get(member, _NOTHING), theirs.get(member, _NOTHING)
    elif isinstance(now, list) and isinstance(then, list):
        mine, others = cast("list[object]", now), cast("list[object]", then)
        if len(mine) != len(others):
            yield place, mine, others
        else:
            for index, (one, other) in enumerate(zip(mine, others, strict=True)):
                yield from _differences(f"{place}[{index}]", one, other)
    elif _kind(now) != _kind(then) or (now != then and not (name in _IDS and _is_same_id(now, then))):
        yield place, now, then


def _kind(value: object) -> str:
    # In JSON 60 and 60.0 are one number, and true is none.
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
