"""The windowed list model against a plain list, watched by Qt's own model tester."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtTest import QAbstractItemModelTester

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_desktop.models.queries import Key, Row
from crm_desktop.models.replica import Summary
from crm_desktop.views.kit import list_model
from crm_desktop.views.kit.column import Column
from crm_desktop.views.kit.delegates.roles import ID, VALUE
from crm_desktop.views.kit.list_model import ListModel
from crm_desktop.views.kit.listing import Listing, Stretch, Wanted

TASK = CATALOG["task"]
COLUMNS = tuple(TASK.by_name[name] for name in ("title", "due_on", "assignee"))
PAGE, WINDOW = 10, 30
RELOAD = QAbstractItemModelTester.FailureReportingMode.Warning


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of tens instead of thousands, so that every edge is met."""
    monkeypatch.setattr(list_model, "WINDOW_ROWS_MAX", WINDOW)
    monkeypatch.setattr(list_model, "PAGE_ROWS", PAGE)


class PlainList:
    """A sorted list that answers like the store, at once or when it is told to."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = sorted(set(numbers))
        self.renamed: dict[int, str] = {}
        self.beside: dict[str, dict[str, object]] = {}
        self.titles: dict[str, str] = {}
        self.is_slow = False
        self.is_broken = False
        self.waiting: list[Callable[[], None]] = []

    def fetch(
        self,
        listing: Listing,
        wanted: Wanted,
        owner: QObject,
        then: Callable[[Stretch], None],
        failed: Callable[[], None],
    ) -> None:
        if self.is_broken:
            failed()
            return

        def answer() -> None:
            then(self.stretch(wanted))

        if self.is_slow:
            self.waiting.append(answer)
        else:
            answer()

    def stretch(self, wanted: Wanted) -> Stretch:
        numbers, limit = self.numbers, wanted.limit or PAGE
        if wanted.fraction is not None:
            at = round(wanted.fraction * max(len(numbers) - 1, 0))
            at = max(min(at, len(numbers) - limit), 0)
            found, more = numbers[at : at + limit], at + limit < len(numbers)
        elif wanted.before is not None:
            smaller = [n for n in numbers if n < wanted.before.rid]
            found, more = smaller[-limit:], len(smaller) > limit
        else:
            low = wanted.after.rid + 1 if wanted.after else wanted.start.rid if wanted.start else -1
            rest = [n for n in numbers if n >= low]
            found, more = rest[:limit], len(rest) > limit
        rows = tuple(self.row(n) for n in found)
        return Stretch(rows, more, self.titles, len(numbers), self.beside)

    def row(self, n: int) -> Row:
        values = {"title": self.renamed.get(n, f"Task {n}")}
        return Row("task", RecordId(f"{n:032x}"), 1, False, values, key=Key(n, n))


def shown(model: ListModel) -> list[int]:
    rows = range(model.rowCount())
    return [int(str(model.data(model.index(row, 0), ID)), 16) for row in rows]


def make(numbers: list[int]) -> tuple[ListModel, PlainList]:
    source = PlainList(numbers)
    parent = QObject()
    model = ListModel(TASK, COLUMNS, source, parent)
    model.kept = (parent, QAbstractItemModelTester(model, RELOAD))  # pyright: ignore
    model.show(Listing("task"))
    return model, source


def is_slice(part: list[int], whole: list[int]) -> bool:
    if not part:
        return True
    return part[0] in whole and part == whole[whole.index(part[0]) :][: len(part)]


STEPS = st.lists(
    st.one_of(
        st.just(("down", 0)),
        st.just(("up", 0)),
        st.tuples(st.just("jump"), st.integers(0, 10)),
        st.tuples(st.just("add"), st.integers(0, 120)),
        st.tuples(st.just("remove"), st.integers(0, 120)),
        st.tuples(st.just("rename"), st.integers(0, 120)),
    ),
    max_size=25,
)


def play(model: ListModel, source: PlainList, step: tuple[str, int]) -> None:
    name, n = step
    match name:
        case "down":
            model.fetchMore(QModelIndex())
        case "up":
            model.fetch_before()
        case "jump":
            model.jump(n / 10)
        case "add":
            source.numbers = sorted({*source.numbers, n})
            model.refresh()
        case "remove":
            source.numbers = [x for x in source.numbers if x != n]
            model.refresh()
        case _:
            source.renamed[n] = f"Other {n}"
            model.refresh()


@pytest.mark.usefixtures("qapp")
@given(st.lists(st.integers(0, 120), max_size=80), STEPS)
def test_the_window_is_always_a_stretch_of_the_list(
    numbers: list[int], steps: list[tuple[str, int]]
) -> None:
    model, source = make(numbers)
    for step in steps:
        play(model, source, step)
        assert is_slice(shown(model), source.numbers)
        assert model.rowCount() <= WINDOW + PAGE
        assert not source.numbers or model.rowCount(), "a list that is not empty shows something"
        if model.holds_start and model.holds_end:
            assert shown(model) == source.numbers


@pytest.mark.usefixtures("qapp")
def test_scrolling_down_and_up_again_meets_every_row() -> None:
    model, _ = make(list(range(200)))
    seen = set(shown(model))
    while model.canFetchMore(QModelIndex()):
        model.fetchMore(QModelIndex())
        seen.update(shown(model))
    assert seen == set(range(200))
    assert model.offset + model.rowCount() == model.total == 200
    while not model.holds_start:
        model.fetch_before()
    assert shown(model)[0] == 0
    assert model.offset == 0


@pytest.mark.usefixtures("qapp")
def test_a_change_moves_only_the_rows_it_touches() -> None:
    model, source = make(list(range(0, 20, 2)))
    resets, inserted, removed = [], [], []
    model.modelReset.connect(lambda: resets.append(1))
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    model.rowsRemoved.connect(lambda _parent, first, last: removed.append((first, last)))
    source.numbers = sorted({*source.numbers, 5} - {8})
    model.refresh()
    assert shown(model) == source.numbers
    assert (resets, inserted, removed) == ([], [(3, 3)], [(4, 4)])


def announced_by(model: ListModel) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: found.append((first.row(), last.row())))
    return found


@pytest.mark.usefixtures("qapp")
def test_a_renamed_row_alone_is_announced_and_stays() -> None:
    model, source = make(list(range(10)))
    announced = announced_by(model)
    source.renamed |= {4: "Call Li", 7: "Call Nancy"}
    model.refresh()
    assert announced == [(4, 4), (7, 7)]
    assert model.data(model.index(4, 0)) == "Call Li"


@pytest.mark.usefixtures("qapp")
def test_a_changed_row_is_announced_where_others_have_pushed_it() -> None:
    model, source = make([2, 4, 6])
    announced = announced_by(model)
    source.numbers, source.renamed = [1, 2, 6, 8], {6: "Call Li"}
    model.refresh()
    assert announced == [(2, 2)]


@pytest.mark.usefixtures("qapp")
def test_what_stands_beside_a_row_is_announced_when_it_comes_changes_and_goes() -> None:
    model, source = make(list(range(10)))
    source.beside = {"due_on": {}}
    model.refresh()
    announced = announced_by(model)
    record_id: str = source.row(3).id
    steps: list[dict[str, object]] = [{record_id: "today"}, {record_id: "tomorrow"}, {}]
    for values in steps:
        source.beside = {"due_on": values}
        model.refresh()
        assert model.beside["due_on"] == values
    assert announced == [(3, 3)] * 3


@pytest.mark.usefixtures("qapp")
def test_all_rows_are_announced_where_a_linked_record_is_called_otherwise() -> None:
    model, source = make(list(range(10)))
    announced = announced_by(model)
    for titles in ({"user/1": "Li"}, {"user/1": "Li Wei"}, {}):
        source.titles = titles
        model.refresh()
    assert announced == [(0, 9)] * 3


@pytest.mark.usefixtures("qapp")
def test_nothing_is_announced_where_nothing_has_changed() -> None:
    model, _ = make(list(range(10)))
    announced = announced_by(model)
    model.refresh()
    assert announced == []


@pytest.mark.usefixtures("qapp")
def test_an_answer_to_an_older_question_is_not_shown() -> None:
    model, source = make(list(range(50)))
    source.is_slow = True
    model.jump(1.0)
    model.show(Listing("task", search="li"))
    for answer in reversed(source.waiting):
        answer()
    assert shown(model) == list(range(PAGE))
    assert model.listing.search == "li"


@pytest.mark.usefixtures("qapp")
def test_changes_during_a_read_are_read_afterwards() -> None:
    model, source = make(list(range(5)))
    source.is_slow = True
    model.refresh()
    source.numbers.append(7)
    model.refresh()
    first = source.waiting.pop(0)
    source.numbers.append(9)
    first()
    assert len(source.waiting) == 1, "one reread is enough for all that came meanwhile"
    source.waiting.pop()()
    assert shown(model) == [0, 1, 2, 3, 4, 7, 9]


@pytest.mark.usefixtures("qapp")
def test_after_a_failed_read_the_list_reads_again() -> None:
    model, source = make(list(range(5)))
    source.is_broken = True
    model.refresh()
    source.is_broken = False
    source.numbers = [1]
    model.refresh()
    assert shown(model) == [1]


@pytest.mark.usefixtures("qapp")
def test_a_summary_of_other_kinds_leaves_the_list_alone() -> None:
    model, _ = make([1])
    some = RecordId("1" * 32)
    assert model.is_affected(Summary(frozenset({("task", some)})))
    assert model.is_affected(Summary(frozenset({("user", some)}))), "an assignee may be renamed"
    assert model.is_affected(Summary(kinds_reset=frozenset({"task"})))
    assert not model.is_affected(Summary(frozenset({("visit", some)})))


@pytest.mark.usefixtures("qapp")
def test_customers_text_in_a_tooltip_is_not_markup() -> None:
    model, source = make([1])
    source.renamed[1] = "<b>&amp;"
    model.refresh()
    tooltip = model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert tooltip == "<span>&lt;b&gt;&amp;amp;</span>"


@pytest.mark.usefixtures("qapp")
def test_a_column_beside_the_record_is_read_for_all_rows_at_once_and_spoken() -> None:
    source = PlainList([1, 2])
    beside = Column("calls", "Calls", words=lambda n: f"{n} calls", listens=frozenset({"visit"}))
    parent = QObject()
    model = ListModel(TASK, (*COLUMNS, beside), source, parent)
    source.beside = {"calls": {f"{1:032x}": 7}}
    model.show(Listing("task"))
    cell, other = model.index(0, len(COLUMNS)), model.index(1, len(COLUMNS))
    assert (cell.data(), cell.data(VALUE)) == ("7 calls", 7)
    assert cell.data(Qt.ItemDataRole.AccessibleTextRole) == "Calls: 7 calls"
    assert (other.data(), other.data(VALUE)) == ("", None)
    assert model.is_affected(Summary(frozenset({("visit", RecordId("1" * 32))})))


@pytest.mark.usefixtures("qapp")
def test_when_all_of_the_window_goes_the_rest_of_the_list_shows() -> None:
    model, source = make([1])
    for step in (("jump", 1), ("add", 0), ("remove", 1)):
        play(model, source, step)
    assert shown(model) == [0]
