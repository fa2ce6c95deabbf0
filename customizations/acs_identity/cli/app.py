"""The commands, and what is common to all."""

from importlib.util import find_spec
from typing import Annotated

import typer
from rich.console import Console

from acs_identity._version import VERSION
from acs_identity.cli.recordings import app as recordings_app

app: typer.Typer = typer.Typer(
    help="Identities and access tokens of Azure Communication Services.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

_EMULATOR_MODULES = ("starlette", "uvicorn", "jwt", "cryptography")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


@app.command()
def demo(
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Show keys, tokens and identity ids in full.")
    ] = False,
) -> None:
    """Walk from a connection string to an access token and back, against an emulator on a free port."""
    _require_emulator()
    from acs_identity.cli.demo import run

    run(Console(highlight=False, soft_wrap=True), show_secrets=show_secrets)


def mount_emulator(parent: typer.Typer) -> None:
    """Add the commands of the emulator; without its extra, one that says how to install it."""
    if _has_emulator():
        from acs_identity_emulator.commands import app as emulator_app

        parent.add_typer(emulator_app, name="emulator", help="The identity service, on this machine.")
        return

    @parent.command("emulator", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
    def emulator() -> None:  # pyright: ignore[reportUnusedFunction] - typer calls it
        """The identity service, on this machine (needs the extra `emulator`)."""
        _require_emulator()


def _has_emulator() -> bool:
    return all(find_spec(module) is not None for module in _EMULATOR_MODULES)


def _require_emulator() -> None:
    if not _has_emulator():
        typer.echo('The emulator needs the extra "emulator". Run: pip install "acs-identity[cli,emulator]"', err=True)
        raise typer.Exit(1)


mount_emulator(app)
app.add_typer(recordings_app, name="recordings")
