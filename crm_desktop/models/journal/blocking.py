"""Which changesets wait for a parked one: only rows below a refused insert, and later edits of a
refused field; which wait until the server has a file: only what names it, and what builds on that;
and which a person holds back, by their record. Nothing else ever waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from crm_core.catalog import CATALOG
from crm_core.fields import Value, values_in
from crm_core.ids import RecordId
from crm_core.scope import parse_target
from crm_desktop.models.connection import Connection
from crm_desktop.models.file_states import unsent
from crm_desktop.models.journal import holding
from crm_desktop.models.journal.following import SENT
from crm_desktop.models.journal.rebase import WHOLE, refusals_in
from crm_desktop.models.sql import blob, id_of

Key = tuple[str, bytes]
_K = TypeVar("_K", Key, tuple[str, bytes, str])

PARKED = ("rejected", "held", "blocked")

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
        for name in values_in(new) if whole else names:
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


class Cause(StrEnum):
    """What a changeset waits for that does not go out yet."""

    REFUSED = "refused"
    HELD = "held"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a changeset waits, and for which record; for a file that is the record that names it."""

    cause: Cause
    kind: str
    record: RecordId


@dataclass(slots=True)
class _Kept:
    """What keeps changesets here: files that the server has not got, records that a person holds
    back, and what builds on those, each with its first changeset and why it waits."""

    hashes: frozenset[str]
    held: Mapping[Key, str]
    inserts: dict[Key, tuple[int, Wait]] = field(default_factory=dict[Key, tuple[int, Wait]])
    fields: dict[tuple[str, bytes, str], tuple[int, Wait]] = field(
        default_factory=dict[tuple[str, bytes, str], tuple[int, Wait]]
    )
    records: dict[Key, tuple[int, Wait]] = field(default_factory=dict[Key, tuple[int, Wait]])

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept here."""
        return not self.hashes and not self.held


def _kept(c: Connection) -> _Kept:
    return _Kept(unsent(c), holding.held(c))


def state_of(c: Connection, n: int) -> str:
    """The state of a changeset just written: "queued", "blocked" where it builds on something that
    is parked, "waiting" where it names a file that the server has not got, changes a record that
    is held back, or builds on that."""
    judged = _judged(c, f"{_WAITING} OR n = ?", (n,), parked=_parked(c))
    return next(_state(wait) for one, _, wait in judged if one == n)


def refresh(c: Connection) -> bool:
    """Set anew which of the unsent changesets wait, and for what; whether anything changed."""
    return _set_anew(c, _UNSENT, _parked(c))


def free_sent(c: Connection) -> bool:
    """Let go out what waited for files that the server has by now; whether there was any."""
    parked = _parked(c)
    if parked.inserts or parked.fields:
        return refresh(c)
    return _set_anew(c, "state = 'waiting'", parked)


def waits(c: Connection) -> dict[int, Wait]:
    """What every changeset waits for that is not to be sent yet, by its number."""
    return {n: wait for n, _, wait in _judged(c, _WAITING, parked=_parked(c)) if wait}


_WAITING = "state IN ('blocked', 'waiting')"
_UNSENT = "state IN ('queued', 'sent', 'blocked', 'waiting')"


def _set_anew(c: Connection, which: str, parked: _Parked) -> bool:
    changed = False
    for n, state, wait in _judged(c, which, parked=parked):
        now = _state(wait)
        if (now == state) or (now == "queued" and state == "sent"):
            continue
        c.run("UPDATE changeset SET state = ? WHERE n = ?", (now, n))
        changed = True
    return changed


def _state(wait: Wait | None) -> str:
    if wait is None:
        return "queued"
    return "blocked" if wait.cause is Cause.REFUSED else "waiting"


def _judged(
    c: Connection, which: str, parameters: Sequence[int] = (), *, parked: _Parked
) -> Iterator[tuple[int, str, Wait | None]]:
    """Some changesets (n, state, what it has to wait for), the oldest first."""
    kept = _kept(c)
    found = c.rows(f"SELECT n, state FROM changeset WHERE {which} ORDER BY n", parameters)
    for n, state in found:
        ops = list(_ops_of(c, n))
        wait = _waits_upon(parked, n, ops)
        if wait is None:
            wait = _keep(kept, n, ops)
        else:
            _wait_as_well(parked, n, ops)
        yield n, state, wait


def _wait_as_well(parked: _Parked, n: int, ops: Iterable[_Op]) -> None:
    """What hangs below an insert that waits, waits as well, and so does a later edit of a field:
    its value must not arrive before the earlier one."""
    for kind, record_id, op, new in ops:
        if op == "insert":
            _first(parked.inserts, (kind, record_id), n)
        for name in new:
            _first(parked.fields, (kind, record_id, name), n)


_Op = tuple[str, bytes, str, dict[str, Value]]


def _ops_of(c: Connection, n: int) -> Iterator[_Op]:
    found = c.rows(
        f"SELECT kind, id, op, new FROM op WHERE cs = ? AND op <> 'offer' AND {SENT} ORDER BY i",
        (n,),
    )
    for kind, record_id, op, new in found:
        yield kind, record_id, op, values_in(new)


def _waits_upon(parked: _Parked, n: int, ops: Iterable[_Op]) -> Wait | None:
    for kind, record_id, _, new in ops:
        for key in ((kind, record_id), *_links(kind, new)):
            if _is_before(parked.inserts.get(key), n):
                return Wait(Cause.REFUSED, key[0], id_of(key[1]))
        if any(_is_before(parked.fields.get((kind, record_id, name)), n) for name in new):
            return Wait(Cause.REFUSED, kind, id_of(record_id))
    return None


def _keep(kept: _Kept, n: int, ops: Sequence[_Op]) -> Wait | None:
    """What keeps a changeset here, noted for those that build on it."""
    wait = _kept_by(kept, n, ops)
    if wait is None:
        return None
    for kind, record_id, op, new in ops:
        if op == "insert":
            kept.inserts.setdefault((kind, record_id), (n, wait))
        if wait.cause is Cause.HELD:
            kept.records.setdefault((kind, record_id), (n, wait))
            for name in new:
                kept.fields.setdefault((kind, record_id, name), (n, wait))
    return wait


_OF_THE_WHOLE = ("delete", "merge", "restore")


def _kept_by(kept: _Kept, n: int, ops: Iterable[_Op]) -> Wait | None:
    if kept.is_empty:
        return None
    for kind, record_id, op, new in ops:
        if (kind, record_id) in kept.held:
            return Wait(Cause.HELD, kind, id_of(record_id))
        if kind == "attachment" and new.get("sha256") in kept.hashes:
            return Wait(Cause.FILE, kind, id_of(record_id))
        before = [
            *(kept.inserts.get(key) for key in ((kind, record_id), *_links(kind, new))),
            # A later value must not arrive before the earlier one that is kept here.
            *(kept.fields.get((kind, record_id, name)) for name in new),
            kept.records.get((kind, record_id)) if op in _OF_THE_WHOLE else None,
        ]
        found = next((one for one in before if one is not None and one[0] < n), None)
        if found is not None:
            return found[1]
    return None


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
