"""A second database file, in which everything is fetched while people work in the first; at the end
it takes the first one's place (adr/0043)."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from crm_core.catalog import CATALOG
from crm_core.errors import Bug, CrmError, Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.models import arriving, created, indexes
from crm_desktop.models.connection import LATER, SAFE, Connection, transaction
from crm_desktop.models.journal.carrying import carry_over
from crm_desktop.models.journal.deciding import resend_to_newer
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.meta import set_meta
from crm_desktop.models.outbox import Outbox, sync_state
from crm_desktop.models.replica import Summary, SyncState
from crm_desktop.models.store import Store

log = logging.getLogger(__name__)

META_CARRIED = "sync.carried"
"""Own work was moved into this file: it is in use from then on, or of no use any more."""

ARRIVING_KIB, INDEXING_KIB = 12 * 1024, 4 * 1024
"""Page cache while rows arrive, in no order of their ids below their roots; and while all of them
are read through for an index, whose keys lie in memory until they are sorted."""

_LOCKED_OUT = "ALTER TABLE changeset RENAME TO changeset_left_behind"
"""Another program that still has the former file open can write no work into it."""


class Files(Protocol):
    """The files of one profile (`crm_desktop.beside`)."""

    def named(self) -> Path | None:
        """The second file, if one was begun; never the one in use."""
        ...

    def begin(self) -> Path:
        """Note durably which file is about to be made, and name it."""
        ...

    def forget(self) -> None:
        """Throw the second file away."""
        ...

    def in_use(self) -> Path:
        """The file in use."""
        ...

    def use(self, path: Path) -> None:
        """Make the second file the one in use, in one step that a crash cannot cut in two."""
        ...

    def remove(self, name: str) -> bool:
        """Remove a former file; False where it cannot be removed yet."""
        ...


class SecondFile:
    """Implements the engine's `SecondStore` for a profile. One run at a time uses it."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files
        self._second: Store | None = None
        self._missing: list[str] | None = None

    def open(self) -> SyncState:
        """Go on with the file begun earlier, or begin one. What is damaged, or was fetched for
        another history or by another version, is thrown away."""
        self.close()
        path = self._files.named()
        self._second = self._reopened(path) if path is not None else None
        if self._second is None:
            self._files.forget()
            self._second = self._created()
        self._second.safety = LATER
        self._second.write.keep_in_memory(ARRIVING_KIB)
        return sync_state(self._second.write)

    @property
    def outbox(self) -> Outbox:
        """The second file as a store that can be pulled into."""
        return Outbox(self._opened())

    def index(self) -> bool:
        """Make one of the indexes that it was filled without; whether one was missing."""
        store = self._opened()
        if self._missing is None:
            self._missing = indexes.missing(store.write)
        if self._missing:
            store.write.keep_in_memory(INDEXING_KIB)
            with store.writing() as c:
                c.run(self._missing[0])
            del self._missing[0]
            return True
        store.write.keep_in_memory(ARRIVING_KIB)  # own work is carried over next
        store.checkpoint()  # here, and not while everybody waits for the swap
        return False

    def swap(self) -> Summary:
        """Carry over what is of this device alone, and go on in the second file: everything or
        nothing. Called where nobody else writes."""
        new, old = self._opened(), self._store
        with old.exclusive() as former:
            former.run("BEGIN IMMEDIATE")
            try:
                self._carry(former, new)
                self._files.use(new.path)
                with suppress(CrmError):
                    former.run(_LOCKED_OUT)
                    former.run("COMMIT")
            finally:
                if former.in_transaction:
                    former.run("ROLLBACK")
            old.move_to(new.path)
        self.close()
        return Summary(kinds_reset=frozenset(CATALOG), conflicts_changed=True, outbox_changed=True)

    def _carry(self, former: Connection, new: Store) -> None:
        if self._files.in_use() != self._store.path:
            raise Unavailable(
                tr_noop("'{path}' is in use by another program; close it and try again."),
                path=str(self._store.path),
            )
        new.write.commit_when(SAFE)
        with transaction(new.write):
            c = new.write
            receipt = Receipt(c, self._store.now())
            carry_over(former, receipt)
            receipt.close()
            if sync_state(c).schema > sync_state(former).schema:
                resend_to_newer(c, self._store)
            set_meta(c, META_CARRIED, "1")
            set_meta(c, arriving.META_FORMER, self._store.path.name)

    def drop(self) -> None:
        """Throw the second file away."""
        self.close()
        self._files.forget()

    def remove_former(self) -> None:
        """Remove the file whose place the one in use took, with all that it held."""
        name = self._store.meta(arriving.META_FORMER)
        if name and self._files.remove(name):
            self._store.set_meta(arriving.META_FORMER, None)

    def close(self) -> None:
        """Let go of the second file; what is in it stays."""
        second, self._second = self._second, None
        self._missing = None
        if second is not None:
            second.close()

    def _opened(self) -> Store:
        if self._second is None:
            raise Bug(tr_noop("No second file is open."))
        return self._second

    def _created(self) -> Store:
        first = self._store
        path = self._files.begin()
        made = Store.create(
            path, first.key, first.identity, clock=first.clock, new_id=first.new_id, indexed=False
        )
        path.chmod(0o600)
        return made

    def _reopened(self, path: Path) -> Store | None:
        if not path.exists():
            return None
        try:
            return self._fitting(path)
        except (UserProblem, Bug) as problem:
            log.warning("second file: %s is thrown away: %s", path.name, problem)
            return None

    def _fitting(self, path: Path) -> Store | None:
        first = self._store
        write = Connection(path, first.key)
        try:
            fits = self._fits(write)
        finally:
            write.close()
        return Store.open(path, first.key, clock=first.clock, new_id=first.new_id) if fits else None

    def _fits(self, c: Connection) -> bool:
        """Whether what was fetched so far can be gone on with."""
        if c.value("PRAGMA user_version") != created.VERSION:
            return False
        if c.one("SELECT 1 FROM meta WHERE name = ?", (META_CARRIED,)) is not None:
            return False
        epoch = sync_state(c).epoch
        with self._store.reader() as first:
            return not epoch or epoch == sync_state(first).epoch
