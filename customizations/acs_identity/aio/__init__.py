"""The async client. See :mod:`acs_identity` for what it takes and gives."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._aiohttp_transport import AiohttpTransport
    from ._bulk import Bulk
    from ._client import CommunicationIdentityClient
    from ._token_credential import CommunicationTokenCredential
    from ._token_provider import TokenProvider

__all__ = ["AiohttpTransport", "Bulk", "CommunicationIdentityClient", "CommunicationTokenCredential", "TokenProvider"]

# As in acs_identity; whoever brings another transport needs no aiohttp.
_MODULES = {
    "AiohttpTransport": "_aiohttp_transport",
    "Bulk": "_bulk",
    "CommunicationIdentityClient": "_client",
    "CommunicationTokenCredential": "_token_credential",
    "TokenProvider": "_token_provider",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
