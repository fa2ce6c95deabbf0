"""Which recorded request is the one that is made now: by meaning, whatever the identities and the time.

A matcher compares the request that is made with one that is recorded, and raises AssertionError with the first
difference, as vcrpy wants it.
"""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any, Final, Protocol, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from acs_identity._redaction import redact

from ._fakes import is_fake

_IDS = {
    "appId", "clientId", "client_id", "clientIds", "customId", "id", "objectId", "tenantId", "userId", "username",
}  # fmt: skip
# Of these only whether they are there is the same on another day.
_NEVER_THE_SAME = {
    "tokensValidFrom", "token", "client_secret", "client_assertion", "refresh_token", "password", "device_code", "code",
}  # fmt: skip
_BEFORE_AN_ID = {"identities", "tenants", "assignments"}
_LONGEST_DIFFERENCE = 80
_NOTHING: Final = object()
_NAME: Final = " (name)"

MATCHERS: Final = ("host", "path", "query", "content")
"""The methods of Matching that vcrpy calls, in their order; registered with ``acs_`` before their names."""


class RecordedRequest(Protocol):
    """What is read of a request of vcrpy."""

    method: str
    uri: str
    body: Any


class Matching:
    """What is known of one playback: which value of the test stands for which fake of the recording.

    A fake that an earlier answer gave is that fake. For one that the test itself brought, such as a custom id, the
    value that the test brings now is taken, and from then on it is that value alone.
    """

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def host(self, request: RecordedRequest, recorded: RecordedRequest) -> None:
        """Compare the hosts, unless both requests are for ACS: each resource and emulator has a host of its own."""
        if not (is_for_acs(request.uri) and is_for_acs(recorded.uri)):
            _same("host", urlsplit(request.uri).netloc.lower(), urlsplit(recorded.uri).netloc.lower())

    def path(self, request: RecordedRequest, recorded: RecordedRequest) -> None:
        """Compare the paths, however they are encoded."""
        now, then = _parts(request), _parts(recorded)
        _same("number of parts of the path", len(now), len(then))
        for index, (one, other) in enumerate(zip(now, then, strict=True)):
            place = _place_of_id(recorded, then, index)
            if not place:
                _same("path", one, other)
            elif not self._is_same(one, other):
                raise AssertionError(_difference(place, one, other))

    def query(self, request: RecordedRequest, recorded: RecordedRequest) -> None:
        """Compare the query parameters, in any order; the API version is one of them."""
        now, then = (
            dict(_grouped(parse_qsl(urlsplit(each.uri).query, keep_blank_values=True))) for each in (request, recorded)
        )
        for name in sorted({*now, *then}):
            _same(name, now.get(name, _NOTHING), then.get(name, _NOTHING))

    def content(self, request: RecordedRequest, recorded: RecordedRequest) -> None:
        """Compare the bodies: JSON by its values, forms by their members, anything else as text."""
        now, then = _content(request.body), _content(recorded.body)
        try:
            for place, one, other in _differences("", now, then):
                if not self._is_same_at(place, one, other):
                    raise AssertionError(_difference(place or "all of it", one, other))
        except RecursionError:
            _same("all of it", request.body, recorded.body)

    def learn(self, request: RecordedRequest, recorded: RecordedRequest) -> None:
        """Remember for which fakes of the recorded request the values of this one stand."""
        now, then = _parts(request), _parts(recorded)
        for index, (one, other) in enumerate(zip(now, then, strict=True)):
            if _place_of_id(recorded, then, index):
                self._bind(one, other)
        # What is too deep to be looked into is the same.
        with suppress(RecursionError):
            for place, value, fake in _differences("", _content(request.body), _content(recorded.body)):
                if _is_place_of(_IDS, place):
                    self._bind(value, fake)

    def restore(self, text: str) -> str:
        """Return what was recorded with the values of the test in place of the fakes that stand for them."""
        for fake, value in self._values.items():
            written = json.dumps(value)[1:-1].replace("\\", "\\\\")
            text = re.sub(rf"(?<![\w-]){re.escape(fake)}(?![\w-])", written, text)
        return text

    def _is_same_at(self, place: str, now: object, then: object) -> bool:
        if _is_place_of(_NEVER_THE_SAME, place):
            return isinstance(now, str) and isinstance(then, str) and bool(now) == bool(then)
        return _is_place_of(_IDS, place) and self._is_same(now, then)

    def _bind(self, now: object, then: object) -> None:
        if isinstance(now, str) and isinstance(then, str) and is_fake(then) and now != then:
            self._values[then] = now

    def _is_same(self, now: object, then: object) -> bool:
        if not (isinstance(now, str) and isinstance(then, str) and now and then):
            return now == then
        if now == then or then in self._values:
            return now in (then, self._values.get(then))
        return is_fake(then) and not is_fake(now) and now not in self._values.values()


def is_for_acs(uri: str) -> bool:
    """Return whether a request is one for the identity service, which its path tells on any host."""
    return unquote(urlsplit(uri).path).startswith(("/identities", "/access/", "/teamsUser/"))


def _parts(request: RecordedRequest) -> list[str]:
    return unquote(urlsplit(request.uri).path).split("/")


def _place_of_id(recorded: RecordedRequest, parts: list[str], index: int) -> str:
    """Return how to call the part of a path that is an id; empty when it is none."""
    if index and parts[index - 1] in _BEFORE_AN_ID and not parts[index].startswith(":"):
        return f"what follows /{parts[index - 1]}/"
    return "tenant" if index == 1 and urlsplit(recorded.uri).netloc.lower().startswith("login.") else ""


def _grouped(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    for name in {name for name, _ in pairs}:
        yield name, sorted(value for each, value in pairs if each == name)


def _same(what: str, now: object, then: object) -> None:
    if now != then:
        raise AssertionError(_difference(what, now, then))


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
    """Yield where two values differ, the first place first."""
    differs = _kind(now) != _kind(then) or now != then
    if isinstance(now, dict) and isinstance(then, dict):
        ours, theirs = cast("dict[str, object]", now), cast("dict[str, object]", then)
        for one, other in _paired(ours, theirs):
            if one is not None and other is not None and one != other:
                yield f"{place}{_NAME}", one, other
            name = other or one or ""
            yield from _differences(
                f"{place}.{name}" if place else name, ours.get(one or "", _NOTHING), theirs.get(other or "", _NOTHING)
            )
    elif isinstance(now, list) and isinstance(then, list):
        mine, others = cast("list[object]", now), cast("list[object]", then)
        if len(mine) != len(others):
            yield place, mine, others
        else:
            for index, (item, recorded) in enumerate(zip(mine, others, strict=True)):
                yield from _differences(f"{place}[{index}]", item, recorded)
    elif differs:
        yield place, now, then


def _paired(ours: dict[str, object], theirs: dict[str, object]) -> list[tuple[str | None, str | None]]:
    """Pair the names of members: each with itself, and those that are ids of the test with the fakes for them."""
    fakes = [name for name in theirs if name not in ours and is_fake(name)]
    stand_ins = dict(zip((name for name in ours if name not in theirs), fakes, strict=False))
    pairs: list[tuple[str | None, str | None]] = [
        (name, name if name in theirs else stand_ins.get(name)) for name in ours
    ]
    pairs += [(None, name) for name in theirs if name not in ours and name not in stand_ins.values()]
    return sorted(pairs, key=lambda pair: pair[1] or pair[0] or "")


def _is_place_of(names: Collection[str], place: str) -> bool:
    return place.rpartition(".")[2].partition("[")[0] in names or (names is _IDS and place.endswith(_NAME))


def _kind(value: object) -> str:
    # In JSON 60 and 60.0 are one number, and true is none.
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
