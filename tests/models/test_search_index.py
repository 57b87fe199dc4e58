"""The search index is built behind: it gives way, joins nothing inside a save, and survives."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from crm_core.ids import RecordId
from crm_desktop.models import search
from crm_desktop.models.search_tables import TABLES
from crm_desktop.models.store import GaveWay, Store
from tests.models.support import KEY, add, page, pull, put, row

FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
PATIENCE_S = 20.0
MANY = 3_000


def found(store: Store, text: str) -> list[str]:
    with store.reader() as c:
        return [hit.title for hit in search.search(c, text, ("account",))]


def arrive(store: Store, count: int) -> None:
    rows = [row(RecordId(f"{n + 9:032x}"), n + 1, name=f"Customer {n}") for n in range(count)]
    pull(store, count + 1, page("account", *rows))


def missing(store: Store) -> list[int]:
    """Customers that are not found by their number, of every part of what arrived."""
    some = range(1_000, MANY, 37)
    return [n for n in some if f"Customer {n}" not in found(store, str(n))]


def segments(store: Store, table: str) -> int:
    with store.reader() as c:
        return int(c.value(f"SELECT count(DISTINCT segid) FROM {table}_idx"))


def check(store: Store) -> None:
    """SQLite's own check of the full-text tables. Raises where one is damaged."""
    with store.writing() as c:
        for table in TABLES:
            c.run(f"INSERT INTO {table} ({table}) VALUES ('integrity-check')")


class Behind(threading.Thread):
    """Work behind that never ends by itself."""

    def __init__(self, store: Store) -> None:
        super().__init__(daemon=True)
        self.store, self.began, self.gave_way = store, threading.Event(), False

    def run(self) -> None:
        try:
            with self.store.writing_behind() as c:
                c.run("INSERT INTO meta (name, value) VALUES ('half', 'done')")
                self.began.set()
                c.value(FOREVER)
        except GaveWay:
            self.gave_way = True


def test_work_behind_is_interrupted_by_whoever_else_writes(store: Store) -> None:
    behind = Behind(store)
    behind.start()
    assert behind.began.wait(PATIENCE_S)
    store.set_meta("mine", "written")
    behind.join(PATIENCE_S)
    assert behind.gave_way
    assert store.meta("mine") == "written"
    assert store.meta("half") is None


def test_saves_between_steps_of_the_index_neither_fail_nor_are_lost(store: Store) -> None:
    arrive(store, MANY)
    builder = threading.Thread(target=search.build, args=(store,), daemon=True)
    builder.start()
    saved = [add(store, "account", name=f"Saved {n}") for n in range(40)]
    for account in saved[:20]:
        put(store, "account", account, name="Renamed")
    builder.join(PATIENCE_S)
    assert len(found(store, "saved")) == 20
    assert len(found(store, "renamed")) == 20
    assert missing(store) == []
    check(store)


def test_no_save_joins_segments_and_the_runtime_does(store: Store) -> None:
    account = add(store, "account", name="First")
    for n in range(40):
        put(store, "account", account, name=f"Name {n}")
    assert all(segments(store, table) > 30 for table in ("find_text", "find_word"))
    search.build(store)
    assert all(segments(store, table) < 16 for table in TABLES)
    assert found(store, "name") == ["Name 39"]


def test_an_index_of_another_layout_is_built_anew_and_holds_up_no_save(store: Store) -> None:
    arrive(store, 10)
    search.build(store)
    with store.writing() as c:
        c.run("UPDATE meta SET value = 'older' WHERE name = 'search_layout'")
        c.run("DROP TABLE find_pinyin")
    add(store, "account", name="重庆长安")
    with store.reader() as c:
        assert search.is_behind(c)
    search.build(store)
    assert found(store, "cqca") == ["重庆长安"]
    assert found(store, "customer 7") == ["Customer 7"]


@pytest.mark.parametrize("typed", ["abcd", "王明"])
def test_what_shares_only_parts_with_what_was_typed_is_not_found(store: Store, typed: str) -> None:
    for name in ("bcd abc", "abcd", "王小明", "明王", "王明"):
        add(store, "account", name=name)
    assert found(store, typed) == [typed]


def test_one_that_holds_the_whole_is_found_behind_hundreds_that_hold_parts(store: Store) -> None:
    rows = [row(RecordId(f"{n + 9:032x}"), n + 1, name=f"bcd abc {n}") for n in range(700)]
    pull(store, 9999, page("account", *rows, row(RecordId(f"{5:032x}"), 2000, name="xabcdx")))
    search.build(store)
    assert found(store, "abcd") == ["xabcdx"]


def test_a_long_word_and_the_beginning_of_another_find_the_one_among_many(store: Store) -> None:
    rows = [row(RecordId(f"{n + 9:032x}"), n + 1, name=f"Foods {n} Ltd") for n in range(1500)]
    pull(store, 9999, page("account", *rows, row(RecordId(f"{5:032x}"), 2000, name="Zy Foods")))
    search.build(store)
    assert found(store, "foods z") == ["Zy Foods"]


BUILDING = """
import sys
from pathlib import Path
from crm_desktop.models import search
from crm_desktop.models.store import Store
store = Store.open(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
while search.step(store, 50):
    print("more", flush=True)
"""


@pytest.mark.parametrize("steps", [1, 7, 20])
def test_an_index_killed_while_it_is_built_mends_itself(store: Store, steps: int) -> None:
    arrive(store, MANY)
    store.close()
    command = [sys.executable, "-c", BUILDING, str(store.path), KEY.hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as building:
        assert building.stdout is not None
        assert all(building.stdout.readline() for _ in range(steps))
        building.send_signal(signal.SIGKILL)
    again = Store.open(store.path, KEY)
    with again.reader() as c:
        assert search.is_behind(c)
    search.build(again)
    check(again)
    assert missing(again) == []
    again.close()


def test_closing_interrupts_work_behind(store: Store) -> None:
    behind = Behind(store)
    behind.start()
    assert behind.began.wait(PATIENCE_S)
    store.close()
    behind.join(PATIENCE_S)
    assert behind.gave_way


def test_thousands_of_saves_without_a_builder_never_fill_the_index(store: Store) -> None:
    refused_at = 2_000  # FTS5_MAX_SEGMENT
    store.safety = "OFF"
    for n in range(refused_at * 5 // 2):
        with store.writing() as c:
            c.run("INSERT INTO find_text (rowid, words) VALUES (?, ?)", ((n + 1) << 8, f"kunde{n}"))
    assert segments(store, "find_text") < refused_at // 4


def test_what_changes_after_its_words_were_made_is_found_as_it_is_now(store: Store) -> None:
    arrive(store, 30)
    ahead = search.Ahead()
    assert search.step(store, 10, ahead)  # makes the words of the first ten
    assert search.step(store, 10, ahead)  # and those of the next ten
    put(store, "account", RecordId(f"{15 + 9:032x}"), name="Was renamed")
    while search.step(store, 10, ahead):
        pass
    assert found(store, "renamed") == ["Was renamed"]
    assert found(store, "customer 15") == []
    assert found(store, "customer 25") == ["Customer 25"]


def test_saves_between_all_steps_do_not_hold_up_the_index(store: Store) -> None:
    arrive(store, 45)
    ahead, steps = search.Ahead(), 0
    while steps < 2 * 5 and search.step(store, 10, ahead):
        store.set_meta("saved", str(steps))
        steps += 1
    assert [n for n in range(45) if f"Customer {n}" not in found(store, str(n))] == []


def test_words_made_ahead_are_dropped_with_the_step_that_gave_way(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(store, 30)
    ahead = search.Ahead()
    assert search.step(store, 10, ahead)
    assert search.step(store, 10, ahead)
    monkeypatch.setattr(store, "_wanted", 1)
    with pytest.raises(GaveWay):
        search.step(store, 10, ahead)
    monkeypatch.setattr(store, "_wanted", 0)
    while search.step(store, 10, ahead):
        pass
    assert [n for n in range(30) if f"Customer {n}" not in found(store, str(n))] == []
    check(store)


@pytest.mark.parametrize(
    ("name", "short", "typed"),
    [
        ("重庆长安食品有限公司", "长安食品", "长安"),
        ("Old Berg Market", "Berg", "berg"),
        ("Bergmarket", "market", "ma"),
        ("Cafe\u0301bar", "bar", "ba"),
        ("王abc", "abc", "ab"),
    ],
)
def test_a_short_name_that_is_part_of_the_name_is_found(
    store: Store, name: str, short: str, typed: str
) -> None:
    add(store, "account", name=name, short_name=short)
    search.rebuild(store)
    assert found(store, typed) == [name]
    assert found(store, short) == [name]
