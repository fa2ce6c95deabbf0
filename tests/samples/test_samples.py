"""Each sample runs as a program of its own against the emulator and prints what it promises."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from acs_identity_emulator import Emulator, EmulatorServer

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
APPLICATION = "2c3e1e83-8fd7-4615-ad2b-b8c1229845ac"
TEAMS_USER = "32c0a5db-05ec-78ea-51ab-3f06b329397e"
USER = r"CommunicationUserIdentifier\('8:acs:\.\.\..{4}'\)"
AN_ATTEMPT = r"DEBUG acs_identity {} /identities{}: {} in \d+ ms\n"
# What each sample prints, sync and async alike.
PRINTS = {
    "users_and_tokens": (
        rf"created {USER}, with a token until 20..-..-.. ..:.. UTC\n"
        r"issued AccessToken\(token='\*\*\*', expires_on=\d+\)\n"
        r"revoked every token issued so far\ndeleted the user\n"
    ),
    "endpoint_and_credential": rf"created {USER}\ndeleted the user with the key of then\n",
    "token_refresh": (
        r"kept: True\nthe credential has AccessToken\(token='\*\*\*', expires_on=\d+\)\n"
        r"asked the server\nasked once: True\n"
    ),
    "errors_and_diagnostics": (
        r"signed: POST /identities\?api-version=2026-09-23, and 3 headers\n"
        r"azure-core: NotFoundError 404\n"
        r"the service: IdentityNotFound, API version 2026-09-23, request id True\n"
        r"access_key: The request was signed with another key than the one given here\.\n"
    ),
    "assignments": (
        r"assigned TeamsExtensionAssignment\(principal_type='teamsResourceAccount', client_ids=\('1fd5118e-.*',\)\)\n"
        r"read True\nlisted EntraAssignment\(principal_type='group', client_ids=\('1fd5118e-.*',\)\)\n"
        r"the same user: True\nknown by its own id: True\n"
    ),
    "teams_user_token": r"exchanged for a token until 20..-..-.. ..:.. UTC\n",
    "logging_and_hooks": (
        AN_ATTEMPT.format("POST", "", 201)
        + AN_ATTEMPT.format("DELETE", "/REDACTED", 204)
        + r"answered 204, MS-CV present: True\n"
    ),
    "tracing": (
        r"POST http://127.0.0.1:\d+/identities\?api-version=2026-09-23\n"
        r"CommunicationIdentityClient.create_user \n"
        r"DELETE http://127.0.0.1:\d+/identities/REDACTED\?api-version=2026-09-23\n"
        r"CommunicationIdentityClient.delete_user \n"
        r"order \n"
    ),
    "timeouts_retries_and_policies": r"sent \{'POST': 1, 'DELETE': 1\}\n",
}


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(Emulator()) as server:
        yield server


def run(sample: str, server: EmulatorServer, **environment: str) -> subprocess.CompletedProcess[str]:
    entra = server.emulator.entra
    return subprocess.run(
        [sys.executable, "-W", "error", str(SAMPLES / sample)],
        env={
            **os.environ,
            "AZURE_COMMUNICATION_CONNECTION_STRING": server.connection_string,
            "AZURE_COMMUNICATION_ENDPOINT": server.endpoint,
            "AZURE_COMMUNICATION_ACCESS_KEY": server.emulator.access_key,
            "TEAMS_USER_TOKEN": entra.issue_token(client_id=APPLICATION, object_id=TEAMS_USER),
            "TEAMS_CLIENT_ID": APPLICATION,
            "TEAMS_USER_OBJECT_ID": TEAMS_USER,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("suffix", ["", "_async"])
@pytest.mark.parametrize("name", PRINTS)
def test_a_sample_prints_what_it_promises(name: str, suffix: str, server: EmulatorServer) -> None:
    done = run(f"{name}{suffix}.py", server)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(PRINTS[name], done.stdout), done.stdout


def test_the_samples_are_those_that_run_here() -> None:
    there = {path.stem for path in SAMPLES.glob("*.py")}
    assert there == {f"{name}{suffix}" for name in PRINTS for suffix in ("", "_async")}


@pytest.mark.parametrize("suffix", ["", "_async"])
def test_a_token_of_another_user_is_refused_by_the_sample(suffix: str, server: EmulatorServer) -> None:
    done = run(f"teams_user_token{suffix}.py", server, TEAMS_USER_OBJECT_ID="b27b64b9-39d2-44a3-869d-67700b74e805")
    assert (done.returncode, done.stdout) == (0, "refused with 400\n")


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_a_sample_is_listed_and_says_how_to_run_it(path: Path) -> None:
    assert f"({path.name})" in (SAMPLES / "README.md").read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert f"Run: python samples/{path.name}" in said
    for variable in re.findall(r'os\.environ\["(\w+)"\]', path.read_text(encoding="utf-8")):
        assert variable in said
