"""What is decided or looked at, in its frame: a head, a line, what is shown, and a foot."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QVBoxLayout, QWidget

from crm_desktop.views.kit.delegates.grade import SIDE
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.panes.inbox.parts import IconLabel, line_label, title_label
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme

_TOP = 13
MARGIN = 20


class Detail(QWidget):
    """Shows one entry: its state by a picture and in a word, its title, and what belongs to it.
    Each makes its own parts and calls `_frame` once."""

    def __init__(self, icon: str, parent: QWidget | None, *, tone: str = "") -> None:
        super().__init__(parent)
        self._icon = IconLabel(icon, "ink2", self)
        self._state = line_label(self, role="small", tone=tone)
        self._state.setFont(font("small_medium"))
        self._title = title_label(self)

    def begin(self) -> None:
        """Give the keyboard to the first thing that one can do here."""
        raise NotImplementedError

    def apply(self) -> None:
        """Do what is mainly done here, where there is such a thing."""

    def _show_state(self, words: str, tone: str) -> None:
        """Say the state in words; `tone`: the colour token of theirs."""
        self._state.setText(words)
        self._state.setProperty("tone", tone)
        self._state.style().polish(self._state)

    def _frame(
        self, shown: QWidget, *, about: Sequence[QWidget] = (), buttons: Sequence[QWidget] = (),
        foot: QLayout | None = None,
    ) -> QVBoxLayout:  # fmt: skip
        """Lay out `shown` below the head, in which `about` stands behind the state."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(_Head((self._icon, self._state, *about), self._title, buttons, self))
        layout.addWidget(hairline(self))
        layout.addWidget(shown, 1)
        if foot is not None:
            layout.addWidget(hairline(self))
            layout.addLayout(foot)
        return layout


def stacked(page: QWidget, *parts: QWidget) -> QVBoxLayout:
    """A page's parts, one below the other."""
    rows = QVBoxLayout(page)
    rows.setContentsMargins(MARGIN, 16, MARGIN, MARGIN)
    rows.setSpacing(12)
    for part in parts:
        rows.addWidget(part)
    rows.addStretch(1)
    return rows


def foot_line(parent: QWidget | None = None) -> QHBoxLayout:
    """The line at the foot, in which the ways out stand."""
    line = QHBoxLayout(parent) if parent is not None else QHBoxLayout()
    line.setContentsMargins(MARGIN, 11, MARGIN, 11)
    line.setSpacing(8)
    return line


class _Head(QWidget):
    """As high as the list's head and tabs beside it, so that one line runs below both."""

    def __init__(
        self, line: Sequence[QWidget], title: QWidget, buttons: Sequence[QWidget], parent: QWidget
    ) -> None:
        super().__init__(parent)
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addStrut(SIDE)
        for widget in line[:-1]:
            first.addWidget(widget)
        first.addWidget(line[-1], 1)
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addLayout(first)
        names.addWidget(title)
        names.addStretch(1)
        margin = theme().metrics.margin
        whole = QHBoxLayout(self)
        whole.setContentsMargins(margin, _TOP, margin, 0)
        whole.setSpacing(8)
        whole.addLayout(names, 1)
        for button in buttons:
            whole.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self._fit()
        theme().changed.connect(self._fit)

    def _fit(self) -> None:
        metrics = theme().metrics
        self.setMinimumHeight(metrics.head + metrics.tabs - 1)
