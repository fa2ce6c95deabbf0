import importlib
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from .conformance import Conformance

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

ROOT = Path(__file__).resolve().parent.parent

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile(
    "shared", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("shared")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Conformance(), "conformance")
    # A job in the background is started deaf to Ctrl-C, and so are its children; the tests press it.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    """Print no dot for a test that passed where nobody watches: a long log hides what failed."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if report.when == "call" and report.passed and reporter is not None and not reporter.isatty:
        return "passed", "", "PASSED"
    return None


@pytest.fixture
def conformance(request: pytest.FixtureRequest) -> Conformance:
    """What checks the responses; a test that gets a wrong one on purpose takes it off its list of problems."""
    plugin = request.config.pluginmanager.get_plugin("conformance")
    assert isinstance(plugin, Conformance)
    return plugin


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def load_tool() -> Callable[[str], ModuleType]:
    """Import a module of tools/, which is not installed."""

    def load(name: str) -> ModuleType:
        # The packages of the checkout are not at its top, so tests still meet the installed ones.
        if str(ROOT) not in sys.path:
            sys.path.insert(0, str(ROOT))
        return importlib.import_module(f"tools.{name}")

    return load


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator["Callable[[], list[ReadableSpan]]"]:
    """Trace with OpenTelemetry, and return what gives the spans that have ended, the oldest first."""
    from azure.core import instrumentation
    from azure.core.settings import settings as azure_settings
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    # A process can set one provider in its life, and azure-core keeps the tracers it got of it.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    instrumentation._get_tracer_cached.cache_clear()
    azure_settings.tracing_enabled = True
    yield lambda: list(exporter.get_finished_spans())
    azure_settings.tracing_enabled.unset_value()
    instrumentation._get_tracer_cached.cache_clear()
    provider.shutdown()
