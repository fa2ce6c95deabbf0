"""The identity service of Azure Communication Services, locally: a strict emulator for development and tests.

>>> from acs_identity_emulator import Emulator, EmulatorTransport
>>> emulator = Emulator()
>>> transport = EmulatorTransport(emulator)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access_tokens import TokenStatus
    from .certificates import Certificate, local_certificate
    from .checks import CHECKS, Check
    from .clock import EmulatorClock
    from .comparison import Comparison
    from .emulator import BODY_LIMIT, DEVELOPMENT_ACCESS_KEY, Emulator
    from .entra import Entra
    from .entra_credentials import AsyncRemoteEntraCredential, RemoteEntraCredential
    from .faults import FaultRule, Faults
    from .limits import RateLimits
    from .messages import Request, Response
    from .server import EmulatorServer, PortTakenError, ServerError
    from .state import StateError
    from .store import StoreError
    from .transport import AsyncEmulatorTransport, EmulatorTransport

__all__ = [
    "BODY_LIMIT",
    "CHECKS",
    "DEVELOPMENT_ACCESS_KEY",
    "AsyncEmulatorTransport",
    "AsyncRemoteEntraCredential",
    "Certificate",
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
    "RemoteEntraCredential",
    "Request",
    "Response",
    "ServerError",
    "StateError",
    "StoreError",
    "TokenStatus",
    "local_certificate",
]

# pytest loads this package in every session, so nothing is loaded before it is first asked for.
_MODULES = {
    "BODY_LIMIT": "emulator",
    "CHECKS": "checks",
    "DEVELOPMENT_ACCESS_KEY": "emulator",
    "AsyncEmulatorTransport": "transport",
    "AsyncRemoteEntraCredential": "entra_credentials",
    "Certificate": "certificates",
    "Check": "checks",
    "Comparison": "comparison",
    "Emulator": "emulator",
    "EmulatorClock": "clock",
    "EmulatorServer": "server",
    "EmulatorTransport": "transport",
    "Entra": "entra",
    "FaultRule": "faults",
    "Faults": "faults",
    "PortTakenError": "server",
    "RateLimits": "limits",
    "RemoteEntraCredential": "entra_credentials",
    "Request": "messages",
    "Response": "messages",
    "ServerError": "server",
    "StateError": "state",
    "StoreError": "store",
    "TokenStatus": "access_tokens",
    "local_certificate": "certificates",
}

if not TYPE_CHECKING:
    # Unseen by type checkers, which would take any name for one that is there.
    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
