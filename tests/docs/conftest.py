from collections.abc import Iterator
from logging import getLogger

import pytest
from azure.core import instrumentation
from azure.core.settings import settings
from opentelemetry import trace
from opentelemetry.util._once import Once


@pytest.fixture(autouse=True)
def forget_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what an example sets for the whole process: the provider of OpenTelemetry, tracing, a level of logging."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    instrumentation._get_tracer_cached.cache_clear()
    yield
    instrumentation._get_tracer_cached.cache_clear()
    settings.tracing_enabled.unset_value()
    getLogger("acs_identity").setLevel("NOTSET")
