"""Commits of a SQLite file whose log reaches the disk behind them: the next writer is at work
meanwhile, and nothing of them is told before the disk has it (adr/0065)."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger("crm_server")

WRITE_BEHIND, WRITE_THROUGH = "PRAGMA synchronous=NORMAL", "PRAGMA synchronous=FULL"
"""Whether a connection's commits return when the system has them, or when the disk has."""

_FAILED = "disk I/O error"
# What takes over a file's contents, and of its description no more than is needed to find them.
_to_disk: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class Later:
    """The log of one file, and the commits in it that the disk may not have yet.

    Once the disk has failed, nobody knows what it holds: everything is refused from then on, until
    the server is started again.
    """

    def __init__(self, database: str) -> None:
        self._log = Path(f"{database}-wal")
        self._under_way: set[threading.Event] = set()
        self._has_failed = False

    def commit(self, commit: Callable[[], object], taken: Callable[[], None]) -> None:
        """Commit and return when the disk has it; what is `taken` is told before: others may build
        on it, but they return later. Raises sqlite3.OperationalError."""
        under_way = threading.Event()
        self._under_way.add(under_way)  # whoever can see the commit can see this
        try:
            commit()
            taken()
            self._bring()
        finally:
            self._under_way.discard(under_way)
            under_way.set()

    def wait(self) -> None:
        """Return when the disk has all that can be seen now. Raises sqlite3.OperationalError."""
        for one in tuple(self._under_way):
            one.wait()
        self._check()

    def _bring(self) -> None:
        self._check()
        try:
            with self._log.open("r+b") as file:
                _to_disk(file.fileno())
        except OSError as error:
            self._has_failed = True
            logger.exception("the log cannot be brought to the disk")
            raise sqlite3.OperationalError(_FAILED) from error

    def _check(self) -> None:
        if self._has_failed:
            raise sqlite3.OperationalError(_FAILED)
