"""Many calls as one: create, issue, revoke and delete for many users, within the rate limits of the service."""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from acs_identity._bulk_core import (
    BulkCall,
    BulkOptions,
    BulkProgress,
    BulkResult,
    checked_count,
    checked_items,
    custom_id_given,
    custom_id_of,
    nothing,
    nothing_given,
    subject_of,
    token_read,
    token_written,
    user_and_token_read,
    user_and_token_written,
    user_given,
    user_read,
    user_written,
)
from acs_identity._core import minutes, scope_values
from acs_identity._identifiers import CommunicationIdentifier, CommunicationUserIdentifier
from acs_identity._models import AccessToken, CommunicationTokenScope
from acs_identity._rate_budget import RateBudget
from acs_identity._versions import require_member
from acs_identity.aio._bulk_runner import CONCURRENCY, run_bulk

if TYPE_CHECKING:
    from acs_identity.aio._client import CommunicationIdentityClient

Progress = Callable[[BulkProgress], None]
Path = str | os.PathLike[str]


class Bulk:
    """Calls methods of a client for many users. It is `client.bulk`; its calls share one budget by default.

    Every method takes these, and options of azure-core for each call as further keywords:

    - ``concurrency``: how many requests are on their way at once, at least 1. By default 16 threads, or 64 tasks.
    - ``budget``: a :class:`~acs_identity.RateBudget`; by default the limits that the service documents. What the
      service asks to wait for (429, Retry-After) holds for all who share the budget, and the item is tried again, up
      to 8 times in all; so it is after 500, 502, 503, 504, where the service could not be reached (5 times), and where
      its answer was lost and sending again does no harm: issuing, revoking, creating with a custom id.
    - ``journal``: the path of a file that keeps what was done; none by default. The same call with the same file goes
      on where it was, and gives the answers of both. An item is done once its answer is on the disk; one that was sent
      and has no answer there is sent again. The file holds identity ids and access tokens; its owner alone can read it.
    - ``progress``: a function that is called with a :class:`~acs_identity.BulkProgress` whenever items are done, never
      by two at once.

    They return a :class:`~acs_identity.BulkResult`: an error of one item is in it and stops no other, save 401 and 403,
    which every other would get as well; the 401 for a user of another resource is of that item alone. They raise what
    is wrong with the arguments before anything is sent, and :class:`~acs_identity.JournalError` for a journal of
    another call. What is interrupted or cancelled sends nothing more, and keeps what was done in the journal; Ctrl-C
    raises :class:`~acs_identity.BulkInterrupted`, which has it.

    Args:
        client: The client.
        endpoint: Its endpoint.
        api_version: Its API version.

    >>> import asyncio
    >>> from acs_identity.aio import CommunicationIdentityClient
    >>> async def main() -> None:
    ...     async with CommunicationIdentityClient.from_connection_string(connection_string) as client:
    ...         created = await client.bulk.create_users(20)
    ...         print(created)
    ...         print(await client.bulk.delete_users(created.succeeded))
    >>> asyncio.run(main())
    <BulkResult: 20 succeeded, 0 failed, 0 not tried>
    <BulkResult: 20 succeeded, 0 failed, 0 not tried>
    """

    def __init__(self, client: "CommunicationIdentityClient", endpoint: str, api_version: str) -> None:
        self._client = client
        self._endpoint = endpoint
        self._api_version = api_version
        self._budget = RateBudget()

    async def create_users(
        self,
        count: int | None = None,
        *,
        custom_ids: Iterable[str] | None = None,
        concurrency: int = CONCURRENCY,
        budget: RateBudget | None = None,
        journal: Path | None = None,
        progress: Progress | None = None,
        **kwargs: Any,
    ) -> BulkResult[CommunicationUserIdentifier]:
        """Create users: a number of them, or one for each custom id.

        Args:
            count: How many; None where custom ids are given.
            custom_ids: Ids of your own for them; only in API version 2025-03-02-preview.
            concurrency: As for all methods.
            budget: As for all methods.
            journal: As for all methods. A user that was created when a crash came, and is not in it, is created again.
            progress: As for all methods.
            kwargs: Options of azure-core for each call.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: There is neither a count nor custom ids, or there are both, or an argument is out of range.
            JournalError: The journal is of another call, damaged or in use.
        """
        if (count is None) == (custom_ids is None):
            raise ValueError("Give either the count of the users or their custom_ids.")
        options = self._options(concurrency, budget, journal, progress)
        head = self._head("create_user")
        if custom_ids is None:
            call = BulkCall("create_user", nothing_given, nothing, user_written, user_read, head)
            return await run_bulk(self._client.create_user, call, checked_count(count), options, **kwargs)

        given = checked_items("custom_ids", custom_ids)
        require_member(self._api_version, "CommunicationIdentityCreateRequest", "customId", "custom_ids")

        async def method(custom_id: str, **options: Any) -> CommunicationUserIdentifier:
            return await self._client.create_user(custom_id=custom_id, **options)

        call = BulkCall("create_user", custom_id_given, custom_id_of, user_written, user_read, head, is_repeatable=True)
        return await run_bulk(method, call, given, options, **kwargs)

    async def create_users_and_tokens(
        self,
        count: int,
        scopes: Iterable[str | CommunicationTokenScope],
        *,
        token_expires_in: timedelta | None = None,
        concurrency: int = CONCURRENCY,
        budget: RateBudget | None = None,
        journal: Path | None = None,
        progress: Progress | None = None,
        **kwargs: Any,
    ) -> BulkResult[tuple[CommunicationUserIdentifier, AccessToken]]:
        """Create users and issue an access token for each.

        Args:
            count: How many.
            scopes: What the tokens permit; at least one.
            token_expires_in: Their lifetime, a whole number of minutes from 60 to 1440; 24 hours by default.
            concurrency: As for all methods.
            budget: As for all methods.
            journal: As for all methods. A user that was created when a crash came, and is not in it, is created again.
            progress: As for all methods.
            kwargs: Options of azure-core for each call.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: There is no scope, or an argument is out of range.
            JournalError: The journal is of another call, damaged or in use.
        """
        values = scope_values(scopes)
        head = self._head("create_user_and_token", values, token_expires_in)
        call = BulkCall(
            "create_user_and_token", nothing_given, nothing, user_and_token_written, user_and_token_read, head
        )

        async def method(**options: Any) -> tuple[CommunicationUserIdentifier, AccessToken]:
            return await self._client.create_user_and_token(values, token_expires_in=token_expires_in, **options)

        options = self._options(concurrency, budget, journal, progress)
        return await run_bulk(method, call, checked_count(count), options, **kwargs)

    async def get_tokens(
        self,
        users: Iterable[CommunicationIdentifier | str],
        scopes: Iterable[str | CommunicationTokenScope],
        *,
        token_expires_in: timedelta | None = None,
        concurrency: int = CONCURRENCY,
        budget: RateBudget | None = None,
        journal: Path | None = None,
        progress: Progress | None = None,
        **kwargs: Any,
    ) -> BulkResult[AccessToken]:
        """Issue an access token for each user.

        Args:
            users: The users, as identifiers or raw ids; a generator is read as they are needed.
            scopes: What the tokens permit; at least one.
            token_expires_in: Their lifetime, a whole number of minutes from 60 to 1440; 24 hours by default.
            concurrency: As for all methods.
            budget: As for all methods.
            journal: As for all methods.
            progress: As for all methods.
            kwargs: Options of azure-core for each call.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: There is no scope, or an argument is out of range.
            JournalError: The journal is of another call, damaged or in use.
        """
        values = scope_values(scopes)
        head = self._head("get_token", values, token_expires_in)
        call = BulkCall("get_token", user_given, subject_of, token_written, token_read, head, is_repeatable=True)

        async def method(user: CommunicationIdentifier | str, **options: Any) -> AccessToken:
            return await self._client.get_token(user, values, token_expires_in=token_expires_in, **options)

        options = self._options(concurrency, budget, journal, progress)
        return await run_bulk(method, call, checked_items("users", users), options, **kwargs)

    async def revoke_tokens(
        self,
        users: Iterable[CommunicationIdentifier | str],
        *,
        concurrency: int = CONCURRENCY,
        budget: RateBudget | None = None,
        journal: Path | None = None,
        progress: Progress | None = None,
        **kwargs: Any,
    ) -> BulkResult[None]:
        """Revoke all access tokens of each user.

        Args:
            users: The users, as identifiers or raw ids; a generator is read as they are needed.
            concurrency: As for all methods.
            budget: As for all methods.
            journal: As for all methods.
            progress: As for all methods.
            kwargs: Options of azure-core for each call.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: An argument is out of range.
            JournalError: The journal is of another call, damaged or in use.
        """
        call = BulkCall[None](
            "revoke_tokens",
            user_given,
            subject_of,
            nothing,
            nothing,
            self._head("revoke_tokens"),
            is_repeatable=True,
        )
        options = self._options(concurrency, budget, journal, progress)
        return await run_bulk(self._client.revoke_tokens, call, checked_items("users", users), options, **kwargs)

    async def delete_users(
        self,
        users: Iterable[CommunicationIdentifier | str],
        *,
        concurrency: int = CONCURRENCY,
        budget: RateBudget | None = None,
        journal: Path | None = None,
        progress: Progress | None = None,
        **kwargs: Any,
    ) -> BulkResult[None]:
        """Delete each user, with all access tokens of theirs.

        Args:
            users: The users, as identifiers or raw ids; a generator is read as they are needed.
            concurrency: As for all methods.
            budget: As for all methods.
            journal: As for all methods.
            progress: As for all methods.
            kwargs: Options of azure-core for each call.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: An argument is out of range.
            JournalError: The journal is of another call, damaged or in use.
        """
        call = BulkCall[None]("delete_user", user_given, subject_of, nothing, nothing, self._head("delete_user"))
        options = self._options(concurrency, budget, journal, progress)
        return await run_bulk(self._client.delete_user, call, checked_items("users", users), options, **kwargs)

    def _head(
        self,
        method: str,
        scopes: list[str] | None = None,
        token_expires_in: timedelta | None = None,
    ) -> dict[str, Any]:
        lifetime = minutes(token_expires_in)
        if lifetime is not None:
            definition = "CommunicationIdentityAccessTokenRequest"
            require_member(self._api_version, definition, "expiresInMinutes", "token_expires_in")
        return {
            "endpoint": self._endpoint,
            "method": method,
            "api_version": self._api_version,
            "scopes": scopes,
            "token_expires_in": lifetime,
        }

    def _options(
        self, concurrency: int, budget: RateBudget | None, journal: Path | None, progress: Progress | None
    ) -> BulkOptions:
        return BulkOptions(concurrency, self._budget if budget is None else budget, journal, progress)
