"""What the newest section of CHANGELOG.md tells users."""

import re
from pathlib import Path


def newest_entries(changelog: Path) -> list[str]:
    """Return the list entries of the newest section, each as one line."""
    _, *sections = re.split(r"^## ", changelog.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if not sections:
        return []
    _, *entries = re.split(r"^- ", sections[0], flags=re.MULTILINE)
    # An entry ends at an empty line: what follows is a heading or prose.
    return [" ".join(entry.split("\n\n")[0].split()) for entry in entries]


def names(entry: str, name: str) -> bool:
    """Return whether an entry has a name as a word of its own, not as a part of a longer one.

    >>> names("`get_token` takes no `minutes` any more.", "get_token")
    True
    >>> names("`get_token_for_teams_user` is gone.", "get_token")
    False
    """
    return re.search(rf"(?<![\w/]){re.escape(name)}(?![\w/])", entry) is not None
