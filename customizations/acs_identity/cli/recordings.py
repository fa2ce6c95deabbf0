"""The commands for recordings of ACS, which vcrpy keeps in cassettes."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from acs_identity.testing._drift import Report

app: typer.Typer = typer.Typer(no_args_is_help=True)

_SUFFIXES = {".yaml", ".yml", ".json"}
_PATIENCE = 2.0
_DEEPEST = 100


@app.callback()
def _common() -> None: ...


@app.command()
def drift(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Cassettes, and folders with cassettes (.yaml, .yml, .json)."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Ask the emulator for what cassettes have, and show where it answers otherwise.

    The exit code is 0 when it answers the same, 1 when it does not, and 2 when a path cannot be read.
    """
    _require("emulator", "jwt", "cryptography")
    _require("testing", "yaml")
    from acs_identity.testing._drift import differences
    from acs_identity.testing._recorded import CassetteError

    reports: dict[Path, Report] = {}
    unreadable: dict[Path, str] = {}
    for path, is_named in _watched(_files(paths)):
        try:
            reports[path] = differences(_document(path))
        except CassetteError as error:
            # A folder may have other files, too.
            if is_named:
                unreadable[path] = str(error)
        except (OSError, ValueError) as error:
            unreadable[path] = str(error)
        if not as_json:
            for difference in reports[path].differences if path in reports else ():
                typer.echo(f"{path}: {difference}")
    for path, reason in unreadable.items():
        typer.echo(f"{path}: {reason}", err=True)
    typer.echo(json.dumps(_as_json(reports), ensure_ascii=False, indent=2) if as_json else _summary(reports))
    if unreadable or any(report.differences for report in reports.values()):
        raise typer.Exit(2 if unreadable else 1)


def _require(extra: str, *modules: str) -> None:
    if any(find_spec(module) is None for module in modules):
        typer.echo(f'This needs the extra "{extra}". Run: pip install "acs-identity[cli,{extra}]"', err=True)
        raise typer.Exit(2)


def _files(paths: Iterable[Path]) -> dict[Path, bool]:
    """Return the files, each with whether it was named itself."""
    found: dict[Path, bool] = {}
    for path in paths:
        if path.is_dir():
            inner = sorted(each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES and each.is_file())
            found |= {each: found.get(each, False) for each in inner}
        else:
            found[path] = True
    return found


def _watched(files: dict[Path, bool]) -> Iterator[tuple[Path, bool]]:
    """Yield the files; on a terminal, show how far it is when it takes long."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, auto_refresh=False, disable=not console.is_terminal) as progress:
        task = progress.add_task("cassettes", total=len(files), visible=False)
        started = monotonic()
        for file in files.items():
            yield file
            progress.update(task, advance=1, visible=monotonic() - started > _PATIENCE)
            progress.refresh()


def _document(path: Path) -> object:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise OSError(f"It cannot be read: {error.strerror or type(error).__name__}.") from error
    except UnicodeDecodeError as error:
        raise ValueError("It is no text in UTF-8.") from error
    try:
        depths = accumulate(_step(event) for event in yaml.parse(text, loader))
        # Loading it would end the process.
        is_too_deep = any(depth > _DEEPEST for depth in depths)
        if not is_too_deep:
            return yaml.load(text, loader)  # noqa: S506 - one of the safe ones
    except yaml.MarkedYAMLError as error:
        line = f", see line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"It is neither YAML nor JSON{line}.") from error
    # What PyYAML raises for a value that is none of its kind.
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("It is neither YAML nor JSON.") from error
    raise ValueError("It is too deep to be a cassette.")


def _step(event: object) -> int:
    import yaml

    return isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)


def _summary(reports: "dict[Path, Report]") -> str:
    compared = sum(report.compared for report in reports.values())
    found = sum(len(report.differences) for report in reports.values())
    reasons = Counter(passed.reason for report in reports.values() for passed in report.not_compared)
    answers = f"{_number(compared, 'answer')} in {_number(len(reports), 'cassette')}"
    lines = [
        f"{answers} compared: {_number(found, 'difference')}.",
        *(f"Not compared: {count}, because {reason}." for reason, count in reasons.items()),
    ]
    return "\n".join(lines)


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _as_json(reports: "dict[Path, Report]") -> dict[str, Any]:
    return {
        "cassettes": len(reports),
        "compared": sum(report.compared for report in reports.values()),
        "differences": [
            {"path": str(path), **vars(each)} for path, report in reports.items() for each in report.differences
        ],
        "not_compared": [
            {"path": str(path), **vars(each)} for path, report in reports.items() for each in report.not_compared
        ],
    }
