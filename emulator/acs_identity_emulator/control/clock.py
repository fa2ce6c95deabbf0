"""The clock of the emulator over HTTP."""

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acs_identity_emulator.clock import EmulatorClock
from acs_identity_emulator.emulator import Emulator
from acs_identity_emulator.names import shown
from acs_identity_emulator.times import parse_date_time

from .messages import error, json_object

_USAGE = (
    'Send a JSON object with one of: {"advance_seconds": 3600}, {"set": "2026-10-01T12:00:00Z"}, {"freeze": true}, '
    '{"freeze": false}, {"reset": true}.'
)


def routes(prefix: str, emulator: Emulator) -> list[Route]:
    """Return the endpoints that show and move the clock."""
    clock = emulator.clock

    def shown() -> JSONResponse:
        return JSONResponse(
            {
                "now": clock.now().isoformat(),
                "offset_seconds": clock.offset.total_seconds(),
                "frozen": clock.is_frozen,
            }
        )

    async def read(_: Request) -> JSONResponse:
        return shown()

    async def move(request: Request) -> JSONResponse:
        members = await json_object(request)
        try:
            _move(clock, members or {})
        except ValueError as problem:
            return error(400, str(problem))
        return shown()

    return [
        Route(f"{prefix}/clock", read, methods=["GET"]),
        Route(f"{prefix}/clock", move, methods=["POST"]),
    ]


def _move(clock: EmulatorClock, members: dict[str, Any]) -> None:
    if len(members) != 1:
        raise ValueError(_USAGE)
    match members:
        case {"advance_seconds": int() | float() as seconds} if not isinstance(seconds, bool):
            try:
                by = timedelta(seconds=seconds)
            except OverflowError:
                by = timedelta.max if seconds > 0 else timedelta.min
            clock.advance(by)
        case {"set": str(text)}:
            moment = parse_date_time(text)
            if moment is None:
                raise ValueError(f"The time {shown(text)} is not written with its offset, as 2026-10-01T12:00:00Z is.")
            clock.set(moment)
        case {"freeze": True}:
            clock.freeze()
        case {"freeze": False}:
            clock.resume()
        case {"reset": True}:
            clock.reset()
        case _:
            raise ValueError(_USAGE)
