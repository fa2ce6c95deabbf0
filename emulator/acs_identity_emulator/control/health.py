"""Whether the emulator lives and answers."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator


def routes(prefix: str, _: Emulator) -> list[Route]:
    """Return the endpoints that tell whether the emulator lives and answers."""

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "live"})

    async def ready(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ready"})

    return [
        Route(f"{prefix}/health/live", live, methods=["GET"]),
        Route(f"{prefix}/health/ready", ready, methods=["GET"]),
    ]
