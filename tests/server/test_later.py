"""A large push lets the next one on before the disk has it; nothing of it is told before."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import Unavailable
from crm_core.ids import RecordId
from crm_core.wire import PushRequest, PushResponse
from crm_server import later
from crm_server.pushing import Pushed
from crm_server.store import ServerStore, sqlite_url
from tests.server.world import Acme, Device, World, make_acme

PATIENCE_S = 20.0
A_MOMENT_S = 0.2
EPOCH = "e" * 32


class Disk:
    """A disk that takes over the log when the test lets it, and keeps a copy of what it took."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kept = 0
        self.fails = False
        self.asked = threading.Semaphore(0)
        self.let_go = threading.Event()

    def take_over(self, _handle: int) -> None:
        self.asked.release()
        assert self.let_go.wait(PATIENCE_S)
        if self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.kept += 1
        for file in self._folder.glob("acme.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, self.copy(self.kept) / file.name)

    def copy(self, number: int) -> Path:
        folder = self._folder / f"copy-{number}"
        folder.mkdir(exist_ok=True)
        return folder


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk(tmp_path)
    monkeypatch.setattr(later, "_to_disk", made.take_over)
    return made


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    store = ServerStore(sqlite_url(tmp_path / "acme.sqlite"))
    store.create(organisation="Acme", slug="acme", epoch=EPOCH, at="2026-11-20T08:00:00Z")
    with closing(store):
        yield make_acme(World(store))


def edit(device: Device, account: RecordId, phone: str) -> ChangeSet:
    seen = device.rows[("account", account)].seq
    return device.changeset(Change("account", account, Op.SET, {"phone": phone}, {}, seen))


def push(
    acme: Acme, changeset: ChangeSet, taken: threading.Event, behind: str = ""
) -> PushResponse:
    request = PushRequest(acme.nancy.epoch, 1, (changeset,), behind=behind)
    pushed = Pushed(acme.nancy.who, request)
    (answer,) = acme.world.service.push_together((pushed,), taken.set)
    assert isinstance(answer, PushResponse), answer
    return answer


def phone_in(store: ServerStore, account: RecordId) -> str:
    sql = "SELECT json_extract(body, '$.phone') FROM record WHERE id=?"
    with store.read() as tx:
        found = tx.row(sql, (account,))
    assert found is not None
    return found[0]


def test_the_next_writer_goes_on_and_whoever_reads_waits_for_the_disk(
    acme: Acme, disk: Disk
) -> None:
    account = acme.nancy.account("Alfreds", phone="0")
    one, two = edit(acme.nancy, account, "1"), edit(acme.nancy, account, "1")
    taken, taken_too = threading.Event(), threading.Event()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(push, acme, one, taken)
        assert taken.wait(PATIENCE_S)
        second = pool.submit(push, acme, two, taken_too, one.id)
        assert taken_too.wait(PATIENCE_S), "the second waits for the first one's disk"
        reader = pool.submit(phone_in, acme.world.store, account)
        other = pool.submit(acme.world.service.register_device, acme.nancy.who.user, "d" * 32)
        threading.Event().wait(A_MOMENT_S)
        told = [one.done() for one in (first, second, reader, other)]
        disk.let_go.set()
        assert told == [False] * 4
        assert first.result().results[0].result == "applied"
        assert second.result().results[0].result == "applied"
        assert reader.result() == "1"
        other.result()


def test_what_is_answered_the_disk_has(acme: Acme, disk: Disk) -> None:
    account = acme.nancy.account("Alfreds", phone="0")
    disk.let_go.set()
    answer = push(acme, edit(acme.nancy, account, "1"), threading.Event())
    assert answer.results[0].result == "applied"
    with closing(ServerStore(sqlite_url(disk.copy(disk.kept) / "acme.sqlite"))) as left:
        assert phone_in(left, account) == "1"


def test_after_the_disk_has_failed_nothing_is_told_any_more(acme: Acme, disk: Disk) -> None:
    account = acme.nancy.account("Alfreds", phone="0")
    disk.fails = True
    disk.let_go.set()
    with pytest.raises(Unavailable):
        push(acme, edit(acme.nancy, account, "1"), threading.Event())
    disk.fails = False
    with pytest.raises(Unavailable):
        phone_in(acme.world.store, account)
    with pytest.raises(Unavailable):
        push(acme, edit(acme.nancy, account, "2"), threading.Event())
    with pytest.raises(Unavailable):
        acme.world.service.register_device(acme.nancy.who.user, "d" * 32)


def test_what_writes_next_on_a_connection_is_written_through(acme: Acme, disk: Disk) -> None:
    account = acme.nancy.account("Alfreds", phone="0")
    disk.let_go.set()
    push(acme, edit(acme.nancy, account, "1"), threading.Event())
    assert disk.kept == 1
    with ExitStack() as all_of_the_pool:
        for _ in range(4):
            tx = all_of_the_pool.enter_context(acme.world.store.read())
            assert tx.row("PRAGMA synchronous") == (2,)
    acme.nancy.send(edit(acme.nancy, account, "2"))
    assert disk.kept == 1, "SQLite itself waits for the disk"
