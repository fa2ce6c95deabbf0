"""What goes into the emulator and what comes out, free of any HTTP library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Cut = Literal["reset", "truncated"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is on the wire. Its repr shows the method only: the rest may hold secrets.

    Attributes:
        method: The HTTP method, in upper case.
        target: Path and query exactly as sent, percent-encoded, for example
            ``/identities?api-version=2026-09-23``.
        headers: The request headers, the ``Host`` header among them; kept with names in lower case.
        body: The body, empty when there is none.
        scheme: ``http`` or ``https``, whatever the client called.
        path: The target without its query, still percent-encoded.
        query: The query of the target, still percent-encoded; empty when there is none.

    >>> request = Request("POST", "/identities?api-version=2026-09-23", {"Host": "emulator.localhost"})
    >>> request.path, request.query, request.header("host")
    ('/identities', 'api-version=2026-09-23', 'emulator.localhost')
    """

    method: str
    target: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    scheme: str = field(default="http", repr=False)
    path: str = field(init=False, repr=False)
    query: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        path, _, query = self.target.partition("?")
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "query", query)
        object.__setattr__(self, "headers", {name.lower(): value for name, value in self.headers.items()})

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None when the request has none of that name."""
        return self.headers.get(name.lower())


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of the emulator. Its repr shows the status only: the rest may hold secrets.

    Attributes:
        status: The HTTP status code; 0 when a reset connection carries none.
        headers: The response headers, spelled as the service spells them.
        body: The body, empty when there is none.
        delay: How many seconds to wait before any of it is sent.
        cut: What becomes of the answer on its way: ``reset`` (the connection breaks before a byte of it arrives),
            ``truncated`` (it breaks within the body), or None. Transports and servers act it out.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    delay: float = field(default=0.0, repr=False)
    cut: Cut | None = field(default=None, repr=False)

    @property
    def arriving_body(self) -> bytes:
        """What arrives of the body, which is half of it when it is truncated and nothing after a reset."""
        if self.cut is None:
            return self.body
        return self.body[: len(self.body) // 2] if self.cut == "truncated" else b""

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None when the response has none of that name."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)
