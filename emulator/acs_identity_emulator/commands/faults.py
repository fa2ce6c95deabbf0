"""``faults`` adds, lists and removes the rules for faults of a running emulator."""

from typing import Annotated

import typer

from .remote import DEFAULT_ENDPOINT, Endpoint, call

_PATH = "/_emulator/faults"

app: typer.Typer = typer.Typer(
    help="Faults on purpose: refused, late, cut and broken answers.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)


@app.command()
def add(
    kind: Annotated[str, typer.Argument(help="429, 500, 503, delay, reset or truncate.")],
    *,
    operation: Annotated[
        str | None, typer.Option(help="The operation, such as issue_access_token; every request when not given.")
    ] = None,
    probability: Annotated[float | None, typer.Option(help="How likely a request is hit, from 0 to 1.")] = None,
    count: Annotated[int | None, typer.Option(help="How many requests are hit at most.")] = None,
    after: Annotated[int | None, typer.Option(help="How many requests pass first.")] = None,
    retry_after: Annotated[int | None, typer.Option(help="The header Retry-After of a 429 or 503, in seconds.")] = None,
    delay: Annotated[float | None, typer.Option(help="How late the answer comes, in seconds.")] = None,
    jitter: Annotated[float | None, typer.Option(help="Up to how many seconds come on top, by chance.")] = None,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
) -> None:
    """Add a rule, which acts from the next request on."""
    values = {
        "kind": kind,
        "operation": operation,
        "probability": probability,
        "count": count,
        "after": after,
        "retry_after": retry_after,
        "delay": delay,
        "jitter": jitter,
    }
    rule = {name: value for name, value in values.items() if value is not None}
    number = call(endpoint, "POST", _PATH, rule)["number"]
    typer.echo(f"Rule {number} was added.")


@app.command("list")
def list_(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Show the rules, what they did so far, and the seed."""
    from acs_identity_emulator.faults import FaultRule

    answer = call(endpoint, "GET", _PATH)
    typer.echo(f"Seed: {answer['seed']}")
    for members in answer["rules"]:
        number, matched, fired = (members.pop(name) for name in ("number", "matched", "fired"))
        typer.echo(f"Rule {number}: {FaultRule.of(members)} acted on {fired} of {matched} requests")
    if not answer["rules"]:
        typer.echo("There are no rules.")


@app.command()
def remove(
    number: Annotated[int, typer.Argument(help="The number of the rule, as list shows it.")],
    *,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
) -> None:
    """Remove a rule."""
    call(endpoint, "DELETE", f"{_PATH}/{number}")
    typer.echo(f"Rule {number} was removed.")


@app.command()
def clear(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Remove all rules."""
    call(endpoint, "DELETE", _PATH)
    typer.echo("There are no rules any more.")


@app.command()
def restart(
    *,
    seed: Annotated[int | None, typer.Option(help="Another seed; the same one when not given.")] = None,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
) -> None:
    """Let chance and counts begin anew, to repeat a run."""
    answer = call(endpoint, "POST", f"{_PATH}/restart", {} if seed is None else {"seed": seed})
    typer.echo(f"Seed: {answer['seed']}")
