"""Where the service is and who asks: what is given, where it may come from, and what goes before what."""

from collections.abc import Callable
from threading import Timer

import pytest

from acs_identity import CommunicationUserIdentifier
from acs_identity._versions import DEFAULT_API_VERSION
from acs_identity_emulator import EmulatorServer

from .conftest import CONNECTION_STRING, Run
from .running import run_command

pytestmark = pytest.mark.once

ENDPOINT = "AZURE_COMMUNICATION_ENDPOINT"
KEY = "AZURE_COMMUNICATION_KEY"
PROFILE = "ACS_IDENTITY_PROFILE"
ELSEWHERE = "endpoint=https://elsewhere.invalid;accesskey=c2VjcmV0"


@pytest.fixture
def source(bare: Run) -> Callable[..., str]:
    """Tell where the endpoint comes from; nothing is sent."""

    def tell(*arguments: str) -> str:
        done = bare("user", "create", "--dry-run", *arguments)
        assert done.code == 0, done.stderr
        host = str(done.data["endpoint"]).removeprefix("https://")
        return host.removesuffix(".invalid")

    return tell


@pytest.fixture
def profiles(bare: Run) -> None:
    bare("profiles", "add", "default", "--endpoint", "default.invalid")
    bare("profiles", "add", "named", "--endpoint", "named.invalid")


@pytest.mark.usefixtures("profiles")
def test_options_go_before_a_named_profile_the_environment_and_the_default_profile(
    source: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert source() == "default"
    monkeypatch.setenv(ENDPOINT, "endpoint.invalid")
    assert source() == "endpoint"
    monkeypatch.setenv(CONNECTION_STRING, ELSEWHERE)
    assert source() == "elsewhere"
    assert source("--key", "a2V5") == "endpoint"
    monkeypatch.setenv(PROFILE, "named")
    assert source() == "named"
    assert source("--profile", "default") == "default"
    assert source("--endpoint", "option.invalid") == "option"
    assert source("--connection-string", ELSEWHERE) == "elsewhere"
    assert source("--key", "a2V5") == "endpoint"


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize("variable", [CONNECTION_STRING, ENDPOINT, KEY, PROFILE])
def test_a_variable_that_is_empty_is_none(
    source: Callable[..., str], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "")
    assert source() == "default"


@pytest.mark.usefixtures("profiles")
def test_an_empty_profile_is_no_way_to_another_resource(bare: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONNECTION_STRING, ELSEWHERE)
    done = bare("user", "create", "--dry-run", "--profile", "")
    assert done.code == 2
    assert done.stderr.startswith("--profile: There is no profile (empty).")


@pytest.mark.parametrize(
    "options",
    [
        ["--profile", "named", "--connection-string", ELSEWHERE],
        ["--profile", "named", "--endpoint", "option.invalid"],
        ["--profile", "named", "--key", "a2V5"],
        ["--connection-string", ELSEWHERE, "--endpoint", "option.invalid"],
        ["--connection-string", ELSEWHERE, "--key", "a2V5"],
    ],
    ids=lambda options: " ".join(options[::2]),
)
@pytest.mark.usefixtures("profiles")
def test_options_that_name_two_resources_are_refused(
    bare: Run, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setenv(ENDPOINT, "endpoint.invalid")
    done = bare("user", "create", "--dry-run", *options)
    assert done.code == 2
    assert done.stderr.startswith("Give either ")


def test_a_profile_of_the_environment_that_is_not_there_is_named_with_the_variable(
    bare: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROFILE, "nobody")
    assert bare("user", "create").stderr.startswith("ACS_IDENTITY_PROFILE: There is no profile nobody.")


def test_blanks_around_what_was_pasted_do_not_matter(
    bare: Run, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CONNECTION_STRING, f"  {server.connection_string} \r\n")
    assert bare("user", "create").code == 0
    monkeypatch.delenv(CONNECTION_STRING)
    monkeypatch.setenv(ENDPOINT, f" {server.endpoint}\n")
    monkeypatch.setenv(KEY, f"\t{server.emulator.access_key}\n")
    assert bare("user", "create").code == 0


def test_a_secret_on_stdin_may_have_the_mark_of_powershell_and_is_one_line(bare: Run, server: EmulatorServer) -> None:
    options = ["--endpoint", server.endpoint, "--key", "-"]
    key = server.emulator.access_key
    assert bare("user", "create", *options, stdin=f"\ufeff{key}\r\nand more".encode()).code == 0


@pytest.mark.parametrize(("stdin", "said"), [(b"\xff\xfea\x00", "not UTF-8"), (b"\n", "nothing"), (b" \n", "nothing")])
def test_a_secret_on_stdin_that_is_none_is_told(bare: Run, stdin: bytes, said: str) -> None:
    done = bare("user", "create", "--endpoint", "a.invalid", "--key", "-", stdin=stdin)
    assert done.code == 2
    assert said in done.stderr


def test_the_help_names_the_api_version_that_is_the_default(bare: Run) -> None:
    assert f"By default {DEFAULT_API_VERSION}," in " ".join(bare("user", "create", "--help").stdout.split())


def test_a_connection_string_in_place_of_an_endpoint_or_a_key_is_told_and_not_shown(
    bare: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for options in (["--endpoint", ELSEWHERE], ["--endpoint", "a.invalid", "--key", ELSEWHERE]):
        done = bare("user", "create", *options)
        assert done.code == 2
        assert "holds a whole connection string" in done.stderr
        assert "c2VjcmV0" not in done.stderr
    monkeypatch.setenv(ENDPOINT, "a.invalid")
    monkeypatch.setenv(KEY, ELSEWHERE)
    assert "The access key holds a whole connection string" in bare("user", "create").stderr


@pytest.mark.parametrize(
    ("endpoint", "is_told"),
    [
        ("http://contoso.invalid", True),
        ("HTTP://10.0.0.1:8080", True),
        ("http://localhost.contoso.invalid", True),
        ("https://contoso.invalid", False),
        ("contoso.invalid", False),
        ("http://127.0.0.1:10100", False),
        ("http://[::1]:10100", False),
        ("http://localhost", False),
    ],
)
def test_a_key_that_would_be_used_in_the_clear_is_told(
    bare: Run, monkeypatch: pytest.MonkeyPatch, endpoint: str, is_told: bool
) -> None:
    def create_user(*_: object, **__: object) -> CommunicationUserIdentifier:
        return CommunicationUserIdentifier("8:acs:a_b")

    monkeypatch.setattr("acs_identity.CommunicationIdentityClient.create_user", create_user)
    monkeypatch.setenv(CONNECTION_STRING, f"endpoint={endpoint};accesskey=c2VjcmV0")
    done = bare("user", "create")
    assert done.data == {"user_id": "8:acs:a_b"}
    assert done.stderr.count("\n") == is_told
    assert ("is not https" in done.stderr) == is_told


class _AtOnce(Timer):
    """A timer whose time is up as soon as it is started."""

    def start(self) -> None:
        self.function(*self.args, **self.kwargs)


@pytest.mark.parametrize("arguments", [("user", "create"), ("raw", "POST", "/identities")], ids=" ".join)
def test_a_long_wait_is_told_to_who_sits_at_a_terminal(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr("acs_identity.cli.session.Timer", _AtOnce)
    environment = {CONNECTION_STRING: server.connection_string}
    at_terminal = run_command(*arguments, reads=True, environment=environment)
    assert at_terminal.stderr == f"Waiting for {server.endpoint} ... Ctrl-C stops it.\n"
    assert run_command(*arguments, environment=environment).stderr == ""


def test_a_short_wait_is_not_told(server: EmulatorServer) -> None:
    environment = {CONNECTION_STRING: server.connection_string}
    assert run_command("user", "create", reads=True, environment=environment).stderr == ""


@pytest.mark.parametrize("arguments", [("user", "create"), ("raw", "POST", "/identities")], ids=" ".join)
def test_a_refused_signature_is_explained_with_the_key_at_hand(
    bare: Run, server: EmulatorServer, arguments: tuple[str, ...]
) -> None:
    done = bare(*arguments, "--endpoint", server.endpoint, "--key", "b3RoZXI=")
    assert done.code == 1
    assert "The given key signed the request as it was sent" in done.stderr
    assert "acs-identity doctor" in done.stderr
    # What to do at a terminal is no Python.
    assert "acs_identity." not in done.stderr
