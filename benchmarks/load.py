"""Load on a server over raw sockets: connections that are kept, requests that are made once."""

import base64
import hashlib
import hmac
import json
import socket
import time
from email.utils import formatdate
from types import TracebackType
from typing import Self

from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY

VERSION = "2026-09-23"
CONNECTIONS = 16
"""Enough that the server never waits for the load."""

_KEY = base64.b64decode(DEVELOPMENT_ACCESS_KEY)


class Load:
    """The connections to one server; a context manager.

    Attributes:
        process: The id of the server's process.
    """

    def __init__(self, port: int, process: int, connections: int = CONNECTIONS) -> None:
        self.process = process
        self._host = f"127.0.0.1:{port}"
        self._sockets = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(connections)]
        for each in self._sockets:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for each in self._sockets:
            each.close()

    def request(self, method: str, path: str, members: object = None) -> bytes:
        """Return the bytes of a request as a client of the service sends it, signed now."""
        target = f"{path}?api-version={VERSION}"
        body = b"" if members is None else json.dumps(members).encode()
        date = formatdate(usegmt=True)
        content_hash = base64.b64encode(hashlib.sha256(body).digest()).decode()
        text = f"{method}\n{target}\n{date};{self._host};{content_hash}"
        signature = base64.b64encode(hmac.digest(_KEY, text.encode(), "sha256")).decode()
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nUser-Agent: benchmark\r\nContent-Length: {len(body)}\r\n"
            f"x-ms-client-request-id: 00000000-0000-0000-0000-000000000000\r\nx-ms-date: {date}\r\n"
            f"x-ms-content-sha256: {content_hash}\r\n"
            f"Authorization: HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}\r\n\r\n"
        )
        return head.encode() + body

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send one request and return status and body."""
        self._sockets[0].sendall(request)
        return _read(self._sockets[0])

    def rate(self, request: bytes, seconds: float) -> float:
        """Send a request over all connections for a time, and return the answers per second.

        Raises:
            RuntimeError: An answer is no success.
        """
        count = 0
        begin = time.perf_counter()
        while (elapsed := time.perf_counter() - begin) < seconds:
            for each in self._sockets:
                each.sendall(request)
            for each in self._sockets:
                status, body = _read(each)
                if status >= 300:
                    raise RuntimeError(f"The server answered {status}: {body[:200]!r}")
            count += len(self._sockets)
        return count / elapsed


def _read(connection: socket.socket) -> tuple[int, bytes]:
    data = connection.recv(65536)
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _more(connection)
    status = int(data[9:12])
    at = data.find(b"content-length: ", 0, end)
    if at >= 0:
        length = int(data[at + 16 : data.index(b"\r", at)])
        while len(data) < end + 4 + length:
            data += _more(connection)
    elif data.find(b"transfer-encoding: chunked", 0, end) >= 0:
        while not data.endswith(b"\r\n0\r\n\r\n"):
            data += _more(connection)
    return status, data[end + 4 :]


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("The server ended the connection.")
    return data
