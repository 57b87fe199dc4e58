"""The generated form of a record: a label, an editor and a place for what is wrong, per field."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from crm_core.entity import Entity, required
from crm_core.errors import InvalidValue
from crm_core.fields import UNTYPED, Field, Kind, Value
from crm_core.i18n import Message, tr_noop
from crm_core.values import check
from crm_desktop.i18n import tr
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.editors import make_editor
from crm_desktop.views.kit.form_row import FormRow
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.meanwhile import Basis, Meanwhile, something
from crm_desktop.views.kit.permit import withheld_words
from crm_desktop.views.kit.source import FieldNote
from crm_desktop.views.kit.text import section
from crm_desktop.views.kit.words import Titles, shown

_LABEL_WIDTH = 120
_MISSING = tr_noop("'{field}' must be filled in.")
_MARGIN = 16


class Form(QScrollArea):
    """A record's fields. Shows values and takes typed ones; saving is somebody else's work.

    Signals: `edited` whenever a person changes something, `leaving` before something else is shown
    in place of it, `history_asked(field)`, `inbox_asked`.
    """

    edited = Signal()
    leaving = Signal()
    history_asked = Signal(str)
    inbox_asked = Signal()

    def __init__(
        self, entity: Entity, links: Links, parent: QWidget | None = None, *, locked: bool = False
    ) -> None:
        super().__init__(parent)
        self.entity = entity
        self._editors: dict[str, Editor] = {}
        self._words: dict[str, QLabel] = {}
        self._rows: dict[str, FormRow] = {}
        self._kept: list[QWidget] = []
        self._page = QWidget(self)
        self._grid = QGridLayout()
        self.meanwhile = Meanwhile(entity, self._editors, self._rows, self)
        self.meanwhile.chosen.connect(self._announce)
        self._build(links, locked=locked)

    def show_values(self, values: Mapping[str, Value], titles: Titles, seq: int = 0) -> None:
        """Show a record in the server's version `seq`; everything counts as untouched."""
        self.leaving.emit()
        for name, editor in self._editors.items():
            editor.set_value(values.get(name), titles)
        self._show_words(values, titles)
        self.show_problems([])
        self.show_notes({})
        self.meanwhile.begin(values, titles, seq)

    def show_kept_part(self, *, shown: bool) -> None:
        """Show what nobody types here; a new record has none of it yet."""
        for part in self._kept:
            part.setVisible(shown)

    def follow(self, values: Mapping[str, Value], titles: Titles, seq: int) -> None:
        """Show what the record has become; what was typed stays, and is told of it."""
        self.meanwhile.follow(values, titles, seq)
        self._show_words(values, titles)

    def show_notes(self, notes: Mapping[str, FieldNote]) -> None:
        """Say of each field whether it waits, is contested or was refused."""
        for name, row in self._rows.items():
            row.show_note(notes.get(name))

    def show_kept(self, kept: Mapping[str, str]) -> None:
        """Take no words for these fields; each says why."""
        for name, row in self._rows.items():
            why = kept.get(name, "")
            row.keep(why, instead=why == withheld_words())

    def restore(self, draft: Mapping[str, str]) -> None:
        """Lay what was typed and not saved over what is shown, but for what was typed since."""
        for name, text in draft.items():
            if name in self._editors and not self._editors[name].is_touched:
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
    def bases(self) -> Mapping[str, Basis]:
        """On what each of the fields was typed that are touched now."""
        return self.meanwhile.bases

    def lay_bases(self, bases: Mapping[str, Basis]) -> None:
        """On what the fields of a draft were typed then."""
        self.meanwhile.lay(bases)

    @property
    def is_touched(self) -> bool:
        """Whether anything was typed."""
        return any(editor.is_touched for editor in self._editors.values())

    def collect(self) -> dict[str, Value] | None:
        """The values that differ from what was seen; None (and messages) where some are wrong."""
        changed: dict[str, Value] = {}
        problems: list[InvalidValue] = []
        seen = self.meanwhile.seen
        for name, editor in self._editors.items():
            try:
                value = editor.value()
                check(editor.field, value)
            except InvalidValue as problem:
                problems.append(
                    InvalidValue(name, problem.message.template, **problem.message.params)
                )
                continue
            if something(value) != something(seen.get(name)):
                changed[name] = value
        problems.extend(self._missing({**seen, **changed}, {x.field for x in problems}))
        self.show_problems(problems)
        return None if problems else changed

    def show_problems(self, problems: list[InvalidValue]) -> None:
        """Put each message beside its field and go to the first."""
        by_field = {problem.field: problem for problem in problems}
        for name, row in self._rows.items():
            found = by_field.get(name)
            row.show_problem(found, missing=found is not None and _is_missing(found))
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

    def problem_words(self, name: str) -> str:
        """What stands below a field, or ""."""
        return self._rows[name].problem_words

    def focus_first(self) -> None:
        """Give the keyboard to the first field."""
        for editor in self._editors.values():
            if editor.widget.isEnabledTo(self):
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
        # A place among others is given by dragging, never typed.
        shown_ones = [
            x for x in self.entity.fields if x.kind is not Kind.ORDER and x.typed_as != UNTYPED
        ]
        typed = [x for x in shown_ones if not locked and x in self.entity.editable]
        for field in typed:
            self._add_editor(field, links)
        rest = [x for x in shown_ones if x not in typed]
        if typed and rest:
            heading = section(self._page, tr("Kept by the office"))
            self._grid.addWidget(heading, self._grid.rowCount(), 0, 1, 3)
            self._kept.append(heading)
        for field in rest:
            self._add_words(field)
        history = QAction(tr("History of this field"), self)
        history.setShortcut(QKeySequence("Alt+H"))
        history.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        history.triggered.connect(self._ask_history_here)
        self.addAction(history)
        self.setWidget(self._page)

    def _add_editor(self, field: Field, links: Links) -> None:
        editor = make_editor(field, self._page, links)
        editor.edited.connect(self._announce)
        self._editors[field.name] = editor
        row = FormRow(editor, self._page, self._grid)
        row.history_asked.connect(self._ask_history)
        row.inbox_asked.connect(self._ask_inbox)
        self._rows[field.name] = row
        self.meanwhile.watch(row)

    def _show_words(self, values: Mapping[str, Value], titles: Titles) -> None:
        for name, label in self._words.items():
            label.setText(shown(self.entity.by_name[name], values.get(name), titles) or "–")

    def _add_words(self, field: Field) -> None:
        value = QLabel("–", self._page)
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setWordWrap(True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        value.setAccessibleName(tr(field.label))
        self._words[field.name] = value
        row = self._grid.rowCount()
        label = _label(tr(field.label))
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(value, row, 1)
        self._kept += [label, value]

    def _missing(self, values: Mapping[str, Value], known: set[str]) -> list[InvalidValue]:
        return [
            InvalidValue(x.name, _MISSING, field=x.label)
            for x in required(self.entity)
            if x.name in self._editors
            and x.name not in known
            and something(values.get(x.name)) is None
        ]

    def _go_to(self, name: str) -> None:
        widget = self._editors[name].widget
        widget.setFocus(Qt.FocusReason.OtherFocusReason)
        self.ensureWidgetVisible(widget)

    def _ask_history_here(self) -> None:
        """The history of the field that has the keyboard."""
        focus = self.focusWidget()
        for name, editor in self._editors.items():
            if editor.widget is focus or editor.widget.isAncestorOf(focus):
                self.history_asked.emit(name)
                return

    def _ask_history(self, name: str) -> None:
        self.history_asked.emit(name)

    def _ask_inbox(self) -> None:
        self.inbox_asked.emit()

    def _announce(self) -> None:
        self.edited.emit()


def _is_missing(problem: InvalidValue) -> bool:
    return problem.message.template == _MISSING


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", "small")
    label.setProperty("tone", "ink3")
    return label
