"""The endpoints of the emulator's own, below ``/_emulator``; each module has those of one subject."""

from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator

from . import clock, console, entra, faults, health, journal, keys, limits, state

PREFIX = "/_emulator"


def routes(emulator: Emulator) -> list[Route]:
    """Return every endpoint of the emulator's own."""
    modules = (health, entra, keys, state, journal, faults, limits, clock, console)
    return [route for module in modules for route in module.routes(PREFIX, emulator)]
