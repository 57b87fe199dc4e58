"""An account's timeline: what was said, visited, complained of and ordered, the newest first."""

from __future__ import annotations

import heapq
from itertools import islice

import msgspec

from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection, SqlRow, SqlValue
from crm_desktop.models.sql import blob, id_of

PAGE_ENTRIES = 50


class Place(msgspec.Struct, frozen=True):
    """Where an entry stands in its timeline; comparing two tells which is newer."""

    at: str
    kind: str
    rid: int

    @property
    def order(self) -> tuple[str, str, int]:
        """What entries are sorted by."""
        return self.at, self.kind, self.rid


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened. `code` says more of its sort: the medium of an interaction, the
    state of a visit or complaint; `more` a second line or an order's total."""

    kind: str
    id: RecordId
    place: Place
    code: str
    title: str
    more: str
    pending: bool

    @property
    def at(self) -> str:
        """When: an instant, or a day for an order."""
        return self.place.at


class Timeline(msgspec.Struct, frozen=True):
    """A page of a timeline; `more`: there are older entries."""

    entries: tuple[Entry, ...]
    more: bool


class _Part(msgspec.Struct, frozen=True):
    """One kind's part: how its rows are read."""

    kind: str
    at: str
    columns: str
    only: str = ""


_PARTS = (
    _Part(
        "interaction",
        "at",
        "medium, subject, coalesce(content, '')",
        # A visit tells itself; its account in seven dimensions would say it twice.
        " AND NOT EXISTS (SELECT 1 FROM visit v WHERE v.id = t.visit AND v.deleted = 0)",
    ),
    _Part(
        "visit",
        "coalesce(actual_start, planned_start)",
        "state, objectives, coalesce(result, reason, '')",
        " AND t.state NOT IN ('draft', 'planned', 'confirmed')",
    ),
    _Part(
        "complaint",
        "received_at",
        "state, coalesce(number, provisional_number, '') || char(10) || coalesce(subject, ''), ''",
    ),
    _Part("order", "ordered_on", "'', number, total"),
)


def timeline(
    c: Connection, account: RecordId, *, before: Place | None = None, limit: int = PAGE_ENTRIES
) -> Timeline:
    """A page of an account's timeline; `before` is the place of the last entry already shown."""
    parts = [_read(c, part, account, before, limit + 1) for part in _PARTS]
    newest = heapq.merge(*parts, key=lambda entry: entry.place.order, reverse=True)
    found = list(islice(newest, limit + 1))
    return Timeline(tuple(found[:limit]), len(found) > limit)


def count_entries(c: Connection, account: RecordId) -> int:
    """How many entries the whole timeline has."""
    total = 0
    for part in _PARTS:
        total += c.value(
            f'SELECT count(*) FROM "{part.kind}" t WHERE account = ? AND deleted = 0'
            f" AND {part.at} IS NOT NULL{part.only}",
            (blob(account),),
        )
    return total


def _read(
    c: Connection, part: _Part, account: RecordId, before: Place | None, limit: int
) -> list[Entry]:
    condition, parameters = _older(part, before)
    found = c.rows(
        f"SELECT t.rid, t.id, {part.at}, {part.columns},"
        " EXISTS (SELECT 1 FROM shadow s WHERE s.kind = ? AND s.id = t.id)"
        f' FROM "{part.kind}" t WHERE t.account = ? AND t.deleted = 0 AND {part.at} IS NOT NULL'
        f"{part.only}{condition} ORDER BY 3 DESC, 1 DESC LIMIT ?",
        (part.kind, blob(account), *parameters, limit),
    )
    return [_entry(part.kind, row) for row in found]


def _older(part: _Part, before: Place | None) -> tuple[str, tuple[SqlValue, ...]]:
    if before is None:
        return "", ()
    if part.kind < before.kind:
        return f" AND {part.at} <= ?", (before.at,)
    if part.kind > before.kind:
        return f" AND {part.at} < ?", (before.at,)
    return (
        f" AND ({part.at} < ? OR ({part.at} = ? AND t.rid < ?))",
        (before.at, before.at, before.rid),
    )


def _entry(kind: str, row: SqlRow) -> Entry:
    rid, record_id, at, code, title, more, pending = row
    return Entry(
        kind, id_of(record_id), Place(at, kind, rid), code or "", title or "", more or "",
        bool(pending),
    )  # fmt: skip
