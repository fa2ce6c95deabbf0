"""What the author of a test suite sees: record once, play back, and be told what is wrong."""

import asyncio
import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acs_identity.testing._network import NetworkInPlaybackError, no_network

from .conftest import RECORD, Suite

pytest_plugins = ["pytester"]

pytestmark = pytest.mark.once

JOURNEY = """
import pytest
from acs_identity import CommunicationIdentityClient

@pytest.mark.vcr
def test_journey(acs_target):
    with CommunicationIdentityClient.from_connection_string(acs_target.connection_string) as client:
        alice, token = client.create_user_and_token(["chat"])
        bob = client.create_user()
        assert alice != bob
        client.get_token(bob, ["voip"])
        client.revoke_tokens(alice)
        client.delete_user(alice)
        client.delete_user(bob)
"""


def test_what_is_recorded_once_plays_back_without_a_network(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    suite.play("--block-network")
    suite.play("--record-mode=none")


def test_nothing_that_is_true_is_written(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write(
        JOURNEY
        + """
        import pathlib
        pathlib.Path("seen").write_text("\\n".join([
            acs_target.access_key, acs_target.endpoint, token.token, alice.raw_id, bob.raw_id,
        ]))
"""
    )
    suite.record()
    seen = (suite.folder / "seen").read_text(encoding="utf-8").splitlines()
    assert len(seen) == 5
    assert [each[:4] for each in seen if each in suite.text] == []
    assert "Signature" not in suite.text
    assert "2026" not in suite.text.split("recording:")[0].replace("2026-09-23", "")


def test_the_cassette_says_what_it_was_recorded_from(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    label = suite.document["recording"]
    assert label["from"] == "emulator"
    assert label["by"].startswith("acs-identity ")
    assert datetime.fromisoformat(label["date"]).date() <= datetime.now(UTC).date()


def test_recording_it_again_gives_the_same_bytes(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    first = suite.text
    suite.run("--acs-target=emulator", "--record-mode=rewrite").assert_outcomes(passed=1)
    assert suite.text == first


def test_another_scope_than_the_recorded_one_is_refused(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    suite.write(JOURNEY.replace('["voip"]', '["voip.join"]'))
    shown = suite.play(failed=1)
    assert 'content differs: scopes[0]: "voip.join" now, "voip" in the recording' in shown
    assert "Closest recorded requests" in shown


def test_a_request_that_is_not_made_any_more_fails_the_test(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    suite.write(JOURNEY.replace("        client.delete_user(bob)\n", ""))
    shown = suite.play(failed=1)
    assert "1 of 6 recorded requests were not made:" in shown
    assert "DELETE /identities/8" in shown
    assert "--record-mode=rewrite" in shown


def test_unused_recordings_can_be_a_warning(suite: Suite) -> None:
    suite.configure("unused='warn'")
    suite.write(JOURNEY)
    suite.record()
    suite.write(JOURNEY.replace("        client.delete_user(bob)\n", ""))
    assert "1 of 6 recorded requests were not made" in suite.play("-W", "default")
    suite.play(failed=1)


def test_a_cassette_that_tests_share_need_not_be_used_up(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    (cassette,) = suite.cassettes
    cassette.rename(cassette.with_name("shared.yaml"))
    shorter = JOURNEY.replace("        client.delete_user(bob)\n", "")
    suite.write(shorter.replace("@pytest.mark.vcr", "@pytest.mark.vcr('shared.yaml')"))
    suite.play()


def test_the_order_of_users_matters_in_playback(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    suite.write(JOURNEY.replace("client.revoke_tokens(alice)", "client.revoke_tokens(bob)"))
    assert "what follows /identities/" in suite.play(failed=1)


def test_a_recording_can_be_extended(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    before = suite.document["interactions"]
    suite.write(JOURNEY + '        client.get_token(client.create_user(), ["chat"])\n')
    suite.run("--acs-target=emulator", "--record-mode=new_episodes").assert_outcomes(passed=1)
    assert suite.document["interactions"][: len(before)] == before
    assert len(suite.document["interactions"]) == len(before) + 2
    suite.play()


EXPIRY = """
import base64, json, time
from datetime import timedelta
import pytest
from acs_identity import CommunicationIdentityClient

@pytest.mark.vcr
def test_expiry(acs_target):
    with CommunicationIdentityClient.from_connection_string(acs_target.connection_string) as client:
        _, token = client.create_user_and_token(["chat"], token_expires_in=timedelta(hours=1))
    claims = json.loads(base64.urlsafe_b64decode(token.token.split(".")[1] + "=="))
    assert claims["exp"] == token.expires_on
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["acsScope"] == "chat"
    assert 3540 < token.expires_on - time.time() <= 3600
"""


def test_a_token_is_played_back_as_fresh_as_it_was(suite: Suite) -> None:
    suite.write(EXPIRY)
    suite.record()
    suite.play()


def test_the_times_can_be_left_as_they_are_written(suite: Suite) -> None:
    suite.configure("shift_time=False")
    suite.write(EXPIRY.replace("3540 < token.expires_on - time.time() <= 3600", "token.expires_on == 978310800"))
    suite.run(*RECORD).assert_outcomes(failed=1)
    suite.play()


def test_what_tries_to_reach_the_network_in_playback_is_told_so(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    suite.write(
        JOURNEY
        + """
    import socket
    socket.create_connection(("192.0.2.1", 443), timeout=1)
"""
    )
    shown = suite.play(failed=1)
    assert "This test plays back a cassette and needs no network, but something tried to reach 192.0.2.1" in shown


@pytest.mark.parametrize(
    "attempt",
    [
        'socket.getaddrinfo("contoso.communication.azure.com", 443)',
        "four.connect_ex(('192.0.2.1', 443))",
        "asyncio.run(asyncio.open_connection('192.0.2.1', 443))",
        "six.connect(('2001:db8::1', 443))",
    ],
)
def test_every_way_to_the_network_is_watched(attempt: str) -> None:
    with (
        socket.socket() as four,
        socket.socket(socket.AF_INET6) as six,
        no_network(),
        pytest.raises(NetworkInPlaybackError, match="--acs-target=emulator"),
    ):
        eval(attempt, {"socket": socket, "asyncio": asyncio, "four": four, "six": six})


def test_this_machine_can_be_reached_in_playback() -> None:
    connect, look_up = socket.socket.connect, socket.getaddrinfo
    with no_network(), socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()
    assert (socket.socket.connect, socket.getaddrinfo) == (connect, look_up)


def test_the_same_test_runs_against_the_emulator(suite: Suite) -> None:
    suite.write(JOURNEY + "    assert acs_target.emulator is not None\n")
    suite.run("--acs-target=emulator").assert_outcomes(passed=1)
    suite.run("--acs-target=emulator", "--block-network").assert_outcomes(passed=1)
    assert suite.cassettes == []


def test_the_same_test_runs_against_a_resource(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    from acs_identity_emulator import Emulator, EmulatorServer

    suite.write(JOURNEY)
    with EmulatorServer(Emulator()) as server:
        monkeypatch.setenv("AZURE_COMMUNICATION_CONNECTION_STRING", server.connection_string)
        suite.run("--acs-target=live", "--block-network").assert_outcomes(passed=1)
        assert suite.cassettes == []
        suite.run("--acs-target=live", "--record-mode=once").assert_outcomes(passed=1)
        assert len(server.emulator.journal.entries()) == 12
    assert suite.document["recording"]["from"] == "live"
    suite.play()


def test_a_target_that_cannot_be_reached_is_an_error_at_once(suite: Suite) -> None:
    suite.write(JOURNEY)
    result = suite.run("--acs-target=live")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "AZURE_COMMUNICATION_CONNECTION_STRING" in result.stderr.str()
    assert suite.run("--acs-target=azure").ret == pytest.ExitCode.USAGE_ERROR


def test_recording_needs_something_to_record_from(suite: Suite) -> None:
    suite.write(JOURNEY)
    result = suite.run("--record-mode=once")
    result.assert_outcomes(errors=1)
    assert "--acs-target=emulator or --acs-target=live" in result.stdout.str()
    assert suite.cassettes == []


def test_without_a_cassette_the_way_to_one_is_shown(suite: Suite) -> None:
    suite.write(JOURNEY)
    assert "the cassette doesn't exist" in suite.play(failed=1)


def test_nothing_is_loaded_for_a_suite_that_uses_nothing(suite: Suite) -> None:
    suite.folder.joinpath("conftest.py").unlink()
    suite.write(
        """
import sys

def test_loaded():
    ours = {name for name in sys.modules if name.startswith(("acs_identity", "azure", "msrest", "vcr"))}
    assert ours == {
        "acs_identity", "acs_identity._version", "acs_identity.testing", "acs_identity.testing.pytest_plugin",
        "acs_identity_emulator", "acs_identity_emulator.pytest_plugin",
    }
"""
    )
    suite.play()


def test_cassettes_of_others_in_the_same_suite_are_left_alone(suite: Suite) -> None:
    suite.write(
        """
import threading, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
import pytest

@pytest.fixture
def vcr_config():
    return {"record_mode": "once"}

@pytest.mark.vcr
def test_other():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")
        def log_message(self, *args):
            pass
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/plain", timeout=5) as answer:
            assert answer.read() == b"hello"
        thread.join(5)
"""
    )
    suite.play()
    assert "recording" not in suite.document
    assert "http://127.0.0.1" in suite.text


LEAKING = """
import json
import pytest
from acs_identity import CommunicationIdentityClient
import acs_identity.testing._cassettes as cassettes
from acs_identity.testing._scrubbing import Scrubbed

scrub = cassettes.scrub

def careless(interactions, secrets=()):
    interactions = list(interactions)
    return Scrubbed(interactions, scrub(interactions, secrets).secrets)

@pytest.mark.vcr
def test_leak(acs_target, monkeypatch):
    cassettes.scrub = careless
    with CommunicationIdentityClient.from_connection_string(acs_target.connection_string) as client:
        client.create_user_and_token(["chat"])
"""


def test_a_recording_with_a_secret_fails_its_test_and_is_not_kept(suite: Suite) -> None:
    suite.write(LEAKING)
    result = suite.run(*RECORD)
    result.assert_outcomes(failed=1)
    assert suite.cassettes == []
    shown = result.stdout.str()
    assert "The recording had a secret in it and was not kept:" in shown
    assert re.search(r"line \d+, column \d+: .*token", shown)
    assert "eyJ" not in shown
    assert "8:acs:" not in shown


def test_a_secret_of_the_suite_is_scrubbed(suite: Suite) -> None:
    suite.configure("secrets=['chat']")
    suite.write(JOURNEY)
    assert "fewer than 6 characters" in suite.run(*RECORD).stdout.str()
    suite.configure("secrets=['hunter2hunter2']")
    suite.write(JOURNEY.replace("client.create_user()", "client.create_user(headers={'X-Trace': 'hunter2hunter2'})"))
    suite.record()
    assert "hunter2" not in suite.text
    suite.play()


def test_a_file_that_is_no_cassette_is_not_lost(suite: Suite) -> None:
    suite.write(JOURNEY)
    suite.record()
    (cassette,) = suite.cassettes
    cassette.write_text(json.dumps([1, 2]), encoding="utf-8")
    suite.run().assert_outcomes(errors=1)
    assert Path(cassette).read_text(encoding="utf-8") == "[1, 2]"
