"""The sheet in which one condition on a list is set: how to compare, and with what."""

from __future__ import annotations

from typing import cast

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from crm_core.errors import InvalidValue
from crm_core.fields import Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr, words
from crm_desktop.models.sql import Operator, Where
from crm_desktop.views.kit.buttons import flat, primary
from crm_desktop.views.kit.editor import Editor, LineEditor
from crm_desktop.views.kit.editors import make_editor
from crm_desktop.views.kit.filtering import ME, OPERATORS, operator_words
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.popup import Popup
from crm_desktop.views.kit.text import plain_label
from crm_desktop.views.kit.words import Titles, code_words

_BARE = ("empty", "filled")
_AS_TEXT = frozenset((Kind.LINKS, Kind.TAGS, Kind.NOTE, Kind.JSON))


class ConditionPopup(Popup):
    """Sets one condition. Signal: `taken(Where, titles)` when it is applied, `removed`."""

    taken = Signal(object, object)
    removed = Signal()

    def __init__(
        self, field: Field, where: Where | None, titles: Titles, links: Links, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._field = field
        self._titles = titles
        self._ops = QComboBox(self)
        self._boxes: dict[str, QCheckBox] = {}
        self._me = QCheckBox(tr("Me"), self)
        self._editor: Editor | None = None
        self._problem = plain_label(self)
        self._lay_out(links, is_new=where is None)
        self._show(where)

    def _lay_out(self, links: Links, *, is_new: bool) -> None:
        head = QHBoxLayout()
        label = plain_label(self, tr(self._field.label))
        label.setProperty("role", "section")
        head.addWidget(label, 1)
        for op in OPERATORS[self._field.kind]:
            self._ops.addItem(operator_words(self._field, op), op)
        self._ops.setAccessibleName(tr("How to compare"))
        head.addWidget(self._ops)
        self.page.addLayout(head)
        self._add_value(links)
        self._problem.setProperty("tone", "bad")
        self._problem.hide()
        self.page.addWidget(self._problem)
        foot = QHBoxLayout()
        remove, apply = flat(tr("Remove"), self), primary(tr("Apply"), self)
        remove.setVisible(not is_new)
        remove.clicked.connect(self._remove)
        apply.clicked.connect(self._apply)
        apply.setDefault(True)
        foot.addWidget(remove)
        foot.addStretch(1)
        foot.addWidget(apply)
        self.page.addLayout(foot)
        self._ops.currentIndexChanged.connect(self._show_value)

    def _add_value(self, links: Links) -> None:
        field = self._field
        if "in" in OPERATORS[field.kind]:
            column = QVBoxLayout()
            column.setSpacing(4)
            for choice in field.choices:
                box = QCheckBox(code_words(field, choice.code), self)
                self._boxes[choice.code] = box
                column.addWidget(box)
            self.page.addLayout(column)
        else:
            self._editor = _editor_for(field, self, links)
            self.page.addWidget(self._editor.widget)
        link = field.link
        self._me.setVisible(field.kind is Kind.LINK and link is not None and link.target == "user")
        self._me.toggled.connect(self._show_value)
        self.page.addWidget(self._me)

    def _show(self, where: Where | None) -> None:
        value = where.value if where is not None else None
        if where is not None and self._ops.findData(where.op) >= 0:
            self._ops.setCurrentIndex(self._ops.findData(where.op))
        members = value if isinstance(value, list) else [value]
        for code, box in self._boxes.items():
            box.setChecked(code in members)
        self._me.setChecked(value == ME)
        if self._editor is not None:
            self._editor.set_value(None if value == ME else value, self._titles)
        self._show_value()
        first = next(iter(self._boxes.values()), None) or (
            self._editor.widget if self._editor is not None else self._ops
        )
        first.setFocus()

    def _show_value(self, *_: object) -> None:
        needed = self._ops.currentData() not in _BARE
        for box in self._boxes.values():
            box.setEnabled(needed)
        self._me.setEnabled(needed)
        if self._editor is not None:
            self._editor.widget.setEnabled(needed and not self._me.isChecked())

    def _apply(self) -> None:
        op = cast("Operator", self._ops.currentData())
        try:
            value = None if op in _BARE else self._value()
        except InvalidValue as problem:
            self._problem.setText(f"◆ {words(problem.message)}")
            self._problem.show()
            return
        self.taken.emit(Where(self._field.name, op, value), self._names(value))
        self.close()

    def _value(self) -> Value:
        if self._me.isChecked():
            return ME
        if self._boxes:
            value: Value = [code for code, box in self._boxes.items() if box.isChecked()]
        else:
            assert self._editor is not None
            value = self._editor.value()
        if value in (None, "", []):
            raise self._field.problem(tr_noop("Say what to look for."), "")
        return value

    def _names(self, value: Value) -> dict[str, str]:
        """The name of a record chosen here, which nobody has read yet."""
        if self._field.kind is not Kind.LINK or self._editor is None or not isinstance(value, str):
            return {}
        key, _, name = self._editor.typed().partition("\t")
        return {key: name} if key and name else {}

    def _remove(self) -> None:
        self.removed.emit()
        self.close()


def _editor_for(field: Field, parent: QWidget, links: Links) -> Editor:
    """The kit's editor for the field; for a member or a part of a text just a line."""
    if field.kind in (Kind.LINKS, *_AS_TEXT):
        if field.kind is Kind.LINKS and field.link is not None:
            return make_editor(replace(field, kind=Kind.LINK), parent, links)
        return LineEditor(replace(field, kind=Kind.TEXT), parent)
    return make_editor(field, parent, links)
