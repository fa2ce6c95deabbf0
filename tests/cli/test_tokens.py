"""Access tokens are issued, revoked and exchanged from the command line, as users of az know it."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import jwt
import pytest

from acs_identity_emulator import Emulator, EmulatorServer

from .running import run_command, shown

ENTRA_TENANT = "c70d068c-2f32-484d-9455-73070cd5aadd"
ENTRA_APP = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
ENTRA_USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
NOWHERE = "endpoint=http://127.0.0.1:1/;accesskey=YWJj"


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with EmulatorServer(Emulator()) as server:
        monkeypatch.setenv("AZURE_COMMUNICATION_CONNECTION_STRING", server.connection_string)
        yield server.emulator


def scopes_of(token: str) -> set[str]:
    claims = jwt.decode(token, options={"verify_signature": False})
    return set(claims["acsScope"].split(","))


def minutes_of(token: str) -> float:
    claims = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"] - claims["iat"]) / 60


def test_without_a_user_one_is_created_with_its_token_in_one_call(emulator: Emulator) -> None:
    issued = run_command("token", "issue", "--scope", "chat", "voip").data
    assert list(issued) == ["user_id", "token", "expires_on"]
    claims = jwt.decode(issued["token"], options={"verify_signature": False})
    assert issued["user_id"] == f"8:{claims['skypeid']}"
    assert datetime.fromisoformat(issued["expires_on"]).timestamp() == claims["exp"]
    assert issued["expires_on"].endswith("Z")
    assert scopes_of(issued["token"]) == {"chat", "voip"}
    assert len(emulator.journal.entries()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--scope", "chat", "voip"],
        ["-s", "chat", "voip"],
        ["--scope", "chat", "--scope", "voip"],
        ["--scope", "chat,voip"],
        ["--scope", "chat voip"],
        ["--scope", "chat, voip"],
        ["--scope=chat", "voip"],
        ["--scope=chat,", "voip", "chat"],
        ["-schat", "voip"],
        ["--scope", "chat", "--expires-in", "2h", "--scope", "voip", "-o", "json"],
    ],
    ids=" ".join,
)
def test_scopes_come_as_words_repeated_or_with_commas(emulator: Emulator, arguments: list[str]) -> None:
    assert scopes_of(run_command("token", "issue", *arguments).data["token"]) == {"chat", "voip"}


def test_a_user_who_is_named_gets_the_token(emulator: Emulator) -> None:
    user = run_command("user", "create").data["user_id"]
    issued = run_command("token", "issue", "-s", "voip", "-u", user).data
    assert issued["user_id"] == user
    assert emulator.introspect(issued["token"]).state == "live"
    assert emulator.identity_count == 1


@pytest.mark.usefixtures("emulator")
def test_the_token_of_a_user_who_is_named_lives_as_long_as_asked_for() -> None:
    user = run_command("user", "create").data["user_id"]
    issued = run_command("token", "issue", "-s", "chat", "-u", user, "--expires-in", "90m").data
    assert minutes_of(issued["token"]) == 90


def test_several_users_after_one_option_get_a_token_each(emulator: Emulator) -> None:
    users = [user["user_id"] for user in run_command("user", "create", "--count", "3").data]
    issued = run_command("token", "issue", "-u", *users, "-s", "chat").data
    assert [each["user_id"] for each in issued] == users
    assert all(emulator.introspect(each["token"]).state == "live" for each in issued)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("60m", 60),
        ("90m", 90),
        ("2h", 120),
        ("2H", 120),
        ("1h30m", 90),
        ("24h", 1440),
        ("1d", 1440),
        ("PT2H", 120),
        ("PT1H30M", 90),
        ("P1D", 1440),
        (" 2h ", 120),
    ],
)
def test_a_lifetime_is_written_as_people_write_it(emulator: Emulator, text: str, minutes: int) -> None:
    assert minutes_of(run_command("token", "issue", "-s", "chat", "--expires-in", text).data["token"]) == minutes


@pytest.mark.parametrize(
    "text",
    ["59m", "1441m", "25h", "2d", "0h", "2", "120", "two hours", "", "P", "PT", "PP2H", "-2h", "1.5h", "2h ago", "٢h"],
)
def test_another_lifetime_is_refused_with_what_is_allowed(emulator: Emulator, text: str) -> None:
    called = run_command("token", "issue", "-s", "chat", f"--expires-in={text}")
    assert (called.code, called.stdout) == (2, "")
    assert "from 60m to 1440m (24h)" in called.stderr
    assert not emulator.journal.entries()


def test_a_key_in_the_place_of_a_lifetime_is_not_shown(emulator: Emulator) -> None:
    called = run_command("token", "issue", "-s", "chat", "--expires-in", emulator.access_key)
    assert (called.code, called.stdout) == (2, "")
    assert "what was given is no lifetime" in called.stderr
    assert emulator.access_key not in called.stderr


@pytest.mark.usefixtures("emulator")
def test_a_scope_given_twice_is_asked_for_once() -> None:
    issued = run_command("token", "issue", "-s", "chat", "chat,chat", "-s", "chat").data
    assert jwt.decode(issued["token"], options={"verify_signature": False})["acsScope"] == "chat"


@pytest.mark.parametrize(
    ("scope", "meant"),
    [("caht", "chat"), ("VOIP", "voip"), ("Chat", "chat"), ("viop", "voip"), ("chat.joined", "chat.join")],
)
def test_a_typo_in_a_scope_is_answered_with_what_was_meant(emulator: Emulator, scope: str, meant: str) -> None:
    called = run_command("token", "issue", "-s", "voip", scope)
    assert (called.code, called.stdout) == (2, "")
    assert f"Did you mean {meant}?" in called.stderr
    assert not emulator.journal.entries()


def test_a_scope_that_nobody_knows_is_left_to_the_service(emulator: Emulator) -> None:
    called = run_command("token", "issue", "-s", "rooms.moderate")
    assert called.code == 1
    assert len(emulator.journal.entries()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--scope"),
        (["-s", ""], "--scope is empty. Known are: chat, voip"),
        (["-s", ","], "--scope is empty"),
        (["-s"], "'-s' requires an argument"),
        (["-s", "chat", "--count", "0"], "--count"),
        (["-s", "chat", "--concurrency", "257"], "--concurrency"),
        (["-s", "chat", "--count", "2", "-u", "8:acs:1_2"], "--count creates users"),
        (["-s", "chat", "-u", "somebody"], "--user: The user is not one of Communication Services"),
        (["-s", "chat", "--users-from", "no-such-file"], "no-such-file"),
        (["-s", "chat", "--users-from", "-", "--key", "-", "--endpoint", "http://127.0.0.1:1"], "both read stdin"),
        (["-s", "chat", "--concurrency", "0"], "--concurrency"),
    ],
    ids=shown,
)
def test_what_is_wrong_with_the_arguments_is_said_before_anything_is_sent(
    emulator: Emulator, arguments: list[str], told: str
) -> None:
    called = run_command("token", "issue", *arguments)
    assert (called.code, called.stdout) == (2, "")
    assert told in called.stderr
    assert not emulator.journal.entries()


def test_a_dry_run_issues_nothing(emulator: Emulator) -> None:
    called = run_command("token", "issue", "-s", "chat", "--count", "7", "--dry-run")
    told = json.loads(called.stdout)
    assert (told["method"], told["path"], told["count"]) == ("POST", "/identities?api-version=2026-09-23", 7)
    called = run_command("token", "issue", "-s", "chat", "-u", "8:acs:1_2", "--dry-run")
    assert json.loads(called.stdout)["path"] == "/identities/{user_id}/:issueAccessToken?api-version=2026-09-23"
    assert not emulator.journal.entries()


def test_revoking_ends_every_token_of_the_user_and_of_no_other(emulator: Emulator) -> None:
    first, other = run_command("token", "issue", "-s", "chat", "--count", "2").data
    second = run_command("token", "issue", "-s", "voip", "-u", first["user_id"]).data
    called = run_command("token", "revoke", "--user", first["user_id"], "-y")
    assert (called.code, called.stdout, called.stderr) == (0, "", "")
    states = [emulator.introspect(each["token"]).state for each in (first, second, other)]
    assert states == ["revoked", "revoked", "live"]


@pytest.mark.parametrize(("answer", "state", "code"), [("y\n", "revoked", 0), ("n\n", "live", 2)])
def test_revoking_asks_at_a_terminal(emulator: Emulator, answer: str, state: str, code: int) -> None:
    issued = run_command("token", "issue", "-s", "chat").data
    called = run_command("token", "revoke", "-u", issued["user_id"], stdin=answer, types=True)
    assert (called.code, called.stdout) == (code, "")
    assert "Revoke all access tokens of 1 user?" in called.stderr
    assert emulator.introspect(issued["token"]).state == state


def test_nothing_is_revoked_where_nobody_can_be_asked(emulator: Emulator) -> None:
    issued = run_command("token", "issue", "-s", "chat").data
    called = run_command("token", "revoke", "--user", issued["user_id"])
    assert called.code == 2
    assert "--yes" in called.stderr
    assert emulator.introspect(issued["token"]).state == "live"


@pytest.mark.parametrize("way", ["argument", "stdin", "terminal"])
def test_the_token_of_a_teams_user_is_exchanged(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    entra_token = emulator.entra.issue_token(
        tenant_id=ENTRA_TENANT,
        client_id=ENTRA_APP,
        object_id=ENTRA_USER,
        audience="https://auth.msft.communication.azure.com",
        scope="Teams.ManageCalls Teams.ManageChats",
    )
    arguments = ["token", "get-for-teams-user", "--client", ENTRA_APP, "--aad-user", ENTRA_USER]
    if way == "argument":
        called = run_command(*arguments, "--aad-token", entra_token)
    elif way == "stdin":
        called = run_command(*arguments, "--aad-token", "-", stdin=f"{entra_token}\n")
    else:

        def prompt(_: str, *, hide_input: bool, err: bool) -> str:
            return entra_token if hide_input and err else ""

        monkeypatch.setattr("typer.prompt", prompt)
        called = run_command(*arguments, types=True)
    assert list(called.data) == ["token", "expires_on"]
    claims = jwt.decode(called.data["token"], options={"verify_signature": False})
    assert claims["exp"] == datetime.fromisoformat(called.data["expires_on"]).timestamp()
    assert entra_token not in called.stdout


def test_key_and_token_can_both_be_typed_at_a_terminal(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def prompt(name: str, *, hide_input: bool, err: bool) -> str:
        asked.append(name)
        return emulator.access_key if name == "Access key" else "what is no token"

    monkeypatch.setattr("typer.prompt", prompt)
    endpoint = os.environ.pop("AZURE_COMMUNICATION_CONNECTION_STRING").partition(";")[0].removeprefix("endpoint=")
    arguments = ["-c", ENTRA_APP, "-u", ENTRA_USER, "-a", "-", "--endpoint", endpoint, "--key", "-"]
    called = run_command("token", "get-for-teams-user", *arguments, types=True)
    assert asked == ["Entra ID access token", "Access key"]
    assert called.code == 1
    assert "InvalidAccessToken" in called.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        ([], "", "--aad-token - reads it from stdin"),
        (["--aad-token", "-"], "", "nothing on stdin"),
        (["--aad-token", "-"], " \n", "nothing on stdin"),
        (["--aad-token", "-", "--endpoint", "http://127.0.0.1:1", "--key", "-"], "YWJj\n", "both read stdin"),
    ],
    ids=["none", "empty", "blank", "stdin-twice"],
)
def test_without_a_token_of_the_teams_user_nothing_is_sent(
    emulator: Emulator, arguments: list[str], stdin: str, told: str
) -> None:
    called = run_command(
        "token", "get-for-teams-user", "--client", ENTRA_APP, "--aad-user", ENTRA_USER, *arguments, stdin=stdin
    )
    assert called.code == 2
    assert told in called.stderr
    assert not emulator.journal.entries()


@pytest.mark.parametrize("option", ["--client", "--aad-user", "--aad-token"])
def test_what_is_empty_of_a_teams_user_is_named_as_it_was_given(emulator: Emulator, option: str) -> None:
    given = {"--client": ENTRA_APP, "--aad-user": ENTRA_USER, "--aad-token": "secret", option: " "}
    called = run_command("token", "get-for-teams-user", *(word for pair in given.items() for word in pair))
    assert (called.code, called.stdout) == (2, "")
    assert re.search(rf"'{option}'.*: it is empty", called.stderr)
    assert not emulator.journal.entries()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["user", "delete", "--user", "8:acs:1_2"], "add --yes"),
        (["user", "delete", "--users-from", "-", "--yes"], "there is nothing in stdin"),
        (["token", "issue", "-s", "chat", "--endpoint", "http://127.0.0.1:1", "--key", "-"], "nothing on stdin"),
        (["token", "get-for-teams-user", "-c", ENTRA_APP, "-u", ENTRA_USER], "--aad-token - reads it from stdin"),
        (["token", "get-for-teams-user", "-c", ENTRA_APP, "-u", ENTRA_USER, "-a", "-"], "nothing on stdin"),
    ],
    ids=shown,
)
@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell that closes stdin")
def test_a_stdin_that_is_closed_is_an_empty_one(arguments: list[str], told: str) -> None:
    line = shlex.join([sys.executable, "-W", "error", "-m", "acs_identity.cli", *arguments])
    done = subprocess.run(
        ["sh", "-c", f"exec {line} <&-"],
        env={**os.environ, "AZURE_COMMUNICATION_CONNECTION_STRING": NOWHERE},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "fault" not in done.stderr


def test_a_service_that_is_not_there_is_exit_code_4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_COMMUNICATION_CONNECTION_STRING", NOWHERE)
    called = run_command("token", "issue", "-s", "chat")
    assert (called.code, called.stdout) == (4, "")
    assert "acs-identity doctor" in called.stderr


def test_without_credentials_the_command_says_how_to_give_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AZURE_COMMUNICATION", "ACS_IDENTITY"))]:
        monkeypatch.delenv(name)
    called = run_command("token", "issue", "-s", "chat")
    assert called.code == 3
    assert "AZURE_COMMUNICATION_CONNECTION_STRING" in called.stderr


def test_the_installed_command_gives_a_token_to_a_pipe_in_a_shell() -> None:
    acs = f"{shlex.quote(sys.executable)} -W error -m acs_identity.cli"
    line = f"{acs} token issue --scope chat voip --query token -o tsv | wc -l"
    done = subprocess.run(
        [sys.executable, "-m", "acs_identity.cli", "emulator", "exec", "--", "sh", "-c", line],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "1", "")


def test_a_token_lives_a_day_unless_told_otherwise(emulator: Emulator) -> None:
    issued = run_command("token", "issue", "-s", "chat").data
    left = datetime.fromisoformat(issued["expires_on"]) - emulator.now
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
