"""The journal over HTTP."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator

from .messages import error


def routes(prefix: str, emulator: Emulator) -> list[Route]:
    """Return the endpoints that read and clear the journal."""

    async def read(request: Request) -> JSONResponse:
        after = request.query_params.get("after", "0")
        if not after.isdecimal() or len(after) > 18:
            return error(400, "after is the number of a request.")
        entries = emulator.journal.entries(int(after))
        return JSONResponse({"requests": [{**asdict(entry), "time": entry.time.isoformat()} for entry in entries]})

    async def clear(_: Request) -> Response:
        emulator.journal.clear()
        return Response(status_code=204)

    return [
        Route(f"{prefix}/journal", read, methods=["GET"]),
        Route(f"{prefix}/journal", clear, methods=["DELETE"]),
    ]
