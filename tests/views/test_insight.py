"""Insight: boards, what a mark stands for, what a filter and a change do, files, the keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.insight.layout import BOARDS
from crm_desktop.models import queries
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.insight.card import ChartCard
from crm_desktop.views.panes.insight.pane import InsightPane
from crm_desktop.views.theme.theme import install
from tests.support.demo import demo_store
from tests.views.company import KEY, NOW

SIZE = (1104, 800)
Rest = Callable[[], None]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the demo company, made once."""
    made = demo_store(tmp_path_factory.mktemp("company"))
    made.checkpoint()
    made.close()
    return made.path


@pytest.fixture
def store(company: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of the demo company."""
    file = tmp_path / company.name
    shutil.copy(company, file)
    made = Store.open(file, KEY, clock=lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def pane(hub: DataHub, qtbot: QtBot) -> InsightPane:
    """The pane in front, with its first board drawn."""
    made = InsightPane(hub)
    qtbot.addWidget(made)
    made.resize(*SIZE)
    hub.changed.connect(made.take_summary)
    with qtbot.waitExposed(made):
        made.show()
    ready(qtbot, made)
    return made


def ready(qtbot: QtBot, pane: InsightPane) -> None:
    """Wait until every chart in front is drawn at its size."""

    def is_ready() -> bool:
        cards = pane.board.cards
        is_drawn = all(not card.is_stale and card.canvas.is_fresh for card in cards)
        return is_drawn and pane._reading is None

    qtbot.waitUntil(is_ready, timeout=60_000)


def card_of(pane: InsightPane, name: str) -> ChartCard:
    return next(card for card in pane.board.cards if card.name == name)


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


def test_the_explanation_stands_in_the_pictures_place(pane: InsightPane):
    card = card_of(pane, "pyramid")
    card.explain(shown=True)
    assert card.is_explaining
    assert "1 % VIP" in card._explanation.text()
    card.explain(shown=False)
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


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".csv"])
def test_a_chart_is_written_where_one_says(
    pane: InsightPane, qtbot: QtBot, tmp_path: Path, ending: str
):
    card, out = card_of(pane, "pyramid"), tmp_path / f"mine{ending}"
    assert card.chart is not None
    card.export_asked.emit(card.chart, ending)
    dialog = pane.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.defaultSuffix() == ending.removeprefix(".")
    with qtbot.waitSignal(pane.said, timeout=30_000) as caught:
        dialog.fileSelected.emit(str(out))
    assert str(out) in str(caught.args[0] if caught.args else "")
    assert out.stat().st_size
    dialog.close()


def test_a_board_is_written_as_one_document(pane: InsightPane, qtbot: QtBot, tmp_path: Path):
    out = tmp_path / "monday.pdf"
    pane._export.click()
    dialog = pane.findChild(QFileDialog)
    assert dialog is not None
    with qtbot.waitSignal(pane.said, timeout=60_000):
        dialog.fileSelected.emit(str(out))
    assert out.read_bytes().startswith(b"%PDF")
    dialog.close()


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
