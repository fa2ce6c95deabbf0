"""Live access tokens for many users, in async code."""

import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from azure.core.pipeline import PipelineResponse

from acs_identity._core import minutes, raw_id, scope_values
from acs_identity._identifiers import CommunicationIdentifier
from acs_identity._models import AccessToken, CommunicationTokenScope
from acs_identity._refreshing import (
    ON_DEMAND_WINDOW,
    PROVIDER_TIMEOUT,
    REFRESHER_WINDOW,
    SWEEP_MINIMUM,
    check_clock,
    check_timeout,
    clock_offset,
)
from acs_identity.aio._client import CommunicationIdentityClient
from acs_identity.aio._live_token import LiveToken, TokenRefresher
from acs_identity.aio._token_credential import CommunicationTokenCredential


class _Key(NamedTuple):
    user: str
    scopes: frozenset[str]


@dataclass(slots=True, eq=False)
class _Entry:
    live_token: LiveToken
    callers: int = 0


class TokenProvider:
    """Gives live access tokens for any user and scopes in one call, and asks the service no oftener than needed.

    A token is kept per user and set of scopes and renewed when fewer than 2 minutes of it are left, by the clock of the
    service: how far this machine's clock is off is learnt from the Date header of each answer. However many callers
    ask for the same token, one request is under way. When a renewal fails, the token is given out as long as it lives,
    a warning is logged to ``acs_identity``, and the next attempt waits 1, 2, 4, ... up to 60 seconds.

    Args:
        client: The client that issues the tokens; it is neither owned nor closed.
        token_expires_in: The lifetime of the tokens, a whole number of minutes from 60 to 1440; 24 hours by default.
        refresh_timeout: How long to wait for one token, in seconds, at most 3600; 60 by default, since the service may
            ask for a pause of 30 before a retry.
        clock: Gives the present time, in seconds since 1970; ``time.time`` by default.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: ``token_expires_in`` or ``refresh_timeout`` is out of range.

    >>> import asyncio
    >>> from acs_identity.aio import CommunicationIdentityClient, TokenProvider
    >>> async def main() -> None:
    ...     async with CommunicationIdentityClient.from_connection_string(connection_string) as client:
    ...         provider = TokenProvider(client)
    ...         user = await client.create_user()
    ...         token = await provider.get_token(user, ["chat", "voip"])
    ...         print(await provider.get_token(user, ["voip", "chat"]) is token)
    >>> asyncio.run(main())
    True
    """

    def __init__(
        self,
        client: CommunicationIdentityClient,
        *,
        token_expires_in: timedelta | None = None,
        refresh_timeout: float = PROVIDER_TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(client, CommunicationIdentityClient):
            raise TypeError(
                f"The client must be of the type {CommunicationIdentityClient.__module__.removesuffix('._client')}."
                f"CommunicationIdentityClient, not {type(client).__module__}.{type(client).__qualname__}."
            )
        minutes(token_expires_in)
        check_clock(clock)
        self._client = client
        self._token_expires_in = token_expires_in
        self._refresh_timeout = check_timeout(refresh_timeout)
        self._clock = clock
        self._offset = 0.0
        self._lock = threading.Lock()
        self._entries: dict[_Key, _Entry] = {}
        self._sweep_at = SWEEP_MINIMUM

    async def get_token(
        self, user: CommunicationIdentifier | str, scopes: Iterable[str | CommunicationTokenScope]
    ) -> AccessToken:
        """Return a live access token; at least 2 minutes of it are left unless its renewal fails.

        Args:
            user: The user, as identifier or raw id.
            scopes: What the token permits; at least one. Order and repetition do not matter.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: The user is not one of Communication Services, or there is no scope.
            TimeoutError: The service takes longer than ``refresh_timeout``, and there is no live token.
            azure.core.exceptions.AzureError: What the client raised, when there is no live token. The next call tries
                again.
        """
        return await self._live(_key(user, scopes), ON_DEMAND_WINDOW)

    def refresher(
        self, user: CommunicationIdentifier | str, scopes: Iterable[str | CommunicationTokenScope]
    ) -> TokenRefresher:
        """Return a function that takes no argument and returns a live access token: a ``token_refresher``.

        Its tokens suit a credential that refreshes proactively, too: a token with fewer than 11 minutes left, or that
        the function returned before, is renewed first. So make one for each credential.

        Args:
            user: The user, as identifier or raw id.
            scopes: What the tokens permit; at least one.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: The user is not one of Communication Services, or there is no scope.
        """
        key = _key(user, scopes)
        returned: AccessToken | None = None

        async def refresh() -> AccessToken:
            nonlocal returned
            # Who asks again has found the last one due, by whatever clock.
            returned = await self._live(key, REFRESHER_WINDOW, replacing=returned)
            return returned

        return refresh

    def credential(
        self,
        user: CommunicationIdentifier | str,
        scopes: Iterable[str | CommunicationTokenScope],
        *,
        proactive_refresh: bool = False,
    ) -> CommunicationTokenCredential:
        """Return a credential for a user, which goes by the clock of the service, too.

        Args:
            user: The user, as identifier or raw id.
            scopes: What its tokens permit; at least one.
            proactive_refresh: Refresh in the background, too, as in :class:`CommunicationTokenCredential`.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: The user is not one of Communication Services, or there is no scope.
        """
        return CommunicationTokenCredential(
            token_refresher=self.refresher(user, scopes),
            proactive_refresh=proactive_refresh,
            refresh_timeout=self._refresh_timeout,
            clock=self._now,
        )

    def forget(self, user: CommunicationIdentifier | str) -> None:
        """Drop the tokens of a user, after ``revoke_tokens`` or ``delete_user``. Credentials keep theirs.

        Args:
            user: The user, as identifier or raw id. One without tokens does no harm.

        Raises:
            TypeError: The user is of the wrong type.
            ValueError: The user is not one of Communication Services.
        """
        identity = raw_id(user)
        with self._lock:
            for key in [key for key in self._entries if key.user == identity]:
                del self._entries[key]

    def __repr__(self) -> str:
        return f"TokenProvider({self._client!r})"

    async def _live(self, key: _Key, window: float, replacing: AccessToken | None = None) -> AccessToken:
        with self._in_use(key) as live_token:
            return await live_token.get(window, replacing)

    @contextmanager
    def _in_use(self, key: _Key) -> Generator[LiveToken]:
        """Give the token of a key, which is not dropped as dead meanwhile."""
        with self._lock:
            entry = self._entry(key)
            entry.callers += 1
        try:
            yield entry.live_token
        finally:
            with self._lock:
                entry.callers -= 1

    def _entry(self, key: _Key) -> _Entry:
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= self._sweep_at:
                self._entries = {
                    key: entry
                    for key, entry in self._entries.items()
                    if entry.callers or not entry.live_token.is_idle()
                }
                self._sweep_at = max(SWEEP_MINIMUM, 2 * len(self._entries))
            entry = self._entries[key] = _Entry(
                LiveToken(partial(self._issue, key), token=None, timeout=self._refresh_timeout, clock=self._now)
            )
        return entry

    async def _issue(self, key: _Key) -> AccessToken:
        return await self._client.get_token(
            key.user,
            sorted(key.scopes),
            token_expires_in=self._token_expires_in,
            raw_response_hook=self._learn_offset,
        )

    def _learn_offset(self, response: PipelineResponse[Any, Any]) -> None:
        offset = clock_offset(response.http_response.headers.get("Date"), self._clock())
        if offset is not None:
            self._offset = offset

    def _now(self) -> float:
        return self._clock() + self._offset


def _key(user: CommunicationIdentifier | str, scopes: Iterable[str | CommunicationTokenScope]) -> _Key:
    return _Key(raw_id(user), frozenset(scope_values(scopes)))
