"""Faults on purpose over HTTP."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator
from acs_identity_emulator.faults import FaultRule, as_members

from .messages import error, json_object


def routes(prefix: str, emulator: Emulator) -> list[Route]:
    """Return the endpoints that list, add and remove the rules for faults."""
    faults = emulator.faults

    async def read(_: Request) -> JSONResponse:
        return JSONResponse({"seed": faults.seed, "rules": [as_members(counted) for counted in faults.rules()]})

    async def add(request: Request) -> JSONResponse:
        members = await json_object(request)
        if members is None:
            return error(400, 'Send a JSON object with the rule: {"kind": "503"}.')
        try:
            number = faults.add(FaultRule.of(members))
        except ValueError as problem:
            return error(400, str(problem))
        return JSONResponse({"number": number}, 201)

    async def clear(_: Request) -> Response:
        faults.clear()
        return Response(status_code=204)

    async def remove(request: Request) -> Response:
        try:
            faults.remove(int(request.path_params["number"]))
        except ValueError:
            return error(404, "There is no fault rule of this number.")
        return Response(status_code=204)

    async def restart(request: Request) -> Response:
        members = await json_object(request)
        if members is None or not set(members) <= {"seed"}:
            return error(400, 'Send a JSON object with the seed: {"seed": 1}; without a seed the same one is kept.')
        try:
            faults.restart(members.get("seed"))
        except ValueError as problem:
            return error(400, str(problem))
        return JSONResponse({"seed": faults.seed})

    return [
        Route(f"{prefix}/faults", read, methods=["GET"]),
        Route(f"{prefix}/faults", add, methods=["POST"]),
        Route(f"{prefix}/faults", clear, methods=["DELETE"]),
        Route(f"{prefix}/faults/restart", restart, methods=["POST"]),
        Route(f"{prefix}/faults/{{number}}", remove, methods=["DELETE"]),
    ]
