"""Windowed lists: every row once, in order, from any place, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.errors import NotFound
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.history import own_history
from crm_desktop.models.queries import Key, Row, Where
from crm_desktop.models.store import Store
from tests.models.support import ME, add, delete, first_pull, make_store, page, pull, put, row

A = RecordId(f"{7:032x}")

VALUES = st.one_of(st.none(), st.sampled_from(("a", "B", "b", "王", "", "Z%", "_")))


@contextmanager
def filled(names: list[str | None], field: str = "industry") -> Iterator[Connection]:
    """A list of accounts with these values in a field."""
    with TemporaryDirectory() as folder:
        store = make_store(Path(folder) / "a.db")
        rows = [
            row(RecordId(f"{n + 1:032x}"), n + 1, name="x", **{field: name})
            for n, name in enumerate(names)
        ]
        pull(store, 999, page("account", *rows))
        with store.reader() as c:
            yield c
        store.close()


def walk(c: Connection, sort: str, *, descending: bool, limit: int, back: bool) -> list[Row]:
    """All rows of a list, page by page from one end."""
    found: list[Row] = []
    after: Key | None = None
    while True:
        if back:
            end = Key(None, -1) if descending else Key("\U0010ffff", 2**62)
            one = queries.page(
                c, "account", sort=sort, descending=descending, before=after or end, limit=limit
            )
            found[:0] = one.rows
            after = one.first
        else:
            one = queries.page(
                c, "account", sort=sort, descending=descending, after=after, limit=limit
            )
            found.extend(one.rows)
            after = one.last
        if not one.more:
            return found


@settings(max_examples=25)
@given(st.lists(VALUES, max_size=14), st.booleans(), st.booleans(), st.integers(1, 5))
def test_paging_shows_every_row_once_and_in_order(
    names: list[str | None], descending: bool, back: bool, limit: int
) -> None:
    with filled(names) as c:
        found = walk(c, "industry", descending=descending, limit=limit, back=back)
    keys = [(one.values["industry"] is not None, str(one.values["industry"] or "").lower())
            for one in found]  # fmt: skip
    assert len({one.id for one in found}) == len(names) == len(found)
    assert keys == sorted(keys, reverse=descending)


@pytest.mark.parametrize("descending", [False, True])
def test_a_window_can_be_read_again_from_its_first_row(descending: bool) -> None:
    with filled(["a", None, "b", "b", "c", None]) as c:
        window = queries.page(c, "account", sort="industry", descending=descending, limit=9)
        for n, one in enumerate(window.rows):
            again = queries.page(
                c, "account", sort="industry", descending=descending, start=one.key, limit=9
            )
            assert [x.id for x in again.rows] == [x.id for x in window.rows[n:]]


def test_numbers_are_ordered_by_their_size() -> None:
    amounts = ["9.00CNY", "100.00CNY", "-5.00EUR", "20.00CNY"]
    with filled([*amounts], "credit_limit") as c:
        found = walk(c, "credit_limit", descending=False, limit=2, back=False)
    assert [one.values["credit_limit"] for one in found] == [
        "-5.00EUR", "9.00CNY", "20.00CNY", "100.00CNY",
    ]  # fmt: skip


def test_a_list_runs_along_an_index_and_never_sorts(store: Store) -> None:
    with store.reader() as c:
        for kind in ("account", "visit", "task", "order"):
            asked = queries._list(kind, (), None, descending=True)
            for condition, parameters in queries._segments(
                asked, Key("m", 5), backwards=False, inclusive=False
            ):
                plan = c.rows(
                    f"EXPLAIN QUERY PLAN SELECT * FROM {queries.layout(kind).table}"
                    f" WHERE {asked.where}{condition} {asked.order(backwards=False)} LIMIT 5",
                    parameters,
                )
                text = " ".join(str(step[3]) for step in plan)
                assert f"USING INDEX {kind}_sorted" in text
                assert "SEARCH" in text
                assert "TEMP B-TREE" not in text


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (Where("industry", "=", "b"), {"b", "B"}),
        (Where("industry", "!=", "b"), {"B", "50%_x\\y", ""}),
        (Where("industry", "contains", "%_x\\"), {"50%_x\\y"}),
        (Where("industry", "starts", "50%"), {"50%_x\\y"}),
        (Where("industry", "in", ["B", "b"]), {"B", "b"}),
        (Where("industry", "empty"), {""}),
        (Where("industry", ">", "5"), {"b", "B", "50%_x\\y"}),
    ],
)
def test_conditions_mean_what_they_say(condition: Where, names: set[str]) -> None:
    with filled(["b", "B", "50%_x\\y", None]) as c:
        found = queries.page(c, "account", where=(condition,)).rows
    assert {str(one.values["industry"] or "") for one in found} == names


def test_conditions_on_tags_links_and_flags(store: Store) -> None:
    account = add(store, "account", name="A", tags=["a", "vip"], do_not_contact=True)
    add(store, "account", name="B", tags=["b"], parent=account)
    with store.reader() as c:
        for condition in (
            Where("tags", "contains", "vip"),
            Where("do_not_contact", "=", True),
            Where("parent", "empty"),
        ):
            found = queries.page(c, "account", where=(condition,)).rows
            assert [one.id for one in found] == [account], condition
        mine = queries.page(c, "account", where=(Where("owner", "=", ME),)).rows
        assert len(mine) == 2
        with pytest.raises(NotFound):
            queries.page(c, "account", where=(Where("x; DROP TABLE account", "=", 1),))


def test_a_narrow_page_reads_only_what_is_asked_for(store: Store) -> None:
    add(store, "account", name="A", tags=["vip"], phone="1")
    with store.reader() as c:
        [one] = queries.page(c, "account", fields=("tags", "owner")).rows
    assert one.values == {"tags": ["vip"], "owner": ME}
    assert one.pending


def test_the_scroll_bar_finds_its_place() -> None:
    with filled([f"{n:03}" for n in range(200)]) as c:
        assert queries.count_estimate(c, "account") == 200
        for fraction, expected in ((0.0, 0), (0.25, 49), (0.5, 99), (0.75, 150), (1.0, 199)):
            key = queries.jump(c, "account", fraction, sort="industry")
            assert key is not None
            assert abs(int(str(key.value)) - expected) <= 1


def test_in_a_very_long_list_the_place_is_about_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNTED_MAX", 100)
    monkeypatch.setattr(queries, "SAMPLE_ROWS", 100)
    with filled([f"{n * 7 % 2000:04}" for n in range(2000)]) as c:
        for fraction in (0.1, 0.5, 0.9):
            key = queries.jump(c, "account", fraction, sort="industry")
            assert key is not None
            assert abs(int(str(key.value)) - 2000 * fraction) < 200


def test_deleted_records_have_a_list_of_their_own(store: Store) -> None:
    account = add(store, "account", name="A")
    delete(store, "account", account)
    with store.reader() as c:
        assert queries.page(c, "account").rows == ()
        assert [one.id for one in queries.page(c, "account", deleted=True).rows] == [account]


def test_titles_and_labels_lead_both_ways(store: Store) -> None:
    first_pull(store, ("user", row(ME, 5, name="Nancy Davolio", login="nancy")))
    account = add(store, "account", name="Alfreds")
    visit = add(store, "visit", account=account, objectives="Sample")
    with store.reader() as c:
        refs = [("account", account), ("visit", visit), ("user", RecordId("f" * 32))]
        assert labels.titles(c, refs) == {
            ("account", account): "Alfreds", ("visit", visit): "Sample",
        }  # fmt: skip
        assert labels.find_by_label(c, "user", "NANCY") == [ME]
        assert labels.find_by_label(c, "account", "Alfreds") == [account]
        assert labels.find_by_label(c, "account", "%") == []
        assert labels.find_by_prefix(c, "account", account[:12].upper()) == [account]
        assert labels.find_by_prefix(c, "account", "%") == []


def test_what_hangs_below_a_record_is_found(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    visit = add(store, "visit", account=account)
    paper = add(store, "attachment", name="a.pdf", parent=f"visit/{visit}")
    with store.reader() as c:
        assert [x.id for x in queries.below(c, "account", account, "visit", "account")] == [visit]
        assert [x.id for x in queries.below(c, "visit", visit, "attachment", "parent")] == [paper]


def test_own_history_tells_each_field_the_newest_first(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    put(store, "account", account, phone="1")
    delete(store, "account", account)
    with store.reader() as c:
        told = [(one.field, one.old, one.new) for one in own_history(c, "account", account)]
    assert told[0] == ("deleted", False, True)
    assert told[1] == ("phone", None, "1")
    assert ("name", None, "Alfreds") in told


def test_records_are_found_by_their_own_ids_however_many_are_named():
    with filled(["a", "b", "c"]) as c:
        first, _, third = (RecordId(f"{n + 1:032x}") for n in range(3))
        many: list[Value] = [first, third, *(f"{n:032x}" for n in range(1000, 41_000))]
        found = queries.page(c, "account", where=(Where("id", "in", many),))
        assert {one.id for one in found.rows} == {first, third}
        assert queries.page(c, "account", where=(Where("owner", "in", many),)).rows == ()


def many_numbered(count: int) -> list[str | None]:
    """As many texts, in an order of their own, some of them missing."""
    return [None if n % 10 == 0 else f"{n * 7 % count:04}" for n in range(count)]


@pytest.mark.parametrize("descending", [False, True])
def test_a_records_spot_is_the_number_of_rows_before_it(descending: bool) -> None:
    with filled(many_numbered(90)) as c:
        listed = queries.page(c, "account", sort="industry", descending=descending).rows
        for place, row in enumerate(listed):
            found = queries.spot(c, "account", row.id, sort="industry", descending=descending)
            assert row.key is not None
            assert found == queries.Spot(row.key, place)


def test_a_record_that_a_condition_hides_has_no_spot() -> None:
    with filled(["a", "b", "c"]) as c:
        hidden, _, third = queries.page(c, "account", sort="industry").rows
        where = [Where("industry", "!=", "a")]
        assert queries.spot(c, "account", hidden.id, where=where, sort="industry") is None
        found = queries.spot(c, "account", third.id, where=where, sort="industry")
        assert third.key is not None
        assert found == queries.Spot(third.key, 1)


def test_in_a_very_long_list_a_records_spot_is_about_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNTED_MAX", 100)
    monkeypatch.setattr(queries, "SAMPLE_ROWS", 100)
    with filled([f"{n * 7 % 2000:04}" for n in range(2000)]) as c:
        listed = queries.page(c, "account", sort="industry", limit=2000).rows
        for place in (50, 700, 1900):
            found = queries.spot(c, "account", listed[place].id, sort="industry")
            assert found is not None
            assert found.before == pytest.approx(place, abs=200)
            some = queries.spot(c, "account", listed[place].id, sort="industry",
                                where=[Where("industry", ">=", "0000")])  # fmt: skip
            assert some is not None
            assert some.before == pytest.approx(place, abs=200)
