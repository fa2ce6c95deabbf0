"""Reading what is sent to the endpoints of the emulator's own, and answering it."""

import json
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive

from acs_identity_emulator.emulator import BODY_LIMIT


async def read_body(receive: Receive, limit: int = BODY_LIMIT) -> bytes:
    """Read at most one byte more than the limit, so that what is too long can be refused."""
    body = bytearray()
    more = True
    while more and len(body) <= limit:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body[: limit + 1])


async def json_object(request: Request, limit: int = BODY_LIMIT) -> dict[str, Any] | None:
    """Return the JSON object in the body, an empty one when there is no body; None when it is something else."""
    try:
        document: object = json.loads(await read_body(request.receive, limit) or b"{}")
    except (ValueError, RecursionError):
        return None
    return cast(dict[str, Any], document) if isinstance(document, dict) else None


def error(status: int, message: str) -> JSONResponse:
    """Return a refusal."""
    return JSONResponse({"error": {"message": message}}, status)
