"""What stands in a recording in the place of ids, tokens and keys: one fake for one value, counted by kind."""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

FAKE_HOST: Final = "fake.communication.azure.com"
"""The host of every request to Azure Communication Services."""

FAKE_RESOURCE_ID: Final = "00000000-0000-4000-8000-000000000000"
"""The immutable id of the resource that a recording talks to."""

FAKE_ACCESS_KEY: Final = base64.b64encode(b"fake").decode()
"""Every access key."""

EPOCH: Final = datetime(2001, 1, 1, tzinfo=UTC)
"""The moment at which every answer of a recording was given, as far as its texts say."""

REDACTED: Final = "REDACTED"

NIL_GUID: Final = "00000000-0000-0000-0000-000000000000"
# The client application of the service, the same for everybody.
_PUBLIC_GUIDS = {NIL_GUID, "2a04943b-b6a7-4f65-8786-2bb6131b59f6"}

GUID_PATTERN: Final = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
GUID: Final = re.compile(GUID_PATTERN)
PHONE_NUMBER: Final = re.compile(r"\+?[0-9]{7,15}")

_EPOCH_SECONDS = int(EPOCH.timestamp())
# Where every platform can still tell the date.
_LATEST = 32_503_680_000
_SIGNATURE = base64.urlsafe_b64encode(b"fake").decode().rstrip("=")
_HOUR = 3600

# The number of the first fake of a resource is 0, so that it is FAKE_RESOURCE_ID.
_FORMATS = {
    "resource id": "00000000-0000-4000-8000-{:012}",
    "id": "00000000-0000-4000-9000-{:012}",
    "request id": "00000000-0000-4000-a000-{:012}",
    "user part": "{:08}-0000-0000-0000-000000000000",
    "custom id": "custom-id-{}",
    "opaque token": "opaque-token-{}",
    "invalid id": "invalid-id-{}",
    "tenant name": "tenant-{}.example.com",
    "user name": "user-{}@example.com",
    "subject": "subject-{}",
    "phone number": "+1555010{:04}",
}
_NUMBERED = {
    kind: re.compile(
        re.sub(r"\\\{:?0?(\d*)\\\}", lambda match: rf"(\d{{{match[1] or '1,9'}}})", re.escape(form)), re.ASCII
    )
    for kind, form in _FORMATS.items()
}
_GUID_KINDS = {"tenant id", "object id", "client id", "id"}
# What is worth more: a GUID of a known role is no longer just any GUID.
_WEAK = {"id", "request id", "invalid id", "secret"}

_IDENTITY = re.compile(r"(8:(?:acs|dod-acs|gcch-acs):)(.*)", re.DOTALL | re.IGNORECASE)
_OTHER_RAW_ID = re.compile(r"((?:8|28):[a-z-]+:)(.+)", re.DOTALL | re.IGNORECASE)
_PHONE = re.compile(r"4:(\+?[0-9]{4,15})(?:_.*)?", re.DOTALL)


def playback_connection_string() -> str:
    """Return a connection string with which a client asks for what a recording has.

    >>> playback_connection_string()
    'endpoint=https://fake.communication.azure.com/;accesskey=ZmFrZQ=='
    """
    return f"endpoint=https://{FAKE_HOST}/;accesskey={FAKE_ACCESS_KEY}"


@dataclass(frozen=True)
class Jwt:
    """A token of three parts whose claims can be read.

    Attributes:
        claims: The claims, not verified.
        header: The header.
    """

    claims: Mapping[str, Any] = field(repr=False)
    header: Mapping[str, Any] = field(repr=False)

    @property
    def is_access_token(self) -> bool:
        """Whether it is one of Azure Communication Services, not of Entra ID."""
        return "skypeid" in self.claims or "acsScope" in self.claims

    def seconds(self, claim: str) -> int | None:
        """Return a time of the claims, in epoch seconds; None when there is none."""
        value: object = self.claims.get(claim)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LATEST:
            return int(value)
        return None

    @property
    def lifetime(self) -> int | None:
        """How long it lives, in seconds; None when it does not say."""
        begin, end = self.seconds("iat"), self.seconds("exp")
        return None if begin is None or end is None else end - begin


def read_jwt(token: str) -> Jwt | None:
    """Return what a token says; None for anything but a JWT of three parts."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return Jwt(cast("dict[str, Any]", claims), cast("dict[str, Any]", header))


def is_fake_jwt(token: str) -> bool:
    """Tell whether a token is one that was made for a recording."""
    return _token_number(token) is not None


def is_fake(value: str) -> bool:
    """Tell whether a value is one that was made for a recording, or says nothing of anybody."""
    return (
        value in (FAKE_HOST, f"https://{FAKE_HOST}", FAKE_ACCESS_KEY, REDACTED, "")
        or value.lower() in _PUBLIC_GUIDS
        or _number(value) is not None
        or is_fake_jwt(value)
        or _is_fake_identity(value)
        or _is_fake_client_info(value)
    )


def _number(value: str) -> tuple[str, int] | None:
    for kind, pattern in _NUMBERED.items():
        if match := pattern.fullmatch(value):
            return kind, int(match[1])
    return None


def _token_number(token: str) -> int | None:
    if not token.endswith(f".{_SIGNATURE}"):
        return None
    jwt = read_jwt(token)
    match = jwt and re.fullmatch(r"fake-(\d{1,9})", str(jwt.header.get("kid")))
    return int(match[1]) if match else None


def _is_fake_identity(value: str) -> bool:
    match = _IDENTITY.fullmatch(value) or _OTHER_RAW_ID.fullmatch(value)
    if match:
        parts = [part for part in match[2].split("_") if part != "wf"]
        return all(part == NIL_GUID or _number(part) is not None for part in parts)
    match = _PHONE.fullmatch(value)
    return bool(match and _number(_with_plus(match[1])))


def _is_fake_client_info(value: str) -> bool:
    claims = _client_info(value)
    return bool(claims) and all(_number(text) is not None for text in claims.values())


def _client_info(value: str) -> dict[str, str]:
    """Return who signed in and where, as Entra ID tells it beside a token; empty when it cannot be read."""
    if not value.startswith("eyJ"):
        return {}
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except (ValueError, RecursionError):
        return {}
    members = cast("dict[str, object]", claims) if isinstance(claims, dict) else {}
    return {name: text for name in ("uid", "utid") if isinstance(text := members.get(name), str)}


class Fakes:
    """The fakes of one recording: a value is noted first, and gets its number when it is first written."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._wholes: dict[str, str] = {}
        self._moments: dict[str, int | None] = {}
        self._fakes: dict[str, str] = {}
        self._last: Counter[str] = Counter()
        self._has_resource = False

    def values(self) -> Iterator[tuple[str, str]]:
        """Give each value that was noted, with its kind."""
        return iter(self._kinds.items())

    def note(self, kind: str, value: str, moment: int | None = None) -> None:
        """Note a value, and those that it is made of.

        Args:
            kind: What it is, for example ``tenant id``.
            value: The value.
            moment: When it was sent, in epoch seconds; None when that is not known.
        """
        if is_fake(value):
            self._count(value)
            return
        key = _key(value)
        known = self._kinds.get(key)
        if known is not None and (known not in _WEAK or kind in _WEAK):
            return
        self._kinds[key] = kind
        if kind == "identity id":
            self._note_identity(value)
        elif kind == "phone number":
            self.note(kind, value.removeprefix("+"))
        elif kind == "token":
            self._moments[value] = moment
            self._note_token(value)
        elif kind == "client info":
            for text in _client_info(value).values():
                self.note("object id", text)

    def get(self, value: str) -> str | None:
        """Return the fake of a value; None when it was not noted."""
        key = _key(value)
        kind = self._kinds.get(key)
        if kind is None:
            return None
        if key not in self._fakes:
            self._fakes[key] = self._made(kind, value)
        return self._fakes[key]

    def _count(self, fake: str) -> None:
        token = _token_number(fake)
        if token is not None:
            self._last["token"] = max(self._last["token"], token)
            fake = str(cast("Jwt", read_jwt(fake)).claims)
        for kind, pattern in _NUMBERED.items():
            for match in pattern.finditer(fake):
                self._last[kind] = max(self._last[kind], int(match[1]))

    def _next(self, kind: str) -> int:
        if kind == "resource id" and not self._has_resource:
            self._has_resource = True
            return 0
        self._last[kind] += 1
        return self._last[kind]

    def _made(self, kind: str, value: str) -> str:
        if whole := self._wholes.get(_key(value)):
            return (self.get(whole) or REDACTED)[len(whole) - len(value) :]
        if kind == "identity id":
            return self._made_identity(value)
        if kind == "token":
            return self._made_token(value)
        if kind == "client info":
            return _segment({name: self._of("object id", text) for name, text in _client_info(value).items()})
        if kind == "phone number" and not value.startswith("+"):
            return self._of(kind, f"+{value}")[1:]
        if kind == "host":
            return FAKE_HOST
        if kind == "endpoint":
            return f"https://{FAKE_HOST}"
        if kind == "access key":
            return FAKE_ACCESS_KEY
        if kind in _GUID_KINDS:
            kind = "id"
        return _FORMATS[kind].format(self._next(kind)) if kind in _FORMATS else REDACTED

    def _of(self, kind: str, value: str) -> str:
        """Return the fake of a value that may be a fake itself."""
        if is_fake(value):
            return value
        self.note(kind, value)
        return self.get(value) or REDACTED

    def _note_identity(self, value: str) -> None:
        match = _IDENTITY.fullmatch(value)
        if match is None:
            for guid in GUID.findall(value):
                self.note("object id", guid)
            phone = _PHONE.fullmatch(value)
            if phone:
                self.note("phone number", _with_plus(phone[1]))
            return
        rest = match[2]
        for kind, part in _parts(rest):
            if GUID.fullmatch(part):
                self.note(kind, part)
        if GUID.match(rest):
            # As it is in a token, and in paths of other services.
            for part in (rest, value.partition(":")[2]):
                self._kinds.setdefault(_key(part), "identity id")
                self._wholes[_key(part)] = value

    def _made_identity(self, value: str) -> str:
        match = _IDENTITY.fullmatch(value)
        if match is not None:
            parts = list(_parts(match[2]))
            if all(GUID.fullmatch(part) or part == "wf" for _, part in parts):
                return match[1] + "_".join(part if part == "wf" else self._of(kind, part) for kind, part in parts)
            return match[1] + _FORMATS["invalid id"].format(self._next("invalid id"))
        if phone := _PHONE.fullmatch(value):
            return f"4:{self._of('phone number', phone[1])}"
        if other := _OTHER_RAW_ID.fullmatch(value):
            if GUID.fullmatch(other[2]):
                return other[1] + self._of("object id", other[2])
            return other[1] + _FORMATS["invalid id"].format(self._next("invalid id"))
        return _FORMATS["invalid id"].format(self._next("invalid id"))

    def _note_token(self, token: str) -> None:
        jwt = read_jwt(token)
        if jwt is None:
            return
        for part in token.split(".")[1:]:
            if len(part) >= 16:
                self.note("part of a token", part)
        for name, value in jwt.claims.items():
            for kind, text in _claim_values(name, value):
                self.note(kind, text)

    def _made_token(self, token: str) -> str:
        jwt = read_jwt(token)
        if jwt is None:
            return _FORMATS["opaque token"].format(self._next("opaque token"))
        claims = self._claims(jwt, self._moments.get(token))
        header = {"alg": "RS256", "kid": f"fake-{self._next('token')}", "typ": "JWT"}
        return f"{_segment(header)}.{_segment(claims)}.{_SIGNATURE}"

    def _claims(self, jwt: Jwt, moment: int | None) -> dict[str, Any]:
        begin, end = _times(jwt, moment)
        claims: dict[str, Any] = {}
        for name, value in jwt.claims.items():
            if name in ("iat", "nbf"):
                claims[name] = begin
            elif name == "csi":
                claims[name] = str(begin) if isinstance(value, str) else begin
            elif name == "exp":
                if end is not None:
                    claims[name] = end
            elif name == "aud" and isinstance(value, str):
                # An audience that is no id is the name of a service, for example https://communication.azure.com.
                claims[name] = self._of("client id", value) if GUID.fullmatch(value) else _audience(value)
            elif name == "iss":
                tenant = self._of("tenant id", str(jwt.claims.get("tid", "")))
                claims[name] = f"https://sts.windows.net/{tenant}/"
            elif name in _PLAIN_CLAIMS:
                claims[name] = _PLAIN_CLAIMS[name]
            elif _is_plain(name, value):
                claims[name] = value
            else:
                fakes = [self._claim(kind, text) for kind, text in _claim_values(name, value)]
                if fakes:
                    claims[name] = fakes if isinstance(value, list) else fakes[0]
        return claims

    def _claim(self, kind: str, text: str) -> str:
        fake = self._of(kind, text)
        return fake.removeprefix("8:") if kind == "identity id" else fake


_PLAIN_CLAIMS = {"rgn": "amer", "resourceLocation": "unitedstates"}
_CLAIM_KINDS = {
    "tid": "tenant id",
    "oid": "object id",
    "appid": "client id",
    "azp": "client id",
    "client_id": "client id",
    "groups": "object id",
    "resourceId": "resource id",
    "sub": "subject",
    "upn": "user name",
    "preferred_username": "user name",
    "unique_name": "user name",
    "email": "user name",
    "name": "user name",
}
# Names of scopes, permissions and roles.
_NAMES = re.compile(r"[A-Za-z][A-Za-z._]{0,39}(?:[ ,][A-Za-z][A-Za-z._]{0,39}){0,30}")
_AUDIENCE = re.compile(r"https://(?:auth\.msft\.)?communication\.azure\.(?:com|us)/{0,2}")


def _claim_values(name: str, value: object) -> Iterator[tuple[str, str]]:
    if name == "skypeid" and isinstance(value, str):
        yield "identity id", f"8:{value}"
    elif name in _CLAIM_KINDS:
        for text in cast("list[object]", value) if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield ("object id" if name == "sub" and GUID.fullmatch(text) else _CLAIM_KINDS[name]), text
    elif name == "aud" and isinstance(value, str) and GUID.fullmatch(value):
        yield "client id", value


def _is_plain(name: str, value: object) -> bool:
    if name in ("acsScope", "scp", "roles", "idtyp"):
        names = cast("list[object]", value) if isinstance(value, list) else [value]
        return all(
            (isinstance(each, str) and (not each or _NAMES.fullmatch(each))) or (name == "scp" and each == 1792)
            for each in names
        )
    return name == "ver" and value in ("1.0", "2.0")


def _audience(value: str) -> str:
    return value if _AUDIENCE.fullmatch(value) else REDACTED


def _times(jwt: Jwt, moment: int | None) -> tuple[int, int | None]:
    """Return when a fake begins and ends, in epoch seconds."""
    begin, end = jwt.seconds("iat"), jwt.seconds("exp")
    if end is None:
        return _EPOCH_SECONDS, None
    if moment is not None and end <= moment:
        return _EPOCH_SECONDS - 2 * _HOUR, _EPOCH_SECONDS - _HOUR
    begin = moment if begin is None else begin
    return _EPOCH_SECONDS, _EPOCH_SECONDS + (24 * _HOUR if begin is None else end - begin)


def _parts(rest: str) -> Iterator[tuple[str, str]]:
    """Give the parts of an identity id behind its kind, with what each is."""
    parts = rest.split("_")
    kinds = ["user part"] if len(parts) == 2 else ["tenant id", "object id"]
    yield "resource id", parts[0]
    if len(parts) > 1 and parts[1] == "wf":
        yield "wf", parts[1]
        parts = parts[1:]
        kinds = ["tenant id", "object id"]
    for index, part in enumerate(parts[1:]):
        yield kinds[min(index, len(kinds) - 1)], part


def _with_plus(number: str) -> str:
    return number if number.startswith("+") else f"+{number}"


def _key(value: str) -> str:
    """Ids are the same in upper and lower case."""
    return value.lower() if GUID.search(value) and len(value) < 200 else value


def _segment(members: Mapping[str, Any]) -> str:
    text = json.dumps(members, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
