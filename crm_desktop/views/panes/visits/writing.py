"""Words on the calendar: bold faces, and words broken into the lines that there is room for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QTextLayout, QTextOption


def bold(face: QFont) -> QFont:
    """A face with the weight of a name."""
    made = QFont(face)
    made.setWeight(QFont.Weight.DemiBold)
    return made


def wrapped(text: str, face: QFont, width: int, lines_max: int) -> list[str]:
    """The lines of a text in a face, `width` pixels wide; the last is cut where there are more."""
    if lines_max <= 0 or width <= 0 or not text:
        return []
    layout = QTextLayout(text, face)
    layout.setTextOption(_by_words())
    layout.beginLayout()
    begins: list[int] = []
    while len(begins) <= lines_max and (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        begins.append(line.textStart())
    layout.endLayout()
    ends = [*begins[1:lines_max], len(text)]
    lines = [text[a:b].strip() for a, b in zip(begins[:lines_max], ends, strict=True)]
    lines[-1] = QFontMetrics(face).elidedText(lines[-1], Qt.TextElideMode.ElideRight, width)
    return lines


def _by_words() -> QTextOption:
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    return option
