"""The azure-core pipeline of the clients: which policies, in which order, and what they may log."""

import logging
import platform
import sys
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from azure.core.pipeline import PipelineRequest, PipelineResponse, policies

from ._authentication import authentication_policies
from ._connections import SETTINGS
from ._groups import in_groups
from ._logging import LOGGER, redact_library_logs
from ._redaction import redact
from ._tracing import INSTRUMENTATION, RedactedTracingPolicy
from ._version import VERSION
from ._versions import load

USER_AGENT = f"acs-identity/{VERSION} Python/{platform.python_version()}"
_REQUEST_ID = "x-ms-client-request-id"
_OF_A_CALL = frozenset({"headers", "request_id", "user_agent", "user_agent_overwrite"})
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
        # Redacted only where azure-core looks at it, which it does where its logger is switched on.
        http_request: Any = _Redacted(request.http_request)
        super().on_request(PipelineRequest(http_request, request.context))

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


class _Redacted:
    """A request as it may be logged."""

    def __init__(self, http_request: Any) -> None:
        self._http_request = http_request

    @property
    def url(self) -> str:
        return redact(self._http_request.url)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._http_request, name)


class RequestHeadersPolicy(policies.SansIOHTTPPolicy[Any, Any]):
    """Puts on each request an id of its own, the headers of the client and of the call, and the user agent.

    Three policies of azure-core, without a runner around each. The id is a random one: what azure-core makes takes
    ten times as long and tells the address of the machine.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        user_agent: Any = policies.UserAgentPolicy(**options)
        self._user_agent = None if options.get("user_agent_policy") else user_agent.user_agent
        self._makes_ids = "request_id" not in options and options.get("auto_request_id", True)
        # For calls with options of their own, and for clients with unusual ones.
        self._parts: list[Any] = [
            policies.RequestIdPolicy(**options),
            policies.HeadersPolicy(**options),
            *([] if options.get("user_agent_policy") else [user_agent]),
        ]
        self._is_plain = self._makes_ids and not options.keys() & {"headers", "base_headers", "user_agent_overwrite"}

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Put the headers on the request."""
        headers = request.http_request.headers
        options = request.context.options
        if self._makes_ids and _REQUEST_ID not in headers and "request_id" not in options:
            headers[_REQUEST_ID] = str(uuid4())
        if self._is_plain and _OF_A_CALL.isdisjoint(options):
            if self._user_agent is not None and "User-Agent" not in headers:
                headers["User-Agent"] = self._user_agent
            return
        for part in self._parts:
            part.on_request(request)


def raw_client(package: str, endpoint: str, credential: Any, *, is_async: bool, **options: Any) -> Any:
    """Return a generated client with the pipeline of this package.

    Args:
        package: The name of the generated package of an API version.
        endpoint: The endpoint, normalised.
        credential: What authenticates, as for `authentication_policies`.
        is_async: Whether the client is to be the async one.
        options: Options of azure-core.

    Raises:
        ImportError: The async client has no transport: aiohttp is not installed and no other transport is given.
        TypeError: The credential or a setting of connections is of an unsupported type.
        ValueError: The access key is not base64, or a setting is out of range.
    """
    # A copy of options, which the policies of azure-core may change.
    policies = pipeline_policies(endpoint, credential, is_async=is_async, **options)
    options["transport"] = options.get("transport") or _transport(is_async=is_async, **options)
    client = load(package, "aio" if is_async else "").CommunicationIdentityRestClient
    return client(endpoint, policies=policies, **options)


def _transport(*, is_async: bool, **options: Any) -> Any:
    settings = {name: options[name] for name in SETTINGS if name in options}
    if not is_async:
        from ._urllib3_transport import Urllib3Transport

        return Urllib3Transport(**settings)
    try:
        from .aio._aiohttp_transport import AiohttpTransport
    except ModuleNotFoundError as error:
        raise ImportError(
            'The async client needs aiohttp. Run: pip install "acs-identity[aio]", or pass transport=...'
        ) from error
    return AiohttpTransport(**settings)


def pipeline_policies(endpoint: str, credential: Any, *, is_async: bool, **options: Any) -> list[Any]:
    """Return the policies in the order in which a request passes them.

    A policy of the caller's own takes the place of ours under azure-core's names, for example ``retry_policy``.

    Raises:
        TypeError: The credential is of an unsupported type.
        ValueError: The access key is not base64.
    """
    retry = policies.AsyncRetryPolicy if is_async else policies.RetryPolicy
    redirect = policies.AsyncRedirectPolicy if is_async else policies.RedirectPolicy
    redact_library_logs()
    options.setdefault("base_user_agent", USER_AGENT)
    options.setdefault("instrumentation_config", INSTRUMENTATION)
    follows = bool(options.get("redirect_policy") or options.get("permit_redirects"))
    chain: list[Any] = [
        *(options[name] for name in ("headers_policy", "user_agent_policy") if options.get(name)),
        # Our own transports take the proxies themselves.
        *([options.get("proxy_policy") or policies.ProxyPolicy(**options)] if _has_proxies(options) else []),
        # The service never redirects, and what is signed anew for another host tells it an identity id.
        *([options.get("redirect_policy") or redirect(**options)] if follows else []),
        options.get("retry_policy") or retry(**options),
        # What a retry needs no more is there already, and so passes by.
        RequestHeadersPolicy(**options),
        # After the retry policy: a retried request is signed anew.
        *authentication_policies(endpoint, credential, is_async=is_async),
        options.get("custom_hook_policy") or policies.CustomHookPolicy(**options),
        RedactedTracingPolicy(**options),
        *([policies.SensitiveHeaderCleanupPolicy(**options)] if follows else []),
        options.get("http_logging_policy") or RedactedLoggingPolicy(**options),
    ]
    return in_groups(chain, is_async=is_async)


def _has_proxies(options: dict[str, Any]) -> bool:
    return bool(options.get("proxy_policy") or (options.get("transport") and options.get("proxies")))
