"""The generated form of a record: a label, an editor and a place for what is wrong, per field."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from crm_core.entity import Entity, required
from crm_core.errors import InvalidValue
from crm_core.fields import Field, Value
from crm_core.i18n import Message, tr_noop
from crm_core.values import check
from crm_desktop.i18n import tr, words
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.editors import make_editor
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.words import Titles, shown

_LABEL_WIDTH = 132
_MARGIN = 16


class Form(QScrollArea):
    """A record's fields. Shows values and takes typed ones; saving is somebody else's work.

    Signal: `edited` whenever a person changes something.
    """

    edited = Signal()

    def __init__(
        self, entity: Entity, links: Links, parent: QWidget | None = None, *, locked: bool = False
    ) -> None:
        super().__init__(parent)
        self.entity = entity
        self._editors: dict[str, Editor] = {}
        self._words: dict[str, QLabel] = {}
        self._problems: dict[str, QLabel] = {}
        self._values: Mapping[str, Value] = {}
        self._titles: Titles = {}
        self._page = QWidget(self)
        self._grid = QGridLayout()
        self._build(links, locked=locked)

    def show_values(self, values: Mapping[str, Value], titles: Titles) -> None:
        """Show a record; everything counts as untouched."""
        self._values = values
        self._titles = titles
        for name, editor in self._editors.items():
            editor.set_value(values.get(name), titles)
        for name, label in self._words.items():
            label.setText(shown(self.entity.by_name[name], values.get(name), titles) or "–")
        self.show_problems([])

    def restore(self, draft: Mapping[str, str]) -> None:
        """Lay what was typed and not saved over what is shown."""
        for name, text in draft.items():
            if name in self._editors:
                self._editors[name].restore(text)

    def suggest(self, values: Mapping[str, Value], titles: Titles) -> None:
        """Fill fields of a new record as if they had been typed."""
        for name, value in values.items():
            if name in self._editors:
                self._editors[name].suggest(value, titles)

    def draft(self) -> dict[str, str]:
        """What was typed and is not saved, by field."""
        return {name: x.typed() for name, x in self._editors.items() if x.is_touched}

    @property
    def is_touched(self) -> bool:
        """Whether anything was typed."""
        return any(editor.is_touched for editor in self._editors.values())

    def collect(self) -> dict[str, Value] | None:
        """The values that differ from what was shown; None (and messages) where some are wrong."""
        changed: dict[str, Value] = {}
        problems: list[InvalidValue] = []
        for name, editor in self._editors.items():
            try:
                value = editor.value()
                check(editor.field, value)
            except InvalidValue as problem:
                problems.append(
                    InvalidValue(name, problem.message.template, **problem.message.params)
                )
                continue
            if _something(value) != _something(self._values.get(name)):
                changed[name] = value
        problems.extend(self._missing({**self._values, **changed}, {x.field for x in problems}))
        self.show_problems(problems)
        return None if problems else changed

    def show_problems(self, problems: list[InvalidValue]) -> None:
        """Put each message beside its field and go to the first."""
        by_field = {problem.field: problem.message for problem in problems}
        for name, label in self._problems.items():
            message = by_field.get(name)
            label.setVisible(message is not None)
            label.setText("" if message is None else f"◆ {words(message)}")
            spoken = "" if message is None else words(message)
            self._editors[name].widget.setAccessibleDescription(spoken)
        for name in self._editors:
            if name in by_field:
                self._go_to(name)
                return

    def show_problem(self, field: str, message: Message) -> bool:
        """Put a message of the store or the server beside its field; False if it is not here."""
        if field not in self._editors:
            return False
        self.show_problems([InvalidValue(field, message.template, **message.params)])
        return True

    def focus_first(self) -> None:
        """Give the keyboard to the first field."""
        for editor in self._editors.values():
            editor.widget.setFocus(Qt.FocusReason.OtherFocusReason)
            return

    def editor(self, name: str) -> Editor:
        """The editor of a field."""
        return self._editors[name]

    def _build(self, links: Links, *, locked: bool) -> None:
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        whole = QVBoxLayout(self._page)
        whole.setContentsMargins(_MARGIN, _MARGIN // 2, _MARGIN, _MARGIN)
        whole.addLayout(self._grid)
        whole.addStretch(1)
        typed = () if locked else self.entity.editable
        for field in typed:
            self._add_editor(field, links)
        for field in self.entity.fields:
            if field not in typed:
                self._add_words(field)
        self.setWidget(self._page)

    def _add_editor(self, field: Field, links: Links) -> None:
        editor = make_editor(field, self._page, links)
        editor.edited.connect(self._announce)
        self._editors[field.name] = editor
        label = _label(tr("{field} *", field=field.label) if field.required else tr(field.label))
        label.setBuddy(editor.widget)
        problem = QLabel(self._page)
        problem.setTextFormat(Qt.TextFormat.PlainText)
        problem.setWordWrap(True)
        problem.hide()
        self._problems[field.name] = problem
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(editor.widget, row, 1)
        self._grid.addWidget(problem, row + 1, 1)

    def _add_words(self, field: Field) -> None:
        value = QLabel("–", self._page)
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setAccessibleName(tr(field.label))
        self._words[field.name] = value
        row = self._grid.rowCount()
        self._grid.addWidget(_label(tr(field.label)), row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, row, 1)

    def _missing(self, values: Mapping[str, Value], known: set[str]) -> list[InvalidValue]:
        return [
            InvalidValue(x.name, tr_noop("'{field}' must be filled in."), field=x.label)
            for x in required(self.entity)
            if x.name in self._editors
            and x.name not in known
            and _something(values.get(x.name)) is None
        ]

    def _go_to(self, name: str) -> None:
        widget = self._editors[name].widget
        widget.setFocus(Qt.FocusReason.OtherFocusReason)
        self.ensureWidgetVisible(widget)

    def _announce(self) -> None:
        self.edited.emit()


def _something(value: Value) -> Value:
    """A value, or None where there is none: no and zero are values, an empty set is not."""
    return None if value in ("", [], {}) else value


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    label.setContentsMargins(0, 4, 0, 0)
    return label
