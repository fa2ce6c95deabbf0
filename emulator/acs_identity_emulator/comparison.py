"""What a refused signature should have covered and what it covered, side by side, for the developer."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypedDict

SIGNATURE_HEADER: Final = "x-emulator-signature"
"""The response header that carries a comparison, as ASCII JSON and with identity ids hidden."""

HEADER_LIMIT: Final = 4096
"""The longest value of the header, in characters; headers of more than 8 KiB break clients."""

SignatureCheck = Literal["form", "header", "date", "content-hash", "signature"]

_HIDDEN = "***"
_COLON = r"(?::|%(?:25)*3A)"
_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# The user part is hidden, or all after the kind where there is no resource part to tell it from.
_IDENTITY_ID = re.compile(rf"(8{_COLON}[a-z-]{{2,20}}{_COLON}(?:{_GUID}_)?)([^/?&;\s]+)", re.IGNORECASE)
_PATH_PARAMETER = re.compile(rf"(/(?:identities|tenants|assignments)/)(?!8{_COLON}|:)([^/?;\s]+)", re.IGNORECASE)
# Percent-escapes of what is no letter and no digit.
_ESCAPES = re.compile(r"(%(?:25)*(?:2[0-9A-F]|3[A-F]|40|5[B-F]|7E))", re.IGNORECASE)
_TOKEN = re.compile(r"eyJ[\w-]{5,}(?:\.[\w-]*){0,2}")
_ESCAPED_COLON = re.compile("%3a", re.IGNORECASE)
_AROUND = 12


class Parts(NamedTuple):
    """What a string to sign is made of.

    >>> print(Parts("GET", "/a?b=1", "Wed, 13 Apr 2022 18:09:12 GMT", "example.org", "47DEQ="))
    GET
    /a?b=1
    Wed, 13 Apr 2022 18:09:12 GMT;example.org;47DEQ=
    """

    method: str
    target: str
    date: str
    host: str
    content_hash: str

    def __str__(self) -> str:
        return f"{self.method}\n{self.target}\n{self.date};{self.host};{self.content_hash}"


def spellings(target: str) -> Iterator[str]:
    """Yield the targets that count as the same: some HTTP libraries respell the colons of an id after signing."""
    yield target
    path, mark, query = target.partition("?")
    plain = _ESCAPED_COLON.sub(":", path)
    yield f"{plain}{mark}{query}"
    escaped = "/".join(part if part.startswith(":") else part.replace(":", "%3A") for part in plain.split("/"))
    yield f"{escaped}{mark}{query}"


class Side(TypedDict):
    """One side of a comparison; None is what is not known or was not sent."""

    string_to_sign: str | None
    date: str | None
    host: str | None
    content_hash: str | None


class Difference(TypedDict):
    """Where two strings to sign first differ, counted from 1 on."""

    line: int
    column: int


class Comparison(TypedDict):
    """What was expected of a signature and what came.

    Attributes:
        check: The check that failed.
        expected: What the request as it arrived asks for.
        received: What the client sent; where it was found out, what it signed.
        difference: Where the two strings to sign first differ; None when one is not known or they are equal.
        clock_offset_seconds: How far the date of the request is ahead of the emulator's clock; None without a date.
        cause: What is wrong and what to do: one ASCII line without key, token, signature or identity id.
    """

    check: SignatureCheck
    expected: Side
    received: Side
    difference: Difference | None
    clock_offset_seconds: float | None
    cause: str


def side(parts: Parts, string_to_sign: str | None = None) -> Side:
    """Return the side of a comparison whose string to sign is made of the parts, or is another one."""
    return {
        "string_to_sign": str(parts) if string_to_sign is None else string_to_sign,
        "date": parts.date,
        "host": parts.host,
        "content_hash": parts.content_hash,
    }


def map_side(of_side: Side, change: Callable[[str], str]) -> Side:
    """Return a side with each text changed by a function."""

    def changed(text: str | None) -> str | None:
        return None if text is None else change(text)

    return {
        "string_to_sign": changed(of_side["string_to_sign"]),
        "date": changed(of_side["date"]),
        "host": changed(of_side["host"]),
        "content_hash": changed(of_side["content_hash"]),
    }


def find_difference(expected: str | None, received: str | None) -> Difference | None:
    r"""Return where two texts first differ, or None.

    >>> find_difference("POST\n/a", "POST\n/b")
    {'line': 2, 'column': 2}
    """
    position = _position(expected, received)
    if expected is None or position is None:
        return None
    before = expected[:position]
    return {"line": before.count("\n") + 1, "column": position - before.rfind("\n")}


def reason(comparison: Comparison) -> str:
    """Return the cause, with the characters around the first difference of the strings to sign."""
    expected = map_side(comparison["expected"], hide_ids)["string_to_sign"]
    received = map_side(comparison["received"], hide_ids)["string_to_sign"]
    position, difference = _position(expected, received), find_difference(expected, received)
    if expected is None or received is None or position is None or difference is None:
        return comparison["cause"]
    return (
        f"{comparison['cause']} (line {difference['line']}, column {difference['column']}, marked |: "
        f"expected {_around(expected, position)}, signed {_around(received, position)})"
    )


def header_value(comparison: Comparison) -> str:
    """Return a comparison as compact ASCII JSON, with identity ids hidden and texts cut off when it gets too long."""
    expected, received = map_side(comparison["expected"], hide_ids), map_side(comparison["received"], hide_ids)
    texts = expected["string_to_sign"], received["string_to_sign"]
    position = _position(*texts)
    text = ""
    for longest in (1500, 400, 100, 20):

        def cut(text: str, longest: int = longest) -> str:
            return _cut(text, longest)

        members = {
            **comparison,
            "expected": map_side(expected, cut),
            "received": map_side(received, cut),
            "difference": find_difference(*texts) if position is not None and position < longest else None,
            "cause": _cut(comparison["cause"], 1000),
        }
        text = json.dumps(members, separators=(",", ":"))
        if len(text) <= HEADER_LIMIT:
            break
    return text


def quoted(text: str) -> str:
    r"""Return a text in quotation marks, as ASCII without line ends, cut off and with identity ids hidden.

    >>> quoted("é\n")
    "'\\xe9\\n'"
    """
    return ascii(_cut(hide_ids(text), 80))


def hide_ids(text: str) -> str:
    """Replace the user part of identity ids, and ids of Entra ID principals in a path; how they are escaped stays seen.

    >>> hide_ids("/identities/8%3Aacs%3Aec403bbc-0000-4000-8000-000000000000_1%2D2/:issueAccessToken")
    '/identities/8%3Aacs%3Aec403bbc-0000-4000-8000-000000000000_***%2D***/:issueAccessToken'
    """
    return _PATH_PARAMETER.sub(_hide_match, _IDENTITY_ID.sub(_hide_match, text))


def secret_hider(secrets: Sequence[str]) -> Callable[[str], str]:
    """Return a function that replaces secrets, and whatever looks like a token, in a text."""
    # A short one could be a part of any word.
    long_ones = sorted((secret for secret in secrets if len(secret) > 7), key=len, reverse=True)

    def hide(text: str) -> str:
        for secret in long_ones:
            text = text.replace(secret, _HIDDEN)
        return _TOKEN.sub(_HIDDEN, text)

    return hide


def _hide_match(match: re.Match[str]) -> str:
    pieces = _ESCAPES.split(match[2])
    return match[1] + "".join(piece if index % 2 else piece and _HIDDEN for index, piece in enumerate(pieces))


def _position(expected: str | None, received: str | None) -> int | None:
    if expected is None or received is None or expected == received:
        return None
    pairs = zip(expected, received, strict=False)
    shorter = min(len(expected), len(received))
    return next((index for index, (left, right) in enumerate(pairs) if left != right), shorter)


def _around(text: str, position: int) -> str:
    """Return the characters around a position, of its line only, in quotation marks."""
    before, after = text[:position].rpartition("\n")[2], text[position:].partition("\n")[0]
    return ascii(f"{before[-_AROUND:]}|{after[:_AROUND]}")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."
