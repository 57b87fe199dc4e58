"""Stores of simulated laptops: as they ship, or lighter, where no story can tell the difference."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any
from unittest.mock import patch

from typing_extensions import override

from crm_desktop.models import store
from crm_desktop.models.connection import Connection
from crm_desktop.models.store import Identity, Store
from tests.simulator.company import ORGANISATION, Person, device_id

KEY = bytes(range(32))
_WORKSHOP = "crm-simulator-"


@functools.cache
def workshop() -> Path:
    """Where files are made: memory where the platform has such a place."""
    shm = Path("/dev/shm")
    parent = shm if shm.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix=f"{_WORKSHOP}{os.getpid()}-", dir=parent))
    _sweep(folder.parent)
    # Worker processes run no `atexit`, but these.
    Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=1)
    return folder


def _sweep(place: Path) -> None:
    """Remove what processes left that were killed."""
    for folder in place.glob(f"{_WORKSHOP}*"):
        number = folder.name.removeprefix(_WORKSHOP).partition("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists() and Path("/proc").exists():
            shutil.rmtree(folder, ignore_errors=True)


class Light(Store):
    """Reads over the connection that writes, unless that is within a transaction: with one thread
    it shows the same, while a second one parses the schema, prepares every statement and reads
    every page once more."""

    @override
    def _borrowed(self) -> Connection:
        return super()._borrowed() if self.write.in_transaction else self.write

    @override
    def _give_back(self, connection: Connection) -> None:
        if connection is not self.write:
            super()._give_back(connection)


@contextmanager
def in_clear() -> Generator[None]:
    """Whatever is opened meanwhile is not encrypted: that happens below SQLite, where no step of
    the engine looks."""
    with patch.object(store, "Connection", InClear):
        yield


def is_in_clear() -> bool:
    """Whether what is opened now is not encrypted."""
    return store.Connection is InClear


class InClear(Connection):
    """A connection to a file that is not encrypted."""

    __slots__ = ()

    @override
    def _prepare(self, key: bytes) -> None:
        raw, self._raw = self._raw, _WithoutKey(self._raw)
        super()._prepare(key)
        self._raw = raw


class _WithoutKey:
    """The driver's connection, deaf to all that is said of keys."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def execute(self, sql: str) -> Any:
        is_about_keys = sql.startswith(("PRAGMA key", "PRAGMA cipher_"))
        return None if is_about_keys else self._raw.execute(sql)

    def close(self) -> None:
        self._raw.close()


def identity_of(name: str, person: Person) -> Identity:
    """Who signs in on this laptop, and where."""
    return Identity(person.id, person.login, device_id(name), ORGANISATION, "http://simulated")


@functools.cache
def template(name: str, person: Person, folder: Path, is_clear: bool) -> Path:
    """An empty store of this laptop, made once a process. `is_clear`: what `is_in_clear` says."""
    path = folder / f"template-{name}{'-clear' * is_clear}.db"
    Store.create(path, KEY, identity_of(name, person)).close()
    return path


@functools.cache
def template_of_second(name: str, person: Person, folder: Path) -> Path:
    """An empty second file of this laptop, with all of it still in its log as in one just made."""
    made, path = folder / f"second-{name}.db", folder / f"template-second-{name}.db"
    full = Store.create(made, KEY, identity_of(name, person), indexed=False)
    copy(made, path)
    full.close()
    return path


def copy(before: Path, after: Path) -> None:
    """Copy a file and its log."""
    for ending in ("", "-wal"):
        source = before.with_name(before.name + ending)
        if source.exists():
            shutil.copyfile(source, after.with_name(after.name + ending))
