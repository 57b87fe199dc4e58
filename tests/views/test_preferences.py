"""Preferences are taken at once and kept; an idle window is closed and says what opens it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from crm_core.ids import DeviceId, RecordId
from crm_desktop import i18n, settings
from crm_desktop.desktop import Desktop
from crm_desktop.models.store import Store
from crm_desktop.options import Options, Picture
from crm_desktop.runtime.idle import Idle
from crm_desktop.settings import Preferences, Settings
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.shell.preferences import Ground, PreferencesPage
from crm_desktop.views.theme import theme
from tests.views.company import KEY, make_store, people

ME = RecordId("a" * 32)


def run(code: str, profile: Path, **environment: str) -> str:
    """What a process of its own prints: Qt reads its scale and its screen once."""
    known = {name: value for name, value in os.environ.items() if name != "QT_SCALE_FACTOR"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(profile)], env=known | environment,
        capture_output=True, encoding="utf-8", timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def choose(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


@pytest.fixture
def desktop(tmp_path: Path, qapp: QApplication, qtbot: QtBot) -> Iterator[Desktop]:
    """The window over a profile that a passphrase opens, never synchronising."""
    make_store(tmp_path, people(ME), user=ME).close()

    def opener(path: Path, _passphrase: str | None) -> Any:
        store = Store.open(path / "crm-1.db", KEY)
        known = Settings("http://x", "northwind", "nancy", ME, DeviceId("d"), "passphrase", "k")
        return SimpleNamespace(store=store, close=store.close, settings=known, was_copied=False)

    options = Options(profile=tmp_path, picture=Picture(tmp_path / "x.png", ""))
    made = Desktop(options, qapp, opener)
    made._open()
    qtbot.waitUntil(lambda: made.shell is not None)
    qtbot.waitUntil(lambda: made.lanes.is_idle)
    yield made
    made.close()
    made.window.close()
    made.window.deleteLater()
    theme.install(qapp, "light")
    i18n.set_language("en")


def page_of(desktop: Desktop) -> PreferencesPage:
    assert desktop.shell is not None
    desktop.shell.preferences_asked.emit()
    return desktop.shell.findChildren(PreferencesPage)[-1]


def test_preferences_come_back_as_they_were_kept(tmp_path: Path) -> None:
    liked = Preferences("dark", "comfortable", "zh_TW", 10, 175, "use")
    settings.save_preferences(tmp_path, liked)
    assert settings.load_preferences(tmp_path) == liked


@pytest.mark.parametrize("text", ["", "{", '{"theme": "pink"}', '{"scale": 0}', '{"scale": 900}'])
def test_preferences_that_cannot_be_read_are_the_usual_ones(tmp_path: Path, text: str) -> None:
    (tmp_path / settings.PREFERENCES).write_text(text)
    assert settings.load_preferences(tmp_path) == Preferences()


def test_theme_and_density_are_worn_at_once_and_kept(
    desktop: Desktop, qtbot: QtBot, tmp_path: Path
) -> None:
    page = page_of(desktop)
    choose(page.theme, "dark")
    choose(page.density, "comfortable")
    assert theme.theme().tokens.dark
    assert theme.theme().density == "comfortable"
    qtbot.waitUntil(lambda: desktop.lanes.is_idle)
    assert settings.load_preferences(tmp_path) == Preferences("dark", "comfortable")


def test_a_scale_is_kept_and_the_page_says_when_it_is_seen(
    desktop: Desktop, qtbot: QtBot, tmp_path: Path
) -> None:
    page = page_of(desktop)
    assert [page.scale.itemData(n) for n in (0, page.scale.count() - 1)] == [100, 250]
    assert any("Start the program again" in x.text() for x in page.findChildren(QLabel))
    choose(page.scale, 200)
    qtbot.waitUntil(lambda: desktop.lanes.is_idle)
    assert settings.load_preferences(tmp_path) == Preferences(scale=200)


@pytest.mark.parametrize(
    ("kept", "environment", "more", "ratio"),
    [
        (200, {}, "", 2.0),
        (125, {"QT_SCALE_FACTOR": "3"}, "", 1.25),
        (100, {}, "", 1.0),
        (100, {"QT_SCALE_FACTOR": "3"}, "", 3.0),
        (200, {}, ", picture=Picture(folder, '')", 1.0),
    ],
)
def test_the_window_starts_at_the_scale_that_was_chosen(
    tmp_path: Path, kept: int, environment: dict[str, str], more: str, ratio: float
) -> None:
    settings.save_preferences(tmp_path, Preferences(scale=kept))
    code = (
        "import sys; from pathlib import Path; from crm_desktop import app\n"
        "from crm_desktop.options import Options, Picture\n"
        "folder = Path(sys.argv[1])\n"
        f"made = app.make_application(Options(profile=folder{more}))\n"
        "print(made.devicePixelRatio())"
    )
    assert float(run(code, tmp_path, QT_QPA_PLATFORM="offscreen", **environment)) == ratio


def test_the_window_is_no_larger_than_its_screen(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from crm_desktop import app\n"
        "from crm_desktop.desktop import Desktop\n"
        "from crm_desktop.options import Options\n"
        "options = Options(profile=Path(sys.argv[1]))\n"
        "made = app.make_application(options)\n"
        "window = Desktop(options, made).window\n"
        "screen = window.screen().availableSize()\n"
        "print(window.size() == screen and screen.width() < 1280)"
    )
    assert run(code, tmp_path, QT_QPA_PLATFORM="minimal") == "True"


def test_what_a_metered_network_is_used_for_is_taken_at_once(
    desktop: Desktop, qtbot: QtBot, tmp_path: Path
) -> None:
    autosync = desktop._autosync
    assert autosync is not None
    assert autosync._spares_metered
    choose(page_of(desktop).metered, "use")
    assert not autosync._spares_metered
    qtbot.waitUntil(lambda: desktop.lanes.is_idle)
    assert settings.load_preferences(tmp_path) == Preferences(metered="use")


@pytest.mark.parametrize("size", [(1280, 800), (640, 400)])
@pytest.mark.parametrize("density", ["compact", "comfortable"])
def test_in_a_small_window_the_page_scrolls_and_nothing_overlaps(
    qapp: QApplication, qtbot: QtBot, size: tuple[int, int], density: str
) -> None:
    theme.install(qapp, "light", density)
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(*size)
    window.show()
    page = PreferencesPage(Ground(Preferences(), True, "nancy", "http://x"), window)
    page.open()
    boxes = page.findChildren(QComboBox)
    tops = [box.mapTo(page, QPoint()).y() for box in boxes]
    assert all(box.height() >= theme.theme().metrics.button for box in boxes)
    assert all(b - a > theme.theme().metrics.button for a, b in pairwise(sorted(tops)))
    close = page.findChildren(QPushButton)[-1]
    assert page.sheet.rect().contains(close.geometry())
    bar = page.findChildren(QScrollArea)[0].verticalScrollBar()
    assert (bar.maximum() > 0) == (size == (640, 400))
    theme.install(qapp, "light")


def test_a_border_drawn_just_before_the_window_closes_is_kept(
    desktop: Desktop, tmp_path: Path
) -> None:
    assert desktop.shell is not None
    desktop.shell.toggle_rail()
    desktop.close()
    assert settings.load_borders(tmp_path).rail_collapsed


@pytest.mark.parametrize("leave", [Desktop.lock, Desktop.close, lambda made: made.window.close()])
def test_what_was_typed_a_moment_before_leaving_is_kept_as_a_draft(
    desktop: Desktop, tmp_path: Path, qtbot: QtBot, leave: Callable[[Desktop], object]
) -> None:
    assert desktop.shell is not None
    desktop.shell.show_place("tasks")
    panes = (x for x in desktop.shell.findChildren(EntityPane) if x.entity.kind == "task")
    pane = next(panes)
    pane.new_record()
    qtbot.waitUntil(lambda: desktop.lanes.is_idle)
    line = pane.detail.form.editor("title").widget
    assert isinstance(line, QLineEdit)
    line.setText("Call Alfreds")
    line.textEdited.emit(line.text())
    leave(desktop)
    desktop.close()
    store = Store.open(tmp_path / "crm-1.db", KEY)
    kept = [store.meta(name) or "" for name in store.meta_names("draft:")]
    store.close()
    assert ["Call Alfreds" in one for one in kept] == [True]


def test_another_language_is_spoken_while_it_runs(desktop: Desktop, qtbot: QtBot) -> None:
    before = desktop.shell
    assert before is not None
    before.show_place("tasks")
    choose(page_of(desktop).language, "zh_CN")
    qtbot.waitUntil(lambda: desktop.shell is not before)
    assert desktop.shell is not None
    assert desktop.shell.rail.place == "tasks"
    assert desktop.shell.rail.search.text() == "搜索"


def test_locked_the_data_are_closed_until_the_passphrase(desktop: Desktop, qtbot: QtBot) -> None:
    desktop.lock()
    assert desktop.shell is None
    assert desktop.page.isVisible()
    desktop.page._passphrase.setText("a long passphrase")
    desktop.page.submit()
    qtbot.waitUntil(lambda: desktop.shell is not None)


@pytest.mark.parametrize(("has_passphrase", "words"), [(True, "closed"), (False, "only hides")])
def test_the_page_says_what_the_lock_is_worth(
    qtbot: QtBot, has_passphrase: bool, words: str
) -> None:
    over = QLabel()
    qtbot.addWidget(over)
    page = PreferencesPage(Ground(Preferences(), has_passphrase), over)
    assert any(words in label.text() for label in page.findChildren(QLabel))


def test_an_idle_window_tells_once_its_time_has_passed(
    qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("crm_desktop.runtime.idle.time.monotonic", lambda: now[0])
    idle, told = Idle(qapp), []
    idle.passed.connect(lambda: told.append(now[0]))
    idle.watch(5)
    for now[0] in (399.0, 401.0, 402.0):
        idle.look()
    idle.watch(0)
    assert told == [401.0]
