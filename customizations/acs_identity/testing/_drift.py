"""Where the emulator answers otherwise than a cassette says, field by field."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

from acs_identity._redaction import redact

from ._fakes import FAKE_HOST
from ._jwt import claims_of
from ._matching import is_for_acs
from ._recorded import CassetteError, Recorded, in_todays_form, interactions_of, json_of, read
from ._replay import NotCompared, Replay
from ._scrubbing import Interaction, scrub

HEADERS: Final = ("content-type", "retry-after", "api-supported-versions", "location")
"""The headers of an answer that are compared: those that clients read."""

_LONGEST_VALUE = 200
_NOTHING: Final = object()
_ORIGIN = re.compile(r"https?://[^/\s'\"]+")


@dataclass(frozen=True)
class Difference:
    """A field that the emulator answers otherwise.

    Attributes:
        interaction: The number of the interaction in the cassette, from 1 on.
        request: The method and path, for example ``POST /identities``, without identity ids.
        field: ``status``, ``header retry-after``, ``body error.code``, or a claim of an access token, for example
            ``body accessToken.token claim acsScope``.
        recorded: What is recorded, as JSON; ``nothing`` when the field is missing. It has no secrets: identity ids
            are REDACTED.
        emulator: The same for what the emulator answers.
    """

    interaction: int
    request: str
    field: str
    recorded: str
    emulator: str

    def __str__(self) -> str:
        return (
            f"{self.interaction}. {self.request}: {self.field}: {self.recorded} recorded, {self.emulator} by the"
            " emulator"
        )


@dataclass(frozen=True)
class Passed:
    """An interaction that was not compared.

    Attributes:
        interaction: The number of the interaction in the cassette, from 1 on.
        request: The method and path, without identity ids; empty when there is none.
        reason: Why not.
    """

    interaction: int
    request: str
    reason: str

    def __str__(self) -> str:
        return f"{self.interaction}. {self.request or 'no request'}: not compared: {self.reason}"


@dataclass(frozen=True)
class Report:
    """What came of the comparison of one cassette.

    Attributes:
        compared: How many interactions were compared.
        not_compared: Those that were not.
        differences: Where the emulator answers otherwise, in the order of the cassette.
    """

    compared: int
    not_compared: tuple[Passed, ...]
    differences: tuple[Difference, ...]


def differences(document: object) -> Report:
    """Ask an emulator for what a cassette has, in its order, and compare the answers.

    The emulator is one of its own for each cassette, and begins with the identities and assignments that the cassette
    uses without having made them. Not compared are requests to other services, answers 429 and 5xx, and refused
    credentials, which a recording does not have.

    Args:
        document: What is in the cassette, of this package or any other of vcrpy, as it was parsed.

    Returns:
        The differences, and what was not compared.

    Raises:
        CassetteError: It is no cassette.

    >>> differences({"interactions": []})
    Report(compared=0, not_compared=(), differences=())
    """
    passed: list[Passed] = []
    interactions: dict[int, Interaction] = {}
    for number, interaction in enumerate(interactions_of(document), 1):
        try:
            interactions[number] = in_todays_form(interaction)
        except CassetteError as error:
            passed.append(Passed(number, "", str(error)))
    scrubbed = zip(interactions, scrub(interactions.values()).interactions, strict=True)
    recording = {number: read(interaction) for number, interaction in scrubbed}
    for_acs = {number: recorded for number, recorded in recording.items() if is_for_acs(recorded.uri)}
    passed += [
        Passed(number, _request(recorded), "it is not for the identity service")
        for number, recorded in recording.items()
        if number not in for_acs
    ]
    found: list[Difference] = []
    compared = 0
    replay = Replay(for_acs.values())
    for number, recorded in for_acs.items():
        try:
            own = replay.answer(recorded)
        except NotCompared as reason:
            passed.append(Passed(number, _request(recorded), str(reason)))
        else:
            found += _compared(number, recorded, own)
            compared += 1
    return Report(compared, tuple(sorted(passed, key=lambda each: each.interaction)), tuple(found))


def _compared(number: int, recorded: Recorded, own: Recorded) -> Iterator[Difference]:
    for field, then, now in _differences_of_answers(recorded, own):
        shown, shown_now = _shown(then), _shown(now)
        # Where two identity ids differ, both are shown as REDACTED.
        other = ", another one," if shown == shown_now else ""
        yield Difference(number, _request(recorded), field, shown, shown_now + other)


def _differences_of_answers(recorded: Recorded, own: Recorded) -> Iterator[tuple[str, object, object]]:
    if recorded.status != own.status:
        yield "status", recorded.status, own.status
    for name in HEADERS:
        then, now = recorded.headers.get(name, _NOTHING), own.headers.get(name, _NOTHING)
        if then != now:
            yield f"header {name}", then, now
    reading = _Reading(recorded)
    for place, one, other in _differences("", reading.of(recorded.body), reading.of(own.body)):
        yield f"body {place}".rstrip(), one, other


class _Reading:
    """Reads answers so that what comes by chance, or cannot be known any more, is the same in both."""

    def __init__(self, recorded: Recorded) -> None:
        # The order is that of object ids, which fakes do not keep, so other assignments are on a page.
        self._is_page = "continuationToken" in recorded.uri or "nextLink" in recorded.answered
        # How long before the answer a token was issued, and what the time was when nothing says so.
        self._only_form = {"lastTokenIssuedAt"} if "date" in recorded.headers else {"lastTokenIssuedAt", "expiresOn"}

    def of(self, body: bytes) -> object:
        if not body:
            return _NOTHING
        try:
            return self._value(json_of(body))
        except ValueError:
            return body.decode("utf-8", "backslashreplace")

    def _value(self, value: object, name: str = "") -> object:
        if isinstance(value, dict):
            return {member: self._value(each, member) for member, each in cast("dict[str, object]", value).items()}
        if isinstance(value, list):
            items = [self._value(each) for each in cast("list[object]", value)]
            return [None for _ in items] if self._is_page else sorted(items, key=_object_id)
        if not isinstance(value, str):
            return value
        if name == "token":
            return _claims(value)
        if name in self._only_form:
            return re.sub(r"\d", "0", value)
        return _ORIGIN.sub(f"https://{FAKE_HOST}", value) if name == "message" else value


def _object_id(item: object) -> str:
    return str(cast("dict[str, object]", item).get("objectId", "")) if isinstance(item, dict) else ""


def _claims(token: str) -> object:
    claims = claims_of(token)
    if claims is None:
        return token
    read = _Claims()
    if "acsScope" in claims:
        read["acsScope"] = claims["acsScope"]
    if "skypeid" in claims:
        # With the 8 in front it is told to be an identity id wherever it is shown.
        read["skypeid"] = f"8:{claims['skypeid']}"
    ends, begins = claims.get("exp"), claims.get("iat")
    if isinstance(ends, int) and isinstance(begins, int):
        read["lifetime"] = ends - begins
    return read


class _Claims(dict[str, object]):
    """What a client can read in an access token."""


def _differences(place: str, then: object, now: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(now, _Claims) and isinstance(then, str | _Claims) and then != "":
        # The fakes of others have fewer claims, or are no tokens at all.
        for claim, value in then.items() if isinstance(then, _Claims) else ():
            yield from _differences(f"{place} claim {claim}", value, now.get(claim, _NOTHING))
    elif isinstance(then, dict) and isinstance(now, dict):
        ours, theirs = cast("dict[str, object]", then), cast("dict[str, object]", now)
        inner = f"{place}." if place else ""
        for member in dict.fromkeys((*ours, *theirs)):
            yield from _differences(inner + member, ours.get(member, _NOTHING), theirs.get(member, _NOTHING))
    elif isinstance(then, list) and isinstance(now, list):
        mine, others = cast("list[object]", then), cast("list[object]", now)
        for index in range(max(len(mine), len(others))):
            one, other = (each[index] if index < len(each) else _NOTHING for each in (mine, others))
            yield from _differences(f"{place}[{index}]", one, other)
    elif then != now:
        yield place, then, now


def _request(recorded: Recorded) -> str:
    return redact(f"{recorded.method} {urlsplit(recorded.uri).path}")


def _shown(value: object) -> str:
    if value is _NOTHING:
        return "nothing"
    text = redact(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
