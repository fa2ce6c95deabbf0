"""The command, run as a person runs it: in this process, or in one of its own, against an emulator on a port."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acs_identity_emulator import Emulator, EmulatorServer

from .running import Ran, run_command

# What decides where the service is, and the way to it.
_SETTINGS = ("AZURE_", "ACS_IDENTITY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA", "CURL_CA")
CONNECTION_STRING = "AZURE_COMMUNICATION_CONNECTION_STRING"


Run = Callable[..., Ran]


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
def server(emulator: Emulator) -> Iterator[EmulatorServer]:
    with EmulatorServer(emulator) as server:
        yield server


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home of its own, and nothing of the tester's own settings."""
    for name in [name for name in os.environ if name.upper().startswith(_SETTINGS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    (tmp_path / "home").mkdir()


@pytest.fixture
def bare() -> Run:
    """Run the command in this process."""

    def run(*arguments: object, stdin: str | bytes = "") -> Ran:
        return run_command(*map(str, arguments), stdin=stdin)

    return run


@pytest.fixture
def run(bare: Run, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process, with the connection string of the emulator in its environment."""
    monkeypatch.setenv(CONNECTION_STRING, server.connection_string)
    return bare


def installed(*arguments: object, stdin: bytes = b"", environment: dict[str, str] | None = None) -> Ran:
    """Run the command that is installed, in a process of its own."""
    command = [str(Path(sys.executable).parent / "acs-identity"), *map(str, arguments)]
    done = subprocess.run(
        command, input=stdin, capture_output=True, timeout=60, check=False, env={**os.environ, **(environment or {})}
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())
