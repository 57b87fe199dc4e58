"""The shell: what fills the frame. The panes, what is said above them, and every command."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemView, QVBoxLayout, QWidget

from crm_core.catalog import CATALOG
from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models import counts
from crm_desktop.models.connection import Connection
from crm_desktop.models.counts import Counts
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.new_day import NewDay
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.kit.sync_indicator import SyncIndicator
from crm_desktop.views.kit.undo_bar import UndoBar
from crm_desktop.views.panes.kinds import KindsPane
from crm_desktop.views.shell.abilities import (
    Creates,
    CreatesWith,
    HasRecord,
    OpensRecords,
    Saves,
    ShowsQueue,
    ShowsStanding,
    ShowsWhere,
)
from crm_desktop.views.shell.audience import Audience
from crm_desktop.views.shell.commands import Command, add_commands, keys_of
from crm_desktop.views.shell.frame import Frame
from crm_desktop.views.shell.news import News
from crm_desktop.views.shell.places import INBOX, KIND_PANES, PANES, PLACES, Place, place_of
from crm_desktop.views.shell.rail import Rail
from crm_desktop.views.shell.telling import Telling
from crm_desktop.views.shell.undoing import Undoing
from crm_desktop.views.shell.unsaved import NEW, Unsaved, find_unsaved

if TYPE_CHECKING:
    from crm_desktop.models.sql import Where
    from crm_desktop.views.kit.entity_pane import EntityPane
    from crm_desktop.views.shell.borders import BorderKeeper
    from crm_desktop.views.shell.merge_sheet import MergeSheet
    from crm_desktop.views.shell.palette.palette import Palette
    from crm_desktop.views.shell.person_acts import PersonActs
    from crm_desktop.views.shell.quick_log import QuickLog

P = TypeVar("P", bound=QWidget)

RECENT_MAX = 5
"""Records opened lately that the palette offers before anything is typed."""

_LATER_MS = 500
"""The counts and the journal are read after the first list: reading them loads more."""


class Shell(QWidget):
    """Everything a signed-in person works in. Parent: the window.

    Signals: `sync_asked`, `sync_cancelled`, `sign_in_asked`, `preferences_asked`.
    """

    sync_asked = Signal()
    sync_cancelled = Signal()
    sign_in_asked = Signal()
    preferences_asked = Signal()

    def __init__(
        self, hub: DataHub, parent: QWidget | None = None, *, frame: Frame | None = None
    ) -> None:
        super().__init__(parent)
        self._hub = hub
        self._standing = Standing()
        self._panes: dict[str, QWidget] = {}
        self._audience = Audience(self._panes, self)
        self._frame = frame or Frame(hub.identity.organisation)
        self._rail = self._frame.rail
        self._banner = Banner(self)
        self._undo_bar = UndoBar(self._frame.room)
        self._undoing = Undoing(hub, self._undo_bar, self._banner, self)
        self._new_day = NewDay(self)
        self._made_palette: Palette | None = None
        self._made_quick_log: QuickLog | None = None
        self._made_merge_sheet: MergeSheet | None = None
        self._made_person_acts: PersonActs | None = None
        self._recent: list[tuple[str, RecordId]] = []
        self._telling = Telling(self._banner, sign_in=self.sign_in_asked.emit, resume=self._resume)
        self._news = News(hub, self._telling, self.open_record, self)
        self._lay_out()
        self._search_action = add_commands(self, self._commands())[0]
        self._connect()
        self._show_chosen(self._rail.place)
        QTimer.singleShot(_LATER_MS, self, self._read_later)

    # What others may ask

    def show_place(self, name: str) -> QWidget:
        """Bring a place of the rail to the front; makes its pane when it is first looked at."""
        self._rail.show_place(name)
        return self._panes[name]

    def _go_to(self, name: str) -> None:
        """A place by its keys: the keyboard goes along, to the list where there is one."""
        pane = self.show_place(name)
        if pane.focusProxy():
            pane.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def put_above(self, line: QWidget) -> None:
        """Put a line above the panes."""
        self._frame.put_above(line)

    def open_record(self, kind: str, record_id: str) -> None:
        """Show a record where its kind is shown."""
        opened = (kind, RecordId(record_id))
        self._recent = [opened, *(x for x in self._recent if x != opened)][:RECENT_MAX]
        pane = self.show_kind(kind)
        if isinstance(pane, OpensRecords):
            pane.open_record(record_id)

    def show_kind(self, kind: str) -> QWidget:
        """Bring the pane of a kind to the front."""
        pane = self.show_place(place_of(kind).name)
        return pane.show_kind(kind) if isinstance(pane, KindsPane) else pane

    def new_record(self, kind: str, values: Mapping[str, Value]) -> None:
        """Open an empty form of a kind with these values in it."""
        pane = self.show_kind(kind)
        if isinstance(pane, CreatesWith):
            pane.new_with(values)
        elif isinstance(pane, Creates):
            pane.new_record()

    def show_where(self, kind: str, where: tuple[Where, ...], said: str) -> None:
        """Show the records of a kind that meet conditions; `said` names them."""
        pane = self.show_kind(kind)
        if isinstance(pane, ShowsWhere):
            pane.show_where(where, said)

    def open_palette(self, text: str = "") -> None:
        """Search everywhere, and every command, by a few letters."""
        self.palette_pane.open(tuple(self._recent), text)

    @property
    def palette_pane(self) -> Palette:
        """The palette; made when it is first opened."""
        if self._made_palette is None:
            from crm_desktop.views.shell.palette.palette import Palette

            made = Palette(self._hub, self._all_actions, self)
            made.record_chosen.connect(self.open_record)
            made.new_asked.connect(self.new_record)
            made.inbox_asked.connect(self._open_inbox)
            made.log_asked.connect(self.open_quick_log)
            self._made_palette = made
        return self._made_palette

    def open_quick_log(self, account: str = "") -> None:
        """Log a contact with a customer; without an account the one in front is meant."""
        self.quick_log.open(*(("account", account) if account else self._record_in_front()))

    @property
    def quick_log(self) -> QuickLog:
        """The quick log; made when it is first opened."""
        if self._made_quick_log is None:
            from crm_desktop.views.shell.quick_log import QuickLog

            self._made_quick_log = QuickLog(self._hub, self)
            self._made_quick_log.logged.connect(self._undo_bar.offer)
        return self._made_quick_log

    def open_merge(self, kind: str, record_id: str) -> None:
        """Ask with which other record one is to be merged."""
        self.merge_sheet.open(kind, record_id)

    @property
    def merge_sheet(self) -> MergeSheet:
        """Where two records are made one; made when it is first opened."""
        if self._made_merge_sheet is None:
            from crm_desktop.views.shell.merge_sheet import MergeSheet

            self._made_merge_sheet = self._connected(MergeSheet(self._hub, self), "")
        return self._made_merge_sheet

    def act_on_person(self, kind: str, record_id: str, act: str) -> None:
        """Hand out what is held of a person, or erase him."""
        self.person_acts.begin(kind, record_id, act)

    @property
    def person_acts(self) -> PersonActs:
        """What is done about a person; made when it is first asked for."""
        if self._made_person_acts is None:
            from crm_desktop.views.shell.person_acts import PersonActs

            self._made_person_acts = self._connected(PersonActs(self._hub, self), "")
        return self._made_person_acts

    def _show_merged(self, kind: str, record_id: str, said: str) -> None:
        self._undo_bar.offer(said)
        if self._rail.place != INBOX:
            self.open_record(kind, record_id)

    def _record_in_front(self) -> tuple[str, str]:
        """Kind and id of the record that is shown, or that was opened last; ("", "") for none."""
        generated, pane = self.pane, self.innermost
        if generated is not None and generated.chosen_id:
            return generated.entity.kind, generated.chosen_id
        kinds = PLACES[self._rail.place].kinds
        if kinds and isinstance(pane, HasRecord) and pane.record_id:
            return kinds[0], pane.record_id
        return self._recent[0] if self._recent else ("", "")

    def show_keys(self) -> None:
        """Show which keys do what here."""
        from crm_desktop.views.shell.cheat_sheet import CheatSheet

        CheatSheet(self._all_keys(), self).open()

    def _ask_preferences(self) -> None:
        self.preferences_asked.emit()

    def _show_guide(self) -> None:
        from crm_desktop.views.help import show_guide

        show_guide(self, self._rail.place)

    def _log(self) -> None:
        self.open_quick_log()

    def save(self) -> None:
        """Save what was typed in the pane in front."""
        if isinstance(self.innermost, Saves):
            self.innermost.save()

    def show_standing(self, standing: Standing) -> None:
        """Say how things stand with the server."""
        self._standing = standing
        self._rail.indicator.show_standing(standing)
        if INBOX not in self._panes:  # the inbox itself counts more exactly
            self._show_count(INBOX, standing.needs_you)
        elif isinstance(inbox := self._panes[INBOX], ShowsStanding):
            inbox.show_standing(standing)
        self._telling.tell_standing(standing)

    def show_failure(self, error: CrmError) -> None:
        """Say what went wrong, in the line above the panes."""
        self._telling.tell_failure(error)

    @property
    def current(self) -> QWidget:
        """The place in front."""
        return self._panes[self._rail.place]

    @property
    def innermost(self) -> QWidget:
        """The pane in front: of several kinds in one place, the one that is shown."""
        return self.current.pane if isinstance(self.current, KindsPane) else self.current

    @property
    def pane(self) -> EntityPane | None:
        """The generated pane in front, if one is."""
        from crm_desktop.views.kit.entity_pane import EntityPane

        return self.innermost if isinstance(self.innermost, EntityPane) else None

    @property
    def banner(self) -> Banner:
        """The line above the panes."""
        return self._banner

    @property
    def undo_bar(self) -> UndoBar:
        """What was done just now, at the foot of the pane."""
        return self._undo_bar

    @property
    def borders(self) -> BorderKeeper:
        """The borders that a person drew."""
        return self._frame.borders

    @property
    def rail(self) -> Rail:
        """Where one goes from."""
        return self._rail

    @property
    def indicator(self) -> SyncIndicator:
        """The foot of the rail."""
        return self._rail.indicator

    # Panes

    def _show_chosen(self, name: str) -> None:
        if name not in self._panes:
            self._panes[name] = self._make(PLACES[name])
        self._audience.catch_up(name)
        self._frame.show_page(self._panes[name])

    def _make(self, place: Place) -> QWidget:
        if place.name in PANES:
            made = PANES[place.name](self._hub, self._frame.room)
            if isinstance(made, ShowsStanding):
                made.show_standing(self._standing)
            self.borders.watch(made, place.name)
            return self._connected(made, place.name)
        if len(place.kinds) == 1:
            return self._make_pane(place.kinds[0])
        return KindsPane(place.kinds, self._make_pane, self._frame.room)

    def _make_pane(self, kind: str) -> QWidget:
        if kind in KIND_PANES:
            return self._connected(KIND_PANES[kind](self._hub, self._frame.room), "")
        from crm_desktop.views.kit.entity_pane import EntityPane

        made = EntityPane(CATALOG[kind], self._hub, self._frame.room)
        self.borders.watch(made, kind)
        return self._connected(made, "")

    def _connected(self, pane: P, place: str) -> P:
        """Listen to whichever signals of the shell's table a pane has."""
        heard = {
            "failed": self.show_failure,
            "opened": self.open_record,
            "deleted": self._undoing.offer_deleted,
            "said": self._undoing.remark,
            "done": self._undo_bar.offer,
            "told_apart": self._undoing.offer_apart,
            "inbox_asked": self._open_inbox,
            "place_asked": self.show_place,
            "new_asked": self.new_record,
            "palette_asked": self._search,
            "merge_asked": self.open_merge,
            "person_asked": self.act_on_person,
            "merged": self._show_merged,
            "counted": partial(self._show_count, place),
            "sync_asked": self.sync_asked,
        }
        for name, slot in heard.items():
            signal = getattr(pane, name, None)
            if signal is not None:
                signal.connect(slot)
        return pane

    def _take_summary(self, summary: Summary) -> None:
        self._audience.tell(summary, self._rail.place)
        self._news.take_summary(summary, needs_you=bool(self._standing.needs_you))
        if summary.kinds & {"complaint", "task"}:
            self._read_counts()

    def _begin_day(self) -> None:
        """Whatever says how far off a day is says it anew."""
        self._take_summary(Summary(kinds_reset=frozenset(CATALOG)))
        for rows in self.findChildren(QAbstractItemView):  # some tell the days as they paint
            rows.viewport().update()

    # The rail

    def _show_count(self, place: str, count: int) -> None:
        if place:
            self._rail.set_count(place, count, warns=place == INBOX)

    def _read_later(self) -> None:
        self._hub.refresh_undo()
        self._read_counts()
        find_unsaved(self._hub, self._telling.tell_unsaved, owner=self)
        self._news.ask_decided()

    def _resume(self, form: Unsaved) -> None:
        if form.id == NEW:
            self.new_record(form.kind, {})
            return
        self.open_record(form.kind, form.id)
        if self.pane is not None:
            self.pane.edit_record()

    def _read_counts(self) -> None:
        me = self._hub.identity.user

        def job(connection: Connection) -> Counts:
            return counts.counts(connection, me, dt.datetime.now().astimezone().date())

        self._hub.read(job, self._show_counts, owner=self, supersede="counts")

    def _show_counts(self, found: Counts) -> None:
        self._rail.set_count("complaints", found.complaints)
        self._rail.set_count("tasks", found.tasks)

    def toggle_rail(self) -> None:
        """Show the rail's words, or its icons alone."""
        self.borders.toggle_rail(self.width())

    # Commands

    def _search(self) -> None:
        self.open_palette()

    def _all_actions(self) -> list[QAction]:
        """The commands of the pane in front, then the window's own, for the palette."""
        all_of_them = (*self.innermost.actions(), *self.actions())
        return [x for x in all_of_them if x.text() and x is not self._search_action]

    def _all_keys(self) -> list[QAction]:
        """Whatever has keys here: what belongs to parts of the pane too, each once."""
        own = [*self.current.findChildren(QAction), *self.actions()]
        found = {(x.text(), tuple(keys_of(x))): x for x in own if x.text() and x.shortcuts()}
        return list(found.values())

    def _new(self) -> None:
        if isinstance(self.innermost, Creates):
            self.innermost.new_record()

    def _open_queue(self) -> None:
        if self._standing.state == "signed_out":
            self.sign_in_asked.emit()
            return
        inbox = self.show_place(INBOX)
        if self._standing.waiting and isinstance(inbox, ShowsQueue):
            inbox.show_queue()

    def ask_sync(self) -> None:
        """Synchronise now."""
        self.sync_asked.emit()

    def _cancel_sync(self) -> None:
        self.sync_cancelled.emit()

    def _open_inbox(self) -> None:
        self.show_place(INBOX)

    # Parts

    def _lay_out(self) -> None:
        self._frame.put_above(self._banner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._frame)
        self._frame.show()  # it was shown elsewhere before, which hid it when it moved

    def _commands(self) -> list[Command]:
        records, everywhere, places = tr("Records"), tr("Everywhere"), tr("Places")
        return [
            Command(tr("Search and commands"), self._search, ("Ctrl+K", "Ctrl+F", "/"), "search",
                    everywhere),
            Command(tr("New record"), self._new, ("Ctrl+N",), "plus", records),
            Command(tr("Save"), self.save, ("Ctrl+S",), "check", records),
            Command(tr("Quick log"), self._log, ("Ctrl+Shift+L",), "quick", records),
            Command(tr("Keys"), self.show_keys, ("F1",), "info", everywhere),
            Command(tr("Guide"), self._show_guide, ("Shift+F1",), "doc", everywhere),
            Command(
                tr("Your preferences"), self._ask_preferences, ("Ctrl+,",), "admin", everywhere
            ),
            Command(tr("Synchronise now"), self.ask_sync, ("F5",), "sync", everywhere),
            Command(tr("Show or hide the words of the rail"), self.toggle_rail, ("Ctrl+B",),
                    "columns", everywhere),
            *(
                Command(
                    tr("Go to {place}", place=tr(place.label)),
                    partial(self._go_to, name), (f"Ctrl+{n}",), place.icon, places,
                )
                for n, (name, place) in enumerate(PLACES.items(), start=1)
            ),
        ]  # fmt: skip

    def _connect(self) -> None:
        self._rail.place_chosen.connect(self._show_chosen)
        self._rail.palette_asked.connect(self._search)
        self._rail.queue_asked.connect(self._open_queue)
        self._rail.cancel_asked.connect(self._cancel_sync)
        self._hub.changed.connect(self._take_summary)
        self._new_day.begun.connect(self._begin_day)
        self._hub.failed.connect(self.show_failure)
