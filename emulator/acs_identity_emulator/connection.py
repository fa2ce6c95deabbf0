"""A connection of the HTTP server: takes every request target, bounds the head, and can be broken on purpose."""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from starlette.types import Message, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from .emulator import BODY_LIMIT
from .messages import Request, Response

HEAD_LIMIT: Final = 64 * 1024
"""About how many bytes the request line and the headers may have together."""

CONNECTION: Final = "acs_identity_emulator.connection"
"""The key of the connection in the ``state`` of an ASGI scope."""

ANSWER: Final = "acs_identity_emulator.answer"
"""The key of the answer to send in the ``state`` of an ASGI scope; absent when it is still to be made."""

_PATHS_OF_THE_SERVICE = (b"/identities", b"/access/", b"/teamsUser/")
_REFUSAL = b'{"error":{"code":"BadRequest","message":"The request is not valid HTTP."}}'
# Closing at once, with what is unsent thrown away, is what sends a reset.
_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Connection(HttpToolsProtocol):
    """The server's end of one connection.

    A plain request for the service is answered as soon as it is there: starting an application for it, and getting the
    answer out of it in pieces, takes longer than the answer. Everything else goes the way of uvicorn.

    Args:
        args: What uvicorn gives its protocols.
        answer: What answers requests for the service; None leaves them to the application, too.
        options: What uvicorn gives its protocols.
    """

    # uvicorn does not say of what type these are.
    app_state: dict[str, Any]
    cycle: Any
    parser: Any
    scope: Any
    url: bytes

    def __init__(self, *args: Any, answer: Callable[[Request], Response] | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._answer = answer
        self._plain_body: bytearray | None = None
        self._unfinished: list[RequestResponseCycle] = []
        self._is_in_head = True
        self._head_size = 0
        self._is_held = False
        self._is_half_closed = False
        self._lost = asyncio.Event()
        self.app_state = {**self.app_state, CONNECTION: self}

    async def hold(self, seconds: float) -> bool:
        """Wait, and return whether the connection is still there; return at once when it is lost."""
        if self._is_half_closed:
            # Nearly always such a client is gone, and does not wait for a late answer.
            await self.end()
        if self._lost.is_set():
            return False
        self._is_held = True
        try:
            async with asyncio.timeout(seconds):
                await self._lost.wait()
        except TimeoutError:
            return True
        finally:
            self._is_held = False
        return False

    async def reset(self) -> None:
        """Reset the connection, and return when it is lost."""
        endpoint: socket.socket = self.transport.get_extra_info("socket")
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self.transport.abort()
        await self._lost.wait()

    async def end(self) -> None:
        """Send what is written, end the connection, and return when it is lost."""
        self._is_held = True
        self.transport.close()
        await self._lost.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell those that still answer, also when later requests wait behind theirs."""
        super().connection_lost(exc)
        for cycle in self._unfinished:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._unfinished.clear()
        self._lost.set()

    def shutdown(self) -> None:
        """End the connection; an answer that is held back is not waited for."""
        super().shutdown()
        is_idle = self.cycle is None or self.cycle.response_complete
        # TLS would wait for the other end's farewell, which a client that is idle does not read, or that is gone.
        if self._is_held or (self.scheme == "https" and is_idle and not self.transport.get_write_buffer_size()):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT and not self.transport.is_closing():
                self.send_400_response(f"The request line and the headers have more than {HEAD_LIMIT} bytes.")

    def _end_after_answers(self) -> bool:
        """Let the connection end with the last answer; False when no whole request waits for one."""
        if not self._unfinished or self.cycle.response_complete or self.cycle.more_body:
            return False
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self._is_in_head, self._head_size = True, 0

    def on_headers_complete(self) -> None:
        """Hand the request on, unless it can be answered here."""
        self._is_in_head = False
        if self._is_plain():
            self._plain_body = bytearray()
        else:
            self._hand_on()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._plain_body is None:
            super().on_body(body)
            return
        self._plain_body += body
        if len(self._plain_body) > BODY_LIMIT:
            # The application answers before all of it is there, which may be never.
            begun, self._plain_body = bytes(self._plain_body), None
            self._hand_on()
            super().on_body(begun)

    def on_message_complete(self) -> None:
        """Answer a request that was not handed on."""
        if self._answer is None or self._plain_body is None:
            super().on_message_complete()
            return
        body, self._plain_body = bytes(self._plain_body), None
        method = self.parser.get_method().decode("ascii")
        headers = joined_headers(self.headers)
        response = self._answer(Request(method, self.url.decode("latin-1"), headers, body, self.scope["scheme"]))
        if response.delay or response.cut:
            self._hand_on()
            self.scope["state"][ANSWER] = response
            super().on_message_complete()
            return
        self.transport.write(_on_the_wire(response))
        self.on_response_complete()

    def _is_plain(self) -> bool:
        return (
            self._answer is not None
            and self.url.startswith(_PATHS_OF_THE_SERVICE)
            and (self.cycle is None or self.cycle.response_complete)
            and not self.expect_100_continue
            and not self.flow.write_paused
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and self.parser.get_method() != b"HEAD"
        )

    def _hand_on(self) -> None:
        # With its target exactly as sent.
        target, self.url = self.url, b"/"
        super().on_headers_complete()
        # The application has not begun yet. uvicorn refuses targets such as "*" and shortens absolute ones.
        path, _, query = target.partition(b"?")
        self.scope["path"] = unquote(path.decode("latin-1"))
        self.scope["raw_path"] = path
        self.scope["query_string"] = query
        self._unfinished = [cycle for cycle in self._unfinished if not cycle.response_complete]
        self._unfinished.append(self.cycle)
        self.cycle.send = _in_one_write(self.cycle)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer what came whole from a client that sends no more, and return whether the connection stays for it."""
        # TLS knows no half of a connection.
        self._is_half_closed = self.scheme == "http" and not self._is_held and self._end_after_answers()
        return self._is_half_closed

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP in the form of the service's errors, unless it follows requests to answer."""
        if self._end_after_answers():
            return
        head = (
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
            b"x-emulator-reason: %b\r\ncontent-length: %d\r\n\r\n"
        )
        self.transport.write(head % (msg.encode("ascii"), len(_REFUSAL)) + _REFUSAL)
        self.transport.close()


def joined_headers(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name; the values of one that was sent several times are joined by commas."""
    joined = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    if len(joined) == len(headers):
        return joined
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: ", ".join(several) for name, several in values.items()}


def _on_the_wire(response: Response) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in response.headers.items()])
    body = response.body
    if "Transfer-Encoding" in response.headers:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    elif "Content-Length" not in response.headers and response.status != 204:
        # Of an emulator whose answers were replaced by a test.
        lines += f"Content-Length: {len(body)}\r\n"
    return b"%b%bconnection: keep-alive\r\n\r\n%b" % (STATUS_LINE[response.status], lines.encode("latin-1"), body)


def _in_one_write(cycle: RequestResponseCycle) -> Send:
    """Return the `send` of a request that writes an answer of one piece at once.

    uvicorn writes head and body one after the other and looks at each header for what cannot be in it; together that
    takes as long as making the answer.
    """
    send: Any = cycle.send
    head: Message | None = None

    async def whole(message: Message) -> None:
        nonlocal head
        if message["type"] == "http.response.start":
            head = message
            return
        start, head = head, None
        answer = None
        if start is not None and not (message.get("more_body") or cycle.disconnected or cycle.flow.write_paused):
            answer = _answer(cycle, start, message.get("body", b""))
        if answer is None:
            if start is not None:
                await send(start)
            await send(message)
            return
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(answer)
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    return whole


def _answer(cycle: RequestResponseCycle, start: Message, body: bytes) -> bytes | None:
    """Return an answer as it is on the wire; None when its headers do not say where it ends."""
    headers: list[tuple[bytes, bytes]] = start["headers"]
    names = [name for name, _ in headers]
    if b"transfer-encoding" in names:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    elif b"content-length" not in names and start["status"] != 204:
        return None
    lines = [b"%b: %b\r\n" % header for header in headers]
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    if cycle.scope["method"] == "HEAD":
        body = b""
    return b"".join((STATUS_LINE[start["status"]], *lines, b"\r\n", body))
