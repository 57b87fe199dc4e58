"""Attached files for the window: attaching, showing, opening, and a lane of their own in which they
travel, beside everything else."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from crm_core.errors import CrmError, NotFound, Unavailable
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.lanes import Lanes

if TYPE_CHECKING:
    from crm_desktop.models.attaching import Attached, AttachedFile
    from crm_desktop.models.blobs import Blobs
    from crm_desktop.models.connection import Connection
    from crm_desktop.models.file_queue import Only
    from crm_desktop.models.file_states import Transfers
    from crm_desktop.models.store import Store
    from crm_desktop.runtime.hub import DataHub
    from crm_desktop.sync.file_runner import FileRunner, FileServer
    from crm_desktop.sync.files import Transferred

T = TypeVar("T")

AFTER_FAILURE_MS = 60_000
"""How long after a cut line files are tried again, unless something else wakes them before."""

SHOWN_EVERY_MS = 700
"""How often the progress of a file is looked at while one is on its way."""

OPENED = "files.opened"
"""The name under which the folder of opened files is kept, to be removed at the next start."""

log = logging.getLogger(__name__)


class FileDesk(QObject):
    """The files of one open store. Owned by the composition root. While `rests` says so nothing is
    sent or fetched that nobody has asked for.

    Signals: `changed` when a file has another state; `freed` when a record that waited for its
    file may go out; `failed(CrmError)` for what no caller takes care of.
    """

    changed = Signal()
    freed = Signal()
    failed = Signal(object)

    def __init__(
        self,
        store: Store,
        blobs: Callable[[], Blobs],
        hub: DataHub,
        lanes: Lanes,
        connect: Callable[[], FileServer] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._contents, self._hub, self._lanes = store, blobs, hub, lanes
        self._connect = connect
        self.rests: Callable[[], bool] = lambda: False
        self._is_asked = False
        self._runner: FileRunner | None = None
        self._is_running = self._is_wanted = self._has_rested = False
        self._only: Only | None = None
        self._opened: Path | None = None
        self._again = QTimer(self, singleShot=True, interval=AFTER_FAILURE_MS)
        self._again.timeout.connect(self.transfer)
        self._look = QTimer(self, interval=SHOWN_EVERY_MS)
        self._look.timeout.connect(self.changed)

    @property
    def _blobs(self) -> Blobs:
        return self._contents()

    def start(self) -> None:
        """Remove what an earlier run left open or unneeded, then go on where files stood."""
        store = self._store

        def job() -> None:
            from crm_desktop.models import attaching

            remove_opened(store)
            attaching.tidy(store, self._blobs, store.clock())

        self._lanes.behind(job, owner=self, failed=self._tell)
        self.transfer()

    def stop(self) -> None:
        """End a transfer behind the piece under way, and remove what was opened."""
        self._again.stop()
        self._look.stop()
        self._connect = None
        if self._runner is not None:
            self._runner.stop()
        if self._opened is not None:
            shutil.rmtree(self._opened, ignore_errors=True)
            self._opened = None

    def look_at_network(self) -> None:
        """Whether files rest may have changed: say so, or go on."""
        if self._has_rested is not self.rests():
            self._has_rested = not self._has_rested
            self.changed.emit()
            self.transfer()

    # -- what a page asks

    def attach(
        self,
        parent: tuple[str, RecordId],
        paths: Sequence[Path],
        *,
        owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:
        """Attach files of this computer, each a step of its own."""
        for path in paths:

            def job(store: Store, path: Path = path) -> Summary:
                return self._attach_path(store, parent, path).summary

            self._hub.write(job, owner=owner, then=self._attached, failed=failed)

    def attach_bytes(
        self,
        parent: tuple[str, RecordId],
        content: bytes,
        name: str,
        *,
        owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:
        """Attach what was pasted."""

        def job(store: Store) -> Summary:
            from crm_desktop.models import attaching

            return attaching.attach_bytes(store, self._blobs, parent, content, name).summary

        self._hub.write(job, owner=owner, then=self._attached, failed=failed)

    def attach_to_draft(
        self, key: str, paths: Sequence[Path], *, owner: QObject, failed: Callable[[CrmError], None]
    ) -> None:
        """Keep files of this computer with a form that is not saved yet."""
        for path in paths:

            def job(store: Store, path: Path = path) -> None:
                from crm_desktop.models import draft_files

                draft_files.add_path(store, self._blobs, key, path)

            self._write(job, owner, failed)

    def attach_bytes_to_draft(
        self, key: str, content: bytes, name: str, *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Keep what was pasted with a form that is not saved yet."""

        def job(store: Store) -> None:
            from crm_desktop.models import draft_files

            draft_files.add_bytes(store, self._blobs, key, content, name)

        self._write(job, owner, failed)

    def leave_draft(self, key: str, *, owner: QObject, sha256: str = "") -> None:
        """Take one file off a form that is not saved yet, or all: the form is given up."""

        def job(store: Store) -> None:
            from crm_desktop.models import draft_files

            if sha256:
                draft_files.take_off(store, self._blobs, key, sha256)
            else:
                draft_files.discard(store, self._blobs, key)

        self._write(job, owner)

    def _attach_path(self, store: Store, parent: tuple[str, RecordId], path: Path) -> Attached:
        from crm_desktop.models import attaching

        return attaching.attach_path(store, self._blobs, parent, path)

    def fetch(self, record_id: RecordId, *, owner: QObject) -> None:
        """Fetch a file that is not here."""
        self._is_asked = True
        self._write(lambda store: _want(store, record_id), owner)

    def try_again(self, sha256: str, *, owner: QObject) -> None:
        """Try a file now that waits with a reason."""
        self._is_asked = True

        def job(store: Store) -> None:
            from crm_desktop.models import attaching

            attaching.try_again(store, sha256)

        self._write(job, owner)

    def pin(self, account: RecordId, *, is_pinned: bool, owner: QObject) -> None:
        """Keep the files of an account on this device, or no longer."""

        def job(store: Store) -> None:
            from crm_desktop.models import file_states

            with store.writing() as c:
                if is_pinned:
                    file_states.pin(c, account, store.now())
                else:
                    file_states.unpin(c, account)

        self._write(job, owner)

    def content(
        self,
        sha256: str,
        bytes_max: int,
        job: Callable[[bytes], T],
        then: Callable[[T], None],
        *,
        owner: QObject,
        failed: Callable[[CrmError], None] | None = None,
    ) -> None:
        """Hand a file that is here to `job`, beside the window, and its outcome to `then`."""
        self._lanes.read(
            lambda: job(self._read(sha256, lambda: self._blobs.read(sha256, bytes_max))),
            then, owner=owner, failed=failed or self._tell,
        )  # fmt: skip

    def made(
        self, make: Callable[[], bytes], then: Callable[[bytes], None], *, owner: QObject
    ) -> None:
        """Make a content beside the window, such as the file of a pasted picture."""
        self._lanes.read(make, then, owner=owner, failed=self._tell)

    def save_as(
        self, file: AttachedFile, out: Path, then: Callable[[Path], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Write a file that is here in clear where a person wants it."""

        def job() -> Path:
            self._read(file.file.sha256, lambda: self._blobs.copy_out(file.file.sha256, out))
            return out

        self._lanes.read(job, then, owner=owner, failed=failed)

    def open_copy(
        self, file: AttachedFile, then: Callable[[Path], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Write a file that is here where another program can read it: for this user alone, removed
        when the window closes and at the next start at the latest."""

        def job() -> Path:
            folder = self._folder() / file.id[-8:]
            folder.mkdir(mode=0o700, exist_ok=True)
            out = folder / file.name
            self._read(file.file.sha256, lambda: self._blobs.copy_out(file.file.sha256, out))
            return out

        self._lanes.write(job, then, owner=owner, failed=failed)

    def _folder(self) -> Path:
        if self._opened is None:
            made = Path(tempfile.mkdtemp(prefix="crm-desktop-open-"))
            self._store.set_meta(OPENED, str(made))
            self._opened = made
        return self._opened

    # -- transferring

    def transfer(self) -> None:
        """Send and fetch what waits; asked while it does so, it looks again afterwards."""
        rests = self.rests()
        if self._connect is None or (rests and not self._is_asked):
            return
        if self._is_running:
            self._is_wanted = True
            return
        self._is_running, self._is_wanted = True, False
        self._only = _fetching() if rests else None
        self._again.stop()
        self._lanes.files(self._run, self._take_run, owner=self, failed=self._take_failure)

    def standing(self, then: Callable[[Transfers], None], *, owner: QObject) -> None:
        """Hand over how many files are on their way."""
        goes_on = self._is_running

        def job(c: Connection) -> Transfers:
            from crm_desktop.models import file_states

            found = file_states.transfers(c, self._store.clock())
            return msgspec.structs.replace(found, goes_on=goes_on)

        self._hub.read(job, then, owner=owner, supersede="transfers")

    def _run(self) -> Transferred | None:
        from crm_desktop.models.file_queue import FileQueue

        queue, connect, only = FileQueue(self._store, self._blobs), self._connect, self._only
        if only is None:
            queue.want_pinned()
        if connect is None or queue.next(after_sending=False, only=only) is None:
            return None
        from crm_desktop.sync.file_runner import FileRunner

        self._lanes.report(True, self._show_progress, owner=self)
        self._runner = FileRunner(
            queue, connect(), write=self._lanes.in_write_lane, announce=self._pass_on
        )
        return self._runner.run(only)

    def _pass_on(self, summary: Summary) -> None:
        self._lanes.report(summary, self._take_summary, owner=self)

    def _take_summary(self, summary: Summary) -> None:
        self._hub.announce(summary)
        self.changed.emit()
        if summary.outbox_changed:
            self.freed.emit()

    def _show_progress(self, _begun: bool) -> None:  # an outcome, not a choice
        self._look.start()
        self.changed.emit()

    def _take_run(self, done: Transferred | None) -> None:
        self._end(done.failure if done is not None else None)

    def _take_failure(self, error: CrmError) -> None:
        self._end(error)

    def _end(self, failure: CrmError | None) -> None:
        self._is_running, self._runner = False, None
        self._look.stop()
        self.changed.emit()
        if failure is not None:
            log.info("files: %s", type(failure).__name__)
            self._again.start()
        elif self._is_wanted:
            self.transfer()

    # -- inside

    def _read(self, sha256: str, work: Callable[[], T]) -> T:
        """Read a content; what proves to be gone or damaged is absent from then on, where a server
        has it."""
        from crm_desktop.models import file_states
        from crm_desktop.models.blobs import FileDamaged

        try:
            return work()
        except (FileDamaged, NotFound):
            with self._store.writing() as c:
                file_states.note_lost(c, sha256)
            raise

    def _write(
        self, job: Callable[[Store], object], owner: QObject,
        failed: Callable[[CrmError], None] | None = None,
    ) -> None:  # fmt: skip
        store = self._store
        self._lanes.write(
            lambda: job(store), self._written, owner=owner, failed=failed or self._tell
        )

    def _written(self, _done: object) -> None:
        self.changed.emit()
        self.transfer()

    def _attached(self, _summary: Summary) -> None:
        self.changed.emit()
        self.transfer()

    def _tell(self, error: CrmError) -> None:
        self.failed.emit(error)


def _fetching() -> Only:
    """What somebody asked for is fetched; what was attached rests."""
    from crm_desktop.models.file_queue import Only

    return Only.FETCH


def _want(store: Store, record_id: RecordId) -> None:
    from crm_desktop.models import attaching

    attaching.want(store, record_id)


def remove_opened(store: Store) -> None:
    """Remove the folder of opened files that an earlier run left. Raises Unavailable where one of
    them is still open; it is tried again at the next start."""
    kept = store.meta(OPENED)
    if not kept:
        return
    folder = Path(kept)
    if folder.name.startswith("crm-desktop-open-") and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.lexists(folder):
            raise Unavailable(tr_noop("An opened file is still in use; it will be removed later."))
    with suppress(CrmError):
        store.set_meta(OPENED, None)
