"""The credential of a user of Communication Services, in sync code."""

import time
import weakref
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, overload

from azure.core.credentials import AccessTokenInfo, TokenCredential, TokenRequestOptions

from acs_identity._entra_exchange import EntraTokenExchange
from acs_identity._live_token import LiveToken, TokenRefresher
from acs_identity._models import AccessToken
from acs_identity._refreshing import (
    CLOSED,
    ON_DEMAND_WINDOW,
    PROACTIVE_WINDOW,
    REFRESH_TIMEOUT,
    TokenInfo,
    check_clock,
    check_timeout,
    static_token,
)


class CommunicationTokenCredential:
    """The access token of one user, kept alive; takes the place of a token credential in any client of azure-core.

    Made of a token, of a function that fetches one, of both, or of an Entra ID credential whose tokens are exchanged.
    A token without ``token_refresher`` is given out as it is, also when it has expired.

    Args:
        token: An access token of Communication Services, a JWT. May be left out where there is a ``token_refresher``;
            the first call then fetches one.
        token_refresher: Called without arguments for a new AccessToken when fewer than 2 minutes of the present one
            are left; a sync function, for example that of :meth:`TokenProvider.refresher`.
        proactive_refresh: Refresh when fewer than 10 minutes are left, in the background, even when nobody asks; False
            by default. It begins with the first call or the with block, and looks at the clock at least every minute.
        resource_endpoint: The endpoint of the resource, to exchange Entra ID tokens of the user.
        token_credential: Gives these Entra ID tokens, for example one of azure.identity. It is not closed.
        scopes: The Entra ID scopes; ``https://communication.azure.com/clients/.default`` by default.
        refresh_timeout: How long to wait for one refresh, in seconds; 30 by default, at most 3600.
        clock: Gives the present time, in seconds since 1970; ``time.time`` by default.
        kwargs: Options of azure-core for the exchange, for example ``transport``.

    Raises:
        TypeError: An argument is of the wrong type or unknown.
        ValueError: The token is not a JWT with a numeric ``exp``, what is given makes no credential or more than one,
            or ``refresh_timeout`` is out of range. No text shows the token.

    However many callers there are, one refresh runs at a time, and those whose token still lives need not wait for the
    refresh of another. When a refresh fails, the token is given out as long as it lives, a warning is logged to
    ``acs_identity``, and the next attempt waits 1, 2, 4, ... up to 60 seconds. Source of 2 and 10 minutes: the
    credentials of the official packages.

    >>> from acs_identity import CommunicationIdentityClient, CommunicationTokenCredential
    >>> def main() -> None:
    ...     with CommunicationIdentityClient.from_connection_string(connection_string) as client:
    ...         user = client.create_user()
    ...         token = client.get_token(user, ["chat"])
    ...         with CommunicationTokenCredential(token.token) as chat_credential:
    ...             print(chat_credential.get_token() == token)
    >>> main()
    True
    """

    @overload
    def __init__(
        self,
        token: str,
        *,
        token_refresher: TokenRefresher | None = None,
        proactive_refresh: bool = False,
        refresh_timeout: float = REFRESH_TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None: ...

    @overload
    def __init__(
        self,
        token: None = None,
        *,
        token_refresher: TokenRefresher,
        proactive_refresh: bool = False,
        refresh_timeout: float = REFRESH_TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None: ...

    @overload
    def __init__(
        self,
        token: None = None,
        *,
        resource_endpoint: str,
        token_credential: TokenCredential,
        scopes: Sequence[str] | None = None,
        proactive_refresh: bool = False,
        refresh_timeout: float = REFRESH_TIMEOUT,
        clock: Callable[[], float] = time.time,
        **kwargs: Any,
    ) -> None: ...

    def __init__(
        self,
        token: str | None = None,
        *,
        token_refresher: TokenRefresher | None = None,
        proactive_refresh: bool = False,
        resource_endpoint: str | None = None,
        token_credential: TokenCredential | None = None,
        scopes: Sequence[str] | None = None,
        refresh_timeout: float = REFRESH_TIMEOUT,
        clock: Callable[[], float] = time.time,
        **kwargs: Any,
    ) -> None:
        timeout = check_timeout(refresh_timeout)
        check_clock(clock)
        start = None if token is None else static_token(token)
        self._exchange: EntraTokenExchange | None = None
        if resource_endpoint is not None or token_credential is not None or scopes is not None:
            if token is not None or token_refresher is not None:
                raise ValueError(
                    "Give a token and a token_refresher, or resource_endpoint and token_credential, not both."
                )
            if resource_endpoint is None or token_credential is None:
                missing = "resource_endpoint" if resource_endpoint is None else "token_credential"
                raise ValueError(f"To exchange Entra ID tokens, give {missing}, too.")
            self._exchange = EntraTokenExchange(resource_endpoint, token_credential, scopes, **kwargs)
            token_refresher = self._exchange.exchange
        elif kwargs:
            raise TypeError(f"CommunicationTokenCredential has no option {', '.join(kwargs)}.")
        self._proactive_refresh = proactive_refresh
        self._window = PROACTIVE_WINDOW if proactive_refresh else ON_DEMAND_WINDOW
        self._closed = False
        self._token: AccessToken | LiveToken
        if token_refresher is not None:
            self._token = LiveToken(token_refresher, token=start, timeout=timeout, clock=clock)
            # What runs in the background ends with the credential, also where nobody closes it.
            weakref.finalize(self, self._token.abandon)
        elif start is None:
            raise ValueError("Give a token, a token_refresher, or resource_endpoint and token_credential.")
        elif proactive_refresh:
            raise ValueError("proactive_refresh needs a token_refresher: a token alone cannot be refreshed.")
        else:
            self._token = start

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:  # noqa: ARG002 - part of the protocol
        """Return the access token, refreshed first where it is due.

        Args:
            scopes: Not used: the token has the scopes it was issued with.
            kwargs: Not used.

        Raises:
            RuntimeError: The credential is closed.
            TimeoutError: The refresh takes longer than ``refresh_timeout``, and there is no live token.
            TypeError: The refresher returned something else than an access token, and there is no live one.
            ValueError: The refresher returned a token that has expired, and there is no live one.
            Exception: What the refresher raised, when there is no live token. The next call tries again.
        """
        self._begin()
        token = self._token
        return token.get(self._window) if isinstance(token, LiveToken) else token

    def get_token_info(
        self,
        *scopes: str,  # noqa: ARG002 - part of the protocol
        options: TokenRequestOptions | None = None,  # noqa: ARG002
    ) -> AccessTokenInfo:
        """Return the access token as azure-core's policies ask for it; otherwise as :meth:`get_token`.

        Args:
            scopes: Not used.
            options: Not used.
        """
        token = self.get_token()
        return TokenInfo(token.token, token.expires_on)

    def close(self) -> None:
        """End what runs in the background, and refuse calls from now on. Closing twice does no harm.

        A refresh under way ends, too: a task is cancelled, a thread is awaited. A refresher that ends in neither way
        is left behind after ``refresh_timeout``; its thread does not keep the process alive.
        """
        self._closed = True
        if isinstance(self._token, LiveToken):
            self._token.close()
        if self._exchange is not None:
            self._exchange.close()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CommunicationTokenCredential(proactive_refresh={self._proactive_refresh!r})"

    def _begin(self) -> None:
        if self._closed:
            raise RuntimeError(CLOSED)
        if self._proactive_refresh and isinstance(self._token, LiveToken):
            self._token.refresh_proactively(self._window)
