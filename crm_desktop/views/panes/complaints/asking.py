"""A few questions in the page: what a step of a complaint asks for, or a new complaint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from msgspec.structs import replace
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.errors import InvalidValue
from crm_core.fields import Choice, Kind, Value
from crm_core.i18n import Message, tr_noop
from crm_core.values import check
from crm_desktop.i18n import tr, words
from crm_desktop.views.kit.buttons import flat, primary
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.editors import make_editor
from crm_desktop.views.kit.keep_soon import KeepSoon
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.words import Titles
from crm_desktop.views.panes.complaints.needs import NeedsEditor

_LABEL_WIDTH, _WORDS_HEIGHT, _WIDTH_MAX = 112, 64, 720
_HEIGHT_MIN = 160
WORDS = "words"
"""The name of the log's words among the questions."""

_BASES = ""
"""The name beside those of the questions: what each field held when it was typed."""

_COMPLAINT = CATALOG["complaint"]
_NOT_FILLED = tr_noop("'{field}' must be filled in.")


@dataclass(frozen=True)
class Ask:
    """What is asked. `key` names its draft; `words` labels what goes into the log ("" nothing);
    `told`: whether the customer is told, None where that is no question; `among`: the fields that
    take one of a few records, each by its id and name."""

    key: str
    title: str
    button: str
    must: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    words: str = ""
    words_needed: bool = False
    told: bool | None = None
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    titles: Titles = field(default_factory=dict[str, str])
    among: Mapping[str, tuple[tuple[str, str], ...]] = field(
        default_factory=dict[str, tuple[tuple[str, str], ...]]
    )


@dataclass(frozen=True)
class Answer:
    """What was answered: the fields asked for, the log's words, and who may see them; `earlier`:
    what fields of a draft held when they were typed, where they hold something else by now."""

    values: Mapping[str, Value]
    words: str = ""
    told: bool = False
    earlier: Mapping[str, Value] = field(default_factory=dict[str, Value])


class AskForm(QWidget):
    """Shows an `Ask`. What is typed is kept as a draft until it is sent or given up.

    Signals: `answered(Answer)`, `cancelled`, `draft_changed(key, text or None)`.
    """

    answered = Signal(object)
    cancelled = Signal()
    draft_changed = Signal(str, object)

    def __init__(
        self, links: Links, parent: QWidget | None = None, *, is_page: bool = False
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("surface", "pane" if is_page else "alt")
        self._title_role = "page" if is_page else "section"
        self._links = links
        self._ask = Ask("", "", "")
        self._editors: dict[str, Editor] = {}
        self._problems: dict[str, QLabel] = {}
        self._earlier: dict[str, Value] = {}
        self._page: QWidget | None = None
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inside = QWidget(self._scroll)
        for part in (self._inside, self._scroll):
            part.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            part.setProperty("surface", self.property("surface"))
        self._scroll.setWidget(self._inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._scroll)
        self._layout = QVBoxLayout(self._inside)
        self._layout.setContentsMargins(20, 12, 20, 14)
        self._layout.addStretch(1)
        self._soon = KeepSoon(self._keep_draft, self)

    @property
    def ask(self) -> Ask:
        """What is asked now."""
        return self._ask

    def show_ask(self, ask: Ask) -> None:
        """Ask something else; what was typed before is kept as its draft."""
        self.flush_draft()
        self._ask = ask
        if self._page is not None:
            self._page.hide()
            self._page.deleteLater()
        self._editors, self._problems, self._earlier = {}, {}, {}
        self._page = self._made(ask)
        self._layout.insertWidget(0, self._page)
        self.updateGeometry()
        for name, editor in self._editors.items():
            editor.set_value(ask.values.get(name), ask.titles)
        self.setAccessibleName(ask.title)
        self.focus_first()

    def focus_first(self) -> None:
        """Give the keyboard to the first question that has no answer yet."""
        empty = [x for name, x in self._editors.items() if not self._ask.values.get(name)]
        for editor in [*empty, *self._editors.values()][:1]:
            editor.widget.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if self._ask.words:
            self._words.setFocus(Qt.FocusReason.OtherFocusReason)

    def restore(self, text: str) -> None:
        """Lay a draft over the form, but for what was typed since."""
        kept = cast("dict[str, Any]", json.loads(text))
        bases = cast("dict[str, Value]", kept.pop(_BASES, {}))
        for name, typed in kept.items():
            if name == WORDS and self._ask.words and not self._words.toPlainText():
                self._words.setPlainText(typed)
            elif name in self._editors and not self._editors[name].is_touched:
                self._editors[name].restore(typed)
                is_news = name in bases and bases[name] != self._ask.values.get(name)
                if is_news and self._editors[name].is_touched:
                    self._earlier[name] = bases[name]

    def add_below(self, part: QWidget) -> None:
        """Put a part of the page below the questions."""
        part.setMaximumWidth(_WIDTH_MAX)
        self._layout.insertWidget(self._layout.count() - 1, part)

    def flush_draft(self) -> None:
        """Keep at once what waits to be kept."""
        self._soon.flush()

    def forget(self) -> None:
        """The answers were taken, or given up: no draft of them is kept."""
        self._soon.stop()
        if self._ask.key:
            self.draft_changed.emit(self._ask.key, None)

    def send(self) -> None:
        """Hand over the answers, unless one is missing."""
        values: dict[str, Value] = {}
        problems: dict[str, Message] = {}
        for name, editor in self._editors.items():
            try:
                values[name] = editor.value()
                check(editor.field, values[name])
            except InvalidValue as problem:
                problems[name] = problem.message
                continue
            if name in self._ask.must and values[name] in (None, "", []):
                problems[name] = Message(_NOT_FILLED, {"field": editor.field.label})
        said = self._words.toPlainText().strip() if self._ask.words else ""
        if self._ask.words_needed and not said:
            problems[WORDS] = Message(_NOT_FILLED, {"field": self._ask.words})
        self._show_problems(problems)
        if not problems:
            self.answered.emit(Answer(values, said, self._told.isChecked(), self._earlier))

    def show_problem(self, name: str, message: Message) -> bool:
        """Say what the store refused beside its question; False where it was not asked."""
        if name not in self._problems:
            return False
        self._show_problems({name: message})
        return True

    def editor(self, name: str) -> Editor:
        """The editor of a field that is asked for."""
        return self._editors[name]

    @property
    def words(self) -> QPlainTextEdit:
        """Where the log's words are typed."""
        return self._words

    @property
    def send_button(self) -> QPushButton:
        """The one that hands over the answers."""
        return self._send

    @override
    def sizeHint(self) -> QSize:
        """As high as its questions, so that nothing scrolls where there is room."""
        return QSize(400, self._inside.sizeHint().height() + 1)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(200, min(self._inside.sizeHint().height() + 1, _HEIGHT_MIN))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._cancel()
            return
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.send()
            return
        super().keyPressEvent(event)

    # Parts

    def _made(self, ask: Ask) -> QWidget:
        page = QWidget(self)
        page.setMaximumWidth(_WIDTH_MAX)
        whole = QVBoxLayout(page)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(10)
        title = QLabel(ask.title, page)
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("role", self._title_role)
        whole.addWidget(title)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        for name in (*ask.must, *ask.may):
            self._add_field(grid, page, name)
        self._add_words(grid, page, ask)
        grid.addLayout(self._buttons(page, ask), grid.rowCount(), 1)
        whole.addLayout(grid)
        return page

    def _add_field(self, grid: QGridLayout, page: QWidget, name: str) -> None:
        field_ = _COMPLAINT.by_name[name]
        if name in self._ask.among:
            few = tuple(Choice(*one) for one in self._ask.among[name])
            field_ = replace(field_, kind=Kind.CHOICE, link=None, choices=few)
        is_set = field_.kind is Kind.TAGS and bool(field_.choices)
        editor = NeedsEditor(field_, page) if is_set else make_editor(field_, page, self._links)
        editor.edited.connect(self._soon.begin)
        self._editors[name] = editor
        label = tr(field_.label)
        is_needed = name in self._ask.must
        self._add_row(grid, page, name, f"{label} *" if is_needed else label, editor.widget)

    def _add_words(self, grid: QGridLayout, page: QWidget, ask: Ask) -> None:
        self._words = QPlainTextEdit(page)
        self._words.setFixedHeight(_WORDS_HEIGHT)
        self._words.setTabChangesFocus(True)
        self._words.setAccessibleName(tr(ask.words))
        self._words.textChanged.connect(self._soon.begin)
        self._told = QCheckBox(tr("The customer may see it"), page)
        self._told.setChecked(bool(ask.told))
        self._words.setVisible(bool(ask.words))
        self._told.setVisible(ask.told is not None)
        if ask.words:
            label = tr(ask.words)
            self._add_row(
                grid, page, WORDS, f"{label} *" if ask.words_needed else label, self._words
            )
        if ask.told is not None:
            grid.addWidget(self._told, grid.rowCount(), 1)

    def _add_row(
        self, grid: QGridLayout, page: QWidget, name: str, words_: str, editor: QWidget
    ) -> None:
        label = QLabel(words_, page)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setProperty("role", "small")
        label.setBuddy(editor)
        label.setContentsMargins(0, 5, 0, 0)
        problem = QLabel(page)
        problem.setTextFormat(Qt.TextFormat.PlainText)
        problem.setProperty("role", "small")
        problem.setProperty("tone", "bad")
        problem.setWordWrap(True)
        problem.hide()
        self._problems[name] = problem
        row = grid.rowCount()
        grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(editor, row, 1)
        grid.addWidget(problem, row + 1, 1)

    def _buttons(self, page: QWidget, ask: Ask) -> QHBoxLayout:
        self._send = primary(ask.button, page)
        self._send.setToolTip(tr("Ctrl+Enter"))
        self._send.clicked.connect(self.send)
        cancel = flat(tr("Cancel"), page)
        cancel.clicked.connect(self._cancel)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.setContentsMargins(0, 4, 0, 0)
        row.addWidget(self._send)
        row.addWidget(cancel)
        row.addStretch(1)
        return row

    def _show_problems(self, problems: Mapping[str, Message]) -> None:
        for name, label in self._problems.items():
            message = problems.get(name)
            label.setText("" if message is None else f"◆ {words(message)}")
            label.setVisible(message is not None)
            widget = self._words if name == WORDS else self._editors[name].widget
            widget.setAccessibleDescription("" if message is None else words(message))
        # The lines that came or went make the form higher or lower once they are laid out.
        QTimer.singleShot(0, self, self.updateGeometry)
        for name in self._problems:
            if name in problems:
                widget = self._words if name == WORDS else self._editors[name].widget
                widget.setFocus(Qt.FocusReason.OtherFocusReason)
                return

    def _cancel(self) -> None:
        self.forget()
        self.cancelled.emit()

    def _keep_draft(self) -> None:
        typed: dict[str, Any] = {
            name: x.typed() for name, x in self._editors.items() if x.is_touched
        }
        seen = {**self._ask.values, **self._earlier}
        bases = {name: seen.get(name) for name in typed}
        if self._ask.words and self._words.toPlainText().strip():
            typed[WORDS] = self._words.toPlainText()
        if typed:
            typed[_BASES] = bases
        if self._ask.key:
            self.draft_changed.emit(self._ask.key, json.dumps(typed) if typed else None)
