"""Push of many edits against the server's raw rate of writing the same rows in the same batches."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.machine import timed, watched
from tests.bench.stage import Stage, child
from tests.bench.table import Row, Target, middle, milliseconds

OF_RAW = Target(0.5, at_most=False)
ACCOUNTS_PER_EDIT = 20
"""The edits are spread over so many accounts each, as in life: no page holds only edited rows."""

TIMES_THIRD = Target(1.2)
EDITS_AT_ONCE = 200

WRITTEN = {"record": "seq", "history": "seq", "applied": "seq"}
"""The tables into which every edit writes a row, and the column that numbers those rows."""

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536", "wal_autocheckpoint=4000")


def measure(stage: Stage, runs: int, edits: int) -> list[Row]:
    """Edits a second through the whole way ÷ rows a second written bare."""
    pushes: list[float] = []
    raws: list[float] = []
    with watched() as load:
        for _ in range(runs):
            with stage.server(ACCOUNTS_PER_EDIT * edits) as server:
                profile = stage.profile(server)
                child("sync", profile)
                child("edit", profile, str(edits), str(ACCOUNTS_PER_EDIT))
                server.stop()
                before = copied(database_of(server.data), stage.scratch / "before.db")
                server.serve()
                made = child("push", profile)
                assert made["pushed"] == edits, made
                pushes.append(edits / made["seconds"])
                server.stop()
                raws.append(edits / written_raw(before, database_of(server.data), made["requests"]))
    measured = f"{middle(pushes):,.0f}/s [{min(pushes):,.0f}–{max(pushes):,.0f}]"
    against = f"raw {middle(raws):,.0f}/s [{min(raws):,.0f}–{max(raws):,.0f}]"
    # Each push against the raw rate measured right behind it: the machine's speed drifts.
    ratio = middle([push / raw for push, raw in zip(pushes, raws, strict=True)])
    return [Row(f"push of {edits} edits", measured, against, ratio, OF_RAW, load.foreign)]


def measure_first(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """A device's first push of some edits ÷ its third, whichever took longer."""
    first: list[float] = []
    third: list[float] = []
    edits = min(EDITS_AT_ONCE, accounts // ACCOUNTS_PER_EDIT // 2)
    with watched() as load, stage.server(accounts) as server:
        for _ in range(runs):
            profile = stage.profile(server)
            child("sync", profile)
            made = child("pushes", profile, str(edits), str(ACCOUNTS_PER_EDIT))["seconds"]
            first.append(made[0])
            third.append(made[-1])
    ratio = middle(first) / middle(third)
    return [Row(f"first push of {edits} edits", milliseconds(first), f"third {milliseconds(third)}",
                max(ratio, 1 / ratio), TIMES_THIRD, load.foreign)]  # fmt: skip


def database_of(data: Path) -> Path:
    """The server's SQLite file."""
    (file,) = data.glob("*.sqlite")
    return file


def copied(database: Path, target: Path) -> Path:
    """A copy of a database that nobody has open."""
    shutil.copyfile(database, target)
    return target


def written_raw(before: Path, after: Path, batches: int) -> float:
    """Seconds to write into `before` the rows that turned it into `after`, in so many batches."""
    with closing(sqlite3.connect(before, isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        seen = connection.execute("SELECT seq FROM clock").fetchone()[0]
        parts = [new_rows(after, table, column, seen) for table, column in WRITTEN.items()]

        def write() -> None:
            for number in range(batches):
                connection.execute("BEGIN IMMEDIATE")
                for sql, rows in parts:
                    size = -(-len(rows) // batches)
                    connection.executemany(sql, rows[number * size : (number + 1) * size])
                connection.execute("COMMIT")

        return timed(write)[0]


def new_rows(after: Path, table: str, column: str, seen: int) -> tuple[str, list[Any]]:
    """The statement that writes a table's rows, and those that are newer than `seen`."""
    with closing(sqlite3.connect(after)) as connection:
        cursor = connection.execute(
            f"SELECT * FROM {table} WHERE {column} > ? ORDER BY {column}", (seen,)
        )
        rows = cursor.fetchall()
        places = ", ".join("?" for _ in cursor.description)
    return f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows
