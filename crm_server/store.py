"""One organisation's database: transactions, the clock, and the two dialects behind one SQL.

Statements are written once, in PostgreSQL's words with `?` for a value; SQLite gets them
translated. Where one says `?::jsonb`, SQLite takes JSON as it was encoded (`msgspec.Raw`), and
gives it so where one says `body::varchar`: nobody makes a text of the bytes in between.

Every writing transaction takes the clock first, so the writers of one organisation are serial on
both stores and the feed can skip nothing (sync.md §2.2).
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import Engine, PoolProxiedConnection, make_url
from sqlalchemy.schema import CreateSchema
from typing_extensions import override

from crm_core.errors import NotFound, Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_server.checkpoints import Checkpoints
from crm_server.engines import NO_ANSWER, OPERATIONAL, connected, open_engine, waiting_at_most
from crm_server.later import WRITE_BEHIND, WRITE_THROUGH, Later
from crm_server.postgres import Exchange
from crm_server.tables import STORE_VERSION, metadata

SEQS_PER_SECOND_BITS = 24

COMPACT_WAIT_MS = 2_000
"""How long whoever writes the file anew waits for others; meanwhile nobody else may write."""

RESTORE_JUMP = 1 << 32
"""How far a restore moves the clock on, past all that the lost history can have used."""

ROWS_AT_ONCE = 25
"""So many rows one statement writes into SQLite: beginning and ending it costs as much as a row."""

SLUG = re.compile(r"[a-z0-9-]{1,40}\Z")

_encode = msgspec.json.Encoder().encode
_ranges = msgspec.json.Decoder(tuple[tuple[int, int], ...]).decode

Params = Sequence[Any]
_T = TypeVar("_T")
Answer = Callable[[], list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Clock:
    """The organisation's clock row. `restored`: the ranges of seq whose history was lost."""

    seq: int
    epoch: str
    gc_floor: int
    restored: tuple[tuple[int, int], ...]
    directory_seq: int
    version: int
    organisation: str
    slug: str

    @property
    def restored_at_seq(self) -> int:
        """The seq of the backup last restored; 0 where there was none."""
        return self.restored[-1][0] if self.restored else 0

    def is_lost(self, seq: int) -> bool:
        """Whether a version number belongs to history that the server lost."""
        return bool(self.restored) and any(low < seq <= high for low, high in self.restored)

    def still_known(self, seq: int) -> int:
        """A place in the feed; of history that the server lost, what came before the loss."""
        for low, high in self.restored:
            seq = low if low < seq <= high else seq
        return seq


class Tx:
    """One transaction on one connection."""

    def __init__(self, connection: Any) -> None:
        self._cursor = connection.cursor()

    def ask(self, sql: str, params: Params = ()) -> Answer:
        """A query whose rows are needed later: PostgreSQL gets it with the next ones."""
        rows = self._asked(sql, params).fetchall()
        return lambda: rows

    def rows(self, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; a list among the values answers to `= ANY(?)`."""
        return self._asked(sql, params).fetchall()

    def row(self, sql: str, params: Params = ()) -> tuple[Any, ...] | None:
        """The first row of a query."""
        return self._asked(sql, params).fetchone()

    def _asked(self, sql: str, params: Params) -> Any:
        return self._cursor.execute(_for_sqlite(sql), _values(params))

    def run(self, sql: str, params: Params = ()) -> int:
        """Execute a statement; the number of rows it touched."""
        return self._cursor.execute(_for_sqlite(sql), _values(params)).rowcount

    def many(self, sql: str, rows: Sequence[Params]) -> None:
        """Execute a statement for each of many rows, at the latest at the transaction's end."""
        together = len(rows) // ROWS_AT_ONCE * ROWS_AT_ONCE if " VALUES (" in sql else 0
        if together:
            some = portions(rows[:together], ROWS_AT_ONCE)
            self._cursor.executemany(_at_once(sql), ([*chain.from_iterable(x)] for x in some))
        if together < len(rows):
            self._cursor.executemany(_for_sqlite(sql), rows[together:])

    def clock(self) -> Clock:
        """The clock as this transaction sees it."""
        return ask_clock(self)()


class _SeenTx(Tx):
    """One transaction on SQLite that only reads: what it sees, the disk has."""

    def __init__(self, connection: Any, later: Later) -> None:
        super().__init__(connection)
        self._later: Later | None = later

    @override
    def _asked(self, sql: str, params: Params) -> Any:
        cursor = super()._asked(sql, params)
        if self._later is not None:  # once: the first answer decides what the transaction sees
            self._later.wait()
            self._later = None
        return cursor


class _PostgresTx(Tx):
    """One transaction on PostgreSQL."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @override
    def ask(self, sql: str, params: Params = ()) -> Answer:
        return self._exchange.ask(_for_postgres(sql), params)

    @override
    def rows(self, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        return self.ask(sql, params)()

    @override
    def row(self, sql: str, params: Params = ()) -> tuple[Any, ...] | None:
        found = self.ask(sql, params)()
        return found[0] if found else None

    @override
    def run(self, sql: str, params: Params = ()) -> int:
        return self._exchange.touched(_for_postgres(sql), params)

    @override
    def many(self, sql: str, rows: Sequence[Params]) -> None:
        words = _for_postgres(sql)
        for row in rows:
            self._exchange.write(words, row)


def _values(params: Params) -> Params:
    return [_encode(x).decode() if isinstance(x, list) else x for x in params]


class ServerStore:
    """One organisation's tables: one SQLite file, or one schema of a PostgreSQL database."""

    def __init__(self, url: str, *, organisation: str = "", engine: Engine | None = None) -> None:
        self.url = url
        self.postgres = make_url(url).get_backend_name() == "postgresql"
        self.schema = schema_of(organisation) if self.postgres else ""
        self._own_engine = engine is None
        self.engine = engine or open_engine(url)
        self._checkpoints = None if self.postgres else Checkpoints(self.engine)
        self._later = Later(make_url(url).database or "")

    def close(self) -> None:
        """Give all connections back."""
        if self._checkpoints is not None:
            self._checkpoints.close()
        if self._own_engine:
            self.engine.dispose()

    def create(self, *, organisation: str, slug: str, epoch: str, at: str) -> None:
        """Make the tables and the clock of a new organisation."""
        self.create_tables()
        with self._transaction(_BEGIN_WRITE) as tx:
            if tx.row("SELECT 1 FROM clock"):
                raise UserProblem(tr_noop("There is an organisation here already."))
            tx.run(
                "INSERT INTO clock(one,seq,epoch,gc_floor,restored,directory_seq,version,"
                "organisation,slug,created_at) VALUES (1,0,?,0,'[]',0,?,?,?,?)",
                (epoch, STORE_VERSION, organisation, slug, at),
            )

    def create_tables(self) -> None:
        """Make every table that is missing."""
        with connected(self.engine) as connection:
            if not self.postgres:
                metadata.create_all(connection)
                return
            connection.execute(CreateSchema(self.schema, if_not_exists=True))
            placed = connection.execution_options(schema_translate_map={None: self.schema})
            metadata.create_all(placed)

    def compact(self) -> bool:
        """Write the file anew, so that nothing lies in it that was taken out; False where others
        are in the way just now. PostgreSQL does that by itself, behind its writers."""
        if self.postgres:
            return True
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            with waiting_at_most(COMPACT_WAIT_MS, cursor):
                cursor.execute("VACUUM")
                return not cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except OPERATIONAL:
            return False
        finally:
            connection.close()

    @contextmanager
    def read(self) -> Generator[Tx]:
        """One snapshot for reading."""
        with self._transaction(_BEGIN_READ) as tx:
            yield tx

    @contextmanager
    def write(
        self,
        ahead: Callable[[Tx], None] | None = None,
        taken: Callable[[], None] | None = None,
    ) -> Generator[tuple[Tx, Clock]]:
        """A writing transaction, with the clock taken first and held to the end. What `ahead` asks
        is sent behind the clock's question, in one exchange with it. On SQLite `taken` is called
        when the next writer may go on, before the disk has this one (adr/0065)."""
        with self._transaction(_BEGIN_WRITE, taken) as tx:
            asked = ask_clock(tx, "" if not self.postgres else " FOR UPDATE")
            if ahead is not None:
                ahead(tx)
            yield tx, asked()

    @contextmanager
    def note(self) -> Generator[Tx]:
        """A writing transaction beside the feed (devices, tokens): it stamps no seq."""
        with self._transaction(_BEGIN_WRITE) as tx:
            yield tx

    @contextmanager
    def _transaction(
        self, begin: tuple[str, str], taken: Callable[[], None] | None = None
    ) -> Generator[Tx]:
        made = self._on_postgres(begin[1]) if self.postgres else self._on_sqlite(begin[0], taken)
        try:
            with made as tx:
                yield tx
        except OPERATIONAL as error:
            if isinstance(error, ReadOnlySqlTransaction):
                self.engine.dispose()  # it writes no more: another one does, or soon will
            raise Unavailable(NO_ANSWER) from error

    @contextmanager
    def _on_postgres(self, begin: str) -> Generator[Tx]:
        exchange = Exchange(self.engine, begin, self.schema)
        try:
            yield _PostgresTx(exchange)
            exchange.commit()
        except BaseException:
            exchange.rollback()
            raise
        finally:
            exchange.close()

    @contextmanager
    def _on_sqlite(self, begin: str, taken: Callable[[], None] | None) -> Generator[Tx]:
        connection = self.engine.raw_connection()
        reads = begin is _BEGIN_READ[0]
        try:
            tx = _SeenTx(connection, self._later) if reads else Tx(connection)
            if taken is not None:
                tx.run(WRITE_BEHIND)
            tx.run(begin)
            yield tx
            if taken is not None:
                self._later.commit(lambda: tx.run("COMMIT"), taken)
            else:
                tx.run("COMMIT")
            if not reads:
                self._later.wait()
                if self._checkpoints is not None:
                    self._checkpoints.written()
        except BaseException:
            _or_let_go(connection, connection.rollback)
            raise
        finally:
            if taken is not None:
                _or_let_go(connection, lambda: connection.cursor().execute(WRITE_THROUGH))
            connection.close()


def _or_let_go(connection: PoolProxiedConnection, act: Callable[[], object]) -> None:
    try:
        act()
    except OPERATIONAL:
        connection.invalidate()


_BEGIN_READ = ("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
_BEGIN_WRITE = ("BEGIN IMMEDIATE", "BEGIN")
"""For SQLite, for PostgreSQL."""


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def schema_of(slug: str) -> str:
    """The PostgreSQL schema of an organisation."""
    if not SLUG.match(slug):
        raise UserProblem(
            tr_noop("'{slug}' is not a short name: small letters, digits and '-', at most 40."),
            slug=slug[:60],
        )
    return f"crm_{slug}"


def next_seq_range(clock: Clock, at: dt.datetime, given_out: int = 0) -> Clock:
    """The clock after a restore: past everything that the lost history may have used.

    Two restores of one backup must not give the same numbers to different histories, so the jump
    lands where the time says: no server stamps 2^24 rows in a second. Where the clock on the wall
    may have gone back since, `given_out`, the last number of the lost history, says more.
    """
    beyond = max(clock.seq, given_out) + RESTORE_JUMP
    jumped = max(beyond, int(at.timestamp()) << SEQS_PER_SECOND_BITS)
    return replace(clock, seq=jumped, restored=(*clock.restored, (clock.seq, jumped)))


def write_clock(tx: Tx, clock: Clock) -> None:
    """Set the clock; only under its lock."""
    tx.many(
        "UPDATE clock SET seq=?, epoch=?, gc_floor=?, restored=?, directory_seq=?, version=?",
        [
            (
                clock.seq,
                clock.epoch,
                clock.gc_floor,
                json.dumps(clock.restored),
                clock.directory_seq,
                clock.version,
            )
        ],
    )


def ask_clock(tx: Tx, lock: str = "") -> Callable[[], Clock]:
    """The clock, when it is needed."""
    asked = tx.ask(
        "SELECT seq,epoch,gc_floor,restored,directory_seq,version,organisation,slug FROM clock"
        + lock
    )

    def answer() -> Clock:
        rows = asked()
        if not rows:
            raise NotFound(
                tr_noop("There is no organisation here yet; `crm-server init` makes one.")
            )
        (found,) = rows
        return Clock(found[0], found[1], found[2], _ranges(found[3]), *found[4:])

    return answer


@lru_cache(maxsize=512)
def _for_sqlite(sql: str) -> str:
    listed = sql.replace("= ANY(?)", "IN (SELECT value FROM json_each(?))")
    listed = listed.replace("string_agg(", "group_concat(")
    listed = listed.replace("?::jsonb", "CAST(? AS TEXT)")
    return listed.replace("body::varchar", "CAST(body AS BLOB)").replace("::text", "")


_VALUES = re.compile(r"VALUES (\(.*?\))(?= ON |$)")


@lru_cache(maxsize=512)
def _at_once(sql: str) -> str:
    """A statement that writes one row, for as many as are written at once."""
    return _for_sqlite(_VALUES.sub(lambda x: "VALUES " + ",".join([x[1]] * ROWS_AT_ONCE), sql))


@lru_cache(maxsize=512)
def _for_postgres(sql: str) -> str:
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))


def portions(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """As many at a time as one statement or one line may hold."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
