"""What was asked of the emulator and how it was answered, the latest requests only."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

JOURNAL_SIZE: Final = 1000
"""How many requests the journal keeps when nothing else is said."""


# Not frozen: there is one for each request, and making a frozen one takes three times as long.
@dataclass(slots=True)
class Entry:
    """One answered request. Holds identity ids, but no key, token or signature.

    Attributes:
        number: Counts the requests of this emulator, from 1 on.
        time: When the request came, in UTC, by the clock of the emulator.
        method: The HTTP method.
        target: Path and query exactly as sent.
        operation: The name of the operation, for example ``issue_access_token``; None when it was none.
        status: The HTTP status of the answer; 0 when the connection was reset before there was one.
        duration: How long the answer took to make, in seconds.
        client_request_id: The header ``x-ms-client-request-id``; None when it was not sent.
        code: The error code of a refusal, else None.
        reason: What was wrong and what to do; None when the request was not refused.
        signature: For a signature that was refused, what was expected and what came; None else.
        fault: The faults that were injected, and by which rules; None when there was none.
    """

    number: int
    time: datetime
    method: str
    target: str = field(repr=False)
    operation: str | None
    status: int
    duration: float
    client_request_id: str | None = None
    code: str | None = None
    reason: str | None = None
    signature: Mapping[str, Any] | None = field(default=None, repr=False)
    fault: str | None = None


class Journal:
    """The latest requests. Safe to use from several threads.

    Args:
        size: How many requests are kept.
    """

    def __init__(self, size: int = JOURNAL_SIZE) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._number = 0
        self._lock = threading.Lock()

    def next_number(self) -> int:
        """Return the number of the next request."""
        with self._lock:
            self._number += 1
            return self._number

    def add(self, entry: Entry) -> None:
        """Keep an entry, and forget the oldest one when there are too many."""
        self._entries.append(entry)

    def entries(self, after: int = 0) -> list[Entry]:
        """Return what is kept of the requests with a higher number than the given one, the oldest first."""
        # A copy is one step, so that no request of another thread comes in between.
        return sorted((entry for entry in self._entries.copy() if entry.number > after), key=lambda entry: entry.number)

    def clear(self) -> None:
        """Forget all requests; the numbers go on."""
        self._entries.clear()
