"""The one adapter of `sqlcipher3`: encrypted connections whose failures are sentences."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from sqlcipher3 import dbapi2  # pyright: ignore[reportMissingTypeStubs]  # ships none

from crm_core.errors import Bug, CrmError, Unavailable, UserProblem
from crm_core.i18n import tr_noop

SqlValue: TypeAlias = "str | int | bytes | float | None"
SqlRow: TypeAlias = "tuple[Any, ...]"

KEY_BYTES = 32
PAGE_HMAC = "HMAC_SHA256"
"""What vouches for each page. Processors compute it two to three times as fast as SQLCipher's own
choice, SHA-512 (ADR 32)."""
CACHE_KIB = 16 * 1024
"""Page cache of each connection. The default of 2 MB makes upserts into live indexes a third
slower; 64 MB would make them 8 % faster, and a first sync's memory grow by 40 MB."""

WAL_PAGES = 20_000
"""Pages in the log before SQLite copies them back by itself; `checkpoint` does it when quiet."""

SAFE, LATER = "FULL", "NORMAL"
"""When a commit returns: with the disk holding it, or before, which a power cut may undo (ADR 36).
"""

BUSY_TIMEOUT_MS = 5_000
TEMP_IN_MEMORY = 2

_driver: Any = dbapi2


class WrongKeyOrDamaged(UserProblem):
    """The file cannot be read as a database: the key is another one, or the file is damaged."""


class NotStorable(Bug):
    """A value that SQLite cannot take: a poisoned row from the wire, or our own mistake."""


class Connection:
    """One connection to the encrypted file. Used by one thread at a time; commits by itself unless
    inside `transaction`."""

    __slots__ = ("_raw", "_safety", "path")

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._safety = SAFE
        if len(key) != KEY_BYTES:
            raise UserProblem(tr_noop("The key of the database must be 32 bytes long."))
        try:
            self._raw = _driver.connect(
                str(path), isolation_level=None, check_same_thread=False, cached_statements=400
            )
        except _driver.Error as error:
            raise problem_of(error, path) from error
        self._prepare(key)

    def _prepare(self, key: bytes) -> None:
        try:
            # The key must come first: any other statement would read the file as plain text.
            self._raw.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
            self._raw.execute(f"PRAGMA cipher_hmac_algorithm={PAGE_HMAC}")
            self._raw.execute("PRAGMA cipher_log_level=NONE")
            self._raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            self._raw.execute(f"PRAGMA temp_store={TEMP_IN_MEMORY}")
            self._raw.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
            self._raw.execute("PRAGMA journal_mode=WAL")
            self._raw.execute(f"PRAGMA synchronous={self._safety}")
            self._raw.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
            kept = self._raw.execute("PRAGMA temp_store").fetchone()[0]
        except _driver.Error as error:
            self._raw.close()
            raise problem_of(error, self.path) from error
        if kept != TEMP_IN_MEMORY:
            self._raw.close()
            raise Bug(tr_noop("Temporary tables would be written to disk in clear."))

    def commit_when(self, safety: str) -> None:
        """Between transactions: from now on commits return when they are `SAFE`, or at once."""
        if safety != self._safety:
            self.run(f"PRAGMA synchronous={safety}")
            self._safety = safety

    def keep_in_memory(self, kib: int) -> None:
        """Keep at most so much of the file in memory from now on."""
        self.run(f"PRAGMA cache_size=-{kib}")

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self._raw.in_transaction)

    def run(self, sql: str, parameters: Sequence[SqlValue] = ()) -> int:
        """Execute one statement; the number of rows it changed."""
        try:
            return self._raw.execute(sql, parameters).rowcount
        except (_driver.Error, OverflowError) as error:
            raise problem_of(error, self.path) from error

    def many(self, sql: str, rows: Iterable[Sequence[SqlValue]]) -> None:
        """Execute one statement for each row."""
        if not rows and isinstance(rows, list):
            return
        try:
            self._raw.executemany(sql, rows)
        except (_driver.Error, OverflowError) as error:
            raise problem_of(error, self.path) from error

    def script(self, sql: str) -> None:
        """Execute several statements (creation only)."""
        try:
            self._raw.executescript(sql)
        except _driver.Error as error:
            raise problem_of(error, self.path) from error

    def rows(
        self, sql: str, parameters: Sequence[SqlValue] | Mapping[str, SqlValue] = ()
    ) -> list[SqlRow]:
        """All rows of a query."""
        try:
            return self._raw.execute(sql, parameters).fetchall()
        except (_driver.Error, OverflowError) as error:
            raise problem_of(error, self.path) from error

    def one(self, sql: str, parameters: Sequence[SqlValue] = ()) -> SqlRow | None:
        """The first row of a query, if there is one."""
        try:
            return self._raw.execute(sql, parameters).fetchone()
        except (_driver.Error, OverflowError) as error:
            raise problem_of(error, self.path) from error

    def value(self, sql: str, parameters: Sequence[SqlValue] = ()) -> Any:
        """The first column of the first row; None where there is no row."""
        row = self.one(sql, parameters)
        return None if row is None else row[0]

    def stream(
        self, sql: str, parameters: Sequence[SqlValue] = (), batch: int = 1000
    ) -> Iterator[SqlRow]:
        """The rows of a query, read in batches: for what does not fit in memory."""
        try:
            cursor = self._raw.execute(sql, parameters)
            while found := cursor.fetchmany(batch):
                yield from found
        except _driver.Error as error:
            raise problem_of(error, self.path) from error

    def progress(self, check: Any, steps: int = 10_000) -> None:
        """Call `check` every so many steps of SQLite's machine; a true answer interrupts."""
        self._raw.set_progress_handler(check, steps)

    def interrupt(self) -> None:
        """Stop what another thread is executing here."""
        self._raw.interrupt()

    def copy_into(self, target: Connection, pages_at_once: int) -> None:
        """Copy the whole database into another connection's file (online backup)."""
        try:
            self._raw.backup(target.raw, pages=pages_at_once)
        except _driver.Error as error:
            raise problem_of(error, target.path) from error

    def checkpoint(self) -> None:
        """Copy the write-ahead log back into the file as far as readers allow."""
        self.rows("PRAGMA wal_checkpoint(PASSIVE)")

    @property
    def raw(self) -> Any:
        """The driver's connection: for SQLAlchemy (migrations) and online backup only."""
        return self._raw

    def close(self) -> None:
        """Close; a transaction still open is rolled back."""
        self._raw.close()


@contextmanager
def transaction(connection: Connection) -> Generator[None]:
    """Everything or nothing. Takes the write lock at once, so that it cannot fail later."""
    connection.run("BEGIN IMMEDIATE")
    try:
        yield
        connection.run("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.run("ROLLBACK")
        raise


@contextmanager
def savepoint(connection: Connection) -> Generator[None]:
    """A part of a transaction that can fail by itself."""
    connection.run("SAVEPOINT part")
    try:
        yield
    except BaseException:
        # A full disk may have rolled everything back already.
        if connection.in_transaction:
            connection.run("ROLLBACK TO part")
            connection.run("RELEASE part")
        raise
    connection.run("RELEASE part")


_PROBLEMS: tuple[tuple[str, type[CrmError], str], ...] = (
    (
        "file is not a database",
        WrongKeyOrDamaged,
        tr_noop(
            "'{path}' cannot be opened: its key is another one, or the file is damaged. "
            "Restore a backup, or sign in again into a new profile."
        ),
    ),
    (
        "disk image is malformed",
        WrongKeyOrDamaged,
        tr_noop("'{path}' is damaged. Run 'crm-desktop doctor', or restore a backup."),
    ),
    (
        "is locked",
        Unavailable,
        tr_noop("'{path}' is in use by another program; close it and try again."),
    ),
    (
        "is full",
        Unavailable,
        tr_noop("The disk of '{path}' is full; make room and try again. Nothing was lost."),
    ),
    (
        "readonly",
        Unavailable,
        tr_noop("'{path}' may not be written to; check the rights of the file and its folder."),
    ),
    (
        "unable to open",
        Unavailable,
        tr_noop("'{path}' cannot be opened; check that its folder exists and may be written to."),
    ),
    (
        "disk i/o error",
        Unavailable,
        tr_noop("The disk failed while reading or writing '{path}'; try again, then check it."),
    ),
    ("interrupted", Unavailable, tr_noop("The query on '{path}' was interrupted.")),
)


def problem_of(error: Exception, path: Path) -> CrmError:
    """The sentence for a failure of SQLite."""
    words = str(error).lower()
    for part, kind, template in _PROBLEMS:
        if part in words:
            return kind(template, path=str(path))
    storable = (
        OverflowError, _driver.IntegrityError, _driver.InterfaceError, _driver.DataError,
        _driver.ProgrammingError,
    )  # fmt: skip
    if isinstance(error, storable):
        return NotStorable(tr_noop("A value cannot be stored: {detail}."), detail=str(error))
    return Bug(tr_noop("The database refused a statement: {detail}."), detail=str(error))
