"""Room for a SQLite file's log before it is needed: a commit that only overwrites what the log's
file holds already waits half as long for the disk as one that makes the file longer."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

logger = logging.getLogger("crm_server")

ROOM_BYTES_MAX = 32 * 1024 * 1024
"""As much as 5,000 edits write."""
SHARE_OF_FILE = 6
"""No more than this part of the database: small ones have few writers."""

PATIENCE_S = 5.0
"""How long another writer is waited for."""

_STEP_BYTES = 1024 * 1024
_CACHE_PAGES = 64
"""So few that SQLite writes what it takes in into the log at once."""


def make_room(database: Path) -> None:
    """Make the log's file longer by a transaction that is taken back; where that fails, commits are
    slower. To be called while another connection is open: the last one to close removes the log.
    """
    try:
        _lengthen(database, database.with_name(f"{database.name}-wal"))
    except (sqlite3.OperationalError, OSError) as error:
        logger.warning("no room was made for the log: %s", type(error).__name__)


def _lengthen(database: Path, log: Path) -> None:
    room = min(ROOM_BYTES_MAX, _size_of(database) // SHARE_OF_FILE)
    if room < _STEP_BYTES or _size_of(log) >= room:
        return
    with closing(sqlite3.connect(database, timeout=PATIENCE_S, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA cache_size={_CACHE_PAGES}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE room (filled BLOB)")
        for _ in range(0, room, _STEP_BYTES):
            connection.execute("INSERT INTO room VALUES (zeroblob(?))", (_STEP_BYTES,))
        connection.execute("ROLLBACK")
    with log.open("r+b") as file:
        os.fsync(file.fileno())  # else the first commit would wait for all of it


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
