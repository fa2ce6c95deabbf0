"""The demo walks the whole journey and shows no secret unless asked to."""

import io
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console
from typer.testing import CliRunner

from acs_identity.cli.app import app
from acs_identity.cli.demo import run
from acs_identity_emulator import DEVELOPMENT_ACCESS_KEY

JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
RAW_ID = re.compile(r"8:acs:[0-9a-f]{8}-")


@pytest.fixture(scope="module")
def shown() -> str:
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 0, result.output
    return result.output


def test_it_walks_from_a_connection_string_to_a_refusal(shown: str) -> None:
    steps = [
        "A client from a connection string creates a user",
        "A client from endpoint and key issues a token for chat",
        "A client from a token credential renews it",
        "Revoking ends every token of the user",
        "Deleting ends the user",
        "A wrong key is refused",
    ]
    assert sorted(steps, key=shown.index) == steps


def test_it_shows_what_the_service_answered(shown: str) -> None:
    statuses = re.findall(r"status: (\d+)", shown)
    assert statuses == ["201", "200", "200", "204", "204", "401"]
    states = re.findall(r"(first|second) token: (\w+)", shown)
    assert states == [("first", "revoked"), ("second", "revoked"), ("first", "deleted")]


def test_it_shows_the_code_that_does_each_step(shown: str) -> None:
    calls = re.findall(r"^   (client\..*)$", shown, re.MULTILINE)
    assert calls == [
        "client.create_user()",
        'client.get_token(user, ["chat"])',
        'client.get_token(user, ["chat"], token_expires_in=timedelta(hours=1))',
        "client.revoke_tokens(user)",
        "client.delete_user(user)",
        "client.create_user()",
    ]


def test_the_first_token_lives_a_day_and_the_second_the_hour_that_was_asked_for(shown: str) -> None:
    assert re.findall(r"expires: [-\d]+ [:\d]+ UTC, in (\d+ \w+)$", shown, re.MULTILINE) == [
        "1440 minutes",
        "60 minutes",
    ]


def test_the_connection_string_is_that_of_the_endpoint(shown: str) -> None:
    endpoint = re.search(r"^   endpoint: (http://127\.0\.0\.1:\d+)$", shown, re.MULTILINE)
    assert endpoint
    assert f"   connection string: endpoint={endpoint[1]}/;accesskey=***\n" in shown


def test_two_demos_at_once_do_not_meet() -> None:
    with ThreadPoolExecutor(2) as threads:
        demos = [threads.submit(run, Console(file=io.StringIO()), show_secrets=False) for _ in range(2)]
        assert [demo.result(60) for demo in demos] == [None, None]


def test_it_shows_why_the_wrong_key_was_refused(shown: str) -> None:
    assert "code: Denied\n" in shown
    assert "message: Denied by the resource provider." in shown
    assert "reason: the signature was made with another key" in shown


def test_it_shows_no_secret(shown: str) -> None:
    assert not JWT.search(shown)
    assert not RAW_ID.search(shown)
    assert DEVELOPMENT_ACCESS_KEY not in shown
    assert "acs-identity demo --show-secrets" in shown


def test_it_shows_secrets_when_asked_to() -> None:
    result = CliRunner().invoke(app, ["demo", "--show-secrets"])
    assert result.exit_code == 0
    assert len(JWT.findall(result.output)) == 2
    assert RAW_ID.search(result.output)
    assert DEVELOPMENT_ACCESS_KEY in result.output


def test_it_runs_as_a_command_and_leaves_nothing_running() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "acs_identity.cli", "demo"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "The emulator has stopped" in done.stdout
