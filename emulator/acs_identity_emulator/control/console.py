"""The console page and what it alone needs."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acs_identity_emulator.console import console_file
from acs_identity_emulator.emulator import DEVELOPMENT_ACCESS_KEY, Emulator

from .messages import error


def routes(prefix: str, emulator: Emulator) -> list[Route]:
    """Return the endpoints of the console; the page itself is at ``/``."""

    async def page(_: Request) -> Response:
        return _file("index.html")

    async def asset(request: Request) -> Response:
        return _file(request.path_params["name"])

    async def connection_string(request: Request) -> JSONResponse:
        endpoint = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        shown = emulator.connection_string_for(endpoint)
        # Whoever sees the page may not be the one who may have the key.
        if emulator.access_key != DEVELOPMENT_ACCESS_KEY:
            shown = shown.replace(emulator.access_key, "***")
        return JSONResponse({"connection_string": shown})

    return [
        Route("/", page, methods=["GET"]),
        Route(f"{prefix}/console/connection-string", connection_string, methods=["GET"]),
        Route(f"{prefix}/console/{{name}}", asset, methods=["GET"]),
    ]


def _file(name: str) -> Response:
    return console_file(name) or error(404, "The console has no such file.")
