"""The endpoints of the emulator's own, below ``/_emulator``; each module has those of one subject."""

from starlette.routing import Route

from acs_identity_emulator.emulator import Emulator

from . import entra, health, journal, keys, state

PREFIX = "/_emulator"


def routes(emulator: Emulator) -> list[Route]:
    """Return every endpoint of the emulator's own."""
    return [route for module in (health, entra, journal, keys, state) for route in module.routes(PREFIX, emulator)]
