"""Recordings that cannot leak and that play back for ever: for tests with pytest-recording (the extra ``testing``).

One line in ``conftest.py`` is enough, for this client and for the official one::

    @pytest.fixture
    def vcr_config():
        return acs_identity.testing.vcr_config()
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._fakes import FAKE_HOST, playback_connection_string
    from ._targets import Target
    from ._vcr_config import vcr_config

__all__ = ["FAKE_HOST", "Target", "playback_connection_string", "vcr_config"]

# pytest loads this package in every session, so nothing is loaded before it is first asked for.
_MODULES = {
    "FAKE_HOST": "_fakes",
    "Target": "_targets",
    "playback_connection_string": "_fakes",
    "vcr_config": "_vcr_config",
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
