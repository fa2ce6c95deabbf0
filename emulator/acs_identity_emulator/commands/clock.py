"""``clock`` shows and moves the clock of a running emulator."""

from typing import Annotated, Any

import typer

from .common import seconds_of
from .remote import DEFAULT_ENDPOINT, Endpoint, call

_PATH = "/_emulator/clock"

app: typer.Typer = typer.Typer(
    help="The clock of the emulator.", no_args_is_help=True, pretty_exceptions_show_locals=False, rich_markup_mode=None
)


@app.command()
def show(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Show the time of the emulator."""
    _echo(call(endpoint, "GET", _PATH))


# A duration such as -5m is no option.
@app.command(context_settings={"ignore_unknown_options": True})
def advance(
    duration: Annotated[str, typer.Argument(help="How far, in d, h, m and s: 2h, 1h30m, 90s, -5m for back.")],
    *,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
) -> None:
    """Move the clock."""
    _move(endpoint, advance_seconds=seconds_of(duration))


@app.command("set")
def set_(
    time: Annotated[str, typer.Argument(help="The time with its offset, such as 2026-10-01T12:00:00Z.")],
    *,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
) -> None:
    """Set the clock."""
    _move(endpoint, set=time)


@app.command()
def freeze(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Stop the clock; it can still be moved."""
    _move(endpoint, freeze=True)


@app.command()
def resume(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Let the clock go on from the time it shows."""
    _move(endpoint, freeze=False)


@app.command()
def reset(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Go with the time of the machine again."""
    _move(endpoint, reset=True)


def _move(endpoint: str, **members: object) -> None:
    _echo(call(endpoint, "POST", _PATH, members))


def _echo(clock: dict[str, Any]) -> None:
    frozen = ", stands still" if clock["frozen"] else ""
    typer.echo(f"{clock['now']} ({clock['offset_seconds']:+.0f} s{frozen})")
