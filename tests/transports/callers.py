"""Transports of azure-core and of this package, of both colours, called alike."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from azure.core import AsyncPipelineClient, PipelineClient
from azure.core.rest import HttpRequest

from ..client.both_colours import everything  # noqa: TID252 there is no name from the top for tests

__all__ = ["AZURE_AIOHTTP", "AZURE_REQUESTS", "KINDS", "OURS_AIOHTTP", "OURS_URLLIB3", "Caller", "Kind", "only"]


@dataclass(frozen=True)
class Kind:
    """A class of transports."""

    name: str
    module: str
    type_name: str
    is_async: bool

    @property
    def type(self) -> Any:
        return getattr(import_module(self.module), self.type_name)

    def __str__(self) -> str:
        return self.name


AZURE_REQUESTS = Kind("azure-requests", "azure.core.pipeline.transport", "RequestsTransport", is_async=False)
AZURE_AIOHTTP = Kind("azure-aiohttp", "azure.core.pipeline.transport", "AioHttpTransport", is_async=True)
OURS_URLLIB3 = Kind("urllib3", "acs_identity", "Urllib3Transport", is_async=False)
OURS_AIOHTTP = Kind("aiohttp", "acs_identity.aio", "AiohttpTransport", is_async=True)
KINDS = [AZURE_REQUESTS, AZURE_AIOHTTP, OURS_URLLIB3, OURS_AIOHTTP]


def only(*kinds: Kind) -> pytest.MarkDecorator:
    """Run a test with some of the transports; a comment beside it says what the others do."""
    return pytest.mark.parametrize("kind", kinds, ids=str)


class Caller:
    """A transport of either colour in an azure-core client; what it does is awaited, whichever it is.

    Args:
        kind: The class of the transport.
        policies: The policies of the client; none by default.
        options: Options of the transport.
    """

    def __init__(self, kind: Kind, *policies: Any, **options: Any) -> None:
        self.kind = kind
        self.transport = kind.type(**options)
        client_type: Any = AsyncPipelineClient if kind.is_async else PipelineClient
        self.client: Any = client_type("", policies=list(policies), transport=self.transport)

    async def send(self, method: str, url: str, *, call: dict[str, Any] | None = None, **request: Any) -> Any:
        """Send a request, with options for this call, and return its answer."""
        return await self.done(self.client.send_request(HttpRequest(method, url, **request), **(call or {})))

    async def get(self, url: str, **call: Any) -> Any:
        return await self.send("GET", url, call=call)

    async def get_at_once(self, url: str, calls: int) -> list[Any]:
        """Send as many requests at once and return their answers."""
        if self.kind.is_async:
            return await asyncio.gather(*(self.get(url) for _ in range(calls)))
        with ThreadPoolExecutor(calls) as pool:
            return list(pool.map(self.client.send_request, [HttpRequest("GET", url) for _ in range(calls)]))

    async def read(self, response: Any) -> bytes:
        content: bytes = await self.done(response.read())
        return content

    async def parts(self, response: Any, how: str = "iter_bytes") -> list[bytes]:
        """Return all parts of a body, of `iter_bytes` or `iter_raw`."""
        return await everything(getattr(response, how)())

    def upload(self, *parts: bytes) -> Iterator[bytes] | AsyncIterator[bytes]:
        """Return a body that is made while it is sent, of the colour of the transport."""

        async def asynchronously() -> AsyncIterator[bytes]:
            for part in parts:
                yield part

        return asynchronously() if self.kind.is_async else iter(parts)

    def broken_upload(self, part: bytes) -> Iterator[bytes] | AsyncIterator[bytes]:
        """Return a body that fails after a part."""

        def synchronously() -> Iterator[bytes]:
            yield part
            raise RuntimeError("broken half")

        async def asynchronously() -> AsyncIterator[bytes]:
            for some in synchronously():
                yield some

        return asynchronously() if self.kind.is_async else synchronously()

    async def close(self) -> None:
        await self.done(self.transport.close())

    async def done(self, result: Any) -> Any:
        return await result if inspect.isawaitable(result) else result
