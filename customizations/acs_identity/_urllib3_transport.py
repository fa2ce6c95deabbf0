"""The transport of the sync client: azure-core's interface over urllib3, and nothing between."""

import os
import threading
from collections.abc import Iterator, MutableMapping
from http.client import IncompleteRead
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import (
    AzureError,
    DecodeError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse
from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager, Retry, Timeout, exceptions, make_headers
from urllib3.response import BaseHTTPResponse

from ._connections import Certificate, ConnectionSettings, Proxies, Verify, origin_of
from ._requests import body_of
from ._responses import BLOCK_SIZE, Answer

_NO_RETRIES = Retry(total=False, redirect=False)


class Urllib3Transport(HttpTransport[HttpRequest, HttpResponse]):
    """Sends the requests of a sync client with urllib3, as the client does by default.

    It may be used by many threads at once, and in a process that was forked off. It is opened by the first request;
    once closed it stays closed. Redirects are not followed and cookies are not kept.

    Args:
        connection_timeout: How long to wait for a connection, in seconds; 300 by default, None for ever.
        read_timeout: How long to wait for the next bytes of an answer, in seconds; 300 by default, None for ever.
        connection_verify: Whether to verify the certificate of the server, or a file or folder of the certificates to
            verify it with. True by default: those of REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or else of certifi.
        connection_cert: A certificate of the client's own: a file with its key, or a pair of files. None by default.
        connection_pool_size: How many connections to a host are kept for the next request; 100 by default. More in
            flight are possible, but are closed after their answer.
        proxies: URLs of proxies by the scheme of the request, ``{"https": "http://user:password@proxy:8080"}``. None
            by default: those of the environment.
        use_env_settings: Whether the environment is heeded (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY,
            REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE), once for each host; True by default.

    Raises:
        TypeError: A timeout or the size of the pool is no number.
        ValueError: It is not above zero.

    >>> from acs_identity import CommunicationIdentityClient, Urllib3Transport
    >>> transport = Urllib3Transport(connection_timeout=5, read_timeout=20)
    >>> with CommunicationIdentityClient.from_connection_string(connection_string, transport=transport) as client:
    ...     user = client.create_user()
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
        self._timeout = Timeout(connect=connection_timeout, read=read_timeout)
        self._pools: dict[Any, tuple[HTTPConnectionPool, bool]] = {}
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._is_closed = False

    def open(self) -> None:
        """Do nothing but make sure that the transport was not closed: connections are made when they are needed.

        Raises:
            ValueError: It was closed.
        """
        if self._is_closed:
            raise ValueError("The transport is closed. Make a new one, or use the client inside its with block.")

    def close(self) -> None:
        """Close the connections. Closing twice does no harm."""
        self._is_closed = True
        with self._lock:
            pools, self._pools = self._pools, {}
        if self._process == os.getpid():
            for pool, _ in pools.values():
                pool.close()

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

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
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
        self.open()
        stream = kwargs.pop("stream", False)
        settings = self._settings.for_call(kwargs)
        timeout = self._timeout
        if settings is not self._settings:
            timeout = Timeout(connect=settings.connection_timeout, read=settings.read_timeout)
        url = request.url
        headers = dict(request.headers)
        body = body_of(request, headers)
        if "Accept-Encoding" not in request.headers:
            headers["Accept-Encoding"] = "gzip, deflate"
        try:
            origin = origin_of(url)
            target = url[len(origin) :]
            if target[:1] != "/":
                target = f"/{target}"
            pool, is_absolute = self._pool(origin, settings)
            answer = pool.urlopen(
                request.method,
                f"{origin}{target}" if is_absolute else target,
                body,
                headers,
                retries=_NO_RETRIES,
                redirect=False,
                assert_same_host=False,
                timeout=timeout,
                preload_content=False,
                decode_content=False,
            )
        except exceptions.HTTPError as error:
            raise _azure_error(error) from error
        except OSError as error:
            # Of a file with certificates; those of a connection are urllib3's.
            raise ServiceRequestError(error, error=error) from error
        response = Urllib3Response(request, answer)
        if not stream:
            response.read()
        return response

    def _pool(self, origin: str, settings: ConnectionSettings) -> tuple[HTTPConnectionPool, bool]:
        """Return the connections to an origin, and whether they want the whole URL, as a proxy for http does."""
        if self._process != os.getpid():
            # The connections belong to the process that this one was forked off.
            self._pools, self._lock, self._process = {}, threading.Lock(), os.getpid()
        key = (origin, settings.way)
        found = self._pools.get(key)
        if found is None:
            with self._lock:
                found = self._pools.get(key) or _new_pool(origin, settings)
                self._pools[key] = found
        return found


def _new_pool(origin: str, settings: ConnectionSettings) -> tuple[HTTPConnectionPool, bool]:
    proxy = settings.proxy(origin)
    options: dict[str, Any] = {"num_pools": 1, "maxsize": settings.connection_pool_size}
    is_https = origin[:5].lower() == "https"
    if is_https:
        # Needed for https only; requests, and so azure-core's own transport, verifies with the same.
        from certifi import where

        options["ssl_context"] = settings.tls(where())
    if proxy is None:
        return PoolManager(**options).connection_from_url(origin), False
    parts = urlsplit(proxy)
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        options["proxy_headers"] = make_headers(proxy_basic_auth=login)
    pool = ProxyManager(proxy, **options).connection_from_url(origin)
    return pool, not is_https


class Urllib3Response(Answer, HttpResponse):
    """An answer whose body comes from urllib3."""

    def __init__(self, request: HttpRequest, answer: BaseHTTPResponse) -> None:
        super().__init__(request, answer.status, answer.reason, answer.headers.get("Content-Type"))
        self._answer = answer

    @property
    def headers(self) -> MutableMapping[str, str]:
        """The headers; their names in any case, several of one name joined by a comma."""
        return self._answer.headers

    def read(self) -> bytes:
        """Read the whole body and give the connection back; reading twice does no harm.

        Raises:
            azure.core.exceptions.AzureError: As for sending.
        """
        if self._content is None:
            self._begin_stream()
            try:
                content = self._answer.read(decode_content=True)
            except exceptions.HTTPError as error:
                self.close()
                raise _azure_error(error) from error
            self._answer.release_conn()
            self._content = content
            self._is_closed = True
        return self._content

    def iter_bytes(self, **_: Any) -> Iterator[bytes]:
        """Iterate over the body in parts, decompressed.

        Raises:
            azure.core.exceptions.AzureError: As for sending.
        """
        if self._content is None:
            yield from self._parts(decode_content=True)
            return
        for start in range(0, len(self._content), BLOCK_SIZE):
            yield self._content[start : start + BLOCK_SIZE]

    def iter_raw(self, **_: Any) -> Iterator[bytes]:
        """Iterate over the body in parts, as it was sent.

        Raises:
            azure.core.exceptions.AzureError: As for sending.
        """
        yield from self._parts(decode_content=False)

    def _parts(self, *, decode_content: bool) -> Iterator[bytes]:
        self._begin_stream()
        try:
            yield from self._answer.stream(BLOCK_SIZE, decode_content=decode_content)
        except exceptions.HTTPError as error:
            raise _azure_error(error) from error
        finally:
            self.close()

    def close(self) -> None:
        """Give the connection back where the body was read, or else close it."""
        if not self._is_closed:
            self._is_closed = True
            self._answer.close()
            self._answer.release_conn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


def _azure_error(error: exceptions.HTTPError) -> AzureError:
    """Return azure-core's error for one of urllib3's, as its own transport has them."""
    match error:
        case exceptions.NewConnectionError():
            return ServiceRequestError(error, error=error)
        case exceptions.ConnectTimeoutError():
            return ServiceRequestTimeoutError(error, error=error)
        case exceptions.ReadTimeoutError():
            return ServiceResponseTimeoutError(error, error=error)
        case exceptions.IncompleteRead():
            return IncompleteReadError(error, error=error)
        case exceptions.DecodeError():
            return DecodeError(error, error=error)
        case exceptions.ProtocolError() if any(isinstance(part, IncompleteRead) for part in error.args):
            return IncompleteReadError(error, error=error)
        case exceptions.ProtocolError():
            return ServiceResponseError(error, error=error)
        case _:
            return ServiceRequestError(error, error=error)
