"""Tracing with OpenTelemetry, as azure-core does it: a span for each operation and one for each attempt below it."""

import copy
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import DistributedTracingPolicy
from azure.core.settings import settings
from azure.core.tracing.decorator import distributed_trace
from azure.core.tracing.decorator_async import distributed_trace_async

from ._redaction import redact
from ._version import VERSION

INSTRUMENTATION = {
    "library_name": "acs-identity",
    "library_version": VERSION,
    "attributes": {"az.namespace": "Microsoft.Communication"},
}
_OPTIONS = ("tracing_options", "tracing_attributes", "network_span_namer")

_Method = TypeVar("_Method", bound=Callable[..., Any])


def traced(method: _Method) -> _Method:
    """Make a span of each call of a method of a client; the type of the method stays what it is."""
    return traced_as(None)(method)


def traced_as(name: str | None) -> Callable[[_Method], _Method]:
    """Return :func:`traced` for spans of another name, for example for the pages of a list."""

    def decorate(method: _Method) -> _Method:
        # azure-core's own annotations turn a coroutine into an Awaitable, which asyncio.create_task refuses.
        decorator: Any = distributed_trace_async if inspect.iscoroutinefunction(method) else distributed_trace
        return cast(_Method, decorator(name_of_span=name)(method))

    return decorate


class RedactedTracingPolicy(DistributedTracingPolicy[Any, Any]):
    """Traces requests as azure-core does, with the identity ids in URLs and errors redacted."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Open the span of an attempt."""
        options = request.context.options
        given = {name: options.pop(name) for name in _OPTIONS if name in options}
        # azure-core takes them with the first attempt; a retry passes here again without them.
        given = request.context.setdefault("acs_identity.tracing", given)
        if given or settings.tracing_enabled():
            options.update(given)
            super().on_request(redacted_request(request))
            for name in given:
                # The transport would refuse what azure-core leaves behind where nothing is traced.
                options.pop(name, None)

    def end_span(self, request: PipelineRequest[Any], response: Any = None, exc_info: Any = None) -> None:
        """Close the span of an attempt."""
        if self.TRACING_CONTEXT not in request.context:
            return
        if exc_info and exc_info[1] is not None:
            # The span takes over the text of the error and, with an older plug-in, its traceback.
            exc_info = (exc_info[0], _shown(exc_info[1]), None)
        super().end_span(redacted_request(request), response, exc_info)


def redacted_request(request: PipelineRequest[Any]) -> PipelineRequest[Any]:
    """Return a request with a redacted URL that shares context and headers with the real one."""
    http_request = copy.copy(request.http_request)
    http_request.url = redact(http_request.url)
    return PipelineRequest(http_request, request.context)


def _shown(error: BaseException) -> BaseException:
    """Return an error of the same type name whose text is redacted, without cause and traceback."""
    shown: type[Exception] = type(type(error).__name__, (Exception,), {})
    return shown(redact(str(error)))
