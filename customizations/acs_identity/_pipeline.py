"""The azure-core pipeline of the clients: which policies, in which order, and what they may log."""

import logging
import platform
import sys
from importlib.util import find_spec
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse, policies

from ._authentication import authentication_policies
from ._logging import LOGGER, redact_library_logs
from ._redaction import redact
from ._tracing import INSTRUMENTATION, RedactedTracingPolicy, redacted_request
from ._version import VERSION

USER_AGENT = f"acs-identity/{VERSION} Python/{platform.python_version()}"
_STARTED = "acs_identity.started"


class RedactedLoggingPolicy(policies.HttpLoggingPolicy):
    """Logs requests and answers as azure-core does, with the identity ids in the URL redacted.

    One line for each attempt goes to the package's own logger at DEBUG. Bodies hold tokens and are never logged:
    ``logging_enable`` is accepted and adds nothing.
    """

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Log the request."""
        request.context.options.pop("logging_enable", None)
        request.context[_STARTED] = perf_counter()
        super().on_request(redacted_request(request))

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Log the answer."""
        super().on_response(request, response)
        self._log_attempt(request, str(response.http_response.status_code))

    def on_exception(self, request: PipelineRequest[Any]) -> None:
        """Log that there was no answer; the text of the error could hold secrets."""
        self._log_attempt(request, type(sys.exception()).__name__)

    @staticmethod
    def _log_attempt(request: PipelineRequest[Any], outcome: str) -> None:
        if LOGGER.isEnabledFor(logging.DEBUG):
            milliseconds = (perf_counter() - request.context[_STARTED]) * 1000
            path = redact(urlsplit(str(request.http_request.url)).path)
            LOGGER.debug("%s %s: %s in %.0f ms", request.http_request.method, path, outcome, milliseconds)


def pipeline_policies(endpoint: str, credential: Any, *, is_async: bool, **options: Any) -> list[Any]:
    """Return the policies in the order in which a request passes them.

    A policy of the caller's own takes the place of ours under azure-core's names, for example ``retry_policy``.

    Raises:
        ImportError: The async pipeline has no transport: aiohttp is not installed and no other transport is given.
        TypeError: The credential is of an unsupported type.
        ValueError: The access key is not base64.
    """
    if is_async and options.get("transport") is None and find_spec("aiohttp") is None:
        raise ImportError('The async client needs aiohttp. Run: pip install "acs-identity[aio]", or pass transport=...')
    retry = policies.AsyncRetryPolicy if is_async else policies.RetryPolicy
    redirect = policies.AsyncRedirectPolicy if is_async else policies.RedirectPolicy
    redact_library_logs()
    options.setdefault("base_user_agent", USER_AGENT)
    options.setdefault("instrumentation_config", INSTRUMENTATION)
    return [
        policies.RequestIdPolicy(**options),
        options.get("headers_policy") or policies.HeadersPolicy(**options),
        options.get("user_agent_policy") or policies.UserAgentPolicy(**options),
        options.get("proxy_policy") or policies.ProxyPolicy(**options),
        policies.ContentDecodePolicy(**options),
        options.get("redirect_policy") or redirect(**options),
        options.get("retry_policy") or retry(**options),
        # After the retry policy: a retried request is signed anew.
        *authentication_policies(endpoint, credential, is_async=is_async),
        options.get("custom_hook_policy") or policies.CustomHookPolicy(**options),
        RedactedTracingPolicy(**options),
        policies.SensitiveHeaderCleanupPolicy(**options),
        options.get("http_logging_policy") or RedactedLoggingPolicy(**options),
    ]
