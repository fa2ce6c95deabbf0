"""Values of options as people write them: several words after one option, scopes, lifetimes."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final

import typer
import typer.core

from acs_identity.cli.exits import USAGE, CommandError

_MINUTES_MINIMUM: Final = 60
_MINUTES_MAXIMUM: Final = 1440
_LIFETIME: Final = re.compile(r"(?:(\d{1,9})D)?T?(?:(\d{1,9})H)?(?:(\d{1,9})M)?", re.ASCII)
_LIFETIMES: Final = "from 60m to 1440m (24h), for example 90m, 2h, 1h30m, 1d or PT2H"


class ManyWordsCommand(typer.core.TyperCommand):
    """A command whose repeatable options take several words, as those of az do: ``--scope chat voip``.

    Only for commands without arguments by position, which could not be told from such words.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, with the option put before each of its words."""
        names = {name for option in self.params if getattr(option, "multiple", False) for name in option.opts}
        return super().parse_args(ctx, list(_with_option_for_each(args, names)))


def _with_option_for_each(arguments: list[str], names: set[str]) -> Iterator[str]:
    option: str | None = None
    rest = iter(arguments)
    for argument in rest:
        if argument in names:
            option = argument
            # The first word belongs to the option whatever it looks like.
            yield from (argument, *(word for word in (next(rest, None),) if word is not None))
        elif argument.startswith("-"):
            name = argument.partition("=")[0] if argument.startswith("--") else argument[:2]
            option = name if name in names else None
            yield argument
        else:
            yield from (argument,) if option is None else (option, argument)


def filled(value: str | None) -> str | None:
    """Return the value of an option, which must not be empty where it is given.

    Args:
        value: What was given; None for nothing.

    Raises:
        typer.BadParameter: It is empty.
    """
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty.")
    return value


def scopes_of(words: Iterable[str]) -> list[str]:
    """Return scopes given as words, some of them perhaps separated by commas or spaces; each of them once.

    Args:
        words: What was given, for example ``["chat,voip"]``.

    Raises:
        CommandError: There is none, or one is a typo.
    """
    # Loads azure-core, which help does without.
    from acs_identity import CommunicationTokenScope

    scopes = [scope for word in words for scope in word.replace(",", " ").split()]
    if not scopes:
        raise CommandError(f"--scope is empty. Known are: {', '.join(CommunicationTokenScope)}.", USAGE)
    return list(dict.fromkeys(checked_word("--scope", scope, list(CommunicationTokenScope)) for scope in scopes))


def checked_word(option: str, word: str, known: list[str]) -> str:
    """Return a word of an open list: one that is not known passes unless it looks like a typo of one that is.

    Args:
        option: Where it was given, for example "--scope".
        word: The word.
        known: The words that are known.

    Raises:
        CommandError: It looks like a typo.
    """
    if word in known:
        return word
    same = [each for each in known if each.lower() == word.lower()]
    if meant := same or get_close_matches(word, known, n=1, cutoff=0.75):
        raise CommandError(f"{option}: there is no {word!r}. Did you mean {meant[0]}?", USAGE)
    return word


def lifetime_of(text: str) -> timedelta:
    """Return the lifetime of a token.

    Args:
        text: Days, hours and minutes: 90m, 2h, 1h30m, 1d, or as ISO 8601 has them, PT2H.

    Raises:
        CommandError: It is not understood, or not from 60 to 1440 minutes.

    >>> lifetime_of("1h30m")
    datetime.timedelta(seconds=5400)
    >>> lifetime_of("PT2H") == lifetime_of("120m")
    True
    """
    found = _LIFETIME.fullmatch(text.strip().upper().removeprefix("P"))
    parts = [int(part) if part else 0 for part in found.groups()] if found else [0, 0, 0]
    minutes = parts[0] * 1440 + parts[1] * 60 + parts[2]
    if found is None or not any(found.groups()):
        # What is long may be a key or a token in the wrong place.
        shown = repr(text) if len(text) <= 20 else "what was given"
        raise CommandError(f"--expires-in: {shown} is no lifetime. Give one {_LIFETIMES}.", USAGE)
    if not _MINUTES_MINIMUM <= minutes <= _MINUTES_MAXIMUM:
        raise CommandError(f"--expires-in: {text.strip()} is out of range. Give a lifetime {_LIFETIMES}.", USAGE)
    return timedelta(minutes=minutes)
