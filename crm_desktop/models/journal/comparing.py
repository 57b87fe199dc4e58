"""What this device holds, summed up by root, as the server sums up what it shows (adr/0042)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from crm_core.digest import (
    BUCKET_DIGITS,
    Digest,
    bucket_of,
    content_hash,
    ending_so,
    version_hash,
)
from crm_core.fields import Value, values_in
from crm_core.ids import RecordId
from crm_core.wire import Check, Sums, WireRow
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.journal import rows
from crm_desktop.models.sql import blob, from_json, id_of, layout, quoted

WHOLE_ID = 32
_ROOTS_AT_ONCE = 500
_ROW = msgspec.json.Decoder(WireRow)
_IDS = msgspec.json.Decoder(tuple[RecordId, ...])


@dataclass(frozen=True, slots=True)
class Version:
    """A server version held here; `body` where its content is compared."""

    kind: str
    id: RecordId
    seq: int
    roots: tuple[RecordId, ...]
    body: dict[str, Value] | None

    @property
    def hash(self) -> int:
        """40 bits of the version, or of its content."""
        if self.body is None:
            return version_hash(self.kind, self.id, self.seq)
        return content_hash(self.kind, self.id, self.seq, self.body)


def differing(c: Connection, said: Sums) -> tuple[str, ...]:
    """The buckets or roots of which this device holds something else than the server shows."""
    here = sums(c, said.check)
    there = {name: Digest(*digest) for name, digest in said.sums.items()}
    names = {*here, *there}
    return tuple(sorted(x for x in names if here.get(x, Digest()) != there.get(x, Digest())))


def sums(c: Connection, check: Check) -> dict[str, Digest]:
    """The digests of the server's versions held here, whatever own work lies above them."""
    endings = check.endings
    if endings and all(len(one) > BUCKET_DIGITS for one in endings):
        return _sums_of_few(c, check)
    held = _held(c)
    found: dict[str, Digest] = {}
    for version in versions(c, (), content=check.content):
        # What lies below no root that is held must show as well: it counts wherever it says.
        roots = held.intersection(version.roots) or version.roots
        digest = Digest(1, version.hash)
        for root in roots:
            if not endings or root.endswith(endings):
                name = root if endings else bucket_of(root)
                found[name] = found.get(name, Digest()) + digest
    return found


def _sums_of_few(c: Connection, check: Check) -> dict[str, Digest]:
    """The digests of single roots, or of those held that end so: only what lies there is read."""
    endings = check.endings
    if all(len(one) == WHOLE_ID for one in endings):
        wanted = [RecordId(one) for one in endings]
    else:
        wanted = sorted(ending_so(_held(c), endings))
    found: dict[str, Digest] = {}
    for start in range(0, len(wanted), _ROOTS_AT_ONCE):
        some = wanted[start : start + _ROOTS_AT_ONCE]
        only, held = frozenset(some), _held(c, some)
        for version in versions(c, some, content=check.content):
            for root in only.intersection(version.roots):
                if root in held or not _held(c, version.roots):
                    found[root] = found.get(root, Digest()) + Digest(1, version.hash)
    return found


def _held(c: Connection, among: Sequence[RecordId] = ()) -> frozenset[RecordId]:
    """The roots in sight: all of them, which may be very many, or those among a few."""
    keys = [blob(root) for root in among]
    narrowed = f" WHERE id IN ({','.join('?' * len(keys))})" if keys else ""
    return frozenset(id_of(key) for (key,) in c.rows(f"SELECT id FROM root{narrowed}", keys))


def versions(c: Connection, roots: Sequence[RecordId], *, content: bool) -> Iterator[Version]:
    """Every server version held, or those below some roots; with its body where that is asked."""
    for kind in rows.filled(c):
        yield from _of_kind(c, kind, roots, content=content)
    for kind, key, item in c.rows("SELECT kind, id, item FROM quarantine"):
        row = _ROW.decode(item)
        body = row.body if content else None
        yield Version(kind, id_of(key), row.seq, row.roots or (row.id,), body)
    for kind, key, seq, named, body in c.rows(
        "SELECT kind, id, seq, roots, body FROM unknown_kind"
    ):
        record_id = id_of(key)
        kept = values_in(body) if content else None
        yield Version(kind, record_id, seq, _IDS.decode(named) or (record_id,), kept)


def _of_kind(
    c: Connection, kind: str, roots: Sequence[RecordId], *, content: bool
) -> Iterator[Version]:
    table = layout(kind)
    fields = "".join(f", t.{quoted(name)}" for name in table.fields)
    columns = f", s.body, t.extra{fields}" if content else ""
    below, keys = ("", ()) if not roots else _below(kind, roots)
    more: dict[bytes, list[RecordId]] = {}
    for key, root in c.rows("SELECT id, root FROM extra_root WHERE kind = ?", (kind,)):
        more.setdefault(key, []).append(id_of(root))
    found = c.stream(
        f"SELECT t.id, coalesce(s.seq, t.seq), t.root{columns} FROM {table.table} t"
        " LEFT JOIN shadow s ON s.kind = ? AND s.id = t.id WHERE t.deleted <> 2"
        f" AND coalesce(s.deleted, t.deleted) = 0 AND coalesce(s.seq, t.seq) > 0{below}",
        (kind, *keys),
    )
    for row in found:
        record_id = id_of(row[0])
        first = record_id if row[2] is None else id_of(row[2])
        named = (first, *more.get(row[0], ()))
        yield Version(kind, record_id, row[1], named, _body(kind, row) if content else None)


def _body(kind: str, row: SqlRow) -> dict[str, Value]:
    """The server's values: of the version kept aside, else of the row."""
    shadow, extra, *columns = row[3:]
    if shadow is None:
        return layout(kind).values(columns, extra)
    body = from_json(shadow)
    assert isinstance(body, dict)
    return body


def _below(kind: str, roots: Iterable[RecordId]) -> tuple[str, tuple[str | bytes, ...]]:
    keys = [blob(root) for root in roots]
    places = ",".join("?" * len(keys))
    return (
        f" AND (t.root IN ({places}) OR (t.id IN ({places}) AND t.root IS NULL) OR t.id IN"
        f" (SELECT id FROM extra_root WHERE kind = ? AND root IN ({places})))",
        (*keys, *keys, kind, *keys),
    )
