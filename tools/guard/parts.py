"""The parts of the guard's report, each as a function of the checkout."""

import tempfile
from itertools import pairwise
from pathlib import Path

from tools.contract_check import CONTRACT, check, versions
from tools.generate import GenerationError

from . import coverage
from .api_diff import PACKAGE, api_breakages
from .changelog import names, newest_entries
from .contract_diff import Change, diff
from .contracts import UnreadableContractError, resolved, routes
from .generated import hand_lines, stale, stamps
from .git import changed_files, export, last_release, short_name
from .report import Comparison, Part, place

CHANGELOG = "CHANGELOG.md"


def contract_part(root: Path) -> Part:
    """Lint the contracts and validate their examples."""
    part = Part("contracts", "contracts and their examples")
    swagger = root / "swagger"
    for version in versions(swagger):
        try:
            part.findings += [str(finding) for finding in check(swagger, version)]
        except (LookupError, TypeError, AttributeError, OSError, ValueError) as error:
            part.findings.append(f"swagger/{version} cannot be checked: {type(error).__name__}: {error}")
    # What is wrong in a file that versions share shows in each of them.
    part.findings = list(dict.fromkeys(part.findings))
    part.notes.append(f"{len(versions(swagger))} API versions checked")
    return part


def predecessor_part(root: Path, base: str, *, in_full: bool) -> Part:
    """Compare every version with the one before it, for information; in full those that differ from a commit."""
    part = Part("versions", "every API version against its predecessor")
    swagger = root / "swagger"
    touched = {Path(file).parts[1] for file in changed_files(root, base, "swagger")}
    for old, new in pairwise(versions(swagger)):
        try:
            changes = diff(resolved(swagger, old), resolved(swagger, new))
        except UnreadableContractError as error:
            part.findings.append(f"{old} and {new} cannot be compared: {error}")
            continue
        # A file beside the folders is shared by all of them.
        shown = in_full or bool(touched & {old, new}) or any(name.endswith(".json") for name in touched)
        part.comparisons.append(Comparison(f"{old} -> {new}", new, changes, shown))
    if not all(comparison.in_full for comparison in part.comparisons):
        part.notes.append("the changes are listed for versions that the working tree touches; --all lists every one")
    return part


def commit_part(root: Path, base: str) -> Part:
    """Compare the contracts in the working tree with those of a commit; unannounced breaking changes are findings."""
    revision = f"{base} ({short_name(root, base)})"
    part = Part("working tree", f"contracts in the working tree against {revision}")
    swagger = root / "swagger"
    entries = newest_entries(root / CHANGELOG)
    with tempfile.TemporaryDirectory() as scratch:
        before = export(root, base, "swagger", Path(scratch))
        old, new = versions(before), versions(swagger)
        part.notes += [f"{version} is added; see what it changes above" for version in new if version not in old]
        for version in sorted({*old, *new}):
            if version not in new:
                if not any(names(entry, version) and names(entry, "removed") for entry in entries):
                    part.findings.append(
                        f"{version} is removed, and the newest section of {CHANGELOG} does not say so:"
                        f' put it back, or add an entry with "{version}" and "removed"'
                    )
            elif version in old:
                try:
                    changes = diff(resolved(before, version), resolved(swagger, version))
                except UnreadableContractError as error:
                    part.findings.append(f"{version} cannot be compared with {base}: {error}")
                    continue
                if changes:
                    part.comparisons.append(Comparison(f"{version}, {base} -> working tree", version, changes))
                part.findings += unannounced(version, changes, entries)
    if not part.comparisons and not part.findings:
        part.notes.append("no API version that was there has changed")
    return part


def unannounced(version: str, changes: list[Change], entries: list[str]) -> list[str]:
    """Return a sentence for every breaking change that no entry of the changelog names."""
    return [
        f"{version}: {change.operation}: {change.what}{f': {change.subject}' if change.subject else ''}"
        f" ({place(change)}) breaks callers: undo it, or name the version and the operation or property in one"
        f" entry of the newest section of {CHANGELOG}"
        for change in changes
        if change.breaking and not any(names(entry, version) and announces(entry, change) for entry in entries)
    ]


def announces(entry: str, change: Change) -> bool:
    path = change.operation.split(" ", 1)[1]
    last = change.subject.replace("[]", "").split(".")[-1].split(" ")[-1]
    return any(names(entry, name) for name in (path, change.operation_id, last) if name)


def api_part(root: Path) -> Part:
    """Compare the public API with the last release; unannounced breaking changes are findings."""
    part = Part("public API", f"public API of {PACKAGE} against the last release")
    tag = last_release(root)
    if tag is None:
        part.notes.append("there is no release tag (v...) in this checkout yet: nothing to compare with")
        return part
    breakages = api_breakages(root, tag)
    entries = newest_entries(root / CHANGELOG)
    for breakage in breakages:
        if any(breakage.named_in(entry) for entry in entries):
            part.notes.append(f"{breakage.name}: {breakage.what}; {CHANGELOG} names it")
        else:
            cure = f"undo it, or name it in the newest section of {CHANGELOG}"
            part.findings.append(f"{breakage.name}: {breakage.what} since {tag}: {cure}")
    if not breakages:
        part.notes.append(f"nothing that {tag} had is broken")
    return part


def friendly_part(root: Path) -> Part:
    """Every raw operation of the default version is reached by a friendly method or excused."""
    sources = root / "customizations" / "acs_identity"
    version = coverage.default_version(sources / "_versions.py")
    part = Part("friendly methods", f"friendly methods for every operation of the default version, {version}")
    operations = coverage.raw_operations(root / "generated" / "acs_identity_rest", version)
    if not operations:
        part.findings.append(f"the default version {version} has no generated package: run make generate")
        return part
    used = coverage.reached(sources / "aio")
    excused = coverage.read_unreached(root / coverage.UNREACHED)
    part.findings += coverage.unreached_findings(operations, used, excused)
    part.notes.append(f"{len(operations & used)} of {len(operations)} operations are reached, {len(excused)} excused")
    return part


def coverage_part(root: Path) -> Part:
    """Every operation of every version has an example, a cassette and a handler of the emulator."""
    part = Part("coverage", "an example, a cassette and an emulator handler for every operation")
    swagger = root / "swagger"
    seen = coverage.recorded(root / "tests" / "congruence" / "cassettes")
    try:
        handled = coverage.handlers(root)
    except coverage.NoHandlersError as error:
        handled = None
        part.findings.append(f"the emulator does not say which operations it handles: {error}")
    for version in versions(swagger):
        try:
            contract, operations = resolved(swagger, version), routes(swagger, version)
        except UnreadableContractError as error:
            part.findings.append(f"{version}: {error}")
            continue
        missing = {
            "example: write one into examples/ and refer to it": coverage.without_example(swagger / version / CONTRACT),
            "cassette: record tests/congruence": [
                f"{method} {path}" for method, path in coverage.unrecorded(version, operations, seen)
            ],
            "emulator handler: write it in emulator/acs_identity_emulator/operations.py": (
                [] if handled is None else coverage.unhandled(contract, handled)
            ),
        }
        for what, names_ in missing.items():
            if names_:
                thing, _, cure = what.partition(": ")
                part.findings.append(
                    f"{version}: {len(names_)} of {len(operations)} operations without {thing}"
                    f" ({cure}): {', '.join(names_)}"
                )
        part.notes.append(f"{version}: {len(operations)} operations")
    return part


def stamp_part(root: Path) -> Part:
    """The stamp ties generated/ to its inputs, and nobody typed in it."""
    part = Part("generated", "the stamp of generated/ and the lines typed by hand in it")
    try:
        recorded, now = stamps(root)
    except (OSError, ValueError, LookupError, GenerationError) as error:
        part.findings.append(f"the stamp of generated/ cannot be compared ({error}): run make generate")
        return part
    part.findings += stale(recorded, now)
    count, sentences = hand_lines(root, recorded, now)
    part.findings += sentences
    part.notes.append(f"{'some' if count is None else count} lines in generated/ are typed by hand")
    return part
