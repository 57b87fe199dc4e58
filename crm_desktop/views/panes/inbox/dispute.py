"""One record's conflicts: the place to decide them, with what happened below."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_core.wire import HistoryEntry
from crm_desktop.i18n import tr, tr_n
from crm_desktop.views.kit.buttons import flat, normal, primary
from crm_desktop.views.kit.choice import Decision
from crm_desktop.views.kit.choice_row import Choice, ChoiceRow, Others
from crm_desktop.views.kit.focus import Typing
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.kit.typed_draft import Texts
from crm_desktop.views.panes.inbox.detail import MARGIN, Detail, foot_line
from crm_desktop.views.panes.inbox.entry import kind_words
from crm_desktop.views.panes.inbox.facts import Facts, events, merged_quietly
from crm_desktop.views.panes.inbox.grid import ChoiceGrid
from crm_desktop.views.panes.inbox.parts import (
    GradeTile,
    IconLabel,
    elided_label,
    label,
    line_label,
)
from crm_desktop.views.panes.inbox.read import Dispute
from crm_desktop.views.panes.inbox.timeline import WhatHappened
from crm_desktop.views.theme.fonts import font

_UNDO_WIDTH = 190
APPLY_KEYS = "Ctrl+Return"

Alike = Mapping[str, Others]
"""Further conflicts that can be decided as one on show, by the id of that one."""


@dataclass(frozen=True)
class _Step:
    """What can be taken back: in words, and how the rows stood before."""

    words: str
    before: tuple[Choice, ...]


class DisputeView(Detail):
    """Decides one record's conflicts, field by field; nothing is preselected, and leaving keeps
    what was chosen without sending it.

    Signals: `resolved([(conflict id, value)])`, `opened(kind, id)`, `put_off()`. Of what is typed:
    `edited`, `leaving` before another record is shown, `turned(key of its draft)` behind that.
    """

    resolved = Signal(list)
    opened = Signal(str, str)
    put_off = Signal()
    edited = Signal()
    leaving = Signal()
    turned = Signal(str)

    def __init__(self, links: Links, parent: QWidget | None = None) -> None:
        super().__init__("conflict", parent)
        self._links = links
        self._given: Dispute | None = None
        self._dispute: Dispute | None = None
        self._alike: Alike = {}
        self._chosen: dict[str, Choice] = {}
        self._steps: list[_Step] = []
        self._now: tuple[Choice, ...] = ()
        self._facts, self._history = Facts(), tuple[HistoryEntry, ...]()
        self._grid: ChoiceGrid | None = None
        self._make_parts()
        self._lay_out()

    # What is shown

    def show_dispute(self, dispute: Dispute, alike: Alike) -> None:
        """Show a record's conflicts; what was chosen and not applied stays while they stand, and
        what was typed with the record."""
        if dispute == self._given and alike == self._alike:
            return
        is_same = self._dispute is not None and dispute.record == self._dispute.record
        if not is_same:
            self.leaving.emit()
        self._given = self._dispute = dispute
        self._alike = alike
        if not is_same:
            self._facts, self._history = Facts(), ()
        self._show_whose(dispute)
        self._title.setText(dispute.title or kind_words(dispute.kind))
        self._kind.setText(f"· {kind_words(dispute.kind)}")
        self._show_rows(dispute, is_same=is_same)
        self._show_story()
        if not is_same:
            self.turned.emit(f"{dispute.kind}/{dispute.record}/decision")

    def show_facts(self, facts: Facts) -> None:
        """Show what is known here around the record."""
        self._facts = facts
        self._grade.show_grade(facts.grade, tr("Grade {grade}", grade=facts.grade.upper()))
        owner = tr("owner {name}", name=facts.owner) if facts.owner else ""
        self._owner.setText(owner if facts.grade or not owner else f"· {owner}")
        self._show_story()

    def show_history(self, known: Dispute, history: Sequence[HistoryEntry]) -> None:
        """Show what the server knows of the record; `known` names who wrote what stands."""
        before = self._dispute.decisions if self._dispute is not None else ()
        self._dispute, self._history = known, tuple(history)
        if [len(x.mine) for x in before] != [len(x.mine) for x in known.decisions]:
            self._show_rows(known, is_same=True)  # what stands turned out to be one's own
        elif self._grid is not None:
            self._grid.show_who(known.decisions)
        self._show_story()

    @property
    def dispute(self) -> Dispute | None:
        """What is on show, as it was given."""
        return self._given

    @property
    def rows(self) -> list[ChoiceRow]:
        """The conflicts on show."""
        return self._grid.rows if self._grid is not None else []

    @override
    def begin(self) -> None:
        """Give the keyboard to the first choice."""
        cells = [cell for row in self.rows for cell in row.cells]
        if cells:
            cells[0].setFocus(Qt.FocusReason.TabFocusReason)

    def typed(self) -> Texts:
        """The results that were typed and not applied: by conflict and field."""
        return {
            row.decision.conflict.id: dict(zip(_names(row), row.choice.typed, strict=True))
            for row in self.rows
            if row.choice.typed is not None
        }

    def restore(self, texts: Texts) -> bool:
        """Show what `typed` gave before where nothing else was chosen; whether there was any."""
        is_any = False
        for row in self.rows:
            kept = texts.get(row.decision.conflict.id, {})
            typed = tuple(kept.get(name) for name in _names(row))
            # What was erased since stands there as None.
            if typed and None not in typed and not row.is_decided:
                row.restore(Choice(typed=typed))
                is_any = True
        if is_any:
            self._begin_steps()
        return is_any

    def show_written(self, conflicts: Collection[str]) -> None:
        """These were decided. Taken back, a question is as open as it was: nothing is
        preselected."""
        self._keep_choices()
        for key in [x for x in self._chosen if x.partition("/")[0] in conflicts]:
            del self._chosen[key]
        for row in self.rows:
            if row.decision.conflict.id in conflicts:
                row.restore(Choice())
        self._begin_steps()
        self.edited.emit()

    # What is done

    @override
    def apply(self) -> None:
        """Hand over what was decided."""
        try:
            results = [(row.decision.conflict.id, row.result()) for row in self._decided()]
        except InvalidValue:
            return  # the row says why
        if results:
            self.resolved.emit([*results, *self._for_all()])

    def take_all(self, *, mine: bool) -> None:
        """Take one person's side in every row where it is one value."""
        for row in self.rows:
            row.take(mine=mine)
        self._note_choice(tr("all to mine") if mine else tr("all to theirs"))

    def undo(self) -> None:
        """Take the last choice back."""
        if not self._steps:
            return
        step = self._steps.pop()
        for row, choice in zip(self.rows, step.before, strict=True):
            row.restore(choice)
        self._now = step.before
        self._show_count()
        self.edited.emit()

    @override
    def event(self, event: QEvent) -> bool:
        """Ctrl+Z takes back a choice while there is one; the window's own Undo comes after."""
        is_asked = event.type() == QEvent.Type.ShortcutOverride and self._steps
        if is_asked and isinstance(event, QKeyEvent) and event.matches(_UNDO):
            event.accept()
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(_UNDO) and self._steps:
            self.undo()
            return
        super().keyPressEvent(event)

    def _take_mine(self) -> None:
        self.take_all(mine=True)

    def _take_theirs(self) -> None:
        self.take_all(mine=False)

    def _open(self) -> None:
        if self._dispute is not None:
            self.opened.emit(self._dispute.kind, self._dispute.record)

    def _put_off(self) -> None:
        self._keep_choices()
        self.put_off.emit()

    def _decided(self) -> list[ChoiceRow]:
        return [row for row in self.rows if row.is_decided]

    def _for_all(self) -> list[tuple[str, Value]]:
        """The same decisions elsewhere, where that was asked for; one that was made here stands."""
        found: dict[str, Value] = {}
        for row in self.rows:
            found.update(row.results_elsewhere())
        made = {row.decision.conflict.id for row in self._decided()}
        return [(conflict, value) for conflict, value in found.items() if conflict not in made]

    def _keep_choices(self) -> None:
        for row in self.rows:
            self._chosen[_key(row.decision)] = row.choice

    def _note_choice(self, words: str) -> None:
        before, self._now = self._now, tuple(row.choice for row in self.rows)
        goes_on = bool(self._steps) and self._steps[-1].words == words and _is_typing(self._now)
        if before != self._now and not goes_on:
            self._steps.append(_Step(words, before))
        self._show_count()
        self.edited.emit()

    # Showing

    def _show_whose(self, dispute: Dispute) -> None:
        tone = "warn" if dispute.is_for_me else "ink2"
        mine = tr("Offered to you") if dispute.is_offer else tr("Conflict")
        others = tr("Waiting for another person")
        self._show_state(mine if dispute.is_for_me else others, tone)
        icon, warn = ("orphaned", "orphan") if dispute.is_offer else ("conflict", tone)
        self._icon.show_icon(icon, warn if dispute.is_for_me else tone)

    def _show_rows(self, dispute: Dispute, *, is_same: bool) -> None:
        self._keep_choices()
        typed, typing, old = self.typed(), Typing(self._by_name), self._grid
        self._grid = ChoiceGrid(dispute.decisions, self._alike, self._links, self._page)
        self._body.insertWidget(0, self._grid)
        if old is not None:
            let_go(old, self._body)
        for row in self._grid.rows:
            kept = self._chosen.get(_key(row.decision))
            if kept is not None and kept != Choice():
                row.restore(kept)
        self._grid.decided.connect(self._note_choice)
        self._begin_steps()
        if is_same:
            self.restore(typed)
            typing.go_on(self._by_name)

    @property
    def _by_name(self) -> dict[Hashable, QWidget]:
        return {
            (row.decision.conflict.id, editor.field.name): editor.widget
            for row in self.rows
            for editor in row.result_cell.editors
        }

    def _begin_steps(self) -> None:
        """What is chosen now is what the first step goes back to."""
        self._steps = []
        self._now = tuple(row.choice for row in self.rows)
        self._show_count()

    def _show_count(self) -> None:
        decided, total = len(self._decided()), len(self.rows)
        self._count.setText(tr("{decided} of {total} decided", decided=decided, total=total))
        writes = decided + len(self._for_all())
        words = tr("Apply {count}", count=writes) if writes else tr("Apply")
        self._apply.setText(words)
        self._apply.setAccessibleName(words)
        self._apply.setEnabled(decided > 0)
        self._undo.setVisible(bool(self._steps))
        if self._steps:
            said = tr("Undo: {what}", what=self._steps[-1].words)
            metrics = self._undo.fontMetrics()
            self._undo.setText(metrics.elidedText(said, Qt.TextElideMode.ElideRight, _UNDO_WIDTH))
            self._undo.setToolTip(said)
            self._undo.setAccessibleName(said)

    def _show_story(self) -> None:
        if self._dispute is None:
            return
        names = [*merged_quietly(self._dispute, self._facts, self._history)]
        self._quiet.setVisible(bool(names))
        if names:
            self._merged.setText(
                tr_n(
                    "One other field merged without a question: {names}.",
                    "{n} other fields merged without a question, because only one of you had "
                    "changed them: {names}.",
                    len(names), names=tr(", ").join(names),
                )
            )  # fmt: skip
        self._story.show_events(events(self._dispute, self._facts, self._history))

    # Parts

    def _make_parts(self) -> None:
        self._kind = line_label(self, role="small", tone="ink3")
        self._grade = GradeTile(self)
        self._owner = elided_label(self, role="small", tone="ink3")
        self._count = line_label(self)
        self._count.setFont(font("name"))
        self._undo = flat(tr("Undo"), self, icon="undo", keys=QKeySequence(_UNDO).toString())
        self._later = normal(tr("Decide later"), self)
        self._apply = primary(tr("Apply"), self, keys=APPLY_KEYS)
        self._open_record = flat(tr("Open record"), self)
        self._all_mine = normal(tr("All mine"), self)
        self._all_theirs = normal(tr("All theirs"), self)
        self._page = QWidget(self)
        self._quiet = QWidget(self._page)
        self._merged = label(self._quiet, role="small", tone="ink2")
        self._story = WhatHappened(self._page)
        self._undo.clicked.connect(self.undo)
        self._later.clicked.connect(self._put_off)
        self._apply.clicked.connect(self.apply)
        self._open_record.clicked.connect(self._open)
        self._all_mine.clicked.connect(self._take_mine)
        self._all_theirs.clicked.connect(self._take_theirs)

    def _lay_out(self) -> None:
        line = QHBoxLayout(self._quiet)
        line.setContentsMargins(0, 12, 0, 12)
        line.setSpacing(8)
        line.addWidget(IconLabel("merge", "good", self._quiet))
        line.addWidget(self._merged, 1)
        self._body = QVBoxLayout(self._page)
        self._body.setContentsMargins(MARGIN, 0, MARGIN, MARGIN)
        self._body.setSpacing(0)
        self._body.addWidget(self._quiet)
        self._body.addSpacing(6)
        self._body.addWidget(self._story)
        self._body.addStretch(1)
        self._frame(
            scrolled(self._page, self),
            about=(self._kind, self._grade, self._owner),
            buttons=(self._open_record, self._all_mine, self._all_theirs),
            foot=self._foot(),
        )

    def _foot(self) -> QHBoxLayout:
        foot = foot_line()
        foot.addWidget(self._count)
        note = elided_label(self, tr("nothing is sent until you apply"), role="small", tone="ink3")
        foot.addWidget(note, 1)
        for button in (self._undo, self._later, self._apply):
            foot.addWidget(button)
        return foot


def _key(decision: Decision) -> str:
    """A choice is kept for a conflict as long as its sides stand."""
    sides = "/".join(repr(side.value) for side in decision.sides)
    return f"{decision.conflict.id}/{sides}"


def _names(row: ChoiceRow) -> tuple[str, ...]:
    return tuple(editor.field.name for editor in row.result_cell.editors)


def _is_typing(choices: Sequence[Choice]) -> bool:
    return any(choice.typed is not None for choice in choices)


_UNDO = QKeySequence.StandardKey.Undo
