"""Opening the file: what goes wrong has its sentence, and nothing is ever in clear on the disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crm_core.errors import NotFound, Unavailable, UserProblem
from crm_desktop.models import connection, created
from crm_desktop.models.connection import Connection, WrongKeyOrDamaged
from crm_desktop.models.store import NewerVersion, Store
from tests.models.support import IDENTITY, KEY, add, create_store, seen


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.db")
    account = add(store, "account", name="Alfreds")
    store.close()
    again = Store.open(tmp_path / "a.db", KEY)
    assert again.identity == IDENTITY
    assert seen(again, "account", account).values["name"] == "Alfreds"
    again.close()


def test_another_key_is_told_from_a_missing_file(tmp_path: Path) -> None:
    create_store(tmp_path / "a.db").close()
    with pytest.raises(WrongKeyOrDamaged, match="its key is another one"):
        Store.open(tmp_path / "a.db", bytes(32))
    with pytest.raises(NotFound, match="There is no database"):
        Store.open(tmp_path / "b.db", KEY)


def test_a_damaged_file_says_so_and_names_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    create_store(path).close()
    path.write_bytes(b"not a database at all" * 500)
    with pytest.raises(WrongKeyOrDamaged) as caught:
        Store.open(path, KEY)
    assert str(path) in str(caught.value)


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.db")
    store.write.run(f"PRAGMA user_version={created.VERSION + 1}")
    store.close()
    with pytest.raises(NewerVersion, match="newer version"):
        Store.open(tmp_path / "a.db", KEY)


def test_an_existing_file_is_never_created_over(tmp_path: Path) -> None:
    create_store(tmp_path / "a.db").close()
    with pytest.raises(UserProblem, match="exists already"):
        create_store(tmp_path / "a.db")


def test_a_locked_file_says_who_to_ask(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 10)
    other = Connection(store.path, KEY)
    store.write.run("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="in use by another program"):
        other.run("BEGIN IMMEDIATE")
    store.write.run("ROLLBACK")
    other.close()


def test_a_full_disk_loses_nothing_and_says_so(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    pages = store.write.value("PRAGMA page_count")
    store.write.rows(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Unavailable, match=r"disk of .* is full"):
        fill(store)
    assert seen(store, "account", account).values["name"] == "Alfreds"
    assert not store.write.in_transaction


def fill(store: Store) -> None:
    for n in range(1000):
        add(store, "account", name=f"Customer {n}", description="x" * 5000)


def test_no_customer_text_lies_in_clear_on_the_disk(tmp_path: Path) -> None:
    store = create_store(tmp_path / "a.db")
    add(store, "account", name="Futterkiste Geheim", description="重庆长安")
    files = list(tmp_path.iterdir())
    assert any(file.name.endswith("-wal") for file in files)
    for file in files:
        content = file.read_bytes()
        assert b"Futterkiste" not in content
        assert "重庆".encode() not in content
    store.close()


def test_sorters_never_write_to_disk(store: Store) -> None:
    with store.reader() as c:
        assert c.value("PRAGMA temp_store") == connection.TEMP_IN_MEMORY
    assert store.write.value("PRAGMA temp_store") == connection.TEMP_IN_MEMORY


def test_a_reader_sees_one_moment_whatever_is_written(store: Store) -> None:
    add(store, "account", name="Alfreds")
    with store.reader() as c:
        before = c.value("SELECT count(*) FROM account")
        add(store, "account", name="Berglunds")
        assert c.value("SELECT count(*) FROM account") == before == 1


def test_small_settings_are_kept_and_forgotten(store: Store) -> None:
    store.set_meta("draft:a", "1")
    store.set_meta("draft:b", "2")
    store.set_meta("draft:a", None)
    assert store.meta("draft:a") is None
    assert store.meta_names("draft:") == ("draft:b",)


def test_opening_todays_file_loads_no_heavy_library(tmp_path: Path) -> None:
    create_store(tmp_path / "a.db").close()
    code = (
        "import sys; from pathlib import Path; from crm_desktop.models.store import Store;"
        "from crm_desktop.models import history, inbox, journal, labels, outbox, queries, search;"
        f"Store.open(Path({str(tmp_path / 'a.db')!r}), bytes(range(32))).close();"
        "bad = {'sqlalchemy', 'alembic', 'pypinyin', 'requests', 'PySide6'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_save_is_on_the_disk_when_it_returns(store: Store) -> None:
    def safety() -> int:
        return store.write.value("PRAGMA synchronous")

    at_once, written_through = 1, 2
    with store.writing_behind():
        assert safety() == at_once
    with store.writing():
        assert safety() == written_through
    with pytest.raises(UserProblem), store.writing_behind():
        raise UserProblem("The index cannot be written.")
    with store.exclusive():
        assert safety() == written_through
    with store.writing_later():
        assert safety() == at_once
    with store.writing():
        assert safety() == written_through
