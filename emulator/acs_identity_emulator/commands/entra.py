"""``entra-token`` prints a token of the fake Entra ID, ``introspect`` tells what became of an access token."""

import sys
from typing import Annotated

import typer

from .common import fail, seconds_of
from .remote import DEFAULT_ENDPOINT, Endpoint, call

_LONGEST_TOKEN = 64 * 1024


def entra_token(
    *,
    tenant: Annotated[str | None, typer.Option(help="The claim tid, the tenant.")] = None,
    client: Annotated[str | None, typer.Option(help="The claim appid, the application.")] = None,
    oid: Annotated[str | None, typer.Option(help="The claim oid, the user or service principal.")] = None,
    expires_in: Annotated[str, typer.Option(help="How long it lives: 90s, 15m, 1h30m; -5m for expired.")] = "1h",
    audience: Annotated[
        str | None, typer.Option(help="The claim aud.", show_default="https://communication.azure.com/")
    ] = None,
    scope: Annotated[str | None, typer.Option(help="The claim scp: permissions with blanks between them.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group of the user; may be given again.")] = None,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
) -> None:
    """Print an Entra ID token that the running emulator accepts, and nothing else does."""
    texts = {"tenant_id": tenant, "client_id": client, "object_id": oid, "audience": audience, "scope": scope}
    wanted: dict[str, object] = {name: text for name, text in texts.items() if text is not None}
    wanted |= {"group_ids": group or [], "expires_in_seconds": seconds_of(expires_in)}
    typer.echo(call(endpoint, "POST", "/_emulator/entra-token", wanted)["token"])


def introspect(*, endpoint: Endpoint = DEFAULT_ENDPOINT) -> None:
    """Read an access token from stdin, and print its state and the reason.

    The states are live, revoked, deleted, expired and unknown. A token is not taken from the command line, where every
    process list shows it.
    """
    if sys.stdin.isatty():
        typer.echo("Paste the token, then press Enter and Ctrl-D.", err=True)
    try:
        token = sys.stdin.read(_LONGEST_TOKEN + 1).strip()
    except UnicodeDecodeError:
        fail("What came on stdin is no text.")
    if not token or len(token) > _LONGEST_TOKEN:
        fail("Give one access token on stdin, for example: acs-identity emulator introspect < FILE")
    answer = call(endpoint, "POST", "/_emulator/introspect", {"token": token})
    typer.echo(f"{answer['state']}: {answer['reason']}")
