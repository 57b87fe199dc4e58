"""The server's books: keys, references, history and verdicts agree with what its records say."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import json

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED
from crm_core.merging import taker_of
from crm_core.scope import parse_target
from tests.simulator.device import LINKS_ABOVE
from tests.simulator.disputes import is_about_above
from tests.simulator.history import Entry, History
from tests.simulator.ledger import Key, Ledger, Place, Said
from tests.simulator.oracle import Oracle, dangling
from tests.simulator.violation import Violation

UNIQUE = {
    kind: names
    for kind, entity in CATALOG.items()
    if (names := tuple(x.name for x in entity.fields if x.unique))
}
NUMBERED = tuple(kind for kind, entity in CATALOG.items() if entity.number_prefix)
REFUSING = ("rejected", "blocked")


Entries = Mapping[Place, Sequence[Entry]]
Wrote = list[tuple[Place, Entry]]


@dataclass
class Books:
    """Looks at the server's tables whenever it has moved on; `row` of `applied` came last, and
    `seq` of the records. `unknown` verdicts are on changesets that the ledger does not know yet."""

    ledger: Ledger
    epoch: str = ""
    seq: int = 0
    row: int = 0
    unknown: list[tuple[ChangeSetId, str]] = field(default_factory=list[tuple[ChangeSetId, str]])

    def look(self, server: sqlite3.Connection, oracle: Oracle, history: History) -> None:
        """Invariants 2, 6 and 10 on the server as it stands now."""
        if history.epoch != self.epoch:
            self.epoch, self.seq, self.row = history.epoch, 0, 0
        for problem in (*_doubled(oracle, server), *dangling(oracle), *_outlived(oracle)):
            raise Violation(10, problem)
        self._look_at_values(oracle, history.entries)
        self._look_at_verdicts(server, history.entries)
        while history.deletions:
            self._look_below(*history.deletions.pop(), oracle, history.entries)

    def _look_at_values(self, oracle: Oracle, entries: Entries) -> None:
        """Invariant 2: what stands in a record is what was written there last."""
        last = self.seq
        for (kind, record_id), truth in oracle.records.items():
            if truth.seq <= last:
                continue
            self.seq = max(self.seq, truth.seq)
            held = {**truth.values, DELETED: truth.deleted}
            for name, value in held.items():
                told = entries.get((kind, record_id, name))
                if told and told[-1].new != value:
                    where = f"{kind}/{record_id[-4:]}.{name}"
                    raise Violation(2, f"{where} is {value!r}; {told[-1].new!r} was written last")

    def _look_below(
        self, above: Key, seq: int, said: Said, oracle: Oracle, entries: Entries
    ) -> None:
        """Invariant 2: nothing hangs below a deleted record that its deleter had not before his
        eyes when he deleted it, whatever his device fetched since."""
        for (kind, record_id), name in _hanging(oracle, above):
            if kind == "conflict" and oracle.records[kind, record_id].values["state"] != "open":
                continue  # what somebody has settled stands in the way of nothing
            told = entries.get((kind, record_id, name), ())
            back = entries.get((kind, record_id, DELETED), ())
            later = max((one.seq for one in (*told[-1:], *back[-1:])), default=0) > seq
            seen = said.changeset.seen or 0
            authors = [self.ledger.said.get(one.cs_id) for one in told if one.seq > seen]
            own = bool(told) and all(x is not None and x.device == said.device for x in authors)
            if not (later or own or (kind, record_id) in said.below):
                where = f"{above[0]}/{above[1][-4:]}"
                raise Violation(2, f"{where} was deleted over an unseen {kind}/{record_id[-4:]}")

    def _look_at_verdicts(self, server: sqlite3.Connection, entries: Entries) -> None:
        """Invariants 2 and 6: what was refused or parked has left nothing in any record."""
        found = server.execute(
            "SELECT rowid, cs_id, result FROM applied WHERE rowid > ? ORDER BY rowid", (self.row,)
        ).fetchall()
        waiting = [*self.unknown, *((ChangeSetId(cs_id), result) for _, cs_id, result in found)]
        self.row = found[-1][0] if found else self.row
        self.unknown = []
        told = [(cs_id, json.decode(result)) for cs_id, result in waiting]
        asked = {cs_id for cs_id, result in told if result.get("changes")}
        wrote: dict[ChangeSetId, Wrote] = {cs_id: [] for cs_id in asked}
        for place, some in entries.items() if asked else ():
            for entry in some:
                if entry.cs_id in asked:
                    wrote[entry.cs_id].append((place, entry))
        for (cs_id, result), (_, raw) in zip(told, waiting, strict=True):
            said = self.ledger.said.get(cs_id)
            if said is None and cs_id in asked:
                self.unknown.append((cs_id, raw))
            elif said is not None and cs_id in asked:
                _look_at_verdict(said, result, wrote[cs_id])


def _look_at_verdict(said: Said, result: Mapping[str, Any], wrote: Wrote) -> None:
    if said.changeset.atomic and result["result"] in REFUSING:
        for (kind, record_id, name), _ in wrote:
            where = f"{kind}/{record_id[-4:]}.{name}"
            raise Violation(6, f"{said.changeset.id} was refused, and wrote {where}")
    changes = said.changeset.changes
    came = set(_came_with_a_merge(result))
    for part in result["changes"]:
        change = changes[part["index"]]
        if part["result"] not in (*REFUSING, "conflict") or is_about_above(change, part):
            continue
        if part["result"] == "conflict" and (change.id, part["field"]) in came:
            continue
        others = [
            x for x in changes if x is not change and (x.kind, x.id) == (change.kind, change.id)
        ]
        for name, value in _wanted(change, part["field"]):
            if any(name in x.new for x in others):
                continue
            for place, entry in wrote:
                if place == (change.kind, change.id, name) and entry.new == value:
                    where = f"{change.kind}/{change.id[-4:]}.{name}"
                    raise Violation(2, f"{where}={value!r} was called {part['result']}, and stands")


def _came_with_a_merge(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(record, field) of what stands in a record because it stood in the one that gave its place
    away: also where its merger's own choice of the same value lies in a question."""
    for part in result["changes"]:
        if part["result"] == "merged" and part.get("code") == "merge.moved":
            yield part.get("params", {}).get("into", ""), part["field"]


def _hanging(oracle: Oracle, above: Key) -> Iterator[tuple[Key, str]]:
    """The live records directly below one, each with the link by which it hangs there."""
    for (kind, record_id), truth in oracle.records.items():
        for name, target in LINKS_ABOVE.get(kind, ()) if not truth.deleted else ():
            if parse_target(target, truth.values.get(name)) == above:
                yield (kind, record_id), name


def _wanted(change: Change, part: str) -> Iterator[tuple[str, Any]]:
    """What a change would have written, as far as a part of the verdict goes."""
    if change.op is Op.DELETE:
        yield DELETED, True
        return
    members = CATALOG[change.kind].groups.get(part, (part,)) if change.kind in CATALOG else (part,)
    for name, value in change.new.items():
        if part in ("", DELETED) or name in members:
            yield name, value


def _doubled(oracle: Oracle, server: sqlite3.Connection) -> Iterator[str]:
    """Unique values and human numbers that two records have, and a table that says otherwise."""
    held: dict[tuple[str, str, str], RecordId] = {}
    numbers: dict[str, RecordId] = {}
    for (kind, record_id), truth in oracle.records.items():
        for name in UNIQUE.get(kind, ()) if not truth.deleted else ():
            form = str(truth.values.get(name) or "").strip().casefold()
            if form and held.setdefault((kind, name, form), record_id) != record_id:
                yield f"two of {kind} have {name}={form!r}"
        number = truth.values.get("number") if kind in NUMBERED else None
        if number and numbers.setdefault(number, record_id) != record_id:
            yield f"two of {kind} are called {number}"
    table = {(x[0], x[1], x[2]): x[3] for x in server.execute("SELECT * FROM unique_key")}
    if table != held:
        wrong = {key for key in (*table, *held) if table.get(key) != held.get(key)}
        yield f"the table of unique keys is wrong at {sorted(wrong)}"


def _outlived(oracle: Oracle) -> Iterator[str]:
    """Links of live records that lead to one whose place another took."""
    gone = {key for key, x in oracle.records.items() if x.deleted and taker_of(x.values)}
    if not gone:
        return
    for (kind, record_id), truth in oracle.records.items():
        if truth.deleted or (kind == "conflict" and truth.values.get("state") != "open"):
            continue
        for name, target in truth.targets:
            if target in gone:
                yield f"{kind}/{record_id[-4:]}.{name} → {target}, which gave its place"
