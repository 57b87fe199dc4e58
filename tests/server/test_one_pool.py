"""Two organisations behind one pool: a connection carries nothing from one over to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import psycopg
import pytest
import sqlalchemy

from crm_core.errors import CrmError, Unavailable
from crm_server.store import ServerStore, Tx
from tests.support.postgres import Cluster

pytestmark = pytest.mark.postgres

SLUGS = ("acme", "other")
ROUNDS = 12
"""More than the five after which the driver prepares a statement on the server."""

Stores = dict[str, ServerStore]


@pytest.fixture(scope="module", params=[1, 3], ids=["one connection", "three connections"])
def stores(request: pytest.FixtureRequest, postgres: Cluster) -> Iterator[Stores]:
    url = postgres.create_database()
    engine = sqlalchemy.create_engine(url, pool_size=request.param, max_overflow=0)
    made = {slug: ServerStore(url, organisation=slug, engine=engine) for slug in SLUGS}
    for slug, store in made.items():
        store.create(organisation=slug, slug=slug, epoch=slug, at="2026-11-20T08:00:00Z")
    yield made
    engine.dispose()
    postgres.drop_database(url)


def seen(store: ServerStore) -> set[str]:
    """Everything that names an organisation, by reading and by writing."""
    with store.read() as tx:
        found = {tx.clock().slug, *(subject for (subject,) in tx.rows("SELECT subject FROM audit"))}
    with store.write() as (_, clock):
        return found | {clock.slug}


def leave_note(store: ServerStore, slug: str) -> None:
    with store.note() as tx:
        tx.run("INSERT INTO audit VALUES (gen_random_uuid()::text,'','','','',?)", (slug,))


def test_by_turns_each_sees_only_its_own_prepared_or_not(stores: Stores) -> None:
    for slug in islice(cycle(SLUGS), 2 * ROUNDS):
        leave_note(stores[slug], slug)
        assert seen(stores[slug]) == {slug}


def raise_ours(tx: Tx) -> None:
    raise Unavailable("in the middle")


def raise_any(tx: Tx) -> None:
    raise KeyboardInterrupt


def divide(tx: Tx) -> None:
    tx.run("SELECT 1/0")


def name_nothing(tx: Tx) -> None:
    tx.run("SELECT * FROM nothing")


def send_nul(tx: Tx) -> None:
    tx.run("SELECT ?::text", ("\0",))


def lose_connection(tx: Tx) -> None:
    tx.run("SELECT pg_terminate_backend(pg_backend_pid())")


def move_path(tx: Tx) -> None:
    tx.run('SET search_path TO "crm_other"')
    raise Unavailable("with a path that would have stuck")


FAILURES = (
    raise_ours, raise_any, divide, name_nothing, send_nul, lose_connection, move_path,
)  # fmt: skip


@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
def test_after_a_failure_in_the_middle_nothing_sticks(
    stores: Stores, fail: Callable[[Tx], None]
) -> None:
    for slug, other in (SLUGS, SLUGS[::-1]):
        for begin in (stores[slug].read, stores[slug].note):
            with pytest.raises((CrmError, KeyboardInterrupt, psycopg.Error)), begin() as tx:
                fail(tx)
            assert seen(stores[other]) == {other}
            assert seen(stores[slug]) == {slug}


def test_what_failed_half_way_was_never_written(stores: Stores) -> None:
    def fail(tx: Tx) -> None:
        tx.run("INSERT INTO audit VALUES ('a','','','','','half')")
        divide(tx)

    with pytest.raises(psycopg.Error), stores["acme"].note() as tx:
        fail(tx)
    assert seen(stores["acme"]) == {"acme"}


def test_a_connection_at_rest_names_no_organisation(stores: Stores) -> None:
    for store in stores.values():
        assert seen(store)
        raw = store.engine.raw_connection()
        path = raw.cursor().execute("SHOW search_path").fetchone()
        raw.close()
        assert path == ('"$user", public',)


def test_many_at_once_with_failures_between_see_only_their_own(stores: Stores) -> None:
    def work(number: int) -> set[str]:
        slug = SLUGS[number % 2]
        found: set[str] = set()
        for turn in range(ROUNDS):
            with (
                pytest.raises((CrmError, KeyboardInterrupt, psycopg.Error)),
                stores[slug].read() as tx,
            ):
                FAILURES[(number + turn) % len(FAILURES)](tx)
            found |= seen(stores[slug])
        return found

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [{slug} for slug in islice(cycle(SLUGS), 4)]
