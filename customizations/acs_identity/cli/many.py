"""One call for many users: its progress on a terminal, what came of it, and what did not."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

import typer

from acs_identity.cli.exits import INTERRUPTED, REFUSED
from acs_identity.cli.output import note
from acs_identity.cli.session import Session

if TYPE_CHECKING:
    from acs_identity import BulkProgress, BulkResult, CommunicationIdentityClient, RateBudget

Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", min=1, max=256, metavar="N", help="Of many requests, how many are on their way at once."
    ),
]
Journal = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="Keep what was done here; the same command goes on after a crash. Holds ids and tokens.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
CONCURRENCY: Final = 16
_PROGRESS_AFTER: Final = 2.0
# In seconds; a shorter wait is over before anybody has read of it.
_NOTABLE_WAIT: Final = 2.0


def run_many(
    session: Session,
    call: Callable[["CommunicationIdentityClient", dict[str, Any]], "BulkResult[Any]"],
    row: Callable[[int, Any], dict[str, Any]],
    places: Callable[[int], str],
    *,
    total: int,
    concurrency: int,
    journal: Path | None,
) -> None:
    """Make a bulk call, print what was done, and end the command accordingly.

    Args:
        session: The options of the command.
        call: Makes the call with a client, and with the options that all bulk calls have.
        row: Gives what is printed for an item from its number, from 0, and the answer.
        places: Names an item by its number, for people.
        total: How many items there are.
        concurrency: How many requests are on their way at once.
        journal: Where what was done is kept; None for nowhere.

    Raises:
        typer.Exit: Some items failed (exit code 1), or the call was interrupted (130).
        AzureError: All were refused, by a wrong key for example, or the service was not reached.
    """
    from acs_identity import BulkInterrupted

    with session.client() as client, Watch(total) as watch:
        options = {
            "concurrency": concurrency,
            "journal": journal,
            "budget": watch.budget,
            "progress": watch.show,
        }
        is_interrupted = False
        try:
            result = call(client, options)
        except BulkInterrupted as interruption:
            result, is_interrupted = interruption.result, True
    error = _error_of_all(result)
    if result.succeeded or error is None:
        session.print([row(number, answer) for number, answer in zip(result.answered, result.succeeded, strict=True)])
    _report(result, error, places, total)
    if is_interrupted:
        note(f"Interrupted: {len(result.succeeded)} of {total} done. {_how_to_go_on(journal)}")
        raise typer.Exit(INTERRUPTED)
    if error is not None:
        raise error
    if result.failed:
        raise typer.Exit(REFUSED)


def dry_run(
    session: Session, operation: str, method: str, path: str, count: int, *, member: tuple[str, str, str] | None = None
) -> None:
    """Print what would be sent, unless the API version has no such thing.

    Args:
        session: The options of the command.
        operation: What the requests ask for, for example "identity.create".
        method: The method of the requests.
        path: Their path, with ``{user_id}`` and the like for what differs.
        count: How many there would be.
        member: What not every API version has in the body: the definition in the contract, its member, and what
            people call it.

    Raises:
        ValueError: The API version lacks the operation or the member, or there is no such version.
    """
    from acs_identity._versions import require_member, require_operation

    require_operation(session.version, operation, "This command")
    if member is not None:
        require_member(session.version, *member)
    session.print(
        {
            "endpoint": session.target.endpoint,
            "method": method,
            "path": f"{path}?api-version={session.version}",
            "count": count,
        }
    )
    note("Nothing was sent.")


def _error_of_all(result: "BulkResult[Any]") -> Exception | None:
    """Return the error that all items met or would have met: a wrong key, or a service that nothing has reached."""
    from azure.core.exceptions import HttpResponseError

    from acs_identity._bulk_core import refused_to_all

    errors = [failure.error for failure in result.failed]
    if refused := next(filter(refused_to_all, errors), None):
        return refused
    is_unreached = not result.succeeded and not any(isinstance(error, HttpResponseError) for error in errors)
    return next(iter(errors), None) if is_unreached else None


def _report(result: "BulkResult[Any]", error: Exception | None, places: Callable[[int], str], total: int) -> None:
    """Name what failed, but not each item that met the error of all."""
    from acs_identity._bulk_core import refused_to_all
    from acs_identity._redaction import redact

    for failure in result.failed:
        if error is None or (refused_to_all(error) and not refused_to_all(failure.error)):
            reason, *_ = redact(str(failure.error)).split("\n", 1)
            note(f"{places(failure.number)}: {reason}")
    if result.failed:
        not_tried = f", {len(result.not_tried)} not tried" if result.not_tried else ""
        note(f"{len(result.succeeded)} of {total} done, {len(result.failed)} failed{not_tried}.")


def _how_to_go_on(journal: Path | None) -> str:
    if journal is None:
        return "With --journal FILE it could go on from here."
    return f"To go on, give the same command again, with --journal {journal}."


class Watch(AbstractContextManager["Watch"]):
    """Shows on a terminal how far a bulk call is, once it has taken two seconds.

    Args:
        total: How many items there are.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        budget, self._wait = _watched_budget()
        self.budget: RateBudget = budget

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def show(self, progress: "BulkProgress") -> None:
        """Take how far the call is."""
        self._done = progress.done + progress.failed

    def _run(self) -> None:
        if self._ended.wait(_PROGRESS_AFTER):
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        with Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            task = bar.add_task("", total=self._total)
            while not self._ended.wait(0.2):
                bar.update(task, completed=self._done, description=waiting_note(self._wait()))


def waiting_note(seconds: float) -> str:
    """Return what a progress bar says about a wait for the rate limit; nothing for a short one.

    Args:
        seconds: How much longer requests are held back.
    """
    return f"waiting {seconds:.0f} s for the rate limit" if seconds >= _NOTABLE_WAIT else ""


def _watched_budget() -> "tuple[RateBudget, Callable[[], float]]":
    """Return a budget, and a function that tells for how many seconds somebody is being held back by it."""
    from acs_identity import RateBudget

    class Watched(RateBudget):
        until = 0.0

        def seconds_until(self, method: str, moment: float) -> float:
            seconds = super().seconds_until(method, moment)
            # Every request that waits asks; the one that may go first counts.
            now = time.monotonic()
            self.until = now + seconds if self.until <= now else min(self.until, now + seconds)
            return seconds

    budget = Watched()
    return budget, lambda: max(0.0, budget.until - time.monotonic())
