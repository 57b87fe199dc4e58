"""The style sheet: shapes and states of plain widgets, said in tokens and sizes only.

What Qt's palette can say is said there (`theme.palette_of`): a rule that meets every widget costs
every widget its time. Words in it are `$token` or a size. What a style sheet cannot draw (rings
off the edge, check boxes, radios) is the proxy style's, and rows are the delegates'. Widgets say
what they are by the dynamic property `role` and how they stand by `state`.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from msgspec.structs import asdict

from crm_desktop.views.theme.tokens import Metrics, Tokens

ICONS = Path(__file__).resolve().parents[3] / "resources" / "icons"
"""Beside the packages in a checkout, in an installed wheel and in a frozen build alike."""

_SURFACES = """
QWidget[surface="pane"] { background: $pane; }
QWidget[surface="alt"] { background: $alt; }
QWidget[surface="rail"] { background: $rail; }
QFrame[role="hairline"] { background: $line; border: none; max-height: 1px; min-height: 1px; }
QFrame[role="hairline_down"] { background: $line; border: none; max-width: 1px; min-width: 1px; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QToolTip { background: $ink; color: $pane; border: none; padding: 4px 8px; font-size: 12px; }
QLabel[role="page"] { font-size: 17px; font-weight: 600; }
QLabel[role="record"] { font-size: 15px; font-weight: 600; }
QLabel[role="chart"] { font-size: 14px; font-weight: 600; }
QLabel[role="section"] { font-weight: 600; }
QLabel[role="name"] { font-weight: 500; }
QLabel[role="small"] { font-size: 12px; color: $ink2; }
QLabel[role="caption"] { font-size: 11px; color: $ink3; }
QLabel[tone="ink2"] { color: $ink2; }
QLabel[tone="ink3"] { color: $ink3; }
QLabel[tone="good"] { color: $good; }
QLabel[tone="warn"] { color: $warn; }
QLabel[tone="bad"] { color: $bad; }
QLabel[tone="accent"] { color: $accent; }
"""

_BUTTONS = """
QPushButton, QToolButton[role="normal"], QToolButton[role="icon"] {
    background: $pane; color: $ink; border: 1px solid $line2; border-radius: ${radius}px;
    padding: 0 10px; min-height: ${button_inside}px; max-height: ${button_inside}px;
    font-size: 12px; font-weight: 500;
}
QToolButton[role="icon"] {
    min-width: ${button_inside}px; max-width: ${button_inside}px; padding: 0;
}
QToolButton[role="icon"]::menu-indicator { image: none; width: 0; }
QPushButton:hover, QToolButton[role="normal"]:hover, QToolButton[role="icon"]:hover {
    background: $hover;
}
QPushButton:pressed, QPushButton:checked, QToolButton[role="normal"]:pressed,
QToolButton[role="icon"]:pressed, QToolButton[role="icon"]:checked { background: $fill; }
QPushButton:disabled, QToolButton[role="normal"]:disabled, QToolButton[role="icon"]:disabled {
    color: $ink3; border-color: $line; background: transparent;
}
QPushButton[role="primary"] {
    background: $accent_fill; border-color: $accent_fill; color: $on_accent;
}
QPushButton[role="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[role="primary"]:pressed { background: $accent_pressed; border-color: $accent_pressed; }
QPushButton[role="primary"]:disabled {
    background: $fill; border-color: $fill; color: $ink3;
}
QPushButton[role="flat"], QToolButton[role="flat"] {
    background: transparent; border: 1px solid transparent; color: $ink2;
    border-radius: ${radius}px; padding: 0 10px;
    min-height: ${button_inside}px; max-height: ${button_inside}px;
    font-size: 12px; font-weight: 500;
}
QPushButton[role="flat"]:disabled, QToolButton[role="flat"]:disabled { color: $ink3; }
QToolButton[role="flat_icon"] {
    background: transparent; border: 1px solid transparent; border-radius: ${radius}px; padding: 0;
    min-height: ${button_inside}px; max-height: ${button_inside}px;
    min-width: ${button_inside}px; max-width: ${button_inside}px;
}
QToolButton[role="flat_icon"]::menu-indicator { image: none; width: 0; }
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover,
QToolButton[role="flat_icon"]:hover { background: $hover; color: $ink; }
QPushButton[role="flat"]:pressed, QToolButton[role="flat"]:pressed,
QToolButton[role="flat_icon"]:pressed, QToolButton[role="flat_icon"]:checked { background: $fill; }
QPushButton[role="link"] {
    background: transparent; border: none; color: $accent; padding: 0 2px; text-align: left;
    font-size: 12px; font-weight: 400; min-height: 18px; max-height: 18px;
}
QFrame[role="undo_bar"] { background: $ink; border: none; border-radius: ${radius}px; }
QFrame[role="undo_bar"] QLabel { color: $pane; }
QPushButton[role="undo"] {
    background: transparent; border: none; color: $pane; padding: 0 4px; font-size: 13px;
    font-weight: 600; text-decoration: underline; min-height: 22px; max-height: 22px;
}
QPushButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="link"]:disabled { color: $ink3; text-decoration: none; }
QFrame[role="popup"] { background: $pane; border: 1px solid $line2; border-radius: 8px; }
"""

_INPUTS = """
QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextEdit[role="input"] {
    background: $pane; color: $ink; border: 1px solid $control; border-radius: ${radius}px;
    padding: 0 8px; selection-background-color: $accent_fill; selection-color: $on_accent;
    placeholder-text-color: $ink3;
}
QLineEdit, QComboBox, QAbstractSpinBox {
    min-height: ${button_inside}px; max-height: ${button_inside}px;
}
QLineEdit { padding: 0 6px; }
QPlainTextEdit, QTextEdit[role="input"] { padding: 4px; }
QListWidget[role="members"] { border: 1px solid $line2; border-radius: ${radius}px; padding: 2px; }
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled, QPlainTextEdit:disabled {
    color: $ink3; border-color: $line;
}
QLineEdit:read-only { border-color: $line; }
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus, QPlainTextEdit:focus {
    border-color: $accent;
}
QLineEdit[state="missing"], QComboBox[state="missing"], QPlainTextEdit[state="missing"] {
    border: 1px dashed $warn; color: $warn;
}
QLineEdit[state="refused"], QComboBox[state="refused"], QPlainTextEdit[state="refused"],
QAbstractSpinBox[state="refused"] { border: 1px solid $bad; }
QComboBox QLineEdit, QAbstractSpinBox QLineEdit {
    border: none; padding: 0; min-height: 0; background: transparent;
}
QAbstractSpinBox QLineEdit { padding: 0 6px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: none; }
QComboBox::drop-down, QDateTimeEdit::drop-down { border: none; width: 20px; }
QComboBox::down-arrow, QDateTimeEdit::down-arrow {
    image: url("$chevron"); width: 14px; height: 14px;
}
QComboBox QAbstractItemView {
    background: $pane; border: 1px solid $line2; padding: 4px; outline: 0;
}
QCheckBox, QRadioButton { spacing: 6px; }
QCheckBox::indicator, QRadioButton::indicator { width: 16px; height: 16px; }
"""

_VIEWS = """
QTableView, QTreeView, QListWidget, QListView[role="found"], QComboBox QAbstractItemView {
    background: $pane; alternate-background-color: $pane; border: none; outline: 0;
    selection-background-color: $selection; selection-color: $ink;
}
QListView[role="found"] { border: 1px solid $line2; }
QListView[role="found"]::item { padding: 4px 8px; }
QListView[role="found"]::item:selected { background: $selection; color: $ink; }
QListWidget::item:hover, QTreeView::item:hover { background: $hover; }
QListWidget::item:selected, QTreeView::item:selected { background: $selection; color: $ink; }
QHeaderView { background: $pane; border: none; }
QHeaderView::section {
    background: $pane; color: $ink3; border: none; border-bottom: 1px solid $line;
    padding: 0 6px; font-size: 11px; min-height: ${head_inside}px;
}
QHeaderView::section:hover { color: $ink; }
QTabBar { background: transparent; border: none; qproperty-drawBase: 0; }
QTabBar::tab {
    background: transparent; color: $ink2; border: none; border-bottom: 2px solid transparent;
    padding: 0; margin: 0 18px 0 0; min-height: ${tab_inside}px; max-height: ${tab_inside}px;
}
QTabBar::tab:hover { color: $ink; }
QTabBar::tab:selected { color: $ink; border-bottom-color: $accent; font-weight: 600; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $line2; border-radius: 3px; margin: 2px; }
QScrollBar::handle:hover { background: $control; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QMenu {
    background: $pane; border: 1px solid $line2; border-radius: 8px; padding: 4px;
}
QMenu::item { padding: 5px 24px 5px 8px; border-radius: 5px; background: transparent; }
QMenu::item:selected { background: $selection; color: $ink; }
QMenu::item:disabled { color: $ink3; }
QMenu::icon { padding-left: 8px; }
QMenu::separator { height: 1px; background: $line; margin: 4px 0; }
QProgressBar {
    background: $line2; border: none; border-radius: 3px; min-height: 6px; max-height: 6px;
}
QProgressBar::chunk { background: $accent; border-radius: 3px; }
"""

_TEMPLATE = Template(_SURFACES + _BUTTONS + _INPUTS + _VIEWS)

_HOVERED = 0.08
_PRESSED = 0.16


def style_sheet(tokens: Tokens, metrics: Metrics) -> str:
    """The style sheet of the application in these colours and sizes."""
    shown = "dark" if tokens.dark else "light"
    return _TEMPLATE.substitute(
        {**asdict(tokens), **asdict(metrics)},
        accent_hover=_deeper(tokens.accent_fill, _HOVERED),
        accent_pressed=_deeper(tokens.accent_fill, _PRESSED),
        button_inside=metrics.button - 2,
        head_inside=metrics.column_head - 1,
        tab_inside=metrics.tabs - 2,
        chevron=(ICONS / f"sheet-chevron-down-{shown}.svg").as_posix(),
    )


def _deeper(value: str, share: float) -> str:
    """A colour with a share of black; on a filled button the words stay white in both themes."""
    parts = (int(value[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part * (1 - share)):02X}" for part in parts)
