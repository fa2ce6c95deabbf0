"""Searches the text of a recording for secrets: those that are known, and those that look like one."""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ._fakes import GUID, is_fake
from ._scrubbing import Secret
from ._spellings import SHORTEST, Finder, layers_of
from ._vocabulary import EMPTY_HASH, JWT_PATTERN, ORDINARY, RAW_ID_PATTERN


@dataclass(frozen=True)
class Leak:
    """Where a secret is in a text; it does not hold the secret.

    Attributes:
        kind: What it is, for example ``access token``.
        line: The line, from 1 on.
        column: The column of its first character, from 1 on.
        spelling: How it is spelled there: ``raw``, ``percent-encoded``, ``percent-encoded twice``, ``JSON-escaped``,
            ``HTML-escaped``, ``YAML-folded`` or ``base64``.
    """

    kind: str
    line: int
    column: int
    spelling: str


def find_leaks(text: str, secrets: Iterable[Secret]) -> list[Leak]:
    """Search the text of a cassette for secrets, however they are spelled.

    Upper and lower case are the same. A secret of less than six characters is not searched for, nor is a word of the
    contract such as ``chat`` or ``identity``: there is nearly always one in a cassette that has nothing to do with it.

    Args:
        text: The text of the file, in YAML or JSON.
        secrets: What `scrub` took out.

    Returns:
        The leaks in the order of the text.

    >>> find_leaks("uri: https://fake/?name=anna%40contoso.com", [Secret("custom id", "anna@contoso.com")])
    [Leak(kind='custom id', line=1, column=25, spelling='percent-encoded')]
    """
    kinds = {
        secret.value: secret.kind
        for secret in secrets
        if len(secret.value) >= SHORTEST and secret.value.lower() not in ORDINARY and not is_fake(secret.value)
    }
    place = _Places(text)
    seen: dict[tuple[str, int], Leak] = {}
    for matches in Finder(kinds).layers(text, folded=True):
        for match in matches:
            leak = Leak(kinds[match.value], *place(match.start), match.spelling)
            seen.setdefault((match.value, match.start), leak)
    return sorted(seen.values(), key=lambda leak: (leak.line, leak.column))


def scan(text: str) -> list[Leak]:
    """Search the text of anybody's cassette for what looks like a secret.

    Fakes of this package and usual placeholders, for example ``REDACTED``, ``Sanitized`` and ``***``, are none.

    A string counts as random, kind ``high-entropy string``, when it has 20 characters of base64 or more that are no
    GUID, with small and capital letters and digits, at least 3.5 bits for each character, and when small letters,
    capital letters, digits and signs take turns at every third character or more often; names, paths and user agents
    do so less. So does a string of 32 hexadecimal digits or more with at least 3 bits each. The content hash of an
    empty body is known to everybody and does not count.

    Args:
        text: The text of the file, in YAML or JSON.

    Returns:
        What was found, in the order of the text; of two that overlap, only what is better known.

    >>> scan("endpoint=https://contoso.communication.azure.com/;accesskey=bm90IGEgcmVhbCBrZXkgYXQgYWxs")
    [Leak(kind='connection string', line=1, column=61, spelling='raw')]
    """
    place = _Places(text)
    taken = bytearray(len(text))
    leaks: list[Leak] = []
    layers = list(layers_of(text, folded=True))
    # What is known best comes first, in all spellings.
    for kind, pattern in _PATTERNS:
        for layer in layers:
            for match in pattern.finditer(layer.text):
                start, end = layer.source(*match.span(match.lastindex or 0))
                value = match[match.lastindex or 0]
                if any(taken[start:end]) or (kind == "high-entropy string" and not _is_random(value)):
                    continue
                taken[start:end] = b"\1" * (end - start)
                if not _is_placeholder(value):
                    leaks.append(Leak(kind, *place(start), layer.spelling(text[start:end])))
    return sorted(leaks, key=lambda leak: (leak.line, leak.column))


_IS = r"[\"']?\s*[=:]\s*[\"']?"
_PATTERNS = [
    (kind, re.compile(pattern, re.ASCII | flags))
    for kind, pattern, flags in (
        ("private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----", 0),
        ("token", rf"(?:(?<=%[0-9A-Fa-f]{{2}})|(?<![A-Za-z0-9+/.])){JWT_PATTERN}", 0),
        ("connection string", r"endpoint=https?://[^;\s\"']{1,300};\s*accesskey=([\w+/-]+={0,2})", re.IGNORECASE),
        (
            "access key",
            rf"(?:access_?key|account_?key|primary_?key|secondary_?key){_IS}([\w+/-]{{16,}}={{0,2}})",
            re.IGNORECASE,
        ),
        ("SAS signature", r"(?:[?&;]|\b)sig=([\w+/%-]{16,}={0,2})", re.IGNORECASE),
        ("signature", r"signature=([\w+/%-]{16,}={0,2})", re.IGNORECASE),
        ("bearer token", r"\bBearer\s+([\w.~+/-]{20,}=*)", re.IGNORECASE),
        ("password", r"\bBasic\s+([A-Za-z0-9+/]{8,}={0,2})(?![\w+/])", 0),
        ("identity id", RAW_ID_PATTERN, re.IGNORECASE),
        (
            "cookie",
            (
                r"(?:^[ \t]*(?:-[ \t]*)?|[{,]\s*)[\"']?(?:set-)?cookie[\"']?[ \t]*:\s*"
                r"(?:\[\s*|-\s+)?[\"']?([^\s\"'=]{1,100}=[^\s\"';,]{4,})"
            ),
            re.IGNORECASE | re.MULTILINE,
        ),
        (
            "client secret",
            rf"(?:client_?secret|client_?assertion|refresh_?token|device_?code|password){_IS}([^\s\"'&,;]{{6,}})",
            re.IGNORECASE,
        ),
        ("high-entropy string", r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{20,4000}={0,2}", 0),
    )
]
_PLACEHOLDER = re.compile(
    r"(?:[\w.-]{1,40}=)?(?:(?:redacted|sanitized|fake|dummy|placeholder|example|null|none|true|false)[\w.-]{0,20}"
    r"|[x*]{3,}|<.*|\{.*|\$.*)",
    re.IGNORECASE,
)
_CLASSES = re.compile(r"[a-z]+|[A-Z]+|[0-9]+|[^A-Za-z0-9]+")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")


def _is_random(word: str) -> bool:
    if word == EMPTY_HASH or is_fake(word):
        return False
    if _HEX.fullmatch(word):
        return _entropy(word) >= 3
    word = GUID.sub("", word).rstrip("=")
    return (
        len(word) >= 20
        and all(re.search(kind, word) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        and 3 * len(_CLASSES.findall(word)) >= len(word)
        and _entropy(word) >= 3.5
    )


def _entropy(word: str) -> float:
    """Return how many bits each character of a word has, by how often it comes in it."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())


def _is_placeholder(value: str) -> bool:
    return is_fake(value) or is_fake(value.rstrip(".-")) or _PLACEHOLDER.fullmatch(value) is not None


class _Places:
    """Tells line and column of a character, both from 1 on."""

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def __call__(self, index: int) -> tuple[int, int]:
        line = bisect_right(self._ends, index - 1)
        return line + 1, index - (self._ends[line - 1] if line else -1)
