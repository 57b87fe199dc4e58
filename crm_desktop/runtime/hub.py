"""The data hub: what the window asks for and what it is told; the only way from views to the store.

Everything runs in the lanes. `changed` carries the summary of whatever was written, by a form, an
undo or the server, to whoever shows those records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from crm_core.changes import Change
from crm_core.errors import CrmError
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.lanes import Lanes

if TYPE_CHECKING:
    from crm_core.ids import ChangeSetId
    from crm_core.wire import HiddenTwin, HistoryEntry, Refusal, TwinRequest
    from crm_desktop.models.connection import Connection
    from crm_desktop.models.journal import Undone
    from crm_desktop.models.store import Store
    from crm_desktop.runtime.devices import DeviceDesk
    from crm_desktop.runtime.files import FileDesk
    from crm_desktop.runtime.privacy import PrivacyDesk

T = TypeVar("T")

AskHistory: TypeAlias = "Callable[[str, str], tuple[HistoryEntry, ...]]"
"""Asks a server for the history of one record."""

AskRefusals: TypeAlias = "Callable[[], tuple[Refusal, ...]]"
"""Asks a server what was refused to those whom this user leads."""

AskHidden: TypeAlias = "Callable[[TwinRequest], HiddenTwin]"
"""Asks a server whether a value that may stand once is taken by a record out of sight."""

AT_ONCE_BELOW_ROWS = 200
"""A summary smaller than this is passed on at once: somebody is typing."""

BATCH_MS = 250
"""Larger ones are collected this long, so that a big sync does not redraw for each page."""

_DRAFT = "draft:"


class DataHub(QObject):
    """Reads and writes of one open store. Owned by the composition root.

    `files`: the attached files, `devices`: those that the server lists, and `privacy`: what it does
    about a person, where the composition root gave them a desk.

    Signals: `changed(Summary)`; `saved` when this user wrote something; `failed(CrmError)` for what
    no caller takes care of; `undone(Undone or None)`; `undo_changed(label)` with what Ctrl+Z would
    take back ("" for nothing); `leaving` before the store is closed, while forms are still there.
    """

    changed = Signal(object)
    saved = Signal()
    failed = Signal(object)
    undo_changed = Signal(str)
    undone = Signal(object)
    leaving = Signal()

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        parent: QObject | None = None,
        *,
        ask_history: AskHistory | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._lanes = lanes
        self._ask_history = ask_history
        self.files: FileDesk | None = None
        self.ask_refusals: AskRefusals | None = None
        self.ask_hidden: AskHidden | None = None
        self.devices: DeviceDesk | None = None
        self.privacy: PrivacyDesk | None = None
        self._waiting = Summary()
        self._keeping: dict[str, tuple[str | None]] = {}
        self._batch = QTimer(self, singleShot=True, interval=BATCH_MS)
        self._batch.timeout.connect(self._pass_on)

    @property
    def identity(self) -> Any:
        """Who works here: user, login, device, organisation, server."""
        return self._store.identity

    def read(
        self,
        job: Callable[[Connection], T],
        then: Callable[[T], None],
        *,
        owner: QObject,
        supersede: str = "",
        failed: Callable[[CrmError], None] | None = None,
    ) -> None:
        """Run a query on a snapshot; with `supersede` it replaces a queued one of that name."""
        store = self._store

        def run() -> T:
            with store.reader() as connection:
                return job(connection)

        self._lanes.read(
            run, then, owner=owner, supersede=supersede, failed=failed or self.announce_failure
        )

    def save(
        self,
        changes: Sequence[Change],
        label: str,
        *,
        owner: QObject,
        atomic: bool = False,
        then: Callable[[Summary], None] | None = None,
        failed: Callable[[CrmError], None] | None = None,
    ) -> None:
        """Commit one intention through the one door; `label` names it in the Undo menu."""

        def job(store: Store) -> Summary:
            from crm_desktop.models import journal  # loaded by the first write, not at start

            return journal.commit(store, changes, label=label, atomic=atomic)

        self.write(job, owner=owner, then=then, failed=failed)

    def save_with_files(
        self,
        changes: Sequence[Change],
        label: str,
        files_of: str,
        *,
        owner: QObject,
        then: Callable[[Summary], None] | None = None,
        failed: Callable[[CrmError], None] | None = None,
    ) -> None:
        """The same for a new record: the files that were attached to the draft `files_of` come to
        hang on it."""

        def job(store: Store) -> Summary:
            from crm_desktop.models import draft_files

            return draft_files.commit(store, changes, files_of, label=label)

        self.write(job, owner=owner, then=then, failed=failed)

    def write(
        self,
        job: Callable[[Store], Summary],
        *,
        owner: QObject,
        then: Callable[[Summary], None] | None = None,
        failed: Callable[[CrmError], None] | None = None,
    ) -> None:
        """Run another write of models/ that tells what it changed, such as a resolution."""
        store = self._store

        def run() -> Summary:
            summary = job(store)
            # Told from here, so that nobody misses it if the asking widget has died meanwhile.
            self._lanes.report(summary, self._announce_save, owner=self)
            return summary

        self._lanes.write(run, then or _ignore, owner=owner, failed=failed or self.announce_failure)

    def undo(self) -> None:
        """Take back the last step of this user; `undone` tells what it was and what stayed."""
        store = self._store

        def run() -> Undone | None:
            from crm_desktop.models import journal

            return journal.undo(store)

        self._lanes.write(run, self._tell_undone, owner=self, failed=self.announce_failure)

    def take_back(self, cs_id: ChangeSetId, *, alone: bool = False) -> None:
        """Take back a step, with what belongs to it unless `alone`; `undone` tells what it was."""
        store = self._store

        def run() -> Undone:
            from crm_desktop.models.journal.queueing import take_back

            return take_back(store, cs_id, alone=alone)

        self._lanes.write(run, self._tell_undone, owner=self, failed=self.announce_failure)

    def everybodys_history(
        self,
        kind: str,
        record_id: str,
        then: Callable[[tuple[HistoryEntry, ...]], None],
        *,
        owner: QObject,
    ) -> None:
        """Ask the server who changed what in a record; without a server there is no answer."""
        ask = self._ask_history
        if ask is not None:
            self._lanes.network(lambda: ask(kind, record_id), then, owner=owner)

    def hidden_twin(
        self, asked: TwinRequest, then: Callable[[HiddenTwin], None], *, owner: QObject
    ) -> None:
        """Ask the server whether a record out of sight holds a value; without one no answer."""
        ask = self.ask_hidden
        if ask is not None:
            self._lanes.network(lambda: ask(asked), then, owner=owner)

    def refusals(self, then: Callable[[tuple[Refusal, ...]], None], *, owner: QObject) -> None:
        """Ask the server what was refused to colleagues; without a server there is no answer."""
        ask = self.ask_refusals
        if ask is not None:
            self._lanes.network(ask, then, owner=owner)

    def once(
        self,
        job: Callable[[Store], tuple[T, ...]],
        then: Callable[[tuple[T, ...]], None],
        *,
        owner: QObject,
    ) -> None:
        """Hand over what a job of models/ finds to tell this user, each once for good."""
        store = self._store
        self._lanes.write(lambda: job(store), then, owner=owner)

    def keep_draft(self, key: str, text: str | None) -> None:
        """Keep what is being typed (None: forget it); `key` is "kind/id"."""
        store = self._store
        kept = self._keeping[key] = (text,)

        def run() -> None:
            store.set_meta(_DRAFT + key, text)

        def written(_: None) -> None:
            if self._keeping.get(key) is kept:
                del self._keeping[key]

        self._lanes.write(run, written, owner=self, failed=self.announce_failure)

    def draft(self, key: str, then: Callable[[str | None], None], *, owner: QObject) -> None:
        """Hand over the draft kept under `key`, written or still waiting to be, if there is one."""
        store, kept = self._store, self._keeping.get(key)
        self._lanes.read(lambda: kept[0] if kept else store.meta(_DRAFT + key), then, owner=owner)

    def drafts(self, then: Callable[[tuple[str, ...]], None], *, owner: QObject) -> None:
        """Hand over the keys of all drafts."""
        store = self._store

        def names() -> tuple[str, ...]:
            return tuple(name.removeprefix(_DRAFT) for name in store.meta_names(_DRAFT))

        self._lanes.read(names, then, owner=owner)

    def announce(self, summary: Summary) -> None:
        """Tell everybody what changed: small things at once, a flood in batches."""
        self._waiting |= summary
        small = len(self._waiting.changed) < AT_ONCE_BELOW_ROWS and not self._waiting.kinds_reset
        if small and not self._batch.isActive():
            self._pass_on()
        elif not self._batch.isActive():
            self._batch.start()

    def _announce_save(self, summary: Summary) -> None:
        self.announce(summary)
        self.saved.emit()

    def _pass_on(self) -> None:
        self._batch.stop()
        summary, self._waiting = self._waiting, Summary()
        self.changed.emit(summary)
        if summary.outbox_changed or summary.changesets:
            self.refresh_undo()

    def refresh_undo(self) -> None:
        """Find out what Ctrl+Z would take back."""
        store = self._store

        def run() -> str:
            from crm_desktop.models import journal

            return journal.undoable(store) or ""

        self._lanes.read(run, self._tell_undo_label, owner=self, supersede="undo")

    def _tell_undo_label(self, label: str) -> None:
        self.undo_changed.emit(label)

    def _tell_undone(self, undone: Undone | None) -> None:
        if undone is not None:
            self._announce_save(undone.summary)
        self.undone.emit(undone)
        self.refresh_undo()

    def announce_failure(self, error: CrmError) -> None:
        """Tell whoever shows failures."""
        self.failed.emit(error)


def _ignore(_summary: Summary) -> None:
    """Nobody waits for it; `changed` has told everybody."""
