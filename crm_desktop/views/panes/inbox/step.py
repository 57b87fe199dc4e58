"""What is only looked at: a step on its way or behind, a decided conflict, a record set apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_core.merging import UNMERGE_DAYS
from crm_core.problems import words_for
from crm_core.wall_time import moment_in
from crm_desktop.i18n import tr, words
from crm_desktop.models.inbox_facts import SettledRow
from crm_desktop.views.kit.buttons import flat, normal
from crm_desktop.views.kit.choice import day_of, say, say_base, when_words
from crm_desktop.views.kit.file_words import state_words
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.kit.words import sentences
from crm_desktop.views.panes.inbox.detail import Detail, stacked
from crm_desktop.views.panes.inbox.entry import Entry
from crm_desktop.views.panes.inbox.parts import label
from crm_desktop.views.panes.inbox.read import Apart, Decided, PartInWords, Travelling
from crm_desktop.views.panes.inbox.values import Block, Row, ValuesView, blocks_of


class StepView(Detail):
    """Shows an entry that asks for nothing. Signals: `opened(kind, id)`; `retry_asked(sha256)` for
    a file that waits with a reason; `take_in_asked(kind, id)` for a version that lies apart;
    `ask_again_asked(conflict id)` to take a decision of one's own back; `unmerge_asked(kind, id)`
    of a record that gave its place to another."""

    opened = Signal(str, str)
    retry_asked = Signal(str)
    take_in_asked = Signal(str, str)
    ask_again_asked = Signal(str)
    unmerge_asked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("pending", parent, tone="ink2")
        self._target = ("", "")
        self._open = flat(tr("Open record"), self)
        self._open.clicked.connect(self._tell_open)
        self._refused = ""
        self._apart = ("", "")
        self._retry = normal(tr("Try again"), self)
        self._retry.clicked.connect(self.retry)
        self._decided = ""
        self._again = normal(tr("Take the decision back"), self)
        self._again.clicked.connect(self.ask_again)
        self._merged = ("", "")
        self._merged_until = ""
        self._unmerge = normal(tr("Take the merge back"), self)
        self._unmerge.clicked.connect(self.unmerge)
        page = QWidget(self)
        self._words = label(page, tone="ink2")
        self._detail = label(page, role="small", tone="ink3")
        self._values = ValuesView(page)
        stacked(page, self._words, self._detail, self._values)
        buttons = (self._open, self._again, self._unmerge, self._retry)
        self._frame(scrolled(page, self), buttons=buttons)

    def show_entry(self, entry: Entry) -> None:
        """Show an entry; the values of a step come later, by `show_parts`."""
        self._icon.show_icon(entry.icon, entry.tone)
        self._title.setText(entry.title)
        self._state.setText(_state(entry))
        self._target = _target(entry)
        self._open.setVisible(bool(self._target[1]))
        self._refused = entry.payload.refused if isinstance(entry.payload, Travelling) else ""
        payload = entry.payload
        self._apart = (payload.row.kind, payload.row.id) if isinstance(payload, Apart) else ("", "")
        self._retry.setVisible(bool(self._refused or self._apart[1]))
        self._decided = ""
        if isinstance(payload, Decided) and payload.is_mine:
            self._decided = payload.decision.conflict.id
        self._again.setVisible(bool(self._decided))
        self._merged, self._merged_until = ("", ""), _last_day_of_merge(entry)
        self._unmerge.hide()
        self._words.setText(_words(entry))
        detail = payload.row.detail.rstrip(".") if isinstance(payload, Apart) else ""
        self._detail.setText(tr("For your IT: {detail}", detail=detail))
        self._detail.setVisible(bool(detail))
        self._values.show_blocks([_decision(payload)] if isinstance(payload, Decided) else ())

    def show_parts(self, parts: Sequence[PartInWords]) -> None:
        """Show what a step does."""
        self._values.show_blocks(tuple(blocks_of(parts)))
        merged = next((x.part for x in parts if x.part.op is Op.MERGE), None)
        if merged is not None and self._merged_until:
            self._merged = (merged.kind, merged.record)
            said = tr("Can be taken back until {day}.", day=day_of(self._merged_until))
            self._words.setText(sentences(self._words.text(), said))
            self._unmerge.show()
        is_here = parts and parts[0].part.op is not Op.OFFER
        if is_here and not self._target[1]:
            self._target = (parts[0].part.kind, parts[0].part.record)
            self._open.show()

    @override
    def begin(self) -> None:
        """Give the keyboard to what one can do here."""
        first = self._retry if self._retry.isVisibleTo(self) else self._open
        first.setFocus(Qt.FocusReason.TabFocusReason)

    def retry(self) -> None:
        """Have tried now what waits with a reason: a file, or a version that lies apart."""
        if self._refused:
            self.retry_asked.emit(self._refused)
        elif self._apart[1]:
            self.take_in_asked.emit(*self._apart)

    def ask_again(self) -> None:
        """Take a decision of one's own back."""
        if self._decided:
            self.ask_again_asked.emit(self._decided)

    def unmerge(self) -> None:
        """Bring back the record that was merged into another, with what followed."""
        if self._merged[1]:
            self.unmerge_asked.emit(*self._merged)

    def _tell_open(self) -> None:
        self.opened.emit(*self._target)


def _last_day_of_merge(entry: Entry) -> str:
    """Until when a step that merged can be taken back (an instant), "" where it cannot be."""
    row = entry.payload
    if not isinstance(row, SettledRow) or row.state != "confirmed" or row.undone:
        return ""
    made = moment_in(row.at)
    last = made + dt.timedelta(days=UNMERGE_DAYS) if made is not None else None
    return last.isoformat() if last is not None and last > dt.datetime.now(dt.UTC) else ""


def _target(entry: Entry) -> tuple[str, str]:
    payload = entry.payload
    if isinstance(payload, Travelling) and payload.title:
        return payload.under_way.kind, payload.under_way.record
    if isinstance(payload, Decided):
        return payload.decision.conflict.kind, payload.decision.conflict.record
    if isinstance(payload, SettledRow) and not payload.offered:
        return payload.kind, payload.record
    if isinstance(payload, Apart) and payload.title:
        return payload.row.kind, payload.row.id
    return "", ""


def _words(entry: Entry) -> str:
    payload = entry.payload
    if isinstance(payload, Apart):
        again = tr("Tried again by itself {at}.", at=when_words(payload.row.next_try))
        said = tr(
            "A version of this record came that the application cannot read. It is kept as it came "
            "and tried again; the version before stays in use, and everything else goes on."
        )
        return sentences(said, again)
    if isinstance(payload, Decided):
        conflict = payload.decision.conflict
        when = when_words(conflict.resolved_at)
        return tr("Decided by {name}, {when}.", name=payload.by, when=when)
    if isinstance(payload, SettledRow):
        return _settled_words(payload)
    if isinstance(payload, Travelling):
        return _file_words(payload)
    return ""


def _state(entry: Entry) -> str:
    """How it stands, in few words."""
    payload = entry.payload
    if isinstance(payload, Travelling) and payload.refused:
        return " · ".join(filter(None, (tr("Held up"), payload.title)))
    return entry.second


def _file_words(row: Travelling) -> str:
    file = row.under_way.file.file
    if row.refused:
        return "{}\n\n{}".format(
            state_words(file),
            tr(
                "It is tried again by itself, later each time, or now with the button above. Its "
                "record waits on this device with it; nothing else does."
            ),
        )
    if not file.mine:
        return tr("Somebody asked for this file; it comes as soon as the server answers.")
    if row.sparing:
        return tr(
            "Where each byte is paid for, files wait for another network. The preferences can "
            "change that."
        )
    return tr(
        "The file lies on this device and goes out by itself, piece by piece. Its record is sent "
        "as soon as the server has all of it."
    )


def _settled_words(row: SettledRow) -> str:
    at = when_words(row.at)
    if row.offered and row.state == "confirmed":
        return tr("Offered {at} to whoever has the record now.", at=at)
    if row.state == "discarded" and row.undone:
        return tr("Made here {at}; taken back before the server took it.", at=at)
    if row.code and row.state == "discarded":
        reason = words(words_for(row.code, row.params, CATALOG.get(row.kind)))
        end = tr("You discarded it.")
        if row.was_resent:
            end = tr("You sent it again {settled}.", settled=when_words(row.settled_at))
        made = tr("Made here {at}; the server refused it.", at=at)
        return sentences(made, reason, end)
    if row.state == "discarded":
        return tr("Made here {at}; you discarded it.", at=at)
    settled = when_words(row.settled_at)
    if row.undone:
        return tr("Made here {at}, confirmed {settled}, taken back later.", at=at, settled=settled)
    return tr("Made here {at}, confirmed by the server {settled}.", at=at, settled=settled)


def _decision(row: Decided) -> Block:
    decision = row.decision
    conflict = decision.conflict
    sides = [
        Row(
            " · ".join((tr("Mine") if side.is_mine else tr("Theirs"), side.who)),
            side.when,
            say(decision, side.value),
        )
        for side in decision.sides
    ]
    base = Row(tr("Base"), "", say_base(decision))
    result = Row(
        tr("The result"), when_words(conflict.resolved_at), say(decision, conflict.resolution)
    )
    heads = (tr("Side"), tr("When"), tr("Value"))
    return Block(decision.label, (base, *sides, result), heads)
