"""A consistent copy of the open file, and a check of all that can be checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crm_core.catalog import CATALOG
from crm_core.digest import Digest
from crm_core.errors import CrmError, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.rows import recount
from crm_desktop.models.journal.settling import parked
from crm_desktop.models.replica import Parked
from crm_desktop.models.sql import layout
from crm_desktop.models.store import Store

PAGES_AT_ONCE = 2_000
"""Pages copied before others may write again."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; `integrity` and `cipher` are empty where all is well."""

    integrity: tuple[str, ...]
    cipher: tuple[str, ...]
    digest_agrees: bool
    rows: int
    held: Digest
    parked: Parked

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong with the file."""
        return not self.integrity and not self.cipher and self.digest_agrees


def backup(store: Store, out: Path) -> None:
    """Write a consistent copy under the same key. Raises UserProblem where `out` exists."""
    with store.reader() as c:
        c.run("ROLLBACK")
        copy_to(c, out, store.key)


def copy_to(c: Connection, out: Path, key: bytes) -> None:
    """Copy the file that a connection has open, encrypted from the first byte; a copy cut short
    leaves nothing behind."""
    if out.exists():
        raise UserProblem(tr_noop("'{path}' exists already."), path=str(out))
    part = out.with_name(f"{out.name}.part")
    part.unlink(missing_ok=True)
    target = Connection(part, key)
    try:
        c.copy_into(target, PAGES_AT_ONCE)
        target.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        target.rows("PRAGMA journal_mode=DELETE")
    except BaseException:
        target.close()
        part.unlink(missing_ok=True)
        raise
    target.close()
    part.replace(out)


def check(store: Store) -> Report:
    """Look at every page and count every row; takes seconds for a large file."""
    integrity, cipher = check_pages(store)
    if integrity or cipher:
        # Counting would stop at the first page that cannot be read.
        return Report(
            integrity, cipher, digest_agrees=False, rows=0, held=Digest(), parked=Parked()
        )
    with store.reader() as c:
        counted = recount(c)
        kept = Digest(*(c.one("SELECT count, total FROM sync_state") or (0, 0)))
        rows = sum(
            int(c.value(f"SELECT count(*) FROM {layout(kind).table} WHERE deleted = 0"))
            for kind in CATALOG
        )
        waiting = parked(c, store.identity.user)
    return Report(integrity, cipher, counted == kept, rows, counted, waiting)


def check_pages(store: Store) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wrong with the file's structure, and with the seals of its pages: nothing, if it is
    well. A page whose seal is broken cannot be read, so that the first may come as an error."""
    with store.reader() as c:
        cipher = tuple(str(row[0]) for row in c.rows("PRAGMA cipher_integrity_check"))
        try:
            found = tuple(str(row[0]) for row in c.rows("PRAGMA integrity_check"))
        except CrmError as error:
            return (str(error),), cipher
    return (() if found == ("ok",) else found), cipher
