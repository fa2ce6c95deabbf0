"""Whether generated/ belongs to what it is made from, and how much of it a person typed."""

import json
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from tools.contract_check import is_object
from tools.generate import stamp

from .git import changed_lines

FOLDER = "generated"
STAMP = f"{FOLDER}/stamp.json"
# The names in the stamp under which the hashes of what the generator wrote are.
OUTPUTS = ("output", "shared")


def stamps(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the stamp says and what it would say of the files as they are.

    Raises:
        OSError, ValueError, GenerationError: It cannot be read, or what it is made from is not in order.
    """
    return json.loads((root / STAMP).read_text(encoding="utf-8")), stamp(root, root / FOLDER)


def stale(recorded: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return one sentence for everything that went into generated/ and is another by now."""
    before, after = dict(leaves(recorded)), dict(leaves(now))
    # What was made of a version that the stamp does not know is missing, not typed.
    changed = [path for path in {**before, **after} if before.get(path) != after.get(path) and not typed(path, before)]
    named = sorted(
        {" ".join(part for part in path if part not in {"versions", "inputs", "output"}) for path in changed}
    )
    return [f"{name} is not what {FOLDER}/ was made from: run make generate and commit both" for name in named]


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the hashes and versions in a stamp, each with the names that lead to it."""
    if is_object(node):
        for name, value in node.items():
            yield from leaves(value, (*path, name))
    else:
        yield path, node


def typed(path: tuple[str, ...], recorded: Container[tuple[str, ...]]) -> bool:
    """Return whether a difference there is one in what the generator wrote."""
    return path[-1] in OUTPUTS and path in recorded


def hand_lines(root: Path, recorded: dict[str, Any], now: dict[str, Any]) -> tuple[int | None, list[str]]:
    """Return how many lines of generated/ a person typed, None if unknown, and a sentence for each file.

    The hash of what the generator wrote tells whether there are any; git tells which, until they are committed.
    """
    before, after = dict(leaves(recorded)), dict(leaves(now))
    differing = [path for path in before if typed(path, before) and before[path] != after.get(path)]
    if not differing:
        return 0, []
    changed = {
        name: count
        for name, count in changed_lines(root, FOLDER).items()
        if count and name != STAMP and any(concerns(path, name) for path in differing)
    }
    if not changed:
        committed = f"{FOLDER}/ is not what the generator wrote, and the change is committed"
        return None, [f"{committed}: make check-generated shows it, make generate undoes it"]
    cure = "not what the generator wrote: make generate undoes it; put what you meant into autorest.md"
    return sum(changed.values()), [
        f"{name}: {count} line{'' if count == 1 else 's'} differ from the last commit, {cure}"
        for name, count in changed.items()
    ]


def concerns(path: tuple[str, ...], file: str) -> bool:
    """Return whether a hash covers a file, as far as its place in the stamp tells: those of one version name it.

    >>> concerns(("versions", "2026-09-23", "output"), "generated/acs_identity_rest/v2026_09_23/_client.py")
    True
    >>> concerns(("versions", "2026-09-23", "output"), "generated/acs_identity_rest/v2023_10_01/_client.py")
    False
    """
    if path[0] != "versions":
        return True
    return bool({path[1], f"v{path[1].replace('-', '_')}"} & set(Path(file).parts))
