"""A backup taken while everybody works is one moment of the store, and a damaged store comes back
from it with what the clients still have."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from crm_server import backup as backups
from crm_server.backup import backup
from crm_server.checking import check_store
from crm_server.organisations import Organisations
from crm_server.store import ServerStore
from tests.server.world import Acme


class Busy(threading.Thread):
    """Somebody who pushes an account with its task, both or none, again and again."""

    def __init__(self, acme: Acme) -> None:
        super().__init__(daemon=True)
        self._acme = acme
        self.pushed = 0
        self.enough = threading.Event()
        self.stop = threading.Event()

    def run(self) -> None:
        nancy = self._acme.nancy
        while not self.stop.is_set():
            account = nancy.insert("account", name=f"A {self.pushed}", phone="000")
            task = nancy.insert("task", title="Call", account=account.id)
            assert nancy.push(account, task, atomic=True).result == "applied"
            self.pushed += 1
            if self.pushed >= 40:
                self.enough.set()


def kinds_in(store: ServerStore) -> dict[str, int]:
    with store.read() as tx:
        return dict(tx.rows("SELECT kind, count(*) FROM record GROUP BY kind"))


def test_a_backup_taken_while_pushes_go_on_is_one_moment(
    acme: Acme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "ROWS_AT_A_TIME", 7)
    busy = Busy(acme)
    busy.start()
    assert busy.enough.wait(60)
    before = busy.pushed
    backup(acme.world.service, tmp_path / "b")
    during = busy.pushed - before
    busy.stop.set()
    busy.join(30)
    other = Organisations(tmp_path / "other")
    backups.restore(other, tmp_path / "b")
    taken = other.store("acme")
    kinds = kinds_in(taken)
    assert check_store(taken).problems == ()
    assert kinds["account"] == kinds["task"] >= before
    assert during > 0, "the pushes went on meanwhile"
    taken.close()
    other.close()


def test_every_row_of_many_pages_is_in_a_backup(
    acme: Acme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(10):
        acme.nancy.account(f"A {n}")
        acme.world.service.park(acme.nancy.who, b"left behind %d" % n)
    whole = backup(acme.world.service, tmp_path / "whole")
    monkeypatch.setattr(backups, "ROWS_AT_A_TIME", 3)
    monkeypatch.setattr(backups, "PACKED_AT_A_TIME", 2)
    assert backup(acme.world.service, tmp_path / "paged") == whole
    assert (tmp_path / "whole").stat().st_size > 1000


@pytest.fixture
def organisations(tmp_path: Path) -> Organisations:
    made = Organisations(tmp_path / "one")
    made.create("Acme", "acme")
    return made


@pytest.mark.parametrize("at", [0, 8192], ids=["the first page", "a page inside"])
def test_a_damaged_file_makes_room_for_the_backup(
    organisations: Organisations, tmp_path: Path, at: int
) -> None:
    backup(organisations.open().service, tmp_path / "b")
    organisations.close()
    file = tmp_path / "one" / "acme.sqlite"
    content = bytearray(file.read_bytes())
    content[at : at + 4096] = b"\xa5" * 4096
    file.write_bytes(content)
    again = Organisations(tmp_path / "one")
    assert check_store(again.store("acme")).problems
    again.close()
    again = Organisations(tmp_path / "one")
    (warning,) = backups.restore(again, tmp_path / "b").warnings
    kept = next(path for path in file.parent.iterdir() if ".damaged-" in path.name)
    assert str(kept) in str(warning)
    assert kept.read_bytes() == content
    assert check_store(again.store("acme")).problems == ()
    again.close()


def test_a_sound_file_is_restored_in_place(organisations: Organisations, tmp_path: Path) -> None:
    backup(organisations.open().service, tmp_path / "b")
    organisations.close()
    again = Organisations(tmp_path / "one")
    assert backups.restore(again, tmp_path / "b").warnings == ()
    assert [path.name for path in (tmp_path / "one").glob("*.damaged*")] == []
    again.close()


def test_the_drill_damage_restore_and_the_clients_bring_back(acme: Acme, tmp_path: Path) -> None:
    """What was in the backup comes from it, what came after it from those who wrote it."""
    from tests.server.test_backup import lose

    old = acme.shared_account("Before", phone="000")
    backup(acme.world.service, tmp_path / "b")
    edit = acme.nancy.changeset(acme.nancy.set("account", old, phone="111"))
    new = acme.nancy.changeset(acme.nancy.insert("account", name="After"))
    acme.nancy.send(edit, new)
    with acme.world.store.note() as tx:
        tx.run("DELETE FROM record WHERE kind = 'account'")
        tx.run("DELETE FROM record_root WHERE kind = 'account'")
    assert check_store(acme.world.store).problems
    lose(acme, tmp_path / "b")
    acme.nancy.pull()
    assert [x.result for x in acme.nancy.send(edit, new).results] == ["applied"] * 2
    acme.fuller.pull()
    names = {str(row.body["name"]): row.body.get("phone") for row in acme.fuller.of_kind("account")}
    assert names["Before"] == "111"
    assert check_store(acme.world.store).problems == ()
