"""``export``, ``import``, ``seed`` and ``reset``: what an emulator keeps, of a running one or in a file of its own."""

import json
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from .common import fail
from .remote import DEFAULT_ENDPOINT, Endpoint, call

if TYPE_CHECKING:
    from acs_identity_emulator.emulator import Emulator

_STANDARD = Path("-")

Db = Annotated[
    Path | None,
    typer.Option(
        help="The file of --db to use instead of a running emulator; an emulator may use it at the same time.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def export_state(
    *,
    file: Annotated[Path, typer.Argument(help="Where to write the document; - is standard output.")] = _STANDARD,
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help="Add the signing keys, so that tokens stay valid where this is imported."),
    ] = False,
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    db: Db = None,
) -> None:
    """Write everything that an emulator keeps as a JSON document."""
    if db is None:
        document = call(endpoint, "GET", f"/_emulator/export?with_keys={str(with_keys).lower()}")
    else:
        with _opened(db) as emulator:
            document = emulator.export_state(with_keys=with_keys)
    text = f"{json.dumps(document, indent=2)}\n"
    if file == _STANDARD:
        typer.echo(text, nl=False)
        return
    try:
        _write(file, text)
    except (OSError, ValueError) as error:
        fail(f"{file} cannot be written: {_cause(error)}.")


def import_state(
    *,
    file: Annotated[Path, typer.Argument(help="A document of export; - is standard input.")],
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    db: Db = None,
    yes: Yes = False,
) -> None:
    """Replace everything that an emulator keeps by a document of export."""
    document = _read(file)
    if file != _STANDARD:
        _ask("Replace everything that the emulator keeps?", yes=yes)
    if db is None:
        call(endpoint, "POST", "/_emulator/import", document)
    else:
        with _opened(db, create=True) as emulator:
            emulator.import_state(document)
    typer.echo("The emulator keeps what the document holds.", err=True)


def seed(
    *,
    file: Annotated[Path, typer.Argument(help="A JSON document, as docs/emulator.md has it; - is standard input.")],
    endpoint: Endpoint = DEFAULT_ENDPOINT,
    db: Db = None,
) -> None:
    """Add identities and assignments, and write what became of each as JSON."""
    document = _read(file)
    if db is None:
        made = call(endpoint, "POST", "/_emulator/seed", document)
    else:
        with _opened(db, create=True) as emulator:
            made = emulator.seed(document)
    typer.echo(json.dumps(made, indent=2))


def reset(*, endpoint: Endpoint = DEFAULT_ENDPOINT, db: Db = None, yes: Yes = False) -> None:
    """Forget all identities and assignments; resource id and signing keys stay."""
    _ask("Forget all identities and assignments?", yes=yes)
    if db is None:
        call(endpoint, "POST", "/_emulator/reset")
    else:
        with _opened(db) as emulator:
            emulator.reset()
    typer.echo("The emulator is empty.", err=True)


@contextmanager
def _opened(db: Path, *, create: bool = False) -> Generator["Emulator"]:
    from acs_identity_emulator.emulator import Emulator
    from acs_identity_emulator.state import StateError
    from acs_identity_emulator.store import StoreError

    if not create and not db.exists():
        fail(f"There is no file {db}.")
    try:
        emulator = Emulator(db=db)
        try:
            yield emulator
        finally:
            emulator.close()
    except (StateError, StoreError) as error:
        fail(str(error))


def _ask(question: str, *, yes: bool) -> None:
    # Without a terminal there is nobody to ask.
    if not yes and _is_terminal() and not typer.confirm(question, err=True):
        fail("Nothing was changed.")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _read(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.buffer.read() if file == _STANDARD else file.read_bytes()
    except (OSError, ValueError) as error:
        fail(f"{file} cannot be read: {_cause(error)}.")
    try:
        # Editors on Windows begin a file with a byte order mark.
        document: object = json.loads(text.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        fail(f"{file} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.")
    except (UnicodeDecodeError, RecursionError, ValueError):
        fail(f"{file} is not JSON in UTF-8.")
    if not isinstance(document, dict):
        fail(f"{file} is not a JSON object.")
    return cast(dict[str, Any], document)


def _write(file: Path, text: str) -> None:
    if file.exists() and not file.is_file():
        # A pipe or a device cannot be replaced.
        file.write_text(text, "utf-8")
        return
    file = file.resolve()
    # At one stroke, and for the eyes of its owner only: it may hold signing keys.
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _cause(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
