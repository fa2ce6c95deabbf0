"""The endpoints of the emulator's own, below ``/_emulator``; each module has those of one subject."""

from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator

from . import clock, entra, faults, health, journal, limits

PREFIX = "/_emulator"


def routes(emulator: Emulator) -> list[Route]:
    """Return every endpoint of the emulator's own."""
    return [
        route for module in (health, entra, journal, faults, limits, clock) for route in module.routes(PREFIX, emulator)
    ]
