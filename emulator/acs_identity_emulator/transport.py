"""azure-core transports that hand requests to an emulator in the same process: no socket, no thread."""

import codecs
import errno
import json
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, MutableMapping
from email.message import Message
from http import HTTPStatus
from http.client import IncompleteRead
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

from azure.core.exceptions import (
    HttpResponseError,
    IncompleteReadError,
    ResponseNotReadError,
    ServiceRequestError,
    ServiceResponseError,
    StreamClosedError,
    StreamConsumedError,
)
from azure.core.pipeline.transport import AsyncHttpTransport, HttpTransport
from azure.core.pipeline.transport import HttpRequest as LegacyHttpRequest
from azure.core.rest import AsyncHttpResponse, HttpRequest, HttpResponse
from azure.core.utils import case_insensitive_dict

from .emulator import Emulator
from .messages import Request, Response

AnyHttpRequest = HttpRequest | LegacyHttpRequest
"""What azure-core pipelines carry: the request of azure.core.rest, or the older one."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_BLOCK = 4096


class _Answered:
    """What the responses of both colours share: the answer is in memory from the start."""

    def __init__(self, request: AnyHttpRequest, response: Response) -> None:
        self._request = request
        self._response = response
        self._headers: MutableMapping[str, str] = case_insensitive_dict(response.headers)
        self._encoding: str | None = None
        self._is_read = False
        self._is_streamed = False
        self._is_closed = False

    @property
    def request(self) -> HttpRequest:
        """The request that was answered; an older one when an older one was sent."""
        return cast(HttpRequest, self._request)

    @property
    def status_code(self) -> int:
        """The HTTP status code."""
        return self._response.status

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The response headers; names are compared without case."""
        return self._headers

    @property
    def reason(self) -> str:
        """The reason phrase of the status code."""
        return HTTPStatus(self._response.status).phrase

    @property
    def content_type(self) -> str | None:
        """The content type, or None."""
        return self._headers.get("Content-Type")

    @property
    def is_closed(self) -> bool:
        """Whether the response was closed."""
        return self._is_closed

    @property
    def is_stream_consumed(self) -> bool:
        """Whether the body was read or iterated over."""
        return self._is_read or self._is_streamed

    @property
    def encoding(self) -> str | None:
        """The encoding that was set, or the charset of the content type, or None."""
        if self._encoding is not None:
            return self._encoding
        message = Message()
        message["Content-Type"] = self.content_type or ""
        return message.get_content_charset()

    @encoding.setter
    def encoding(self, value: str | None) -> None:
        self._encoding = value

    @property
    def url(self) -> str:
        """The URL of the request."""
        return self._request.url

    @property
    def content(self) -> bytes:
        """The body.

        Raises:
            azure.core.exceptions.ResponseNotReadError: It was not read yet.
        """
        if not self._is_read:
            raise ResponseNotReadError(cast(HttpResponse, self))
        return self._response.body

    def body(self) -> bytes:
        """Return the body, reading it when that was not done yet; older pipelines and msrest ask for it."""
        return self._load()

    def text(self, encoding: str | None = None) -> str:
        """Return the body as text, in UTF-8 unless an encoding is given or known; a byte order mark is dropped."""
        name = encoding or self.encoding or "utf-8"
        return self.content.decode("utf-8-sig" if codecs.lookup(name).name == "utf-8" else name)

    def json(self) -> Any:
        """Return the body read as JSON."""
        return json.loads(self.text())

    def raise_for_status(self) -> None:
        """Raise when the status is 400 or above.

        Raises:
            azure.core.exceptions.HttpResponseError: It is.
        """
        if self.status_code >= 400:
            raise HttpResponseError(response=cast(HttpResponse, self))

    def _load(self) -> bytes:
        if not self._is_read:
            self._check_unread()
            self._is_closed = True
            self._check_whole()
            self._is_read = True
        return self._response.body

    def _blocks(self) -> Iterator[bytes]:
        if not self._is_read:
            self._check_unread()
            self._is_streamed = True
        body = self._response.arriving_body
        for start in range(0, len(body), _BLOCK):
            yield body[start : start + _BLOCK]
        self._is_closed = True
        self._check_whole()

    def _check_whole(self) -> None:
        arrived, expected = len(self._response.arriving_body), len(self._response.body)
        if arrived < expected:
            cause = IncompleteRead(self._response.arriving_body, expected - arrived)
            raise IncompleteReadError(str(cause), error=cause) from cause

    def _check_unread(self) -> None:
        if self._is_streamed:
            raise StreamConsumedError(cast(HttpResponse, self))
        if self._is_closed:
            raise StreamClosedError(cast(HttpResponse, self))


class EmulatorResponse(_Answered, HttpResponse):
    """A response of `EmulatorTransport`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the response."""
        self._is_closed = True

    def read(self) -> bytes:
        """Return the body."""
        return self._load()

    def iter_raw(self, **_: Any) -> Iterator[bytes]:
        """Iterate over the body in blocks."""
        yield from self._blocks()

    def iter_bytes(self, **_: Any) -> Iterator[bytes]:
        """Iterate over the body in blocks."""
        yield from self._blocks()

    def stream_download(self, _pipeline: object = None, **_: Any) -> Iterator[bytes]:
        """Iterate over the body in blocks; older pipelines ask for it."""
        return self._blocks()


class AsyncEmulatorResponse(_Answered, AsyncHttpResponse):
    """A response of `AsyncEmulatorTransport`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the response."""
        self._is_closed = True

    async def read(self) -> bytes:
        """Return the body."""
        return self._load()

    async def load_body(self) -> None:
        """Read the body; older pipelines ask for it."""
        self._load()

    async def iter_raw(self, **_: Any) -> AsyncIterator[bytes]:
        """Iterate over the body in blocks."""
        for block in self._blocks():
            yield block

    async def iter_bytes(self, **_: Any) -> AsyncIterator[bytes]:
        """Iterate over the body in blocks."""
        for block in self._blocks():
            yield block

    def stream_download(self, _pipeline: object = None, **_: Any) -> AsyncIterator[bytes]:
        """Iterate over the body in blocks; older pipelines ask for it."""
        return self.iter_bytes()


class EmulatorTransport(HttpTransport[AnyHttpRequest, HttpResponse]):
    """A transport for azure-core clients that asks an emulator in this process, whatever host the URL names.

    >>> from azure.core import PipelineClient
    >>> from azure.core.rest import HttpRequest
    >>> emulator = Emulator()
    >>> with PipelineClient(emulator.endpoint, policies=[], transport=EmulatorTransport(emulator)) as client:
    ...     client.send_request(HttpRequest("POST", f"{emulator.endpoint}/identities"))
    <HttpResponse: 401 Unauthorized, Content-Type: application/json>
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._is_closed = False

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Make the transport ready, also after it was closed."""
        self._is_closed = False

    def close(self) -> None:
        """Refuse requests from now on."""
        self._is_closed = True

    def send(self, request: AnyHttpRequest, *, stream: bool = False, **_: Any) -> EmulatorResponse:
        """Ask the emulator.

        Args:
            request: The request; its body can be text, bytes, a readable file or an iterable of bytes.
            stream: Whether to leave the body of the response to be read by the caller.
            **_: Other options of azure-core (timeouts, certificates) mean nothing here.

        Raises:
            ValueError: The transport is closed.
            TypeError: The body is of another kind.
            azure.core.exceptions.ServiceResponseError: A fault resets the connection.
            azure.core.exceptions.IncompleteReadError: A fault ends the body in its middle; a streamed response raises
                it when it is read.
        """
        _check_open(self._is_closed)
        answer = self._emulator.handle(_to_request(request, _read_body(request)))
        if answer.delay:
            self.sleep(answer.delay)
        if answer.cut == "reset":
            cause = _reset_error()
            raise ServiceResponseError(str(cause), error=cause) from cause
        response = EmulatorResponse(request, answer)
        if not stream:
            response.read()
        return response


class AsyncEmulatorTransport(AsyncHttpTransport[AnyHttpRequest, AsyncHttpResponse]):
    """The asynchronous twin of `EmulatorTransport`."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._is_closed = False

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Make the transport ready, also after it was closed."""
        self._is_closed = False

    async def close(self) -> None:
        """Refuse requests from now on."""
        self._is_closed = True

    async def send(self, request: AnyHttpRequest, *, stream: bool = False, **_: Any) -> AsyncEmulatorResponse:
        """Ask the emulator; as `EmulatorTransport.send`, and the body can also be an asynchronous iterable.

        Raises:
            azure.core.exceptions.ServiceRequestError: A fault resets the connection. Azure-core's asynchronous
                transport, unlike its other one, takes this for an error of the request.
        """
        _check_open(self._is_closed)
        content = _content(request)
        if isinstance(content, AsyncIterable):
            body = b"".join([_to_bytes(part) async for part in cast(AsyncIterable[object], content)])
        else:
            body = _read_body(request)
        answer = self._emulator.handle(_to_request(request, body))
        if answer.delay:
            await self.sleep(answer.delay)
        if answer.cut == "reset":
            cause = _reset_error()
            raise ServiceRequestError(str(cause), error=cause) from cause
        response = AsyncEmulatorResponse(request, answer)
        if not stream:
            await response.read()
        return response


def _check_open(is_closed: bool) -> None:
    if is_closed:
        raise ValueError("The emulator transport is closed, and so is its client: make a new client.")


def _reset_error() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def _to_request(request: AnyHttpRequest, body: bytes) -> Request:
    url = urlsplit(request.url)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname or ""
    if url.port not in (None, _DEFAULT_PORTS.get(url.scheme)):
        host = f"{host}:{url.port}"
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    return Request(request.method.upper(), target, {"Host": host, **request.headers}, body, url.scheme)


def _content(request: AnyHttpRequest) -> object:
    if isinstance(request, LegacyHttpRequest):
        return request.files or request.data
    return request.content


def _read_body(request: AnyHttpRequest) -> bytes:
    content = _content(request)
    if content is None:
        return b""
    read = getattr(content, "read", None)
    if read is not None:
        return _to_bytes(read())
    if isinstance(content, str | bytes | bytearray):
        return _to_bytes(content)
    if isinstance(content, Mapping) or not isinstance(content, Iterable):
        raise TypeError("The emulator transport takes text, bytes, files and iterables of bytes as request bodies.")
    return b"".join(_to_bytes(part) for part in cast(Iterable[object], content))


def _to_bytes(part: object) -> bytes:
    if isinstance(part, str):
        return part.encode("utf-8")
    if isinstance(part, bytes | bytearray):
        return bytes(part)
    raise TypeError(f"The emulator transport takes no part of a request body of the type {type(part).__name__}.")
