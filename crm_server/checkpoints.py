"""Copies a SQLite file's log back into it behind the writers, so that none of them waits for it."""

from __future__ import annotations

import logging
import sqlite3
import threading

from sqlalchemy import Engine

log = logging.getLogger("crm_server")

EVERY_S = 0.5
"""Between two checkpoints while there is writing."""
LOG_PAGES_MAX = 40_000
"""From here on a writer copies the log itself: it grew faster than it could be copied."""
PATIENCE_S = 10.0


class Checkpoints:
    """A thread that is started by the first write and sleeps until the next one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._written = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def written(self) -> None:
        """Something was committed."""
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="checkpoints",
                                                    daemon=True)  # fmt: skip
                    self._thread.start()
        self._written.set()

    def close(self) -> None:
        """Let the thread end."""
        self._closing.set()
        self._written.set()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        while True:
            self._written.wait()
            if self._closing.wait(EVERY_S):
                return
            self._written.clear()
            self._copy()

    def _copy(self) -> None:
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.OperationalError as error:
            log.warning("the log could not be copied back: %s", type(error).__name__)
        finally:
            connection.close()
