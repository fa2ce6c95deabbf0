"""The commands by name. A command's module is loaded when the command is used, so that help comes at once."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, Final

import typer
import typer.core
import typer.main

from acs_identity._version import VERSION
from acs_identity.cli.exits import EXIT_CODES, USAGE, CommandError

_EMULATOR: Final = ("starlette", "uvicorn", "jwt", "cryptography")
_INSTALL_EMULATOR: Final = 'The emulator needs the extra "emulator". Run: pip install "acs-identity[cli,emulator]"'


@dataclass(frozen=True)
class Entry:
    """A command of the first level.

    Attributes:
        module: Its module, with a Typer application called ``app``.
        help: What it does, for the list of commands.
        needs_emulator: Whether it needs the packages of the emulator.
    """

    module: str
    help: str
    needs_emulator: bool = False


COMMANDS: Final = {
    "user": Entry("acs_identity.cli.users", "Create, read and delete users."),
    "token": Entry("acs_identity.cli.tokens", "Issue, inspect, revoke and exchange access tokens."),
    "assignment": Entry("acs_identity.cli.assignments", "Assign Entra users to the resource."),
    "doctor": Entry("acs_identity.cli.doctor", "Find out why the service is not reached, or refuses."),
    "sign": Entry("acs_identity.cli.signing", "Sign a request, and show how."),
    "raw": Entry("acs_identity.cli.raw", "Send any request, signed."),
    "profiles": Entry("acs_identity.cli.profiles", "Endpoints with names, and keys in the system's keyring."),
    "completion": Entry("acs_identity.cli.completion", "Complete commands and options in the shell."),
    "recordings": Entry("acs_identity.cli.recordings", "Recordings of tests."),
    "emulator": Entry("acs_identity_emulator.commands", "The identity service, on this machine.", needs_emulator=True),
    "demo": Entry(
        "acs_identity.cli.demo", "Walk from a connection string to an access token and back.", needs_emulator=True
    ),
}


class _Commands(typer.core.TyperGroup):
    """Lists the commands, and loads the one that is used."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, entry in COMMANDS.items():
            self.add_command(typer.core.TyperCommand(name, help=entry.help), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, listed, rest = super().resolve_command(ctx, args)
        return name, None if listed is None else _load(str(name)), rest


def _load(name: str) -> Any:
    entry = COMMANDS[name]
    if entry.needs_emulator and any(find_spec(module) is None for module in _EMULATOR):
        raise CommandError(_INSTALL_EMULATOR, USAGE)
    command = typer.main.get_command(import_module(entry.module).app)
    command.name = name
    return command


app: typer.Typer = typer.Typer(
    cls=_Commands,
    help="Identities and access tokens of Azure Communication Services.",
    epilog="\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in EXIT_CODES.items()),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(context: typer.Context, wanted: bool) -> None:
    # The shell only asks what could come next.
    if wanted and not context.resilient_parsing:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...
