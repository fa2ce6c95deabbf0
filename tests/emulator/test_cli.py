"""The command says where the emulator is, keeps foreign keys to itself and stops when it is told to."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator, EmulatorServer
from acs_identity_emulator.commands import app
from acs_identity_emulator.commands.start import is_loopback

COMMAND = [sys.executable, "-W", "error", "-c", "from acs_identity_emulator.commands import app; app()"]


@contextmanager
def started(*arguments: str, **environment: str) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, "start", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200", **environment},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_a_signal_and_ends_well(number: signal.Signals) -> None:
    with started("--port", "0") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(7)]
        endpoint = lines[0].removeprefix("Endpoint: ").strip()
        shown = f"endpoint={endpoint}/;accesskey={DEVELOPMENT_ACCESS_KEY}"
        assert lines[1] == f"Connection string: {shown}\n"
        assert lines[2] == f"export AZURE_COMMUNICATION_CONNECTION_STRING='{shown}'\n"
        https = lines[3].removeprefix("HTTPS endpoint: ").strip()
        assert https.startswith("https://127.0.0.1:")
        assert lines[4] == f"HTTPS connection string: endpoint={https}/;accesskey={DEVELOPMENT_ACCESS_KEY}\n"
        file = lines[5].removeprefix("Authority to trust: ").strip()
        assert "BEGIN CERTIFICATE" in Path(file).read_text()
        assert lines[6] == f"export SSL_CERT_FILE={file} REQUESTS_CA_BUNDLE={file} NODE_EXTRA_CA_CERTS={file}\n"
        host, port = endpoint.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"POST /identities HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 401"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert out == ""
        assert "POST /identities 401 the request has no Authorization header" in err
        assert "The emulator has stopped." in err
        assert "Traceback" not in err
        assert "Warning" not in err


def test_a_taken_port_is_one_line_and_no_traceback() -> None:
    with EmulatorServer(Emulator()) as server:
        port = server.endpoint.rsplit(":", 1)[1]
        with started("--port", port) as process:
            out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == ""
    assert err.count("\n") == 1
    assert f"Port {port} of 127.0.0.1 is taken by another emulator: use it, http://127.0.0.1:{port}, or --port 0" in err
    assert "--port 0" in err


def stop_soon(number: signal.Signals = signal.SIGTERM) -> threading.Thread:
    """Send a signal to this process as soon as the server is up."""

    def send() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if any(thread.name == "acs-identity-emulator" for thread in threading.enumerate()):
                time.sleep(0.5)
                os.kill(os.getpid(), number)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def test_a_key_of_the_users_own_is_used_and_not_shown(own_key: str) -> None:
    before = signal.getsignal(signal.SIGTERM)
    thread = stop_soon()
    result = CliRunner().invoke(app, ["start", "--port", "0"], env={"ACS_IDENTITY_EMULATOR_ACCESS_KEY": own_key})
    thread.join(30)
    assert result.exit_code == 0, result.output
    assert own_key not in result.output
    assert DEVELOPMENT_ACCESS_KEY not in result.output
    assert "/;accesskey=***'" in result.stdout
    assert "in the place of ***" in result.stderr
    assert signal.getsignal(signal.SIGTERM) == before


def test_listening_beyond_this_machine_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(host: str) -> bool:
        return False

    # The address only looks foreign: nothing in a test listens beyond loopback.
    monkeypatch.setattr("acs_identity_emulator.commands.start.is_loopback", never)
    thread = stop_soon(signal.SIGINT)
    result = CliRunner().invoke(app, ["start", "--port", "0"])
    thread.join(30)
    assert result.exit_code == 0, result.output
    assert "Warning: listening on 127.0.0.1" in result.stderr


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("example.org", False), ("", False)],
)  # fmt: skip
def test_loopback_is_recognised(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_nothing_waits_for_the_keys_of_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    makers: list[threading.Thread] = []
    begun = threading.Event()

    def make_keys() -> None:
        makers.append(threading.current_thread())
        begun.set()

    monkeypatch.setattr("acs_identity_emulator.commands.start.make_keys", make_keys)
    monkeypatch.setattr(EmulatorServer, "is_running", False)
    result = CliRunner().invoke(app, ["start", "--port", "0"])
    assert "Endpoint: http://127.0.0.1:" in result.stdout
    assert begun.wait(30)
    assert makers[0] is not threading.main_thread()


def test_a_server_that_dies_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmulatorServer, "is_running", False)
    result = CliRunner().invoke(app, ["start", "--port", "0"])
    assert result.exit_code == 1
    assert "ended by itself" in result.stderr


def test_a_malformed_key_is_refused_without_being_shown() -> None:
    result = CliRunner().invoke(app, ["start"], env={"ACS_IDENTITY_EMULATOR_ACCESS_KEY": "s3cret!"})
    assert result.exit_code == 1
    assert "not base64" in result.stderr
    assert "s3cret" not in result.output


def test_a_port_out_of_range_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["start", "--port", "65536"]).exit_code == 2


def test_help_names_the_environment_and_hides_the_key(own_key: str) -> None:
    result = CliRunner().invoke(
        app, ["start", "--help"], env={"ACS_IDENTITY_EMULATOR_ACCESS_KEY": own_key, "COLUMNS": "200"}
    )
    assert result.exit_code == 0
    assert "ACS_IDENTITY_EMULATOR_ACCESS_KEY" in result.stdout
    assert own_key not in result.stdout
    assert CliRunner().invoke(app, []).exit_code == 2
