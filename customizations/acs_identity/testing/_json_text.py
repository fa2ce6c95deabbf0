"""Changes values of a JSON text in place; what is around them stays as it is, broken or not."""

import json
import re
from collections.abc import Callable

_PART = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\],]|:|[^"{}\[\],:]+', re.DOTALL)
_NAME_ENDS = re.compile(r"\s*:")


def rewrite_json(text: str, string: Callable[[str, str], str], number: Callable[[str, str], str]) -> str:
    """Return a JSON text with other values.

    It needs no whole JSON text, keeps members with the same name apart, and takes any depth.

    Args:
        text: The JSON text, or the beginning of one.
        string: Gets the name of the member and the text of each string; returns the new text. An item of an array has
            the name of the array; the name of a member itself comes with the name ``""``.
        number: Gets the name and each number, true, false and null, as they are spelled; returns the new spelling.
    """
    parts: list[str] = []
    names: list[str] = []
    name = ""
    for match in _PART.finditer(text):
        part = match[0]
        if part[0] == '"':
            value = _decoded(part)
            if _NAME_ENDS.match(text, match.end()):
                name = value or ""
                part = _encoded(part, value, string("", name))
            else:
                part = _encoded(part, value, string(name, part[1:] if value is None else value))
        elif part in "{[":
            names.append(name)
            name = name if part == "[" else ""
        elif part in "}]":
            name = names.pop() if names else ""
        elif part not in ",:":
            bare = part.strip()
            if bare:
                part = part.replace(bare, number(name, bare), 1)
        parts.append(part)
    return "".join(parts)


def _decoded(part: str) -> str | None:
    is_whole = len(part) > 1 and part.endswith('"')
    try:
        return str(json.loads(part if is_whole else f'{part}"', strict=False))
    except ValueError:
        return None


def _encoded(part: str, old: str | None, new: str) -> str:
    if old is None:
        return part if new == part[1:] else f'"{new}'
    if new == old:
        return part
    return json.dumps(new, ensure_ascii=part.isascii())
