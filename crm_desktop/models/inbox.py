"""What waits for a decision: conflicts, refused and blocked work, orphans, quarantine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_core.fields import Value, values_in
from crm_core.ids import SYSTEM, ChangeSetId, RecordId
from crm_core.merge import DELETED, Why
from crm_core.values import instant_of
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.journal import offering
from crm_desktop.models.journal.deciding import (
    Fixes,
    WayBack,
    discard,
    discard_for_now,
    keep_as_draft,
    resend,
    set_aside,
    take_discard_back,
)
from crm_desktop.models.journal.following import SENT
from crm_desktop.models.journal.offering import can_offer, offer
from crm_desktop.models.journal.rebase import WHOLE, refusals_in
from crm_desktop.models.journal.resolving import resolve, resolve_all
from crm_desktop.models.journal.retrying import next_try
from crm_desktop.models.journal.rows import fetch, server_version
from crm_desktop.models.queue import QueueRow, queue
from crm_desktop.models.sql import from_json, id_of
from crm_desktop.models.verdicts import parts_of

__all__ = [
    "ConflictRow",
    "Fixes",
    "ParkedValue",
    "QuarantineRow",
    "QueueRow",
    "SalvageRow",
    "StuckRow",
    "WayBack",
    "asks",
    "can_offer",
    "conflicts",
    "decided",
    "discard",
    "discard_for_now",
    "keep_as_draft",
    "offer",
    "quarantined",
    "queue",
    "resend",
    "resolve",
    "resolve_all",
    "salvaged",
    "set_aside",
    "shown_here",
    "stuck",
    "take_discard_back",
]


@dataclass(frozen=True, slots=True)
class ParkedValue:
    """A value that lost, and whose it is. `stood`: it was in force until the decision."""

    value: Value
    author: RecordId
    device: str
    at: str
    cs_id: str = ""
    stood: bool = False


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """Two decisions about one field (or group; or `deleted`). `current` is what all copies show;
    for a group it and the parked values are dicts of the members. `owner`: who has the record."""

    id: RecordId
    kind: str
    record: RecordId
    title: str
    field: str
    why: str
    base: Value
    current: Value
    current_by: RecordId | None
    current_at: str
    parked: tuple[ParkedValue, ...]
    state: str
    seq: int
    deleted: bool
    arrived_at: str = ""
    resolution: Value = None
    resolved_by: RecordId | None = None
    resolved_at: str = ""
    owner: RecordId | None = None


@dataclass(frozen=True, slots=True)
class StuckRow:
    """Own work that the server did not take. `field` "" stands for the whole change; `mine` and
    `base` are the values by field."""

    cs_id: ChangeSetId
    state: str
    label: str
    at: str
    kind: str
    record: RecordId
    title: str
    code: str
    params: Mapping[str, str]
    field: str
    mine: Mapping[str, Value]
    base: Mapping[str, Value]
    op: Op = Op.SET


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A record that came and could not be taken; it is tried again when it next changes, by itself
    at `next_try` and whenever a person asks."""

    kind: str
    id: RecordId
    detail: str
    at: str
    next_try: str = ""


@dataclass(frozen=True, slots=True)
class SalvageRow:
    """A version that somebody else wrote and a restored server no longer has: for IT."""

    kind: str
    id: RecordId
    title: str
    values: Mapping[str, Value]
    at: str


_CONFLICTS = (
    "SELECT id, seq, record, field, why, base, parked, coalesce(state, 'open'), created_at,"
    " resolution, resolved_by, updated_at, (SELECT a.owner FROM account a"
    " WHERE a.id = conflict.root AND a.deleted = 0) FROM conflict"
)


def conflicts(c: Connection, state: str = "open") -> tuple[ConflictRow, ...]:
    """Conflicts in a state ("" for all), the newest first."""
    rows = c.rows(
        f"{_CONFLICTS} WHERE deleted = 0 AND (coalesce(state, 'open') = ? OR ? = '')"
        " ORDER BY rid DESC",
        (state, state),
    )
    return tuple(_conflict(c, row) for row in rows)


def decided(c: Connection, limit: int) -> tuple[ConflictRow, ...]:
    """Conflicts that were decided, the latest decision first."""
    rows = c.rows(
        f"{_CONFLICTS} WHERE deleted = 0 AND state = 'resolved' ORDER BY updated_at DESC LIMIT ?",
        (limit,),
    )
    return tuple(_conflict(c, row) for row in rows)


def _conflict(c: Connection, row: SqlRow) -> ConflictRow:
    conflict_id, seq, link, field, why, base, parked, state = row[:8]
    arrived_at, resolution, resolved_by, resolved_at, owner = row[8:]
    kind, _, record = (link or "").partition("/")
    stored = fetch(c, kind, RecordId(record)) if kind in CATALOG else None
    name = (
        CATALOG[kind].name_of(stored.values if stored is not None else {})
        if kind in CATALOG
        else ""
    )
    # What this user typed since is laid over the row; the other side is what the server has.
    agreed = server_version(c, kind, RecordId(record)) if kind in CATALOG else None
    values: Mapping[str, Value] = (agreed.body or {}) if agreed is not None else {}
    by = values.get("updated_by")
    gone = agreed is None or agreed.deleted
    values_parked = _parked(parked)
    if state == "resolved" and resolved_by is None:  # the server has not heard of the decision yet
        resolved_at = _decided_here_at(c, conflict_id) or resolved_at
        stands = _current(kind, field or "", values, gone=gone)
        values_parked = (*values_parked, _standing(stands, values, by))
    return ConflictRow(
        id_of(conflict_id), kind, RecordId(record), name, field or "", why or "",
        from_json(base) if base else None, _current(kind, field or "", values, gone=gone),
        RecordId(by) if isinstance(by, str) else None, str(values.get("updated_at") or ""),
        values_parked, state, seq, gone,
        arrived_at or "", from_json(resolution) if resolution else None,
        id_of(resolved_by) if resolved_by else None, resolved_at or "",
        id_of(owner) if owner else None,
    )  # fmt: skip


def _standing(stands: Value, values: Mapping[str, Value], by: Value) -> ParkedValue:
    """What the server will keep beside the parked values, as far as it is known here."""
    author = RecordId(by) if isinstance(by, str) else RecordId("")
    return ParkedValue(stands, author, "", str(values.get("updated_at") or ""), stood=True)


def _decided_here_at(c: Connection, conflict_id: bytes) -> str | None:
    return c.value(
        "SELECT s.at FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = 'conflict'"
        " AND o.id = ? AND o.new ->> 'state' = 'resolved' AND s.state <> 'discarded'"
        " ORDER BY s.n DESC LIMIT 1",
        (conflict_id,),
    )


def asks(row: ConflictRow, user: str) -> bool:
    """Whether a conflict waits for this user: for the authors of what is parked, and where IT wrote
    it, or work was handed over, for whoever has its record."""
    has_it = row.owner in (None, user)
    if row.why == Why.HANDOVER:
        return has_it
    return any(x.author == user or (x.author == SYSTEM and has_it) for x in row.parked)


def shown_here(c: Connection, row: ConflictRow) -> Value:
    """What this user sees in the contested field: the agreed value with his own work on top."""
    stored = fetch(c, row.kind, row.record)
    values = stored.values if stored is not None else {}
    return _current(row.kind, row.field, values, gone=stored is None or not stored.is_live)


def _current(kind: str, field: str, values: Mapping[str, Value], *, gone: bool) -> Value:
    if field == DELETED:
        return gone
    members = CATALOG[kind].groups.get(field) if kind in CATALOG else None
    if members is not None:
        return {member: values.get(member) for member in members}
    return values.get(field)


def _parked(stored: str | None) -> tuple[ParkedValue, ...]:
    listed = from_json(stored) if stored else []
    entries = listed if isinstance(listed, list) else []
    return tuple(
        ParkedValue(
            entry.get("value"), RecordId(str(entry.get("author") or "")),
            str(entry.get("device") or ""), str(entry.get("authored_at") or ""),
            str(entry.get("cs_id") or ""), entry.get("stood") is True,
        )
        for entry in entries
        if isinstance(entry, dict)
    )  # fmt: skip


_STUCK_IN = "('rejected', 'blocked', 'held', 'orphaned', 'offered')"


def stuck(c: Connection) -> tuple[StuckRow, ...]:
    """Own work that was rejected, is blocked, held, orphaned or offered to whoever has its record
    now, the newest first."""
    rows = c.rows(
        "SELECT s.id, s.state, s.label, s.at, s.verdict, o.kind, o.id, o.op, o.new, o.old,"
        " o.refused, o.i FROM op o JOIN changeset s ON s.n = o.cs"
        f" WHERE {SENT} AND (s.state IN {_STUCK_IN}"
        " OR (s.state IN ('acked', 'confirmed') AND o.refused IS NOT NULL)) ORDER BY s.n DESC, o.i"
    )
    return tuple(found for row in rows for found in _stuck(c, row))


def _stuck(c: Connection, row: SqlRow) -> Iterator[StuckRow]:
    cs_id, state, label, at, verdict, kind, key, op, new, old, refused, _ = row
    record = id_of(key)
    reasons = refusals_in(refused)
    if not reasons:
        reasons = {WHOLE: _reason(state, verdict)}
    mine, base = values_in(new), values_in(old)
    title = _stuck_title(c, kind, key)
    shown = "rejected" if state in ("acked", "confirmed") else state
    for field, (code, params) in reasons.items():
        named = {field} if field in mine else set(mine)
        yield StuckRow(
            ChangeSetId(cs_id.hex()), shown, label, at, kind, record, title, code, params, field,
            {name: mine[name] for name in named}, {name: base.get(name) for name in named},
            Op(op),
        )  # fmt: skip


def _reason(state: str, verdict: str | None) -> tuple[str, dict[str, str]]:
    """Why a whole changeset lies here, where its change itself was not the reason."""
    if state == "blocked":
        return "record.above_refused", {}
    parts = parts_of(verdict)
    if state in ("orphaned", "offered"):
        is_refused = any(part.code == offering.REFUSED for part in parts)
        return (offering.REFUSED if is_refused else "record.not_found"), {}
    found = next((part for part in parts if part.code), None)
    return (found.code, found.params) if found is not None else ("atomic.part", {})


def _stuck_title(c: Connection, kind: str, key: bytes) -> str:
    kept = c.value(
        "SELECT title FROM orphan WHERE kind = ? AND id = ? ORDER BY n DESC", (kind, key)
    )
    if kept is not None:
        return str(kept)
    row = fetch(c, kind, id_of(key)) if kind in CATALOG else None
    return CATALOG[kind].name_of(row.values) if row is not None else ""


def quarantined(c: Connection) -> tuple[QuarantineRow, ...]:
    """Records that could not be taken."""
    rows = c.rows("SELECT kind, id, reason, at, tries FROM quarantine ORDER BY at DESC")
    return tuple(
        QuarantineRow(kind, id_of(key), reason, at, instant_of(next_try(at, tries)))
        for kind, key, reason, at, tries in rows
    )


def salvaged(c: Connection) -> tuple[SalvageRow, ...]:
    """What a restored server lost of others' work, the newest first."""
    rows = c.rows("SELECT kind, id, title, body, at FROM salvage ORDER BY n DESC")
    return tuple(
        SalvageRow(kind, id_of(key), title, values_in(body) if body else {}, at)
        for kind, key, title, body, at in rows
    )
