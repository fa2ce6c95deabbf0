"""Bulk calls of both colours against an emulator in the process."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from acs_identity import CommunicationIdentityClient
from acs_identity.aio import CommunicationIdentityClient as AsyncCommunicationIdentityClient
from acs_identity_emulator import AsyncEmulatorTransport, Emulator, EmulatorTransport


class Bulk:
    """`client.bulk` of either colour, called as if it were async."""

    def __init__(self, emulator: Emulator, *, is_async: bool, **options: Any) -> None:
        kind: Any = AsyncCommunicationIdentityClient if is_async else CommunicationIdentityClient
        transport: Any = AsyncEmulatorTransport(emulator) if is_async else EmulatorTransport(emulator)
        options = {"transport": transport, "credential": emulator.access_key, **options}
        self.client = kind(emulator.endpoint, options.pop("credential"), **options)
        self.is_async = is_async

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client.bulk, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            answer = method(*args, **kwargs)
            return await answer if inspect.isawaitable(answer) else answer

        return call


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def bulk(emulator: Emulator, is_async: bool) -> Bulk:
    return Bulk(emulator, is_async=is_async)
