"""``limits`` shows and sets the rate limits of a running emulator."""

from typing import Annotated

import typer

from .common import fail
from .remote import DEFAULT_ENDPOINT, Endpoint, call

_PATH = "/_emulator/limits"

app: typer.Typer = typer.Typer(
    help="The rate limits of the service.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)


@app.command()
def show(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Show the rate limits."""
    answer = call(endpoint, "GET", _PATH)
    for name, number in answer["limits"].items():
        typer.echo(f"{name}: {number} requests in {answer['window_seconds']} s")
    if not answer["limits"]:
        typer.echo("There are no limits.")


@app.command()
def on(
    limits: Annotated[
        list[str] | None,
        typer.Argument(help="Limits of your own, such as create_identity=5; the documented ones when not given."),
    ] = None,
    *,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
) -> None:
    """Set the rate limits, and begin to count anew."""
    call(endpoint, "PUT", _PATH, {"limits": dict(map(_limit, limits))} if limits else {})
    show(endpoint=endpoint)


@app.command()
def off(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Take the rate limits away."""
    call(endpoint, "DELETE", _PATH)
    typer.echo("There are no limits any more.")


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not number.isdecimal() or len(number) > 9:
        fail(f"A limit is written operation=number, not {text}.")
    return name, int(number)
