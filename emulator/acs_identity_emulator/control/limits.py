"""The rate limits over HTTP."""

from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator
from acs_identity_emulator.limits import DOCUMENTED_LIMITS, WINDOW

from .messages import error, json_object


def routes(prefix: str, emulator: Emulator) -> list[Route]:
    """Return the endpoints that show, set and take away the rate limits."""

    def shown() -> JSONResponse:
        return JSONResponse({"window_seconds": WINDOW.seconds, "limits": dict(emulator.limits.numbers)})

    async def read(_: Request) -> JSONResponse:
        return shown()

    async def put(request: Request) -> JSONResponse:
        members = await json_object(request)
        limits: object = None if members is None else members.get("limits", dict(DOCUMENTED_LIMITS))
        if members is None or not set(members) <= {"limits"} or not isinstance(limits, dict):
            return error(
                400, 'Send a JSON object, empty for the documented limits: {"limits": {"create_identity": 5}}.'
            )
        try:
            emulator.limits.set(cast(dict[str, int], limits))
        except ValueError as problem:
            return error(400, str(problem))
        return shown()

    async def clear(_: Request) -> Response:
        emulator.limits.clear()
        return Response(status_code=204)

    return [
        Route(f"{prefix}/limits", read, methods=["GET"]),
        Route(f"{prefix}/limits", put, methods=["PUT"]),
        Route(f"{prefix}/limits", clear, methods=["DELETE"]),
    ]
