"""What the commands share."""

from typing import NoReturn

import typer


def fail(message: str) -> NoReturn:
    """Say what is wrong and end with exit code 1."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)
