"""Completes commands and options in the shell."""

from enum import StrEnum
from typing import Annotated

import typer
from typer._completion_shared import get_completion_script, install

from acs_identity.cli.exits import USAGE, CommandError
from acs_identity.cli.many import Yes
from acs_identity.cli.output import note
from acs_identity.cli.session import confirm

app: typer.Typer = typer.Typer(
    help="Complete commands and options in the shell.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class Shell(StrEnum):
    """A shell with completion."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


ShellArgument = Annotated[Shell, typer.Argument(help="The shell.")]


@app.callback()
def _completion() -> None: ...


@app.command()
def show(shell: ShellArgument) -> None:
    """Print the script that completes, to put where you keep yours."""
    typer.echo(
        get_completion_script(prog_name="acs-identity", complete_var="_ACS_IDENTITY_COMPLETE", shell=shell.value)
    )


@app.command("install")
def install_(shell: ShellArgument, yes: Yes = False) -> None:
    """Put the script where the shell finds it, and have it read when the shell starts."""
    by_hand = f"To do it by hand, put into your settings what this prints: acs-identity completion show {shell.value}"
    if shell is Shell.POWERSHELL:
        # Typer would let PowerShell run unsigned scripts from anywhere, for good.
        raise CommandError(f"The settings of PowerShell are not changed here; $PROFILE names them. {by_hand}", USAGE)
    confirm(f"Change the settings of {shell.value} in your home folder?", yes=yes)
    try:
        _, path = install(shell=shell.value, prog_name="acs-identity", complete_var="_ACS_IDENTITY_COMPLETE")
    except (OSError, UnicodeDecodeError) as error:
        reason = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else "they are not UTF-8"
        raise CommandError(f"The settings could not be changed: {reason}. {by_hand}", USAGE) from error
    note(f"Completion for {shell.value} is in {path}; a new terminal has it.")
    note(
        "To undo it, delete that file" + (", and the line with its name in ~/.bashrc." if shell is Shell.BASH else ".")
    )
