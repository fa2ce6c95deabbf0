"""pytest finds the fixtures by itself, each test gets an emulator of its own, and who uses none pays nothing."""

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

LIFE = """
import asyncio
from acs_identity import CommunicationIdentityClient
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient

def test_in_process(acs_emulator, acs_emulator_transport):
    with CommunicationIdentityClient.from_connection_string(
        acs_emulator.connection_string, transport=acs_emulator_transport
    ) as client:
        _, token = client.create_user_and_token(["chat"])
    assert acs_emulator.introspect(token.token).state == "live"

def test_in_process_asynchronously(acs_emulator, acs_emulator_async_transport):
    async def create():
        async with AsyncCommunicationIdentityClient.from_connection_string(
            acs_emulator.connection_string, transport=acs_emulator_async_transport
        ) as client:
            return await client.create_user_and_token(["chat"])

    _, token = asyncio.run(create())
    assert acs_emulator.introspect(token.token).state == "live"
"""

OVER_HTTP = """
from datetime import timedelta
import pytest
from acs_identity import CommunicationIdentityClient
from acs_identity_emulator import FaultRule

seen = []

@pytest.mark.parametrize("number", range(3))
def test_over_http(acs_connection_string, acs_emulator_server, number):
    assert acs_connection_string == acs_emulator_server.connection_string
    seen.append(acs_emulator_server)
    emulator = acs_emulator_server.emulator
    assert emulator.journal.entries() == [], "nothing is left of the test before"
    assert emulator.faults.rules() == []
    with CommunicationIdentityClient.from_connection_string(acs_connection_string) as client:
        _, token = client.create_user_and_token(["chat"])
    assert emulator.introspect(token.token).state == "live"
    emulator.faults.add(FaultRule.parse("reset"))
    emulator.clock.advance(timedelta(days=1))

def test_it_is_one_server():
    # Each process of a session has its own.
    assert len({id(server) for server in seen}) <= 1
"""

# By the names of their entry points; what else is installed here takes longer to load than a test to run.
PLUGINS = ("asyncio", "recording", "xdist", "acs_identity_emulator")
OPTIONS = [
    *(part for plugin in PLUGINS for part in ("-p", plugin)),
    "-W",
    "error",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
]


@pytest.fixture(autouse=True)
def only_these_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_every_fixture_works(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_life=LIFE, test_over_http=OVER_HTTP)
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=6)


def test_pytest_finds_the_fixtures_by_itself_and_lists_what_they_are(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    shown = pytester.runpytest_subprocess(
        "-o", "asyncio_default_fixture_loop_scope=function", "--fixtures"
    ).stdout.str()
    names = ("acs_emulator", "acs_emulator_transport", "acs_emulator_async_transport", "acs_connection_string")
    for name in (*names, "acs_target"):
        assert f"\n{name} -- " in shown
    assert "no docstring available" not in shown.split("fixtures defined from acs_identity_emulator")[1].split("---")[0]


def test_the_fixtures_without_a_socket_work_where_the_network_is_blocked(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_life=LIFE)
    pytester.runpytest_subprocess(*OPTIONS, "--block-network").assert_outcomes(passed=2)


def test_the_server_works_where_only_this_machine_is_allowed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_over_http=OVER_HTTP)
    options = ["--block-network", "--allowed-hosts=127.0.0.1"]
    pytester.runpytest_subprocess(*OPTIONS, *options).assert_outcomes(passed=4)


def test_the_fixtures_work_in_several_processes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_life=LIFE, test_over_http=OVER_HTTP)
    pytester.runpytest_subprocess(*OPTIONS, "-n", "2").assert_outcomes(passed=6)


def test_a_session_that_uses_no_fixture_loads_nothing_of_the_emulator(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
import sys

def test_what_is_loaded():
    loaded = {name for name in sys.modules if name.startswith(("acs_identity_emulator", "azure", "msrest"))}
    assert loaded == {"acs_identity_emulator", "acs_identity_emulator.pytest_plugin"}
    assert not {"starlette", "uvicorn", "cryptography", "jwt", "trustme", "typer"} & set(sys.modules)
""")
    pytester.runpytest_subprocess(*OPTIONS).assert_outcomes(passed=1)


def test_the_plugin_imports_pytest_and_nothing_else() -> None:
    code = """
import sys, pytest, importlib, typing
before = set(sys.modules)
import acs_identity_emulator.pytest_plugin
print(*sorted(set(sys.modules) - before))
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert process.stdout.split() == ["acs_identity_emulator", "acs_identity_emulator.pytest_plugin"]


def test_every_public_name_is_there() -> None:
    import acs_identity_emulator

    assert sorted(acs_identity_emulator._MODULES) == sorted(acs_identity_emulator.__all__)
    for name in acs_identity_emulator.__all__:
        assert getattr(acs_identity_emulator, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Simulator'"):
        getattr(acs_identity_emulator, "Simulator")  # noqa: B009 - no type checker knows it
