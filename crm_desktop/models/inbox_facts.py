"""Facts around the inbox: own steps behind a conflict, what a queued step holds, what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_core.fields import Value, values_in
from crm_core.ids import ChangeSetId, RecordId, is_id
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.handing import codes_in, outcomes_in
from crm_desktop.models.journal.deciding import hanging_on
from crm_desktop.models.journal.past import META_PAST, RESENT
from crm_desktop.models.journal.rebase import WHOLE, Refusals, refusals_in
from crm_desktop.models.labels import titles
from crm_desktop.models.sql import blob, id_of
from crm_desktop.models.verdicts import parts_of

_NAMES = msgspec.json.Decoder(list[str])

OPS_MAX = 500
"""Changes of one step that are shown; more than anybody reads."""


@dataclass(frozen=True, slots=True)
class OwnStep:
    """What this device did to one record in one changeset: its fields, and when."""

    cs_id: str
    at: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One change of a step: its record and the values before and after. `outcomes`: what became of
    each field that was offered, a code of `crm_core.problems`. `disputed`: the fields whose values
    lie in a conflict."""

    kind: str
    record: RecordId
    title: str
    op: Op
    new: Mapping[str, Value]
    old: Mapping[str, Value]
    outcomes: Mapping[str, str] = field(default_factory=dict[str, str])
    disputed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SettledRow:
    """A step that has gone its way: confirmed by the server, or discarded here.

    `kind`, `record`, `title` and `fields` are those of its first change. `offered`: of an offer,
    what became of each of its fields. `code` and `params`: why the server refused it, "" where it
    did not; `was_resent`: it was sent again then.
    """

    cs_id: ChangeSetId
    label: str
    at: str
    state: str
    settled_at: str
    undone: bool
    kind: str
    record: RecordId
    changes: int
    offered: tuple[str, ...] = ()
    title: str = ""
    fields: tuple[str, ...] = ()
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    was_resent: bool = False


def own_steps(
    c: Connection, kind: str, record_id: RecordId, cs_ids: Iterable[str]
) -> tuple[OwnStep, ...]:
    """Own changesets among these, with the fields of the record that they changed."""
    found: list[OwnStep] = []
    for cs_id in dict.fromkeys(cs_ids):
        if not is_id(cs_id):
            continue
        rows = c.rows(
            "SELECT s.at, o.new FROM op o JOIN changeset s ON s.n = o.cs"
            " WHERE s.id = ? AND o.kind = ? AND o.id = ? ORDER BY o.i",
            (blob(cs_id), kind, blob(record_id)),
        )
        names = dict.fromkeys(name for _, new in rows for name in values_in(new))
        if rows:
            found.append(OwnStep(cs_id, rows[0][0], tuple(names)))
    return tuple(found)


def parts(c: Connection, cs_id: ChangeSetId) -> tuple[Part, ...]:
    """What a step changes, record by record, in its order."""
    rows = c.rows(
        "SELECT o.kind, o.id, o.op, o.new, o.old, o.i, iif(o.op = 'offer', s.verdict, NULL),"
        " o.parked"
        " FROM op o JOIN changeset s ON s.n = o.cs WHERE s.id = ? ORDER BY o.i LIMIT ?",
        (blob(cs_id), OPS_MAX),
    )
    named = titles(c, {(kind, id_of(key)) for kind, key, *_ in rows if kind in CATALOG})
    return tuple(
        Part(
            kind, id_of(key), named.get((kind, id_of(key)), ""), Op(op),
            values_in(new), values_in(old), outcomes_in(verdict, i, kind),
            frozenset(_NAMES.decode(parked)) if parked else frozenset(),
        )
        for kind, key, op, new, old, i, verdict, parked in rows
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loss:
    """What discarding a step takes back: its changes, of a step that had an effect only what was
    refused of it. `above` further steps that build on it then wait for a decision of their own."""

    parts: tuple[Part, ...]
    above: int = 0


def loss(c: Connection, cs_id: ChangeSetId) -> Loss:
    """What goes when a step is discarded."""
    head = c.one("SELECT n, state FROM changeset WHERE id = ?", (blob(cs_id),))
    if head is None:
        return Loss(())
    n, state = head
    if state not in ("acked", "confirmed"):
        return Loss(parts(c, cs_id), len(hanging_on(c, n)))
    found = c.rows("SELECT refused FROM op WHERE cs = ? ORDER BY i", (n,))
    refused = [refusals_in(names) for (names,) in found]
    return Loss(tuple(_refused_parts(parts(c, cs_id), refused)))


def _refused_parts(whole: Iterable[Part], refused: Iterable[Refusals]) -> Iterator[Part]:
    for part, names in zip(whole, refused, strict=False):
        if WHOLE in names:
            yield part
        elif names:
            new = {name: value for name, value in part.new.items() if name in names}
            yield replace(part, op=Op.SET, new=new)


def settled(c: Connection, limit: int) -> tuple[SettledRow, ...]:
    """Own steps that were confirmed or discarded, the newest first."""
    rows = c.rows(
        "SELECT s.id, s.label, s.at, s.state, s.confirmed_at, s.undone, o.kind, o.id,"
        " (SELECT count(*) FROM op WHERE cs = s.n), iif(o.op = 'offer', s.verdict, NULL), o.new,"
        " iif(s.state = 'discarded', s.verdict, NULL), o.refused,"
        " (SELECT value FROM meta WHERE name = ? || lower(hex(s.id))) = ?"
        " FROM changeset s"
        " JOIN op o ON o.rid = (SELECT rid FROM op WHERE cs = s.n ORDER BY i LIMIT 1)"
        " WHERE s.state IN ('confirmed', 'discarded') ORDER BY s.n DESC LIMIT ?",
        (META_PAST, RESENT, limit),
    )
    named = titles(c, {(row[6], id_of(row[7])) for row in rows if row[6] in CATALOG})
    return tuple(_settled(row, named) for row in rows)


def _settled(row: SqlRow, named: Mapping[tuple[str, RecordId], str]) -> SettledRow:
    (
        cs,
        label,
        at,
        state,
        settled_at,
        undone,
        kind,
        key,
        many,
        verdict,
        new,
        said,
        refused,
        again,
    ) = row
    code, params = _why_refused(said, refused)
    return SettledRow(
        ChangeSetId(cs.hex()), label, at, state, settled_at or "", bool(undone), kind,
        id_of(key), many, codes_in(verdict), named.get((kind, id_of(key)), ""),
        tuple(values_in(new)), code, params, bool(again),
    )  # fmt: skip


def _why_refused(verdict: str | None, refused: str | None) -> tuple[str, Mapping[str, str]]:
    """The first reason of those that a discarded step was refused for."""
    for code, params in refusals_in(refused).values():
        return code, params
    for part in parts_of(verdict):
        if part.code:
            return part.code, part.params
    return "", {}


def step_of_decision(c: Connection, conflict_id: RecordId) -> ChangeSetId | None:
    """The own step that decided a conflict last and was not taken back; None: not here any more."""
    found = c.value(
        "SELECT s.id FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = 'conflict'"
        " AND o.id = ? AND o.new ->> 'state' = 'resolved' AND s.undone = 0"
        " AND s.state IN ('queued', 'sent', 'waiting', 'acked', 'confirmed') ORDER BY s.n DESC",
        (blob(conflict_id),),
    )
    return ChangeSetId(found.hex()) if found is not None else None


def history_size(c: Connection) -> int:
    """How many entries the whole history has."""
    return int(
        c.value(
            "SELECT (SELECT count(*) FROM changeset WHERE state IN ('confirmed', 'discarded'))"
            " + (SELECT count(*) FROM conflict WHERE deleted = 0 AND state = 'resolved')"
        )
    )
