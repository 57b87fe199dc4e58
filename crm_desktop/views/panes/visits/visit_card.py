"""The visit chosen: its few main fields, and the steps it can take with what each needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_core.i18n import Message, tr_noop
from crm_core.machines import MACHINES, missing_for
from crm_core.values import check
from crm_desktop.i18n import tr, words
from crm_desktop.models.queries import Row
from crm_desktop.views.kit.badge import Badge, state_of
from crm_desktop.views.kit.buttons import flat, link, normal, primary
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.editors import make_editor
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.meanwhile import Basis
from crm_desktop.views.kit.words import Titles, code_words
from crm_desktop.views.panes.visits.words import VISIT

FIELDS = ("account", "planned_start", "planned_end", "type", "objectives", "reminders")
_MACHINE = MACHINES["visit"]

STEPS: Mapping[str, str] = {
    "planned": tr_noop("Plan"),
    "confirmed": tr_noop("Confirm"),
    "in_progress": tr_noop("Begin"),
    "completed": tr_noop("Complete…"),
    "reviewed": tr_noop("Mark as reviewed"),
    "cancelled": tr_noop("Call off…"),
    "aborted": tr_noop("Break off…"),
}
"""What a step is called on its button; in brackets of dots, it asks for something first."""

ASKED: Mapping[str, tuple[str, ...]] = {
    "completed": ("outcome", "result", "next_step"),
    "cancelled": ("reason",),
    "aborted": ("reason",),
}
"""What is asked before a step: what the machine needs, and what one knows at that moment."""

_ENDS = {"reviewed": "completed"}
_BADGES = {"completed": "good", "reviewed": "good", "confirmed": "info", "in_progress": "info"}


class VisitCard(QWidget):
    """One visit, or a new one. Decides nothing.

    Signals: `edited` when somebody types; `leaving` before another one takes the place of what was
    typed; `save_asked(values)` with what was changed; `step_asked(state, values)`; `cancelled`
    where what was typed is given up; `full_asked(id)`; `account_asked(id)`.
    """

    edited = Signal()
    leaving = Signal()
    save_asked = Signal(dict)
    step_asked = Signal(str, dict)
    cancelled = Signal()
    full_asked = Signal(str)
    account_asked = Signal(str)

    def __init__(self, links: Links, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: Row | None = None
        self._seen: Row | None = None
        self._values: Mapping[str, Value] = {}
        self._editors: dict[str, Editor] = {}
        self._labels: dict[str, QLabel] = {}
        self._step = ""
        self._may_review = True
        self._title = _label(self, "record")
        self._badge = Badge("", self)
        self._waiting = Badge("", self)
        self._problem = _label(self, "small", tone="bad")
        self._steps = QWidget(self)
        self._step_row = QVBoxLayout(self._steps)
        self._save = primary(tr("Save"), self)
        self._back = flat(tr("Back"), self)
        self._full = link(tr("All fields and history"), self)
        self._account = link(tr("Open the account"), self)
        self._lay_out(links)
        self._connect()

    # What others may ask

    def show_visit(self, row: Row, titles: Titles, *, may_review: bool = True) -> None:
        """Show a stored visit; what is being typed into the same one stays."""
        is_same = self._row is not None and self._row.id == row.id
        if is_same and self.is_touched:
            self._row = row
            return
        if not is_same:
            self.leaving.emit()
        self._row, self._seen, self._values, self._may_review = row, row, row.values, may_review
        self._show_values(titles)
        title = titles.get(f"account/{row.values.get('account')}") or tr("Visit")
        self._title.setText(title)
        self._begin("")

    def show_new(self, values: Mapping[str, Value], titles: Titles) -> None:
        """Show an empty visit with these values laid in."""
        self.leaving.emit()
        self._row, self._seen, self._values = None, None, {}
        self._show_values(titles, values)
        self._title.setText(tr("New visit"))
        self._begin("")
        empty = next((n for n in FIELDS if values.get(n) is None), "objectives")
        self._editors[empty].widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_problem(self, message: Message) -> None:
        """Say what the store did not take."""
        self._problem.setText(f"◆ {words(message)}")
        self._problem.show()

    def begin_step(self, state: str) -> None:
        """Take a step, or ask first for what it needs."""
        if ASKED.get(state):
            self._begin(state)
            self._editors[ASKED[state][0]].widget.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._take(state)

    def submit(self) -> None:
        """Save what was typed, or take the step that is asked about."""
        if self._step:
            self._take(self._step)
            return
        values = self._collected()
        if values or (self._row is None and values is not None):
            self.save_asked.emit(values)

    def focus_first(self) -> None:
        """Give the keyboard to the first field."""
        self._editors["planned_start"].widget.setFocus(Qt.FocusReason.OtherFocusReason)

    def settle(self) -> None:
        """What was typed is stored: nothing is touched any more."""
        self._row, self._step = None, ""

    def editor(self, name: str) -> Editor:
        """The editor of a field."""
        return self._editors[name]

    def draft(self) -> dict[str, str]:
        """What was typed and is not saved, by field."""
        return {name: x.typed() for name, x in self._editors.items() if x.is_touched}

    def restore(self, draft: Mapping[str, str]) -> None:
        """Lay what was typed and not saved over what is shown, and ask again what was asked."""
        for name, text in draft.items():
            if name in self._editors and not self._editors[name].is_touched:
                self._editors[name].restore(text)
        further = self.draft().keys() - set(self._fields)
        step = next((x for x in self.steps if further & set(ASKED.get(x, ()))), "")
        if step:
            self._begin(step)
        else:
            self._show_buttons()

    @property
    def bases(self) -> Mapping[str, Basis]:
        """On what each of the fields was typed that are touched now."""
        seen = self._seen
        if seen is None:
            return {}
        return {name: Basis(seen.values.get(name), seen.seq) for name in self.draft()}

    def lay_bases(self, bases: Mapping[str, Basis]) -> None:
        """On what the fields of a draft were typed then: what came since is judged by the merge."""
        for name, basis in bases.items():
            seen = self._seen
            if seen is not None and basis.value != seen.values.get(name):
                values = {**seen.values, name: basis.value}
                self._seen = replace(seen, values=values, seq=min(seen.seq, basis.seq))

    @property
    def account_name(self) -> str:
        """The name of the account chosen in the form."""
        return self._editors["account"].typed().partition("\t")[2]

    @property
    def is_touched(self) -> bool:
        """Whether something typed is not saved."""
        return bool(self._step) or any(self._editors[name].is_touched for name in self._fields)

    @property
    def _fields(self) -> tuple[str, ...]:
        """What is shown of the visit: of one that is over, also what came of it."""
        state = str(self._values.get("state")) if self._row is not None else ""
        return (*FIELDS, *ASKED.get(_ENDS.get(state, state), ()))

    def seen(self, row: Row) -> Row:
        """A visit as it was here when the typing began: on that builds what is saved."""
        return self._seen if self._seen is not None and self._seen.id == row.id else row

    @property
    def record_id(self) -> str:
        """The id of the visit shown; "" for one that is not stored yet."""
        return self._row.id if self._row is not None else ""

    @property
    def is_new(self) -> bool:
        """Whether it shows a visit that is not stored yet."""
        return self._row is None

    @property
    def steps(self) -> tuple[str, ...]:
        """The states that can follow."""
        if self._row is None:
            return ()
        state = self._row.values.get("state")
        arrows = [(x, _MACHINE.arrow(state, x)) for x in _MACHINE.targets(state)]
        own = ("edit", "approve") if self._may_review else ("edit",)
        return tuple(x for x, arrow in arrows if arrow is not None and arrow.action in own)

    # Showing

    def _show_values(self, titles: Titles, laid_in: Mapping[str, Value] | None = None) -> None:
        shown = self._values if laid_in is None else laid_in
        for name, editor in self._editors.items():
            editor.set_value(shown.get(name), titles)
        state = self._values.get("state") if laid_in is None else None
        code = str(state or "draft")
        text = code_words(VISIT.by_name["state"], code) if self._row is not None else ""
        self._badge.show_state(_BADGES.get(code, "neutral") if text else "", text)
        self._waiting.show_state(state_of(self._row) if self._row is not None else "")

    def _begin(self, step: str) -> None:
        """Show the fields of the visit, or those that a step asks for."""
        self._step = step
        self._problem.hide()
        shown = ASKED[step] if step else self._fields
        for name, label in self._labels.items():
            label.setVisible(name in shown)
            self._editors[name].widget.setVisible(name in shown)
        for part in (self._steps, self._full, self._account):
            part.setVisible(not step and self._row is not None)
        self._save.setText(tr(STEPS[step]).rstrip("…") if step else tr("Save"))
        self._show_buttons()
        self._offer_steps(() if step else self.steps)

    def _show_buttons(self) -> None:
        asks = bool(self._step) or self._row is None
        self._save.setVisible(asks or self.is_touched)
        self._back.setVisible(asks or self.is_touched)

    def _offer_steps(self, steps: Sequence[str]) -> None:
        while (item := self._step_row.takeAt(0)) is not None:
            inner = item.layout()
            while inner is not None and (one := inner.takeAt(0)) is not None:
                _drop(one.widget())
            _drop(item.widget())
        row: QHBoxLayout | None = None
        for number, state in enumerate(steps):
            if number % 2 == 0:
                row = QHBoxLayout()
                row.setSpacing(6)
                self._step_row.addLayout(row)
            assert row is not None
            make = normal if number == 0 else flat
            button = make(tr(STEPS[state]), self._steps)
            button.setProperty("step", state)
            button.clicked.connect(self._take_step)
            row.addWidget(button)
        if row is not None:
            row.addStretch(1)

    def _take(self, state: str) -> None:
        """A step takes with it what else was typed."""
        values = self._collected(state)
        if values is not None:
            self.step_asked.emit(state, values)

    def _collected(self, step: str = "") -> dict[str, Value] | None:
        found: dict[str, Value] = {}
        try:
            for name in dict.fromkeys((*self._fields, *ASKED.get(step, ()))):
                editor = self._editors[name]
                value = editor.value()
                check(editor.field, value)
                if self._row is None or (value or None) != (self._values.get(name) or None):
                    found[name] = value
            self._check_needs(step, {**self._values, **found})
        except InvalidValue as problem:
            if self._step and problem.field in self._fields:
                self._begin("")
            self.show_problem(problem.message)
            widget = self._editors[problem.field].widget if problem.field in self._editors else self
            widget.setFocus(Qt.FocusReason.OtherFocusReason)
            return None
        return {name: value for name, value in found.items() if value or self._row is not None}

    def _check_needs(self, step: str, values: Mapping[str, Value]) -> None:
        if step and self._row is not None:
            arrow = _MACHINE.arrow(self._row.values.get("state"), step)
            missing = missing_for(arrow, values) if arrow is not None else ()
        else:
            missing = tuple(x for x in ("account", "planned_start") if not values.get(x))
        if missing:
            label = VISIT.by_name[missing[0]].label
            raise InvalidValue(missing[0], tr_noop("'{field}' must be filled in."), field=label)

    # Intentions

    def _tell_edited(self) -> None:
        self.edited.emit()

    def _take_step(self) -> None:
        self.begin_step(str(self.sender().property("step")))

    def _go_back(self) -> None:
        if self._step:
            for name in ASKED[self._step]:
                self._editors[name].set_value(self._values.get(name), {})
            self._begin("")
            self.edited.emit()
        else:
            self.cancelled.emit()

    def _ask_full(self) -> None:
        if self._row is not None:
            self.full_asked.emit(self._row.id)

    def _ask_account(self) -> None:
        if self._row is not None:
            self.account_asked.emit(str(self._row.values.get("account")))

    # Parts

    def _lay_out(self, links: Links) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._badge)
        head.addWidget(self._waiting)
        head.addStretch(1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for name in (*FIELDS, *dict.fromkeys(x for asked in ASKED.values() for x in asked)):
            self._add_editor(grid, name, links)
        foot = QHBoxLayout()
        foot.addWidget(self._save)
        foot.addWidget(self._back)
        foot.addStretch(1)
        self._step_row.setContentsMargins(0, 0, 0, 0)
        self._step_row.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addLayout(head)
        layout.addLayout(grid)
        layout.addWidget(self._problem)
        layout.addLayout(foot)
        layout.addWidget(self._steps)
        layout.addWidget(self._account, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._full, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)

    def _add_editor(self, grid: QGridLayout, name: str, links: Links) -> None:
        field = VISIT.by_name[name]
        editor = make_editor(field, self, links)
        editor.edited.connect(self._show_buttons)
        editor.edited.connect(self._tell_edited)
        label = _label(self, "caption")
        label.setText(tr(field.label))
        label.setBuddy(editor.widget)
        row = grid.rowCount()
        grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(editor.widget, row, 1)
        self._editors[name], self._labels[name] = editor, label

    def _connect(self) -> None:
        self._save.clicked.connect(self.submit)
        self._back.clicked.connect(self._go_back)
        self._full.clicked.connect(self._ask_full)
        self._account.clicked.connect(self._ask_account)


def _label(parent: QWidget, role: str, *, tone: str = "") -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    if tone:
        label.setProperty("tone", tone)
    return label


def _drop(widget: QWidget | None) -> None:
    if widget is not None:
        widget.hide()
        widget.deleteLater()
