"""Borders stay where a person drew them, from one start to the next, and fit a smaller window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QSplitter, QWidget
from pytestqt.qtbot import QtBot

from crm_desktop import settings
from crm_desktop.runtime.hub import DataHub
from crm_desktop.settings import Borders
from crm_desktop.views.kit.inspector import WIDEST, InspectorHost
from crm_desktop.views.shell.borders import BorderKeeper, Grip
from crm_desktop.views.shell.frame import Frame
from crm_desktop.views.shell.rail import NARROWEST, Rail
from crm_desktop.views.shell.rail import WIDEST as RAIL_WIDEST
from crm_desktop.views.shell.window import Shell

Rest = Callable[[], None]
Open = Callable[[Borders], Shell]
NAMED = {
    "accounts": ["inspector-border"],
    "plans": ["inspector-border", "people", "work"],
    "visits": ["due"],
    "complaints": ["list", "wants"],
    "inbox": ["list"],
    "tasks": ["inspector-border"],
}


@pytest.fixture
def open_shell(hub: DataHub, qtbot: QtBot, rest: Rest) -> Open:
    def made(kept: Borders) -> Shell:
        shell = Shell(hub, frame=Frame("Northwind", kept))
        qtbot.addWidget(shell)
        shell.resize(1280, 800)
        shell.show()
        qtbot.waitExposed(shell)
        rest()
        return shell

    return made


def border(shell: Shell, place: str, name: str) -> QSplitter:
    pane = shell.show_place(place)
    return next(x for x in [pane, *pane.findChildren(QSplitter)]
                if isinstance(x, QSplitter) and x.objectName() == name)  # fmt: skip


def drag(splitter: QSplitter, position: int) -> None:
    """Draw the first border as the mouse does."""
    splitter.handle(1).moveSplitter(position)


def settled(shell: Shell, qtbot: QtBot) -> Borders:
    """What is told once the borders stand still."""
    with qtbot.waitSignal(shell.borders.moved) as told:
        pass
    assert told.args is not None
    return told.args[0]


@pytest.mark.parametrize("place", NAMED)
def test_every_border_of_a_pane_has_a_name(open_shell: Open, place: str) -> None:
    pane = open_shell(Borders()).show_place(place)
    named = [x.objectName() for x in [pane, *pane.findChildren(QSplitter)]
             if isinstance(x, QSplitter)]  # fmt: skip
    assert sorted(named) == NAMED[place]


@pytest.mark.parametrize(
    ("place", "name", "to"), [("inbox", "list", 450), ("complaints", "list", 470)]
)
def test_a_border_is_where_it_was_at_the_next_start(
    open_shell: Open, qtbot: QtBot, tmp_path: Path, place: str, name: str, to: int
) -> None:
    shell = open_shell(Borders())
    drag(border(shell, place, name), to)
    settings.save_borders(tmp_path, settled(shell, qtbot))
    again = open_shell(settings.load_borders(tmp_path))
    assert border(again, place, name).sizes()[0] == to


def test_each_pane_has_an_inspector_of_its_own_width(open_shell: Open, qtbot: QtBot) -> None:
    shell = open_shell(Borders())
    host = border(shell, "accounts", "inspector-border")
    drag(host, host.width() - 400)
    again = open_shell(settled(shell, qtbot))
    widths = {}
    for place in ("accounts", "tasks"):
        found = border(again, place, "inspector-border")
        assert isinstance(found, InspectorHost)
        found.set_inspector_width(330)
        widths[place] = found.side.width()
    assert widths["accounts"] == pytest.approx(400, abs=1)
    assert widths["tasks"] == 330


def test_a_smaller_window_leaves_the_detail_its_room_and_a_larger_one_gives_it_back(
    qtbot: QtBot,
) -> None:
    splitter, window = two_parts(), QWidget()
    qtbot.addWidget(splitter)
    qtbot.addWidget(window)
    keeper = BorderKeeper(Rail("", (), window), window)
    keeper.watch(splitter, "inbox")
    keeper.restore(Borders({"inbox/list": (700, 500)}))
    splitter.show()
    seen = {}
    for width in (1200, 600, 1200):
        splitter.resize(width, 300)
        seen.setdefault(width, []).append(splitter.sizes()[0])
    assert seen == {1200: [700, 700], 600: [359]}


@pytest.mark.parametrize("sizes", [(), (5,), (1, 2, 3), (0, 0), (-50, 900)])
def test_sizes_that_are_no_splitters_change_nothing(
    open_shell: Open, sizes: tuple[int, ...]
) -> None:
    usual = border(open_shell(Borders()), "inbox", "list").sizes()
    kept = Borders({"inbox/list": sizes, "tasks/none": (1,)})
    assert border(open_shell(kept), "inbox", "list").sizes() == usual


def test_a_kept_inspector_wider_than_allowed_is_the_widest(open_shell: Open) -> None:
    shell = open_shell(Borders({"accounts/inspector-border": (9999,)}))
    host = border(shell, "accounts", "inspector-border")
    assert host.sizes()[1] == WIDEST


def test_the_rail_is_drawn_by_its_edge_and_stays_so(open_shell: Open, qtbot: QtBot) -> None:
    shell = open_shell(Borders())
    grip = shell.findChild(Grip)
    assert grip is not None
    assert grip.geometry().contains(QPoint(shell.rail.width(), 400))
    qtbot.mousePress(grip, Qt.MouseButton.LeftButton)
    qtbot.mouseMove(grip, QPoint(60, 200))
    drawn = shell.rail.width()
    assert drawn > 200
    assert open_shell(settled(shell, qtbot)).rail.width() == drawn
    qtbot.mouseDClick(grip, Qt.MouseButton.LeftButton)
    assert shell.rail.width() == open_shell(Borders()).rail.width()


@pytest.mark.parametrize(("kept", "width"), [(10, NARROWEST), (4000, RAIL_WIDEST)])
def test_the_rail_keeps_within_its_limits(open_shell: Open, kept: int, width: int) -> None:
    assert open_shell(Borders(rail=kept)).rail.width() == width


def test_a_rail_of_icons_stays_one_and_has_no_grip(open_shell: Open, qtbot: QtBot) -> None:
    shell = open_shell(Borders(rail=250))
    shell.toggle_rail()
    again = open_shell(settled(shell, qtbot))
    assert again.rail.is_collapsed
    grip = again.findChild(Grip)
    assert grip is not None
    assert not grip.isVisible()
    again.toggle_rail()
    assert (again.rail.width(), grip.isVisible()) == (250, True)


@pytest.mark.parametrize("text", ["", "{", '{"sizes": {"x": "wide"}}'])
def test_borders_that_cannot_be_read_are_the_looks_own(tmp_path: Path, text: str) -> None:
    (tmp_path / settings.BORDERS).write_text(text)
    assert settings.load_borders(tmp_path) == Borders()


def two_parts() -> QSplitter:
    splitter = QSplitter(Qt.Orientation.Horizontal)
    splitter.setObjectName("list")
    splitter.setHandleWidth(1)
    for n in range(2):
        part: QWidget = QLabel()
        splitter.addWidget(part)
        splitter.setStretchFactor(n, n)
    return splitter
