"""Clients of both colours, called alike, on an emulator or on answers that were given beforehand."""

import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from acs_identity import CommunicationIdentityClient
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity_emulator import AsyncEmulatorTransport, EmulatorTransport, Request, Response

ENDPOINT = "https://contoso.communication.azure.com"
PREVIEW = "2025-03-02-preview"


class Scripted:
    """Stands where an emulator does: keeps what it is sent and answers from a list."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.waiting: list[Response] = []

    def add(self, status: int, body: Any = None) -> None:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.waiting.append(Response(status, {"Content-Type": "application/json"}, content))

    def handle(self, request: Request) -> Response:
        self.sent.append(request)
        return self.waiting.pop(0)

    def body(self, index: int = -1) -> Any:
        return json.loads(self.sent[index].body)


class Either:
    """A client of one colour; its methods are awaited, whichever it is."""

    def __init__(self, behind: Any, credential: Any, *, is_async: bool, **options: Any) -> None:
        client_class: Any = AsyncCommunicationIdentityClient if is_async else CommunicationIdentityClient
        transport = AsyncEmulatorTransport(behind) if is_async else EmulatorTransport(behind)
        self.client = client_class(ENDPOINT, credential, transport=transport, **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            answer = method(*args, **kwargs)
            return await answer if inspect.isawaitable(answer) else answer

        return call

    async def listed(self) -> list[Any]:
        return await everything(self.client.list_entra_assignments())


async def everything(items: Iterable[Any] | AsyncIterator[Any]) -> list[Any]:
    """Return all that an iterator of either colour gives."""
    if isinstance(items, AsyncIterator):
        return [item async for item in items]
    return list(items)


async def following(items: Iterator[Any] | AsyncIterator[Any]) -> Any:
    """Return the next thing that an iterator of either colour gives."""
    return await anext(items) if isinstance(items, AsyncIterator) else next(items)
