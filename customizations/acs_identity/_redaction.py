"""Keeps identity ids, tokens and keys out of texts that people read: errors, log lines, reprs."""

import html
import json
import re
from collections.abc import Callable, Collection
from functools import cache
from typing import Any, cast
from urllib.parse import quote

from azure.core.exceptions import ODataV4Format

# Plain, percent-encoded once or more, escaped in HTML or in JSON.
_SLASH = r"(?:\\?/|%(?:25)*2F|&\#(?:47|x2F);|\\u002F)"
_COLON = r"(?::|%(?:25)*3A|&\#(?:58|x3A);|\\u003A)"
_QUOTE = r"(?:\\{0,3}[\"']|&quot;|&\#3[49];|%(?:25)*22)"
_KINDS = "acs|spool|orgid|dod|gcch|dod-acs|gcch-acs|teamsvisitor|dod-global|gcch-global"
_IS = rf"\s{{0,9}}{_COLON}\s{{0,9}}"
_MEMBERS = "customId|token|id|userId|tenantId|objectId|accessKey"
_REST = r"(?:[\w.+@%-]|&\#\w{1,6};|\\u[0-9A-F]{4}|:(?=\w))+"

_PATTERNS = [
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (
            rf"({_SLASH}(?:identities|tenants|assignments){_SLASH})(?:(?!{_SLASH}|&quot;|&lt;)(?:&\#|[^?\#\s'\"<>]))+",
            r"\1REDACTED",
        ),
        (rf"(28|8){_COLON}({_KINDS}){_COLON}{_REST}", r"\1:\2:REDACTED"),
        (rf"\b(28|8){_COLON}([a-z-]+){_COLON}{_REST}", r"\1:\2:REDACTED"),
        (rf"\b28{_COLON}[0-9a-f]{{8}}-[0-9a-f-]+", "28:REDACTED"),
        (rf"(?:\b|(?<=%[0-9a-f]{{2}}))4{_COLON}(?:\+|%(?:25)*2B)?\d[\w.+-]*", "4:REDACTED"),
        (r"eyJ[\w-]{5,}(?:\.[\w-]*){0,2}", "REDACTED"),
        (r"((?:signature|accesskey)(?:=|%(?:25)*3D))[\w+/=%\\-]+", r"\1REDACTED"),
        (r"(\bBearer\s+)[\w.~+/=-]{20,}", r"\1REDACTED"),
        (
            rf"({_QUOTE}(?:{_MEMBERS}){_QUOTE}{_IS}(?P<quote>{_QUOTE}))(?:\\.|[^\n])*?(?=(?P=quote)|\n|$)",
            r"\1REDACTED",
        ),
        # What msrest says of a part of an answer that it cannot read.
        (r"(response data\. Data: )(?s:.)*", r"\1REDACTED"),
    )
]


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """Return the text with every identity id, phone number id, token, signature and key that can be told replaced.

    Args:
        text: The text.
        secrets: What else must not be seen, for example a custom id, which looks like any other word.

    >>> redact("POST /identities/8%3Aacs%3A0a1b_2c3d/:issueAccessToken?api-version=2026-09-23")
    'POST /identities/REDACTED/:issueAccessToken?api-version=2026-09-23'
    >>> redact("no such user 8:acs:0a1b_2c3d")
    'no such user 8:acs:REDACTED'
    >>> redact("alice is taken", ["alice"])
    'REDACTED is taken'
    """
    return redactor(secrets)(text)


def redactor(secrets: Collection[str]) -> Callable[[str], str]:
    """Return `redact` for many texts: the pattern of the secrets is compiled once, and forgotten with the function."""
    patterns = [(_literals(secrets), "REDACTED"), *_PATTERNS] if secrets else _PATTERNS

    # Not a partial: its repr would show the secrets.
    def hide(text: str) -> str:
        for pattern, replacement in patterns:
            text = pattern.sub(replacement, text)
        return text

    return hide


def _literals(secrets: Collection[str]) -> re.Pattern[str]:
    spellings = {
        spelling
        for secret in secrets
        for spelling in (
            secret,
            quote(secret, safe="", errors="replace"),
            quote(secret, safe=":@", errors="replace"),
            quote(quote(secret, safe="", errors="replace"), safe=""),
            json.dumps(secret)[1:-1],
            html.escape(secret),
        )
    }
    # A short one could be a part of any word.
    return re.compile(
        "|".join(
            re.escape(spelling) if len(spelling) > 7 else rf"(?<!\w){re.escape(spelling)}(?!\w)"
            for spelling in sorted(spellings, key=len, reverse=True)
        ),
        re.IGNORECASE,
    )


def redact_errors(
    error: BaseException, hide: Callable[[str], str] = redact, caller: BaseException | None = None
) -> None:
    """Redact in place the texts of an exception and of all that it holds or follows from; types and structure stay.

    Args:
        error: The exception.
        hide: Redacts a text: `redact`, or what `redactor` returned.
        caller: The exception that the caller was handling when it called; it and what is behind it are the caller's.
    """
    waiting: list[Any] = [error]
    seen = {id(caller)}
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        current.args = tuple(_hidden(value, hide) for value in current.args)
        for name, value in vars(current).items():
            current.__dict__[name] = _hidden(value, hide)
        if any(hide(text) != text for text in (str(current), repr(current))):
            _hide_when_shown(current, hide)
        waiting += [current.__cause__, current.__context__, *current.args, *vars(current).values()]
        waiting += getattr(current, "exceptions", ())


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return hide(value)
    if type(value) in (list, tuple):
        parts = cast(list[Any] | tuple[Any, ...], value)
        return type(parts)(_hidden(part, hide) for part in parts)
    if type(value) is dict:
        members = value.items()  # pyright: ignore[reportUnknownVariableType]
        return {_hidden(key, hide): _hidden(part, hide) for key, part in members}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, ODataV4Format):
        value.__dict__.update({name: _hidden(part, hide) for name, part in vars(value).items()})
    return value


def _hide_when_shown(error: BaseException, hide: Callable[[str], str]) -> None:
    """Redact the texts of an exception that makes them anew of what it holds, for example of the URL of a request."""
    kind: Any = type(error)
    try:
        error.__class__ = _hiding(kind)
    except TypeError:
        # A class of the interpreter itself, for example OSError: it shows only what the system said.
        return
    error.__dict__["_hide"] = hide


@cache
def _hiding(kind: Any) -> type[BaseException]:
    """Return a subclass of the same name whose texts are redacted each time they are made."""

    def show(error: Any) -> str:
        return cast(str, error._hide(kind.__str__(error)))  # noqa: SLF001 - a method of the class made below

    def show_for_developers(error: Any) -> str:
        return cast(str, error._hide(kind.__repr__(error)))  # noqa: SLF001

    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), {**names, "__str__": show, "__repr__": show_for_developers})
