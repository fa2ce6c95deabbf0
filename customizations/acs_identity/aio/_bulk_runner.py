"""Runs a bulk call with tasks."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from azure.core.exceptions import AzureError

from acs_identity._bulk_core import (
    GRACE_SECONDS,
    Answer,
    BulkCall,
    BulkOptions,
    BulkResult,
    BulkRun,
    Outcome,
    pause_before_retry,
)
from acs_identity._rate_budget import RateBudget

CONCURRENCY = 64


async def run_bulk(
    method: Callable[..., Any], call: BulkCall[Answer], items: Iterable[Any], options: BulkOptions, **kwargs: Any
) -> BulkResult[Answer]:
    """Call a method of the client for every item, several at once, and return what came of it.

    When it is cancelled, or the items or the progress function raise an error, nothing more is sent; what is on its way
    is waited for, up to 5 seconds, and written to the journal; what takes longer is cancelled.

    Args:
        method: The method.
        call: What is called.
        items: For what; read as they are needed.
        options: How.
        kwargs: Options of azure-core for each call.
    """
    stop = asyncio.Event()
    # Retries are made here, within the budget.
    kwargs.setdefault("retry_total", 0)
    run = BulkRun(call, items, options)
    with run:
        pending: set[asyncio.Task[Outcome]] = set()
        try:
            for number, item in run.to_do():
                pending.add(asyncio.create_task(_one(method, call, number, item, options.budget, stop, kwargs)))
                if len(pending) >= options.concurrency:
                    await _record(run, pending, stop)
            while pending:
                await _record(run, pending, stop)
        except BaseException:
            stop.set()
            # Whatever was acknowledged is kept, whoever asked to stop.
            if pending:
                _, late = await asyncio.wait(pending, timeout=GRACE_SECONDS)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)
                acknowledged = [task for task in pending if not task.cancelled() and task.exception() is None]
                await _keep(run, [task.result() for task in acknowledged])
            raise
    return run.result()


async def _record(run: BulkRun[Any], pending: set[asyncio.Task[Outcome]], stop: asyncio.Event) -> None:
    """Take what is done out of what is pending, not before it is kept."""
    done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    await _keep(run, [task.result() for task in done])
    pending -= done
    if run.is_stopped:
        stop.set()
    run.show_progress()


async def _keep(run: BulkRun[Any], outcomes: list[Outcome]) -> None:
    """Write in a thread, so that what is in flight goes on, and wait for its end also when this is cancelled."""
    if not run.has_journal:
        run.keep(outcomes)
        return
    writing = asyncio.ensure_future(asyncio.to_thread(run.keep, outcomes))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


async def _one(
    method: Callable[..., Any],
    call: BulkCall[Any],
    number: int,
    item: Any,
    budget: RateBudget,
    stop: asyncio.Event,
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
        while (seconds := budget.seconds_until(call.method, moment)) > 0 and not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), seconds)
            except TimeoutError:
                continue
        if stop.is_set():
            return Outcome(number, item)
        try:
            return Outcome(number, item, await method(*arguments, **kwargs), is_done=True)
        except AzureError as error:
            pause = pause_before_retry(error, attempt, is_repeatable=call.is_repeatable)
            if pause is None:
                return Outcome(number, item, error=error)
            budget.pause(call.method, pause)
