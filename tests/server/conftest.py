"""The same tests on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from crm_server.store import ServerStore, open_engine, sqlite_url
from tests.fuzz.company import Company
from tests.server.emptied import Emptied
from tests.server.world import Acme, World, make_acme
from tests.support.postgres import Cluster

EPOCH = "e" * 32
CREATED_AT = "2026-11-20T08:00:00Z"


@pytest.fixture(scope="session")
def postgres_engine(postgres: Cluster) -> Iterator[sqlalchemy.Engine]:
    """One pool for all organisations of the tests."""
    url = postgres.create_database()
    engine = open_engine(url)
    yield engine
    engine.dispose()
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def emptied(postgres_engine: sqlalchemy.Engine) -> Emptied:
    """The tables of one organisation on PostgreSQL, which one test after the other gets empty."""
    return Emptied(postgres_engine)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerStore]:
    """An empty organisation on either store."""
    is_sqlite = request.param == "sqlite"
    tables = None if is_sqlite else request.getfixturevalue("emptied")
    made = tables.store() if tables else ServerStore(sqlite_url(tmp_path / "acme.sqlite"))
    made.create(organisation="Acme", slug="acme", epoch=EPOCH, at=CREATED_AT)
    if tables:
        tables.note(made)
    yield made
    if tables:
        tables.empty(made)
    made.close()


@pytest.fixture
def world(store: ServerStore) -> World:
    """Acme with its time and ids in the test's hand."""
    return World(store)


@pytest.fixture
def acme(world: World) -> Acme:
    """A company: two reps in a team with a lead, a lead of all territories, and the others."""
    return make_acme(world)


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """Two organisations; on PostgreSQL both in one database, behind one pool."""
    folder = tmp_path_factory.mktemp("forged") / "company"
    if request.param == "sqlite":
        made = Company(folder)
        yield made
        made.close()
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create_database()
    folder.mkdir()
    made = Company(folder, url)
    yield made
    made.close()
    cluster.drop_database(url)
