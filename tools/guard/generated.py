"""Whether generated/ belongs to what it is made from, and how much of it a person typed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.contract_check import is_object
from tools.generate import PACKAGE, stamp

from .git import changed_lines

FOLDER = "generated"
STAMP = f"{FOLDER}/stamp.json"


def stamps(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the stamp says and what it would say of the files as they are.

    Raises:
        OSError, ValueError: It cannot be read.
    """
    return json.loads((root / STAMP).read_text(encoding="utf-8")), stamp(root, root / FOLDER)


def stale(recorded: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return one sentence for everything that went into generated/ and is another by now."""
    return [
        f"{name} is not what {FOLDER}/ was made from: run make generate and commit both"
        for name in sorted(differences(without_output(recorded), without_output(now)))
    ]


def without_output(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != "output"}


def differences(old: Any, new: Any, name: str = "") -> Iterator[str]:
    """Yield the names of the leaves that differ between two stamps."""
    if is_object(old) and is_object(new):
        for key in {*old, *new}:
            yield from differences(old.get(key), new.get(key), key)
    elif old != new:
        yield name


def hand_lines(root: Path, recorded: dict[str, Any], now: dict[str, Any]) -> tuple[int | None, list[str]]:
    """Return how many lines of the generated package a person typed, None if unknown, and a sentence for each file.

    The hash of what the generator wrote tells whether there are any; git tells which, until they are committed.
    """
    if recorded["output"] == now["output"]:
        return 0, []
    changed = {name: count for name, count in changed_lines(root, f"{FOLDER}/{PACKAGE}").items() if count}
    if not changed:
        committed = f"{FOLDER}/{PACKAGE} is not what the generator wrote, and the change is committed"
        return None, [f"{committed}: make check-generated shows it, make generate undoes it"]
    cure = "not what the generator wrote: make generate undoes it; put what you meant into autorest.md"
    return sum(changed.values()), [
        f"{name}: {count} line{'' if count == 1 else 's'} differ from the last commit, {cure}"
        for name, count in changed.items()
    ]
