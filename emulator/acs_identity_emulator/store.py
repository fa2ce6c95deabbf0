"""Where the state is kept: one sqlite database, in memory or in a file that several processes may share."""

import os
import sqlite3
import stat
import threading
import time
import uuid
import weakref
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

APPLICATION_ID: Final = 0x41435349
"""What marks a sqlite file as one of this emulator: "ACSI"."""

LAYOUT: Final = 1
"""The version of the tables."""

BUSY_SECONDS: Final = 10.0
"""How long a request waits for another process that writes to the file."""

# Columns that begin with tokens_ count as the claim csi of access tokens does; access_tokens.py has the rules.
_TABLES: Final = (
    """CREATE TABLE resource (
        id TEXT NOT NULL,
        tokens_begin INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE identities (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        custom_id TEXT,
        created_on TEXT NOT NULL,
        last_token_issued_at TEXT,
        tokens_begin INTEGER NOT NULL DEFAULT 0,
        tokens_valid_from INTEGER NOT NULL DEFAULT 0,
        tokens_end INTEGER NOT NULL DEFAULT 0)""",
    "CREATE UNIQUE INDEX identities_by_custom_id ON identities (custom_id) WHERE custom_id IS NOT NULL",
    """CREATE TABLE deleted_identities (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE)""",
    """CREATE TABLE issued_tokens (
        number INTEGER PRIMARY KEY,
        identity_id TEXT NOT NULL,
        scopes TEXT NOT NULL,
        issued_on TEXT NOT NULL,
        expires_on TEXT NOT NULL,
        csi INTEGER NOT NULL)""",
    """CREATE TABLE assignments (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        assignment TEXT NOT NULL,
        PRIMARY KEY (kind, key)) WITHOUT ROWID""",
    """CREATE TABLE signing_keys (
        name TEXT PRIMARY KEY,
        thumbprint TEXT NOT NULL,
        private_key TEXT NOT NULL) WITHOUT ROWID""",
)


class StoreError(Exception):
    """The database cannot be used; the text says why and what to do."""


class Store:
    """The database of one resource. Safe to use from several threads, within `session` and `transaction`.

    Args:
        path: The file, made with mode 0600 when it is not there; None keeps everything in memory.
        resource_id: The id of the resource, in lower case; None takes that of the file, or a random one.

    Raises:
        StoreError: The file cannot be opened or written, is no database of this emulator or one of another layout, is
            locked for ten seconds, or is that of another resource.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, resource_id: str | None = None) -> None:
        self._lock = threading.RLock()
        self._connection = _connect(path)
        # Python 3.13 warns of connections that are dropped open.
        self._close = weakref.finalize(self, self._connection.close)
        self.execute: Callable[..., sqlite3.Cursor] = self._connection.execute
        self._session = _Session(self._lock)
        self._transaction = _Transaction(self._lock, self._connection)
        try:
            if path is not None:
                self._use_file()
            self._make_tables(resource_id or str(uuid.uuid4()))
        except (sqlite3.Error, StoreError) as error:
            self.close()
            if path is None:
                raise
            cause = error.__cause__ or error
            raise StoreError(f"The database {path!s} cannot be used: {cause}.") from cause
        if resource_id not in (None, self.resource_id):
            found = self.resource_id
            self.close()
            raise StoreError(f"The database {path} is that of the resource {found}, not of {resource_id}.")

    @property
    def resource_id(self) -> str:
        """The id of the resource, a GUID in lower case; read each time, because an import may change it."""
        with self._lock:
            (found,) = self.execute("SELECT id FROM resource").fetchone()
        return str(found)

    def session(self) -> AbstractContextManager[None]:
        """Keep other threads out, each statement being a transaction of its own.

        Raises:
            StoreError: The database cannot be used, for example because another process locks it.
        """
        return self._session

    def transaction(self) -> AbstractContextManager[None]:
        """Keep other threads and the writers of other processes out; all that is done inside is kept, or nothing.

        Raises:
            StoreError: As `session`.
        """
        return self._transaction

    def close(self) -> None:
        """Close the database; it cannot be used any more."""
        with self._lock:
            self._close()

    def _use_file(self) -> None:
        # Before anything is written, so that the file of another program stays as it is; and at one moment, because
        # another process may be making the tables.
        self.execute("BEGIN")
        self._is_new()
        self.execute("COMMIT")
        if self._journal_mode() != "wal":
            raise StoreError("its file system has no shared memory, which the WAL mode of sqlite needs")
        # Outlives the process being killed at any moment; only a power cut may take the latest requests.
        self.execute("PRAGMA synchronous=NORMAL")

    def _journal_mode(self) -> str:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                (mode,) = self.execute("PRAGMA journal_mode=WAL").fetchone()
                return str(mode)
            except sqlite3.OperationalError as error:
                # Where several open a new file at once, sqlite lets one change the mode and fails the others.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(0.005)

    def _make_tables(self, resource_id: str) -> None:
        with self.transaction():
            if self._is_new():
                for statement in _TABLES:
                    self.execute(statement)
                self.execute("INSERT INTO resource (id) VALUES (?)", (resource_id,))
                self.execute(f"PRAGMA application_id={APPLICATION_ID}")
                self.execute(f"PRAGMA user_version={LAYOUT}")
            # Found out now and not by the first request: a file that may only be read.
            self.execute("UPDATE resource SET id = id")

    def _is_new(self) -> bool:
        (application_id,) = self.execute("PRAGMA application_id").fetchone()
        (layout,) = self.execute("PRAGMA user_version").fetchone()
        (tables,) = self.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (application_id, layout, tables) == (0, 0, 0):
            return True
        if application_id != APPLICATION_ID:
            raise StoreError("it belongs to another program, give another file")
        if layout != LAYOUT:
            raise StoreError(
                f"it has layout {layout}, and this version of acs-identity knows layout {LAYOUT} only; export it with "
                "the version that made it, and import that into a new file"
            )
        return False


# Classes, because there is one for each request, and entering a generator takes twice as long. They keep nothing
# between entering and leaving, so that one of each is enough.
class _Session:
    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._lock.release()
        _raise_as_store_error(error)


class _Transaction:
    def __init__(self, lock: threading.RLock, connection: sqlite3.Connection) -> None:
        self._lock = lock
        self._connection = connection

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self._end_undone()
            _raise_as_store_error(error)
            raise

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            try:
                self._connection.execute("COMMIT")
            except BaseException as failure:
                self._end_undone()
                _raise_as_store_error(failure)
                raise
            self._lock.release()
            return
        self._end_undone()
        _raise_as_store_error(error)

    def _end_undone(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        finally:
            self._lock.release()


def _raise_as_store_error(error: BaseException | None) -> None:
    if isinstance(error, sqlite3.OperationalError):
        raise StoreError(f"The database cannot be used: {error}.") from error


def _connect(path: str | os.PathLike[str] | None) -> sqlite3.Connection:
    if path is None:
        return _connection(":memory:")
    try:
        file = Path(path).absolute()
        _make_file(file)
        return _connection(f"{file.as_uri()}?mode=rw")
    except StoreError as error:
        raise StoreError(f"The database {path!s} cannot be used: {error}.") from error.__cause__
    except OSError as error:
        raise StoreError(f"The database {path!s} cannot be opened: {error.strerror}.") from error
    except (sqlite3.Error, ValueError) as error:
        raise StoreError(f"The database {path!s} cannot be opened: {error}.") from error


_MAKING: Final = threading.Lock()


def _make_file(file: Path) -> None:
    # Closing a file drops all locks that this process has on it: nobody may use it yet.
    with _MAKING:
        try:
            # It holds signing keys.
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            found = file.stat()
            if not stat.S_ISREG(found.st_mode):
                raise StoreError("it is not a regular file") from None
            # What is shorter than a page sqlite takes for empty, and would write over.
            if 0 < found.st_size < 512:
                raise StoreError("file is not a database") from None


def _connection(database: str) -> sqlite3.Connection:
    return sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True)
