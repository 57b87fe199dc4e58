"""The tables of a server's SQLite file, copied from one that was made once in a process: making
them takes longer than most tests."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import make_url

from crm_server.store import ServerStore, sqlite_url

_make = ServerStore.create_tables


@contextmanager
def copied() -> Generator[None]:
    """Within the block, an organisation that has no file yet gets its tables as a copy."""
    with patch.object(ServerStore, "create_tables", _copy):
        yield


def _copy(store: ServerStore) -> None:
    path = Path(make_url(store.url).database or "")
    if store.postgres or path.exists() or not path.parent.is_dir():
        _make(store)
    else:
        path.write_bytes(_empty())


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        with closing(ServerStore(sqlite_url(path))) as made:
            _make(made)
        return path.read_bytes()
