"""The identity service of Azure Communication Services, locally: a strict emulator for development and tests.

>>> from acs_identity_emulator import Emulator, EmulatorTransport
>>> emulator = Emulator()
>>> transport = EmulatorTransport(emulator)
"""

from typing import TYPE_CHECKING, Any

from .access_tokens import TokenStatus
from .checks import CHECKS, Check
from .clock import EmulatorClock
from .comparison import Comparison
from .emulator import BODY_LIMIT, DEVELOPMENT_ACCESS_KEY, Emulator
from .entra import Entra
from .faults import FaultRule, Faults
from .limits import RateLimits
from .messages import Request, Response
from .state import StateError
from .store import StoreError

if TYPE_CHECKING:
    from .server import EmulatorServer, PortTakenError, ServerError
    from .transport import AsyncEmulatorTransport, EmulatorTransport

__all__ = [
    "BODY_LIMIT",
    "CHECKS",
    "DEVELOPMENT_ACCESS_KEY",
    "AsyncEmulatorTransport",
    "Check",
    "Comparison",
    "Emulator",
    "EmulatorClock",
    "EmulatorServer",
    "EmulatorTransport",
    "Entra",
    "FaultRule",
    "Faults",
    "PortTakenError",
    "RateLimits",
    "Request",
    "Response",
    "ServerError",
    "StateError",
    "StoreError",
    "TokenStatus",
]

# azure-core, Starlette and uvicorn are loaded when something that needs them is first asked for.
_LAZY = {
    "AsyncEmulatorTransport": "transport",
    "EmulatorTransport": "transport",
    "EmulatorServer": "server",
    "PortTakenError": "server",
    "ServerError": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)
