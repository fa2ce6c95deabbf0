"""Policies without input and output that run one after the other, without a runner of azure-core around each."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncHTTPPolicy,
    CustomHookPolicy,
    HTTPPolicy,
    SansIOHTTPPolicy,
    SensitiveHeaderCleanupPolicy,
)

SansIO = SansIOHTTPPolicy[Any, Any]


class _Steps:
    """What policies do before and after a request; what none of them does is left out."""

    def __init__(self, group: Sequence[SansIO]) -> None:
        self.on_request = [policy.on_request for policy in group]
        self.on_response = [policy.on_response for policy in reversed(group) if _overrides(policy, "on_response")]
        self.on_exception = [policy.on_exception for policy in reversed(group) if _overrides(policy, "on_exception")]


class PolicyGroup(HTTPPolicy[Any, Any]):
    """Policies of a sync pipeline. None of them fails in its on_request after another one waits for an on_exception.

    Args:
        group: The policies, in the order in which a request passes them.
    """

    def __init__(self, group: Sequence[SansIO]) -> None:
        super().__init__()
        self._steps = _Steps(group)

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Pass the request on, and its answer back."""
        for on_request in self._steps.on_request:
            on_request(request)
        try:
            response = self.next.send(request)
        except Exception:
            for on_exception in self._steps.on_exception:
                on_exception(request)
            raise
        for on_response in self._steps.on_response:
            on_response(request, response)
        return response


class AsyncPolicyGroup(AsyncHTTPPolicy[Any, Any]):
    """Policies of an async pipeline, as :class:`PolicyGroup` has them.

    Args:
        group: The policies, in the order in which a request passes them.
    """

    def __init__(self, group: Sequence[SansIO]) -> None:
        super().__init__()
        self._steps = _Steps(group)

    async def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Pass the request on, and its answer back."""
        for on_request in self._steps.on_request:
            on_request(request)
        try:
            response = await self.next.send(request)
        except Exception:
            for on_exception in self._steps.on_exception:
                on_exception(request)
            raise
        for on_response in self._steps.on_response:
            on_response(request, response)
        return response


def in_groups(chain: Sequence[Any], *, is_async: bool) -> list[Any]:
    """Return the policies of a pipeline with neighbours in groups, as far as they are of this package or known to it.

    A policy of the caller's own stays by itself: it may be one of another kind, or async.
    """
    kind = AsyncPolicyGroup if is_async else PolicyGroup
    policies: list[Any] = []
    for known, neighbours in groupby(chain, _is_known):
        group = list(neighbours)
        policies += [kind(group)] if known else group
    return policies


def _is_known(policy: Any) -> bool:
    module: str = type(policy).__module__.partition(".")[0]
    if module == __name__.partition(".")[0]:
        return isinstance(policy, SansIOHTTPPolicy)
    return type(policy) in (CustomHookPolicy, SensitiveHeaderCleanupPolicy)


def _overrides(policy: SansIO, method: str) -> bool:
    return getattr(type(policy), method) is not getattr(SansIOHTTPPolicy, method)
