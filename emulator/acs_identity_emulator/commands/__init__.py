"""The commands ``acs-identity emulator ...``; each module has those of one subject."""

import typer

from . import clock, connection_string, entra, execute, faults, limits, start, state

app: typer.Typer = typer.Typer(
    help="The identity service, locally.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def emulator() -> None:
    """The identity service, locally: strict, and for development only."""


app.command()(start.start)
app.command("exec", context_settings={"allow_interspersed_args": False})(execute.execute)
app.command()(connection_string.connection_string)
app.command()(entra.entra_token)
app.command()(entra.introspect)
app.add_typer(faults.app, name="faults")
app.add_typer(limits.app, name="limits")
app.add_typer(clock.app, name="clock")
app.command("export")(state.export_state)
app.command("import")(state.import_state)
app.command()(state.seed)
app.command()(state.reset)
