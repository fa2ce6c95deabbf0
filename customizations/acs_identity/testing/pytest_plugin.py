"""The plugin that pytest finds by itself; nothing else of this package is loaded before it is used."""

import logging
from collections.abc import Generator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from . import Target
    from ._recording import Recording

_ITEM = pytest.StashKey[pytest.Item]()
_RECORDING: "pytest.StashKey[Recording]" = pytest.StashKey()
_NETWORK = pytest.StashKey[ExitStack]()
_TARGETS = ("cassette", "emulator", "live")
_LOOPBACK = "127.0.0.1,localhost,::1"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that says where requests go."""
    parser.getgroup("acs-identity").addoption(
        "--acs-target",
        choices=_TARGETS,
        default="cassette",
        help=(
            "Where the requests of tests with acs_target go: to what is recorded (the default), to an emulator on this"
            " machine, or to the resource in AZURE_COMMUNICATION_CONNECTION_STRING. With --record-mode, emulator and"
            " live are recorded."
        ),
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the target, and let requests pass to one that is not a cassette."""
    target = str(config.getoption("--acs-target"))
    if target == "cassette":
        return
    if target == "emulator" and find_spec("uvicorn") is None:
        raise pytest.UsageError(
            '--acs-target=emulator needs the extra "emulator": pip install "acs-identity[emulator]"'
        )
    if target == "live":
        from ._targets import live_connection_string

        try:
            live_connection_string()
        except ValueError as error:
            raise pytest.UsageError(str(error)) from error
    options = config.option
    if getattr(options, "record_mode", None) in (None, "none"):
        options.disable_recording = True
    if getattr(options, "block_network", False):
        if target == "live":
            options.block_network = False
        else:
            options.allowed_hosts = options.allowed_hosts or _LOOPBACK


@pytest.fixture
def acs_target(request: pytest.FixtureRequest) -> "Target":
    """Where the requests of this test go, as `--acs-target` says; clients are made with its `connection_string`."""
    from . import Target, playback_connection_string
    from ._targets import live_connection_string

    name = str(request.config.getoption("--acs-target"))
    if name == "live":
        return Target("live", live_connection_string())
    if name == "emulator":
        server: Any = request.getfixturevalue("acs_emulator_server")
        return Target("emulator", server.connection_string, server.emulator)
    if request.config.getoption("--record-mode", default=None) not in (None, "none"):
        pytest.fail(
            "Nothing can be recorded from a cassette: name what to record from, with --acs-target=emulator or"
            " --acs-target=live.",
            pytrace=False,
        )
    return Target("cassette", playback_connection_string())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Remember which test a cassette is for."""
    item.config.stash[_ITEM] = item
    return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
    """Take over the cassette of a test whose `vcr_config` is ours."""
    item: Any = config.stash[_ITEM]
    # pytest-recording has asked for it just now, and does not say what it got.
    options = item._request.getfixturevalue("vcr_config").get("acs_identity")  # noqa: SLF001
    if options is None:
        return
    from ._network import no_network
    from ._recording import Recording

    target = str(config.getoption("--acs-target"))
    item.stash[_RECORDING] = Recording(vcr, options, "" if target == "cassette" else target)
    # It logs whole answers.
    logging.getLogger("vcr.cassette").setLevel(logging.WARNING)
    if str(getattr(vcr.record_mode, "value", vcr.record_mode)) == "none":
        stack = item.stash[_NETWORK] = ExitStack()
        stack.enter_context(no_network())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that leaves recorded requests unused, or whose recording has a secret in it."""
    result = yield
    recording = item.stash.get(_RECORDING, None)
    if recording is not None:
        recording.check(getattr(item, "funcargs", {}).get("vcr"))
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Say what was not kept, if the test did not."""
    try:
        result = yield
    finally:
        if (network := item.stash.get(_NETWORK, None)) is not None:
            network.close()
    recording = item.stash.get(_RECORDING, None)
    if recording is not None:
        recording.check_saved()
    return result
