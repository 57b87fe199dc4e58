"""The style sheet names tokens and nothing else, and the theme can be changed while it is worn."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

import pytest
from msgspec.structs import fields
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QImage, QPalette
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from crm_desktop.views.kit import buttons
from crm_desktop.views.theme import icons, sheet, theme
from crm_desktop.views.theme.fonts import ROLES, families, font, made
from crm_desktop.views.theme.tokens import COMFORTABLE, COMPACT, DARK, LIGHT, Metrics, Tokens

SMOOTHED = 40
"""What a pixel of a thin line differs from its colour, where there is no unmixed one."""

COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(")


@pytest.fixture
def worn(qapp: QApplication) -> Iterator[QApplication]:
    """An application in light that is given back in light."""
    theme.install(qapp, "light")
    yield qapp
    theme.install(qapp, "light")


def template() -> string.Template:
    return sheet._TEMPLATE


def test_the_sheet_names_no_colour_of_its_own() -> None:
    assert not COLOUR.findall(template().template)


@pytest.mark.parametrize(("tokens", "other"), [(LIGHT, DARK), (DARK, LIGHT)])
def test_a_sheet_holds_colours_of_its_own_theme_only(tokens: Tokens, other: Tokens) -> None:
    said = set(re.findall(r"#[0-9A-F]{6}", sheet.style_sheet(tokens, COMPACT)))
    ours = {getattr(tokens, x.name) for x in fields(tokens)}
    theirs = {getattr(other, x.name) for x in fields(other) if x.type is str}
    assert said & ours
    assert not said & theirs - ours


def test_every_word_of_the_sheet_is_a_token_or_a_size() -> None:
    named = {x.name for x in (*fields(Tokens), *fields(Metrics))}
    made_here = {"accent_hover", "accent_pressed", "chevron", "button_inside", "head_inside"}
    assert set(template().get_identifiers()) <= named | made_here | {"tab_inside"}


def test_what_the_sheet_points_to_is_there() -> None:
    for tokens in (LIGHT, DARK):
        found = re.findall(r'url\("([^"]+)"\)', sheet.style_sheet(tokens, COMPACT))
        assert found
        for path in found:
            text = sheet.Path(path).read_text("utf-8")
            assert tokens.ink2 in text


def test_what_is_shown_follows_the_theme_at_once(worn: QApplication, qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    layout = QVBoxLayout(page)
    button = buttons.primary("New", page)
    layout.addWidget(button)
    page.show()
    seen = []
    for name, tokens in (("light", LIGHT), ("dark", DARK), ("light", LIGHT)):
        theme.install(worn, name)
        image = button.grab().toImage()
        seen.append(image.pixelColor(4, image.height() // 2).name().upper())
        assert page.palette().color(QPalette.ColorRole.Window) == QColor(tokens.pane)
    assert seen == [LIGHT.accent_fill, DARK.accent_fill, LIGHT.accent_fill]


def test_density_makes_buttons_and_inputs_higher(worn: QApplication, qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    layout = QVBoxLayout(page)
    parts = (buttons.normal("Export", page), QLineEdit(page))
    for part in parts:
        layout.addWidget(part)
    page.show()
    assert [part.sizeHint().height() for part in parts] == [COMPACT.button] * 2
    theme.install(worn, "light", "comfortable")
    assert [part.sizeHint().height() for part in parts] == [COMFORTABLE.button] * 2


def test_whoever_listens_hears_of_a_change_once(worn: QApplication, qtbot: QtBot) -> None:
    with qtbot.waitSignal(theme.theme().changed):
        theme.install(worn, "dark")
    assert theme.theme().tokens == DARK
    assert theme.colour("accent") == QColor(DARK.accent)


def test_an_icon_is_drawn_in_the_colours_that_are_worn(worn: QApplication) -> None:
    icon = icons.icon("phone", "accent")

    def strongest() -> QColor:
        image = icon.pixmap(QSize(16, 16)).toImage().convertToFormat(QImage.Format.Format_ARGB32)
        colours = [image.pixelColor(x, y) for x in range(16) for y in range(16)]
        return max(colours, key=lambda colour: colour.alpha())

    light = strongest()
    theme.install(worn, "dark")
    assert _near(light, LIGHT.accent)
    assert _near(strongest(), DARK.accent)


def test_an_icon_outlives_the_copies_that_qt_makes_of_it(worn: QApplication) -> None:
    icon = icons.icon("sync")
    for _ in range(50):
        copy = icons.QIcon(icon)
        copy.addPixmap(icon.pixmap(QSize(16, 16)))
        del copy
    assert not icon.pixmap(QSize(16, 16)).isNull()


def test_every_icon_file_can_be_drawn(worn: QApplication) -> None:
    names = [file.stem for file in sheet.ICONS.glob("*.svg")]
    assert len(names) > 50
    for name in names:
        image = icons.pixmap(name, "ink", 32, 2.0).toImage()
        assert image.size() == QSize(64, 64)
        assert any(image.pixelColor(x, y).alpha() for x in range(64) for y in range(64)), name


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_set_in_its_size_with_tabular_digits(role: str, worn: QApplication) -> None:
    face = font(role)
    assert face.pixelSize() == ROLES[role].pixels >= 11
    assert face.weight() == ROLES[role].weight
    assert face.isFeatureSet(QFont.Tag("tnum"))


def test_han_shapes_follow_the_language() -> None:
    assert "Microsoft YaHei UI" in families("zh_CN", "win32")
    assert "Microsoft JhengHei UI" in families("zh_TW", "win32")
    assert families("zh_TW", "linux").index("Noto Sans CJK TC") > 0
    assert families("en", "linux")[0] == made("body", "en").families()[0] == "Inter"


def test_a_font_that_was_altered_leaves_the_others_alone(worn: QApplication) -> None:
    font("body").setPixelSize(40)
    assert font("body").pixelSize() == ROLES["body"].pixels


def test_a_disabled_button_is_painted_in_its_own_grey(worn: QApplication, qtbot: QtBot) -> None:
    button = QPushButton("Apply")
    qtbot.addWidget(button)
    button.setEnabled(False)
    button.resize(button.sizeHint())
    image = button.grab().toImage()
    assert image.pixelColor(image.width() // 2, 0).name().upper() == LIGHT.line


def _near(colour: QColor, wanted: str) -> bool:
    other = QColor(wanted)
    apart = (colour.red() - other.red(), colour.green() - other.green())
    return max(map(abs, (*apart, colour.blue() - other.blue()))) <= SMOOTHED
