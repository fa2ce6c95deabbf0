"""Reads a body as a text, whatever its encoding, and writes the text again."""

import zlib
from dataclasses import dataclass, field
from typing import Any

from ._fakes import REDACTED


@dataclass(frozen=True)
class Body:
    """A body that was read.

    Attributes:
        text: What it says; bytes that are no text are kept in it as half surrogate pairs.
        given: The body as vcrpy gave it: str, bytes or None.
        charset: What its bytes are written in.
    """

    text: str = field(repr=False)
    given: Any = field(repr=False)
    charset: str = "utf-8"

    def written(self, text: str) -> str | bytes | None:
        """Return another text in the type of this body."""
        if self.given is None:
            return None
        return self._bytes(text) if isinstance(self.given, bytes) else text

    def size(self, text: str) -> int:
        """Return how many bytes another text has."""
        return len(self._bytes(text))

    def _bytes(self, text: str) -> bytes:
        try:
            return text.encode(self.charset, "surrogateescape")
        except UnicodeEncodeError:
            return text.encode(self.charset, "replace")


def read_body(given: object, content_encoding: str) -> Body:
    """Read a body.

    Args:
        given: str, bytes or None.
        content_encoding: The header, or an empty string. What is compressed with gzip or deflate is decompressed; of a
            body that nobody can read nothing is kept.
    """
    if given is None or isinstance(given, str):
        return Body(given or "", given)
    if not isinstance(given, bytes):
        return Body(str(given), "")
    raw = given
    if content_encoding.strip().lower() not in ("", "identity") or raw.startswith(b"\x1f\x8b"):
        raw = _decompressed(raw)
    charset = _charset(raw)
    try:
        return Body(raw.decode(charset), raw, charset)
    except UnicodeDecodeError:
        return Body(raw.decode("utf-8", "surrogateescape"), raw)


def _charset(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if raw[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if raw[:1] == b"\0" else "utf-8"


def _decompressed(raw: bytes) -> bytes:
    # gzip and zlib, several of them in a row, too; then what some servers call deflate.
    for bits in (47, -15):
        read, rest = b"", raw
        while rest:
            machine = zlib.decompressobj(bits)
            try:
                read += machine.decompress(rest)
            except zlib.error:
                break
            rest = machine.unused_data
        if read:
            return read
    # Plain in spite of the header.
    return raw if raw[:1] in b"{[" else REDACTED.encode()
