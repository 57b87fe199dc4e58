"""What a merge of duplicates may write that no other step may, and what it must not lose."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Policy
from crm_core.ids import RecordId
from crm_core.merging import MERGED_INTO
from tests.simulator.ledger import Place, Said

JUDGED = (Policy.CONFLICT, Policy.GROUP)


class Entry(Protocol):
    """One field of one history row of the server."""

    @property
    def seq(self) -> int: ...
    @property
    def old(self) -> Any: ...
    @property
    def new(self) -> Any: ...


Entries = Mapping[Place, Sequence[Entry]]


def standing(entries: Entries, kind: str, record_id: RecordId) -> RecordId:
    """The record in whose name edits of this one are written now."""
    met: set[RecordId] = set()
    while record_id not in met:
        met.add(record_id)
        said = entries.get((kind, record_id, MERGED_INTO), ())
        if said and said[-1].new:
            record_id = RecordId(said[-1].new)
    return record_id


def explains(entries: Entries, said: Said, place: Place, before: Entry, entry: Entry) -> bool:
    """Whether a value that the author never saw gave way because records were merged."""
    kind, record_id, name = place
    for change in said.changeset.changes:
        if change.op is Op.MERGE:
            if _names(entry.old, change.id) and not _names(entry.new, change.id):
                return True
            theirs = entries.get((kind, change.id, name), ())
            bases = {json.dumps(one.old) for one in theirs}
            if change.kind == kind and theirs and json.dumps(before.new) in bases:
                return True
        elif change.op is Op.RESTORE and _names(entry.new, change.id):
            return True
        elif change.kind == kind and standing(entries, kind, change.id) == record_id:
            saw = change.old.get(name)
            if saw == before.new or _renamed(entries, kind, name, saw) == before.new:
                return True
    return False


def merged_into(entries: Entries, said: Said, place: Place) -> list[Place]:
    """The places that a changeset names of records in whose place this one stands."""
    kind, record_id, name = place
    found = {change.id for change in said.changeset.changes if change.kind == kind}
    return [
        (kind, one, name)
        for one in sorted(found - {record_id})
        if standing(entries, kind, one) == record_id
    ]


def gave_way(said: Said, place: Place, entry: Entry) -> bool:
    """Whether a record that was merged away came back without its code, which the other one holds
    by now: it stands beside the field."""
    field = CATALOG[place[0]].by_name.get(place[2])
    back = any(x.op is Op.RESTORE and (x.kind, x.id) == place[:2] for x in said.changeset.changes)
    return back and field is not None and field.unique is not None and entry.new is None


def took_away(entries: Entries, said: Said, place: Place, line: str) -> bool:
    """Whether somebody had taken a line out of the record that gives its place away: what its
    merger had not seen of it is brought into the other one."""
    return any(
        line in str(one.old or "").splitlines() and line not in str(one.new or "").splitlines()
        for change in said.changeset.changes
        if change.op is Op.MERGE and change.kind == place[0]
        for one in entries.get((change.kind, change.id, place[2]), ())
    )


def _renamed(entries: Entries, kind: str, name: str, value: Any) -> Any:
    """A link's value with whoever stands in the place of what it names."""
    field = CATALOG[kind].by_name.get(name)
    if field is None or field.link is None or not isinstance(value, str):
        return value
    if field.link.target:
        return standing(entries, field.link.target, RecordId(value))
    above, _, record_id = value.partition("/")
    return f"{above}/{standing(entries, above, RecordId(record_id))}"


def ever_called(entries: Entries, place: Place, value: Any) -> list[Any]:
    """A link's value, and how it was written while what it names had given its place away."""
    field = CATALOG[place[0]].by_name.get(place[2])
    if field is None or field.link is None or not isinstance(value, str):
        return [value]
    above, slash, record_id = value.rpartition("/")
    kind, met, names = field.link.target or above, set[str](), [record_id]
    for name in names:
        if name not in met:
            met.add(name)
            takers = entries.get((kind, RecordId(name), MERGED_INTO), ())
            names.extend(one.new for one in takers if one.new)
    return [f"{above}{slash}{name}" for name in sorted(met)]


def _names(value: Any, record_id: RecordId) -> bool:
    members = value if isinstance(value, list) else [value]
    return any(isinstance(x, str) and x.rpartition("/")[2] == record_id for x in members)


def shown_elsewhere(place: Place, typed: Change, merging: Change) -> bool:
    """Whether a link that was typed follows a merge that was made, or taken back, later."""
    ends = merging.op in (Op.MERGE, Op.RESTORE)
    field = CATALOG[place[0]].by_name.get(place[2])
    is_link = field is not None and field.link is not None
    if not ends or not is_link:
        return False
    return merging.op is Op.RESTORE or _names(typed.new[place[2]], merging.id)


def leads_to(place: Place, value: Any, merging: Change) -> bool:
    """Whether a link stands where a merge leads."""
    field = CATALOG[place[0]].by_name.get(place[2])
    is_link = field is not None and field.link is not None
    return is_link and _names(value, RecordId(str(merging.new[MERGED_INTO])))


def lost_by(
    entries: Entries, unseen: Mapping[Place, Entry], winner: RecordId, server: sqlite3.Connection
) -> str | None:
    """A value of the loser that its merger had not seen and that is nowhere now."""
    for (kind, loser, name), entry in unseen.items():
        field = CATALOG[kind].by_name.get(name)
        if field is None or field.authority is not None or field.policy not in JUDGED:
            continue
        written = entries.get((kind, winner, name), ())
        held = [one.new for one in written] + [x.old for x in written if x.seq > entry.seq]
        row = server.execute(
            "SELECT body FROM record WHERE kind = ? AND id = ?", (kind, winner)
        ).fetchone()
        held.append(json.loads(row[0]).get(name) if row else None)
        parked = server.execute(
            "SELECT 1 FROM record r JOIN history h ON h.kind = r.kind AND h.id = r.id"
            " WHERE r.kind = 'conflict' AND instr(r.body, ?) AND instr(h.patch, ?)",
            (f'"{kind}/{winner}"', json.dumps(entry.new)),
        ).fetchone()
        if entry.new not in held and parked is None:
            return f"{kind}/{loser[-4:]}.{name}={entry.new!r} is lost in a merge"
    return None
