"""One row of a form: the field's name, its editor, how it stands, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.errors import InvalidValue
from crm_core.fields import Kind
from crm_desktop.i18n import tr, words
from crm_desktop.views.kit.badge import Badge
from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.source import FieldNote
from crm_desktop.views.theme.theme import theme

_LINE = 16
_INPUTS = (QLineEdit, QComboBox, QPlainTextEdit, QAbstractSpinBox)


class FormRow(QObject):
    """Parent: the form's page. Signals: `history_asked(field)`, `inbox_asked`,
    `meanwhile_chosen(field)`."""

    history_asked = Signal(str)
    inbox_asked = Signal()
    meanwhile_chosen = Signal(str)

    def __init__(self, editor: Editor, page: QWidget, grid: QGridLayout) -> None:
        super().__init__(page)
        self.editor = editor
        self._kept = ""
        field = editor.field
        said = tr(field.label)
        if field.kind is Kind.DURATION:  # typed as a bare number
            said = tr("{field} (minutes)", field=said)
        named = tr("{field} *", field=said) if field.required else said
        self._label = FieldName(named, page)
        self._label.setBuddy(editor.widget)
        self._label.setToolTip(tr("History of this field (Alt+H)"))
        self._badge = Badge("", page)
        self._parked = QLabel(page)
        self._parked.setProperty("role", "small")
        self._way = link(tr("Decide in the inbox"), page)
        self._problem = QLabel(page)
        for part in (self._parked, self._problem):
            part.setTextFormat(Qt.TextFormat.PlainText)
            part.setWordWrap(True)
        for part in (self._parked, self._problem, self._way):
            part.hide()
        at = grid.rowCount()
        top = Qt.AlignmentFlag.AlignTop
        self._page, self._grid, self._meanwhile_at = page, grid, at + 1
        self._meanwhile: _Meanwhile | None = None
        grid.addWidget(self._label, at, 0, top)
        grid.addWidget(editor.widget, at, 1)
        # Below and not beside: a badge must not make every other editor narrower.
        left = Qt.AlignmentFlag.AlignLeft
        grid.addWidget(self._problem, at + 2, 1)
        # One long word in it must not make the form wider than its side.
        self._problem.setMinimumWidth(1)
        grid.addWidget(self._badge, at + 3, 1, left)
        grid.addWidget(self._parked, at + 4, 1)
        grid.addWidget(self._way, at + 5, 1, left)
        self._label.clicked.connect(self._ask_history)
        self._way.clicked.connect(self._ask_inbox)

    def show_note(self, note: FieldNote | None) -> None:
        """How the field stands, with what is kept beside the value shown."""
        self._badge.show_state(note.state if note is not None else "")
        lines: Sequence[str] = note.lines if note is not None else ()
        self._parked.setText("\n".join(lines))
        self._parked.setVisible(bool(lines))
        needs = note is not None and note.state in ("conflict", "rejected")
        self._way.setText(
            tr("See why in the inbox")
            if note is not None and note.state == "rejected"
            else tr("Decide in the inbox")
        )
        self._way.setVisible(needs)

    def keep(self, why: str, *, instead: bool = False) -> None:
        """Take no words, for this reason; "" takes them again. `instead`: the reason stands where
        the value would."""
        if why == self._kept:
            return
        before, self._kept = self._kept, why
        widget = self.editor.widget
        widget.setEnabled(not why)
        widget.setToolTip(why)
        widget.setAccessibleDescription(why)
        for part in _inputs_of(widget):
            if isinstance(part, QLineEdit) and bool(before) is not bool(why):
                _invite(part, invites=not why)
            if isinstance(part, QPlainTextEdit) or (why and isinstance(part, QLineEdit)):
                part.setPlaceholderText(why if instead else "")

    def show_problem(self, problem: InvalidValue | None, *, missing: bool = False) -> None:
        """What is wrong with what was typed; None where nothing is."""
        state = "" if problem is None else "missing" if missing else "refused"
        said = "" if problem is None else words(problem.message)
        self._problem.setText(f"{'△' if missing else '◆'} {said}" if said else "")
        self._problem.setProperty("tone", "warn" if missing else "bad")
        self._problem.setVisible(bool(said))
        self.editor.widget.setAccessibleDescription(said or self.meanwhile_words[0])
        _restyle(self._problem)
        for part in _inputs_of(self.editor.widget):
            part.setProperty("state", state)
            _restyle(part)

    def show_meanwhile(self, said: str, way: str = "") -> None:
        """What others made of the field while it is open, and what one may do about it; "" for
        nothing. Its parts are made when there is something to say."""
        if self._meanwhile is None:
            if not said:
                return
            self._meanwhile = _Meanwhile(self._page)
            self._meanwhile.way.clicked.connect(self._tell_chosen)
            self._grid.addWidget(self._meanwhile, self._meanwhile_at, 1)
        self._meanwhile.show_words(said, way)
        if not self.problem_words:
            self.editor.widget.setAccessibleDescription(said)

    @property
    def meanwhile_words(self) -> tuple[str, str]:
        """What is said of what others did meanwhile, and the words of the way."""
        return self._meanwhile.words if self._meanwhile is not None else ("", "")

    @property
    def problem_words(self) -> str:
        """What stands below the field, or ""."""
        return "" if self._problem.isHidden() else self._problem.text()

    @property
    def note_words(self) -> tuple[str, str]:
        """The badge's state, and what is kept beside the value shown."""
        return self._badge.state, self._parked.text()

    def _ask_history(self) -> None:
        self.history_asked.emit(self.editor.field.name)

    def _ask_inbox(self) -> None:
        self.inbox_asked.emit()

    def _tell_chosen(self) -> None:
        self.meanwhile_chosen.emit(self.editor.field.name)


class _Meanwhile(QWidget):
    """A remark below an editor, and a way beside what it says."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._said = QLabel(self)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setWordWrap(True)
        self._said.setProperty("role", "small")
        # One long word in it must not make the form wider than its side.
        self._said.setMinimumWidth(1)
        self.way = link("", self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._said)
        column.addWidget(self.way, 0, Qt.AlignmentFlag.AlignLeft)

    def show_words(self, said: str, way: str) -> None:
        """Say it; a remark without a way is a soft one."""
        self._said.setText(said)
        self._said.setProperty("tone", "ink2" if way else "ink3")
        _restyle(self._said)
        self.way.setText(way)
        self.way.setAccessibleName(way)
        self.way.setVisible(bool(way))
        self.setVisible(bool(said))

    @property
    def words(self) -> tuple[str, str]:
        """What is said, and the words of the way."""
        return self._said.text(), self.way.text()


def _invite(line: QLineEdit, *, invites: bool) -> None:
    """Show what may be typed and the way to clear it, or neither."""
    if not invites:
        line.setProperty("hint", line.placeholderText())
        line.setProperty("clears", line.isClearButtonEnabled())
    line.setPlaceholderText(str(line.property("hint") or "") if invites else "")
    line.setClearButtonEnabled(bool(line.property("clears")) if invites else False)


class FieldName(QLabel):
    """A field's name; a click shows the field's history (the keyboard has a shortcut for it)."""

    clicked = Signal()

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setProperty("role", "small")
        self.setProperty("tone", "ink3")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        # On a line with what is typed in the editor beside it.
        self.setContentsMargins(0, (theme().metrics.button - _LINE) // 2, 0, 0)

    @override
    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        if self.rect().contains(ev.position().toPoint()):
            self.clicked.emit()


def _inputs_of(widget: QWidget) -> list[QWidget]:
    if isinstance(widget, _INPUTS):
        return [widget]
    return [x for kind in _INPUTS for x in widget.findChildren(kind)]


def _restyle(widget: QWidget) -> None:
    """A style sheet looks at properties only when it is told to."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
