"""An emulator behind a local HTTP server that runs in a thread of its own."""

import errno
import ipaddress
import json
import socket
import sys
import threading
import time
from functools import partial
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import Receive, Scope, Send

from .app import create_app
from .certificates import Certificate
from .connection import Connection
from .emulator import Emulator
from .messages import Request, Response

_START_SECONDS = 10.0
_STOP_SECONDS = 10.0


class ServerError(Exception):
    """The server could not be started or stopped."""


class PortTakenError(ServerError):
    """Something else listens on the port already."""


class EmulatorServer:
    """Serves an emulator over HTTP or HTTPS until it is stopped; a context manager.

    Args:
        emulator: The emulator to serve; several servers may serve one, for example over HTTP and over HTTPS.
        host: The address to listen on, an IP address or a name. The default can be reached from this machine only.
        port: The TCP port; 0 takes a free one.
        tls: The certificate to serve HTTPS with, for example that of `local_certificate`; None for plain HTTP.

    >>> from acs_identity_emulator import Emulator
    >>> with EmulatorServer(Emulator()) as server:
    ...     server.endpoint.rpartition(":")[0]
    'http://127.0.0.1'
    """

    def __init__(
        self, emulator: Emulator, host: str = "127.0.0.1", port: int = 0, *, tls: Certificate | None = None
    ) -> None:
        self._emulator = emulator
        self._app = create_app(emulator)
        self._host = host
        self._port = port
        self._tls = tls
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.stop()

    @property
    def emulator(self) -> Emulator:
        """The emulator that is served. When it is set, requests that come from then on meet the other one."""
        return self._emulator

    @emulator.setter
    def emulator(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._app = create_app(emulator)

    @property
    def tls(self) -> Certificate | None:
        """The certificate that HTTPS is served with; None for plain HTTP."""
        return self._tls

    @property
    def is_running(self) -> bool:
        """Whether the server answers requests."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def endpoint(self) -> str:
        """The endpoint for clients on this machine, for example ``http://127.0.0.1:54321``.

        Raises:
            ServerError: The server does not run, so the port is not known.
        """
        if self._socket is None:
            raise ServerError("The server is not running: start it first.")
        host, port = self._socket.getsockname()[:2]
        if ipaddress.ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
        return _url("http" if self._tls is None else "https", host, port)

    @property
    def connection_string(self) -> str:
        """The connection string for clients on this machine.

        Raises:
            ServerError: The server does not run.
        """
        return self._emulator.connection_string_for(self.endpoint)

    def start(self) -> None:
        """Listen, and return when requests are answered.

        Raises:
            PortTakenError: Something else listens on the port.
            ServerError: The address or the certificate cannot be used, or the server runs already or does not come up
                in 10 seconds.
        """
        if self._socket is not None:
            raise ServerError("The server is running already.")
        if self._tls is not None:
            try:
                self._tls.check()
            except ValueError as error:
                raise ServerError(str(error)) from error
        # The port is taken here and not by uvicorn, which would end the process when it cannot.
        self._socket = _listen(self._host, self._port, "--port" if self._tls is None else "--https-port")
        # uvicorn calls it as it would call the class.
        protocol: Any = partial(Connection, answer=self._handle)
        config = uvicorn.Config(
            self._serve,
            ssl_certfile=None if self._tls is None else self._tls.chain,
            ssl_keyfile=None if self._tls is None else self._tls.key,
            interface="asgi3",
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="acs-identity-emulator", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"The server did not come up in {_START_SECONDS:.0f} seconds.")
            time.sleep(0.002)

    def stop(self) -> None:
        """End all connections and return when the port is free again; does nothing when the server does not run.

        Raises:
            ServerError: The server did not end in 10 seconds.
        """
        thread, server, listener = self._thread, self._server, self._socket
        self._thread = self._server = self._socket = None
        if server is not None:
            server.should_exit = True
        if thread is not None:
            thread.join(_STOP_SECONDS)
            if thread.is_alive():
                raise ServerError(f"The server did not end in {_STOP_SECONDS:.0f} seconds.")
        if listener is not None:
            listener.close()

    def _handle(self, request: Request) -> Response:
        return self._emulator.handle(request)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Server(uvicorn.Server):
    """Leaves no connection behind, for which the event loop would wait when it is closed."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _listen(host: str, port: int, option: str) -> socket.socket:
    if not 0 <= port <= 65535:
        raise ServerError(f"The port {port} is not between 0 and 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ServerError(f"The host {host} cannot be resolved: {error}") from error
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            # Windows would let two servers share the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            if _is_emulator(host, port):
                taker = f"another emulator: use it, {_url('http', host, port)}, or"
            else:
                taker = "another program: use"
            raise PortTakenError(
                f"Port {port} of {host} is taken by {taker} {option} 0 for a free one, or another port."
            ) from error
        raise ServerError(f"Cannot listen on port {port} of {host}: {error.strerror}") from error
    return listener


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _is_emulator(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/_emulator/health/live")
        return bool(json.loads(connection.getresponse().read(100)) == {"status": "live"})
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
