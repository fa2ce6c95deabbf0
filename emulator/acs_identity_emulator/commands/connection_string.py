"""``connection-string`` prints how to reach an emulator that was started without options."""

from typing import Annotated

import typer

from acs_identity_emulator.emulator import DEVELOPMENT_ACCESS_KEY

from .common import fail


def connection_string(
    *,
    https: Annotated[bool, typer.Option("--https", help="That for HTTPS.")] = False,
    development: Annotated[
        bool, typer.Option("--development", help="The short one, which the clients of acs_identity know.")
    ] = False,
) -> None:
    """Print the connection string of an emulator that was started without options; ``start`` prints its own."""
    if https and development:
        fail("--https and --development exclude each other: the short connection string means HTTP.")
    if development:
        typer.echo("UseDevelopmentCommunication=true")
    else:
        endpoint = "https://127.0.0.1:10101" if https else "http://127.0.0.1:10100"
        typer.echo(f"endpoint={endpoint}/;accesskey={DEVELOPMENT_ACCESS_KEY}")
