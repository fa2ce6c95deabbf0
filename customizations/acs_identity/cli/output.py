"""Data on stdout, in the format that was asked for; everything else goes to stderr."""

import json
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeGuard, cast

import typer

from acs_identity.cli.exits import USAGE, CommandError

SECRETS: Final = frozenset({"token", "access_key", "connection_string", "authorization", "signature"})
"""The members that a terminal shows redacted unless it is asked for them."""


class Format(StrEnum):
    """A format of the output."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    TSV = "tsv"
    YAML = "yaml"
    ENV = "env"


class Output:
    """Prints what a command gives.

    Args:
        output_format: The format; by default a table on a terminal, JSON elsewhere.
        query: A JMESPath expression that what is given goes through first; None for all of it.
        show_secrets: Show secrets on a terminal, too. Elsewhere they are never redacted.

    Attributes:
        format: The format that is printed.
        redacts: Whether secrets are redacted.

    Raises:
        CommandError: The query is malformed.
    """

    def __init__(
        self, output_format: Format | None = None, *, query: str | None = None, show_secrets: bool = False
    ) -> None:
        self._is_terminal = sys.stdout.isatty()
        self.format: Format = output_format or (Format.TABLE if self._is_terminal else Format.JSON)
        self.redacts: bool = self._is_terminal and not show_secrets
        self._query = None if query is None else _compiled(query)

    def print(self, data: Any) -> None:
        """Print a mapping, a list of them, or one value.

        Args:
            data: Made of what JSON has, and of datetimes. The keys are snake_case and stable.
        """
        redacted = _redacted(data) if self.redacts else data
        plain = _plain(redacted)
        if self._query is not None:
            plain = self._query(plain)
        text = _WRITERS[self.format](plain)
        if text:
            write(printable(text, keep="\n\t") if self._is_terminal else text)
        if redacted != data:
            note("Secrets are redacted on a terminal; to see them, add --show-secrets.")


def write(text: str) -> None:
    """Write data to stdout.

    Raises:
        BrokenPipeError: Nobody reads it any more.
    """
    # Not typer.echo(): it takes out of a text what looks like a colour.
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell the person at the terminal something that is not data: on stderr, without its control characters."""
    # There may be nobody.
    with suppress(OSError, ValueError):
        typer.echo(printable(text, keep="\n"), err=True)


def _compiled(query: str) -> Callable[[Any], Any]:
    import jmespath
    from jmespath.exceptions import JMESPathError, JMESPathTypeError

    try:
        expression = jmespath.compile(query)
    except (JMESPathError, RecursionError) as error:
        raise CommandError(f"--query is no JMESPath expression: {error}", USAGE) from error

    def ask(data: Any) -> Any:
        try:
            answer = expression.search(data)
            # An expression like &name by itself gives what is no data.
            json.dumps(answer)
        except JMESPathTypeError as error:
            # Its text shows the value, which may be a token.
            wanted = f"{error.function_name}() takes {' or '.join(error.expected_types)}, not {error.actual_type}"
            raise CommandError(f"--query cannot be applied: {wanted}.", USAGE) from None
        except (JMESPathError, ValueError, TypeError, RecursionError) as error:
            raise CommandError(f"--query cannot be applied: {error}", USAGE) from error
        return answer

    return ask


def _redacted(data: Any) -> Any:
    if isinstance(data, Mapping):
        members = cast(Mapping[str, Any], data)
        return {
            name: f"{value[:3] if name == 'token' else ''}***"
            if name in SECRETS and isinstance(value, str)
            else _redacted(value)
            for name, value in members.items()
        }
    return [_redacted(each) for each in data] if _is_list(data) else data


def _plain(data: Any) -> Any:
    """Return data as JSON has it: times in ISO 8601, in UTC."""
    if isinstance(data, datetime):
        return f"{data:%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(data, Mapping):
        return {name: _plain(value) for name, value in cast(Mapping[str, Any], data).items()}
    if isinstance(data, list | tuple):
        return [_plain(each) for each in cast(Iterable[Any], data)]
    return data


def _is_list(data: Any) -> TypeGuard[list[Any]]:
    return isinstance(data, list)


def _rows(data: Any) -> list[dict[str, Any]]:
    """Return data as rows with columns; a value by itself has the column "value"."""
    items = data if _is_list(data) else [] if data is None else [data]
    return [cast(dict[str, Any], item) if isinstance(item, dict) else {"value": item} for item in items]


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def printable(text: str, keep: str = "") -> str:
    """Return a text that does nothing to a terminal, whoever wrote it: control characters are escaped as in JSON.

    Args:
        text: The text.
        keep: The control characters that stay, for example line feeds.
    """
    return "".join(letter if letter.isprintable() or letter in keep else json.dumps(letter)[1:-1] for letter in text)


def _table(data: Any) -> str:
    """Return aligned columns, or for one mapping its members below each other; nothing is ever cut off."""
    if isinstance(data, dict):
        members = {printable(name): printable(_cell(value)) for name, value in cast(dict[str, Any], data).items()}
        width = max(map(len, members), default=0)
        return "\n".join(f"{name:<{width}}  {value}".rstrip() for name, value in members.items())
    rows = _rows(data)
    columns = _columns(rows)
    if columns == ["value"]:
        return "\n".join(printable(_cell(row["value"]), keep="\n") for row in rows)
    lines = [
        [printable(cell) for cell in line]
        for line in [columns, *([_cell(row.get(name)) for name in columns] for row in rows)]
    ]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _tsv(data: Any) -> str:
    """Return values alone, without names, as az does: tabs and newlines within a value are escaped."""
    rows = _rows(data)
    columns = _columns(rows)
    return "\n".join("\t".join(_escaped(_cell(row.get(name))) for name in columns) for row in rows)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _env(data: Any) -> str:
    """Return NAME='value' lines for a shell or a .env file; of a list each name has the number of its row."""
    rows = _rows(data)
    return "\n".join(
        f"{_variable(name)}{'' if len(rows) == 1 else f'_{number}'}={shlex.quote(_cell(value))}"
        for number, row in enumerate(rows, 1)
        for name, value in row.items()
    )


def _variable(name: str) -> str:
    """Return the name as a shell takes it: letters, digits and underscores, no digit first."""
    text = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name).upper()
    return f"_{text}" if text[:1].isdigit() or not text else text


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=_is_ascii())


def _is_ascii() -> bool:
    """Tell whether stdout cannot show every letter; JSON has another way to write them."""
    return not (sys.stdout.encoding or "").lower().startswith("utf")


def _jsonl(data: Any) -> str:
    items = data if _is_list(data) else [data]
    return "\n".join(json.dumps(item, ensure_ascii=_is_ascii()) for item in items)


def _yaml(data: Any) -> str:
    import yaml

    return yaml.safe_dump(data, sort_keys=False, allow_unicode=not _is_ascii()).rstrip("\n")


_WRITERS: Final[Mapping[Format, Callable[[Any], str]]] = {
    Format.TABLE: _table,
    Format.JSON: _json,
    Format.JSONL: _jsonl,
    Format.TSV: _tsv,
    Format.YAML: _yaml,
    Format.ENV: _env,
}
