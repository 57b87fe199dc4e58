"""Editors of what is typed in a form of its own: reminders in words, and how a task recurs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from PySide6.QtCore import QDate, QSignalBlocker
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.errors import InvalidValue
from crm_core.fields import REMINDERS, RHYTHM, Field, Value
from crm_core.i18n import tr_noop
from crm_core.recurring import (
    INSTANCES_MAX,
    INTERVAL_MAX,
    WEEKDAYS,
    WORKDAYS,
    Rhythm,
    Unit,
    parse_rhythm,
    text_of,
)
from crm_desktop.dates import WEEKDAYS as DAY_NAMES
from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.editors import TagsEditor
from crm_desktop.views.kit.rhythm_words import NTHS, mark_words, read_mark_words, weekdays_words
from crm_desktop.views.kit.words import Titles

_UNITS: Mapping[Unit, str] = {
    "DAILY": tr_noop("Days"), "WEEKLY": tr_noop("Weeks"), "MONTHLY": tr_noop("Months"),
    "YEARLY": tr_noop("Years"),
}  # fmt: skip
_ON_SAME_DAY, _ON_MONTH_DAY, _ON_LAST_DAY = "same", "day", "last day"
_NEVER, _UNTIL, _TIMES = "never", "until", "times"
_DAY_WIDTH, _PADDING = 34, 6
_YEAR_DAYS = 365


class RemindersEditor(TagsEditor):
    """Reminders in words, several separated by commas: some to tick, others typed."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(field, parent)
        self._line.setPlaceholderText(tr("e.g. {example}", example=tr("2 hours before")))

    @override
    def _put(self, value: Value, titles: Titles) -> None:
        members = value if isinstance(value, list) else []
        self._type(", ".join(mark_words(self.field, str(one), brief=True) for one in members))

    @override
    def _parse(self, text: str) -> Value:
        named = [part for part in text.replace("，", ",").split(",") if part.strip()]
        return [*sorted({read_mark_words(self.field, part) for part in named})]


class RhythmEditor(Editor):
    """How a task recurs: every so many days, weeks, months or years, on which days, until when."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        whole = QWidget(parent)
        super().__init__(field, whole)
        self._foreign = ""
        self._unit = self._combo(whole, tr("Repeats"))
        self._unit.addItem(tr("Does not repeat"), "")
        for unit, words in _UNITS.items():
            self._unit.addItem(tr(words), unit)
        self._every = QSpinBox(whole)
        self._every.setRange(1, INTERVAL_MAX)
        self._every.setPrefix(tr("every "))
        self._every.setAccessibleName(tr("Every how many"))
        self._days = [self._day_button(n, whole) for n in range(len(WEEKDAYS))]
        self._place = self._combo(whole, tr("On which day of the month"))
        self._offer_places()
        self._month_day = QSpinBox(whole)
        self._month_day.setRange(1, 31)
        self._month_day.setAccessibleName(tr("Day of the month"))
        self._weekday = self._combo(whole, tr("Day of the week"))
        for day in WEEKDAYS:
            self._weekday.addItem(weekdays_words((day,)), (day,))
        self._weekday.addItem(weekdays_words(WORKDAYS), WORKDAYS)
        self._end = self._combo(whole, tr("How it ends"))
        for code, words in (
            (_NEVER, tr("Never ends")),
            (_UNTIL, tr("Until")),
            (_TIMES, tr("Times")),
        ):
            self._end.addItem(words, code)
        self._until = QDateEdit(QDate.currentDate().addDays(_YEAR_DAYS), whole)
        self._until.setCalendarPopup(True)
        self._until.setDisplayFormat("yyyy-MM-dd")
        self._until.setAccessibleName(tr("Until"))
        self._times = QSpinBox(whole)
        self._times.setRange(1, INSTANCES_MAX)
        self._times.setValue(10)
        self._times.setAccessibleName(tr("Times"))
        for box in (self._every, self._month_day, self._until, self._times):
            box.lineEdit().setTextMargins(6, 0, 6, 0)  # no style sheet reaches the line within
        self._lay_out(whole)
        self._connect()
        self._fit()

    @override
    def typed(self) -> str:
        if self._foreign:
            return self._foreign
        unit = self._unit.currentData()
        return text_of(self._rhythm(unit)) if unit else ""

    @override
    def _type(self, text: str) -> None:
        self._foreign = ""
        one: Rhythm | None = None
        try:
            one = parse_rhythm(text) if text else None
        except InvalidValue:
            self._foreign = text  # of a later version: kept until somebody chooses another
        blocked = [QSignalBlocker(part) for part in self._parts()]
        self._show(one)
        for blocker in blocked:
            blocker.unblock()
        self._fit()

    def _show(self, one: Rhythm | None) -> None:
        self._unit.setCurrentIndex(max(self._unit.findData(one.unit if one else ""), 0))
        self._every.setValue(one.interval if one else 1)
        for day, button in zip(WEEKDAYS, self._days, strict=True):
            button.setChecked(one is not None and one.unit == "WEEKLY" and day in one.weekdays)
        if one is None:
            return
        place: object = one.nth or _ON_SAME_DAY
        if one.month_day:
            place = _ON_LAST_DAY if one.month_day < 0 else _ON_MONTH_DAY
            self._month_day.setValue(max(one.month_day, 1))
        self._place.setCurrentIndex(max(self._place.findData(place), 0))
        if one.nth:
            self._weekday.setCurrentIndex(self._at(one.weekdays))
        self._end.setCurrentIndex(
            self._end.findData(_UNTIL if one.until else _TIMES if one.count else _NEVER)
        )
        if one.until is not None:
            self._until.setDate(QDate(one.until.year, one.until.month, one.until.day))
        if one.count:
            self._times.setValue(one.count)

    def _at(self, days: tuple[str, ...]) -> int:
        """The place of these days in their list; others than those it offers are added to it."""
        for at in range(self._weekday.count()):
            if tuple(self._weekday.itemData(at)) == days:
                return at
        self._weekday.addItem(weekdays_words(days), days)
        return self._weekday.count() - 1

    def _rhythm(self, unit: Unit) -> Rhythm:
        ends = self._end.currentData()
        place = self._place.currentData() if unit == "MONTHLY" else _ON_SAME_DAY
        days: tuple[str, ...] = ()
        if unit == "WEEKLY":
            pressed = zip(WEEKDAYS, self._days, strict=True)
            days = tuple(day for day, button in pressed if button.isChecked())
        elif isinstance(place, int):
            days = tuple(self._weekday.currentData())
        month_day = {_ON_LAST_DAY: -1, _ON_MONTH_DAY: self._month_day.value()}.get(str(place), 0)
        shown = self._until.date()
        return Rhythm(
            unit, self._every.value(), days, month_day, place if isinstance(place, int) else 0,
            dt.date(shown.year(), shown.month(), shown.day()) if ends == _UNTIL else None,
            self._times.value() if ends == _TIMES else 0,
        )  # fmt: skip

    # Parts

    def _parts(self) -> tuple[QWidget, ...]:
        return (
            self._unit, self._every, *self._days, self._place, self._month_day, self._weekday,
            self._end, self._until, self._times,
        )  # fmt: skip

    def _combo(self, parent: QWidget, name: str) -> QComboBox:
        made = QComboBox(parent)
        # As narrow as the form makes it: a long choice must not make the whole form wider.
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        made.setAccessibleName(name)
        return made

    def _day_button(self, n: int, parent: QWidget) -> QPushButton:
        made = normal(tr(DAY_NAMES[n]), parent)
        made.setCheckable(True)
        made.setStyleSheet("padding: 0")
        made.setFixedWidth(_DAY_WIDTH)
        made.setAccessibleName(tr(DAY_NAMES[n]))
        return made

    def _offer_places(self) -> None:
        self._place.addItem(tr("On the same day"), _ON_SAME_DAY)
        self._place.addItem(tr("On day"), _ON_MONTH_DAY)
        self._place.addItem(tr("On the last day"), _ON_LAST_DAY)
        for nth, words in NTHS.items():
            self._place.addItem(tr("On the {nth}", nth=tr(words)), nth)

    def _lay_out(self, whole: QWidget) -> None:
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for parts in (
            (self._unit, self._every), self._days, (self._place, self._month_day, self._weekday),
            (self._end, self._until, self._times),
        ):  # fmt: skip
            line = QHBoxLayout()  # and no widget around it: that would break the way of the Tab key
            line.setSpacing(4 if parts is not self._days else 2)
            for part in parts:
                line.addWidget(part, 0 if parts is self._days else 1)
            if parts is self._days:
                line.addStretch(1)
            column.addLayout(line)
        for box in (self._every, self._month_day, self._times, self._until):
            line = box.findChild(QLineEdit)
            if isinstance(line, QLineEdit):
                line.setTextMargins(_PADDING, 0, 0, 0)
        whole.setFocusProxy(self._unit)

    def _connect(self) -> None:
        for box in (self._unit, self._place, self._weekday, self._end):
            box.activated.connect(self._take)
        for number in (self._every, self._month_day, self._times):
            number.valueChanged.connect(self._take)
        self._until.dateChanged.connect(self._take)
        for button in self._days:
            button.clicked.connect(self._take)

    def _take(self, _what: object) -> None:
        self._foreign = ""
        self._fit()
        self._announce()

    def _fit(self) -> None:
        """Show the parts that the unit has."""
        unit, place = self._unit.currentData(), self._place.currentData()
        self._every.setVisible(bool(unit))
        for button in self._days:
            button.setVisible(unit == "WEEKLY")
        is_monthly, ends = unit == "MONTHLY", self._end.currentData() if unit else ""
        self._place.setVisible(is_monthly)
        self._month_day.setVisible(is_monthly and place == _ON_MONTH_DAY)
        self._weekday.setVisible(is_monthly and isinstance(place, int))
        self._end.setVisible(bool(unit))
        self._until.setVisible(ends == _UNTIL)
        self._times.setVisible(ends == _TIMES)


TYPED: Mapping[str, Callable[[Field, QWidget], Editor]] = {
    REMINDERS: RemindersEditor,
    RHYTHM: RhythmEditor,
}
"""The editors by what a field is typed as."""
