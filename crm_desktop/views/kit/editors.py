"""One editor per Kind: a widget that shows a value, takes a typed one and says what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from PySide6.QtCore import QDate, Qt
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import (
    QCalendarWidget,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
    QWidgetAction,
)
from typing_extensions import override

from crm_core import values
from crm_core.errors import InvalidValue
from crm_core.fields import UNTYPED, Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.wall_time import moment_in
from crm_desktop.dates import day_words, moment_words, read_day, read_moment
from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.dated_line import DatedLine
from crm_desktop.views.kit.editor import (
    ComboEditor,
    Editor,
    FlagEditor,
    LineEditor,
    NoteEditor,
)
from crm_desktop.views.kit.links import LinkEdit, Links, LinksEdit
from crm_desktop.views.kit.words import Titles, code_words, local_iso

_CURRENCY_WIDTH = 78
_CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD", "TWD", "JPY")


class MoneyEditor(Editor):
    """An amount and its currency."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        whole = QWidget(parent)
        super().__init__(field, whole)
        self._amount = QLineEdit(whole)
        self._amount.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._amount.setAccessibleName(tr(field.label))
        self._currency = QComboBox(whole)
        self._currency.addItems(_CURRENCIES)
        self._currency.setEditable(True)
        self._currency.setFixedWidth(_CURRENCY_WIDTH)
        self._currency.setAccessibleName(tr("Currency"))
        _in_a_row(whole, self._amount, self._currency)
        self._amount.textEdited.connect(self._announce)
        self._currency.activated.connect(self._announce)
        self._currency.editTextChanged.connect(self._announce_currency)

    @override
    def typed(self) -> str:
        amount = self._amount.text().strip()
        return f"{amount}{self._currency.currentText().strip().upper()}" if amount else ""

    @override
    def _type(self, text: str) -> None:
        amount = text.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        self._currency.blockSignals(True)
        self._amount.setText(amount.strip())
        self._currency.setCurrentText(text[len(amount) :] or _CURRENCIES[0])
        self._currency.blockSignals(False)

    def _announce_currency(self, _text: str) -> None:
        if self._amount.text():
            self._announce()


class DayEditor(LineEditor):
    """A day: typed as 2026-11-09 or in words, or picked from a calendar."""

    _line: DatedLine

    def __init__(self, field: Field, parent: QWidget) -> None:
        whole = QWidget(parent)
        super().__init__(field, parent, whole)
        self._pick = icon_button("calendar", tr("Choose a day"), whole)
        self._pick.clicked.connect(self._open_calendar)
        _in_a_row(whole, self._line, self._pick)

    @override
    def typed(self) -> str:
        return self._line.plain()

    @override
    def _make_line(self, parent: QWidget) -> QLineEdit:
        return DatedLine(self._say, self._read, parent)

    @override
    def _type(self, text: str) -> None:
        # The cursor stays at the end, where the hour is.
        self._line.set_plain(text)

    def _say(self, text: str) -> str:
        try:
            value = self._parse(text)
        except InvalidValue:
            return ""
        return self._words(value) if isinstance(value, str) else ""

    def _words(self, value: str) -> str:
        return day_words(dt.date.fromisoformat(value), year=True)

    def _read(self, text: str) -> str:
        day = read_day(text)
        return day.isoformat() if day else ""

    def _open_calendar(self) -> None:
        menu = QMenu(self.widget)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        calendar = QCalendarWidget(menu)
        shown = QDate.fromString(self.typed()[:10], Qt.DateFormat.ISODate)
        if shown.isValid():
            calendar.setSelectedDate(shown)
        calendar.activated.connect(self._take_day)
        calendar.clicked.connect(self._take_day)
        calendar.clicked.connect(menu.close)
        action = QWidgetAction(menu)
        action.setDefaultWidget(calendar)
        menu.addAction(action)
        _open_below(self._pick, menu)

    def _take_day(self, day: QDate) -> None:
        self._type(day.toString(Qt.DateFormat.ISODate) + self.typed()[10:])
        self._announce()


class InstantEditor(DayEditor):
    """A moment, in the wall time of this place."""

    @override
    def _put(self, value: Value, titles: Titles) -> None:
        self._type(local_iso(value) if isinstance(value, str) else "")

    @override
    def _words(self, value: str) -> str:
        moment = moment_in(value)
        return moment_words(moment.astimezone()) if moment else ""

    @override
    def _read(self, text: str) -> str:
        moment = read_moment(text)
        return local_iso(moment.astimezone().isoformat()) if moment else ""

    @override
    def _take_day(self, day: QDate) -> None:
        super()._take_day(day)
        # The hour is still to be typed.
        self._line.setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def _parse(self, text: str) -> Value:
        if not text.strip():
            return None
        try:
            moment = dt.datetime.fromisoformat(text.strip())
            return values.instant_of(moment.astimezone())
        except (ValueError, OverflowError) as error:
            raise self.field.problem(
                tr_noop("'{text}' is not a moment, such as 2026-11-22 08:30."), text
            ) from error


class TagsEditor(LineEditor):
    """Words separated by commas; where the catalog names codes, a menu to tick."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        whole = QWidget(parent)
        super().__init__(field, parent, whole)
        if field.choices:
            _in_a_row(whole, self._line, self._make_menu(whole))
        else:
            self._line.setPlaceholderText(tr("Separate by commas"))
            _in_a_row(whole, self._line)

    @override
    def _put(self, value: Value, titles: Titles) -> None:
        members = value if isinstance(value, list) else []
        self._type(", ".join(code_words(self.field, str(member)) for member in members))

    @override
    def _parse(self, text: str) -> Value:
        codes = {tr(choice.label): choice.code for choice in self.field.choices}
        members = values.parse(self.field, text)
        named = members if isinstance(members, list) else []
        return [*sorted({codes.get(str(member), str(member)) for member in named})]

    def _make_menu(self, parent: QWidget) -> QToolButton:
        button = icon_button("chevron-down", tr("Choose"), parent)
        menu = QMenu(button)
        button.clicked.connect(self._open_menu)
        self._menu = menu
        for choice in self.field.choices:
            action = QAction(QIcon(), tr(choice.label), menu)
            action.triggered.connect(self._toggle_sender)
            menu.addAction(action)
        self._button = button
        return button

    def _open_menu(self) -> None:
        _open_below(self._button, self._menu)

    def _toggle_sender(self) -> None:
        action = self.sender()
        if not isinstance(action, QAction):
            return
        members = [part.strip() for part in self._line.text().split(",") if part.strip()]
        word = action.text()
        members = [x for x in members if x != word] if word in members else [*members, word]
        self._type(", ".join(members))
        self._announce()


class LinkEditor(Editor):
    """One record or a set of records, found by typing; the widget knows which."""

    def __init__(self, field: Field, edit: LinkEdit | LinksEdit) -> None:
        super().__init__(field, edit)
        self._edit = edit
        edit.edited.connect(self._announce)

    @override
    def typed(self) -> str:
        return self._edit.typed()

    @override
    def _put(self, value: Value, titles: Titles) -> None:
        self._edit.set_value(value, titles)

    @override
    def _type(self, text: str) -> None:
        self._edit.set_typed(text)

    @override
    def _parse(self, text: str) -> Value:
        return self._edit.value()


def _open_below(button: QToolButton, menu: QMenu) -> None:
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def _in_a_row(whole: QWidget, *parts: QWidget) -> None:
    layout = QHBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for part in parts:
        layout.addWidget(part)
    parts[0].setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    whole.setFocusProxy(parts[0])


EditorMaker = Callable[[Field, QWidget, Links], Editor]


def _plain(maker: Callable[[Field, QWidget], Editor]) -> EditorMaker:
    return lambda field, parent, _links: maker(field, parent)


def _linked(maker: Callable[[Field, Links, QWidget], LinkEdit | LinksEdit]) -> EditorMaker:
    return lambda field, parent, links: LinkEditor(field, maker(field, links, parent))


EDITORS: Mapping[Kind, EditorMaker] = {
    Kind.TEXT: _plain(LineEditor),
    Kind.NOTE: _plain(NoteEditor),
    Kind.CHOICE: _plain(ComboEditor),
    Kind.FLAG: _plain(FlagEditor),
    Kind.WHOLE: _plain(LineEditor),
    Kind.DECIMAL: _plain(LineEditor),
    Kind.MONEY: _plain(MoneyEditor),
    Kind.DAY: _plain(DayEditor),
    Kind.INSTANT: _plain(InstantEditor),
    Kind.DURATION: _plain(LineEditor),
    Kind.PHONE: _plain(LineEditor),
    Kind.EMAIL: _plain(LineEditor),
    Kind.URL: _plain(LineEditor),
    Kind.ADDRESS_PART: _plain(LineEditor),
    Kind.PLACE: _plain(LineEditor),
    Kind.PERSON_NAME: _plain(LineEditor),
    Kind.LINK: _linked(LinkEdit),
    Kind.LINKS: _linked(LinksEdit),
    Kind.TAGS: _plain(TagsEditor),
    Kind.ORDER: _plain(LineEditor),
    Kind.JSON: _plain(NoteEditor),
}
"""The one place that says how each Kind is edited; a test demands that none is missing."""


def make_editor(field: Field, parent: QWidget, links: Links) -> Editor:
    """The editor for a field. Parent: `parent`."""
    if field.typed_as and field.typed_as != UNTYPED:
        from crm_desktop.views.kit.typed_editors import TYPED  # few forms have such a field

        return TYPED[field.typed_as](field, parent)
    return EDITORS[field.kind](field, parent, links)
