"""Takes every secret out of the interactions of a recording, by what the contract says is one."""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from ._fakes import FAKE_HOST, GUID, REDACTED, Fakes, is_fake
from ._spellings import SHORTEST, Finder, plain_texts
from ._vocabulary import ANY_GUID, ANYWHERE, CREDENTIAL_HEADER, EMPTY_HASH, ORDINARY, PUBLIC_HOSTS
from ._walk import Interaction, Walk

__all__ = ["Interaction", "Scrubbed", "Secret", "scrub"]


@dataclass(frozen=True)
class Secret:
    """What was taken out of a recording.

    Attributes:
        kind: What it was, for example ``access token``.
        value: The value itself; the repr does not show it.
    """

    kind: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Scrubbed:
    """A recording without secrets.

    Attributes:
        interactions: The interactions with fakes.
        secrets: What is no longer in them.
    """

    interactions: list[Interaction]
    secrets: frozenset[Secret] = field(repr=False)


def scrub(interactions: Iterable[Interaction], secrets: Iterable[str] = ()) -> Scrubbed:
    """Replace every secret in the interactions of one cassette.

    One value has one fake wherever it appears: in URLs, headers and bodies. Fakes are counted by kind in the order in
    which they are first written, so that another recording of the same requests gives the same text. Fakes that are
    there already stay, and the first real resource is always FAKE_RESOURCE_ID.

    Words of the contract such as ``chat`` or ``invalid``, and values of one or two characters, are replaced only where
    they stand for themselves, not in other texts.

    Args:
        interactions: All interactions of one cassette; they are not changed.
        secrets: Further texts that must not be seen; each becomes ``REDACTED``.

    >>> identity_id = "8:acs:ec403bbc-0000-4000-8000-a5e9fc5dd2c0_00000007-db1b-9433-6032-3b3a0d0048e0"
    >>> interaction = {
    ...     "request": {
    ...         "method": "DELETE",
    ...         "uri": f"https://contoso.communication.azure.com/identities/{identity_id}?api-version=2023-10-01",
    ...         "body": None,
    ...         "headers": {"Authorization": ["HMAC-SHA256 SignedHeaders=...&Signature=c2VjcmV0"]},
    ...     },
    ...     "response": {"status": {"code": 204, "message": "No Content"}, "headers": {}, "body": {"string": ""}},
    ... }
    >>> request = scrub([interaction]).interactions[0]["request"]
    >>> request["uri"].partition("/identities/")[2]
    '8:acs:00000000-0000-4000-8000-000000000000_00000001-0000-0000-0000-000000000000?api-version=2023-10-01'
    >>> request["headers"]
    {}
    """
    given = list(interactions)
    finding = _Finding()
    for secret in secrets:
        finding.fakes.note("secret", secret)
    for interaction in given:
        finding.interaction(interaction)
    writing = _Writing(finding.fakes)
    return Scrubbed([writing.interaction(interaction) for interaction in given], frozenset(finding.secrets()))


# What overlaps is for the next one; a secret that is part of a fake must not go on for ever.
_ROUNDS = 8


class _Finding(Walk):
    """Notes every secret."""

    def __init__(self) -> None:
        self.fakes = Fakes()
        self._seen: set[tuple[bool, str]] = set()

    def secrets(self) -> Iterator[Secret]:
        """Give what was noted, except words that anybody could have written."""
        return (Secret(kind, value) for value, kind in self.fakes.values() if value.lower() not in ORDINARY)

    def named(self, kind: str, value: str) -> str:
        self.fakes.note(_kind_of(kind, value), value, self.times.moment)
        return self.text(value)

    def text(self, text: str) -> str:
        # Names of members come again and again.
        known = (self.is_ours or self.is_login, text)
        if known in self._seen:
            return text
        self._seen.add(known)
        for plain in plain_texts(text):
            for kind, pattern in ANYWHERE:
                for match in pattern.finditer(plain):
                    self._note(kind, match[1])
            if self.is_ours or self.is_login:
                for guid in ANY_GUID.findall(plain):
                    self.fakes.note("id", guid)
        return text

    def dropped(self, name: str, value: str) -> None:
        if value == EMPTY_HASH or not CREDENTIAL_HEADER.search(name):
            return
        self.text(value)
        scheme, _, rest = value.partition(" ")
        if name == "authorization":
            # Of a signature, only the signature is secret, and it was noted above.
            for credential in (rest.strip() or scheme, *_basic(rest)) if "signature=" not in rest.lower() else ():
                self.fakes.note("credential", credential)
        elif "cookie" in name:
            for pair in value.split(";"):
                self.fakes.note("cookie", pair.partition("=")[2].strip())
        else:
            self.fakes.note("request id" if GUID.fullmatch(value) else "header", value)

    def _note(self, kind: str, value: str) -> None:
        if kind == "host":
            self._note_host(value)
        elif kind == "skypeid":
            self.fakes.note("identity id", f"8:{value}")
        else:
            self.fakes.note(kind, value.rstrip(".-") if kind == "identity id" else value, self.times.moment)

    def _note_host(self, host: str) -> None:
        if host.lower() in (FAKE_HOST, *PUBLIC_HOSTS):
            return
        self.fakes.note("host", host)
        self.fakes.note("resource name", host.partition(".")[0])


class _Writing(Walk):
    """Writes a fake for every secret that was noted."""

    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes
        self._finder = Finder(value for value, kind in fakes.values() if _is_searched(kind, value))
        self._written: dict[str, str] = {}

    def named(self, kind: str, value: str) -> str:
        if is_fake(value) or (kind != "custom id" and value.lower() in ORDINARY):
            return value
        fake = self._fakes.get(value)
        return self.text(value) if fake is None else fake

    def text(self, text: str) -> str:
        if text not in self._written:
            self._written[text] = self._hidden(text)
        return self._written[text]

    def dropped(self, name: str, value: str) -> None:
        pass

    def _hidden(self, text: str) -> str:
        for _ in range(_ROUNDS):
            matches = [match for layer in self._finder.layers(text) for match in layer]
            if not matches:
                break
            parts: list[str] = []
            last = 0
            # A whole before its parts, in whatever spelling it is.
            for match in sorted(matches, key=lambda each: (each.start, -each.end)):
                if match.start >= last:
                    parts += (text[last : match.start], self._spelled(match.value, match.spelling))
                    last = match.end
            text = "".join((*parts, text[last:]))
        return text

    def _spelled(self, value: str, spelling: str) -> str:
        fake = self._fakes.get(value)
        if fake is None or spelling == "base64":
            return REDACTED
        if spelling == "percent-encoded twice":
            return quote(quote(fake, safe=""), safe="")
        return quote(fake, safe="") if spelling == "percent-encoded" else fake


def _kind_of(kind: str, value: str) -> str:
    """Return what a value is that stands where one of a kind is expected."""
    if kind not in ("tenant id", "object id", "client id", "resource id") or GUID.fullmatch(value):
        return kind
    if kind == "tenant id":
        return "tenant name" if "." in value else "invalid id"
    return "identity id" if re.match(r"(?:8|28):|4:\+?\d", value) else "invalid id"


def _is_searched(kind: str, value: str) -> bool:
    """Tell whether a value is replaced in any text, not only where it stands for itself."""
    if kind == "secret":
        return True
    if kind == "host":
        return "." in value or ":" in value
    if value.lower() in ORDINARY or (kind == "resource name" and len(value) < SHORTEST):
        return False
    return len(value) >= SHORTEST or (len(value) > 2 and not value.isdigit())


def _basic(credentials: str) -> list[str]:
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return []
    return [user, password]
