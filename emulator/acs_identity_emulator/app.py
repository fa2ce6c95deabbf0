"""The emulator as an ASGI application: the service itself, and the emulator's own endpoints below ``/_emulator``."""

import json
from datetime import timedelta
from typing import Any, TypeGuard, cast

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .emulator import BODY_LIMIT, Emulator
from .messages import Request

_LONGEST_ENTRA_TOKEN = 10 * 365 * 24 * 3600
_PREFIX = "/_emulator/"
_METHODS = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]
_TEXTS = ("tenant_id", "client_id", "object_id", "audience", "scope")


def create_app(emulator: Emulator) -> ASGIApp:
    """Return the ASGI application of an emulator.

    ==========================================  ===========================================================
    ``GET /_emulator/health/live``, ``/ready``  200 ``{"status": "live"}``, ``{"status": "ready"}``
    ``POST /_emulator/entra-token``             200 ``{"token", "expires_on"}``, the end in epoch seconds
    ``POST /_emulator/introspect``              200 ``{"state", "reason", "expires_on"}`` for ``{"token"}``
    anything else below ``/_emulator/``         404
    everything else                             what the service answers
    ==========================================  ===========================================================
    """
    own = _OwnEndpoints(emulator)
    service = _Service(emulator)
    emulators_own = Starlette(
        routes=[
            Route(f"{_PREFIX}health/live", own.live, methods=["GET"]),
            Route(f"{_PREFIX}health/ready", own.ready, methods=["GET"]),
            Route(f"{_PREFIX}entra-token", own.entra_token, methods=["POST"]),
            Route(f"{_PREFIX}introspect", own.introspect, methods=["POST"]),
            Route("/{path:path}", own.unknown, methods=_METHODS),
        ]
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # No router in front of the service: its requests can have paths that are none, such as "*".
        chosen = emulators_own if scope["path"].startswith(_PREFIX) else service
        await chosen(scope, receive, send)

    return app


class _Service:
    """Hands requests to the emulator exactly as they were on the wire."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        headers = _joined_headers(scope["headers"])
        request = Request(scope["method"], _target(scope), headers, body, scope["scheme"])
        response = self._emulator.handle(request)
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": encoded})
        await send({"type": "http.response.body", "body": response.body})


class _OwnEndpoints:
    """What the emulator offers besides the service; needs no authentication."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def live(self, _: HttpRequest) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(self, _: HttpRequest) -> JSONResponse:
        return JSONResponse({"status": "ready"})

    async def unknown(self, _: HttpRequest) -> JSONResponse:
        return _error(404, "The emulator has no such endpoint.")

    async def entra_token(self, request: HttpRequest) -> JSONResponse:
        wanted = await _json_object(request)
        if wanted is None:
            return _error(400, "Send a JSON object, even an empty one.")
        unknown = sorted(set(wanted) - {*_TEXTS, "group_ids", "expires_in_seconds"})
        if unknown:
            return _error(400, f"Only these members are known: {', '.join(_TEXTS)}, group_ids, expires_in_seconds.")
        texts = {name: wanted[name] for name in _TEXTS if name in wanted}
        if not all(isinstance(value, str) for value in texts.values()):
            return _error(400, f"These members are texts: {', '.join(_TEXTS)}.")
        group_ids: object = wanted.get("group_ids", [])
        if not _is_list_of_texts(group_ids):
            return _error(400, "group_ids is a list of texts.")
        seconds = wanted.get("expires_in_seconds", 3600)
        if type(seconds) is not int or abs(seconds) > _LONGEST_ENTRA_TOKEN:
            return _error(400, "expires_in_seconds is a whole number of at most ten years.")
        token = self._emulator.entra.issue_token(**texts, group_ids=group_ids, expires_in=timedelta(seconds=seconds))
        return JSONResponse({"token": token, "expires_on": self._emulator.entra.expiry_of(token)})

    async def introspect(self, request: HttpRequest) -> JSONResponse:
        wanted = await _json_object(request)
        token = wanted.get("token") if wanted is not None else None
        if not isinstance(token, str):
            return _error(400, 'Send a JSON object with the access token: {"token": "..."}.')
        status = self._emulator.introspect(token)
        expires_on = status.expires_on and int(status.expires_on.timestamp())
        return JSONResponse({"state": status.state, "reason": status.reason, "expires_on": expires_on})


async def _read_body(receive: Receive) -> bytes:
    """Read at most one byte more than the emulator takes, so that it can refuse what is too long."""
    body = b""
    more = True
    while more and len(body) <= BODY_LIMIT:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body[: BODY_LIMIT + 1]


def _target(scope: Scope) -> str:
    query = cast(bytes, scope["query_string"]).decode("latin-1")
    path = cast(bytes, scope["raw_path"]).decode("latin-1")
    return f"{path}?{query}" if query else path


def _joined_headers(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


async def _json_object(request: HttpRequest) -> dict[str, Any] | None:
    try:
        document: object = json.loads(await _read_body(request.receive) or b"{}")
    except (ValueError, RecursionError):
        return None
    return cast(dict[str, Any], document) if isinstance(document, dict) else None


def _is_list_of_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in cast(list[object], value))


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message}}, status)
