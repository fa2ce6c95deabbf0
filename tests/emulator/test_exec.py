"""``exec`` gives a command its emulator, its terminal and its signals, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator, EmulatorServer
from acs_identity_emulator.commands import app

EXEC = [sys.executable, "-W", "error", "-c", "from acs_identity_emulator.commands import app; app()", "exec"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")

SHOW = """
import json, os, sys
names = ("AZURE_COMMUNICATION_CONNECTION_STRING", "ACS_IDENTITY_EMULATOR_ENDPOINT",
         "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
json.dump({name: os.environ.get(name) for name in names}, sys.stdout)
"""
# Names the signals that come, until SIGTERM or the end of stdin.
WAIT = """
import signal, sys
def show(number, frame):
    print(signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        sys.exit(7)
signal.signal(signal.SIGINT, show)
signal.signal(signal.SIGTERM, show)
print("ready", flush=True)
while sys.stdin.readline():
    pass
"""


def run(*arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*EXEC, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "200", **environment},
    )


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def is_reachable(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_emulator/health/live", timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.URLError:
        return False


def test_the_command_finds_the_emulator_in_its_environment() -> None:
    result = run("--", *python(SHOW))
    assert (result.returncode, result.stderr) == (0, "")
    shown = json.loads(result.stdout)
    endpoint = shown["ACS_IDENTITY_EMULATOR_ENDPOINT"]
    assert endpoint.startswith("http://127.0.0.1:")
    assert not endpoint.endswith(":10100"), "a free port"
    expected = f"endpoint={endpoint}/;accesskey={DEVELOPMENT_ACCESS_KEY}"
    assert shown["AZURE_COMMUNICATION_CONNECTION_STRING"] == expected
    assert not is_reachable(endpoint), "the emulator ended with the command"


def test_a_program_that_reads_the_connection_string_works_as_it_is() -> None:
    code = """
import os
from azure.communication.identity import CommunicationIdentityClient
client = CommunicationIdentityClient.from_connection_string(os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"])
user, token = client.create_user_and_token(["chat"])
client.delete_user(user)
print(token.token.count("."))
"""
    result = run("--https", "--", *python(code))
    assert (result.returncode, result.stdout, result.stderr) == (0, "2\n", "")


def test_with_https_the_command_is_told_whom_to_trust(tmp_path: Path) -> None:
    result = run("--https", "--certificates", str(tmp_path), "--", *python(SHOW))
    shown = json.loads(result.stdout)
    assert shown["AZURE_COMMUNICATION_CONNECTION_STRING"].startswith("endpoint=https://127.0.0.1:")
    assert shown["ACS_IDENTITY_EMULATOR_ENDPOINT"].startswith("http://127.0.0.1:")
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert shown[name] == str(tmp_path / "https" / "ca.pem")


def test_stdin_stdout_and_stderr_are_those_of_the_command() -> None:
    code = "import sys; print(sys.stdin.read().upper()); print('aside', file=sys.stderr)"
    result = run("--", *python(code), stdin="text")
    assert (result.stdout, result.stderr) == ("TEXT\n", "aside\n")


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_the_exit_code_is_that_of_the_command(code: int) -> None:
    assert run("--", *python(f"raise SystemExit({code})")).returncode == code


@POSIX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_that_ended_the_command_is_told_as_shells_do(number: signal.Signals) -> None:
    result = run("--", *python(f"import os; os.kill(os.getpid(), {int(number)})"))
    assert (result.returncode, result.stdout, result.stderr) == (128 + number, "", "")


def test_options_behind_the_command_are_its_own() -> None:
    code = "import sys; print(sys.argv[1:])"
    for separator in ((), ("--",)):
        result = run(*separator, *python(code, "--port", "x", "-v", "--help", "--", "y"))
        assert result.stdout == "['--port', 'x', '-v', '--help', '--', 'y']\n"


def test_a_command_that_is_not_there_is_127(tmp_path: Path) -> None:
    result = run("--", "no-such-command-at-all", "x")
    assert (result.returncode, result.stdout) == (127, "")
    assert result.stderr == "Error: There is no command no-such-command-at-all.\n"


@POSIX
def test_a_command_that_cannot_be_run_is_126(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "text"):
        if file != tmp_path:
            file.write_bytes(b"\x00\x01 no program")
            file.chmod(0o700)
        result = run("--", str(file))
        assert (result.returncode, result.stdout) == (126, "")
        assert result.stderr.startswith(f"Error: {file} cannot be run: ")
        assert result.stderr.count("\n") == 1


def test_no_command_is_a_usage_error() -> None:
    for arguments in ((), ("--",), ("--port", "0")):
        result = run(*arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert "COMMAND" in result.stderr


def test_the_command_does_not_run_when_the_port_is_taken() -> None:
    with EmulatorServer(Emulator()) as taker:
        port = taker.endpoint.rsplit(":", 1)[1]
        result = run("--port", port, "--", *python("print('ran')"))
    assert (result.returncode, result.stdout) == (1, "")
    assert f"Port {port} of 127.0.0.1 is taken by another emulator" in result.stderr


def test_the_options_of_start_count(own_key: str) -> None:
    code = """
import os, urllib.error, urllib.request
print(os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"])
try:
    urllib.request.urlopen(os.environ["ACS_IDENTITY_EMULATOR_ENDPOINT"] + "/identities", data=b"")
except urllib.error.HTTPError as error:
    print(error.code)
    error.close()
"""
    result = run("--fault", "503", "--", *python(code), ACS_IDENTITY_EMULATOR_ACCESS_KEY=own_key)
    connection_string, status = result.stdout.splitlines()
    assert connection_string.endswith(f";accesskey={own_key}")
    assert status == "503"
    assert result.stderr == ""


def test_it_speaks_on_stderr_when_asked_and_never_on_stdout() -> None:
    code = """
import os, urllib.error, urllib.request
try:
    urllib.request.urlopen(os.environ["ACS_IDENTITY_EMULATOR_ENDPOINT"] + "/identities", data=b"")
except urllib.error.HTTPError as error:
    error.close()
"""
    result = run("-v", "--", *python(code))
    assert (result.returncode, result.stdout) == (0, "")
    assert "The emulator is at http://127.0.0.1:" in result.stderr
    assert "POST /identities 401" in result.stderr


def start(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*EXEC, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_goes_to_the_command_which_decides_what_becomes_of_it(number: signal.Signals) -> None:
    # A session of its own has no terminal that would tell both.
    process = start("--", *python(WAIT), start_new_session=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == f"{number.name}\n"
        out, err = process.communicate("", timeout=30)
        assert process.returncode == (7 if number is signal.SIGTERM else 0)
        assert (out, err) == ("", "")
    finally:
        process.kill()
        process.communicate(timeout=30)


@pytest.mark.skipif(not hasattr(signal, "sigtimedwait"), reason="this platform cannot wait for one signal")
@pytest.mark.parametrize(("group", "shown"), [("the terminal's", b"SIGINT"), ("its own", b"nothing")])
def test_ctrl_c_reaches_the_command_from_the_terminal_and_is_not_sent_again(group: str, shown: bytes) -> None:
    import pty
    import termios

    wait = f"""
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGINT}})
if {group!r} == "its own":
    # The terminal tells the others only.
    os.setpgid(0, 0)
print("ready", flush=True)
print("SIGINT" if signal.sigtimedwait({{signal.SIGINT}}, 2) else "nothing", flush=True)
"""
    master, slave = pty.openpty()
    command = [*EXEC, "--", *python(wait)]
    take = f"import fcntl, os; fcntl.ioctl(0, {termios.TIOCSCTTY}, 0); os.execv({command[0]!r}, {command!r})"
    process = subprocess.Popen(python(take), stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    text = b""
    try:
        while b"ready" not in text:
            text += os.read(master, 1024)
        os.write(master, b"\x03")
        while b"SIGINT" not in text and b"nothing" not in text:
            text += os.read(master, 1024)
        assert shown in text
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(30)
        os.close(master)


def test_the_connection_string_of_an_emulator_without_options_can_be_printed() -> None:
    def printed(*options: str) -> str:
        result = CliRunner().invoke(app, ["connection-string", *options])
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    assert printed() == f"endpoint=http://127.0.0.1:10100/;accesskey={DEVELOPMENT_ACCESS_KEY}\n"
    assert printed("--https") == f"endpoint=https://127.0.0.1:10101/;accesskey={DEVELOPMENT_ACCESS_KEY}\n"
    assert printed("--development") == "UseDevelopmentCommunication=true\n"
    result = CliRunner().invoke(app, ["connection-string", "--https", "--development"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "exclude each other" in result.stderr
