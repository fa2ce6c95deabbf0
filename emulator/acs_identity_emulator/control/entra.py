"""Entra ID tokens to try things with, and what became of access tokens."""

from datetime import timedelta
from typing import TypeGuard, cast

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator

from .messages import error, json_object

_LONGEST_LIFETIME = 10 * 365 * 24 * 3600
_TEXTS = ("tenant_id", "client_id", "object_id", "audience", "scope")


def routes(prefix: str, emulator: Emulator) -> list[Route]:
    """Return the endpoints that issue Entra ID tokens and look into access tokens."""

    async def entra_token(request: Request) -> JSONResponse:
        wanted = await json_object(request)
        if wanted is None:
            return error(400, "Send a JSON object, even an empty one.")
        unknown = sorted(set(wanted) - {*_TEXTS, "group_ids", "expires_in_seconds"})
        if unknown:
            return error(400, f"Only these members are known: {', '.join(_TEXTS)}, group_ids, expires_in_seconds.")
        texts = {name: wanted[name] for name in _TEXTS if name in wanted}
        if not all(isinstance(value, str) for value in texts.values()):
            return error(400, f"These members are texts: {', '.join(_TEXTS)}.")
        group_ids: object = wanted.get("group_ids", [])
        if not _is_list_of_texts(group_ids):
            return error(400, "group_ids is a list of texts.")
        seconds = wanted.get("expires_in_seconds", 3600)
        if type(seconds) is not int or abs(seconds) > _LONGEST_LIFETIME:
            return error(400, "expires_in_seconds is a whole number of at most ten years.")
        token = emulator.entra.issue_token(**texts, group_ids=group_ids, expires_in=timedelta(seconds=seconds))
        return JSONResponse({"token": token, "expires_on": emulator.entra.expiry_of(token)})

    async def introspect(request: Request) -> JSONResponse:
        wanted = await json_object(request)
        token = wanted.get("token") if wanted is not None else None
        if not isinstance(token, str):
            return error(400, 'Send a JSON object with the access token: {"token": "..."}.')
        status = emulator.introspect(token)
        expires_on = status.expires_on and int(status.expires_on.timestamp())
        return JSONResponse({"state": status.state, "reason": status.reason, "expires_on": expires_on})

    return [
        Route(f"{prefix}/entra-token", entra_token, methods=["POST"]),
        Route(f"{prefix}/introspect", introspect, methods=["POST"]),
    ]


def _is_list_of_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in cast(list[object], value))
