"""One stand-in for the service under clients of both colours, without a socket."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any, cast

from azure.core.async_paging import AsyncItemPaged
from azure.core.paging import ItemPaged

import acs_identity
import acs_identity.aio
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorTransport, Request, Response

KEY = "c2VjcmV0"
ENDPOINT = "https://contoso.communication.azure.com"
COLOURS = ("sync", "async")
# It has every operation.
PREVIEW = "2025-03-02-preview"
USER = "8:acs:2dee53b4-368b-45b4-ab52-8493fb117652_00000005-14a2-493b-8a72-5a3a0d000081"
ISSUED = {"token": "the-token", "expiresOn": "2026-11-22T17:32:27.2078535+00:00"}


def answer(status: int, body: Any = None, **headers: str) -> Response:
    """Return an answer with a JSON body, or a body of bytes as it is."""
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, {"Content-Type": "application/json; charset=utf-8", **named}, content)


CREATED = answer(201, {"identity": {"id": USER}})


class Service:
    """Gives the answers it was given, in their order, and the last of them for ever; an exception is raised."""

    def __init__(self, *answers: Response | Exception) -> None:
        self._answers = list(answers or [CREATED])
        self.requests: list[Request] = []
        self.options: list[dict[str, Any]] = []

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(given, Exception):
            raise given
        return given


class Transport(EmulatorTransport):
    """Asks a service and keeps the options that reached the transport."""

    def __init__(self, service: Service) -> None:
        super().__init__(cast(Emulator, service))
        self._service = service

    def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
        self._service.options.append(options)
        return super().send(request, stream=stream)


class AsyncTransport(AsyncEmulatorTransport):
    """As Transport."""

    def __init__(self, service: Service) -> None:
        super().__init__(cast(Emulator, service))
        self._service = service

    async def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
        self._service.options.append(options)
        return await super().send(request, stream=stream)


class Client:
    """A client of either colour whose methods are all awaited."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def call(self, method: str, *arguments: Any, **options: Any) -> Any:
        return await settled(getattr(self.client, method)(*arguments, **options))


async def settled(result: Any) -> Any:
    """Return what a call of either colour gives: its result, or all that a list holds."""
    if isinstance(result, AsyncItemPaged):
        return [item async for item in cast(AsyncItemPaged[object], result)]
    if isinstance(result, ItemPaged):
        return list(cast(ItemPaged[object], result))
    return await result if isawaitable(result) else result


@asynccontextmanager
async def client_of(colour: str, service: Service | None = None, **options: Any) -> AsyncGenerator[Client]:
    """Give a client of a colour whose requests end in a service, or at the endpoint when there is none."""
    package = acs_identity if colour == "sync" else acs_identity.aio
    make: Callable[..., Any] = package.CommunicationIdentityClient
    if service is not None:
        options["transport"] = Transport(service) if colour == "sync" else AsyncTransport(service)
    client = make(options.pop("endpoint", ENDPOINT), options.pop("credential", KEY), **options)
    try:
        yield Client(client)
    finally:
        await settled(client.close())
