"""Write docs/cli.md from the commands themselves; with --check, only compare it."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import typer.main

from acs_identity.cli.app import COMMANDS, app
from acs_identity.cli.exits import EXIT_CODES
from acs_identity.cli.session import CONNECTION_STRING, ENDPOINT, KEY, PROFILE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
VARIABLES = {
    CONNECTION_STRING: "where the service is, and its key",
    ENDPOINT: "where the service is, in place of a connection string",
    KEY: "the access key for that endpoint; without one a sign-in to Entra is used",
    PROFILE: "the name of a profile",
    "HTTP_PROXY, HTTPS_PROXY, NO_PROXY": "the way to the service",
    "REQUESTS_CA_BUNDLE, SSL_CERT_FILE": "the certificates to trust",
    "NO_COLOR": "no colours",
}
_PAGE = """# The command line

Written by `python -m tools.cli_reference` from the commands themselves; not to be edited.

The extra `cli` installs it: `pip install "acs-identity[cli]"`; `emulator` adds the emulator, `entra` a sign-in.

## Commands

{commands}

## Output

Data goes to stdout, everything else to stderr. `--output` takes `table`, `json`, `jsonl`, `tsv`, `yaml` and `env`; on a
terminal `table` is the default, in a pipe `json`. `--query` takes a JMESPath expression, as az does. On a terminal
tokens and keys are redacted unless `--show-secrets` is given.

## Exit codes

{codes}

## Environment

Options go before the profile that the environment names, and that before the other variables; the default profile comes
last. A variable that is empty is none. Options that name two resources are refused.

{variables}

{references}"""


def main(arguments: list[str]) -> int:
    page = reference()
    if "--check" not in arguments:
        PAGE.write_text(page, encoding="utf-8")
        print("docs/cli.md is written anew")
        return 0
    if PAGE.read_text(encoding="utf-8") == page:
        print("docs/cli.md is what the commands say")
        return 0
    print("docs/cli.md is not what the commands say. Run: python -m tools.cli_reference", file=sys.stderr)
    return 1


def reference() -> str:
    """Return the page."""
    return _PAGE.format(
        commands=_table(("command", "what it does"), {f"`acs-identity {n}`": e.help for n, e in COMMANDS.items()}),
        codes=_table(("code", "meaning"), {str(code): meaning for code, meaning in EXIT_CODES.items()}),
        variables=_table(("variable", "what it says"), {f"`{name}`": text for name, text in VARIABLES.items()}),
        references="\n".join(_section(path) for path in paths()),
    )


def paths() -> Iterator[tuple[str, ...]]:
    """Give the words of every command, and of every group before its commands."""
    for name in COMMANDS:
        yield from _below((name,))


def _below(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for name in getattr(_command(words), "commands", {}):
        yield from _below((*words, name))


def _command(words: tuple[str, ...]) -> Any:
    command: Any = typer.main.get_command(app)
    for word in words:
        _, command, _ = command.resolve_command(typer.Context(command), [word])
    return command


def help_of(words: tuple[str, ...]) -> str:
    """Return what a command shows with --help, in a terminal of 80 columns."""
    os.environ["COLUMNS"] = "80"
    shown = io.StringIO()
    with redirect_stdout(shown):
        app([*words, "--help"], prog_name="acs-identity", standalone_mode=False)
    return "\n".join(line.rstrip() for line in shown.getvalue().rstrip().splitlines())


def _section(words: tuple[str, ...]) -> str:
    level = "##" if len(words) == 1 else "###"
    return f"{level} acs-identity {' '.join(words)}\n\n```text\n{help_of(words)}\n```\n"


def _table(head: tuple[str, str], rows: dict[str, str]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
