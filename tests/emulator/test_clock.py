"""Time in the emulator can be moved and stopped, and clients that go by the real time still get in."""

import json
import threading
import urllib.request
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.error import HTTPError

import pytest
from azure.communication.identity import CommunicationIdentityClient as OfficialClient
from typer.testing import CliRunner

from acs_identity import CommunicationIdentityClient
from acs_identity_emulator import Emulator, EmulatorClock, EmulatorServer, EmulatorTransport, Request
from acs_identity_emulator.commands import app

TARGET = "/identities?api-version=2026-09-23"
HOUR = timedelta(hours=1)


def test_a_token_expires_when_time_is_moved_and_a_client_on_real_time_still_gets_in() -> None:
    emulator = Emulator()
    client = CommunicationIdentityClient.from_connection_string(
        emulator.connection_string, transport=EmulatorTransport(emulator)
    )
    user, token = client.create_user_and_token(["chat"], token_expires_in=HOUR)
    emulator.clock.advance(HOUR)
    assert emulator.introspect(token.token).state == "expired"
    again = client.get_token(user, ["chat"])
    assert emulator.introspect(again.token).state == "live"
    assert abs(again.expires_on - (datetime.now(UTC) + 25 * HOUR).timestamp()) < 60


def test_the_official_client_still_gets_in_after_time_was_moved() -> None:
    emulator = Emulator()
    client = OfficialClient.from_connection_string(emulator.connection_string, transport=EmulatorTransport(emulator))
    emulator.clock.advance(timedelta(days=-400))
    assert client.create_user().properties["id"]


def signed_at(emulator: Emulator, sign: Any, moment: datetime) -> int:
    date = f"{moment.astimezone(UTC):%a, %d %b %Y %H:%M:%S} GMT"
    headers = sign("POST", TARGET, b"", key=emulator.access_key, date=date)
    return emulator.handle(Request("POST", TARGET, headers)).status


def test_a_signature_by_either_clock_is_accepted_and_none_by_a_third(emulator: Emulator, clock: Any, sign: Any) -> None:
    assert signed_at(emulator, sign, clock.now + 2 * HOUR) == 401
    emulator.clock.advance(2 * HOUR)
    assert signed_at(emulator, sign, clock.now) == 201
    assert signed_at(emulator, sign, clock.now + 2 * HOUR) == 201
    assert signed_at(emulator, sign, clock.now + HOUR) == 401
    assert signed_at(emulator, sign, clock.now + 2 * HOUR + timedelta(minutes=6)) == 401
    emulator.clock.reset()
    assert signed_at(emulator, sign, clock.now + 2 * HOUR) == 401


def test_the_margin_of_signatures_holds_for_a_clock_that_stands_still(
    emulator: Emulator, clock: Any, sign: Any
) -> None:
    emulator.clock.freeze()
    clock.advance(hours=3)
    assert signed_at(emulator, sign, clock.now) == 201
    assert signed_at(emulator, sign, clock.now - 3 * HOUR) == 201
    assert signed_at(emulator, sign, clock.now - HOUR) == 401


def test_everything_that_has_a_time_goes_by_the_moved_clock(emulator: Emulator, call: Any, clock: Any) -> None:
    emulator.clock.set(datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC))
    identity = call.new_identity()
    response = call("POST", f"/identities/{identity}/:issueAccessToken", {"scopes": ["chat"], "expiresInMinutes": 60})
    assert json.loads(response.body)["expiresOn"].startswith("2031-02-03T05:05:06")
    assert response.headers["Date"] == "Mon, 03 Feb 2031 04:05:06 GMT"
    assert emulator.journal.entries()[-1].time == datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
    entra = emulator.entra.issue_token(expires_in=HOUR)
    assert call.bearer("POST", "/identities", entra).status == 201
    emulator.clock.advance(HOUR)
    assert call.bearer("POST", "/identities", entra).status == 401


def test_a_moved_clock_goes_on_and_a_stopped_one_does_not(clock: Any) -> None:
    start = clock.now
    moved = EmulatorClock(clock)
    assert (moved.now(), moved.offset, moved.is_moved, moved.is_frozen) == (start, timedelta(0), False, False)
    moved.advance(2 * HOUR)
    clock.advance(minutes=1)
    assert moved.now() == start + 2 * HOUR + timedelta(minutes=1)
    assert moved.offset == 2 * HOUR
    moved.freeze()
    clock.advance(hours=1)
    moved.freeze()
    assert moved.now() == start + 2 * HOUR + timedelta(minutes=1)
    assert (moved.offset, moved.is_frozen) == (HOUR, True)
    moved.advance(-3 * HOUR)
    assert moved.now() == start - HOUR + timedelta(minutes=1)
    moved.resume()
    clock.advance(seconds=5)
    moved.resume()
    assert moved.now() == start - HOUR + timedelta(minutes=1, seconds=5)
    assert not moved.is_frozen
    moved.freeze()
    moved.set(start)
    assert (moved.now(), moved.is_frozen) == (start, True)
    moved.reset()
    assert (moved.now(), moved.is_moved) == (clock.now, False)
    assert moved.base_now() == clock.now


def test_a_time_of_another_zone_is_the_same_moment(clock: Any) -> None:
    moved = EmulatorClock(clock)
    moved.set(datetime(2027, 1, 1, 1, tzinfo=timezone(HOUR)))
    assert moved.now() == datetime(2027, 1, 1, tzinfo=UTC)
    assert moved.now().tzinfo is UTC
    assert repr(moved) == "<EmulatorClock 2027-01-01T00:00:00+00:00>"
    moved.freeze()
    assert repr(moved) == "<EmulatorClock 2027-01-01T00:00:00+00:00 frozen>"


@pytest.mark.parametrize("frozen", [False, True])
def test_a_time_that_cannot_be_is_refused_and_the_clock_stays(clock: Any, frozen: bool) -> None:
    moved = EmulatorClock(clock)
    if frozen:
        moved.freeze()
    for moment in (
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(9000, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(-HOUR)),
        datetime.min.replace(tzinfo=timezone(HOUR)),
    ):
        with pytest.raises(ValueError, match="from 1970 to 8999"):
            moved.set(moment)
    for by in (timedelta.max, timedelta.min, timedelta(days=-366 * 100), timedelta(days=366 * 7000)):
        with pytest.raises(ValueError, match="from 1970 to 8999"):
            moved.advance(by)
    with pytest.raises(ValueError, match="no time zone"):
        moved.set(datetime(2026, 1, 1))  # noqa: DTZ001
    assert moved.now() == clock.now


@pytest.mark.parametrize("year", [1970, 8999])
def test_tokens_are_issued_and_expire_at_both_ends_of_time(emulator: Emulator, call: Any, year: int) -> None:
    emulator.clock.set(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC))
    token = call.new_token(call.new_identity())
    assert emulator.introspect(token).state == "live"
    assert call.bearer("POST", "/identities", emulator.entra.issue_token()).status == 201
    emulator.clock.freeze()
    emulator.clock.reset()
    assert emulator.introspect(token).state == ("expired" if year == 1970 else "live")


def test_a_base_clock_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        EmulatorClock(datetime.now).now()


def test_moves_of_several_threads_all_count(clock: Any) -> None:
    moved = EmulatorClock(clock)
    barrier = threading.Barrier(8)

    def move() -> None:
        barrier.wait(10)
        for _ in range(200):
            moved.advance(timedelta(seconds=1))

    threads = [threading.Thread(target=move) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert moved.offset == timedelta(seconds=1600)


# Over HTTP and by command


def ask(server: EmulatorServer, method: str, document: object = None, path: str = "/_emulator/clock") -> Any:
    body = document if isinstance(document, bytes) else None if document is None else json.dumps(document).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}{path}", body, method=method)) as answer:
        return json.loads(answer.read())


def test_another_process_can_move_the_clock(emulator: Emulator, clock: Any) -> None:
    with EmulatorServer(emulator) as server:
        assert ask(server, "GET") == {"now": "2026-10-01T12:00:00.250000+00:00", "offset_seconds": 0, "frozen": False}
        shown = ask(server, "POST", {"advance_seconds": 90.5})
        assert shown == {"now": "2026-10-01T12:01:30.750000+00:00", "offset_seconds": 90.5, "frozen": False}
        assert ask(server, "POST", {"freeze": True})["frozen"] is True
        clock.advance(hours=1)
        assert ask(server, "POST", {"advance_seconds": -30})["now"] == "2026-10-01T12:01:00.750000+00:00"
        assert ask(server, "POST", {"freeze": False})["frozen"] is False
        shown = ask(server, "POST", {"set": "2027-01-01T01:00:00+01:00"})
        assert shown["now"] == "2027-01-01T00:00:00+00:00"
        assert emulator.clock.now() == datetime(2027, 1, 1, tzinfo=UTC)
        assert ask(server, "POST", {"reset": True})["offset_seconds"] == 0


WRONG: list[object] = [
    {}, [], b"", b"{", b"\xff", {"advance_seconds": "1"}, {"advance_seconds": True}, {"advance_seconds": None},
    b'{"advance_seconds":NaN}', b'{"advance_seconds":1e400}', b'{"advance_seconds":-1e400}', {"advance_seconds": 1e12},
    {"set": 0}, {"set": "now"}, {"set": "2027-01-01T00:00:00"}, {"set": "2027-13-01T00:00:00Z"},
    {"set": "9999-01-01T00:00:00Z"}, {"set": "x" * 100_000}, {"freeze": 1}, {"freeze": None}, {"reset": False},
    {"advance_seconds": 1, "freeze": True}, {"unknown": True},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_wrong_wish_for_the_clock_is_refused_and_moves_nothing(emulator: Emulator, number: int, clock: Any) -> None:
    with EmulatorServer(emulator) as server:
        with pytest.raises(HTTPError) as caught:
            ask(server, "POST", WRONG[number])
        with caught.value as refusal:
            assert refusal.code == 400
            message = json.loads(refusal.read())["error"]["message"]
    assert 10 < len(message) < 300
    assert emulator.clock.now() == clock.now


def test_the_clock_is_moved_by_command(emulator: Emulator, clock: Any) -> None:
    runner = CliRunner()
    with EmulatorServer(emulator) as server:
        environment = {"ACS_IDENTITY_EMULATOR_ENDPOINT": server.endpoint}

        def run(*words: str) -> str:
            result = runner.invoke(app, ["clock", *words], env=environment)
            assert result.exit_code == 0, result.output
            return result.stdout.strip()

        assert run("show") == "2026-10-01T12:00:00.250000+00:00 (+0 s)"
        assert run("advance", "1d2h3m4s") == "2026-10-02T14:03:04.250000+00:00 (+93784 s)"
        assert run("advance", "-1d") == "2026-10-01T14:03:04.250000+00:00 (+7384 s)"
        assert run("freeze").endswith("stands still)")
        assert run("set", "2027-01-01T00:00:00Z").startswith("2027-01-01T00:00:00+00:00 ")
        assert not run("resume").endswith("stands still)")
        assert run("reset") == "2026-10-01T12:00:00.250000+00:00 (+0 s)"
        for words in (
            ["advance", "1x"],
            ["advance", ""],
            ["advance", "h"],
            ["set", "yesterday"],
            ["set", "2027-01-01"],
        ):
            result = runner.invoke(app, ["clock", *words], env=environment)
            assert result.exit_code == 1
            assert result.stderr.startswith("Error: The ")
            assert result.stderr.count("\n") == 1
    assert emulator.clock.now() == clock.now


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        ("http://127.0.0.1:1", "No emulator answers at http://127.0.0.1:1"),
        ("localhost:10100", "does not begin with http://"),
        ("file:///etc/passwd", "does not begin with http://"),
        ("http://[", "did not answer as an emulator"),
        ("http://a b/", "did not answer as an emulator"),
    ],
)
def test_a_command_that_finds_no_emulator_says_so_in_a_line(endpoint: str, text: str) -> None:
    result = CliRunner().invoke(app, ["clock", "show", "--endpoint", endpoint])
    assert result.exit_code == 1
    assert text in result.stderr
    assert result.stderr.count("\n") == 1
