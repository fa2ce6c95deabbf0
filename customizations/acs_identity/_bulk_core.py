"""Many calls as one, without threads and tasks: what is to be done, what came of it, and what becomes of an error."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, Generic, Self, TypeVar

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline.policies import RetryPolicy

from ._core import custom_id_value, raw_id
from ._identifiers import CommunicationUserIdentifier
from ._journal import Journal, JournalError
from ._models import AccessToken
from ._rate_budget import RateBudget

Answer = TypeVar("Answer")

ATTEMPTS: Final = 8
# Somebody may wait for a service that is not there.
_ATTEMPTS_TO_CONNECT: Final = 5
GRACE_SECONDS: Final = 5.0
"""How long a call that is ended early waits for the answers to what was sent."""
_FIRST_WAIT: Final = 1.0
# Requests that are refused count as well, so a few tries must reach beyond the 30 seconds of the limit.
_FIRST_WAIT_WHEN_LIMITED: Final = 10.0
_LONGEST_WAIT: Final = 30.0
_REFUSED_TO_ALL: Final = (401, 403)
# What the service says, with 401, of a user of another resource.
_NOT_OWNED: Final = "IdentityNotOwned"
_FOR_A_WHILE: Final = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a bulk call is.

    Attributes:
        done: How many items have an answer, those of the journal among them.
        failed: How many items have none and will get none.
        total: How many items there are; None while a generator is still being read.
    """

    done: int
    failed: int
    total: int | None


@dataclass(frozen=True, slots=True)
class BulkFailure:
    """An item of a bulk call without an answer. Its repr does not show the user.

    Attributes:
        number: The place of the item in the input, from 0.
        user: The raw id or custom id that was given for it; None where users are created without one.
        error: The error of the last attempt; None when the item was not tried, since the call was stopped before.
    """

    number: int
    user: str | None = field(repr=False)
    error: Exception | None


class BulkError(ExceptionGroup[Exception]):
    """Some items of a bulk call failed; holds their errors."""

    __module__ = "acs_identity"


class BulkResult(Generic[Answer]):
    """What came of a bulk call.

    Attributes:
        succeeded: The answers in the order of the input.
        answered: The places in the input, from 0, of the items that they are the answers to.
        failed: The items that were tried in vain, in the order of the input.
        not_tried: The items that came after an error that all others would have met as well. A generator is not read on
            then, so of it there is the first such item alone.
    """

    def __init__(self, answers: dict[int, Answer], failures: list[BulkFailure]) -> None:
        self._answers = answers
        failures = sorted(failures, key=lambda failure: failure.number)
        self.answered: list[int] = sorted(answers)
        self.succeeded: list[Answer] = [answers[number] for number in self.answered]
        self.failed: list[BulkFailure] = [failure for failure in failures if failure.error is not None]
        self.not_tried: list[BulkFailure] = [failure for failure in failures if failure.error is None]

    def answer(self, number: int) -> Answer | None:
        """Return the answer to an item by its place in the input, from 0; None when it has none."""
        return self._answers.get(number)

    def raise_for_failures(self) -> None:
        """Raise an error when there is an item without an answer.

        Raises:
            BulkError: There is; it is an ExceptionGroup of the items' errors.
        """
        if self.failed:
            missing = len(self.failed) + len(self.not_tried)
            errors = [failure.error for failure in self.failed if failure.error is not None]
            raise BulkError(f"{missing} of {missing + len(self.succeeded)} items have no answer", errors)

    def __repr__(self) -> str:
        return (
            f"<BulkResult: {len(self.succeeded)} succeeded, {len(self.failed)} failed, {len(self.not_tried)} not tried>"
        )


class BulkInterrupted(KeyboardInterrupt):
    """A bulk call of the sync client was interrupted by Ctrl-C. What is on its way then is waited for, up to 5 seconds.

    Attributes:
        result: What came of it so far; items that were not tried are in none of its lists.
    """

    __module__ = "acs_identity"

    def __init__(self, result: BulkResult[Any]) -> None:
        super().__init__()
        self.result: BulkResult[Any] = result


@dataclass(frozen=True)
class BulkCall(Generic[Answer]):
    """One of the methods of a client, to be called for many items.

    Attributes:
        method: Its name, in the client and in the budget.
        arguments: Gives the arguments for an item; a TypeError or ValueError of it is what comes of the item.
        subject: Gives what names an item in the journal.
        written: Gives an answer as JSON.
        read: Gives the answer again.
        head: What tells the call from others in its journal.
        is_repeatable: Whether a request without an answer does no harm when it is sent again.
    """

    method: str
    arguments: Callable[[Any], tuple[Any, ...]]
    subject: Callable[[Any], str | None]
    written: Callable[[Answer], Any]
    read: Callable[[Any], Answer]
    head: dict[str, Any]
    is_repeatable: bool = False


@dataclass(frozen=True)
class BulkOptions:
    """How a bulk call is made.

    Raises:
        TypeError: An option is of the wrong type.
        ValueError: The concurrency is below 1.
    """

    concurrency: int
    budget: RateBudget
    journal: str | os.PathLike[str] | None
    progress: Callable[[BulkProgress], None] | None

    def __post_init__(self) -> None:
        if type(self.concurrency) is not int:
            raise TypeError(f"concurrency must be an int, not {type(self.concurrency).__name__}.")
        if self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {self.concurrency}.")
        if not isinstance(self.budget, RateBudget):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"budget must be a RateBudget, not {type(self.budget).__name__}.")
        if self.progress is not None and not callable(self.progress):
            raise TypeError(f"progress must be a function, not {type(self.progress).__name__}.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an item: an answer, an error, or neither where it was not tried."""

    number: int
    item: Any
    answer: Any = None
    error: Exception | None = None
    is_done: bool = False


class BulkRun(Generic[Answer]):
    """The items of a bulk call on their way; used by one thread.

    Args:
        call: What is called.
        items: For what.
        options: How.

    Raises:
        JournalError: The journal is of another call, damaged or in use.
        OSError: The journal cannot be read or written.
    """

    def __init__(self, call: BulkCall[Answer], items: Iterable[Any], options: BulkOptions) -> None:
        self._call = call
        self._items = items
        self._progress = options.progress
        self._journal = None if options.journal is None else Journal(options.journal, call.head)
        self._answers: dict[int, Answer] = {}
        self._failures: list[BulkFailure] = []
        self._total = len(items) if isinstance(items, Sized) else None
        self.is_stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._journal is not None:
            self._journal.close()

    @property
    def has_journal(self) -> bool:
        """Whether what is done is written to a disk, which takes its time."""
        return self._journal is not None

    def to_do(self) -> Iterator[tuple[int, Any]]:
        """Give the items that are still to be done, with their numbers; those of the journal are done already."""
        number = -1
        for number, item in enumerate(self._items):
            line = None if self._journal is None else self._journal.done.get(number)
            if line is not None:
                self._take_over(number, item, line)
            elif self.is_stopped:
                self._failures.append(BulkFailure(number, self._call.subject(item), None))
                if self._total is None:
                    # A generator may go on for ever.
                    return
            else:
                yield number, item
        self._total = number + 1

    def _take_over(self, number: int, item: Any, line: dict[str, Any]) -> None:
        if line.get("user") != self._call.subject(item):
            raise JournalError(f"The journal has another user for item {number}. Give the items in the same order.")
        try:
            self._answers[number] = self._call.read(line.get("answer"))
        except (TypeError, ValueError, LookupError):
            raise JournalError(f"The answer to item {number} in the journal is damaged. Mend or remove it.") from None

    def show_progress(self) -> None:
        """Tell the caller's function how far it is."""
        if self._progress is not None:
            self._progress(BulkProgress(len(self._answers), len(self._failures), self._total))

    def keep(self, outcomes: list[Outcome]) -> None:
        """Take outcomes, and write the answers to the journal.

        Raises:
            OSError: The journal cannot be written.
        """
        answered = [outcome for outcome in outcomes if outcome.is_done]
        if self._journal is not None and answered:
            self._journal.write(
                {
                    "number": outcome.number,
                    "user": self._call.subject(outcome.item),
                    "answer": self._call.written(outcome.answer),
                }
                for outcome in answered
            )
        self._answers |= {outcome.number: outcome.answer for outcome in answered}
        for outcome in outcomes:
            if not outcome.is_done:
                self._failures.append(BulkFailure(outcome.number, self._call.subject(outcome.item), outcome.error))
                self.is_stopped = self.is_stopped or refused_to_all(outcome.error)

    def result(self) -> BulkResult[Answer]:
        """Return what came of all of it."""
        return BulkResult(self._answers, self._failures)


def refused_to_all(error: Exception | None) -> bool:
    """Tell whether an error is one that every other item would meet as well: a wrong key, a missing role."""
    if getattr(error, "code", None) == _NOT_OWNED:
        return False
    # A credential that gets no token has no status.
    return isinstance(error, ClientAuthenticationError) or (
        isinstance(error, HttpResponseError) and error.status_code in _REFUSED_TO_ALL
    )


def pause_before_retry(error: Exception, attempt: int, *, is_repeatable: bool) -> float | None:
    """Return for how many seconds everybody is to wait before an item is tried again; None when it is not.

    Args:
        error: What the attempt ended with.
        attempt: Which one it was, from 1.
        is_repeatable: Whether what may have been carried out can be sent again.
    """
    first = _FIRST_WAIT
    if attempt >= ATTEMPTS or not isinstance(error, AzureError):
        return None
    if isinstance(error, HttpResponseError):
        if error.status_code not in _FOR_A_WHILE:
            return None
        seconds = _retry_after(error.response)
        if seconds is not None:
            return seconds
        if error.status_code == 429:
            first = _FIRST_WAIT_WHEN_LIMITED
    elif not (isinstance(error, ServiceRequestError) or (is_repeatable and isinstance(error, ServiceResponseError))):
        # What was not sent can be sent again; of what was sent nobody knows.
        return None
    elif isinstance(error, ServiceRequestError) and attempt >= _ATTEMPTS_TO_CONNECT:
        return None
    return min(_LONGEST_WAIT, first * 2.0 ** (attempt - 1))


def _retry_after(response: Any) -> float | None:
    """Return for how many seconds an answer asks to wait, by a number or a date; None when it does not."""
    if response is None:
        return None
    answer: Any = SimpleNamespace(http_response=response)
    try:
        seconds = RetryPolicy().get_retry_after(answer)
    except (TypeError, ValueError):
        return None
    return seconds if seconds is not None and math.isfinite(seconds) else None


def checked_count(count: int | None) -> range:
    """Return the numbers of that many items.

    Raises:
        TypeError: The count is no int.
        ValueError: It is negative.
    """
    if type(count) is not int:
        raise TypeError(f"count must be an int, not {type(count).__name__}.")
    if count < 0:
        raise ValueError(f"count must not be negative, not {count}.")
    return range(count)


def checked_items(name: str, items: Iterable[Any]) -> Iterable[Any]:
    """Return what can be iterated over, and refuse a single text, whose letters would be taken for items.

    Raises:
        TypeError: It cannot be iterated over, or is a text.
    """
    if isinstance(items, str | bytes) or not isinstance(items, Iterable):
        raise TypeError(f"{name} must be a list or another iterable, not {type(items).__name__}.")
    return items


def nothing(_: Any) -> None:
    """Stand for what an item or an answer does not have."""


def nothing_given(_: Any) -> tuple[Any, ...]:
    """Return the arguments of a method that takes none."""
    return ()


def user_given(user: Any) -> tuple[Any, ...]:
    """Return the arguments of a method that takes a user.

    Raises:
        TypeError: It is of the wrong type.
        ValueError: It is not the raw id of a user.
    """
    return (raw_id(user),)


def custom_id_given(custom_id: Any) -> tuple[Any, ...]:
    """Return the arguments of a method that takes a custom id.

    Raises:
        TypeError: It is not a text.
        ValueError: It is empty or too long.
    """
    return (custom_id_value(custom_id),)


def subject_of(user: Any) -> str | None:
    """Return what names a user in the journal; None for what is no user, which the client refuses."""
    try:
        return raw_id(user)
    except (TypeError, ValueError):
        return None


def custom_id_of(custom_id: Any) -> str | None:
    """Return what names a custom id in the journal; None for what is none, which the client refuses."""
    return custom_id if isinstance(custom_id, str) else None


def user_written(user: CommunicationUserIdentifier) -> str:
    """Return a user as JSON."""
    return user.raw_id


def user_read(text: str) -> CommunicationUserIdentifier:
    """Return the user again."""
    return CommunicationUserIdentifier(text)


def token_written(token: AccessToken) -> list[Any]:
    """Return an access token as JSON."""
    return [token.token, token.expires_on]


def token_read(parts: list[Any]) -> AccessToken:
    """Return the access token again."""
    return AccessToken(*parts)


def user_and_token_written(answer: tuple[CommunicationUserIdentifier, AccessToken]) -> list[Any]:
    """Return a user and its access token as JSON."""
    return [user_written(answer[0]), token_written(answer[1])]


def user_and_token_read(parts: list[Any]) -> tuple[CommunicationUserIdentifier, AccessToken]:
    """Return the user and its access token again."""
    return user_read(parts[0]), token_read(parts[1])
