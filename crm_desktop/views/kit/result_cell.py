"""The result of a conflict, always in sight: the editors of its fields, or what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QTextCursor
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.errors import InvalidValue
from crm_core.fields import Field, Value
from crm_core.text_keep import Piece, text_of
from crm_core.values import check
from crm_desktop.i18n import tr, words
from crm_desktop.views.kit.choice_cell import underlined
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.editors import make_editor
from crm_desktop.views.kit.focus import paint_ring, shows_focus
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.text import caption, plain_label
from crm_desktop.views.kit.words import Titles
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import SMALL, paint_icon
from crm_desktop.views.theme.theme import colour, theme

_RADIUS = 6


class MissingAnswer(QAbstractButton):
    """Stands where an answer is missing; pressed, or typed into, it makes room for the editor."""

    typed = Signal(object)

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @override
    def sizeHint(self) -> QSize:
        width = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(width + SMALL + 24, theme().metrics.button)

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.ShiftModifier,
        )
        if plain and event.text().strip():
            self.typed.emit(event)
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(self.layoutDirection())
        pen = QPen(colour("warn"), 1)
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        inner = self.rect().adjusted(0, 0, -1, -1).toRectF().translated(0.5, 0.5)
        painter.drawRoundedRect(inner, _RADIUS, _RADIUS)
        icon = self.rect().adjusted(8, 0, 0, 0)
        icon.setWidth(SMALL)
        rest = self.rect().adjusted(SMALL + 14, 0, -8, 0)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            icon.moveRight(self.rect().right() - 8)
            rest = self.rect().adjusted(8, 0, -SMALL - 14, 0)
        paint_icon(painter, icon, "warning", "warn")
        painter.setFont(font("body"))
        painter.setPen(colour("warn"))
        painter.drawText(rest, int(Qt.AlignmentFlag.AlignVCenter.value), self.text())
        if shows_focus(self):
            paint_ring(painter, self.rect(), _RADIUS)


class ResultCell(QWidget):
    """What everyone will see. Signal: `edited` when a person typed a result of his own."""

    edited = Signal()

    def __init__(
        self, label: str, fields: Sequence[Field], titles: Titles, links: Links, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._titles = titles
        self._fields = tuple(fields)
        words_missing = tr("choose a side or type") if fields else tr("choose a side")
        self.missing = MissingAnswer(words_missing, self)
        self.missing.setAccessibleName(
            tr("Result for {label}: {words}", label=label, words=words_missing)
        )
        if not fields:
            self.missing.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._said = plain_label(self)
        self._problem = plain_label(self)
        self._problem.setProperty("tone", "bad")
        self.editors: list[Editor] = []
        self._below: list[QWidget] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self.missing)
        self._layout.addWidget(self._said)
        self._box = QWidget(self)
        inside = QVBoxLayout(self._box)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2)
        for field in fields:
            if len(fields) > 1:
                inside.addWidget(caption(self._box, tr(field.label)))
            editor = make_editor(field, self._box, links)
            editor.edited.connect(self._note_typing)
            inside.addWidget(editor.widget)
            self.editors.append(editor)
        self._layout.addWidget(self._box)
        self._layout.addWidget(self._problem)
        self.missing.clicked.connect(self.open_editor)
        self.missing.typed.connect(self._type_on)
        self.show_missing()

    def add_below(self, widget: QWidget) -> None:
        """Put something below the result."""
        self._layout.addWidget(widget)

    def show_missing(self) -> None:
        """Nobody has answered."""
        for editor in self.editors:
            editor.set_value(None, self._titles)
        self._problem.hide()
        self._said.hide()
        self._box.hide()
        self.missing.show()

    def show_value(self, value: Value, said: str) -> None:
        """Show what a side says; `said` where there is nothing to type."""
        parts = value if isinstance(value, dict) and len(self._fields) > 1 else None
        for field, editor in zip(self._fields, self.editors, strict=True):
            editor.set_value(parts.get(field.name) if parts is not None else value, self._titles)
            _mark(editor, ())
        self._said.setText(said)
        self._open()

    def show_pieces(self, pieces: Sequence[Piece]) -> None:
        """Show a long text with what is whose."""
        for editor in self.editors:
            editor.set_value(text_of(pieces), self._titles)
            _mark(editor, pieces)
        self._open()

    def open_editor(self) -> None:
        """Make room for typing, where something can be typed."""
        if self.editors:
            self._open()
            self.editors[0].widget.setFocus(Qt.FocusReason.TabFocusReason)

    def typed(self) -> tuple[str, ...]:
        """What stands in the editors: for taking a step back."""
        return tuple(editor.typed() for editor in self.editors)

    def restore(self, texts: Sequence[str]) -> None:
        """Show what `typed` gave before."""
        for editor, text in zip(self.editors, texts, strict=True):
            editor.restore(text)
            _mark(editor, ())
        self._open()

    def value(self) -> Value:
        """What was typed; raises InvalidValue and says why below the editor."""
        try:
            found: dict[str, Value] = {}
            for editor in self.editors:
                found[editor.field.name] = value = editor.value()
                check(editor.field, value)
        except InvalidValue as problem:
            self._problem.setText(f"◆ {words(problem.message)}")
            self._problem.show()
            for editor in self.editors:
                _state(editor.widget, "refused" if editor.field.name == problem.field else "")
            raise
        return found if len(self._fields) > 1 else next(iter(found.values()))

    @property
    def problem(self) -> QLabel:
        """What is wrong with the result."""
        return self._problem

    def _open(self) -> None:
        self.missing.hide()
        self._problem.hide()
        for editor in self.editors:
            _state(editor.widget, "")
        self._box.setVisible(bool(self.editors))
        self._said.setVisible(not self.editors)

    def _note_typing(self) -> None:
        self._problem.hide()
        for editor in self.editors:
            _mark(editor, ())
            _state(editor.widget, "")
        self.edited.emit()

    def _type_on(self, event: QEvent) -> None:
        """The key that was pressed goes to the editor that takes the place."""
        self.open_editor()
        target = self.editors[0].widget.focusProxy() or self.editors[0].widget
        if isinstance(event, QKeyEvent):
            QApplication.sendEvent(target, event)


def _state(widget: QWidget, state: str) -> None:
    if widget.property("state") == (state or None):
        return
    widget.setProperty("state", state or None)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def _mark(editor: Editor, pieces: Sequence[Piece]) -> None:
    """Underline in a text editor what a side brought in."""
    text = editor.widget
    if not isinstance(text, QPlainTextEdit):
        return
    marks: list[QTextEdit.ExtraSelection] = []
    at = 0
    for piece in pieces:
        end = at + len(piece.text.rstrip())
        if piece.version is not None and end > at:
            cursor = QTextCursor(text.document())
            cursor.setPosition(at)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            made = QTextEdit.ExtraSelection()
            made.cursor, made.format = cursor, underlined(piece.version)
            marks.append(made)
        at += len(piece.text)
    text.setExtraSelections(marks)
