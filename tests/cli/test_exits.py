"""However a command ends: an exit code, a line on stderr, and never a traceback."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from azure.identity import CredentialUnavailableError

from acs_identity.cli import exits, main
from acs_identity.cli.exits import EXIT_CODES
from acs_identity_emulator import EmulatorServer, FaultRule

from .answering import answering
from .conftest import CONNECTION_STRING, Run, installed

pytestmark = pytest.mark.once


def test_help_lists_every_exit_code(bare: Run) -> None:
    lines = [line.split(maxsplit=1) for line in bare("--help").stdout.partition("Exit codes:")[2].splitlines() if line]
    assert {int(code): meaning for code, meaning in lines} == EXIT_CODES


def test_without_a_connection_string_the_ways_to_give_one_are_told(bare: Run) -> None:
    done = bare("token", "issue", "--scope", "chat")
    assert (done.code, done.stdout) == (3, "")
    for way in (CONNECTION_STRING, "--endpoint", "--profile", "emulator exec"):
        assert way in done.stderr


def test_a_service_that_is_not_there_exits_with_four(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONNECTION_STRING, "endpoint=http://127.0.0.1:9;accesskey=c2VjcmV0")
    done = bare("user", "create")
    assert done.code == 4
    assert "acs-identity doctor" in done.stderr
    assert "c2VjcmV0" not in done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("endpoint=https://contoso.communication.azure.com/", "accesskey"),
        ("accesskey=c2VjcmV0", "endpoint"),
        ("hello", "endpoint"),
        ("endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0!", "base64"),
    ],
)
def test_a_connection_string_that_is_wrong_is_told_without_the_key(
    bare: Run, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    monkeypatch.setenv(CONNECTION_STRING, value)
    done = bare("user", "create")
    assert done.code == 2
    assert said in done.stderr
    assert "c2VjcmV0" not in done.stderr


def test_options_that_contradict_each_other_are_told(bare: Run) -> None:
    done = bare("user", "create", "--connection-string", "a=b", "--endpoint", "http://127.0.0.1:9")
    assert done.code == 2
    assert "either" in done.stderr


def test_a_key_is_read_from_stdin(bare: Run, server: EmulatorServer) -> None:
    done = bare("user", "create", "--endpoint", server.endpoint, "--key", "-", stdin=server.emulator.access_key)
    assert done.code == 0


def test_a_sign_in_to_entra_takes_the_place_of_a_key(
    bare: Run, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", server.emulator.entra.credential)
    assert bare("user", "create", "--endpoint", server.endpoint).code == 0
    checks = {check["check"]: check["state"] for check in bare("doctor", "--endpoint", server.endpoint).data}
    assert checks["sign-in"] == checks["role"] == "ok"


def test_a_sign_in_that_fails_is_told_with_the_key_that_is_missing(
    bare: Run, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unavailable:
        def get_token(self, *_: object, **__: object) -> None:
            raise CredentialUnavailableError("nobody is signed in")

    monkeypatch.setattr("azure.identity.DefaultAzureCredential", Unavailable)
    done = bare("user", "create", "--endpoint", server.endpoint)
    assert done.code == 3
    assert done.stderr == "There is no access key, and signing in failed: nobody is signed in\n"


def test_without_azure_identity_it_is_told_what_to_install(
    bare: Run, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    done = bare("user", "create", "--endpoint", server.endpoint)
    assert done.code == 3
    assert "acs-identity[cli,entra]" in done.stderr


def test_a_fault_of_ours_is_one_line_with_a_log_and_no_secret(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "8:acs:61a5163d-fb08-4069-b2b1-9d48f5ea40fa_00000001-261e-ee69-804e-276b4387cd5e"

    def broken(*_: object, **__: object) -> None:
        raise LookupError(secret)

    monkeypatch.setattr("acs_identity.CommunicationIdentityClient.create_user", broken)
    done = run("user", "create")
    assert done.code == 70
    assert len(done.stderr.splitlines()) == 1
    log = Path(done.stderr.split("log: ")[1].strip())
    assert "LookupError" in log.read_text()
    assert secret not in log.read_text() + done.stderr
    assert os.name == "nt" or stat.S_IMODE(log.stat().st_mode) == 0o600
    log.unlink()


@pytest.mark.parametrize("error", [TypeError("a None where a text belongs"), RecursionError(), MemoryError()])
def test_what_no_input_can_explain_is_a_fault_of_ours(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    # As if the library had raised it itself.
    monkeypatch.setitem(broken.__globals__, "__name__", "acs_identity._client")
    monkeypatch.setattr("acs_identity.CommunicationIdentityClient.create_user", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run("user", "create")
    assert done.code == 70
    assert type(error).__name__ in done.stderr


@pytest.mark.parametrize("text", ["caf\udcff", "\x1b[2J\nmore"], ids=["undecodable", "escapes"])
def test_a_fault_is_logged_whatever_its_text_holds(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError(text)

    monkeypatch.setattr("acs_identity.CommunicationIdentityClient.create_user", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run("user", "create")
    assert done.code == 70
    [log] = tmp_path.glob("*.log")
    assert done.stderr.endswith(f"with this log: {log}\n")
    assert "LookupError: " in log.read_text()


def test_a_fault_in_what_explains_a_refusal_is_one_line_too(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError

    monkeypatch.setattr("acs_identity.diagnostics.explain", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run("user", "get", "--user", "8:acs:nobody")
    assert done.code == 70
    assert done.stderr.startswith("acs-identity has a fault (LookupError)")


def test_a_fault_is_told_where_no_log_can_be_written(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("acs_identity.CommunicationIdentityClient.create_user", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nothing"))
    done = run("user", "create")
    assert done.code == 70
    assert len(done.stderr.splitlines()) == 1
    assert "(ZeroDivisionError), and no log could be written. Please report it" in done.stderr


def test_what_the_service_says_does_nothing_to_the_terminal(bare: Run) -> None:
    body = json.dumps({"error": {"code": "Bad", "message": "\x1b]0;title\x07 \x9b2J \r\u202e"}}).encode()
    with answering(400, body, **{"x-ms-request-id": "a\x1b[31m"}) as (address, _):
        one = ["--connection-string", f"endpoint=http://{address};accesskey=c2VjcmV0"]
        for command in (["user", "create"], ["user", "create", "--count", "2"], ["raw", "POST", "/identities"]):
            said = bare(*command, *one).stderr
            assert r"\u001b]0;title\u0007 \u009b2J \r\u202e" in said
            assert not {letter for letter in said if not letter.isprintable()} - {"\n"}


CLOSES = pytest.mark.skipif(not Path("/bin/bash").exists(), reason="there is no bash")


def sent_away(emulated: EmulatorServer, *, redirect: str, command: str = "user create") -> tuple[int, str]:
    program = Path(sys.executable).parent / "acs-identity"
    done = subprocess.run(
        ["/bin/bash", "-c", f"set -o pipefail; {program} {command} {redirect}"],
        capture_output=True,
        timeout=60,
        check=False,
        # As most people have it: what is written to a pipe is kept until there is more, or the end.
        env={**os.environ, "PYTHONUNBUFFERED": "", CONNECTION_STRING: emulated.connection_string},
    )
    return done.returncode, done.stderr.decode()


@CLOSES
@pytest.mark.parametrize("redirect", ["| true", ">&-", "2>&-", "| head -n 1", "<&-"])
@pytest.mark.parametrize("command", ["user create --count 3", "raw POST /identities", "--help", "completion show bash"])
def test_a_closed_pipe_is_quiet(server: EmulatorServer, command: str, redirect: str) -> None:
    assert sent_away(server, redirect=redirect, command=command) == (0, "")


@CLOSES
def test_a_refusal_is_still_one_when_nobody_reads_what_was_refused(server: EmulatorServer) -> None:
    code, said = sent_away(server, redirect="| true", command="raw DELETE /identities/8:acs:nobody --yes")
    assert code == 1
    assert "BrokenPipeError" not in said


@CLOSES
@pytest.mark.parametrize("redirect", ["2>&1 | true", "2> /dev/full", "2>&-"])
@pytest.mark.parametrize("command", ["nonsense", "token issue", "profiles use nobody"])
def test_a_mistake_has_its_exit_code_although_nobody_reads_of_it(
    server: EmulatorServer, command: str, redirect: str
) -> None:
    assert sent_away(server, redirect=redirect, command=command) == (2, "")


@CLOSES
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("token inspect", "stdin is empty"),
        ("user create --endpoint http://127.0.0.1:9 --key -", "nothing on stdin"),
        ("profiles add shop", "nothing on stdin"),
        ("user delete --users-from -", "--yes"),
        ("user delete --users-from - --yes", "nothing in stdin"),
        ("completion install bash", "--yes"),
    ],
)
def test_a_closed_stdin_is_an_empty_one(server: EmulatorServer, command: str, said: str) -> None:
    code, stderr = sent_away(server, redirect="<&-", command=command)
    assert code == 2
    assert said in stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told(server: EmulatorServer) -> None:
    code, said = sent_away(server, redirect="> /dev/full")
    assert code == 74
    assert "No space left" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"NO_COLOR": "1", "TERM": "dumb"},
        {"COLUMNS": "20"},
        {"HOME": "/nonexistent", "XDG_CONFIG_HOME": "/nonexistent"},
    ],
    ids=lambda environment: next(iter(environment)),
)
@pytest.mark.parametrize("output_format", ["table", "json"])
def test_it_works_in_whatever_surroundings(
    server: EmulatorServer, environment: dict[str, str], output_format: str
) -> None:
    environment = {**environment, CONNECTION_STRING: server.connection_string}
    done = installed("user", "create", "--custom-id", "Zoé €", "-o", output_format, environment=environment)
    assert done.code == 0
    assert "8:acs:" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
@pytest.mark.parametrize("command", [["user", "create"], ["user", "create", "--count", "50"], ["token", "inspect"]])
def test_ctrl_c_ends_it_quietly(command: list[str], server: EmulatorServer) -> None:
    server.emulator.faults.add(FaultRule("delay", delay=3.0))
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "acs_identity.cli", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, CONNECTION_STRING: server.connection_string},
        bufsize=0,
    ) as process:
        assert process.stderr is not None
        # Whenever it comes after that: while modules are loaded, in the request, or at the prompt.
        assert any(line.endswith(b" acs_identity.cli.session\n") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    # Where Python was evaluating a text it ends by the signal itself, which a shell reports as 130, too.
    assert process.returncode in (130, -signal.SIGINT)
    assert b"Traceback" not in stderr


def test_ctrl_c_while_modules_are_loaded_ends_it_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("acs_identity.cli.find_spec", interrupted)
    # An interrupt that got through would end the tests.
    with pytest.raises((SystemExit, KeyboardInterrupt)) as end:
        main()
    assert isinstance(end.value, SystemExit)
    assert end.value.code == 130


def test_ctrl_c_that_python_wraps_in_an_error_of_its_own_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    class Interrupted:
        def __set_name__(self, owner: type, name: str) -> None:
            raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    with pytest.raises(SystemExit) as end:
        exits.run(lambda: type("Loaded", (), {"way": Interrupted()}))
    assert end.value.code == 130
    assert "fault" not in capsys.readouterr().err


def test_the_module_is_the_command(server: EmulatorServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "acs_identity.cli", "user", "create"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, CONNECTION_STRING: server.connection_string},
    )
    assert "user_id" in done.stdout
