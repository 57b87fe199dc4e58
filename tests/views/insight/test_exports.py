"""Charts into files: where they went is said, what fails says why, and nothing waits for it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from crm_desktop.i18n import set_language
from crm_desktop.insight.chart import Chart
from crm_desktop.views.panes.insight import drawn, reveal
from crm_desktop.views.panes.insight.exports import Exports
from crm_desktop.views.panes.insight.pane import InsightPane
from tests.views.insight.front import card_of, ready


def ask(pane: InsightPane, ending: str) -> QFileDialog:
    """Export a chart up to the question where."""
    card = card_of(pane, "pyramid")
    assert card.chart is not None
    card.export_asked.emit(card.chart, ending)
    return dialog_of(pane)


def dialog_of(pane: InsightPane) -> QFileDialog:
    (dialog,) = [one for one in pane.findChildren(QFileDialog) if one.isVisible()]
    return dialog


def answer(dialog: QFileDialog, out: Path) -> None:
    dialog.fileSelected.emit(str(out))
    dialog.close()


def exports_of(pane: InsightPane) -> Exports:
    (found,) = pane.findChildren(Exports)
    return found


def wait_for(qtbot: QtBot, exports: Exports, words: str) -> None:
    qtbot.waitUntil(lambda: words in exports.banner.text, timeout=60_000)


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".csv"])
def test_a_chart_is_written_where_one_says_and_that_is_told(
    pane: InsightPane, qtbot: QtBot, tmp_path: Path, ending: str
):
    dialog, out = ask(pane, ending), tmp_path / f"mine{ending}"
    assert dialog.defaultSuffix() == ending.removeprefix(".")
    answer(dialog, out)
    wait_for(qtbot, exports_of(pane), f"Written: mine{ending}, in {tmp_path}")
    assert exports_of(pane).banner.isVisible()
    assert out.stat().st_size


def test_a_board_is_written_as_one_document(pane: InsightPane, qtbot: QtBot, tmp_path: Path):
    out = tmp_path / "monday.pdf"
    pane._export.click()
    dialog = dialog_of(pane)
    assert Path(dialog.selectedFiles()[0]).name.startswith("Monday board 20")
    answer(dialog, out)
    wait_for(qtbot, exports_of(pane), "Written: monday.pdf")
    assert out.read_bytes().startswith(b"%PDF")


def test_the_file_is_named_after_the_chart_in_the_persons_language(pane: InsightPane, qtbot: QtBot):
    set_language("zh_CN")
    try:
        pane.filters.choose("grade", "A", "A")
        ready(qtbot, pane)
        dialog = ask(pane, ".png")
    finally:
        set_language("en")
    chart = card_of(pane, "pyramid").chart
    assert chart is not None
    name = Path(dialog.selectedFiles()[0]).name
    assert name == f"{chart.title} {chart.as_of.isoformat()}.png"
    assert not name.isascii()
    dialog.close()


def test_the_folder_is_shown_on_demand(
    pane: InsightPane, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shown = list[Path]()
    monkeypatch.setattr(reveal, "show_in_folder", lambda file: not shown.append(file))
    answer(ask(pane, ".csv"), tmp_path / "a.csv")
    wait_for(qtbot, exports_of(pane), "Written")
    qtbot.mouseClick(exports_of(pane).banner._button, Qt.MouseButton.LeftButton)
    assert shown == [tmp_path / "a.csv"]
    assert "Written" in exports_of(pane).banner.text


def test_a_folder_that_nothing_can_open_is_named(
    pane: InsightPane, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reveal, "show_in_folder", lambda file: False)
    answer(ask(pane, ".csv"), tmp_path / "a.csv")
    wait_for(qtbot, exports_of(pane), "Written")
    exports_of(pane).banner.acted.emit()
    assert exports_of(pane).banner.text == f"Nothing here can open {tmp_path}."


def test_what_could_not_be_written_says_why_and_asks_for_another_place(
    pane: InsightPane, qtbot: QtBot, tmp_path: Path
):
    (tmp_path / "taken.csv").mkdir()
    answer(ask(pane, ".csv"), tmp_path / "taken.csv")
    wait_for(qtbot, exports_of(pane), "taken.csv cannot be written: a folder has that name")
    exports_of(pane).banner.acted.emit()
    dialog = dialog_of(pane)
    answer(dialog, tmp_path / "free.csv")
    wait_for(qtbot, exports_of(pane), "Written: free.csv")


def test_the_window_can_be_used_while_a_file_is_written(
    pane: InsightPane, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    may_end, writer = threading.Event(), list[int]()

    def slow(_chart: Chart, out: Path) -> Path:
        writer.append(threading.get_ident())
        assert may_end.wait(30)
        return out

    monkeypatch.setattr(drawn, "write", slow)
    answer(ask(pane, ".pdf"), tmp_path / "slow.pdf")
    assert exports_of(pane).banner.text == "Writing slow.pdf …"
    pane.show_board("complaints")
    ready(qtbot, pane)
    may_end.set()
    wait_for(qtbot, exports_of(pane), "Written: slow.pdf")
    assert writer != [threading.get_ident()]


def test_who_left_the_pane_meanwhile_is_told_all_the_same(
    pane: InsightPane, qtbot: QtBot, tmp_path: Path
):
    dialog = ask(pane, ".csv")
    with qtbot.waitSignal(pane.said, timeout=30_000) as caught:
        answer(dialog, tmp_path / "a.csv")
        pane.hide()
    assert "Written: a.csv" in str(caught.args[0] if caught.args else "")


@pytest.mark.parametrize(("system", "program"), [("win32", "explorer.exe"), ("darwin", "open")])
def test_the_file_itself_is_chosen_where_the_system_can(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, program: str
):
    started = list[tuple[str, list[str]]]()

    class Process:
        @staticmethod
        def startDetached(  # noqa: N802  # Qt's name
            name: str, arguments: list[str]
        ) -> tuple[bool, int]:
            started.append((name, arguments))
            return True, 1

    monkeypatch.setattr(reveal, "QProcess", Process)
    assert reveal.show_in_folder(tmp_path / "客户 a.pdf", system)
    assert started[0][0] == program
    assert started[0][1][-1] == str(tmp_path / "客户 a.pdf")


def test_a_charts_picture_can_be_pasted_elsewhere(pane: InsightPane, qtbot: QtBot):
    card = card_of(pane, "pyramid")
    QGuiApplication.clipboard().clear()
    card._ask_copy("picture")
    wait_for(qtbot, exports_of(pane), "Copied: Revenue pyramid")
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (1440, 880)
    assert image.pixelColor(3, 3).name() == "#ffffff"


def test_a_charts_numbers_can_be_pasted_into_a_spreadsheet(pane: InsightPane, qtbot: QtBot):
    card = card_of(pane, "complaint-causes")
    assert card.chart is not None
    card._ask_copy("numbers")
    wait_for(qtbot, exports_of(pane), "Copied: Complaint causes")
    heading, first, *_ = QGuiApplication.clipboard().text().splitlines()
    bars, line = card.chart.series
    assert heading.split("\t") == ["Label", bars.name, f"{line.name} (%)"]
    assert first.split("\t")[:2] == [bars.marks[0].label, str(bars.marks[0].value)]
