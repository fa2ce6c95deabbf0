"""The public keys over HTTP."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator


def routes(prefix: str, emulator: Emulator) -> list[Route]:
    """Return the endpoint that publishes the public keys as a JSON Web Key Set."""

    async def jwks(_: Request) -> JSONResponse:
        return JSONResponse(emulator.jwks())

    return [Route(f"{prefix}/jwks.json", jwks, methods=["GET"])]
