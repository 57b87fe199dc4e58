"""One open database file: its identity, its one writer, its readers and its small settings."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue

import msgspec
import uuid_utils

from crm_core.errors import Bug, NotFound, Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_desktop.models import created, indexes, search_tables
from crm_desktop.models.connection import LATER, SAFE, Connection, transaction
from crm_desktop.models.identity import IDENTITY, Identity, identity_in
from crm_desktop.models.meta import set_meta

NUDGE_S = 0.005
"""How long a writer waits for work behind before it interrupts it again."""

READERS_KEPT = 3
"""Idle readers kept open: two lanes and one to spare; more are opened when asked for."""


class NewerVersion(UserProblem):
    """A newer version of the application wrote the file."""


class GaveWay(Unavailable):
    """Work behind was rolled back, since somebody else wanted to write."""


Clock = Callable[[], dt.datetime]
NewId = Callable[[], RecordId]


def utc_now() -> dt.datetime:
    """The device's clock."""
    return dt.datetime.now(dt.UTC)


def new_uuid7() -> RecordId:
    """A fresh UUIDv7."""
    return RecordId(uuid_utils.uuid7().hex)


class Store:
    """One open database file. `write` belongs to one thread at a time; `reader` to anybody. `turns`
    counts who wrote: work behind compares it, since what it read before may have changed. `safety`
    says when an ordinary commit returns."""

    def __init__(self, path: Path, key: bytes, write: Connection, clock: Clock, new_id: NewId):
        self.path = path
        self.write = write
        self.clock = clock
        self.new_id = new_id
        self._key = key
        self._readers: LifoQueue[Connection] = LifoQueue()
        self._lock = threading.Lock()
        self._nudge = threading.Lock()
        self._wanted = 0
        self.turns = 0
        self._is_behind = False
        self._closed = False
        self.safety = SAFE
        self.identity = identity_in(write)

    @classmethod
    def create(
        cls, path: Path, key: bytes, identity: Identity, *, clock: Clock = utc_now,
        new_id: NewId = new_uuid7, indexed: bool = True,
    ) -> Store:  # fmt: skip
        """A new, empty, encrypted file. Raises UserProblem where there is one already. Without
        `indexed` some of its indexes are left for later (`models.indexes`)."""
        if path.exists():
            raise UserProblem(tr_noop("'{path}' exists already."), path=str(path))
        write = Connection(path, key)
        try:
            with transaction(write):
                for statement in created.DDL.split(";\n"):
                    if statement.strip() and (indexed or not indexes.is_for_later(statement)):
                        write.run(statement)
                search_tables.settle(write)
                write.run("INSERT INTO sync_state (one) VALUES (1)")
                text = msgspec.json.encode(identity).decode()
                write.run("INSERT INTO meta (name, value) VALUES (?, ?)", (IDENTITY, text))
                write.run(f"PRAGMA user_version={created.VERSION}")
        except BaseException:
            write.close()
            raise
        return cls(path, key, write, clock, new_id)

    @classmethod
    def open(
        cls, path: Path, key: bytes, *, clock: Clock = utc_now, new_id: NewId = new_uuid7
    ) -> Store:
        """Open a file, bringing it to today's schema (with a backup before).

        Raises NotFound, WrongKeyOrDamaged, NewerVersion (all UserProblem) or Unavailable.
        """
        if not path.exists():
            raise NotFound(tr_noop("There is no database '{path}'."), path=str(path))
        write = Connection(path, key)
        try:
            version = int(write.value("PRAGMA user_version"))
            _refuse_newer(path, version)
            if version < created.VERSION:
                # SQLAlchemy and Alembic load only when there is something to migrate.
                from crm_desktop.models.migrations.migrate import migrate

                migrate(write, path, key, version)
            return cls(path, key, write, clock, new_id)
        except BaseException:
            write.close()
            raise

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """One write transaction. Transactions do not nest; a second thread waits its turn."""
        with self.exclusive() as connection, transaction(connection):
            yield connection

    @contextmanager
    def writing_later(self) -> Generator[Connection]:
        """A write transaction that a power cut may undo: for what the next run finds out again."""
        with self.exclusive(LATER) as connection, transaction(connection):
            yield connection

    @contextmanager
    def writing_behind(self) -> Generator[Connection]:
        """A write transaction that gives way: whoever else wants to write interrupts it, however
        much it has done. Raises GaveWay when that happened. Between its statements it is to call
        `give_way`."""
        if self._closed:
            raise Bug(tr_noop("The store is closed."))
        with self._lock:
            self.write.commit_when(LATER)
            try:
                self.write.run("BEGIN IMMEDIATE")
                with self._open_to_nudges():
                    yield self.write
                    self.give_way()
                    self.write.run("COMMIT")
            except BaseException as error:
                if self.write.in_transaction:
                    self.write.run("ROLLBACK")
                if self._wanted and isinstance(error, Unavailable):
                    raise _gave_way(self.path) from error
                raise

    def give_way(self) -> None:
        """For work behind: end here if somebody else wants to write. Raises GaveWay."""
        if self._wanted:
            raise _gave_way(self.path)

    @contextmanager
    def _open_to_nudges(self) -> Generator[None]:
        """Only between these two marks is a statement interrupted: never a rollback, and never
        one of a person's own."""
        with self._nudge:
            self._is_behind = True
        try:
            yield
        finally:
            with self._nudge:
                self._is_behind = False

    def _take(self) -> None:
        """The right to write; work behind is interrupted for it."""
        self._acquire()
        self.turns += 1

    def _acquire(self) -> None:
        if self._lock.acquire(blocking=False):
            return
        with self._nudge:
            self._wanted += 1
        try:
            while True:
                with self._nudge:
                    if self._is_behind:
                        self.write.interrupt()
                if self._lock.acquire(timeout=NUDGE_S):
                    return
        finally:
            with self._nudge:
                self._wanted -= 1

    @contextmanager
    def exclusive(self, safety: str = "") -> Generator[Connection]:
        """The right to write without a transaction: whoever else wants to write here waits. Commits
        return as `safety` says, if it does."""
        if self._closed:
            raise Bug(tr_noop("The store is closed."))
        self._take()
        try:
            self.write.commit_when(safety or self.safety)
            yield self.write
        finally:
            self._lock.release()

    def move_to(self, path: Path) -> None:
        """Go on with another file of the same profile; only within `exclusive`. What is being read
        in the former one is read to its end."""
        former, self.write = self.write, Connection(path, self._key)
        self.path = path
        former.close()
        while True:
            try:
                self._readers.get_nowait().close()
            except Empty:
                return

    @contextmanager
    def reader(self) -> Generator[Connection]:
        """A snapshot of the file as it is now, which no write disturbs."""
        connection = self._borrowed()
        try:
            connection.run("BEGIN")
            yield connection
        finally:
            if connection.in_transaction:
                connection.run("ROLLBACK")
            self._give_back(connection)

    def _borrowed(self) -> Connection:
        try:
            return self._readers.get_nowait()
        except Empty:
            return Connection(self.path, self._key)

    def _give_back(self, connection: Connection) -> None:
        is_former = connection.path != self.path
        if self._closed or is_former or self._readers.qsize() >= READERS_KEPT:
            connection.close()
        else:
            self._readers.put(connection)

    def meta(self, name: str) -> str | None:
        """A small setting or secret kept inside the encrypted file."""
        connection = self._borrowed()
        try:
            return connection.value("SELECT value FROM meta WHERE name = ?", (name,))
        finally:
            self._give_back(connection)

    def set_meta(self, name: str, value: str | None) -> None:
        """Keep a small setting; None forgets it."""
        with self.writing() as connection:
            if value is None:
                connection.run("DELETE FROM meta WHERE name = ?", (name,))
            else:
                set_meta(connection, name, value)

    def meta_names(self, prefix: str) -> tuple[str, ...]:
        """The names of the small settings that begin so."""
        with self.reader() as connection:
            found = connection.rows(
                "SELECT name FROM meta WHERE substr(name, 1, ?) = ? ORDER BY name",
                (len(prefix), prefix),
            )
        return tuple(row[0] for row in found)

    def set_identity(self, identity: Identity) -> None:
        """Take over what the server says of this device after signing in again."""
        self.set_meta(IDENTITY, msgspec.json.encode(identity).decode())
        self.identity = identity

    def checkpoint(self) -> None:
        """Copy the write-ahead log back into the file; writers go on meanwhile."""
        connection = self._borrowed()
        try:
            connection.checkpoint()
        finally:
            self._give_back(connection)

    def remove_copies(self) -> None:
        """Remove what was kept of this file from before it was brought to a newer schema."""
        for copy in self.path.parent.glob(f"{self.path.name}.before-*"):
            copy.unlink(missing_ok=True)

    def now(self) -> str:
        """The present moment in canonical form."""
        return instant_of(self.clock())

    @property
    def key(self) -> bytes:
        """The raw key: for backups and a second connection of the same profile."""
        return self._key

    def close(self) -> None:
        """Close all connections; calling it again does nothing."""
        if self._closed:
            return
        self._take()
        try:
            self._closed = True
            while not self._readers.empty():
                self._readers.get_nowait().close()
            self.write.close()
        finally:
            self._lock.release()


def _gave_way(path: Path) -> GaveWay:
    return GaveWay(tr_noop("The query on '{path}' was interrupted."), path=str(path))


def _refuse_newer(path: Path, version: int) -> None:
    if version > created.VERSION:
        raise NewerVersion(
            tr_noop(
                "'{path}' was written by a newer version of the application (schema {found}, this"
                " one knows {known}); please update it."
            ),
            path=str(path), found=version, known=created.VERSION,
        )  # fmt: skip
