"""Merging two duplicates: the comparison, what will happen in words, and the way there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crm_core.errors import CrmError
from crm_core.ids import RecordId
from crm_core.merging import UNMERGE_DAYS
from crm_desktop.dates import near_day_words
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.duplicates import Pair, say_apart
from crm_desktop.models.merge_facts import Meeting, read_meeting
from crm_desktop.models.merging import merge_records
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import flat, normal, primary
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.merge_grid import MergeGrid
from crm_desktop.views.kit.permit import delete_refusal, edit_refusal
from crm_desktop.views.kit.scrolled import scrolled
from crm_desktop.views.kit.source import titles_of
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.kit.words import Titles, link_keys

MERGE_KEYS = "Ctrl+Return"
_MARGIN = 20


@dataclass(frozen=True)
class _Read:
    meeting: Meeting
    titles: Titles


class MergePage(QWidget):
    """Compares two records of one kind and merges them.

    Signals: `merged(kind, id of the one that stays, words)`; `told_apart(Pair)` when a person
    said that they are not the same; `opened(kind, id)`; `failed(CrmError)`; `was_shown()`.
    """

    merged = Signal(str, str, str)
    told_apart = Signal(object)
    opened = Signal(str, str)
    failed = Signal(object)
    was_shown = Signal()

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._pair: Pair | None = None
        self._grid: MergeGrid | None = None
        self._page = QWidget(self)
        self._rows = QVBoxLayout(self._page)
        self._note = text_of("small", self)
        self._why = text_of("small", self)
        self._open_one = flat(tr("Open left"), self)
        self._open_other = flat(tr("Open right"), self)
        self._apart = normal(tr("Not the same"), self)
        self._merge = primary(tr("Merge"), self, keys=MERGE_KEYS)
        self._lay_out()
        self._connect()

    # What is shown

    def show_pair(self, pair: Pair) -> None:
        """Compare two records; what was chosen stays while they are the same two as they were."""
        self._pair = pair

        def job(connection: Connection) -> _Read:
            return _read(connection, pair)

        def show(read: _Read) -> None:
            if self._pair == pair:
                self._show(read)

        self._hub.read(job, show, owner=self, supersede="merge", failed=self._tell_failure)

    @property
    def grid(self) -> MergeGrid | None:
        """The comparison."""
        return self._grid

    def begin(self) -> None:
        """Give the keyboard to the first choice."""
        if self._grid is not None:
            self._grid.stay_cells[self._grid.stays].setFocus(Qt.FocusReason.TabFocusReason)

    # What is done

    def merge(self) -> None:
        """Make one of the two, as one step that Undo takes back."""
        grid = self._grid
        if grid is None or not self._merge.isEnabled():
            return
        kind, stays, chosen = grid.meeting.kind, grid.stays, dict(grid.chosen)
        winner, loser = grid.meeting.sides[stays], grid.meeting.sides[1 - stays]
        names = names_of(grid.meeting)
        said = tr("{title} was merged into {other}.", title=names[1 - stays], other=names[stays])

        def job(store: Store) -> Summary:
            return merge_records(store, kind, loser.record, winner.record, chosen)

        def tell(_summary: Summary) -> None:
            self._show_outcome()  # taken back, they can be merged once more
            self.merged.emit(kind, winner.record, said)

        self._merge.setEnabled(False)
        self._hub.write(job, owner=self, then=tell, failed=self._tell_failure)

    def tell_apart(self) -> None:
        """Keep that they are two, and never ask again."""
        pair = self._pair
        if pair is None:
            return

        def job(store: Store) -> Summary:
            say_apart(store, pair)
            return Summary(conflicts_changed=True)

        def tell(_summary: Summary) -> None:
            self.told_apart.emit(pair)

        self._hub.write(job, owner=self, then=tell, failed=self._tell_failure)

    def _show(self, read: _Read) -> None:
        before = self._grid
        if before is not None and before.meeting == read.meeting:
            self.was_shown.emit()
            return
        if before is not None:
            let_go(before, self._rows)
        self._grid = MergeGrid(read.meeting, read.titles, self._page)
        self._grid.changed.connect(self._show_outcome)
        self._rows.insertWidget(0, self._grid)
        one, other = read.meeting.sides
        self._open_one.setToolTip(one.title)
        self._open_other.setToolTip(other.title)
        self._show_outcome()
        self.was_shown.emit()

    def _show_outcome(self) -> None:
        """What will happen, and whether this user may do it."""
        if self._grid is None:
            return
        meeting, stays = self._grid.meeting, self._grid.stays
        loser, winner = meeting.sides[1 - stays], meeting.sides[stays]
        names = names_of(meeting)
        many = sum(n for _, n in loser.hanging)
        last = dt.datetime.now().astimezone().date() + dt.timedelta(days=UNMERGE_DAYS)
        self._note.setText(
            tr(
                "“{title}” goes, and what hangs on it ({n}) follows to “{other}”. "
                "You can take it back: with Ctrl+Z, or until {day} at the record.",
                title=names[1 - stays], n=many, other=names[stays], day=near_day_words(last),
            )
        )  # fmt: skip
        why = ""
        if not meeting.may_merge(stays):
            why = edit_refusal(winner.may) or delete_refusal(loser.may)
            if meeting.may_merge(1 - stays):
                why = tr("You may merge them the other way round only. {why}", why=why)
            else:
                said = tr("You may not merge these two. {why}", why=why)
                why = f"{said} {tr('A team lead who sees both may; he is shown them too.')}"
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._merge.setEnabled(not why)
        self._merge.setToolTip(why)

    def _open(self, side: int) -> None:
        if self._grid is not None:
            meeting = self._grid.meeting
            self.opened.emit(meeting.kind, meeting.sides[side].record)

    def _open_first(self) -> None:
        self._open(0)

    def _open_second(self) -> None:
        self._open(1)

    def _tell_failure(self, error: CrmError) -> None:
        self._show_outcome()
        self.failed.emit(error)

    # Parts

    def _lay_out(self) -> None:
        self._rows.setContentsMargins(_MARGIN, 4, _MARGIN, 8)
        self._rows.addStretch(1)
        self._why.setProperty("tone", "warn")
        self._why.hide()
        foot = QVBoxLayout()
        foot.setContentsMargins(_MARGIN, 10, _MARGIN, 11)
        foot.setSpacing(8)
        foot.addWidget(self._note)
        foot.addWidget(self._why)
        line = QHBoxLayout()
        line.setSpacing(8)
        for button in (self._open_one, self._open_other):
            line.addWidget(button)
        line.addStretch(1)
        line.addWidget(self._apart)
        line.addWidget(self._merge)
        foot.addLayout(line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scrolled(self._page, self), 1)
        layout.addWidget(hairline(self))
        layout.addLayout(foot)

    def _connect(self) -> None:
        self._merge.clicked.connect(self.merge)
        self._apart.clicked.connect(self.tell_apart)
        self._open_one.clicked.connect(self._open_first)
        self._open_other.clicked.connect(self._open_second)


def _read(connection: Connection, pair: Pair) -> _Read:
    meeting = read_meeting(connection, pair.kind, *pair.ids)
    keys = {
        key
        for field in meeting.fields
        for values in meeting.values
        for key in link_keys(field, values.get(field.name))
    }
    return _Read(meeting, titles_of(connection, tuple(sorted(keys))))


def names_of(meeting: Meeting) -> tuple[str, str]:
    """What the two are called: with their numbers where they have the same name."""
    one, other = meeting.sides
    if one.title != other.title:
        return one.title, other.title
    first, second = (" · ".join(filter(None, (x.title, x.number))) for x in meeting.sides)
    return first, second


def pair_of(kind: str, one: str, other: str) -> Pair:
    """Two records that a person chose, for no reason but that."""
    first, second = sorted((RecordId(one), RecordId(other)))
    return Pair(0, kind, first, second)
