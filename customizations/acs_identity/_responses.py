"""What the answers of both transports have in common: everything but how their bytes arrive."""

import codecs
import json
import re
from typing import Any, Final

from azure.core.exceptions import HttpResponseError, ResponseNotReadError, StreamClosedError, StreamConsumedError
from azure.core.rest import HttpRequest

BLOCK_SIZE: Final = 65_536

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_UNSET: Final = object()
_UTF_8: Final = (None, "utf-8", "UTF-8")


class Answer:
    """The part of :class:`azure.core.rest.HttpResponse` and its async sister that is the same for both libraries."""

    def __init__(self, request: HttpRequest, status: int, reason: str | None, content_type: str | None) -> None:
        self._request = request
        self._status = status
        self._reason = reason or ""
        self._content_type = content_type
        self._content: bytes | None = None
        self._is_closed = False
        self._is_stream_consumed = False
        self._encoding: Any = _UNSET
        self._json: Any = _UNSET

    @property
    def request(self) -> HttpRequest:
        """The request that was answered."""
        return self._request

    @property
    def url(self) -> str:
        """The URL that was asked."""
        return self._request.url

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._status

    @property
    def reason(self) -> str:
        """The words beside the status."""
        return self._reason

    @property
    def content_type(self) -> str | None:
        """The header Content-Type, or None."""
        return self._content_type

    @property
    def is_closed(self) -> bool:
        """Whether the connection is no longer needed."""
        return self._is_closed

    @property
    def is_stream_consumed(self) -> bool:
        """Whether the body was taken from the connection."""
        return self._is_stream_consumed

    @property
    def encoding(self) -> str | None:
        """The charset to read the body with: the one that was set, or the one of Content-Type where Python knows it."""
        if self._encoding is _UNSET:
            found = _CHARSET.search(self.content_type or "")
            self._encoding = found[1] if found and _is_known(found[1]) else None
        encoding: str | None = self._encoding
        return encoding

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value
        self._json = _UNSET

    @property
    def content(self) -> bytes:
        """The whole body, decompressed.

        Raises:
            azure.core.exceptions.ResponseNotReadError: It was not read yet.
        """
        if self._content is None:
            raise ResponseNotReadError(self)
        return self._content

    def body(self) -> bytes:
        """Return the whole body, under the name that msrest has for it."""
        return self.content

    def text(self, encoding: str | None = None) -> str:
        """Return the body as text: in the given charset, its own, or else UTF-8 with what is malformed replaced."""
        charset = encoding or self.encoding
        if charset is None:
            return self.content.decode("utf-8-sig", "replace")
        return self.content.decode("utf-8-sig" if charset.lower() == "utf-8" else charset)

    def json(self) -> Any:
        """Return the body as JSON, parsed once.

        Raises:
            ValueError: It is no JSON.
        """
        if self._json is _UNSET:
            # A charset other than UTF-8 is unusual, and text is made of bytes for nothing.
            self._json = json.loads(self.content if self.encoding in _UTF_8 else self.text())
        return self._json

    def raise_for_status(self) -> None:
        """Raise an error for a status from 400 on.

        Raises:
            azure.core.exceptions.HttpResponseError: The status is one.
        """
        if self._status >= 400:
            raise HttpResponseError(response=self)

    def __repr__(self) -> str:
        content_type = f", Content-Type: {self.content_type}" if self.content_type else ""
        return f"<HttpResponse: {self._status} {self._reason}{content_type}>"

    def _begin_stream(self) -> None:
        if self._is_stream_consumed:
            raise StreamConsumedError(self)
        if self._is_closed:
            raise StreamClosedError(self)
        self._is_stream_consumed = True


def _is_known(charset: str) -> bool:
    try:
        codecs.lookup(charset)
    except LookupError:
        return False
    return True
