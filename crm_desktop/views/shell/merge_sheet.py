"""Merging from a record: with which other one, the two side by side, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.errors import CrmError
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.merging import MERGEABLE
from crm_desktop.i18n import tr
from crm_desktop.models import queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.duplicates import Pair
from crm_desktop.models.labels import title as title_of
from crm_desktop.models.merge_facts import Merged, merged_into
from crm_desktop.models.merging import unmerge
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import flat, link, normal
from crm_desktop.views.kit.choice import day_of
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.likeness_words import why_words
from crm_desktop.views.kit.links import Hit, LinkEdit
from crm_desktop.views.kit.merge_page import MERGE_KEYS, MergePage, pair_of
from crm_desktop.views.kit.text import plain_label, section, text_of
from crm_desktop.views.shell.overlay import Overlay

WIDTH = 900
_PAGE_HEIGHT = 520
_LINKS = {"account": ("account", "parent"), "contact": ("account_contact", "contact")}
"""A field that leads to each kind: its editor finds the other record."""


@dataclass(frozen=True)
class _Near:
    """A record, what looks like it, and what it took the place of."""

    title: str
    alike: tuple[tuple[RecordId, str, str], ...]
    merged: tuple[Merged, ...]


class _Others(Finder):
    """Finds records but the one that is to be merged; makes none."""

    def __init__(self, hub: DataHub, own: Callable[[], str]) -> None:
        super().__init__(hub)
        self._own = own

    @override
    def find(
        self, text: str, target: str, then: Callable[[Sequence[Hit]], None], owner: QObject
    ) -> None:
        def leave_out(hits: Sequence[Hit]) -> None:
            then(tuple(hit for hit in hits if not hit.key.endswith(self._own())))

        super().find(text, target, leave_out, owner)

    @override
    def can_create(self, target: str) -> bool:
        return False


class MergeSheet(Overlay):
    """Asks for the other record, shows both, merges them. Parent: the shell.

    Signals: `merged(kind, id of the one that stays, words)`; `told_apart(Pair)`;
    `opened(kind, id)`; `said(words)`; `failed(CrmError)`.
    """

    merged = Signal(str, str, str)
    told_apart = Signal(object)
    opened = Signal(str, str)
    said = Signal(str)
    failed = Signal(object)

    def __init__(self, hub: DataHub, parent: QWidget) -> None:
        super().__init__(parent, width=WIDTH)
        self._hub = hub
        self._kind, self._own = "", ""
        self._title = text_of("record", self.sheet)
        self._choosing = QWidget(self.sheet)
        self._lines = QVBoxLayout(self._choosing)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._found: QWidget | None = None
        self._edit: LinkEdit | None = None
        self.comparison = _Comparison(hub, self.sheet)
        self._close = normal(tr("Close"), self.sheet, keys="Esc")
        self._keys = QShortcut(QKeySequence(MERGE_KEYS), self)
        self._lay_out()
        self._connect()

    def open(self, kind: str, record_id: str) -> None:
        """Ask with which other record of its kind this one is to be merged."""
        if kind not in MERGEABLE or not record_id:
            return
        self._kind, self._own = kind, record_id
        record = RecordId(record_id)

        def job(connection: Connection) -> _Near:
            return _near(connection, kind, record)

        def show(near: _Near) -> None:
            if (self._kind, self._own) == (kind, record_id):
                self._show_choosing(near)

        self._hub.read(job, show, owner=self, supersede="merge", failed=self._tell_failure)

    @property
    def edit(self) -> LinkEdit | None:
        """Where the other record is searched."""
        return self._edit

    def compare(self, other: str) -> None:
        """Show the record beside another one."""
        self._choosing.hide()
        self._title.setText(tr("Merge two records"))
        self.comparison.show()
        self.comparison.show_pair(pair_of(self._kind, self._own, other))
        self.fit()

    # Choosing the other record

    def _show_choosing(self, near: _Near) -> None:
        self._title.setText(tr("Merge “{title}” with…", title=near.title))
        if self._found is not None:
            self._lines.removeWidget(self._found)
            self._found.deleteLater()
        self._found = QWidget(self._choosing)
        column = QVBoxLayout(self._found)
        column.setContentsMargins(0, 0, 0, 0)
        self._edit = self._make_edit(self._found)
        column.addWidget(self._edit)
        if near.alike:
            column.addWidget(section(self._found, tr("These look like it")))
        for record, title, why in near.alike:
            column.addLayout(self._line(title, why, partial(self.compare, record)))
        if near.merged:
            column.addWidget(section(self._found, tr("Merged into this record")))
        for one in near.merged:
            column.addLayout(self._merged_line(one))
        self._lines.addWidget(self._found)
        self.comparison.hide()
        self._choosing.show()
        self.open_over()
        self._edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_edit(self, parent: QWidget) -> LinkEdit:
        kind, name = _LINKS[self._kind]
        field = replace(CATALOG[kind].by_name[name], label=tr_noop("The other record"))
        edit = LinkEdit(field, _Others(self._hub, lambda: self._own), parent)
        edit.edited.connect(self._take_found)
        return edit

    def _take_found(self) -> None:
        hit = self._edit.chosen() if self._edit is not None else None
        if hit is not None:
            self.compare(hit.key.partition("/")[2])

    def _line(self, title: str, why: str, go_on: Callable[[], None]) -> QHBoxLayout:
        line = QHBoxLayout()
        button = link(title, self._choosing)
        button.clicked.connect(_plain(go_on))
        line.addWidget(button)
        note = plain_label(self._choosing, why)
        note.setProperty("tone", "ink2")
        line.addWidget(note, 1)
        return line

    def _merged_line(self, one: Merged) -> QHBoxLayout:
        line = QHBoxLayout()
        words = tr("can be taken back for 30 days")
        if one.until:
            words = tr("can be taken back until {day}", day=day_of(one.until))
        line.addWidget(plain_label(self._choosing, f"{one.title} · {words}"), 1)
        button = flat(tr("Take back"), self._choosing)
        button.setAccessibleName(tr("Take back: {title}", title=one.title))
        button.clicked.connect(_plain(partial(self.take_back, one)))
        line.addWidget(button)
        return line

    def take_back(self, one: Merged) -> None:
        """Bring a merged record back with what followed it."""
        kind = self._kind

        def job(store: Store) -> Summary:
            return unmerge(store, kind, one.record)

        def tell(_summary: Summary) -> None:
            self.close_over()
            self.said.emit(tr("{title} is back.", title=one.title))
            self.opened.emit(kind, one.record)

        self._hub.write(job, owner=self, then=tell, failed=self._tell_failure)

    # Outcomes

    def _tell_merged(self, kind: str, winner: str, said: str) -> None:
        self.close_over()
        self.merged.emit(kind, winner, said)

    def _tell_opened(self, kind: str, record_id: str) -> None:
        self.close_over()
        self.opened.emit(kind, record_id)

    def _tell_apart(self, pair: Pair) -> None:
        self.close_over()
        self.told_apart.emit(pair)

    def _tell_failure(self, error: CrmError) -> None:
        self.close_over()
        self.failed.emit(error)

    def _press(self) -> None:
        if self.comparison.isVisible():
            self.comparison.merge()

    # Parts

    def _lay_out(self) -> None:
        self.page.addWidget(self._title)
        self.page.addWidget(self._choosing)
        self.page.addWidget(self.comparison, 1)
        self.page.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTrailing)
        self.comparison.hide()

    def _connect(self) -> None:
        self._close.clicked.connect(self.close_over)
        self._keys.activated.connect(self._press)
        self.comparison.merged.connect(self._tell_merged)
        self.comparison.opened.connect(self._tell_opened)
        self.comparison.told_apart.connect(self._tell_apart)
        self.comparison.failed.connect(self._tell_failure)
        self.comparison.was_shown.connect(self.comparison.begin)


class _Comparison(MergePage):
    """High enough for most of its rows, where the window has the room."""

    @override
    def sizeHint(self) -> QSize:
        return QSize(WIDTH, _PAGE_HEIGHT)


def _plain(run: Callable[[], None]) -> Callable[..., None]:
    """What a click is to do, without what the click carries."""
    return lambda *_: run()


def _near(c: Connection, kind: str, record: RecordId) -> _Near:
    from crm_desktop.models.duplicates import alike  # with its tables of pinyin

    row = queries.record(c, kind, record)
    found = alike(c, kind, row.values, own=record) if row is not None else ()
    near = tuple((x.record, x.title, why_words(x.why)) for x in found)
    return _Near(title_of(c, kind, record), near, merged_into(c, kind, record))
