"""Conflict records: two decisions about one field, kept until a person has settled them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merge import DELETED, Why, same
from crm_core.scope import any_link, parse_target
from crm_server.rows import By, Key, Row
from crm_server.store import Answer
from crm_server.work import Work

CONFLICT = "conflict"
PARKED_MAX = 100
"""Values beside one field; nobody settles more, and history keeps what came before."""


STOOD = "stood"
"""Marks the entry of the value that stood in the field until the conflict was decided."""


class Conflicts:
    """The open conflicts of the records that a push touches."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._open: dict[tuple[RecordId, str], RecordId | None] = {}
        self._expected: set[RecordId] = set()
        self._looked_up: set[RecordId] = set()

    def expect(self, ids: Iterable[RecordId]) -> None:
        """Records whose conflicts may be wanted: as soon as one's are, all of theirs are found."""
        self._expected.update(ids)

    def ask(self) -> Answer:
        """Ask for the conflicts of the records expected; `keep` takes the answer."""
        wanted = self._expected - self._looked_up
        self._looked_up |= wanted
        self._expected.clear()
        return self._work.tx.ask(
            "SELECT target,id FROM ref WHERE target = ANY(?) AND kind = ? AND field = ?",
            ([*wanted], CONFLICT, "record"),
        )

    def keep(self, answer: Answer) -> None:
        """Take in which conflicts there are."""
        found = answer()
        self._work.prefetch((CONFLICT, RecordId(conflict)) for _, conflict in found)
        for target, conflict in found:
            row = self._work.row(CONFLICT, conflict)
            if row is not None and row.values.get("state") == "open":
                self._open[(target, str(row.values.get("field")))] = conflict

    def open_at(self, record_id: RecordId, field: str) -> Row | None:
        """The open conflict on a field."""
        if record_id not in self._looked_up:
            self.expect((record_id,))
            self.keep(self.ask())
        conflict = self._open.get((record_id, field))
        return self._work.row(CONFLICT, conflict) if conflict else None

    def park(  # noqa: PLR0913  # each says one thing of the value and its place
        self, record: tuple[str, RecordId], field: str, why: Why, base: Value, value: Value, by: By,
        *, is_moved: bool = False, is_brought: bool = False,
    ) -> RecordId:  # fmt: skip
        """Keep a value beside a field: in its open conflict, else in a new one. One that is moved
        here was said of a record that gave its place to this one; one that is brought here stands
        beside all else that its author said."""
        found = self.open_at(record[1], field)
        entry = entry_of(value, by)
        if found is None:
            link = any_link(*record)
            return self._create(record[1], field, by, {
                "record": link, "field": field, "why": str(why), "base": base,
                "parked": [entry], "state": "open",
            })  # fmt: skip
        built_on = () if is_brought else (base,) if is_moved else None
        kept: dict[str, Value] = {
            "parked": joined(found.values.get("parked"), entry, field, built_on)
        }
        if field == DELETED and isinstance(base, dict):  # edits of a deleted row add up
            known = found.values.get("base")
            kept["base"] = {**base, **known} if isinstance(known, dict) else base
        self._write(found.id, kept, by)
        return found.id

    def _create(
        self, target: RecordId, field: str, by: By, values: Mapping[str, Value]
    ) -> RecordId:
        record_id = self._work.new_id()
        self._work.expect_new(CONFLICT, record_id)
        self._write(record_id, {**values, **by.created}, by)
        self._work.set(self._open, (target, field), record_id)
        return record_id

    def resolve(
        self, row: Row, decided: Value, by: By, stood: Mapping[str, Value] | None = None
    ) -> None:
        """Close a conflict with what was decided. The value that `stood` until then, as an entry
        of `entry_of`, is kept beside the parked ones."""
        changes: dict[str, Value] = {
            "state": "resolved", "resolution": decided, "resolved_by": by.actor
        }  # fmt: skip
        parked = entries_of(row.values.get("parked"))
        known = [entry.get("value") for entry in parked]
        if stood is not None and stood.get("value") not in known:
            changes["parked"] = [*parked, {**stood, STOOD: True}]
        self._write(row.id, changes, by)
        self._work.set(self._open, (record_of(row)[1], str(row.values.get("field"))), None)

    def take_back(self, row: Row, record: Key, by: By) -> None:
        """A decision is taken back: the question is open again as it was, about the record that is
        in its place now, beside the one that may have come up about the field since."""
        parked = [x for x in entries_of(row.values.get("parked")) if not x.get(STOOD)]
        there = self.open_at(record[1], str(row.values.get("field")))
        if there is None:
            self._open_again(row, record, parked, by)
            return
        known = entries_of(there.values.get("parked"))
        both = (*known, *(one for one in parked if one not in known))
        self._write(there.id, {"parked": _latest(both)}, by)

    def move(self, row: Row, link: str, by: By) -> None:
        """A conflict is about another record now: joined with the open one there, if any."""
        field, target = str(row.values.get("field")), parse_target("", link)
        assert target is not None
        there = self.open_at(target[1], field)
        self._work.set(self._open, (record_of(row)[1], field), None)
        if there is None:
            self._write(row.id, {"record": link}, by)
            self._work.set(self._open, (target[1], field), row.id)
            return
        both = (x for one in (there, row) for x in entries_of(one.values.get("parked")))
        self._write(there.id, {"parked": _latest(both)}, by)
        self._write(row.id, {"state": "resolved", "resolved_by": by.actor}, by)

    def reopen(self, row: Row, decided: Value, by: By) -> None:
        """A second, different decision: both stand beside the field again."""
        first = By(
            RecordId(str(row.values.get("resolved_by"))),
            row.device, row.cs_id, str(row.values.get("updated_at")),
        )  # fmt: skip
        both = joined([entry_of(row.values.get("resolution"), first)], entry_of(decided, by), "")
        self._open_again(row, record_of(row), both, by)

    def _open_again(self, row: Row, record: Key, parked: Iterable[Value], by: By) -> None:
        changes: dict[str, Value] = {
            "state": "open", "resolution": None, "resolved_by": None, "parked": [*parked]
        }  # fmt: skip
        if any_link(*record) != row.values.get("record"):
            changes["record"] = any_link(*record)
        self._write(row.id, changes, by)
        self._work.set(self._open, (record[1], str(row.values.get("field"))), row.id)

    def _write(self, record_id: RecordId, values: Mapping[str, Value], by: By) -> None:
        self._work.put(CATALOG[CONFLICT], record_id, {**values, **by.updated}, by)


def record_of(row: Row) -> Key:
    """The record that a conflict is about."""
    found = parse_target("", row.values.get("record"))
    assert found is not None
    return found


def is_joined(row: Row) -> bool:
    """Whether a conflict was closed without a decision, since another one took its values in."""
    closed = row.values.get("state") == "resolved"
    return closed and row.seq_of("state") != row.seq_of("resolution")


def entry_of(value: Value, by: By) -> dict[str, Value]:
    """One parked value with who wrote it, where and when."""
    return {
        "value": value, "author": by.actor, "device": by.device, "authored_at": by.at,
        "cs_id": by.cs_id, **({"order": by.order} if by.order else {}),
    }  # fmt: skip


def author_of(entry: Mapping[str, Value]) -> By:
    """Who wrote a parked value, where and when."""
    device, cs_id, at = (str(entry.get(name)) for name in ("device", "cs_id", "authored_at"))
    return By(RecordId(str(entry.get("author"))), device, cs_id, at, _order(entry))


def entries_of(parked: Value) -> list[dict[str, Value]]:
    """The values parked in a conflict."""
    return [cast("dict[str, Value]", x) for x in parked] if isinstance(parked, list) else []


def joined(
    parked: Value, entry: dict[str, Value], field: str, built_on: tuple[Value, ...] | None = None
) -> list[Value]:
    """The parked values with one more; the same author's later edit replaces his own: what he said
    of another record only one that it is `built_on`. What comes late takes the place of nothing
    that he said since on the same device, and lies before it."""
    entries = entries_of(parked)
    since = next((n for n, x in enumerate(entries) if _is_said_since(x, entry)), len(entries))
    mine = [
        x for x in entries[:since]
        if x.get("author") == entry["author"]
        and (built_on is None or any(same(x.get("value"), one) for one in built_on))
    ]  # fmt: skip
    if field == DELETED and isinstance(entry["value"], dict):
        edits = [said for x in (*mine, entry) if isinstance(said := x.get("value"), dict)]
        # Edits of a deleted record add up, field by field.
        entry = {**entry, "value": {name: one[name] for one in edits for name in one}}
    before = (x for x in entries[:since] if x not in mine)
    all_said: Iterable[Value] = (*before, entry, *entries[since:])
    return _latest(all_said)


def _is_said_since(known: Mapping[str, Value], entry: Mapping[str, Value]) -> bool:
    """Whether somebody said this after that, by the order of the one device on which he did."""
    by, late = author_of(known), author_of(entry)
    return (by.actor, by.device) == (late.actor, late.device) and by.order > late.order > 0


def _order(entry: Mapping[str, Value]) -> int:
    said = entry.get("order")
    return said if isinstance(said, int) else 0


def _latest(entries: Iterable[Value]) -> list[Value]:
    return [*entries][-PARKED_MAX:]
