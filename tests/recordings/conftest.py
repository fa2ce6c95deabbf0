"""A test suite of a user, recorded and played back in a pytest of its own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

CONFTEST = """
import pytest
from acs_identity.testing import vcr_config as safe

@pytest.fixture
def vcr_config():
    return safe({options})
"""

# By the names of their entry points; what else is installed here takes longer to load than a test to run.
PLUGINS = ("asyncio", "recording", "acs_identity_emulator", "acs_identity_testing")
OPTIONS = [
    *(part for plugin in PLUGINS for part in ("-p", plugin)),
    "-p", "no:cacheprovider", "-W", "error", "-o", "asyncio_mode=auto",
    "-o", "asyncio_default_fixture_loop_scope=function",
]  # fmt: skip

RECORD = ("--acs-target=emulator", "--record-mode=once")


class Suite:
    """One test module of a user with a conftest.py of one line."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.folder = pytester.path
        self.configure()

    def configure(self, options: str = "") -> None:
        self._pytester.makeconftest(CONFTEST.format(options=options))

    def write(self, module: str) -> None:
        self._pytester.makepyfile(test_users=module)

    def run(self, *options: str) -> pytest.RunResult:
        return self._pytester.runpytest_subprocess(*OPTIONS, *options)

    def record(self, *options: str, **outcomes: int) -> None:
        self.run(*RECORD, *options).assert_outcomes(**(outcomes or {"passed": 1}))

    def play(self, *options: str, **outcomes: int) -> str:
        result = self.run(*options)
        result.assert_outcomes(**(outcomes or {"passed": 1}))
        return result.stdout.str()

    @property
    def cassettes(self) -> list[Path]:
        return sorted(self.folder.rglob("cassettes/**/*.yaml"))

    @property
    def text(self) -> str:
        (cassette,) = self.cassettes
        return cassette.read_text(encoding="utf-8")

    @property
    def document(self) -> Any:
        return yaml.safe_load(self.text)


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    for name in ("AZURE_COMMUNICATION_CONNECTION_STRING", "AZURE_COMMUNICATION_KEY", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Suite(pytester)
