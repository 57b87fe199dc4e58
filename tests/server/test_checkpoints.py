"""The log is copied back into the file behind the writers, by a thread that ends with its store."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from crm_server.checkpoints import EVERY_S
from crm_server.store import ServerStore, sqlite_url

PATIENCE_S = 20 * EVERY_S


def made(path: Path) -> ServerStore:
    store = ServerStore(sqlite_url(path))
    store.create(organisation="Northwind", slug="northwind", epoch="e", at="2026-11-22T08:00:00Z")
    return store


def threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "checkpoints"]


def test_what_was_committed_reaches_the_file_itself_without_another_write(tmp_path: Path) -> None:
    store = made(tmp_path / "a.sqlite")
    with store.note() as tx:
        tx.run("INSERT INTO number(kind,year,last) VALUES ('visit',2026,7)")
    assert alone(tmp_path / "a.sqlite", tmp_path / "early") in ([], [(7,)])
    until = time.monotonic() + PATIENCE_S
    while alone(tmp_path / "a.sqlite", tmp_path / "late") != [(7,)]:
        assert time.monotonic() < until, "the log was never copied back"
        time.sleep(EVERY_S / 5)
    store.close()


def alone(path: Path, copy: Path) -> list[tuple[int]]:
    """What the file holds without its log."""
    copy.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(f"file:{copy}?immutable=1", uri=True)) as connection:
        try:
            return connection.execute("SELECT last FROM number").fetchall()
        except sqlite3.DatabaseError:
            return []


def test_a_store_that_is_closed_leaves_no_thread(tmp_path: Path) -> None:
    before = threads()
    store = made(tmp_path / "a.sqlite")
    assert len(threads()) == len(before) + 1
    store.close()
    assert threads() == before


def test_a_store_that_is_only_read_starts_none(tmp_path: Path) -> None:
    made(tmp_path / "a.sqlite").close()
    before = threads()
    store = ServerStore(sqlite_url(tmp_path / "a.sqlite"))
    with store.read() as tx:
        assert tx.clock().organisation == "Northwind"
    assert threads() == before
    store.close()
