"""The log of a large file gets its room before anybody writes, and nothing else changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_server.room import SHARE_OF_FILE, make_room

MIB = 1024 * 1024


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """A file of some MiB that a connection holds open."""
    path = tmp_path / "a.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE kept (filled BLOB)")
    connection.execute("INSERT INTO kept VALUES (zeroblob(?))", (2 * SHARE_OF_FILE * MIB,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield path
    connection.close()


def log_bytes(path: Path) -> int:
    log = path.with_name(f"{path.name}-wal")
    return log.stat().st_size if log.exists() else 0


def test_a_large_files_log_is_long_before_anything_is_written(database: Path) -> None:
    before = database.read_bytes()
    make_room(database)
    assert log_bytes(database) >= 2 * MIB
    assert database.read_bytes() == before
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]
        connection.execute("INSERT INTO kept VALUES (x'01')")
    room = log_bytes(database)
    make_room(database)
    assert log_bytes(database) == room


def test_where_somebody_writes_the_server_starts_all_the_same(
    database: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("crm_server.room.PATIENCE_S", 0.0)
    with sqlite3.connect(database, isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        make_room(database)
        writer.execute("ROLLBACK")
    assert log_bytes(database) == 0
    assert "OperationalError" in caplog.text


def test_a_small_files_log_stays_short(tmp_path: Path) -> None:
    path = tmp_path / "small.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        make_room(path)
        assert log_bytes(path) < MIB
