"""A backup is whole and encrypted; a check finds what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import UserProblem
from crm_core.ids import RecordId
from crm_desktop.models import backup, drafts
from crm_desktop.models.store import Store
from tests.models.support import KEY, add, first_pull, put, row, seen

A = RecordId(f"{7:032x}")


def test_a_backup_taken_while_working_opens_and_has_everything(
    store: Store, tmp_path: Path
) -> None:
    account = add(store, "account", name="Alfreds")
    backup.backup(store, tmp_path / "copy.db")
    add(store, "account", name="Later")
    assert b"Alfreds" not in (tmp_path / "copy.db").read_bytes()
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    copy = Store.open(tmp_path / "copy.db", KEY)
    assert seen(copy, "account", account).values["name"] == "Alfreds"
    assert backup.check(copy).is_well
    copy.close()


def test_a_backup_never_overwrites(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(UserProblem, match="exists already"):
        backup.backup(store, tmp_path / "copy.db")


def test_a_check_of_a_healthy_file_finds_nothing_and_counts(store: Store) -> None:
    first_pull(store, ("account", row(A, 5, name="A")))
    put(store, "account", A, phone="1")
    report = backup.check(store)
    assert report.is_well
    assert (report.rows, report.held.count, report.parked.pending) == (1, 1, 1)


def test_a_check_sees_a_digest_that_is_off(store: Store) -> None:
    first_pull(store, ("account", row(A, 5, name="A")))
    store.write.run("UPDATE account SET seq = 6")
    assert not backup.check(store).digest_agrees


def test_a_check_sees_a_page_that_was_changed_on_the_disk(store: Store, tmp_path: Path) -> None:
    for n in range(300):
        add(store, "account", name=f"Customer {n}", description="x" * 900)
    backup.backup(store, tmp_path / "copy.db")
    content = bytearray((tmp_path / "copy.db").read_bytes())
    content[4096 * 60 + 100] ^= 0xFF
    (tmp_path / "copy.db").write_bytes(content)
    copy = Store.open(tmp_path / "copy.db", KEY)
    integrity, cipher = backup.check_pages(copy)
    assert integrity
    assert cipher
    copy.close()


def test_a_draft_outlives_a_restart_until_it_is_dropped(store: Store) -> None:
    drafts.save(store, "account", "", {"name": "Half a na"})
    drafts.save(store, "account", "", {"name": "Half a name", "tags": ["a"]})
    with store.reader() as c:
        kept = drafts.load(c, "account", "")
        assert kept is not None
        assert kept.values == {"name": "Half a name", "tags": ["a"]}
        assert drafts.drafts(c) == (kept,)
    drafts.drop(store, "account", "")
    with store.reader() as c:
        assert drafts.load(c, "account", "") is None
