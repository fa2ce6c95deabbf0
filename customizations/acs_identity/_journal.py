"""The journal of a bulk call: a file that tells, after a crash, what was done."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_FORMAT = "acs-identity bulk journal 1"


class JournalError(ValueError):
    """A journal cannot be used: it is of another call, damaged, or in use."""

    __module__ = "acs_identity"


class Journal:
    """Lines of JSON in a file that its owner alone can read: it holds identity ids and access tokens.

    The first line says which call it is of. Each further line is an item that was done, with its answer. A line counts
    once it is on the disk; one that a crash left half written is cut off.

    Args:
        path: The file; made when it is not there.
        call: What tells the call from others: endpoint, method, API version, scopes.

    Raises:
        JournalError: The file is the journal of another call, is no journal, or is in use.
        OSError: The file cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str], call: dict[str, Any]) -> None:
        self._path = Path(path)
        # Not with open(): others must not be able to read it, not even for a moment.
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        try:
            _lock(self._file.fileno(), self._path)
            self.done = self._read({"journal": _FORMAT, **call})
        except BaseException:
            self._file.close()
            raise

    def _read(self, head: dict[str, Any]) -> dict[int, dict[str, Any]]:
        """Return what was done by its number, and get ready to write behind it."""
        text = self._file.read()
        whole = text.rfind(b"\n") + 1
        lines = list(self._parsed(text[:whole]))
        if not lines:
            if whole or not _line(head).startswith(text):
                raise JournalError(f"{self._path} is no journal of a bulk call. Name another file.")
            self._file.truncate(0)
            self._file.seek(0)
            if hasattr(os, "fchmod"):
                # An empty file may have been made by somebody who let others read it.
                os.fchmod(self._file.fileno(), 0o600)
            self.write([head])
            return {}
        if lines[0] != head:
            raise JournalError(
                f"{self._path} is the journal of another call, with another {_first_difference(lines[0], head)}. "
                "Name another file, or make the same call again."
            )
        self._file.truncate(whole)
        self._file.seek(whole)
        return {line["number"]: line for line in lines[1:]}

    def _parsed(self, text: bytes) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(text.splitlines(), 1):
            try:
                parsed = json.loads(line)
            except ValueError:
                parsed = None
            if isinstance(parsed, dict) and (number == 1 or _is_number(parsed.get("number"))):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
                yield parsed
            elif number == 1:
                return
            else:
                raise JournalError(f"{self._path} is damaged in line {number}. Mend or remove it.")

    def write(self, lines: Iterable[dict[str, Any]]) -> None:
        """Write lines, and return when they are on the disk.

        Raises:
            OSError: They cannot be written.
        """
        self._file.write(b"".join(_line(line) for line in lines))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, which others may use then."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _line(members: dict[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode("utf-8") + b"\n"


def _is_number(value: object) -> bool:
    return type(value) is int and value >= 0


def _first_difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Return the singular of the first member that differs, as people say it."""
    name = next((name for name in (*wanted, *found) if found.get(name) != wanted.get(name)), "format")
    return {"scopes": "list of scopes", "token_expires_in": "lifetime"}.get(name, name.replace("_", " "))


def _lock(descriptor: int, path: Path) -> None:
    """Keep others out of the file until it is closed; the system does that when the process ends, too."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            raise JournalError(f"{path} is in use by another bulk call.") from None
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalError(f"{path} is in use by another bulk call.") from None
