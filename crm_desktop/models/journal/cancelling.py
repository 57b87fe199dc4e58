"""A step that was taken back before its verdict and is refused then: step and undo cancel out.

Its author has decided already, so neither waits for a decision of his.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from crm_core.changes import Op
from crm_core.fields import values_in
from crm_core.merge import Result
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.rebase import WHOLE, fields_judged, refusals_in
from crm_desktop.models.verdicts import parts_of

_REFUSED_IN_PART = (
    "state IN ('acked', 'confirmed')"
    " AND EXISTS (SELECT 1 FROM op WHERE cs = s.n AND refused IS NOT NULL)"
)
_WITHOUT_EFFECT = ("rejected", "discarded")
_OPEN = ("queued", "sent", "held", "rejected", "blocked", "waiting")
_CREATES = (Op.INSERT, Op.RESTORE)
_ENDS = (Op.DELETE, Op.MERGE)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one change does to one field; `name` is WHOLE for a record as a whole."""

    kind: str
    key: bytes
    op: Op
    name: str


def cancel_out(c: Connection) -> list[int]:
    """Settle every refused step whose refused parts its author has taken back, and every refused
    undo of what never took effect; their numbers. What others wait for is to be judged anew."""
    settled: list[int] = []
    steps = c.rows(
        "SELECT n, id, state FROM changeset s WHERE undone = 1 AND undoes IS NULL"
        f" AND (state = 'rejected' OR {_REFUSED_IN_PART})"
    )
    for n, key, state in steps:
        undos = c.rows("SELECT n, state FROM changeset WHERE undoes = ?", (key.hex(),))
        back = [
            part for undo, _ in undos for part in _parts(c, undo) if not _is_restored(c, undo, part)
        ]
        refused = list(_refused(c, n, state))
        if refused and all(_is_taken_back(part, back) for part in refused):
            _settle(c, n, state)
            settled.append(n)
            if state == "rejected":
                ended = [undo for undo, its in undos if its in _OPEN]
                c.many("UPDATE changeset SET state = 'discarded', undone = 1 WHERE n = ?",
                       [(undo,) for undo in ended])  # fmt: skip
                settled.extend(ended)
    undos = c.rows(
        "SELECT s.n, s.state, o.n, o.state, o.verdict FROM changeset s"
        " JOIN changeset o ON o.id = unhex(s.undoes) WHERE s.undoes IS NOT NULL"
        f" AND (s.state = 'rejected' OR s.{_REFUSED_IN_PART})"
    )
    for n, state, undone, its, verdict in undos:
        idle = list(_without_effect(c, undone, its, verdict))
        refused = list(_refused(c, n, state))
        if refused and all(_undoes_one_of(part, idle) for part in refused):
            _settle(c, n, state)
            settled.append(n)
    return settled


def _is_restored(c: Connection, n: int, part: _Part) -> bool:
    """Whether a later step brings back the record that undo `n` deletes: its author wants it."""
    sql = (
        "SELECT 1 FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ?"
        " AND o.op = 'restore' AND o.cs > ? AND s.state <> 'discarded'"
    )
    return part.op is Op.DELETE and c.one(sql, (part.kind, part.key, n)) is not None


def _settle(c: Connection, n: int, state: str) -> None:
    if state == "rejected":
        c.run("UPDATE changeset SET state = 'discarded', undone = 1 WHERE n = ?", (n,))
    else:
        c.run("UPDATE op SET refused = NULL WHERE cs = ?", (n,))


def _is_taken_back(part: _Part, back: Iterable[_Part]) -> bool:
    return any(_takes_back(one, part) for one in back)


def _undoes_one_of(part: _Part, idle: Iterable[_Part]) -> bool:
    return any(_takes_back(part, one) for one in idle)


def _takes_back(back: _Part, part: _Part) -> bool:
    """Whether one change is what an undo makes of the other. Of a record that is deleted again
    every field is taken back."""
    if (back.kind, back.key) != (part.kind, part.key):
        return False
    if back.op is Op.DELETE:
        return part.op in _CREATES
    if back.op is Op.RESTORE:
        return part.op in _ENDS
    return part.op not in (*_CREATES, *_ENDS) and back.name == part.name


def _refused(c: Connection, n: int, state: str) -> Iterator[_Part]:
    """The refused parts of a changeset: all of one that was rejected."""
    if state == "rejected":
        yield from _parts(c, n)
        return
    for i, refused in c.rows("SELECT i, refused FROM op WHERE cs = ? ORDER BY i", (n,)):
        names = refusals_in(refused)
        if names:
            yield from _parts(c, n, i, names)


def _without_effect(c: Connection, n: int, state: str, verdict: str | None) -> Iterator[_Part]:
    """The parts of a changeset that the server has never taken."""
    if state in _WITHOUT_EFFECT:
        yield from _parts(c, n)
        return
    for one in parts_of(verdict):
        if one.result not in (Result.REJECTED, Result.BLOCKED):
            continue
        for part in _parts(c, n, one.index):
            names = fields_judged(part.kind, one.field)
            # A record that was taken but for one of its fields is there.
            if WHOLE in names or part.name in names:
                yield part


def _parts(
    c: Connection, n: int, index: int | None = None, names: Collection[str] = (WHOLE,)
) -> Iterator[_Part]:
    """The parts of a changeset, or of its change `index`, as far as `names` go."""
    found = c.rows("SELECT i, kind, id, op, new FROM op WHERE cs = ? ORDER BY i", (n,))
    for i, kind, key, word, new in found:
        if index is not None and i != index:
            continue
        op = Op(word)
        if op in (*_CREATES, *_ENDS):
            yield _Part(kind, key, op, WHOLE)
            continue
        for name in values_in(new):
            if WHOLE in names or name in names:
                yield _Part(kind, key, op, name)
