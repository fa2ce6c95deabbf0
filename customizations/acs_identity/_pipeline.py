"""The azure-core pipeline of the clients: which policies, in which order, and what they may log."""

import copy
import platform
from importlib.util import find_spec
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse, policies

from ._authentication import authentication_policies
from ._redaction import redact
from ._version import VERSION

USER_AGENT = f"acs-identity/{VERSION} Python/{platform.python_version()}"


class RedactedLoggingPolicy(policies.HttpLoggingPolicy):
    """Logs requests and answers as azure-core does, with the identity ids in the URL redacted.

    Bodies hold tokens and are never logged: ``logging_enable`` is accepted and adds nothing.
    """

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Log the request."""
        request.context.options.pop("logging_enable", None)
        super().on_request(_redacted(request))


class RedactedTracingPolicy(policies.DistributedTracingPolicy[Any, Any]):
    """Traces requests as azure-core does, with the identity ids in the URL redacted."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Open the span."""
        super().on_request(_redacted(request))

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Close the span."""
        super().on_response(_redacted(request), response)

    def on_exception(self, request: PipelineRequest[Any]) -> None:
        """Close the span of a request that failed."""
        super().on_exception(_redacted(request))


def _redacted(request: PipelineRequest[Any]) -> PipelineRequest[Any]:
    """Return a request with a redacted URL that shares context and headers with the real one."""
    http_request = copy.copy(request.http_request)
    http_request.url = redact(http_request.url)
    return PipelineRequest(http_request, request.context)


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
    options.setdefault("base_user_agent", USER_AGENT)
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
