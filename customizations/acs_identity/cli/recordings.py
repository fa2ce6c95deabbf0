"""The commands for recordings of tests."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from acs_identity.testing._drift import Report
    from acs_identity.testing._leaks import Leak

app: typer.Typer = typer.Typer(
    help="Recordings of tests.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)

_SUFFIXES = {".yaml", ".yml", ".json"}
# In seconds; what is over before would only flicker.
_PROGRESS_AFTER = 2.0
_DEEPEST = 100


@app.callback()
def _recordings() -> None: ...


@app.command()
def scan(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders with .yaml, .yml and .json files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search recordings for secrets: keys, tokens, signatures, identity ids and whatever looks random.

    It prints path:line:column: kind, never the secret, and exits with 1 when there is one, with 0 when there is none
    and with 2 when a path cannot be read, or is a folder without recordings.
    """
    found: list[_Found] = []
    problems: list[str] = []
    files = list(dict.fromkeys(_files(paths, problems)))
    for file in _with_progress(files, "Searching"):
        try:
            found += _scanned(file)
        except OSError as error:
            problems.append(_problem(error))
    if as_json:
        typer.echo(json.dumps({"files": len(files), "leaks": [each.members() for each in found], "errors": problems}))
    else:
        for each in found:
            typer.echo(each)
        for problem in problems:
            typer.echo(problem, err=True)
        typer.echo(f"{_counted(len(found), 'possible secret')} in {_counted(len(files), 'file')}.", err=True)
    raise typer.Exit(2 if problems else 1 if found else 0)


@app.command()
def drift(
    paths: Annotated[list[Path], typer.Argument(help="Cassettes, or folders with .yaml, .yml and .json files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask the emulator for what is in recordings, and show, field by field, where it answers otherwise.

    It prints path: number. request: field: both values, without secrets, and exits with 1 when something differs, with
    0 when nothing does and with 2 when a path cannot be read, or is a folder without recordings.
    """
    _require("emulator", "jwt", "cryptography")
    _require("testing", "yaml")
    from acs_identity.testing._drift import differences
    from acs_identity.testing._recorded import CassetteError

    reports: dict[Path, Report] = {}
    problems: list[str] = []
    for file in _with_progress(list(dict.fromkeys(_files(paths, problems))), "Comparing"):
        try:
            reports[file] = differences(_document(file))
        except CassetteError as error:
            # A folder may have other files, too.
            if file in paths:
                problems.append(f"{file}: {error}")
        except OSError as error:
            problems.append(_problem(error))
        except ValueError as error:
            problems.append(f"{file}: {error}")
    found = [(file, each) for file, report in reports.items() for each in report.differences]
    if as_json:
        typer.echo(json.dumps({**_members(reports), "errors": problems}))
    else:
        for file, difference in found:
            typer.echo(f"{file}: {difference}")
        for problem in problems:
            typer.echo(problem, err=True)
        typer.echo(_summary(reports), err=True)
    raise typer.Exit(2 if problems else 1 if found else 0)


def _require(extra: str, *modules: str) -> None:
    if any(find_spec(module) is None for module in modules):
        typer.echo(f'This needs the extra "{extra}". Run: pip install "acs-identity[cli,{extra}]"', err=True)
        raise typer.Exit(2)


@dataclass(frozen=True)
class _Found:
    path: Path
    leak: "Leak"

    def __str__(self) -> str:
        spelling = "" if self.leak.spelling == "raw" else f" ({self.leak.spelling})"
        return f"{self.path}:{self.leak.line}:{self.leak.column}: {self.leak.kind}{spelling}"

    def members(self) -> dict[str, object]:
        return {"path": str(self.path), **vars(self.leak)}


def _files(paths: list[Path], problems: list[str]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            before = len(problems)
            is_empty = True
            for folder, folders, names in os.walk(path, onerror=lambda error: problems.append(_problem(error))):
                folders.sort()
                for name in sorted(names):
                    if Path(name).suffix.lower() in _SUFFIXES:
                        is_empty = False
                        yield Path(folder, name)
            if is_empty and len(problems) == before:
                # Who named the wrong folder would take it for clean.
                problems.append(f"{path}: there is no .yaml, .yml or .json file in this folder")
        elif path.exists():
            yield path
        else:
            problems.append(f"{path}: there is no such file or folder")


def _problem(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}"


def _scanned(file: Path) -> "list[_Found]":
    from acs_identity.testing._bodies import read_body
    from acs_identity.testing._leaks import scan as scan_text

    return [_Found(file, leak) for leak in scan_text(read_body(file.read_bytes(), "").text)]


def _document(path: Path) -> object:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text(encoding="utf-8")
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


def _with_progress(files: list[Path], doing: str) -> Iterator[Path]:
    """Give the files one by one; on a terminal, show how many are left when it takes long."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    begin = monotonic()
    with ExitStack() as stack:
        progress: Progress | None = None
        for number, file in enumerate(files):
            if progress is None and console.is_terminal and monotonic() - begin > _PROGRESS_AFTER:
                progress = stack.enter_context(Progress(console=console, transient=True))
                progress.add_task(doing, total=len(files))
            if progress is not None:
                progress.update(progress.task_ids[0], completed=number)
            yield file


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _summary(reports: "dict[Path, Report]") -> str:
    compared = sum(report.compared for report in reports.values())
    found = sum(len(report.differences) for report in reports.values())
    reasons = Counter(passed.reason for report in reports.values() for passed in report.not_compared)
    lines = [
        f"{_counted(found, 'difference')} in {_counted(compared, 'answer')} of {_counted(len(reports), 'cassette')}."
    ]
    lines += [f"Not compared: {count}, because {reason}." for reason, count in reasons.items()]
    return "\n".join(lines)


def _members(reports: "dict[Path, Report]") -> dict[str, object]:
    def rows(name: str) -> list[dict[str, object]]:
        return [{"path": str(path), **vars(each)} for path, report in reports.items() for each in getattr(report, name)]

    return {
        "cassettes": len(reports),
        "compared": sum(report.compared for report in reports.values()),
        "differences": rows("differences"),
        "not_compared": rows("not_compared"),
    }
