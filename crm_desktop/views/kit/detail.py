"""The right-hand side of a pane: one record's form and history, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from crm_core.entity import Entity
from crm_core.erasing import personal_fields
from crm_core.merging import MERGEABLE
from crm_desktop.i18n import tr
from crm_desktop.models.queries import Row
from crm_desktop.models.rights import EVERYTHING
from crm_desktop.views.kit.badge import Badge, state_of
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.kit.buttons import flat, normal, primary
from crm_desktop.views.kit.form import Form
from crm_desktop.views.kit.history import HistoryTable
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.permit import delete_refusal, edit_refusal, kept_fields
from crm_desktop.views.kit.person_menu import PersonMenu
from crm_desktop.views.kit.source import FieldNote, Shown
from crm_desktop.views.kit.text import plain_label, text_of
from crm_desktop.views.kit.words import Titles, merged_words, title_in_words

if TYPE_CHECKING:
    from crm_desktop.models.merging import Taker


class RecordDetail(QWidget):
    """Shows one record. Signals are what a person wants done with it."""

    save_asked = Signal()
    revert_asked = Signal()
    delete_asked = Signal()
    restore_asked = Signal()
    merge_asked = Signal()
    inbox_asked = Signal()
    history_shown = Signal()
    field_history_asked = Signal(str)
    person_asked = Signal(str)
    """What is to be done about a person: an act of `person_menu`."""
    taker_asked = Signal(str)
    row_shown = Signal(object)
    """The row that is shown, None for a new record."""

    def __init__(
        self, entity: Entity, links: Links, parent: QWidget | None = None, *, locked: bool = False
    ) -> None:
        super().__init__(parent)
        self.entity = entity
        self._locked = locked
        self._row: Row | None = None
        self._taker: Taker | None = None
        self._title = plain_label(self)
        self._title.setProperty("role", "record")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._state = Badge("", self)
        self._may = EVERYTHING
        self._why = text_of("small", self)
        self._banner = Banner(self)
        self.form = Form(entity, links, self, locked=locked)
        self.history = HistoryTable(self)
        self._above = QVBoxLayout()
        self._tabs = QTabWidget(self)
        self._save = primary(tr("Save"), self, keys="Ctrl+S")
        self._revert = normal(tr("Revert"), self)
        self._delete = flat(tr("Delete"), self)
        self._restore = flat(tr("Take the merge back"), self)
        self._merge = flat(tr("Merge with…"), self)
        self.person: PersonMenu | None = None
        if personal_fields(entity.kind):
            self.person = PersonMenu(self)
        self._lay_out()
        self._connect()

    def show_record(self, shown: Shown) -> None:
        """Show a record as it is stored, and what of it the user may change."""
        row = shown.row
        self._may, self._taker = shown.may, shown.taker
        self.form.show_values(row.values, shown.titles, row.seq)
        self._show_row(row, shown.titles, shown.notes)
        self._show_banner(row)

    def follow(self, shown: Shown) -> None:
        """Show what the record has become; what was typed stays."""
        row = shown.row
        self._may, self._taker = shown.may, shown.taker
        self.form.follow(row.values, shown.titles, row.seq)
        self._show_row(row, shown.titles, shown.notes)
        if row.deleted or row.conflict or row.refused or not self.form.is_touched:
            self._show_banner(row)

    def show_new(self) -> None:
        """Show an empty form."""
        self._row, self._taker, self._may = None, None, EVERYTHING
        self.form.show_kept_part(shown=False)
        self._show_may()
        self._title.setText(tr("New: {kind}", kind=self.entity.label))
        self._state.show_state("")
        self._banner.hide()
        self.form.show_values({}, {})
        self.form.setEnabled(True)
        self._tabs.setCurrentIndex(0)
        self._tabs.setTabEnabled(1, False)
        self.show_touched()
        self.row_shown.emit(None)

    def put_above(self, line: QWidget) -> None:
        """Put something that a pane has to say of the record above its form."""
        self._above.addWidget(line)

    def show_touched(self) -> None:
        """Offer saving where something was typed."""
        touched = self.form.is_touched
        self._save.setEnabled(touched and self._may.edit)
        self._revert.setEnabled(touched)
        can_delete = self._row is not None and not self._row.deleted and not self._locked
        self._delete.setEnabled(can_delete and self._may.delete)
        is_open = self._may.edit and not self._locked
        self._delete.setVisible(self._row is not None and is_open and self._taker is None)
        self._restore.setVisible(self._taker is not None and is_open)
        self._merge.setVisible(
            self.entity.kind in MERGEABLE and self._row is not None and not self._row.deleted
        )
        if self.person is not None:
            self.person.button.setVisible(self._row is not None)
            self.person.show_may(self._may)
        self._save.setVisible(is_open)
        self._revert.setVisible(is_open or touched)

    def add_above_form(self, widget: QWidget) -> None:
        """Put something between what is said and what is typed."""
        self._whole.insertWidget(self._whole.indexOf(self._tabs), widget)

    def say(self, text: str) -> None:
        """A remark above the form."""
        self._banner.say(text)

    @property
    def why_not(self) -> str:
        """Why the record may not be changed, or ""."""
        return self._why.text()

    @property
    def title(self) -> str:
        """The record's name, as shown."""
        return self._title.text()

    @property
    def shows_history(self) -> bool:
        """Whether the history is in front."""
        return self._tabs.currentWidget() is self.history

    def show_history_tab(self) -> None:
        """Bring the history to the front."""
        self._tabs.setCurrentWidget(self.history)

    def _show_row(self, row: Row, titles: Titles, notes: Mapping[str, FieldNote]) -> None:
        self._row = row
        self.form.show_kept_part(shown=True)
        self._title.setText(title_in_words(self.entity, row.values, titles))
        self._state.show_state(state_of(row))
        self.form.show_notes(notes)
        self.form.setEnabled(not row.deleted)
        self._show_may()
        self._tabs.setTabEnabled(1, True)
        self.show_touched()
        self.row_shown.emit(row)

    def _show_may(self) -> None:
        """What may not be changed says so before anything is typed."""
        why = "" if self._locked else edit_refusal(self._may)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self.form.show_kept(kept_fields(self.entity, self._may))
        self._delete.setToolTip(delete_refusal(self._may))

    def _show_banner(self, row: Row) -> None:
        if self._taker is not None:
            action = tr("Open record") if self._taker.title else ""
            self._banner.say(merged_words(self.title, self._taker.title), action=action)
        elif row.deleted:
            action = tr("Restore") if self._may.edit else ""
            self._banner.say(tr("This record was deleted."), action=action)
        elif row.conflict:
            text = tr("Several values were entered for one field; all of them are kept.")
            self._banner.say(text, action=tr("Decide in the inbox"))
        elif row.refused:
            text = tr("The server did not take your last change; it is kept here.")
            self._banner.say(text, action=tr("See why in the inbox"))
        else:
            self._banner.hide()

    def _act(self) -> None:
        if self._taker is not None:
            self.taker_asked.emit(self._taker.record)
        elif self._row is not None and self._row.deleted:
            self.restore_asked.emit()
        else:
            self.inbox_asked.emit()

    def _lay_out(self) -> None:
        self._tabs.setDocumentMode(True)
        self._tabs.setStyleSheet("QTabWidget::tab-bar { left: 16px; }")
        self._tabs.addTab(self.form, tr("Details"))
        self._tabs.addTab(self.history, tr("History"))
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 4)
        head.addWidget(self._title, 1)
        head.addWidget(self._state)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 8, 16, 12)
        foot.addWidget(self._delete)
        foot.addWidget(self._merge)
        foot.addWidget(self._restore)
        self._restore.hide()
        if self.person is not None:
            foot.addWidget(self.person.button)
        foot.addStretch(1)
        foot.addWidget(self._revert)
        foot.addSpacing(8)
        foot.addWidget(self._save)
        for button in (self._save, self._revert, self._delete):
            button.setVisible(not self._locked)
        self.setProperty("surface", "alt")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = self._whole = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        self._why.setContentsMargins(16, 0, 16, 6)
        self._why.hide()
        layout.addWidget(self._why)
        layout.addLayout(self._above)
        layout.addWidget(self._banner)
        layout.addWidget(self._tabs, 1)
        layout.addLayout(foot)

    def _connect(self) -> None:
        self.form.edited.connect(self.show_touched)
        self.form.history_asked.connect(self._ask_field_history)
        self.form.inbox_asked.connect(self._tell_inbox)
        self._save.clicked.connect(self._ask_save)
        self._revert.clicked.connect(self._ask_revert)
        self._delete.clicked.connect(self._ask_delete)
        self._restore.clicked.connect(self._ask_restore)
        self._restore.setToolTip(tr("For 30 days what followed comes back along with it."))
        self._merge.clicked.connect(self._ask_merge)
        if self.person is not None:
            self.person.asked.connect(self._ask_about_person)
        self._banner.acted.connect(self._act)
        self._tabs.currentChanged.connect(self._tell_tab)

    def _ask_save(self) -> None:
        self.save_asked.emit()

    def _ask_revert(self) -> None:
        self.revert_asked.emit()

    def _ask_delete(self) -> None:
        self.delete_asked.emit()

    def _ask_restore(self) -> None:
        self.restore_asked.emit()

    def _ask_merge(self) -> None:
        self.merge_asked.emit()

    def _ask_about_person(self, act: str) -> None:
        self.person_asked.emit(act)

    def _ask_field_history(self, name: str) -> None:
        self.field_history_asked.emit(name)

    def _tell_inbox(self) -> None:
        self.inbox_asked.emit()

    def _tell_tab(self, _tab: int) -> None:
        if self.shows_history:
            self.history_shown.emit()
