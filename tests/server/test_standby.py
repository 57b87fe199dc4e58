"""A PostgreSQL that fails over: nobody reads from a standby, and whoever may not write is left."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from crm_core.errors import Unavailable
from crm_server import postgres
from crm_server.engines import PATIENCE, open_engine
from crm_server.store import ServerStore
from tests.server.world import World
from tests.support.postgres import (
    Cluster,
    find_binaries,
    give_away,
    run,
    running,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres: Cluster, fresh_database: str) -> Iterator[ServerStore]:
    made = ServerStore(fresh_database, organisation="acme")
    made.create(organisation="Acme", slug="acme", epoch="e" * 32, at="2026-11-20T08:00:00Z")
    yield made
    made.close()


@contextlib.contextmanager
def lent(engine: Engine) -> Iterator[psycopg.Connection]:
    """A connection of the pool."""
    pooled = engine.raw_connection()
    try:
        assert isinstance(pooled.driver_connection, psycopg.Connection)
        yield pooled.driver_connection
    finally:
        pooled.close()


@contextlib.contextmanager
def standby_of(cluster: Cluster) -> Iterator[Cluster]:
    """A copy of a running cluster that stays in recovery."""
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="crm-standby-"))
    try:
        give_away(folder)
        data = folder / "data"
        run(binaries / "pg_basebackup", "-h", cluster.folder, "-U", "crm", "-D", data,
            "--checkpoint=fast", "--no-sync", cwd=folder)  # fmt: skip
        run(Path("/bin/sh"), "-c", f"touch {data}/standby.signal", cwd=folder)
        with running(binaries, folder, data):
            yield Cluster(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_a_standby_serves_nobody(store: ServerStore, postgres: Cluster) -> None:
    with standby_of(postgres) as standby:
        url = store.url.replace(str(postgres.folder), str(standby.folder))
        behind = ServerStore(url, organisation="acme")
        with pytest.raises(Unavailable) as told, behind.read() as tx:
            tx.clock()
        behind.close()
    assert "standby" in str(told.value.__cause__)


def test_a_connection_that_may_not_write_any_more_is_left(store: ServerStore) -> None:
    world = World(store)
    with lent(store.engine) as connection:
        pid = connection.info.backend_pid
        connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        connection.commit()
    with pytest.raises(Unavailable):
        world.team("Sales")
    world.team("Sales")
    with lent(store.engine) as connection:
        assert connection.info.backend_pid != pid


def test_a_silent_machine_is_given_up(fresh_database: str) -> None:
    engine = open_engine(f"{fresh_database}&connect_timeout=17")
    with lent(engine) as connection:
        said = connection.info.get_parameters()
    engine.dispose()
    assert said["connect_timeout"] == "17", "the URL's own word"
    assert said["tcp_user_timeout"] == str(PATIENCE["tcp_user_timeout"])


def test_a_postgresql_that_hangs_is_given_up(
    store: ServerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ANSWER_S_MAX", 0.3)
    with pytest.raises(Unavailable), store.read() as tx:
        tx.row("SELECT pg_sleep(20)")
    with store.read() as tx:
        assert tx.row("SELECT 1") == (1,)
