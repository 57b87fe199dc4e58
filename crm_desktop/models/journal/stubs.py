"""Labels of parents out of sight, as the server tells them: kept while something in sight hangs
below such a parent, in no index and no export (adr/0044)."""

from __future__ import annotations

from crm_core.catalog import CATALOG
from crm_core.wire import Deleted, Stubs
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.meta import set_meta
from crm_desktop.models.sql import blob, id_of, is_blob_link, layout, quoted

META_STUBS = "sync.stubs"
"""Whether all labels are here: a pull that brings them all is under way, or was once."""

UNDER_WAY, HERE = "under way", "here"


def take(receipt: Receipt, stubs: Stubs) -> None:
    """Keep labels, and drop those that there are no more."""
    c = receipt.c
    if stubs.whole:
        c.run("DELETE FROM stub")
        set_meta(c, META_STUBS, UNDER_WAY)
    for record_id, label in stubs.labels.items():
        c.run("DELETE FROM stub WHERE kind = ? AND id = ?", (stubs.kind, blob(record_id)))
        if label:
            sql = "INSERT INTO stub (kind, id, label) VALUES (?, ?, ?)"
            c.run(sql, (stubs.kind, blob(record_id), label))


def forget(c: Connection, deleted: Deleted) -> None:
    """What was deleted has no label, also where it was never in sight while it lived."""
    gone = [(deleted.kind, blob(one.id)) for one in deleted.rows]
    c.many("DELETE FROM stub WHERE kind = ? AND id = ?", gone)


def end_pull(c: Connection) -> None:
    """A pull has come to its end: what it brought is whole, and own work that kept a label may
    have been settled, or given up since the last one."""
    c.run("UPDATE meta SET value = ? WHERE name = ? AND value = ?", (HERE, META_STUBS, UNDER_WAY))
    drop_unneeded(c)


def forget_all(c: Connection) -> None:
    """Everything is received anew, these too."""
    c.run("DELETE FROM stub")
    c.run("DELETE FROM meta WHERE name = ?", (META_STUBS,))


def drop_unneeded(c: Connection) -> None:
    """Drop the labels of parents that are in sight by now, or below which nothing in sight hangs
    any more."""
    if c.one("SELECT 1 FROM stub LIMIT 1") is None:
        return
    for kind, key in c.rows("SELECT kind, id FROM stub"):
        if not _is_hidden(c, kind, key) or not _has_children(c, kind, key):
            c.run("DELETE FROM stub WHERE kind = ? AND id = ?", (kind, key))


def _is_hidden(c: Connection, kind: str, key: bytes) -> bool:
    """Whether the server shows no such record; own work may stand there all the same."""
    if kind not in CATALOG:
        return False
    sql = f"SELECT 1 FROM {layout(kind).table} WHERE id = ? AND deleted = 0 AND seq > 0"
    return c.one(sql, (key,)) is None


_UP = tuple((kind, field) for kind, entity in CATALOG.items() for field in entity.root_links)


def _has_children(c: Connection, kind: str, key: bytes) -> bool:
    record_id = id_of(key)
    for child, field in _UP:
        link = field.link
        if link is None or link.target not in ("", kind):
            continue
        value = key if is_blob_link(field) else record_id if link.target else f"{kind}/{record_id}"
        sql = (
            f"SELECT 1 FROM {layout(child).table} WHERE {quoted(field.name)} = ? AND deleted = 0"
            " LIMIT 1"
        )
        if c.one(sql, (value,)) is not None:
            return True
    # Below own work lies the server's version, which may lead elsewhere.
    return c.one("SELECT 1 FROM shadow WHERE instr(body, ?) LIMIT 1", (record_id,)) is not None
