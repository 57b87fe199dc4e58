"""Eight writers at once, and a reader who follows the feed: nothing committed is skipped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import Unavailable
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import PushRequest
from crm_server.service import Service
from crm_server.store import ServerStore
from tests.server.world import Device, World, make_acme

WRITERS = 8
PUSHES = 12


class Ids:
    """Ids for many threads: a counter under a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Iterator[int] = count(1)

    def __call__(self) -> RecordId:
        with self._lock:
            return RecordId(f"{next(self._numbers):032x}")


def test_a_reader_of_the_feed_misses_nothing_that_eight_writers_commit(store: ServerStore) -> None:
    world = World(store)
    acme = make_acme(world)
    ids = Ids()
    service = Service(store, clock=lambda: world.time, new_id=ids)
    writers = [world.device("nancy") for _ in range(WRITERS)]
    acme.nancy.pull()
    with ThreadPoolExecutor(WRITERS) as pool:
        jobs = [pool.submit(write, service, device, acme.nancy.epoch, ids) for device in writers]
        while not all(job.done() for job in jobs):
            acme.nancy.pull()  # compares the digest each time
    written = {account for job in jobs for account in job.result()}
    acme.nancy.pull()
    assert len(written) == WRITERS * PUSHES
    assert {row.id for row in acme.nancy.of_kind("account")} == written
    assert all(row.body["phone"] == "222" for row in acme.nancy.of_kind("account"))


def write(service: Service, device: Device, epoch: str, ids: Ids) -> list[RecordId]:
    made: list[RecordId] = []
    for _ in range(PUSHES):
        account = ids()
        made.append(account)
        insert = Change("account", account, Op.INSERT, {"name": "A", "phone": "111"})
        edit = Change("account", account, Op.SET, {"phone": "222"}, {"phone": "111"})
        for change in (insert, edit):
            changeset = ChangeSet(ChangeSetId(ids()), (change,))
            answer = service.push(device.who, PushRequest(epoch, 1, (changeset,)))
            assert answer.results[0].result == "applied"
    return made


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_writer_whose_connection_is_killed_leaves_no_trace(world: World) -> None:
    acme = make_acme(world)
    before = acme.nancy.cursor
    with pytest.raises(Unavailable):
        write_and_die(world.store)
    acme.nancy.pull()
    assert acme.nancy.cursor == before
    assert acme.nancy.push(acme.nancy.insert("account", name="After")).result == "applied"


def write_and_die(store: ServerStore) -> None:
    with store.write() as (tx, _):
        pid = tx.row("SELECT pg_backend_pid()")
        assert pid is not None
        tx.run("UPDATE clock SET seq = seq + 1")
        with store.engine.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid[0]})")
        tx.run("UPDATE clock SET seq = seq + 1")


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_connections_that_ended_while_nobody_used_them_are_not_noticed(world: World) -> None:
    acme = make_acme(world)
    with world.store.read(), world.store.read():
        pass
    with world.store.engine.connect() as other:
        other.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND state = 'idle' AND datname = current_database()"
        )
        acme.nancy.account()
    assert len(acme.nancy.of_kind("account")) == 1
