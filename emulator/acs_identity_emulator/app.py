"""The emulator as an ASGI application: the service itself, and the emulator's own endpoints below ``/_emulator``."""

import functools
from typing import cast

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .connection import ANSWER, CONNECTION, Connection, joined_headers
from .console import asks_for_page
from .control import PREFIX, routes
from .control.guard import guarded
from .control.messages import error, read_body
from .emulator import Emulator
from .messages import Request, Response

_METHODS = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]


def create_app(emulator: Emulator) -> ASGIApp:
    """Return the ASGI application of an emulator; docs/emulator.md lists the endpoints of its own."""
    service = _Service(emulator)
    own_prefix = f"{PREFIX}/".encode()
    own = guarded(Starlette(routes=[*routes(emulator), Route("/{path:path}", _unknown, methods=_METHODS)]))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # No router in front of the service: its requests can have paths that are none, such as "*".
        is_own = scope["raw_path"].startswith(own_prefix) or asks_for_page(scope)
        chosen = own if is_own else service
        await chosen(scope, receive, send)

    return app


class _Service:
    """Hands requests to the emulator exactly as they were on the wire."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response | None = scope.get("state", {}).get(ANSWER)
        if response is None:
            body = await read_body(receive)
            headers = joined_headers(scope["headers"])
            response = self._emulator.handle(Request(scope["method"], _target(scope), headers, body, scope["scheme"]))
        if (response.delay or response.cut) and await _is_lost_first(_connection(scope), response):
            return
        encoded = [(_encoded_name(name), value.encode("latin-1")) for name, value in response.headers.items()]
        if _is_kept(scope):
            encoded.append((b"connection", b"keep-alive"))
        await send({"type": "http.response.start", "status": response.status, "headers": encoded})
        if response.cut is None:
            await send({"type": "http.response.body", "body": response.body})
        else:
            await send({"type": "http.response.body", "body": response.arriving_body, "more_body": True})
            await _connection(scope).end()


def _is_kept(scope: Scope) -> bool:
    """Whether the connection stays for the next request (RFC 9112, 9.3)."""
    closes = any(name == b"connection" and b"close" in value.lower() for name, value in scope["headers"])
    return scope["http_version"] == "1.1" and not closes


async def _is_lost_first(connection: Connection, response: Response) -> bool:
    """Act out what comes before an answer, and return whether none can be sent any more."""
    if response.delay and not await connection.hold(response.delay):
        return True
    if response.cut == "reset":
        await connection.reset()
        return True
    return False


def _connection(scope: Scope) -> Connection:
    connection = scope.get("state", {}).get(CONNECTION)
    if not isinstance(connection, Connection):
        raise RuntimeError("Faults on the wire need the server of the emulator: use EmulatorServer.")  # noqa: TRY004
    return connection


@functools.lru_cache(maxsize=64)
def _encoded_name(name: str) -> bytes:
    return name.lower().encode("ascii")


async def _unknown(_: HttpRequest) -> JSONResponse:
    return error(404, "The emulator has no such endpoint.")


def _target(scope: Scope) -> str:
    query = cast(bytes, scope["query_string"]).decode("latin-1")
    path = cast(bytes, scope["raw_path"]).decode("latin-1")
    return f"{path}?{query}" if query else path
