"""Users and custom ids as they are given to a command: as options, in a file or on stdin."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from acs_identity.cli.exits import USAGE, CommandError
from acs_identity.cli.output import note
from acs_identity.cli.session import Session

STDIN: Final = "-"


@dataclass(frozen=True)
class Item:
    """One of those that a command is for.

    Attributes:
        value: The raw id of the user, or the custom id.
        place: Where it was given, for example "line 3"; what is said about it names this, not the id.
    """

    value: str
    place: str


def given_users(users: list[str] | None, source: str | None) -> list[Item]:
    """Return the users of --user and of --users-from.

    Args:
        users: Raw ids.
        source: The path of a file, "-" for stdin, or None.

    Raises:
        CommandError: One is no raw id of a user, or the file holds something else or nothing.
        OSError: The file cannot be read.
    """
    from acs_identity._core import raw_id

    return _given("--user", users, "--users-from", source, "user_id", raw_id)


def given_custom_ids(custom_ids: list[str] | None, source: str | None) -> list[Item]:
    """Return the custom ids of --custom-id and of --custom-ids-from; arguments and errors as for users."""
    from acs_identity._core import custom_id_value

    return _given("--custom-id", custom_ids, "--custom-ids-from", source, "custom_id", custom_id_value)


def check_stdin(session: Session, source: str | None, *, option: str, asks: bool = False) -> None:
    """Make sure that stdin is not needed twice.

    Args:
        session: The options of the command.
        source: What was given for the option; "-" is stdin.
        option: The option, for example "--users-from".
        asks: Whether somebody is to be asked as well.

    Raises:
        CommandError: It is.
    """
    if source != STDIN:
        return
    if session.key == STDIN:
        raise CommandError(f"--key - and {option} - cannot both read stdin.", USAGE)
    if asks:
        raise CommandError(f"{option} - reads stdin, so nobody can be asked there; add --yes to do it.", USAGE)


def _given(
    option: str,
    values: list[str] | None,
    from_option: str,
    source: str | None,
    member: str,
    check: Callable[[str], str],
) -> list[Item]:
    values = values or []
    items = [Item(value, option if len(values) == 1 else f"{option} {n}") for n, value in enumerate(values, 1)]
    if source is not None:
        name = "stdin" if source == STDIN else source
        found = list(_items(_text(source, name, from_option), name, member))
        if not found:
            raise CommandError(f"{from_option}: there is nothing in {name}.", USAGE)
        items += found
    for item in items:
        try:
            check(item.value)
        except ValueError as error:
            raise CommandError(f"{item.place}: {error}", USAGE) from None
    return items


def _text(source: str, name: str, option: str) -> str:
    if source == STDIN:
        if sys.stdin.isatty():
            note("Reading from the terminal, one a line; Ctrl-D ends it.")
        content = sys.stdin.buffer.read()
    elif not source:
        raise CommandError(f"{option}: the name of the file is empty.", USAGE)
    else:
        content = Path(source).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CommandError(f"{name}, line {line}: the text is not UTF-8.", USAGE) from None


def _items(text: str, name: str, member: str) -> Iterator[Item]:
    if (document := _document(text)) is not None:
        for number, value in enumerate(document, 1):
            yield _item(value, f"{name}, item {number}", member)
        return
    # Not splitlines(): that would also split at characters which only look like the end of a line.
    for number, line in enumerate(text.split("\n"), 1):
        word, place = line.strip(), f"{name}, line {number}"
        if not word or word.startswith("#"):
            continue
        if not word.startswith(("{", "[", '"')):
            yield Item(word, place)
            continue
        try:
            value = json.loads(word)
        except (ValueError, RecursionError):
            raise CommandError(f"{place}: this is no JSON.", USAGE) from None
        yield _item(value, place, member)


def _document(text: str) -> list[Any] | None:
    """Return what a single JSON document holds; None when the text has several lines of their own."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


def _item(value: Any, place: str, member: str) -> Item:
    if isinstance(value, dict):
        value = cast(dict[str, Any], value).get(member)
    if not isinstance(value, str):
        raise CommandError(f'{place}: there is no {member}. Give an id, or {{"{member}": "..."}}.', USAGE)
    return Item(value, place)
