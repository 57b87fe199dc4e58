"""What an editor is, and the plain ones: a line, a text, a list of codes."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QWidget
from typing_extensions import override

from crm_core import values
from crm_core.fields import Field, Kind, Value
from crm_core.machines import MACHINES
from crm_desktop.i18n import tr
from crm_desktop.views.kit.words import Titles, code_words

_NOTE_HEIGHT = 96

EXAMPLES: Mapping[Kind, str] = {
    Kind.DAY: "2026-11-22",
    Kind.INSTANT: "2026-11-22 08:30",
    Kind.EMAIL: "li@example.com",
    Kind.URL: "https://",
    Kind.PLACE: "31.2304,121.4737",
}


class Editor(QObject):
    """A field's editor. Parent: the form's widget. Signal: `edited` when a person changes it.

    A value that nobody touched comes back exactly as it was set.
    """

    edited = Signal()

    def __init__(self, field: Field, widget: QWidget) -> None:
        super().__init__(widget)
        self.field = field
        self.widget = widget
        self._original: Value = None
        self._shown = ""
        widget.setAccessibleName(tr(field.label))

    def set_value(self, value: Value, titles: Titles) -> None:
        """Show a value; it counts as untouched."""
        self._original = value
        self._put(value, titles)
        self._shown = self.typed()

    def suggest(self, value: Value, titles: Titles) -> None:
        """Show a value as if a person had typed it."""
        self._put(value, titles)

    def value(self) -> Value:
        """The value as it stands; raises InvalidValue."""
        return self._parse(self.typed()) if self.is_touched else self._original

    @property
    def is_touched(self) -> bool:
        """Whether it differs from what was set."""
        return self.typed() != self._shown

    def restore(self, text: str) -> None:
        """Show a draft: what `typed` gave before."""
        self._type(text)

    def typed(self) -> str:
        """What stands in the editor, as text: compared for changes and kept as a draft."""
        raise NotImplementedError

    def _put(self, value: Value, titles: Titles) -> None:
        self._type(values.show(self.field, value))

    def _type(self, text: str) -> None:
        raise NotImplementedError

    def _parse(self, text: str) -> Value:
        return values.parse(self.field, text)

    def _announce(self) -> None:
        self.edited.emit()


class LineEditor(Editor):
    """One line: text, names, numbers, phone, e-mail, web address, position.

    An editor with something beside its line gives the widget that holds both as `whole`.
    """

    def __init__(self, field: Field, parent: QWidget, whole: QWidget | None = None) -> None:
        self._line = self._make_line(whole or parent)
        super().__init__(field, whole or self._line)
        self._line.setAccessibleName(tr(field.label))
        example = EXAMPLES.get(field.kind, "")
        self._line.setPlaceholderText(tr("e.g. {example}", example=example) if example else "")
        self._line.textEdited.connect(self._announce)

    def _make_line(self, parent: QWidget) -> QLineEdit:
        return QLineEdit(parent)

    @override
    def typed(self) -> str:
        return self._line.text()

    @override
    def _type(self, text: str) -> None:
        self._line.setText(text)
        self._line.setCursorPosition(0)


class NoteEditor(Editor):
    """Several lines of plain text."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        self._text = QPlainTextEdit(parent)
        super().__init__(field, self._text)
        self._text.setTabChangesFocus(True)
        self._text.setFixedHeight(_NOTE_HEIGHT)
        self._text.textChanged.connect(self._announce)

    @override
    def typed(self) -> str:
        return self._text.toPlainText()

    @override
    def _type(self, text: str) -> None:
        self._text.blockSignals(True)
        self._text.setPlainText(text)
        self._text.blockSignals(False)


class ComboEditor(Editor):
    """A choice, or yes and no: a list of codes with their words; an unknown code is kept."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        self._combo = QComboBox(parent)
        super().__init__(field, self._combo)
        self._combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._offer(tuple(choice.code for choice in field.choices))
        self._combo.activated.connect(self._announce)

    @override
    def typed(self) -> str:
        return str(self._combo.currentData() or "")

    def _offer(self, codes: tuple[str, ...]) -> None:
        self._combo.clear()
        for code in ("", *codes):
            self._combo.addItem(self._words(code), code)

    def _words(self, code: str) -> str:
        return code_words(self.field, code) if code else "–"

    @override
    def _put(self, value: Value, titles: Titles) -> None:
        if self.field.machine:
            self._offer_steps(value)
        super()._put(value, titles)

    def _offer_steps(self, value: Value) -> None:
        """A state offers itself and the states that can follow."""
        machine = MACHINES[self.field.machine]
        own = (value,) if isinstance(value, str) else ()
        first = () if own else (machine.initial,)
        self._offer(tuple(dict.fromkeys((*own, *first, *machine.targets(value)))))

    @override
    def _type(self, text: str) -> None:
        at = self._combo.findData(text)
        if at < 0:
            self._combo.addItem(self._words(text), text)
            at = self._combo.count() - 1
        self._combo.setCurrentIndex(at)


class FlagEditor(ComboEditor):
    """Yes, no, or nothing said."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(field, parent)
        self._offer(("true", "false"))

    @override
    def _words(self, code: str) -> str:
        return {"true": tr("Yes"), "false": tr("No")}.get(code, "–")
