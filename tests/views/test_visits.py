"""The visits pane: what is planned, moved, drawn and dropped is stored, as one step each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QComboBox, QWidget
from pytestqt.qtbot import QtBot

from crm_core.fields import Value
from crm_core.free_time import Span
from crm_core.ids import RecordId
from crm_desktop.models import queries
from crm_desktop.models.agenda import Appointment, Place
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.visits.calendar_view import CalendarView
from crm_desktop.views.panes.visits.due_mime import carrying
from crm_desktop.views.panes.visits.geometry import Sheet
from crm_desktop.views.panes.visits.pane import VisitsPane
from crm_desktop.views.panes.visits.reading import days_of_week
from crm_desktop.views.panes.visits.visit_card import VisitCard
from crm_desktop.views.panes.visits.writing import wrapped
from crm_desktop.views.theme.fonts import font
from tests.views.company import make_store, people, receive
from tests.views.front import InFront

Rest = Callable[[], None]
ME, HANDEL, OTHER, NEXT = (RecordId(f"{n:032x}") for n in (1, 2, 3, 4))
V1, V2, V3 = (RecordId(f"{n:032x}") for n in (11, 12, 13))
BERLIN = ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2026, 10, 13, 6, 43, tzinfo=dt.UTC)  # 08:43 there, a Tuesday


def visit(start: str, end: str, **values: Value) -> dict[str, Value]:
    return {"account": HANDEL, "owner": ME, "state": "planned", "planned_start": start,
            "planned_end": end, **values}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    account: dict[str, Value] = {"owner": ME, "type": "customer", "grade": "A"}
    rows: list[tuple[str, RecordId, dict[str, Value]]] = [
        *people(ME),
        ("account", HANDEL, {"name": "Ernst Handel", **account}),
        ("account", OTHER, {"name": "North/South", **account}),
        ("visit", V1, visit("2026-10-14T08:00:00Z", "2026-10-14T09:15:00Z", state="confirmed")),
        ("visit", V2, visit("2026-10-14T08:30:00Z", "2026-10-14T09:30:00Z")),
        ("visit", V3, visit("2026-10-12T07:00:00Z", "2026-10-12T07:45:00Z", state="completed",
                            outcome="order")),
    ]  # fmt: skip
    made = make_store(tmp_path, rows, user=ME)
    yield made
    made.close()


@pytest.fixture
def pane(hub: DataHub, in_front: InFront) -> VisitsPane:
    made = in_front(VisitsPane(hub, clock=lambda: NOW, zone=BERLIN), 1100, 1000)
    made.week.calendar.scroll_to_day()
    return made


def stored(store: Store, record_id: str) -> dict[str, Value]:
    with store.reader() as c:
        row = queries.record(c, "visit", RecordId(record_id))
    assert row is not None
    return dict(row.values)


def times(store: Store, record_id: str) -> tuple[Value, Value]:
    values = stored(store, record_id)
    return values["planned_start"], values["planned_end"]


def all_visits(store: Store) -> set[str]:
    with store.reader() as c:
        return {row.id for row in queries.page(c, "visit").rows}


def drag(calendar: CalendarView, qtbot: QtBot, start: QPoint, end: QPoint) -> None:
    port = calendar.viewport()
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(port, pos=(start + end) / 2)
    qtbot.mouseMove(port, pos=end)
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end)


def wall(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return NOW.replace(tzinfo=None, day=day, hour=hour, minute=minute)


def test_the_week_of_today_is_shown_by_the_clock_of_the_place(pane: VisitsPane) -> None:
    shown = {x.id: x for x in pane.week.calendar.appointments}
    assert set(shown) == {V1, V2, V3}
    assert shown[V1].start == wall(14, 10)
    assert pane.week.calendar.sheet.first == dt.date(2026, 10, 12)
    assert pane.week.calendar.sheet.days == 5


def test_a_visit_dragged_to_another_day_is_one_step_and_moves_no_other(
    pane: VisitsPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    calendar, others = pane.week.calendar, times(store, V1)
    start = calendar.rect_of(V2).center()
    shift = calendar.point_at(wall(15, 12)) - calendar.point_at(wall(14, 10))
    drag(calendar, qtbot, start, start + shift)
    rest()
    assert times(store, V2) == ("2026-10-15T10:30:00Z", "2026-10-15T11:30:00Z")
    assert times(store, V1) == others
    assert "Ernst Handel" in pane.week.foot.text
    assert "12:30" in pane.week.foot.text


def test_undo_in_the_foot_takes_the_move_back(pane: VisitsPane, store: Store, rest: Rest) -> None:
    before = stored(store, V1)
    pane.week.calendar.moved.emit(V1, Span(wall(16, 9), wall(16, 10)))
    rest()
    assert stored(store, V1)["state"] == "planned"  # what was confirmed was the old time
    pane.week.foot.undo_asked.emit()
    rest()
    after = stored(store, V1)
    fields = ("planned_start", "planned_end", "state")
    assert [after[name] for name in fields] == [before[name] for name in fields]


def test_pulling_the_lower_edge_lengthens_a_visit_and_keeps_it_confirmed(
    pane: VisitsPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    calendar = pane.week.calendar
    rect = calendar.rect_of(V1)
    edge = QPoint(rect.center().x(), rect.bottom() - 1)
    drag(calendar, qtbot, edge, edge + QPoint(0, calendar.sheet.hour))
    rest()
    assert times(store, V1) == ("2026-10-14T08:00:00Z", "2026-10-14T10:15:00Z")
    assert stored(store, V1)["state"] == "confirmed"


def test_what_was_held_cannot_be_moved(pane: VisitsPane, store: Store, qtbot: QtBot) -> None:
    calendar, before = pane.week.calendar, times(store, V3)
    start = calendar.rect_of(V3).center()
    drag(calendar, qtbot, start, start + QPoint(200, 100))
    assert times(store, V3) == before
    assert "Ernst Handel" in pane.week.foot.text


def test_the_keyboard_chooses_moves_lengthens_and_opens(
    pane: VisitsPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    calendar = pane.week.calendar
    calendar.choose(V3)
    qtbot.keyClick(calendar, Qt.Key.Key_Right)
    assert calendar.chosen is not None
    assert calendar.chosen.id == V1
    qtbot.keyClick(calendar, Qt.Key.Key_Down)
    assert calendar.chosen.id == V2
    qtbot.keyClick(calendar, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    rest()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(calendar, Qt.Key.Key_Down, both)
    rest()
    assert times(store, V2) == ("2026-10-15T08:30:00Z", "2026-10-15T09:45:00Z")
    assert "Ernst Handel" in calendar.accessibleDescription()


def test_a_move_over_the_change_of_summer_time_keeps_the_time_of_day(
    pane: VisitsPane, store: Store, rest: Rest
) -> None:
    pane.week.calendar.moved.emit(V2, Span(wall(26, 10, 30), wall(26, 11, 30)))
    rest()
    assert times(store, V2) == ("2026-10-26T09:30:00Z", "2026-10-26T10:30:00Z")


def test_overlapping_visits_stand_side_by_side(pane: VisitsPane) -> None:
    first, second = pane.week.calendar.rect_of(V1), pane.week.calendar.rect_of(V2)
    assert not first.intersects(second)
    assert first.top() < second.top() < first.bottom()


def test_a_drag_over_free_time_begins_a_visit_that_is_stored_when_saved(
    pane: VisitsPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    known, calendar = all_visits(store), pane.week.calendar
    drag(calendar, qtbot, calendar.point_at(wall(16, 10)), calendar.point_at(wall(16, 11, 30)))
    rest()
    card = pane.week.side.card
    assert card.is_new
    card.editor("account").restore(f"account/{OTHER}\tNorth/South")
    card.submit()
    rest()
    (made,) = all_visits(store) - known
    assert times(store, made) == ("2026-10-16T08:00:00Z", "2026-10-16T09:30:00Z")
    assert (stored(store, made)["account"], stored(store, made)["state"]) == (OTHER, "planned")


def test_a_visit_without_an_account_is_not_stored_and_says_why(
    pane: VisitsPane, store: Store, rest: Rest
) -> None:
    known = all_visits(store)
    pane.new_record()
    rest()
    pane.save()
    rest()
    assert all_visits(store) == known
    assert "Account" in pane.week.side.card._problem.text()


def test_a_due_account_placed_with_p_stands_in_the_first_gap(
    pane: VisitsPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    due, known = pane.week.side.due, all_visits(store)
    assert [due.model().index(0, 0).data()] == ["North/South"]
    due.setCurrentIndex(due.model().index(0, 0))
    qtbot.keyClick(due, Qt.Key.Key_P)
    rest()
    (made,) = all_visits(store) - known
    assert times(store, made) == ("2026-10-13T07:00:00Z", "2026-10-13T08:00:00Z")
    assert due.model().rowCount() == 0
    assert pane.week.calendar.chosen is not None


def test_filling_from_the_cadence_says_what_it_would_plan_and_plans_nothing_yet(
    pane: VisitsPane, store: Store, rest: Rest
) -> None:
    known = all_visits(store)
    pane._head.fill_asked.emit()
    rest()
    (ghost,) = pane.week.calendar.proposed
    assert (ghost.title, ghost.span) == ("North/South", Span(wall(13, 9), wall(13, 10)))
    assert pane.week.foot.text == "1 visit proposed: Tue 13"
    assert all_visits(store) == known


def test_what_the_cadence_proposes_is_planned_and_undone_as_one_step(
    pane: VisitsPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    receive(store, [("account", NEXT, {"name": "Island", "owner": ME, "type": "customer"})])
    pane.week.read()
    rest()
    known = all_visits(store)
    pane._head.fill_asked.emit()
    pane.week.foot.accepted.emit()
    rest()
    made = sorted(all_visits(store) - known)
    assert {str(stored(store, one)["account"]) for one in made} == {OTHER, NEXT}
    assert not pane.week.calendar.proposed
    pane.week.foot.undo_asked.emit()
    rest()
    assert all_visits(store) == known


def test_escape_withdraws_what_was_proposed(
    pane: VisitsPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    known = all_visits(store)
    pane._head.fill_asked.emit()
    pane.week.calendar.setFocus()
    qtbot.keyClick(pane.week.calendar, Qt.Key.Key_Escape)
    rest()
    assert not pane.week.calendar.proposed
    assert not pane.week.foot.is_offering
    assert all_visits(store) == known


def test_a_week_that_is_over_is_not_filled(pane: VisitsPane, rest: Rest) -> None:
    pane.week.step(-1)
    rest()
    pane._head.fill_asked.emit()
    assert not pane.week.calendar.proposed
    assert pane.week.foot.text == "There is no free hour in the days shown."


def test_a_weekend_is_shown_only_where_something_lies_in_it_or_it_is_today() -> None:
    monday, row = dt.date(2026, 10, 12), Row("visit", V1, 1, deleted=False, values={})
    on_saturday = Appointment(row, Place(), wall(17, 10), wall(17, 11))
    assert days_of_week(monday, [], wall(16, 8).date()) == 5
    assert days_of_week(monday, [], wall(18, 8).date()) == 7
    assert days_of_week(monday, [on_saturday], wall(13, 8).date()) == 7


def test_long_words_go_on_in_the_next_line_and_the_last_is_cut(qtbot: QtBot) -> None:
    face = font("small")
    width = QFontMetrics(face).horizontalAdvance("Consolidated H")
    lines = wrapped("Consolidated Holdings and their sons", face, width, 2)
    assert lines[0] == "Consolidated"
    assert lines[1].startswith("Holdings")
    assert lines[1].endswith("…")
    assert wrapped("Short", face, width, 2) == ["Short"]
    assert wrapped("Anything", face, width, 0) == []


def test_an_account_dropped_on_a_day_is_planned_there(
    pane: VisitsPane, store: Store, rest: Rest
) -> None:
    known = all_visits(store)
    pane.week.calendar.take_drop(carrying(OTHER), pane.week.calendar.point_at(wall(15, 14)))
    rest()
    (made,) = all_visits(store) - known
    assert times(store, made) == ("2026-10-15T12:00:00Z", "2026-10-15T13:00:00Z")


def test_a_visit_is_completed_only_with_an_outcome(
    pane: VisitsPane, store: Store, rest: Rest
) -> None:
    pane.week.calendar.choose(V1)
    card = pane.week.side.card
    assert card.steps == ("in_progress", "planned", "cancelled")
    card.begin_step("in_progress")
    rest()
    card.begin_step("completed")
    card.submit()
    assert stored(store, V1)["state"] == "in_progress"
    outcome = card.editor("outcome").widget
    assert isinstance(outcome, QComboBox)
    outcome.setCurrentIndex(outcome.findData("order"))
    card.submit()
    rest()
    values = stored(store, V1)
    assert (values["state"], values["outcome"]) == ("completed", "order")
    assert values["actual_start"] == values["actual_end"] == "2026-10-13T06:43:00Z"


def test_what_is_typed_into_a_visit_builds_on_what_was_seen(
    pane: VisitsPane, store: Store, hub: DataHub, rest: Rest
) -> None:
    pane.week.calendar.choose(V1)
    card, before = pane.week.side.card, stored(store, V1)
    with store.reader() as c:
        seen = queries.record(c, "visit", V1)
    assert seen is not None
    card.editor("objectives").restore("Mine")
    receive(store, [("visit", V1, {**before, "objectives": "Theirs"})])
    hub.announce(Summary(frozenset([("visit", V1)])))
    rest()
    assert card.editor("objectives").typed() == "Mine"
    card.submit()
    rest()
    (change,) = Outbox(store).take_outbox(10, 10**6)[-1].changes
    assert (change.new, change.old) == ({"objectives": "Mine"}, {"objectives": None})
    assert change.base_seq == seen.seq


def write(card: VisitCard, name: str, text: str) -> None:
    card.editor(name).restore(text)
    card.editor(name).edited.emit()


def test_a_report_half_typed_comes_back_with_its_step_after_another_visit(
    pane: VisitsPane, rest: Rest
) -> None:
    card, calendar = pane.week.side.card, pane.week.calendar
    calendar.choose(V1)
    rest()
    card.begin_step("in_progress")
    rest()
    card.begin_step("completed")
    write(card, "result", "Wants 40 cases")
    calendar.choose(V2)
    rest()
    assert card.editor("result").typed() == ""
    calendar.choose(V1)
    rest()
    assert card.editor("result").typed() == "Wants 40 cases"
    assert card.editor("result").widget.isVisibleTo(card)


def test_a_report_half_typed_outlives_the_window(
    hub: DataHub, in_front: InFront, pane: VisitsPane, rest: Rest
) -> None:
    pane.week.calendar.choose(V1)
    rest()
    write(pane.week.side.card, "objectives", "Show the new jars")
    hub.leaving.emit()
    rest()
    another = in_front(VisitsPane(hub, clock=lambda: NOW, zone=BERLIN), 1100, 1000)
    another.week.calendar.choose(V1)
    rest()
    assert another.week.side.card.editor("objectives").typed() == "Show the new jars"


def test_a_report_that_comes_back_builds_on_what_its_author_saw(
    pane: VisitsPane, store: Store, hub: DataHub, rest: Rest
) -> None:
    card, calendar, before = pane.week.side.card, pane.week.calendar, stored(store, V1)
    calendar.choose(V1)
    rest()
    write(card, "objectives", "Mine")
    calendar.choose(V2)
    rest()
    receive(store, [("visit", V1, {**before, "objectives": "Theirs"})])
    hub.announce(Summary(frozenset([("visit", V1)])))
    rest()
    calendar.choose(V1)
    rest()
    card.submit()
    rest()
    (change,) = Outbox(store).take_outbox(10, 10**6)[-1].changes
    assert (change.new, change.old) == ({"objectives": "Mine"}, {"objectives": None})


def test_moving_a_visit_leaves_what_is_typed_of_another(
    pane: VisitsPane, qtbot: QtBot, rest: Rest
) -> None:
    card, calendar = pane.week.side.card, pane.week.calendar
    calendar.choose(V1)
    rest()
    write(card, "objectives", "Show the new jars")
    pane.week._move(V2, Span(wall(15, 10), wall(15, 11)))
    rest()
    calendar.choose(V1)
    rest()
    assert card.editor("objectives").typed() == "Show the new jars"


def test_a_step_takes_with_it_what_was_typed_before(
    pane: VisitsPane, store: Store, rest: Rest
) -> None:
    card = pane.week.side.card
    pane.week.calendar.choose(V1)
    rest()
    write(card, "objectives", "Show the new jars")
    card.begin_step("in_progress")
    rest()
    values = stored(store, V1)
    assert (values["state"], values["objectives"]) == ("in_progress", "Show the new jars")


def test_what_was_saved_does_not_come_back_as_a_draft(
    pane: VisitsPane, store: Store, rest: Rest
) -> None:
    card = pane.week.side.card
    pane.week.calendar.choose(V1)
    rest()
    write(card, "objectives", "Show the new jars")
    card.submit()
    rest()
    assert not card.is_touched
    assert store.meta(f"draft:visit/{V1}") is None


def test_who_goes_back_from_a_visit_gives_up_what_he_typed(
    pane: VisitsPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    card = pane.week.side.card
    pane.week.calendar.choose(V1)
    rest()
    write(card, "objectives", "Show the new jars")
    card.cancelled.emit()
    rest()
    assert card.editor("objectives").typed() == ""
    assert store.meta(f"draft:visit/{V1}") is None


def test_declining_what_is_proposed_leaves_what_is_typed(pane: VisitsPane, rest: Rest) -> None:
    card = pane.week.side.card
    pane.week.calendar.choose(V1)
    rest()
    write(card, "objectives", "Show the new jars")
    pane.week.propose()
    rest()
    assert pane.week._offered.accounts
    pane.week.foot.declined.emit()
    rest()
    assert not pane.week._offered.accounts
    assert card.editor("objectives").typed() == "Show the new jars"


def test_days_weeks_and_a_visit_elsewhere_can_be_gone_to(
    pane: VisitsPane, qtbot: QtBot, rest: Rest
) -> None:
    calendar = pane.week.calendar
    qtbot.keyClick(calendar, Qt.Key.Key_PageDown)
    rest()
    assert calendar.sheet.first == dt.date(2026, 10, 19)
    assert calendar.appointments == ()
    pane.open_record(V1)
    rest()
    assert calendar.chosen is not None
    calendar.day_asked.emit(dt.date(2026, 10, 14))
    rest()
    assert (calendar.sheet.first, calendar.sheet.days) == (dt.date(2026, 10, 14), 1)
    pane._head.switch.choose("list")
    rest()
    pane.choose_first()
    rest()
    assert pane._plain_list().record_id in {V1, V2, V3}


def test_overlaps_that_hang_together_share_a_day_evenly() -> None:
    def at(start: int, end: int, n: int) -> Appointment:
        row = Row("visit", RecordId(f"{n:032x}"), 1, deleted=False, values={})
        return Appointment(row, Place(), wall(12, start), wall(12, end))

    visits = [at(9, 11, 1), at(10, 12, 2), at(11, 13, 3), at(14, 15, 4)]
    boxes = Sheet(dt.date(2026, 10, 12), 1, 500, 60).boxes(visits)
    assert [(box.lane, box.lanes) for box in boxes] == [(0, 2), (1, 2), (0, 2), (0, 1)]


def planned(pane: VisitsPane) -> tuple[Value, Value]:
    """Start and end that stand in the form of the new visit."""
    card = pane.week.side.card
    assert card.is_new
    return card.editor("planned_start").value(), card.editor("planned_end").value()


def test_a_visit_planned_from_elsewhere_begins_in_todays_first_gap_for_as_long_as_usual(
    pane: VisitsPane, rest: Rest
) -> None:
    pane.week.go_to(dt.date(2026, 11, 2))
    rest()
    pane.new_with({"account": HANDEL})
    rest()
    assert planned(pane) == ("2026-10-13T07:00:00Z", "2026-10-13T07:45:00Z")
    assert pane.week.calendar.sheet.first == dt.date(2026, 10, 12)


def test_where_the_days_shown_are_over_a_new_visit_begins_in_the_next_free_hour(
    hub: DataHub, rest: Rest, qtbot: QtBot
) -> None:
    sunday = dt.datetime(2026, 10, 11, 10, tzinfo=dt.UTC)
    pane = VisitsPane(hub, clock=lambda: sunday, zone=BERLIN)
    qtbot.addWidget(pane)
    pane.show()
    pane.week.go_to(dt.date(2026, 10, 5), is_day=True)
    rest()
    pane.new_record()
    rest()
    # On Monday from 9:00 to 9:45 a visit was made.
    assert planned(pane) == ("2026-10-12T07:45:00Z", "2026-10-12T08:45:00Z")
    assert pane.week.calendar.sheet.first == dt.date(2026, 10, 12)


def test_in_little_room_the_side_stands_below_the_days(pane: VisitsPane, qtbot: QtBot) -> None:
    def corner(part: QWidget) -> QPoint:
        return part.mapTo(pane, QPoint())

    side, calendar = pane.week.side, pane.week.calendar
    assert corner(side).x() > corner(calendar).x()
    pane.resize(588, 400)
    assert pane.width() == 588
    qtbot.waitUntil(lambda: corner(side).y() >= corner(calendar).y() + calendar.height())
    assert side.width() > 560
    assert pane._head._fill.mapTo(pane, QPoint(pane._head._fill.width(), 0)).x() <= 588
    pane.new_with({"account": HANDEL})
    qtbot.waitUntil(lambda: side.card.isVisible() and abs(corner(side.card).y()) < 200)
    pane.resize(1100, 1000)
    qtbot.waitUntil(lambda: corner(side).x() > corner(calendar).x())
