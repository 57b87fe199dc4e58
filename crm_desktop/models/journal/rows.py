"""Reading and writing single rows of the entities' tables, with what hangs on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from crm_core.catalog import CATALOG
from crm_core.digest import Digest, of_version
from crm_core.errors import NotFound
from crm_core.fields import Value
from crm_core.i18n import Message, tr_noop
from crm_core.ids import RecordId
from crm_core.scope import parse_target
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import (
    DELETED,
    HIDDEN,
    LIVE,
    blob,
    from_json,
    id_of,
    layout,
    split,
    to_json,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as it stands. `root` None: the record is its own only root."""

    rid: int
    id: RecordId
    seq: int
    root: bytes | None
    deleted: int
    values: dict[str, Value]

    @property
    def is_live(self) -> bool:
        """Whether the row is neither deleted nor out of sight."""
        return self.deleted == LIVE


def fetch(c: Connection, kind: str, record_id: RecordId) -> Stored | None:
    """The row of a record, deleted and hidden ones too."""
    table = layout(kind)
    row = c.one(f"{table.select} WHERE id = ?", (blob(record_id),))
    if row is None:
        return None
    system, fields = split(row)
    values = table.values(fields, system[5])
    return Stored(system[0], id_of(system[1]), system[2], system[3], system[4], values)


def fetch_live(c: Connection, kind: str, record_id: RecordId) -> Stored:
    """A record that is here and not deleted; raises NotFound."""
    row = fetch(c, kind, record_id)
    if row is None or not row.is_live:
        raise NotFound(
            tr_noop("There is no '{kind}' with the id {id} here."),
            kind=Message(CATALOG[kind].label), id=record_id[:60],
        )  # fmt: skip
    return row


def put(
    c: Connection, kind: str, record_id: RecordId, version: tuple[int, bytes | None, int],
    values: Mapping[str, Value],
) -> None:  # fmt: skip
    """Write a row whole; `version` is its seq, root and `deleted`."""
    table = layout(kind)
    columns, extra = table.stored(values)
    c.run(table.upsert, (blob(record_id), *version, extra, *columns))


def erase(c: Connection, kind: str, ids: Iterable[bytes]) -> None:
    """Take rows out of the file."""
    keys = [(record_id,) for record_id in ids]
    c.many(f"DELETE FROM {layout(kind).table} WHERE id = ?", keys)
    # A rid may be given again: the row that gets it must not pass for an indexed one.
    c.run(
        "UPDATE search_kind SET indexed = min(indexed, coalesce((SELECT max(rid) FROM"
        f" {layout(kind).table}), 0)) WHERE kind = ?",
        (kind,),
    )
    pairs = [(kind, key) for (key,) in keys]
    c.many("DELETE FROM extra_root WHERE kind = ? AND id = ?", pairs)
    c.many("DELETE FROM hidden WHERE kind = ? AND id = ?", pairs)
    c.many("DELETE FROM shadow WHERE kind = ? AND id = ?", pairs)


def hide(c: Connection, kind: str, rid: int, record_id: RecordId, at: str) -> None:
    """Make a row unreadable at once; it is erased later."""
    c.run(f"UPDATE {layout(kind).table} SET deleted = 2 WHERE rid = ?", (rid,))
    c.run(
        "INSERT OR REPLACE INTO hidden (kind, id, at) VALUES (?, ?, ?)",
        (kind, blob(record_id), at),
    )
    mark_for_search(c, kind, (rid,))


def local_root(c: Connection, kind: str, values: Mapping[str, Value]) -> bytes | None:
    """The root of a record that the server does not know yet, by its links upwards."""
    for field in CATALOG[kind].root_links:
        target = parse_target(field.link.target if field.link else "", values.get(field.name))
        if target is not None and target[0] in CATALOG:
            row = c.one(
                f"SELECT id, root FROM {layout(target[0]).table} WHERE id = ?", (blob(target[1]),)
            )
            if row is not None:
                return row[1] or row[0]
    return None


# Shadows: the server's version of rows that show something else


@dataclass(frozen=True, slots=True)
class Shadow:
    """The server's version of a row with own work on top; `body` None: it has none."""

    seq: int
    deleted: bool
    body: dict[str, Value] | None


def shadow_of(c: Connection, kind: str, record_id: RecordId) -> Shadow | None:
    """The server's version kept aside, if the row shows something else."""
    row = c.one(
        "SELECT seq, deleted, body FROM shadow WHERE kind = ? AND id = ?", (kind, blob(record_id))
    )
    if row is None:
        return None
    body = from_json(row[2]) if row[2] is not None else None
    assert body is None or isinstance(body, dict)
    return Shadow(row[0], bool(row[1]), None if body is None else {**layout(kind).blank, **body})


def set_shadow(c: Connection, kind: str, record_id: RecordId, shadow: Shadow) -> None:
    """Keep or replace the server's version of a row; what is empty takes no room."""
    body = None
    if shadow.body is not None:
        blank = layout(kind).blank
        kept = {x: value for x, value in shadow.body.items() if value is not None or x not in blank}
        body = to_json(kept)
    c.run(
        "INSERT INTO shadow (kind, id, seq, deleted, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT"
        " DO UPDATE SET seq=excluded.seq, deleted=excluded.deleted, body=excluded.body",
        (kind, blob(record_id), shadow.seq, int(shadow.deleted), body),
    )


def keep_shadow(c: Connection, kind: str, record_id: RecordId) -> None:
    """Copy the server's version aside before the first own change to a row."""
    found = c.one("SELECT 1 FROM shadow WHERE kind = ? AND id = ?", (kind, blob(record_id)))
    if found is not None:
        return
    row = fetch(c, kind, record_id)
    if row is None:
        set_shadow(c, kind, record_id, Shadow(0, False, None))
    else:
        set_shadow(c, kind, record_id, Shadow(row.seq, row.deleted == DELETED, row.values))


def server_version(c: Connection, kind: str, record_id: RecordId) -> Shadow | None:
    """What the server had when it was last heard: the shadow, else the row itself."""
    shadow = shadow_of(c, kind, record_id)
    if shadow is not None:
        return shadow if shadow.body is not None else None
    row = fetch(c, kind, record_id)
    if row is None or row.deleted == HIDDEN:
        return None
    return Shadow(row.seq, row.deleted == DELETED, row.values)


# The digest and the search index follow


def add_digest(c: Connection, change: Digest) -> None:
    """Add to the running count and sum of the server versions held."""
    if change.count or change.total:
        c.run(
            "UPDATE sync_state SET count = count + ?, total = total + ?",
            (change.count, change.total),
        )


def kept_digest(c: Connection) -> Digest:
    """The running digest."""
    return Digest(*(c.one("SELECT count, total FROM sync_state") or (0, 0)))


@cache
def _filled_sql() -> str:
    return " UNION ALL ".join(
        f"SELECT '{kind}' WHERE EXISTS (SELECT 1 FROM {layout(kind).table})" for kind in CATALOG
    )


def filled(c: Connection) -> list[str]:
    """The kinds of which any row lies here, in the catalog's order."""
    return [kind for (kind,) in c.rows(_filled_sql())]


def recount(c: Connection) -> Digest:
    """The digest of everything held, counted anew (doctor; the running one is kept by `apply`)."""
    found = Digest()
    for kind in filled(c):
        table = layout(kind).table
        live = (
            f"SELECT t.id, coalesce(s.seq, t.seq) FROM {table} t"
            " LEFT JOIN shadow s ON s.kind = ? AND s.id = t.id"
            " WHERE t.deleted <> 2 AND coalesce(s.deleted, t.deleted) = 0"
            " AND coalesce(s.seq, t.seq) > 0"
        )
        for record_id, seq in c.stream(live, (kind,)):
            found += of_version(kind, id_of(record_id), seq)
    for table in ("quarantine", "unknown_kind"):
        for kind, record_id, seq in c.rows(f"SELECT kind, id, seq FROM {table}"):
            found += of_version(kind, id_of(record_id), seq)
    return found


def mark_for_search(c: Connection, kind: str, rids: Sequence[int]) -> None:
    """Note rows whose words must be indexed anew; new ones are found by the high-water mark."""
    c.many(
        "INSERT OR IGNORE INTO search_dirty (kind, rid) VALUES (?, ?)",
        [(kind, rid) for rid in rids],
    )
