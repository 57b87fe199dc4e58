"""What the customer wants, and what is known of the matter: rows of words, needs as toggles."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import CaseDetail
from crm_desktop.views.kit.buttons import flat, link
from crm_desktop.views.kit.words import Titles, link_key, link_name, shown
from crm_desktop.views.panes.complaints.needs import NeedToggles

_LABEL_WIDTH = 92
_FIELDS = CATALOG["complaint"].by_name
_REMEDY, _NEED = _FIELDS["remedy_sought"], _FIELDS["need"]
_Values = Mapping[str, Value]


def _field(name: str) -> Callable[[_Values, Titles], str]:
    def words(values: _Values, titles: Titles) -> str:
        return shown(_FIELDS[name], values.get(name), titles)

    return words


def _severity(values: _Values, titles: Titles) -> str:
    parts = [_field("severity")(values, titles)]
    if values.get("safety"):
        parts.append(tr("safety concern"))
    return " · ".join(part for part in parts if part)


def _product(values: _Values, titles: Titles) -> str:
    batch = values.get("batch")
    parts = [_field("product")(values, titles)]
    if batch:
        parts.append(tr("lot {batch}", batch=str(batch)))
    return ", ".join(part for part in parts if part)


def _reported_by(values: _Values, titles: Titles) -> str:
    parts = (_field("contact")(values, titles), _field("channel")(values, titles))
    return ", ".join(part for part in parts if part)


_ROWS: Mapping[str, tuple[str, Callable[[_Values, Titles], str]]] = {
    "severity": (_FIELDS["severity"].label, _severity),
    "product": (_FIELDS["product"].label, _product),
    "order": (_FIELDS["order"].label, _field("order")),
    "contact": (tr_noop("Reported by"), _reported_by),
    "handler": (_FIELDS["handler"].label, _field("handler")),
    "description": (_FIELDS["description"].label, _field("description")),
    "category": (_FIELDS["category"].label, _field("category")),
    "cause": (_FIELDS["cause"].label, _field("cause")),
    "responsible_unit": (_FIELDS["responsible_unit"].label, _field("responsible_unit")),
    "outcome": (_FIELDS["outcome"].label, _field("outcome")),
    "closed_reason": (_FIELDS["closed_reason"].label, _field("closed_reason")),
    "repeat_of": (_FIELDS["repeat_of"].label, _field("repeat_of")),
}
"""The rows in their order: label, and the words of a complaint."""

_ALWAYS = ("severity", "product", "contact", "handler")
"""Shown as a dash where nothing is known: somebody will look for them."""

_LEADS_TO = ("order", "repeat_of")


class WantsView(QScrollArea):
    """Signals: `need_toggled(code, is_on)`, `edit_asked`, `opened(kind, id)`."""

    need_toggled = Signal(str, bool)
    edit_asked = Signal()
    opened = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._page = QWidget(self)
        self._remedy = _words(self._page, "name")
        self._needs = NeedToggles(self._page)
        self._edit = flat(tr("Edit"), self._page, icon="edit")
        self._rows: dict[str, tuple[QLabel, QLabel | QPushButton]] = {}
        self._keys: dict[str, str] = {}
        self._lay_out()
        self._needs.toggled.connect(self.need_toggled)
        self._edit.clicked.connect(self._tell_edit)

    def show_case(self, detail: CaseDetail) -> None:
        """Show a complaint."""
        values, titles = detail.row.values, detail.titles
        self._remedy.setText(str(values.get("remedy_sought") or "–"))
        self._needs.show_needs(values.get("need"))
        for name, (label, value) in self._rows.items():
            words = _ROWS[name][1](values, titles)
            value.setText(words or "–")
            is_shown = bool(words) or name in _ALWAYS
            label.setVisible(is_shown)
            value.setVisible(is_shown)
            value.setAccessibleName(f"{label.text()}: {value.text()}")
        for name in _LEADS_TO:
            self._keys[name] = link_key(_FIELDS[name], values.get(name))
            self._rows[name][1].setText(
                link_name(self._keys[name], titles) if self._keys[name] else ""
            )

    def set_locked(self, locked: bool) -> None:
        """Whether anything may be changed here."""
        self._needs.setEnabled(not locked)
        self._edit.setVisible(not locked)

    @property
    def needs(self) -> NeedToggles:
        """The toggles."""
        return self._needs

    def words(self, name: str) -> str:
        """What a row says; "" where it is hidden."""
        value = self._rows[name][1]
        return "" if value.isHidden() else value.text()

    def _lay_out(self) -> None:
        title = QLabel(tr("What the customer wants"), self._page)
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setProperty("role", "section")
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self._edit)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(7)
        grid.setColumnMinimumWidth(0, _LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        first = _label(self._page, tr(_REMEDY.label))
        grid.addWidget(first, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._remedy, 0, 1)
        needs = _label(self._page, tr(_NEED.label))
        needs.setContentsMargins(0, 4, 0, 0)
        grid.addWidget(needs, 1, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._needs, 1, 1)
        for row, (name, (words, _)) in enumerate(_ROWS.items(), start=2):
            label = _label(self._page, tr(words))
            value = self._link(name) if name in _LEADS_TO else _words(self._page, "")
            self._rows[name] = (label, value)
            grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, row, 1)
        whole = QVBoxLayout(self._page)
        whole.setContentsMargins(20, 8, 20, 16)
        whole.setSpacing(8)
        whole.addLayout(head)
        whole.addLayout(grid)
        whole.addStretch(1)
        self.setWidget(self._page)

    def _link(self, name: str) -> QPushButton:
        button = link("", self._page)
        button.setProperty("field", name)
        button.setAccessibleName(tr(_ROWS[name][0]))
        button.clicked.connect(self._tell_opened)
        return button

    def _tell_opened(self) -> None:
        sender = self.sender()
        if isinstance(sender, QPushButton):
            kind, _, record_id = self._keys[str(sender.property("field"))].partition("/")
            self.opened.emit(kind, record_id)

    def _tell_edit(self) -> None:
        self.edit_asked.emit()


def _label(parent: QWidget, words: str) -> QLabel:
    label = QLabel(words, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", "small")
    return label


def _words(parent: QWidget, role: str) -> QLabel:
    label = QLabel("–", parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
