"""The commands for recordings of tests."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from acs_identity.testing._leaks import Leak

app: typer.Typer = typer.Typer(
    help="Recordings of tests.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)

_SUFFIXES = {".yaml", ".yml", ".json"}
# In seconds; what is over before would only flicker.
_PROGRESS_AFTER = 2.0


@app.callback()
def _recordings() -> None: ...


@app.command()
def scan(
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders with .yaml, .yml and .json files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search recordings for secrets: keys, tokens, signatures, identity ids and whatever looks random.

    It prints path:line:column: kind, never the secret, and exits with 1 when there is one, with 0 when there is none
    and with 2 when a path cannot be read.
    """
    found: list[_Found] = []
    problems: list[str] = []
    files = list(dict.fromkeys(_files(paths, problems)))
    for file in _with_progress(files):
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
            for folder, folders, names in os.walk(path, onerror=lambda error: problems.append(_problem(error))):
                folders.sort()
                yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix.lower() in _SUFFIXES)
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


def _with_progress(files: list[Path]) -> Iterator[Path]:
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
                progress.add_task("Searching", total=len(files))
            if progress is not None:
                progress.update(progress.task_ids[0], completed=number)
            yield file


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
