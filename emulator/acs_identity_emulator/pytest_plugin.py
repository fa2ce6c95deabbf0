"""Fixtures for pytest, which finds them by itself; nothing of the emulator is loaded before one is used."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from . import AsyncEmulatorTransport, Emulator, EmulatorServer, EmulatorTransport


@pytest.fixture
def acs_emulator() -> Iterator["Emulator"]:
    """A new emulator in this process, for this test."""
    from . import Emulator

    emulator = Emulator()
    yield emulator
    emulator.close()


@pytest.fixture
def acs_emulator_transport(acs_emulator: "Emulator") -> "EmulatorTransport":
    """What leads a client to ``acs_emulator`` without a socket: ``transport=acs_emulator_transport``."""
    from . import EmulatorTransport

    return EmulatorTransport(acs_emulator)


@pytest.fixture
def acs_emulator_async_transport(acs_emulator: "Emulator") -> "AsyncEmulatorTransport":
    """What leads an asynchronous client to ``acs_emulator`` without a socket."""
    from . import AsyncEmulatorTransport

    return AsyncEmulatorTransport(acs_emulator)


@pytest.fixture(scope="session")
def _acs_emulator_session_server() -> Iterator["EmulatorServer"]:
    from . import Emulator, EmulatorServer

    with EmulatorServer(Emulator()) as server:
        yield server
    server.emulator.close()


@pytest.fixture
def acs_emulator_server(_acs_emulator_session_server: "EmulatorServer") -> "EmulatorServer":
    """A server on a free port of 127.0.0.1, the same in the whole session, with a new emulator for this test."""
    from . import Emulator

    before = _acs_emulator_session_server.emulator
    _acs_emulator_session_server.emulator = Emulator()
    before.close()
    return _acs_emulator_session_server


@pytest.fixture
def acs_connection_string(acs_emulator_server: "EmulatorServer") -> str:
    """The connection string of ``acs_emulator_server``."""
    return acs_emulator_server.connection_string
