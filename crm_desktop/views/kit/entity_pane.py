"""The generated pane of a kind: list, form and history. Knows no entity by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import uuid_utils
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from crm_core.changes import Change, Op, difference
from crm_core.entity import Entity
from crm_core.errors import CrmError, InvalidValue
from crm_core.fields import Field, Value
from crm_core.ids import RecordId
from crm_core.merging import MERGEABLE
from crm_core.roles import SUPERVISING
from crm_core.switches import SWITCHED
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import Where
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.card import Card
from crm_desktop.views.kit.column import Column
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.focus import holds_keyboard
from crm_desktop.views.kit.head import PageHead
from crm_desktop.views.kit.inspector import InspectorHost
from crm_desktop.views.kit.list_model import ListModel
from crm_desktop.views.kit.list_side import ListSide
from crm_desktop.views.kit.permit import kept_of_new, refusal_of_new
from crm_desktop.views.kit.source import Shown, read_shown, titles_for
from crm_desktop.views.kit.text import plain_label
from crm_desktop.views.kit.words import title_in_words

if TYPE_CHECKING:
    from crm_desktop.models.store import Store
    from crm_desktop.views.kit.detail import RecordDetail
    from crm_desktop.views.kit.drafts import FormDraft
    from crm_desktop.views.kit.following import Following
    from crm_desktop.views.kit.likeness_hint import LikenessHint

_FORM_WIDTH, _CARD_WIDTH = 420, 320
_NEW = "new"


class EntityPane(QWidget):
    """List and detail of one kind. With a `card` a chosen record shows that first, and its form
    when one asks for it.

    Signals: `failed(CrmError)` for what is not about one field; `deleted(title)`; `inbox_asked`;
    `said(words)` for a remark; `listed(Listing)` when something else is listed;
    `merge_asked(kind, id)` where one in the world may stand there twice;
    `person_asked(kind, id, act)` for what is done about a person (`person_menu`).
    """

    failed = Signal(object)
    inbox_asked = Signal()
    deleted = Signal(str)
    said = Signal(str)
    merge_asked = Signal(str, str)
    person_asked = Signal(str, str, str)
    listed = Signal(object)

    def __init__(
        self,
        entity: Entity,
        hub: DataHub,
        parent: QWidget | None = None,
        *,
        columns: Sequence[Column | Field] = (),
        card: Callable[[QWidget], Card] | None = None,
    ) -> None:
        super().__init__(parent)
        self.entity = entity
        self._hub = hub
        self._record: Row | None = None
        self._is_new = False
        self._on_card = ""
        self._is_entering = False
        self._laid: Mapping[str, Value] = {}
        self._after_load = ""
        self._side = ListSide(entity, hub, columns, self)
        self._list = self._side.list
        self._model = self._side.model
        self._made_detail: RecordDetail | None = None
        self._drafts: FormDraft | None = None
        self._hint: LikenessHint | None = None
        self._following: Following
        self._right = QStackedWidget(self)
        self._nothing = plain_label(self, tr("Choose a record in the list."))
        self._card = card(self._right) if card is not None else None
        self._host = InspectorHost(self._side, self._right, self)
        self.setFocusProxy(self._list)
        self._lay_out()
        self._connect()

    # What others may ask

    def open_record(self, record_id: str) -> None:
        """Show a record, whether or not it is in the list's window."""
        self._list.choose(record_id)
        self._look(record_id)

    def new_record(self) -> None:
        """Open an empty form."""
        self.new_with({})

    def new_with(self, values: Mapping[str, Value]) -> None:
        """Open a form for a new record with these values filled in."""
        if not self._side.new.isEnabled():
            return
        self._record, self._is_new = None, True
        self.detail.show_new()
        self._bring(self.detail)
        self._begin_draft()
        self._keep_from_new()
        if values:
            self._lay(values)
        self.detail.form.focus_first()

    def edit_record(self) -> None:
        """Open the form of the record that is chosen."""
        if self._list.chosen_id:
            self._open_form(self._list.chosen_id)

    def ask_merge(self) -> None:
        """Ask with which other record the one that is shown is to be merged."""
        if self.chosen_id:
            self.merge_asked.emit(self.entity.kind, self.chosen_id)
        else:
            self.said.emit(tr("Choose the record in the list first."))

    def _ask_about_person(self, act: str) -> None:
        self.person_asked.emit(self.entity.kind, self.record_id, act)

    def take_merge_back(self) -> None:
        """Bring the record that is shown back from the one that took its place."""
        kind, record = self.entity.kind, RecordId(self.chosen_id)

        def job(store: Store) -> Summary:
            from crm_desktop.models.merging import unmerge  # few records are gone

            return unmerge(store, kind, record)

        self._hub.write(job, owner=self, then=self._show_saved, failed=self._show_failure)

    def show_where(self, where: Sequence[Where], words: str) -> None:
        """List only these records, with a chip that says which."""
        self._side.show_where(where, words)

    def set_foot(self, words: str) -> None:
        """Say something about the list below it."""
        self._side.set_foot(words)

    @property
    def head(self) -> PageHead:
        """The line above the list, for further buttons."""
        return self._side.head

    @property
    def side(self) -> ListSide:
        """The list with its views and conditions."""
        return self._side

    def save(self) -> None:
        """Save what was typed, as one step."""
        if self._made_detail is None or not self.detail.form.is_touched:
            return
        if self.detail.why_not:
            self.said.emit(self.detail.why_not)
            return
        values = self.detail.form.collect()
        if values is None:
            return
        if self._is_new:
            self._insert(values)
        elif self._record is not None:
            self._update(self._record, values)

    def choose_first(self) -> None:
        """Show the first record of the list."""
        self._list.choose_first()

    def focus_filter(self) -> None:
        """Give the keyboard to the list's own search."""
        self._side.bar.search_line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def detail(self) -> RecordDetail:
        """The record's side; made when the first record is shown, since forms take their time."""
        if self._made_detail is None:
            self._made_detail = self._make_detail()
        return self._made_detail

    @property
    def model(self) -> ListModel:
        """The list's rows."""
        return self._model

    @property
    def record_id(self) -> str:
        """The record shown, or ""."""
        return "" if self._record is None else self._record.id

    @property
    def chosen_id(self) -> str:
        """The record in the form or on the card, or ""."""
        return self.record_id or self._on_card

    def take_summary(self, summary: Summary) -> None:
        """Refresh what a change touches, and nothing else."""
        self._side.take_summary(summary)
        if self._card is not None:
            self._card.take_summary(summary)
        if self._record is None:
            return
        reset = self.entity.kind in summary.kinds_reset
        touched = (self.entity.kind, self._record.id) in summary.changed
        if reset or touched or summary.conflicts_changed:
            self._following.follow()

    # Reading

    def _look(self, record_id: str) -> None:
        """A record was chosen: its card where there is one, unless a form is open with words."""
        if self._card is None:
            self._load(record_id)
            return
        self._record, self._is_new = None, False
        self._on_card = record_id
        self._card.show_record(record_id)
        self._bring(self._card.widget)

    def _open_form(self, record_id: str) -> None:
        """Enter in the list goes on in the form."""
        self._is_entering = True
        self._load(record_id)

    def _load(self, record_id: str) -> None:
        kind = self.entity.kind

        def job(connection: Connection) -> Shown | None:
            return read_shown(connection, kind, record_id)

        self._hub.read(job, self._show, owner=self, supersede="record")

    def _show(self, shown: Shown | None) -> None:
        if shown is None:
            return
        self._record, self._is_new = shown.row, False
        self.detail.show_record(shown)
        self._bring(self.detail)
        self._begin_draft()
        if self.detail.shows_history:
            self._load_history()
        if self._is_entering:
            self._is_entering = False
            self.detail.form.focus_first()

    def _note_followed(self, row: Row) -> None:
        self._record = row
        if self.detail.shows_history:
            self._load_history()

    def _load_history(self) -> None:
        if self._record is None:
            return
        from crm_desktop.views.kit.history import show_history

        record_id, table = self._record.id, self.detail.history
        show_history(
            self._hub, self.entity.kind, record_id, table.show_lines, owner=table,
            is_wanted=lambda: record_id == self.record_id,
        )  # fmt: skip

    def _show_field_history(self, name: str) -> None:
        """Who changed one field, in a sheet below it."""
        from crm_desktop.views.kit.field_history import FieldHistory
        from crm_desktop.views.kit.history import show_history

        if self._record is None:
            return
        sheet = FieldHistory(name, tr(self.entity.by_name[name].label), self.detail)
        show_history(self._hub, self.entity.kind, self._record.id, sheet.show_lines, owner=sheet)
        sheet.open_below(self.detail.form.editor(name).widget)

    # Writing

    def _insert(self, values: dict[str, Value]) -> None:
        record_id = RecordId(uuid_utils.uuid7().hex)
        title = title_in_words(self.entity, values, {})
        change = Change(self.entity.kind, record_id, Op.INSERT, values)
        self._commit([change], tr("New: {title}", title=title))
        self._forget_draft()
        self._after_load = record_id

    def _update(self, record: Row, values: dict[str, Value]) -> None:
        # On what was seen when the typing began: what came since has to be judged by the merge.
        seen = self.detail.form.meanwhile
        changes = difference(self.entity, RecordId(record.id), seen.seen, values, seen.seq)
        if changes:
            self._commit(changes, tr("Change: {title}", title=self.detail.title))
            self._forget_draft()
        else:
            self._revert()

    def _delete(self) -> None:
        self._commit_state(Op.DELETE, tr("Delete: {title}", title=self.detail.title))
        self._forget_draft()
        self.deleted.emit(self.detail.title)

    def _restore(self) -> None:
        self._commit_state(Op.RESTORE, tr("Restore: {title}", title=self.detail.title))

    def _commit_state(self, op: Op, label: str) -> None:
        if self._record is not None:
            record = self._record
            change = Change(self.entity.kind, RecordId(record.id), op, base_seq=record.seq)
            self._commit([change], label)

    def _commit(self, changes: Sequence[Change], label: str) -> None:
        self._hub.save(changes, label, owner=self, then=self._show_saved, failed=self._show_failure)

    def _show_saved(self, _summary: Summary) -> None:
        record_id = self._after_load or self.chosen_id
        self._after_load = ""
        if record_id:
            self.open_record(record_id)

    def _show_failure(self, error: CrmError) -> None:
        self._after_load = ""
        if self._drafts is not None:
            self._drafts.keep()
        is_shown = isinstance(error, InvalidValue) and self.detail.form.show_problem(
            error.field, error.message
        )
        if not is_shown:
            self.failed.emit(error)

    def _revert(self) -> None:
        self._forget_draft()
        if self._is_new:
            self._is_new = False
            self._bring(self._nothing)
        elif self._record is not None and self._card is not None:
            self._look(self._record.id)
        elif self._record is not None:
            # The form still counts as touched; what is stored is laid over it at once.
            self._load(self._record.id)

    # Drafts: nothing typed is lost

    def _begin_draft(self) -> None:
        if self._hint is not None:
            self._hint.clear()
        if self._drafts is not None:
            self._drafts.begin(f"{self.entity.kind}/{_NEW if self._is_new else self.record_id}")

    def _forget_draft(self) -> None:
        if self._drafts is not None:
            self._drafts.forget()

    def _say_restored(self) -> None:
        self.detail.show_touched()
        self.detail.say(tr("What you typed here and did not save is back."))
        self._following.ask_who()

    # Parts

    def _lay(self, values: Mapping[str, Value]) -> None:
        """Fill a new form; links are shown by the names of what they lead to."""
        kind = self.entity.kind
        row = Row(kind, RecordId(""), 0, False, values)

        def job(connection: Connection) -> tuple[Mapping[str, str], str]:
            return titles_for(connection, kind, row), refusal_of_new(connection, kind, values)

        def lay(found: tuple[Mapping[str, str], str]) -> None:
            titles, why = found
            if self._is_new:
                self.detail.form.suggest(values, titles)
                self.detail.show_touched()
                if why:
                    self.detail.say(why)

        self._hub.read(job, lay, owner=self)

    def _keep_from_new(self) -> None:
        """What this user may not fill in says so before anything is typed."""
        kind = self.entity.kind
        if kind not in SUPERVISING and kind not in SWITCHED:
            return

        def keep(kept: Mapping[str, str]) -> None:
            if self._is_new:
                self.detail.form.show_kept(kept)

        self._hub.read(lambda connection: kept_of_new(connection, kind), keep, owner=self)

    def _bring(self, widget: QWidget) -> None:
        form = self._made_detail
        if form is not None and widget is not form and holds_keyboard(form):
            self._list.setFocus(Qt.FocusReason.OtherFocusReason)
        self._right.setCurrentWidget(widget)
        is_form = widget is self._made_detail
        self._host.set_inspector_width(
            _FORM_WIDTH if is_form or self._card is None else _CARD_WIDTH
        )
        if is_form and self._host.is_page:
            self._host.show_inspector()

    def _lay_out(self) -> None:
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setProperty("tone", "ink3")
        self._right.addWidget(self._nothing)
        if self._card is not None:
            self._right.addWidget(self._card.widget)
        self._host.set_inspector_width(_CARD_WIDTH if self._card is not None else _FORM_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._host)

    def _kind_made(self) -> str:
        return self.entity.kind if self._is_new else ""

    def _make_detail(self) -> RecordDetail:
        from crm_desktop.views.kit.detail import RecordDetail  # forms are not needed at start
        from crm_desktop.views.kit.drafts import FormDraft
        from crm_desktop.views.kit.following import Following

        locked = self.entity.read_only or self.entity.insert_only
        finder = Finder(self._hub, making=self._kind_made)
        detail = RecordDetail(self.entity, finder, self._right, locked=locked)
        self._right.addWidget(detail)
        detail.save_asked.connect(self.save)
        detail.revert_asked.connect(self._revert)
        detail.delete_asked.connect(self._delete)
        detail.restore_asked.connect(self._restore)
        detail.merge_asked.connect(self.ask_merge)
        detail.person_asked.connect(self._ask_about_person)
        detail.taker_asked.connect(self.open_record)
        detail.inbox_asked.connect(self.inbox_asked)
        detail.history_shown.connect(self._load_history)
        detail.field_history_asked.connect(self._show_field_history)
        self._following = Following(self._hub, detail, lambda: self.record_id, self)
        self._following.followed.connect(self._note_followed)
        form = detail.form
        self._drafts = FormDraft(self._hub, form, form.edited, form.leaving, self)
        self._drafts.restored.connect(self._say_restored)
        if self.entity.kind in MERGEABLE:
            from crm_desktop.views.kit.likeness_hint import LikenessHint

            self._hint = LikenessHint(self.entity.kind, self._hub, self._typed_anew, detail)
            detail.add_above_form(self._hint)
            detail.form.edited.connect(self._hint.look)
            self._hint.opened.connect(self.open_record)
        return detail

    def _typed_anew(self) -> Mapping[str, str]:
        return self.detail.form.draft() if self._is_new else {}

    def _connect(self) -> None:
        if self.entity.kind in MERGEABLE:
            merge = QAction(tr("Merge with…"), self)
            merge.setShortcut(QKeySequence("Ctrl+Shift+M"))
            merge.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            merge.triggered.connect(self.ask_merge)
            self.addAction(merge)
        self._side.chosen.connect(self._look)
        self._side.opened.connect(self._open_form)
        self._side.said.connect(self.said)
        self._side.failed.connect(self.failed)
        self._side.listed.connect(self.listed)
        self._side.new_asked.connect(self.new_record)
