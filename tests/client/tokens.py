"""A clock to set and tokens made by hand, for the tests of what keeps tokens alive."""

import base64
import json
import threading
from typing import Any

from acs_identity import AccessToken, HmacAuthenticationPolicy
from acs_identity_emulator import Emulator, EmulatorTransport
from acs_identity_rest.v2025_03_02_preview import CommunicationIdentityRestClient
from acs_identity_rest.v2025_03_02_preview.models import EntraAssignmentCreateOrUpdateRequest

NOW = 1_800_000_000
BOUND = 20.0
"""How long a test waits, in seconds, for what happens at once; reached only when it fails."""


class Clock:
    """The time is what the test says; who reads it is noted."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now
        self._readers: set[int] = set()
        self._read = threading.Condition()

    def __call__(self) -> float:
        with self._read:
            self._readers.add(threading.get_ident())
            self._read.notify_all()
            return self.now

    def wait_for_readers(self, count: int) -> None:
        """Wait until so many threads have read the clock."""
        with self._read:
            assert self._read.wait_for(lambda: len(self._readers) >= count, BOUND)


class Refresher:
    """Gives tokens of a lifetime, named by number; or raises what it is told to."""

    def __init__(self, clock: Clock, lifetime: int = 3600) -> None:
        self.clock = clock
        self.lifetime = lifetime
        self.calls = 0
        self.error: BaseException | None = None

    def __call__(self) -> AccessToken:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return AccessToken(f"token-{self.calls}", int(self.clock.now) + self.lifetime)

    async def asynchronous(self) -> AccessToken:
        return self()


def jwt(payload: Any, *, padded: bool = False) -> str:
    """Return a JWT with this payload, or of these bytes."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    encoded = base64.urlsafe_b64encode(raw).decode()
    return f"eyJhbGciOiJSUzI1NiJ9.{encoded if padded else encoded.rstrip('=')}.c2lnbmF0dXJl"


def token_for(seconds: int) -> str:
    """Return a JWT with so many seconds left."""
    return jwt({"exp": NOW + seconds})


def emulator_with_entra_user() -> Emulator:
    """Return an emulator whose fake Entra ID user may exchange its tokens."""
    emulator = Emulator()
    scope = "https://communication.azure.com/clients/.default"
    token = emulator.entra.verify(emulator.entra.credential().get_token(scope).token, for_exchange=True)
    with CommunicationIdentityRestClient(
        emulator.endpoint,
        policies=[HmacAuthenticationPolicy(emulator.access_key)],
        transport=EmulatorTransport(emulator),
    ) as raw:
        request = EntraAssignmentCreateOrUpdateRequest(
            tenant_id=token.tenant_id, principal_type="user", client_ids=[token.client_id]
        )
        raw.entra.upsert_assignment(token.object_id, request)
    return emulator
