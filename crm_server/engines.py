"""Connections to the databases of both kinds: their pools, and how long one waits for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm_core.errors import Unavailable
from crm_core.i18n import tr_noop
from crm_server.checkpoints import LOG_PAGES_MAX

BUSY_TIMEOUT_MS = 30_000
MAPPED_BYTES = 1 << 30
"""So much of a SQLite file is read where the system holds it already, and not copied first."""
POOL_SIZE = 16
POOL_OVERFLOW = 16
"""Connections that are kept; further ones are opened anew each time."""

PATIENCE: Mapping[str, int] = {
    "connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}  # fmt: skip
"""After a quarter of a minute without a sign of life from its machine, PostgreSQL is taken for gone
(libpq's words, in seconds and milliseconds; the database's URL may say otherwise)."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # what was acknowledged survives a power cut
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-65536",
    f"PRAGMA mmap_size={MAPPED_BYTES}",
    f"PRAGMA wal_autocheckpoint={LOG_PAGES_MAX}",
)

sqlite3.register_adapter(msgspec.Raw, bytes)  # else each one's type is asked how it is taken

OPERATIONAL = (
    sqlite3.OperationalError, psycopg.OperationalError, OperationalError, PoolTimeout,
    ReadOnlySqlTransaction,
)  # fmt: skip
NO_ANSWER = tr_noop("The database does not answer.")


@contextmanager
def connected(engine: Engine) -> Generator[Connection]:
    """A transaction of SQLAlchemy's own, for what is no organisation's work."""
    try:
        with engine.begin() as connection:
            yield connection
    except OPERATIONAL as error:
        raise Unavailable(NO_ANSWER) from error


def open_engine(url: str) -> Engine:
    """The pool behind a database's URL; one serves all organisations of a PostgreSQL."""
    if make_url(url).get_backend_name() == "postgresql":
        named = make_url(url).query
        patience = {name: value for name, value in PATIENCE.items() if name not in named}
        engine = create_engine(
            url, pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW, connect_args=patience
        )
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        connect_args={"check_same_thread": False, "cached_statements": 256},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


@contextmanager
def waiting_at_most(milliseconds: int, cursor: Any) -> Generator[None]:
    """On a connection to SQLite: what is in the way is waited for no longer than this."""
    cursor.execute(f"PRAGMA busy_timeout={milliseconds}")
    try:
        yield
    finally:
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def is_sound_file(path: Path) -> bool:
    """Whether SQLite finds its pages and indexes in order."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # transactions are begun and ended by us alone
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _prepare_postgres(connection: psycopg.Connection, _: object) -> None:
    if connection.info.parameter_status("in_hot_standby") == "on":
        # What it shows may lie behind what devices have received.
        raise psycopg.OperationalError("the server is a standby")
    # What is kept ready on a connection is told to it in `Exchange`, and forgotten there.
    connection.prepare_threshold = None
