"""Users are created, read and deleted from the command line; what is destroyed is asked for."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.communication.identity import CommunicationIdentityClient as OfficialClient
from azure.communication.identity import CommunicationUserIdentifier
from azure.core.exceptions import HttpResponseError

from acs_identity_emulator import Emulator, EmulatorServer, EmulatorTransport, local_certificate

from .running import run_command, shown


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with EmulatorServer(Emulator()) as server:
        monkeypatch.setenv("AZURE_COMMUNICATION_CONNECTION_STRING", server.connection_string)
        yield server.emulator


@pytest.fixture
def official(emulator: Emulator) -> Any:
    """The official client of the same resource, as a witness."""
    transport = EmulatorTransport(emulator)
    return OfficialClient.from_connection_string(emulator.connection_string, transport=transport)


def test_a_created_user_gets_a_token_from_the_official_client(official: Any) -> None:
    created = run_command("user", "create").data
    assert list(created) == ["user_id"]
    assert official.get_token(CommunicationUserIdentifier(created["user_id"]), ["chat"]).token


def test_a_count_of_one_is_a_list_of_one(emulator: Emulator) -> None:
    assert len(run_command("user", "create", "--count", "1").data) == 1
    assert emulator.identity_count == 1


def test_a_known_custom_id_gives_the_user_that_is_there(emulator: Emulator) -> None:
    first = run_command("user", "create", "--custom-id", "alice").data
    assert first["custom_id"] == "alice"
    assert run_command("user", "create", "--custom-id", "alice").data == first
    assert emulator.identity_count == 1
    shown = run_command("user", "get", "--user", first["user_id"]).data
    assert shown == {**first, "last_token_issued_at": None}


def test_custom_ids_come_as_words_and_from_a_file(emulator: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "ids"
    file.write_text('carol\n\n# nobody\n{"custom_id": "#dave"}\n')
    created = run_command("user", "create", "--custom-id", "alice", "bob", "--custom-ids-from", str(file)).data
    assert [user["custom_id"] for user in created] == ["alice", "bob", "carol", "#dave"]
    assert len({user["user_id"] for user in created}) == 4


def test_a_version_without_custom_ids_says_which_has_them(emulator: Emulator) -> None:
    called = run_command("user", "create", "--custom-id", "alice", "--api-version", "2026-09-23")
    assert called.code == 2
    assert "2025-03-02-preview" in called.stderr
    assert emulator.identity_count == 0


def test_when_a_token_was_last_issued_is_shown_in_utc(emulator: Emulator) -> None:
    issued = run_command("token", "issue", "-s", "chat").data
    shown = run_command("user", "get", "-u", issued["user_id"]).data
    moment = datetime.fromisoformat(shown["last_token_issued_at"])
    assert abs(moment - emulator.now) < timedelta(minutes=1)
    assert shown["last_token_issued_at"].endswith("Z")


def test_a_deleted_user_is_gone_for_the_official_client(official: Any) -> None:
    user = official.create_user()
    called = run_command("user", "delete", "--user", user.properties["id"], "--yes")
    assert (called.code, called.stdout, called.stderr) == (0, "", "")
    with pytest.raises(HttpResponseError):
        official.get_token(user, ["chat"])


def test_nothing_is_deleted_where_nobody_can_be_asked(emulator: Emulator) -> None:
    user = run_command("user", "create").data["user_id"]
    called = run_command("user", "delete", "--user", user, stdin="y\n")
    assert (called.code, called.stdout) == (2, "")
    assert "--yes" in called.stderr
    assert emulator.identity_count == 1


@pytest.mark.parametrize(("answer", "left", "code"), [("y\n", 0, 0), ("n\n", 1, 2), ("\n", 1, 2), ("", 1, 130)])
def test_deleting_asks_at_a_terminal(emulator: Emulator, answer: str, left: int, code: int) -> None:
    user = run_command("user", "create").data["user_id"]
    called = run_command("user", "delete", "--user", user, stdin=answer, types=True)
    assert "Delete 1 user, with all access tokens?" in called.stderr
    assert called.stdout == ""
    assert (called.code, emulator.identity_count) == (code, left)


def test_a_dry_run_tells_what_would_be_sent_and_sends_nothing(emulator: Emulator) -> None:
    user = run_command("user", "create").data["user_id"]
    before = len(emulator.journal.entries())
    called = run_command("user", "delete", "--user", user, "8:acs:1_2", "--dry-run")
    told = json.loads(called.stdout)
    assert (called.code, told["method"], told["count"]) == (0, "DELETE", 2)
    assert told["path"] == "/identities/{user_id}?api-version=2026-09-23"
    assert user not in called.stdout + called.stderr
    assert "Nothing was sent" in called.stderr
    assert len(emulator.journal.entries()) == before


def test_a_user_named_twice_is_deleted_once(emulator: Emulator) -> None:
    users = [user["user_id"] for user in run_command("user", "create", "--count", "2").data]
    called = run_command("user", "delete", "--user", *users, *users, stdin="y\n", types=True)
    assert "Delete 2 users, with all access tokens?" in called.stderr
    assert (called.code, called.data) == (0, [{"user_id": user} for user in users])
    assert emulator.identity_count == 0


@pytest.mark.parametrize(
    ("arguments", "count", "path"),
    [
        ([], 1, "/identities?api-version=2026-09-23"),
        (["--count", "1000000000"], 1_000_000_000, "/identities?api-version=2026-09-23"),
        (["--custom-id", "alice", "bob"], 2, "/identities?api-version=2025-03-02-preview"),
    ],
    ids=shown,
)
def test_a_dry_run_of_creating_creates_nobody(emulator: Emulator, arguments: list[str], count: int, path: str) -> None:
    called = run_command("user", "create", *arguments, "--dry-run")
    assert (called.code, called.data["method"], called.data["count"], called.data["path"]) == (0, "POST", count, path)
    assert not emulator.journal.entries()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["user", "create", "--api-version", "2026-13-01"], "This command is not in API version 2026-13-01"),
        (["user", "create", "--custom-id", "alice", "--api-version", "2026-09-23"], "A custom id is not in API"),
        (["token", "issue", "-s", "chat", "--expires-in", "2h", "--api-version", "2022-06-01"], "--expires-in is not"),
        (
            ["token", "issue", "-s", "chat", "--expires-in", "2h", "-u", "8:acs:1_2", "--api-version", "2022-06-01"],
            "--expires-in is not",
        ),
        (["token", "issue", "-s", "chat", "-u", "8:acs:1_2", "--api-version", "2026"], "This command is not in"),
        (["token", "revoke", "-u", "8:acs:1_2", "--api-version", "2026"], "This command is not in API version 2026"),
        (["user", "delete", "-u", "8:acs:1_2", "--api-version", "2026"], "This command is not in API version 2026"),
    ],
    ids=shown,
)
@pytest.mark.usefixtures("emulator")
def test_a_dry_run_refuses_what_the_api_version_has_not(arguments: list[str], told: str) -> None:
    called = run_command(*arguments, "--dry-run")
    assert (called.code, called.stdout) == (2, "")
    assert told in called.stderr
    assert "It is in: " in called.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["user", "delete", "--yes"], "--user"),
        (["user", "delete", "--yes", "--user", "alice"], "--user: The user is not one of Communication Services"),
        (["user", "delete", "--yes", "--user", "8:acs:1_2", "--user", ""], "--user 2: "),
        (["user", "delete", "--yes", "--user", "4:+491234567"], "phone number"),
        (["user", "create", "--count", "0"], "--count"),
        (["user", "create", "--count", "two"], "--count"),
        (["user", "create", "--count", "2", "--custom-id", "alice"], "either --count or custom ids"),
        (["user", "create", "--custom-id", ""], "--custom-id: "),
        (["user", "create", "--custom-id", "x" * 257], "256"),
        (["user", "create", "--custom-ids-from", ""], "--custom-ids-from: the name of the file is empty"),
        (["user", "create", "--custom-ids-from", "-", "--key", "-", "--endpoint", "http://127.0.0.1:1"], "both read"),
        (["user", "get"], "--user"),
        (["user", "get", "--user", "alice"], "8:acs:"),
        (["user", "creat"], "create"),
        (["user", "delete", "--usr", "8:acs:1_2"], "--user"),
    ],
    ids=shown,
)
def test_what_is_wrong_with_the_arguments_is_said_before_anything_is_sent(
    emulator: Emulator, arguments: list[str], told: str
) -> None:
    called = run_command(*arguments)
    assert (called.code, called.stdout) == (2, "")
    assert told in called.stderr
    assert not emulator.journal.entries()


def test_a_refusal_is_explained_with_exit_code_1(emulator: Emulator) -> None:
    called = run_command("user", "get", "--user", "8:acs:1_2")
    assert (called.code, called.stdout) == (1, "")
    assert "2025-03-02-preview" in called.stderr


def test_it_works_over_https(tmp_path: Path) -> None:
    tls = local_certificate(tmp_path)
    with EmulatorServer(Emulator(), tls=tls) as server:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "acs_identity.cli", "user", "create", "--custom-id", "alice"],
            env={
                **os.environ,
                "AZURE_COMMUNICATION_CONNECTION_STRING": server.connection_string,
                "SSL_CERT_FILE": str(tls.authority),
                "REQUESTS_CA_BUNDLE": str(tls.authority),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert server.endpoint.startswith("https://")
        assert json.loads(done.stdout)["custom_id"] == "alice"
        assert server.emulator.identity_count == 1
