"""Finds values in a text, however they are spelled there: plain, percent-encoded, escaped or in base64."""

import base64
import html
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

SHORTEST = 6
"""A shorter value is no part of a longer word: it is found between other characters than letters and digits only."""

# Percent-encoded twice, in JSON, in YAML: each round undoes one of them or more.
_ROUNDS = 4
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "0": "\0"}
_ESCAPES = (
    r"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+"
    r"|\\u00[0-7][0-9A-Fa-f]|(?:\\u(?!00[0-7])[0-9A-Fa-f]{4})+|\\x[0-9A-Fa-f]{2}|\\U[0-9A-Fa-f]{8}|\\[\"'\\/nrtbf0 ]"
    r"|&(?:amp|quot|apos|lt|gt|\#\d{1,5}|\#x[0-9A-Fa-f]{1,5});"
)
_ESCAPE = re.compile(_ESCAPES)
# A long text over several lines, in both ways of YAML; the second one goes for a blank.
_FOLDED = re.compile(rf"\\\r?\n[ \t]*\\?|\r?\n[ \t]*|{_ESCAPES}")
_JOINED = re.compile(r"\r?\n[ \t]*")
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Match(NamedTuple):
    """Where a value is in a text.

    Attributes:
        start: Its first character.
        end: The one behind its last.
        value: The value that was searched for.
        spelling: How it is spelled, for example ``raw`` or ``percent-encoded``.
    """

    start: int
    end: int
    value: str
    spelling: str


class _Needle(NamedTuple):
    text: str
    value: str
    is_base64: bool


class Finder:
    """Searches for many values at once.

    Args:
        values: The values; empty ones are left out.
    """

    def __init__(self, values: Iterable[str]) -> None:
        # By their last characters: the first ones are the same in all identity ids, and in all tokens.
        self._needles: dict[str, list[_Needle]] = {}
        words: dict[str, None] = {}
        for value in dict.fromkeys(values):
            if len(value) < SHORTEST:
                if value:
                    words[value] = None
                continue
            for needle in (_Needle(value, value, False), *_in_base64(value)):
                self._needles.setdefault(_lower(needle.text[-SHORTEST:]), []).append(needle)
        alternatives = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        self._words = re.compile(rf"(?<![^\W_])(?:{alternatives})(?![^\W_])") if words else None

    def layers(self, text: str, *, folded: bool = False) -> Iterator[list[Match]]:
        """Give where the values are: in the text as it is, then with each round of escapes undone.

        Args:
            text: The text.
            folded: Whether a value can go on in the next line, as in YAML.
        """
        for layer in layers_of(text, folded=folded):
            yield self._matches(layer, text)
        joined = Layer(text).undone(_JOINED, lambda _: "") if folded else None
        if joined is not None:
            yield self._matches(joined, text)

    def _matches(self, layer: "Layer", text: str) -> list[Match]:
        found: list[tuple[int, int, bool, _Needle]] = []
        lower, needles, size = _lower(layer.text), self._needles, SHORTEST
        for tail in [at for at in range(len(lower) - size + 1) if lower[at : at + size] in needles] if needles else ():
            end = tail + size
            for needle in needles[lower[tail:end]]:
                start = end - len(needle.text)
                if start < 0:
                    continue
                is_exact = layer.text.startswith(needle.text, start)
                if is_exact or (not needle.is_base64 and lower.startswith(_lower(needle.text), start)):
                    found.append((start, end, is_exact, needle))
        if self._words is not None:
            words = self._words.finditer(layer.text)
            found += [(*word.span(), True, _Needle(word[0], word[0], False)) for word in words]
        # The longest of those that begin at one place, and the one in the same case of those.
        found.sort(key=lambda each: (each[0], -each[1], not each[2]))
        matches: list[Match] = []
        last = 0
        for begin, behind, _, needle in found:
            if begin < last:
                continue
            start, end = begin, behind
            if needle.is_base64:
                start, end = _word_around(layer.text, start, end)
            start, last = max(start, last), end
            source = slice(*layer.source(start, end))
            spelling = "base64" if needle.is_base64 else layer.spelling(text[source])
            matches.append(Match(source.start, source.stop, needle.value, spelling))
        return matches


def plain_texts(text: str) -> Iterator[str]:
    """Give a text, then what it says with each round of its escapes undone."""
    return (layer.text for layer in layers_of(text, folded=False))


class Layer:
    """A text with some rounds of its escapes undone, that knows where each part of it was."""

    def __init__(
        self, text: str, outer: "Layer | None" = None, units: Iterable[tuple[int, int, int, int]] = ()
    ) -> None:
        self.text = text
        self._outer = outer
        self._units = list(units)
        self._starts = [unit[0] for unit in self._units]

    def undone(self, pattern: re.Pattern[str], meaning: Callable[[str], str]) -> "Layer | None":
        """Return the text with one more round undone; None when there is nothing to undo."""
        parts: list[str] = []
        units: list[tuple[int, int, int, int]] = []
        size = last = 0
        for match in pattern.finditer(self.text):
            meant = meaning(match[0])
            parts += (self.text[last : match.start()], meant)
            size += match.start() - last
            units.append((size, size + len(meant), *match.span()))
            size += len(meant)
            last = match.end()
        if not units:
            return None
        return Layer("".join((*parts, self.text[last:])), self, units)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of this text is in the text that all began with."""
        first, behind = self._one(start)[0], self._one(end - 1)[1]
        return (first, behind) if self._outer is None else self._outer.source(first, behind)

    def spelling(self, source: str) -> str:
        """Return what to call the spelling of a value that was found here."""
        if self._outer is None:
            return "raw"
        return next((name for mark, name in _SPELLINGS if mark in source), "raw")

    def _one(self, index: int) -> tuple[int, int]:
        at = bisect_right(self._starts, index) - 1
        if at < 0:
            return index, index + 1
        _, end, source, behind = self._units[at]
        if index < end:
            return source, behind
        return index + behind - end, index + behind - end + 1


_SPELLINGS = (
    ("\n", "YAML-folded"),
    ("%25", "percent-encoded twice"),
    ("%", "percent-encoded"),
    ("\\", "JSON-escaped"),
    ("&", "HTML-escaped"),
)


def layers_of(text: str, *, folded: bool) -> Iterator[Layer]:
    """Give a text, then each round of its escapes undone; with a first round for YAML, where lines go on."""
    plain = Layer(text)
    yield plain
    layer = plain
    for number in range(_ROUNDS):
        undone = layer.undone(_FOLDED if folded and not number else _ESCAPE, _meaning)
        if undone is None:
            return
        layer = undone
        yield layer


def _meaning(escape: str) -> str:
    if escape[0] == "%":
        return unquote(escape, errors="replace")
    if escape[0] == "&":
        return html.unescape(escape)
    if escape[0] in "\r\n":
        return " "
    if escape[1] in "\r\n":
        return ""
    if escape[1] in "xU":
        code = int(f"0x{escape[2:]}", 0)
        return chr(code) if code < 0x110000 else escape
    if escape[1] == "u":
        return str(json.loads(f'"{escape}"'))
    return _LETTERS.get(escape[1], escape[1])


def _in_base64(value: str) -> Iterator[_Needle]:
    """Give what of a value is always the same in the base64 of a text that holds it, wherever it begins there."""
    raw = value.encode("utf-8", "surrogatepass")
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw)
        # The characters at both ends are of the neighbours, too.
        core = encoded[-(-8 * before // 6) : 8 * (before + len(raw)) // 6].decode()
        for spelled in {core, core.replace("+", "-").replace("/", "_")}:
            yield _Needle(spelled, value, True)


def _word_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the base64 that a part of a text belongs to begins and ends."""
    while start and _is_base64(text[start - 1]):
        start -= 1
    while end < len(text) and (_is_base64(text[end]) or text[end] == "="):
        end += 1
    # Not the digits of a character that is percent-encoded.
    return (start + 2 if text[start - 1 : start] == "%" else start), end


def _is_base64(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "+/-_")


def _lower(text: str) -> str:
    # Not str.lower, which changes the length of some texts.
    return text.translate(_LOWER)
