"""Many users at once: from files and stdin, with partial failures, a journal, and an end by Ctrl-C."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import pytest

from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY, Emulator, EmulatorServer, FaultRule

from .answering import answering
from .running import run_command, shown

pytestmark = pytest.mark.once

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with EmulatorServer(Emulator()) as server:
        monkeypatch.setenv("AZURE_COMMUNICATION_CONNECTION_STRING", server.connection_string)
        yield server.emulator


@pytest.fixture
def users(emulator: Emulator) -> list[str]:
    made: list[str] = [user["user_id"] for user in run_command("user", "create", "--count", "3").data]
    emulator.journal.clear()
    return made


def as_lines(users: list[str]) -> str:
    return "".join(f"{user}\n" for user in users)


def with_comments(users: list[str]) -> str:
    return "\ufeff# the users\r\n\r\n" + "".join(f"  {user}\t\r\n# done\r\n" for user in users)


def as_jsonl(users: list[str]) -> str:
    return "".join(f"{json.dumps({'user_id': user, 'token': 'secret'})}\n" for user in users)


def as_json(users: list[str]) -> str:
    return json.dumps([{"user_id": user} for user in users], indent=2)


def as_ids(users: list[str]) -> str:
    return json.dumps(users)


@pytest.mark.parametrize("write", [as_lines, with_comments, as_jsonl, as_json, as_ids])
@pytest.mark.parametrize("from_stdin", [False, True], ids=["file", "stdin"])
def test_users_come_as_lines_and_as_the_json_that_commands_print(
    emulator: Emulator, users: list[str], tmp_path: Path, write: Callable[[list[str]], str], from_stdin: bool
) -> None:
    file = tmp_path / "users"
    file.write_bytes(write(users).encode())
    source, stdin = ("-", file.read_bytes()) if from_stdin else (str(file), b"")
    issued = run_command("token", "issue", "-s", "chat", "--users-from", source, stdin=stdin).data
    assert [each["user_id"] for each in issued] == users
    assert all(emulator.introspect(each["token"]).state == "live" for each in issued)


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_what_one_command_prints_the_next_one_reads(emulator: Emulator, output: str) -> None:
    issued = run_command("token", "issue", "-s", "chat", "--count", "4", "-o", output)
    deleted = run_command("user", "delete", "--users-from", "-", "--yes", stdin=issued.stdout).data
    assert len(deleted) == 4
    assert emulator.identity_count == 0


def test_one_user_from_one_command_is_read_by_the_next(emulator: Emulator) -> None:
    issued = run_command("token", "issue", "-s", "chat").stdout
    assert len(run_command("token", "revoke", "--users-from", "-", "--yes", stdin=issued).data) == 1
    assert emulator.introspect(json.loads(issued)["token"]).state == "revoked"


def test_users_of_options_come_before_those_of_the_file(users: list[str], tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(as_lines(users[1:]))
    issued = run_command("token", "issue", "-s", "chat", "--users-from", str(file), "-u", users[0]).data
    assert [each["user_id"] for each in issued] == users


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"8:acs:1_2\n\nalice\n", "line 3: The user is not one of Communication Services"),
        (b'8:acs:1_2\n{"user_id": \n', "line 2: this is no JSON"),
        (b'{"user_id": "8:acs:1_2"}\n{"id": "8:acs:1_3"}\n', "line 2: there is no user_id. Give an id, or"),
        (b'{"user_id": "8:acs:1_2"}\n{"user_id": 7}\n', "line 2: there is no user_id"),
        (b'[{"user_id": "8:acs:1_2"}, null]', "item 2: there is no user_id"),
        (b'[{"user_id": "8:acs:1_2"},\n', "line 1: this is no JSON"),
        (b"8:acs:1_2\n8:acs:\xff\n", "line 2: the text is not UTF-8"),
        ("8:acs:1_2\n".encode("utf-16"), "the text is not UTF-8"),
        (b"", "there is nothing in"),
        (b"\n# 8:acs:1_2\n\n", "there is nothing in"),
        (b"[]", "there is nothing in"),
        (b"8:acs:1_2\n\x00\n", "line 2: "),
        (b"8:acs:1_2\n" + b"[" * 100_000, "line 2: this is no JSON"),
        (b"[" * 100_000, "line 1: this is no JSON"),
    ],
    ids=[
        "no-id",
        "cut-off",
        "other-member",
        "number",
        "null",
        "list-cut-off",
        "latin-1",
        "utf-16",
        "empty",
        "comments",
        "empty-list",
        "nul",
        "deep",
        "deep-at-once",
    ],
)
def test_a_malformed_line_is_named_before_anything_is_sent(
    emulator: Emulator, tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "users"
    file.write_bytes(content)
    called = run_command("user", "delete", "--users-from", str(file), "--yes")
    assert (called.code, called.stdout) == (2, "")
    assert told in called.stderr
    assert "alice" not in called.stderr
    from_stdin = run_command("user", "delete", "--users-from", "-", "--yes", stdin=content)
    assert (from_stdin.code, from_stdin.stderr) == (2, called.stderr.replace(str(file), "stdin"))
    assert not emulator.journal.entries()


def test_a_file_that_is_not_there_is_named(emulator: Emulator, tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        called = run_command("user", "delete", "--users-from", str(path), "--yes")
        assert (called.code, called.stdout) == (2, "")
        assert str(path) in called.stderr
    assert not emulator.journal.entries()


@pytest.mark.parametrize("command", [["user", "delete"], ["token", "revoke"]], ids=" ".join)
def test_users_on_stdin_need_yes_since_nobody_can_be_asked_there(
    emulator: Emulator, users: list[str], command: list[str]
) -> None:
    for is_terminal in (False, True):
        called = run_command(*command, "--users-from", "-", stdin=as_lines(users), types=is_terminal)
        assert (called.code, called.stdout) == (2, "")
        assert "--yes" in called.stderr
    assert not emulator.journal.entries()
    assert run_command(*command, "--users-from", "-", "--dry-run", stdin=as_lines(users)).code == 0
    assert not emulator.journal.entries()


def test_what_failed_is_named_by_its_line_and_what_succeeded_is_printed(users: list[str], tmp_path: Path) -> None:
    deleted = run_command("user", "create").data["user_id"]
    assert run_command("user", "delete", "-u", deleted, "-y").code == 0
    file = tmp_path / "users"
    file.write_text(as_lines([users[0], deleted, *users[1:]]))
    called = run_command("token", "issue", "-s", "chat", "--users-from", str(file))
    assert called.code == 1
    assert [each["user_id"] for each in json.loads(called.stdout)] == users
    first, last = called.stderr.splitlines()
    assert first.startswith(f"{file}, line 2: ")
    assert last == "3 of 4 done, 1 failed."
    assert deleted not in called.stderr


def test_a_user_of_another_resource_stops_no_other(users: list[str]) -> None:
    foreign = "8:acs:00000000-0000-0000-0000-000000000000_00000000-0000-0000-0000-000000000000"
    called = run_command("token", "issue", "-s", "chat", "-u", users[0], foreign, *users[1:], "--concurrency", "1")
    assert called.code == 1
    assert [each["user_id"] for each in json.loads(called.stdout)] == users
    assert "--user 2: (IdentityNotOwned)" in called.stderr
    assert "3 of 4 done, 1 failed." in called.stderr


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (["user", "create", "--count", "3"], "user 2"),
        (["user", "create", "--custom-id", "alice", "bob", "carol"], "--custom-id 2"),
        (["token", "issue", "-s", "chat", "--count", "3"], "user 2"),
        (["token", "revoke", "--yes", "--user"], "--user 2"),
        (["user", "delete", "--yes", "--user"], "--user 2"),
    ],
    ids=shown,
)
def test_what_failed_is_named_as_it_was_given(
    emulator: Emulator, users: list[str], monkeypatch: pytest.MonkeyPatch, command: list[str], place: str
) -> None:
    monkeypatch.setattr("acs_identity._bulk_core.ATTEMPTS", 1)
    emulator.faults.add(FaultRule("503", after=1, count=1))
    called = run_command(*command, *(users if command[-1] == "--user" else []), "--concurrency", "1")
    assert (called.code, len(called.data)) == (1, 2)
    failed, total = called.stderr.splitlines()
    assert failed.startswith(f"{place}: ")
    assert total == "2 of 3 done, 1 failed."


MANY = [
    ["user", "create", "--count", "60"],
    ["user", "create", "--custom-id", *map(str, range(60))],
    ["user", "delete", "--yes", "--user"],
    ["token", "issue", "-s", "chat", "--count", "60"],
    ["token", "issue", "-s", "chat", "--user"],
    ["token", "revoke", "--yes", "--user"],
]


@pytest.mark.parametrize("command", MANY, ids=shown)
def test_a_wrong_key_ends_the_call_and_is_explained_once(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    # One after the other, so that the first refusal keeps the others from being tried.
    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    wrong = connection_string.replace(DEVELOPMENT_ACCESS_KEY, "YWJj")
    monkeypatch.setenv("AZURE_COMMUNICATION_CONNECTION_STRING", wrong)
    users = [f"8:acs:1_{number}" for number in range(60)] if command[-1] == "--user" else []
    called = run_command(*command, *users, "--concurrency", "1")
    assert (called.code, called.stdout) == (1, "")
    assert called.stderr.count("401 Denied: ") == 1
    assert "0 of 60 done, 1 failed, 59 not tried." in called.stderr
    assert len(emulator.journal.entries()) == 1


def test_what_failed_for_a_moment_is_sent_again(emulator: Emulator, users: list[str]) -> None:
    emulator.faults.add(FaultRule("503", count=1, retry_after=0))
    assert len(run_command("token", "issue", "-s", "chat", "-u", *users).data) == 3


def test_with_a_journal_the_same_command_goes_on_where_it_was(
    emulator: Emulator, users: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "users"
    file.write_text(as_lines(users))
    command = ["token", "issue", "-s", "chat", "--users-from", str(file), "--journal", str(tmp_path / "journal")]
    first = run_command(*command).data
    assert emulator.issued_token_count == 3
    assert run_command(*command).data == first
    assert emulator.issued_token_count == 3


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["user", "create"], 0),
        (["user", "create", "--count", "2"], 0),
        (["user", "create", "--custom-id", "alice"], 0),
        (["user", "create", "--custom-id", "alice", "bob"], 0),
        (["user", "delete", "--yes", "--user"], 1),
        (["user", "delete", "--yes", "--user"], 2),
        (["token", "issue", "-s", "chat"], 0),
        (["token", "issue", "-s", "chat", "--count", "2"], 0),
        (["token", "issue", "-s", "chat", "--user"], 1),
        (["token", "issue", "-s", "chat", "--user"], 2),
        (["token", "revoke", "--yes", "--user"], 1),
        (["token", "revoke", "--yes", "--user"], 2),
    ],
    ids=str,
)
def test_every_command_that_takes_a_journal_does_nothing_twice(
    emulator: Emulator, users: list[str], tmp_path: Path, command: list[str], named: int
) -> None:
    command = [*command, *users[:named], "--journal", str(tmp_path / "journal")]
    first = run_command(*command)
    assert (first.code, first.stderr) == (0, "")
    assert emulator.journal.entries()
    emulator.journal.clear()
    assert run_command(*command) == first
    assert not emulator.journal.entries()


@pytest.mark.parametrize(
    "command",
    [
        ["user", "create", "--custom-ids-from"],
        ["user", "delete", "--yes", "--users-from"],
        ["token", "issue", "-s", "chat", "--users-from"],
        ["token", "revoke", "--yes", "--users-from"],
    ],
    ids=shown,
)
def test_a_file_with_one_gives_a_list_of_one(users: list[str], tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "users"
    file.write_text(users[0])
    rows = run_command(*command, str(file)).data
    assert [row.get("custom_id", row["user_id"]) for row in rows] == users[:1]


@pytest.mark.parametrize(
    ("command", "minutes"),
    [(["--count", "2"], 60), (["--user"], 90)],
    ids=["new", "named"],
)
def test_the_tokens_of_many_live_as_long_as_asked_for(
    emulator: Emulator, users: list[str], command: list[str], minutes: int
) -> None:
    named = users if command == ["--user"] else []
    issued = run_command("token", "issue", "-s", "chat", "--expires-in", f"{minutes}m", *command, *named).data
    claims = [jwt.decode(each["token"], options={"verify_signature": False}) for each in issued]
    assert {claim["exp"] - claim["iat"] for claim in claims} == {minutes * 60}


def test_what_is_typed_at_a_terminal_is_asked_for(emulator: Emulator) -> None:
    called = run_command("token", "issue", "-s", "chat", "--users-from", "-", stdin="", types=True)
    assert "Ctrl-D ends it" in called.stderr
    assert "Ctrl-D" not in run_command("token", "issue", "-s", "chat", "--users-from", "-", stdin="").stderr
    assert not emulator.journal.entries()


def test_a_line_may_be_json_text(emulator: Emulator) -> None:
    made = run_command("user", "create", "--custom-ids-from", "-", stdin='"#alice"\n\u2028b\u2028ob\n').data
    assert [user["custom_id"] for user in made] == ["#alice", "b\u2028ob"]
    assert emulator.identity_count == 2


@pytest.mark.parametrize(
    "command", [["user", "delete", "-y"], ["token", "revoke", "-y"], ["token", "issue", "-schat"]], ids=" ".join
)
def test_a_dry_run_counts_the_users_of_a_file(emulator: Emulator, tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "users"
    file.write_text("".join(f"8:acs:1_{number}\r\n" for number in range(10_000)))
    assert run_command(*command, "--users-from", str(file), "--dry-run").data["count"] == 10_000
    assert not emulator.journal.entries()


def test_the_journal_of_another_call_is_refused(emulator: Emulator, users: list[str], tmp_path: Path) -> None:
    journal = str(tmp_path / "journal")
    assert run_command("token", "issue", "-s", "chat", "-u", *users, "--journal", journal).code == 0
    emulator.journal.clear()
    called = run_command("token", "issue", "-s", "voip", "-u", *users, "--journal", journal)
    assert (called.code, called.stdout) == (2, "")
    assert "another list of scopes" in called.stderr
    assert not emulator.journal.entries()


@POSIX
@pytest.mark.parametrize("with_journal", [False, True], ids=["no-journal", "journal"])
def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(
    emulator: Emulator, tmp_path: Path, with_journal: bool
) -> None:
    # The others wait, since too many requests came.
    emulator.limits.set({"create_identity": 5})
    journal = ["--journal", str(tmp_path / "journal")] if with_journal else []
    command = [sys.executable, "-W", "error", "-m", "acs_identity.cli", "user", "create", "--count", "8", *journal]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            moment = threading.Event()
            for _ in range(600):
                if any(entry.status == 429 for entry in emulator.journal.entries()) and emulator.identity_count == 5:
                    break
                moment.wait(0.05)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130, stderr
    assert len(json.loads(stdout)) == emulator.identity_count == 5
    assert "Interrupted: 5 of 8 done." in stderr
    assert (f"with {' '.join(journal)}." if journal else "With --journal FILE it could go on from here.") in stderr
    if with_journal:
        emulator.limits.clear()
        again = run_command(*command[5:]).data
        assert len(again) == emulator.identity_count == 8
        assert [user for user in again if user in json.loads(stdout)] == json.loads(stdout)


@POSIX
def test_at_a_terminal_a_bar_shows_how_far_it_is_and_what_it_waits_for(emulator: Emulator) -> None:
    import pty

    emulator.limits.set({"create_identity": 5})
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "acs_identity.cli", "user", "create", "--count", "8"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment, text=True) as process:
        os.close(theirs)
        try:
            seen = b""
            for _ in range(600):
                if b"for the rate limit" in seen:
                    break
                if select.select([ours], [], [], 0.1)[0]:
                    seen += os.read(ours, 4096)
            process.send_signal(signal.SIGINT)
            stdout, _ = process.communicate(timeout=30)
        finally:
            process.kill()
            os.close(ours)
    assert b"5/8" in seen
    assert re.search(rb"waiting \d+ s for the rate limit", seen)
    assert process.returncode == 130
    assert len(json.loads(stdout)) == 5


@pytest.mark.parametrize(
    ("is_terminal", "after", "is_shown"), [(True, 0.0, True), (True, 60.0, False), (False, 0.0, False)]
)
def test_a_bar_is_shown_at_a_terminal_and_only_for_what_takes_long(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, is_terminal: bool, after: float, is_shown: bool
) -> None:
    emulator.faults.add(FaultRule("delay", delay=0.5))
    monkeypatch.setattr("acs_identity.cli.many._PROGRESS_AFTER", after)
    monkeypatch.setenv("TERM", "xterm")
    called = run_command("user", "create", "--count", "3", "-o", "json", reads=is_terminal)
    assert (called.code, len(called.data)) == (0, 3)
    assert ("/3" in called.stderr) == is_shown
    assert bool(called.stderr) == is_shown


def test_where_all_fail_for_reasons_of_their_own_there_is_an_empty_list(users: list[str]) -> None:
    assert run_command("user", "delete", "-y", "-u", *users).code == 0
    called = run_command("user", "delete", "-y", "-u", *users)
    assert (called.code, called.data) == (1, [])
    assert called.stderr.endswith("0 of 3 done, 3 failed.\n")


def test_what_was_done_before_the_connection_broke_is_printed(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acs_identity._bulk_core.ATTEMPTS", 1)
    emulator.faults.add(FaultRule("reset", after=1))
    called = run_command("user", "create", "--count", "2", "--concurrency", "1")
    assert (called.code, len(called.data)) == (1, 1)
    assert "user 2: " in called.stderr
    assert "1 of 2 done, 1 failed." in called.stderr


def test_a_token_in_the_message_of_the_service_is_not_shown(emulator: Emulator) -> None:
    token = emulator.entra.issue_token(audience="https://communication.azure.com")
    body = json.dumps({"error": {"code": "Odd", "message": f"The token {token} is odd."}}).encode()
    with answering(400, body) as (address, _):
        at = ["--connection-string", f"endpoint=http://{address}/;accesskey=YWJj"]
        called = run_command("user", "create", "--count", "2", *at)
    assert called.code == 1
    assert "user 1: (Odd) The token " in called.stderr
    assert token not in called.stderr


def test_a_service_that_is_not_there_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acs_identity._bulk_core.ATTEMPTS", 1)
    monkeypatch.setenv("AZURE_COMMUNICATION_CONNECTION_STRING", "endpoint=http://127.0.0.1:1/;accesskey=YWJj")
    called = run_command("user", "create", "--count", "3")
    assert (called.code, called.stdout) == (4, "")
    assert called.stderr.count("was not reached") == 1


def test_a_wait_for_the_rate_limit_is_told_once_it_is_worth_it() -> None:
    from acs_identity.cli.many import waiting_note

    assert waiting_note(1.9) == ""
    assert waiting_note(28.6) == "waiting 29 s for the rate limit"
