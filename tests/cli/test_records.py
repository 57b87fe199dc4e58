"""Reading and writing records: what is typed, what is printed, what is refused."""

from __future__ import annotations

import pytest

from crm_core.catalog import CATALOG
from tests.cli.counter import NANCY, Counter


def test_what_was_added_is_shown_flat_with_words_for_links(counter: Counter) -> None:
    parent = counter.add("account", "name=Holding")
    made = counter.did("add", "account", "name=Sub", "parent=Holding", "tags=b, a")
    assert set(made) == {"id", "kind", "changeset"}
    shown = counter.did("show", "account", made["id"])
    assert shown["id"] == made["id"]
    assert (shown["parent"], shown["parent_label"]) == (parent, "Holding")
    assert (shown["owner"], shown["owner_label"]) == (NANCY, "nancy")
    assert shown["tags"] == ["a", "b"]
    assert set(CATALOG["account"].by_name) <= set(shown)


def test_a_record_is_named_by_id_its_beginning_or_its_label(counter: Counter) -> None:
    made = counter.add("account", "name=Alfreds")
    for name in (made, made.upper(), made[:14], "Alfreds"):
        assert counter.did("show", "account", name)["id"] == made


def test_a_label_that_two_records_have_names_neither(counter: Counter) -> None:
    for _ in range(2):
        counter.add("contact", "full_name=王伟")
    ran = counter.run("show", "contact", "王伟")
    assert (ran.code, "Several" in ran.err) == (1, True)
    ran = counter.run("add", "task", "title=Call", "owner=nobody")
    assert ran.code == 1


def test_sets_gain_and_lose_members(counter: Counter) -> None:
    made = counter.add("account", "name=Alfreds", "tags=a,b")
    counter.did("set", "account", made, "tags+=c", "tags-=a")
    assert counter.did("show", "account", made)["tags"] == ["b", "c"]
    assert counter.run("set", "account", made, "name+=x").code == 1


def test_an_empty_value_is_none(counter: Counter) -> None:
    made = counter.add("account", "name=Alfreds", "phone=030-1")
    counter.did("set", "account", made, "phone=")
    assert counter.did("show", "account", made)["phone"] is None


def test_a_value_may_hold_the_sign(counter: Counter) -> None:
    made = counter.add("account", "name=a=b", "description=x+=y")
    shown = counter.did("show", "account", made)
    assert (shown["name"], shown["description"]) == ("a=b", "x+=y")


def test_setting_what_is_there_changes_nothing(counter: Counter) -> None:
    made = counter.add("account", "name=Alfreds")
    assert counter.did("set", "account", made, "name=Alfreds")["changeset"] == ""


def test_deleting_takes_the_parts_along_and_undo_brings_all_back(counter: Counter) -> None:
    made = counter.add("account", "name=Alfreds")
    address = counter.add("address", f"account={made}", "city=Berlin")
    counter.did("delete", "account", made)
    assert counter.did("list", "account") == counter.did("list", "address") == []
    assert counter.did("show", "account", made)["deleted"] is True
    assert counter.run("set", "account", made, "phone=1").code == 1
    undone = counter.did("undo")
    assert set(undone) >= {"id", "kind", "changeset"}
    assert [row["id"] for row in counter.did("list", "address")] == [address]


def test_restore_brings_a_deleted_record_back(counter: Counter) -> None:
    made = counter.add("account", "name=Alfreds")
    assert counter.run("restore", "account", made).code == 1
    counter.did("delete", "account", made)
    counter.did("restore", "account", made)
    assert counter.did("show", "account", made)["deleted"] is False


def test_lists_are_narrowed_sorted_and_cut(counter: Counter) -> None:
    for name, city in (("Carl", "X"), ("Anna", "X"), ("Bert", "Y")):
        counter.add("account", f"name={name}", f"industry={city}")
    names = [row["name"] for row in counter.did("list", "account", "--where", "industry=X")]
    assert names == ["Anna", "Carl"]
    names = [
        row["name"] for row in counter.did("list", "account", "--sort", "name", "--descending")
    ]
    assert names == ["Carl", "Bert", "Anna"]
    assert len(counter.did("list", "account", "--limit", "2")) == 2
    assert len(counter.did("list", "account", "--where", "owner=nancy")) == 3
    assert counter.did("list", "account", "--where", "industry=") == []


@pytest.mark.parametrize("words", ["长安", "changan", "安"])
def test_search_finds_chinese_names(counter: Counter, words: str) -> None:
    counter.add("account", "name=重庆长安汽车")
    counter.add("account", "name=Alfreds")
    (found,) = counter.did("list", "account", "--search", words)
    assert found["name"] == "重庆长安汽车"


def test_history_without_a_server_is_ones_own(counter: Counter) -> None:
    made = counter.add("account", "name=Alfreds")
    counter.did("set", "account", made, "phone=030-1")
    entries = counter.did("history", "account", made)
    assert set(entries[0]) == {"at", "by", "device", "field", "old", "new", "seq"}
    phone = next(entry for entry in entries if entry["field"] == "phone")
    assert (phone["by"], phone["old"], phone["new"]) == ("nancy", None, "030-1")


def test_kinds_tell_the_whole_catalog(counter: Counter) -> None:
    found = {entry["kind"]: entry for entry in counter.did("kinds")}
    assert set(found) == set(CATALOG)
    stage = next(x for x in found["account"]["fields"] if x["field"] == "tags")
    assert (stage["kind"], stage["policy"]) == ("tags", "set")


def test_human_output_stands_in_columns(counter: Counter) -> None:
    counter.add("account", "name=重庆长安", "phone=1")
    counter.add("account", "name=Alfreds", "phone=2")
    header, *rows = counter.run("list", "account").out.splitlines()
    assert "Name" in header
    assert len(rows) == 2
    assert not any("null" in row or "None" in row for row in rows)


@pytest.mark.parametrize(
    "words",
    [
        ["add", "account", "name"],
        ["set", "account", "Alfreds", "phone"],
        ["list", "account", "--where", "name"],
        ["list", "account", "--limit", "0"],
        ["resolve", "x"],
        ["frobnicate"],
    ],
)
def test_words_without_meaning_are_usage(counter: Counter, words: list[str]) -> None:
    counter.add("account", "name=Alfreds")
    ran = counter.run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.strip().splitlines()) == 1
