"""Which changesets wait for a parked one: only rows below a refused insert, and later edits of a
refused field; and which wait until the server has a file: only what names it, and what builds on
that. Nothing else ever waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.scope import parse_target
from crm_desktop.models.connection import Connection
from crm_desktop.models.file_states import unsent
from crm_desktop.models.journal.following import SENT
from crm_desktop.models.journal.rebase import WHOLE, refusals_in
from crm_desktop.models.sql import blob

Key = tuple[str, bytes]
_K = TypeVar("_K", Key, tuple[str, bytes, str])

PARKED = ("rejected", "held", "blocked")
_VALUES = msgspec.json.Decoder(dict[str, Value])

_OPS = "SELECT s.n, o.kind, o.id, o.op, o.new, o.refused, s.state FROM op o JOIN changeset s"
_PARKED_OPS = (
    f"{_OPS} ON s.n = o.cs WHERE s.state IN ('rejected', 'held') AND o.op <> 'offer'"
    f" UNION ALL {_OPS} ON s.n = o.cs WHERE o.refused IS NOT NULL"
    " AND s.state IN ('acked', 'confirmed')"
)


@dataclass(slots=True)
class _Parked:
    """What lies parked: records never created, and fields, each with its first changeset."""

    inserts: dict[Key, int] = field(default_factory=dict[Key, int])
    fields: dict[tuple[str, bytes, str], int] = field(
        default_factory=dict[tuple[str, bytes, str], int]
    )


def _parked(c: Connection) -> _Parked:
    found = _Parked()
    for n, kind, record_id, op, new, refused, state in c.rows(_PARKED_OPS):
        names = list(refusals_in(refused))
        whole = (state in PARKED and not refused) or WHOLE in names
        if op == "insert" and (whole or state in PARKED):
            _first(found.inserts, (kind, record_id), n)
            continue
        for name in _VALUES.decode(new) if whole else names:
            _first(found.fields, (kind, record_id, name), n)
    return found


def _first(places: dict[_K, int], key: _K, n: int) -> None:
    places[key] = min(n, places.get(key, n))


def builds_on(c: Connection, n: int, gone: set[Key]) -> bool:
    """Whether a changeset changes or leads to one of these records."""
    for kind, record_id, _, new in _ops_of(c, n):
        if (kind, record_id) in gone or not gone.isdisjoint(_links(kind, new)):
            return True
    return False


@dataclass(slots=True)
class _Files:
    """Files that the server has not got, and the records that wait for them, each with its first
    changeset."""

    hashes: frozenset[str]
    inserts: dict[Key, int] = field(default_factory=dict[Key, int])


_WAITING_OPS = (
    "SELECT s.n, o.kind, o.id FROM op o JOIN changeset s ON s.n = o.cs"
    " WHERE s.state = 'waiting' AND o.op = 'insert'"
)


def state_of(c: Connection, n: int) -> str:
    """The state of a changeset just written: "queued", "blocked" where it builds on something that
    is parked, "waiting" where it names a file that the server has not got, or builds on that."""
    files = _Files(unsent(c))
    is_parked = c.one(f"SELECT 1 FROM ({_PARKED_OPS}) LIMIT 1") is not None
    if not is_parked and not files.hashes:
        return "queued"
    ops = list(_ops_of(c, n))
    if is_parked and _waits(_parked(c), n, ops):
        return "blocked"
    if files.hashes:
        for before, kind, record_id in c.rows(_WAITING_OPS):
            _first(files.inserts, (kind, record_id), before)
    return "waiting" if _waits_for_files(files, n, ops) else "queued"


def refresh(c: Connection) -> bool:
    """Set anew which of the unsent changesets wait, and for what; whether anything changed."""
    return _set_anew(c, "'queued', 'sent', 'blocked', 'waiting'", _parked(c))


def free_sent(c: Connection) -> bool:
    """Let go out what waited for files that the server has by now; whether there was any."""
    parked = _parked(c)
    if parked.inserts or parked.fields:
        return refresh(c)
    return _set_anew(c, "'waiting'", parked)


def _set_anew(c: Connection, states: str, parked: _Parked) -> bool:
    files = _Files(unsent(c))
    changed = False
    for n, state in c.rows(f"SELECT n, state FROM changeset WHERE state IN ({states}) ORDER BY n"):
        ops = list(_ops_of(c, n))
        if waits := _waits(parked, n, ops):
            now = "blocked"
        elif waits := _waits_for_files(files, n, ops):
            now = "waiting"
        else:
            now = "queued"
        if waits:
            inserts = parked.inserts if now == "blocked" else files.inserts
            for kind, record_id, op, _ in ops:
                # What hangs below an insert that waits, waits as well.
                if op == "insert":
                    _first(inserts, (kind, record_id), n)
        if (now == state) or (now == "queued" and state == "sent"):
            continue
        c.run("UPDATE changeset SET state = ? WHERE n = ?", (now, n))
        changed = True
    return changed


_Op = tuple[str, bytes, str, dict[str, Value]]


def _ops_of(c: Connection, n: int) -> Iterator[_Op]:
    found = c.rows(
        f"SELECT kind, id, op, new FROM op WHERE cs = ? AND op <> 'offer' AND {SENT} ORDER BY i",
        (n,),
    )
    for kind, record_id, op, new in found:
        yield kind, record_id, op, _VALUES.decode(new)


def _waits(parked: _Parked, n: int, ops: Iterable[_Op]) -> bool:
    return any(_builds_on(parked, n, op) for op in ops)


def _builds_on(parked: _Parked, n: int, op: _Op) -> bool:
    kind, record_id, _, new = op
    if any(
        _is_before(parked.inserts.get(key), n) for key in ((kind, record_id), *_links(kind, new))
    ):
        return True
    return any(_is_before(parked.fields.get((kind, record_id, name)), n) for name in new)


def _waits_for_files(files: _Files, n: int, ops: Iterable[_Op]) -> bool:
    return bool(files.hashes) and any(
        (kind == "attachment" and new.get("sha256") in files.hashes)
        or any(
            _is_before(files.inserts.get(key), n) for key in ((kind, record_id), *_links(kind, new))
        )
        for kind, record_id, _, new in ops
    )


def _is_before(parked_at: int | None, n: int) -> bool:
    return parked_at is not None and parked_at < n


def _links(kind: str, new: dict[str, Value]) -> Iterator[Key]:
    """The records that the values of a change lead to."""
    entity = CATALOG.get(kind)
    for field_ in entity.references if entity is not None else ():
        value = new.get(field_.name)
        for member in value if isinstance(value, list) else [value]:
            target = parse_target(field_.link.target if field_.link else "", member)
            if target is not None:
                yield target[0], blob(target[1])
