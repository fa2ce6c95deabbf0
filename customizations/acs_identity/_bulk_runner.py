"""Runs a bulk call with threads."""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextvars import Context, copy_context
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from azure.core.exceptions import AzureError

from ._bulk_core import (
    GRACE_SECONDS,
    Answer,
    BulkCall,
    BulkInterrupted,
    BulkOptions,
    BulkResult,
    BulkRun,
    Outcome,
    pause_before_retry,
)
from ._rate_budget import RateBudget

CONCURRENCY = 16


def run_bulk(
    method: Callable[..., Any], call: BulkCall[Answer], items: Iterable[Any], options: BulkOptions, **kwargs: Any
) -> BulkResult[Answer]:
    """Call a method of the client for every item, several at once, and return what came of it.

    On a KeyboardInterrupt, or an error of the items or of the progress function, nothing more is sent; what is on its
    way is waited for, up to 5 seconds, and written to the journal.

    Args:
        method: The method.
        call: What is called.
        items: For what; read as they are needed.
        options: How.
        kwargs: Options of azure-core for each call.
    """
    stop = Event()
    # Retries are made here, within the budget.
    kwargs.setdefault("retry_total", 0)

    def one(number: int, item: Any) -> Outcome:
        return _one(method, call, number, item, options.budget, stop, kwargs)

    run = BulkRun(call, items, options)
    threads = _Threads(options.concurrency, one)
    pending: set[Future[Outcome]] = set()
    with run:
        try:
            for number, item in run.to_do():
                future = Future[Outcome]()
                # Before it is sent: an interrupt may come between the two, and no answer is to be lost.
                pending.add(future)
                threads.submit(future, number, item)
                if len(pending) >= options.concurrency:
                    _record(run, pending, stop)
            while pending:
                _record(run, pending, stop)
        except BaseException as error:
            stop.set()
            # Whatever was acknowledged is kept, whoever asked to stop.
            done, _ = wait(pending, timeout=GRACE_SECONDS)
            run.keep([future.result() for future in done if future.exception() is None])
            if isinstance(error, KeyboardInterrupt):
                raise BulkInterrupted(run.result()) from error
            raise
        finally:
            threads.end()
    return run.result()


def _record(run: BulkRun[Any], pending: set[Future[Outcome]], stop: Event) -> None:
    """Take what is done out of what is pending, not before it is kept."""
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    run.keep([future.result() for future in done])
    pending -= done
    if run.is_stopped:
        stop.set()
    run.show_progress()


class _Threads:
    """A few threads that do not keep the process from ending, as those of a ThreadPoolExecutor do."""

    def __init__(self, most: int, work: Callable[[int, Any], Outcome]) -> None:
        self._most = most
        self._work = work
        self._waiting: SimpleQueue[tuple[Future[Outcome], Context, int, Any] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._unfinished: set[Future[Outcome]] = set()

    def submit(self, future: Future[Outcome], number: int, item: Any) -> None:
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)
        # Spans of the requests are below the caller's.
        self._waiting.put((future, copy_context(), number, item))
        if len(self._threads) < self._most:
            thread = Thread(target=self._run, name=f"acs-identity-bulk-{len(self._threads)}", daemon=True)
            thread.start()
            # Not before: an interrupt may come between the two, and what has not started cannot be joined.
            self._threads.append(thread)

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            future, context, number, item = job
            try:
                future.set_result(context.run(self._work, number, item))
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                future.set_exception(error)

    def end(self) -> None:
        """Let the threads end, and wait for those that do not wait for an answer."""
        for _ in range(self._most):
            self._waiting.put(None)
        if not self._unfinished:
            for thread in self._threads:
                thread.join()


def _one(
    method: Callable[..., Any],
    call: BulkCall[Any],
    number: int,
    item: Any,
    budget: RateBudget,
    stop: Event,
    kwargs: dict[str, Any],
) -> Outcome:
    try:
        arguments = call.arguments(item)
    except (TypeError, ValueError) as error:
        return Outcome(number, item, error=error)
    attempt = 0
    while True:
        attempt += 1
        moment = budget.reserve(call.method)
        while (seconds := budget.seconds_until(call.method, moment)) > 0:
            if stop.wait(seconds):
                break
        if stop.is_set():
            return Outcome(number, item)
        try:
            return Outcome(number, item, method(*arguments, **kwargs), is_done=True)
        except AzureError as error:
            pause = pause_before_retry(error, attempt, is_repeatable=call.is_repeatable)
            if pause is None:
                return Outcome(number, item, error=error)
            budget.pause(call.method, pause)
