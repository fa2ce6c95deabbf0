"""A server on loopback that answers with the bytes a test gave it, whole or broken, and keeps what it was sent."""

import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import BinaryIO, Self

# Nothing here takes that long; a test that waits for it fails.
BOUND = 10


class Step(Enum):
    """What a server does between the bytes of an answer."""

    CLOSE = "closes the connection"
    RESET = "breaks the connection off"
    HANG = "says nothing until the test is over"


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """Return a whole answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*parts: bytes, headers: tuple[str, ...] = ()) -> bytes:
    """Return a whole answer in chunks."""
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *headers]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + chunks + b"0\r\n\r\n"


@dataclass(frozen=True)
class Received:
    """A request as it came: its first line and headers untouched, its body without the marks of chunks."""

    connection: int
    line: str
    headers: list[tuple[str, str]]
    body: bytes
    certificate: str | None

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def values(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found.lower() == name.lower()]

    def value(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


class WireServer:
    """Answers each request with what `will` was told, in turn, and then with `OK`; stops with its block.

    Args:
        tls: What to encrypt with; None for plain HTTP.
        behind: Makes a proxy of it that answers in place of every host: what to encrypt with after a CONNECT.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, behind: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.names: list[str | None] = []
        self.tls, self.behind = tls, behind
        self._answers: deque[tuple[bytes | Step, ...]] = deque()
        self._sockets: dict[int, socket.socket] = {}
        self._changed = threading.Condition()
        self.over = threading.Event()
        for context in (tls, behind):
            if context is not None:
                context.sni_callback = lambda _, name, __: self.names.append(name)
        self._server = _Listener(self)
        # The default of half a second would be the time that each test takes.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        port = self._server.server_address[1]
        return f"{'https' if self.tls else 'http'}://{host}:{port}{path}"

    def will(self, *steps: bytes | Step) -> None:
        """Tell what to do at the next request that nothing was told for."""
        self._answers.append(steps)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so that a request or the end of a connection makes so."""
        with self._changed:
            assert self._changed.wait_for(condition, BOUND), "what the test waits for did not happen"

    def hang_up(self) -> None:
        """Close all connections, whatever they are at."""
        with self._changed:
            for connection in self._sockets.values():
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @property
    def open_connections(self) -> int:
        return len(self._sockets)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self.hang_up()
        self._server.server_close()
        self._thread.join(BOUND)
        assert not self._thread.is_alive()

    def begin(self, connection: socket.socket) -> int:
        with self._changed:
            self.connections += 1
            self._sockets[self.connections] = connection
            return self.connections

    def keep(self, number: int, connection: socket.socket) -> None:
        with self._changed:
            self._sockets[number] = connection

    def end(self, number: int) -> None:
        with self._changed:
            self._sockets.pop(number).close()
            self._changed.notify_all()

    def take(self, received: Received) -> tuple[bytes | Step, ...]:
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()
            return self._answers.popleft() if self._answers else (OK,)


class _Listener(ThreadingTCPServer):
    request_queue_size = 128

    def __init__(self, owner: WireServer) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.owner = owner

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may go away at any time: what they got of it is the test's affair."""


class _Connection(BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Listener)
        owner = self.server.owner
        connection: socket.socket = self.request
        connection.settimeout(BOUND)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = owner.begin(connection)
        try:
            if owner.tls is not None:
                connection = _encrypted(owner, number, connection, owner.tls)
            self._serve(owner, number, connection)
        except OSError:
            # Of TLS as well: that a client does not trust the server is seen at the client.
            pass
        finally:
            owner.end(number)

    def _serve(self, owner: WireServer, number: int, connection: socket.socket) -> None:
        while True:
            if not isinstance(connection, ssl.SSLSocket) and connection.recv(1, socket.MSG_PEEK) == b"\x16":
                # The greeting of TLS has no end of line to wait for.
                connection.sendall(OK)
                return
            with connection.makefile("rb") as stream:
                received = _read(stream, number, connection)
            if received is None:
                return
            steps = owner.take(received)
            if received.line.startswith("CONNECT ") and steps == (OK,):
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                assert owner.behind is not None
                connection = _encrypted(owner, number, connection, owner.behind)
                continue
            for step in steps:
                if isinstance(step, bytes):
                    connection.sendall(step)
                elif step is Step.HANG:
                    owner.over.wait(BOUND)
                    return
                else:
                    if step is Step.RESET:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return


def _encrypted(owner: WireServer, number: int, connection: socket.socket, tls: ssl.SSLContext) -> socket.socket:
    encrypted = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    owner.keep(number, encrypted)
    encrypted.do_handshake()
    return encrypted


def _read(stream: BinaryIO, number: int, connection: socket.socket) -> Received | None:
    """Read a request; one at a time is under way on a connection, so that nothing of the next one is lost."""
    line = stream.readline().decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    headers: list[tuple[str, str]] = []
    while text := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = text.partition(":")
        headers.append((name, value.strip()))
    received = Received(number, line, headers, b"", _subject(connection))
    if received.value("Transfer-Encoding") == "chunked":
        body = b""
        while size := int(stream.readline(), 16):
            body += stream.read(size)
            stream.readline()
        stream.readline()
    else:
        body = stream.read(int(received.value("Content-Length") or 0))
    return Received(number, line, headers, body, received.certificate)


def _subject(connection: socket.socket) -> str | None:
    """Return the name in the certificate of the client, if it showed one."""
    certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    if not certificate:
        return None
    names: list[str] = [str(entry[1]) for entry in certificate.get("subjectAltName", ())]
    return names[0]
