"""What changed in the public API of acs_identity since the last release, as far as it breaks callers."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import griffe

from .changelog import names
from .git import export

PACKAGE = "acs_identity"
SOURCES = "customizations"


@dataclass(frozen=True)
class Breakage:
    """Something public that callers can no longer use as they did.

    Attributes:
        name: The object, as users import it.
        what: What happened to it, and to which parameter.
    """

    name: str
    what: str

    def named_in(self, entry: str) -> bool:
        """Return whether an entry of the changelog names the object: its own name, or its full one."""
        return any(names(entry, name) for name in (self.name, self.name.rpartition(".")[2]))


def api_breakages(root: Path, tag: str) -> list[Breakage]:
    """Compare the sources in the checkout with those at a tag."""
    with tempfile.TemporaryDirectory() as scratch:
        return compare(export(root, tag, SOURCES, Path(scratch)), root / SOURCES)


def compare(old: Path, new: Path) -> list[Breakage]:
    """Compare the package in two source roots; nothing is imported."""
    before, after = (
        griffe.load(PACKAGE, search_paths=[place], allow_inspection=False, resolve_aliases=True) for place in (old, new)
    )
    found = {
        Breakage(public_name(breakage.obj.path), describe(breakage))
        for breakage in griffe.find_breaking_changes(before, after)
        # A command for people, not an API.
        if not breakage.obj.path.startswith(f"{PACKAGE}.cli.")
    }
    return sorted(found, key=lambda breakage: (breakage.name, breakage.what))


def public_name(path: str) -> str:
    """Return the name under which users import an object: without the private module it is written in.

    >>> public_name("acs_identity.aio._client.CommunicationIdentityClient.close")
    'acs_identity.aio.CommunicationIdentityClient.close'
    """
    return ".".join(part for part in path.split(".") if not part.startswith("_") or part.endswith("__"))


def describe(breakage: griffe.Breakage) -> str:
    values = (breakage.old_value, breakage.new_value)
    parameter = next((value.name for value in values if isinstance(value, griffe.Parameter)), None)
    return breakage.kind.value.lower() + (f": {parameter}" if parameter else "")
