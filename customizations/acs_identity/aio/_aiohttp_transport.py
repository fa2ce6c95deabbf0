"""The transport of the async client: azure-core's interface over aiohttp, and nothing between."""

import base64
import zlib
from collections.abc import AsyncIterator, MutableMapping
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import ClientSession, ClientTimeout
from azure.core.exceptions import (
    AzureError,
    DecodeError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.core.utils import case_insensitive_dict
from yarl import URL

from acs_identity._connections import Certificate, ConnectionSettings, Proxies, Verify, origin_of
from acs_identity._requests import body_of
from acs_identity._responses import BLOCK_SIZE, Answer

_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)


class AiohttpTransport(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """Sends the requests of an async client with aiohttp. The default of the client in :mod:`acs_identity.aio`.

    It belongs to the event loop of its first request, and is opened by it; once closed it stays closed. Redirects are
    not followed and cookies are not kept.

    Args:
        connection_timeout: How long to wait for a connection, in seconds; 300 by default, None for ever. Waiting for
            a free one of the pool does not count.
        read_timeout: How long to wait for the next bytes of an answer, in seconds; 300 by default, None for ever.
        connection_verify: Whether to verify the certificate of the server, or a file or folder of the certificates to
            verify it with. True by default: those of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or else of the system.
        connection_cert: A certificate of the client's own: a file with its key, or a pair of files. None by default.
        connection_pool_size: How many connections there are at most; 100 by default. Further requests wait for one.
        proxies: URLs of proxies by the scheme of the request, ``{"https": "http://user:password@proxy:8080"}``. None
            by default: those of the environment.
        use_env_settings: Whether the environment is heeded (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY,
            REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE), once for each host; True by default.

    Raises:
        TypeError: A timeout or the size of the pool is no number.
        ValueError: It is not above zero.

    >>> import asyncio
    >>> from acs_identity.aio import AiohttpTransport, CommunicationIdentityClient
    >>> async def main() -> None:
    ...     options = {"transport": AiohttpTransport(connection_pool_size=500)}
    ...     async with CommunicationIdentityClient.from_connection_string(connection_string, **options) as client:
    ...         await asyncio.gather(*(client.create_user() for _ in range(3)))
    >>> asyncio.run(main())
    """

    def __init__(
        self,
        *,
        connection_timeout: float | None = 300,
        read_timeout: float | None = 300,
        connection_verify: Verify = True,
        connection_cert: Certificate = None,
        connection_pool_size: int = 100,
        proxies: Proxies | None = None,
        use_env_settings: bool = True,
    ) -> None:
        self._settings = ConnectionSettings(
            connection_timeout,
            read_timeout,
            connection_verify,
            connection_cert,
            connection_pool_size,
            proxies,
            use_env_settings,
        )
        self._timeout = ClientTimeout(sock_connect=connection_timeout, sock_read=read_timeout)
        self._session: ClientSession | None = None
        self._ways: dict[Any, dict[str, Any]] = {}
        self._is_closed = False

    async def open(self) -> None:
        """Get ready to connect; connections are made when they are needed.

        Raises:
            ValueError: The transport was closed.
        """
        self._opened()

    def _opened(self) -> ClientSession:
        if self._session is None:
            if self._is_closed:
                raise ValueError(
                    "The transport is closed. Make a new one, or use the client inside its async with block."
                )
            self._session = ClientSession(
                connector=aiohttp.TCPConnector(limit=self._settings.connection_pool_size),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=self._timeout,
                # A Content-Type that nobody gave would be one more header to explain.
                skip_auto_headers=["Content-Type"],
            )
        return self._session

    async def close(self) -> None:
        """Close the connections. Closing twice does no harm."""
        self._is_closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

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

    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        """Send a request and return its answer, read to its end unless it is to be streamed.

        Args:
            request: The request.
            kwargs: ``stream=True`` leaves the body of the answer on the connection, for ``read``, ``iter_bytes`` or
                ``iter_raw``. Any setting of the transport may be given for this call.

        Raises:
            azure.core.exceptions.ServiceRequestError: The request could not be sent, for example because nobody listens
                or the certificate is wrong; a ServiceRequestTimeoutError where that took too long.
            azure.core.exceptions.ServiceResponseError: The answer did not come or is no HTTP; a
                ServiceResponseTimeoutError where that took too long, an IncompleteReadError where it broke off.
            azure.core.exceptions.DecodeError: The answer cannot be decompressed.
            TypeError: There is no such option, or its value is of the wrong type.
            ValueError: The transport is closed, the URL is malformed, or an option is out of range.
        """
        session = self._opened()
        stream = kwargs.pop("stream", False)
        settings = self._settings.for_call(kwargs)
        timeout = self._timeout
        if settings is not self._settings:
            timeout = ClientTimeout(sock_connect=settings.connection_timeout, sock_read=settings.read_timeout)
        headers = dict(request.headers)
        body = body_of(request, headers)
        if "Accept-Encoding" not in request.headers:
            headers["Accept-Encoding"] = "gzip, deflate"
        try:
            answer = await session.request(
                request.method,
                # As it was signed: yarl would spell it anew.
                URL(request.url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=timeout,
                **self._way(origin_of(request.url), settings),
            )
        except _ERRORS as error:
            raise _azure_error(error) from error
        response = AiohttpResponse(request, answer)
        if not stream:
            await response.read()
        return response

    def _way(self, origin: str, settings: ConnectionSettings) -> dict[str, Any]:
        """Return how to reach an origin: by which proxy and with which TLS context."""
        key = (origin, settings.way)
        way = self._ways.get(key)
        if way is None:
            way = self._ways[key] = {"proxy": settings.proxy(origin)}
            proxy = URL(way["proxy"] or "")
            if proxy.user is not None:
                # Apart from the URL, which aiohttp shows in its errors; it hands this on as Proxy-Authorization.
                login = base64.b64encode(f"{proxy.user}:{proxy.password or ''}".encode()).decode("ascii")
                way |= {"proxy": proxy.with_user(None), "proxy_headers": {"Authorization": f"Basic {login}"}}
            if origin[:5].lower() == "https":
                way["ssl"] = settings.tls()
        return way


class AiohttpResponse(Answer, AsyncHttpResponse):
    """An answer whose body comes from aiohttp."""

    def __init__(self, request: HttpRequest, answer: aiohttp.ClientResponse) -> None:
        super().__init__(request, answer.status, answer.reason, answer.headers.get("Content-Type"))
        self._answer = answer
        self._headers: MutableMapping[str, str] | None = None

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers; their names in any case, several of one name joined by a comma."""
        # Made when they are asked for, which few answers are.
        if self._headers is None:
            received = self._answer.headers
            self._headers = case_insensitive_dict({name: ", ".join(received.getall(name)) for name in received})
        return self._headers

    async def read(self) -> bytes:
        """Read the whole body and give the connection back; reading twice does no harm.

        Raises:
            azure.core.exceptions.AzureError: As for sending.
        """
        if self._content is None:
            self._begin_stream()
            try:
                content = await self._answer.read()
                coding = self._answer.headers.get("Content-Encoding")
                if coding:
                    decoder = _Decoder(coding)
                    content = decoder.decode(content) + decoder.end()
            except (*_ERRORS, zlib.error) as error:
                await self.close()
                raise _azure_error(error) from error
            self._content = content
            self._is_closed = True
        return self._content

    async def iter_bytes(self, **_: Any) -> AsyncIterator[bytes]:
        """Iterate over the body in parts, decompressed.

        Raises:
            azure.core.exceptions.AzureError: As for sending.
        """
        if self._content is None:
            decoder = _Decoder(self._answer.headers.get("Content-Encoding", ""))
            async for part in self._parts(decoder):
                yield part
            return
        for start in range(0, len(self._content), BLOCK_SIZE):
            yield self._content[start : start + BLOCK_SIZE]

    async def iter_raw(self, **_: Any) -> AsyncIterator[bytes]:
        """Iterate over the body in parts, as it was sent.

        Raises:
            azure.core.exceptions.AzureError: As for sending.
        """
        async for part in self._parts(_Decoder("")):
            yield part

    async def _parts(self, decoder: "_Decoder") -> AsyncIterator[bytes]:
        self._begin_stream()
        try:
            async for block in self._answer.content.iter_chunked(BLOCK_SIZE):
                part = decoder.decode(block)
                if part:
                    yield part
            last = decoder.end()
            if last:
                yield last
        except (*_ERRORS, zlib.error) as error:
            raise _azure_error(error) from error
        finally:
            await self.close()

    async def close(self) -> None:
        """Give the connection back where the body was read, or else close it."""
        if not self._is_closed:
            self._is_closed = True
            self._answer.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *args: object) -> None:
        await self.close()


class _Decoder:
    """Decompresses a body that is coded as the header Content-Encoding says; another coding than zlib's stays."""

    def __init__(self, coding: str) -> None:
        name = coding.strip().lower()
        self._decoder = zlib.decompressobj(zlib.MAX_WBITS | 32) if name in {"gzip", "x-gzip", "deflate"} else None
        self._may_be_raw = name == "deflate"

    def decode(self, block: bytes) -> bytes:
        if self._decoder is None:
            return block
        try:
            return self._decoder.decompress(block)
        except zlib.error:
            if not self._may_be_raw:
                raise
            # Some servers leave the header of zlib away.
            self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._decoder.decompress(block)
        finally:
            self._may_be_raw = False

    def end(self) -> bytes:
        return b"" if self._decoder is None else self._decoder.flush()


def _azure_error(error: BaseException) -> AzureError:
    """Return azure-core's error for one of aiohttp's, as its own transport has them."""
    match error:
        case zlib.error():
            return DecodeError(error, error=error)
        case aiohttp.ConnectionTimeoutError():
            return ServiceRequestTimeoutError(error, error=error)
        case TimeoutError():
            return ServiceResponseTimeoutError(error, error=error)
        case aiohttp.ClientPayloadError():
            return IncompleteReadError(error, error=error)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() if not isinstance(
            error, aiohttp.ClientConnectorError
        ):
            return ServiceResponseError(error, error=error)
        case aiohttp.ClientResponseError():
            return ServiceResponseError(error, error=error)
        case _:
            return ServiceRequestError(error, error=error)
