"""The ring around what has the keyboard: where it is, when it is there, what it follows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QFrame,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip
from pytestqt.qtbot import QtBot

from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.theme import theme
from crm_desktop.views.theme.focus_ring import Ring
from crm_desktop.views.theme.tokens import DARK, LIGHT, Tokens

AROUND = 3
"""One pixel off, two wide."""


@pytest.fixture(autouse=True)
def _worn(qapp: QApplication) -> Iterator[None]:
    theme.install(qapp, "light")
    yield
    theme.install(qapp, "light")


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """A line and a button in a window that has the keyboard."""
    made = QWidget()
    qtbot.addWidget(made)
    layout = QVBoxLayout(made)
    layout.addWidget(QLineEdit(made))
    layout.addWidget(QPushButton("Save", made))
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


def rings(page: QWidget) -> list[QRect]:
    return [x.geometry() for x in page.findChildren(Ring) if x.isVisible()]


def around(widget: QWidget, page: QWidget) -> QRect:
    area = QRect(widget.mapTo(page, widget.rect().topLeft()), widget.size())
    return area.adjusted(-AROUND, -AROUND, AROUND, AROUND)


def test_what_is_typed_into_has_the_ring_however_it_got_the_keyboard(page: QWidget) -> None:
    line = page.findChildren(QLineEdit)[0]
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    assert rings(page) == [around(line, page)]


def test_a_button_has_the_ring_by_the_keyboard_and_not_by_the_mouse(page: QWidget) -> None:
    line, button = page.findChildren(QLineEdit)[0], page.findChildren(QPushButton)[0]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert rings(page) == []
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    QTest.keyClick(line, Qt.Key.Key_Tab)
    assert button.hasFocus()
    assert rings(page) == [around(button, page)]


def test_the_ring_follows_its_control_and_goes_with_it(page: QWidget, qtbot: QtBot) -> None:
    line = page.findChildren(QLineEdit)[0]
    line.setFocus()
    page.resize(500, 300)
    qtbot.waitUntil(lambda: rings(page) == [around(line, page)])
    line.hide()
    assert rings(page) == []


@pytest.mark.parametrize("dies", ["the ring", "the control", "what it stands in"])
def test_a_ring_lets_go_of_what_has_died(page: QWidget, dies: str) -> None:
    """Python may take a widget apart before Qt says so; the next control still gets its ring."""
    box = QWidget(page)
    line = QLineEdit(box)
    QVBoxLayout(box).addWidget(line)
    layout = page.layout()
    assert layout is not None
    layout.addWidget(box)
    box.show()
    line.setFocus()
    (ring,) = (x for x in page.findChildren(Ring) if x.isVisible())
    shiboken6.delete({"the ring": ring, "the control": line, "what it stands in": box}[dies])
    other = page.findChildren(QLineEdit)[0]
    other.clearFocus()
    other.setFocus()
    assert rings(page) == [around(other, page)]


def test_a_control_may_show_its_focus_itself(page: QWidget) -> None:
    line = page.findChildren(QLineEdit)[0]
    line.setProperty("ring", "none")
    line.clearFocus()
    line.setFocus()
    assert rings(page) == []


def test_the_ring_scrolls_with_what_it_is_around(qtbot: QtBot) -> None:
    window, content = QWidget(), QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window).addWidget(scrolled(content, window))
    line = QLineEdit(content)
    QVBoxLayout(content).addWidget(line)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    line.setFocus()
    ring = window.findChildren(Ring)[0]
    assert ring.parentWidget() is content


def test_a_window_can_go_while_its_control_has_the_ring(qtbot: QtBot, qapp: QApplication) -> None:
    for _ in range(3):
        window = QWidget()
        line = QLineEdit(window)
        window.show()
        window.activateWindow()
        line.setFocus()
        window.deleteLater()
        qapp.sendPostedEvents(None, int(QEvent.Type.DeferredDelete.value))
    other = QLineEdit()
    qtbot.addWidget(other)
    other.show()
    other.setFocus()
    assert other.window() is other


class Popup(QFrame):
    """One of our own, which Python forgets before Qt has hidden what is in it."""


def test_a_popup_can_go_while_its_control_has_the_ring(qtbot: QtBot, qapp: QApplication) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    popup = Popup(page, Qt.WindowType.Popup)
    line = QLineEdit(popup)
    page.show()
    popup.show()
    line.setFocus()
    assert popup.findChildren(Ring)
    page.deleteLater()
    qapp.sendPostedEvents(None, int(QEvent.Type.DeferredDelete.value))
    assert not shiboken6.isValid(popup)


@pytest.mark.parametrize(("name", "tokens"), [("light", LIGHT), ("dark", DARK)])
@pytest.mark.parametrize("maker", [QCheckBox, QRadioButton])
def test_a_choice_is_seen_in_both_themes_before_and_after(
    maker: type[QCheckBox | QRadioButton], name: str, tokens: Tokens, qapp: QApplication,
    qtbot: QtBot,
) -> None:  # fmt: skip
    theme.install(qapp, name)
    box = maker("mine")
    qtbot.addWidget(box)
    box.resize(box.sizeHint())
    assert tokens.control in _colours(box)
    box.setChecked(True)
    assert (tokens.accent_fill if maker is QCheckBox else tokens.accent) in _colours(box)


def _colours(widget: QWidget) -> set[str]:
    image = widget.grab(QRect(0, 0, 18, widget.height())).toImage()
    points = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return {image.pixelColor(x, y).name().upper() for x, y in points}
