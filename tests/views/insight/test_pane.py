"""The boards: what a mark stands for, what a filter and a change do, the keyboard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.errors import Unavailable
from crm_core.ids import RecordId
from crm_desktop.insight import phrases
from crm_desktop.insight.layout import BOARDS
from crm_desktop.models import queries
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.insight import card as card_module
from crm_desktop.views.panes.insight import drawn
from crm_desktop.views.panes.insight.card import ChartCard
from crm_desktop.views.panes.insight.drawn import Filter
from crm_desktop.views.panes.insight.pane import InsightPane
from crm_desktop.views.theme.theme import install
from tests.views.insight.front import SIZE, card_of, ready

Rest = Callable[[], None]


def test_title_and_filter_stand_before_a_number_is_known(hub: DataHub, qtbot: QtBot):
    made = InsightPane(hub)
    qtbot.addWidget(made)
    made.resize(*SIZE)
    made.filters.choose("grade", "A", "A")
    with qtbot.waitExposed(made):
        made.show()
    for card in made.board.cards:
        title, finding, filters, *_ = card.words()
        assert (card.chart, finding) == (None, "")
        assert title
        assert "Grade A" in filters
        assert card.canvas.is_loading
        assert not card._explain.isEnabled()
        assert not card._export.isEnabled()
    before = {card.name: card.words()[2] for card in made.board.cards}
    ready(qtbot, made)
    assert all(card.words()[2].startswith(before[card.name]) for card in made.board.cards)
    assert not any(card.canvas.is_loading for card in made.board.cards)
    assert all(card._export.isEnabled() and card._explain.isEnabled() for card in made.board.cards)


def test_what_takes_long_shows_bars_to_come(hub: DataHub, qtbot: QtBot):
    card = ChartCard("revenue", hub)
    qtbot.addWidget(card)
    card.resize(500, 330)
    with qtbot.waitExposed(card):
        card.show()
    skeleton = card.canvas._skeleton
    qtbot.waitUntil(skeleton.isVisible)
    image = card.canvas.grab().toImage()
    colours = {image.pixelColor(x, image.height() // 2).name() for x in range(image.width())}
    assert len(colours) > 1
    card.read(Filter())
    qtbot.waitUntil(lambda: not skeleton.isVisible(), timeout=30_000)


def test_a_chart_that_cannot_be_made_says_so_in_its_place(
    hub: DataHub, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(card_module, "read_chart", cannot)
    made = ChartCard("revenue", hub)
    qtbot.addWidget(made)
    with qtbot.waitSignal(made.settled, timeout=30_000), qtbot.waitSignal(hub.failed):
        made.read(Filter())
    assert not made.canvas.is_loading
    assert made.canvas.accessibleName() == "This chart could not be made."
    assert made.words()[0] == "Revenue by month"


def cannot(*_: object) -> None:
    raise Unavailable("The file is damaged.")


def test_every_board_shows_its_charts_with_their_words(pane: InsightPane, qtbot: QtBot):
    for board in BOARDS:
        pane.show_board(board.name)
        ready(qtbot, pane)
        assert [card.name for card in pane.board.cards] == list(board.charts)
        for card in pane.board.cards:
            assert all(card.words()), card.name
            assert card.words()[3].startswith("n = ")
            assert "last sync" in card.words()[4]
            assert card.canvas.places


def test_a_mark_that_is_clicked_lists_its_records(pane: InsightPane, qtbot: QtBot, rest: Rest):
    canvas = card_of(pane, "complaint-causes").canvas
    place = canvas.places[0]
    middle = QPoint(int((place.area.left + place.area.right) / 2), int(place.area.bottom) - 3)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle)
    rest()
    assert pane.is_listing
    assert pane.records.model is not None
    assert pane.records.model.total == place.mark.value
    assert place.mark.label in pane.records.words


def test_back_leads_from_the_records_to_the_charts(pane: InsightPane, qtbot: QtBot, rest: Rest):
    open_first(pane, "pyramid")
    rest()
    assert pane.is_listing
    qtbot.keyClick(pane.records, Qt.Key.Key_Escape)
    assert not pane.is_listing


def test_another_tab_leads_from_the_records_to_its_charts(
    pane: InsightPane, qtbot: QtBot, rest: Rest
):
    open_first(pane, "pyramid")
    rest()
    pane.show_board("visits")
    assert not pane.is_listing


def test_a_record_of_the_list_is_opened_where_its_kind_lives(
    pane: InsightPane, qtbot: QtBot, rest: Rest
):
    open_first(pane, "pyramid")
    rest()
    model, shown = pane.records.model, pane.records.list
    assert model is not None
    assert shown is not None
    row = model.row_at(0)
    assert row is not None
    with qtbot.waitSignal(pane.opened) as caught:
        shown.opened.emit(row.id)
    assert caught.args == ["account", row.id]


def open_first(pane: InsightPane, name: str) -> None:
    canvas = card_of(pane, name).canvas
    canvas.chosen.emit(canvas.places[0].mark)


def test_the_keyboard_goes_from_mark_to_mark_and_opens_them(
    pane: InsightPane, qtbot: QtBot, rest: Rest
):
    canvas = card_of(pane, "complaint-causes").canvas
    canvas.setFocus()
    assert "Arrow keys" in canvas.accessibleDescription()
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    first = canvas.accessibleDescription()
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert first
    assert canvas.accessibleDescription() != first
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    assert canvas.accessibleDescription() == first
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    rest()
    assert pane.is_listing


def test_what_is_under_the_pointer_is_told(pane: InsightPane, qtbot: QtBot):
    canvas = card_of(pane, "visit-coverage").canvas
    area = canvas.places[0].area
    qtbot.mouseMove(canvas, QPointF(area.left + 5, (area.top + area.bottom) / 2).toPoint())
    assert canvas.pointed is canvas.places[0]
    assert canvas.places[0].mark.tip in canvas.accessibleDescription()
    qtbot.mouseMove(canvas, QPoint(1, 1))
    assert canvas.pointed is None


def test_a_filter_is_over_all_charts_and_can_be_taken_away(pane: InsightPane, qtbot: QtBot):
    before = {card.name: n_of(card) for card in pane.board.cards}
    pane.filters.choose("grade", "A", "A")
    ready(qtbot, pane)
    assert all(n_of(card) < before[card.name] for card in pane.board.cards)
    assert all("Grade A" in card.words()[2] for card in pane.board.cards)
    pane.filters.chips[2].removed.emit()
    ready(qtbot, pane)
    assert {card.name: n_of(card) for card in pane.board.cards} == before


def n_of(card: ChartCard) -> int:
    assert card.chart is not None
    return card.chart.n


def test_teams_and_owners_can_be_chosen_from_those_there_are(
    pane: InsightPane, qtbot: QtBot, rest: Rest
):
    rest()
    owners = dict(pane.filters._choices.owners)
    assert "Nancy Davolio" in owners.values()
    nancy = next(key for key, name in owners.items() if name == "Nancy Davolio")
    pane.filters.choose("owner", nancy, "Nancy Davolio")
    ready(qtbot, pane)
    coverage = card_of(pane, "visit-coverage").chart
    assert coverage is not None
    assert [mark.label for mark in coverage.series[0].marks] == ["Nancy Davolio"]


def test_a_change_is_read_by_the_charts_that_it_concerns(
    pane: InsightPane, hub: DataHub, store: Store, qtbot: QtBot
):
    causes, revenue = card_of(pane, "complaint-causes"), card_of(pane, "revenue")
    kept, before = revenue.chart, n_of(causes)
    assert causes.chart is not None
    drill = causes.chart.series[0].marks[0].drill
    assert drill is not None
    with store.reader() as c:
        row = queries.page(c, "complaint", where=drill.where, limit=1).rows[0]
    change = Change("complaint", RecordId(row.id), Op.SET, {"cause": None})
    hub.save([change], "Change", owner=pane)
    qtbot.waitUntil(lambda: n_of(causes) == before - 1, timeout=30_000)
    assert revenue.chart is kept


def test_a_change_while_nobody_looks_is_read_when_somebody_does(
    pane: InsightPane, hub: DataHub, store: Store, qtbot: QtBot, rest: Rest
):
    causes = card_of(pane, "complaint-causes")
    before = n_of(causes)
    assert causes.chart is not None
    drill = causes.chart.series[0].marks[0].drill
    assert drill is not None
    with store.reader() as c:
        row = queries.page(c, "complaint", where=drill.where, limit=1).rows[0]
    pane.hide()
    hub.save([Change("complaint", row.id, Op.SET, {"cause": None})], "Change", owner=pane)
    qtbot.waitUntil(lambda: causes.is_stale, timeout=30_000)
    rest()
    assert n_of(causes) == before
    pane.show()
    qtbot.waitUntil(lambda: n_of(causes) == before - 1, timeout=30_000)


def test_a_new_day_is_read_when_somebody_looks(pane: InsightPane, qtbot: QtBot):
    card = card_of(pane, "revenue")
    assert card.chart is not None
    today = card.chart.as_of
    card._chart = replace(card.chart, as_of=today - dt.timedelta(3))
    pane.hide()
    pane.show()
    qtbot.waitUntil(lambda: card.chart is not None and card.chart.as_of == today, timeout=30_000)
    ready(qtbot, pane)


def test_a_synchronisation_that_changed_nothing_is_said_below_the_charts(
    pane: InsightPane, store: Store, qtbot: QtBot
):
    card = card_of(pane, "revenue")
    pixels = card.canvas._pixels
    with store.writing() as c:
        c.run("UPDATE sync_state SET verified_at = '2026-11-20T09:29:00Z'")
    pane._clock.timeout.emit()
    qtbot.waitUntil(
        lambda: card.chart is not None and "09:29" in card.chart.last_sync, timeout=30_000
    )
    assert card.words()[4] == phrases.sync_words("2026-11-20T09:29:00Z", drawn.today())
    assert card.canvas._pixels is pixels


def test_nothing_is_looked_up_while_nobody_looks(pane: InsightPane):
    assert pane._clock.isActive()
    pane.hide()
    assert not pane._clock.isActive()


def test_the_explanation_stands_in_the_pictures_place(pane: InsightPane):
    card = card_of(pane, "pyramid")
    card.explain(shown=True)
    assert card.is_explaining
    told = card._reasons.accessibleDescription()
    assert "1 % VIP" in told
    assert "The orders on this computer" in told
    assert "all accounts" in told
    QTest.keyClick(card._reasons, Qt.Key.Key_Escape)
    assert not card.is_explaining


def test_another_size_is_drawn_anew_from_the_same_numbers(pane: InsightPane, qtbot: QtBot):
    card = card_of(pane, "revenue")
    chart = card.chart
    pane.resize(1300, 900)
    qtbot.waitUntil(lambda: not card.canvas.is_fresh, timeout=10_000)
    ready(qtbot, pane)
    assert card.chart is chart


def test_the_charts_follow_the_theme(pane: InsightPane, qapp: QApplication, qtbot: QtBot):
    canvas = card_of(pane, "revenue").canvas
    assert corner_of(canvas) == "#ffffff"
    try:
        install(qapp, "dark")
        qtbot.waitUntil(lambda: corner_of(canvas) == "#1a1e24", timeout=30_000)
    finally:
        install(qapp, "light")


def corner_of(canvas: QWidget) -> str:
    return canvas.grab().toImage().pixelColor(3, 3).name()


def test_the_keyboard_reaches_every_chart_its_explanation_and_its_export(pane: InsightPane):
    pane.tabs.setFocus()
    wanted = {w for x in pane.board.cards for w in (x.canvas, x._explain, x._export)}
    reached, at = set[QWidget](), pane.nextInFocusChain()
    while at is not None and at is not pane:
        reached |= {at} if at.focusPolicy() & Qt.FocusPolicy.TabFocus else set()
        at = at.nextInFocusChain()
    assert wanted <= reached
    assert all(card.canvas.accessibleName().endswith(card.words()[1]) for card in pane.board.cards)


def test_what_a_click_lists_is_said_before_it(pane: InsightPane, qtbot: QtBot):
    canvas = card_of(pane, "visit-coverage").canvas
    canvas.setFocus()
    last = len(canvas.places) - 1
    canvas.point_at(last)
    mark = canvas.places[last].mark
    assert mark.drill is not None
    assert "not visited" in mark.drill.words
    assert f"click to list: {mark.drill.words}" in canvas.accessibleDescription()


def test_a_tip_covers_neither_its_mark_nor_the_names_and_stays_inside(pane: InsightPane):
    canvas = card_of(pane, "visit-coverage").canvas
    size = QSize(240, 40)
    for place in canvas.places:
        shape = place.shape
        box = QRect(
            QPoint(int(shape.left), int(shape.top)), QPoint(int(shape.right), int(shape.bottom))
        )
        tip = canvas._beside(box, size)
        assert canvas.rect().contains(tip)
        assert not tip.intersects(box)
        assert tip.left() > shape.left


def test_everything_that_takes_the_keyboard_has_a_name(pane: InsightPane):
    silent = [
        type(widget).__name__
        for widget in pane.findChildren(QWidget)
        if widget.isVisible()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.accessibleName()
        and not getattr(widget, "text", str)()
    ]
    assert set(silent) <= {"_Bar", "Board"}
