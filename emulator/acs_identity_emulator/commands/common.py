"""What the commands share."""

import inspect
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import typer

Command = TypeVar("Command", bound=Callable[..., None])

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"([+-]?)((?:\d{1,9}[dhms])+)", re.ASCII)


def fail(message: str) -> NoReturn:
    """Say what is wrong and end with exit code 1."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


def seconds_of(duration: str) -> int:
    """Return the seconds of a duration such as 2h, 1h30m, 90s or -5m.

    Raises:
        typer.Exit: It is written otherwise; the message is on stderr.
    """
    found = _DURATION.fullmatch(duration)
    if found is None:
        fail(f"The duration {duration} is not written as 2h, 1h30m, 90s or -5m are.")
    sign, parts = found.groups()
    seconds = sum(int(part[:-1]) * _UNITS[part[-1]] for part in re.findall(r"\d+[dhms]", parts))
    return -seconds if sign == "-" else seconds


def with_options_of(source: Callable[..., object], **defaults: object) -> Callable[[Command], Command]:
    """Give a command, behind its own parameters, those of another function, which it gets as ``**options``.

    Args:
        source: The function whose parameters are the options.
        **defaults: Defaults that differ from those of the function.
    """

    def decorate(command: Command) -> Command:
        own = [p for p in inspect.signature(command).parameters.values() if p.kind is not p.VAR_KEYWORD]
        options = [
            p.replace(default=defaults.get(p.name, p.default)) for p in inspect.signature(source).parameters.values()
        ]
        described: Any = command
        described.__signature__ = inspect.Signature([*own, *options])
        described.__annotations__ = {p.name: p.annotation for p in (*own, *options)}
        return command

    return decorate
