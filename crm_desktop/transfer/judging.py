"""Judging a file's rows, one after the other: what each asks for, or why it is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, check_size, difference
from crm_core.entity import Entity
from crm_core.errors import InvalidValue, UserProblem
from crm_core.fields import Field, Kind, Value
from crm_core.i18n import Message, tr_noop
from crm_core.ids import RecordId, parse_id
from crm_core.machines import MACHINES, missing_for, missing_to_start
from crm_core.values import check_record
from crm_desktop.models import queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.transfer.cells import is_same, read_cell, unguard
from crm_desktop.transfer.columns import BESIDE, Beside, Column, Columns
from crm_desktop.transfer.links import read_link
from crm_desktop.transfer.matching import Index, fill, likeness, the_one
from crm_desktop.transfer.table import SourceRow


class Outcome(StrEnum):
    """What becomes of one row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is to be imported. `keys`: fields by which rows name the record to update.
    `empty_clears`: an empty cell empties the field of a record that is there."""

    file: Path
    keys: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict[str, str])
    dry_run: bool = False
    encoding: str = ""
    empty_clears: bool = False


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was not taken over, and why."""

    row: SourceRow
    reasons: tuple[Message, ...]


class Refused(Exception):
    """A row is not taken over, for these reasons."""

    def __init__(self, *reasons: Message, outcome: Outcome = Outcome.ERROR) -> None:
        super().__init__(*reasons)
        self.reasons = reasons
        self.outcome = outcome


class Judge:
    """Judges row after row against the records that were there when the import began."""

    def __init__(
        self,
        c: Connection,
        entity: Entity,
        columns: Columns,
        wish: Wish,
        new_id: Callable[[], RecordId],
    ) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.problems: list[RowProblem] = []
        self._c = c
        self._entity = entity
        self._columns = columns
        self._wish = wish
        self._new_id = new_id
        self._by_key = Index(wish.keys)
        self._alike = [] if wish.keys else likeness(entity, columns.names())
        self._new_titles = Index(entity.title[:1])
        self._seen: dict[RecordId, int] = {}
        self._asked_by: list[tuple[SourceRow, Outcome]] = []
        self._links: dict[tuple[str, str], Value] = {}
        fill(c, entity, [self._by_key, *self._alike])

    def changes_of(self, row: SourceRow) -> tuple[Change, ...]:
        """The changes that a row asks for; what it came to is counted."""
        try:
            outcome, changes = self._judge(row)
        except Refused as refused:
            self.problems.append(RowProblem(row, refused.reasons))
            outcome, changes = refused.outcome, ()
        except UserProblem as problem:
            self.problems.append(RowProblem(row, (problem.message,)))
            outcome, changes = Outcome.ERROR, ()
        self.counts[outcome] += 1
        self._asked_by.extend((row, outcome) for _ in changes)
        return changes

    def take_back(self, index: int, problem: UserProblem) -> None:
        """The store did not take the change that was handed out at this place."""
        row, outcome = self._asked_by[index]
        self.counts[outcome] -= 1
        self.counts[Outcome.ERROR] += 1
        self.problems.append(RowProblem(row, (problem.message,)))

    def _judge(self, row: SourceRow) -> tuple[Outcome, tuple[Change, ...]]:
        if len(row.cells) > self._columns.width and any(row.cells[self._columns.width :]):
            raise Refused(Message(tr_noop("The row has more cells than the file has columns.")))
        current = self._current(row)
        values = self._values(row, self._columns.taken, current)
        parts = self._values(row, self._columns.beside, None)
        if current is None:
            made = self._create(row, values)
            return Outcome.CREATED, (made, *self._beside(made.id, parts, ()))
        changes = difference(self._entity, current.id, current.values, values, current.seq)
        if changes:
            self._check_step(values, current.values)
            check_size(changes)
        changes += self._beside(current.id, parts, self._parts_of(current.id))
        return (Outcome.UPDATED if changes else Outcome.UNCHANGED), changes

    def _current(self, row: SourceRow) -> Row | None:
        """The record that the row names, if it names one; each only once in a file."""
        record_id = self._named_by_id(row) or self._named_by_keys(row)
        if record_id is None:
            return None
        if record_id in self._seen:
            raise Refused(
                Message(
                    tr_noop("Line {line} of the file is about the same record already."),
                    {"line": self._seen[record_id]},
                )
            )
        current = queries.record(self._c, self._entity.kind, record_id)
        if current is None or current.deleted:
            raise Refused(
                Message(
                    tr_noop(
                        "There is no record with the id {id} here; leave the cell empty to "
                        "create one."
                    ),
                    {"id": record_id},
                )
            )
        self._seen[record_id] = row.line
        return current

    def _named_by_id(self, row: SourceRow) -> RecordId | None:
        position = self._columns.id_position
        text = "" if position is None else row.cells[position].strip()
        return parse_id(text) if text else None

    def _named_by_keys(self, row: SourceRow) -> RecordId | None:
        keys = self._wish.keys
        if not keys:
            return None
        by_name = {column.field.name: column for column in self._columns.taken}
        values = {
            name: self._value(by_name[name].field, row.cells[by_name[name].position])
            for name in keys
        }
        for name in keys:
            if values[name] in (None, []):
                raise Refused(_missing(by_name[name].field))
        return the_one(self._by_key.find(values), keys)

    def _values(
        self, row: SourceRow, columns: Sequence[Column], current: Row | None
    ) -> dict[str, Value]:
        """What the cells say, without those that say nothing or nothing new."""
        values: dict[str, Value] = {}
        reasons: list[Message] = []
        for column in columns:
            text = row.cells[column.position]
            before = current.values.get(column.field.name) if current is not None else None
            if is_same(column.field, before, text):
                continue
            if not text.strip() and not (current is not None and self._wish.empty_clears):
                continue
            try:
                values[column.field.name] = self._value(column.field, text)
            except InvalidValue as problem:
                reasons.append(problem.message)
        if reasons:
            raise Refused(*reasons)
        return values

    def _value(self, field_: Field, text: str) -> Value:
        if field_.link is None:
            return read_cell(field_, text)
        words = unguard(text).strip()
        key = (field_.name, words)
        if key not in self._links:
            created = self._just_created(field_, words)
            self._links[key] = created or read_link(self._c, field_, words)
        return self._links[key]

    def _just_created(self, field_: Field, words: str) -> RecordId | None:
        """A record of this very file, such as a parent account some lines above."""
        target = field_.link.target if field_.link is not None else ""
        if field_.kind is Kind.LINKS or target != self._entity.kind:
            return None
        found = self._new_titles.find(dict.fromkeys(self._entity.title[:1], words))
        return found[0] if len(found) == 1 else None

    def _create(self, row: SourceRow, values: dict[str, Value]) -> Change:
        wrong = check_record(self._entity, values)
        if wrong:
            raise Refused(*(problem.message for problem in wrong))
        self._check_step(values, None)
        self._check_alone(values)
        made = Change(self._entity.kind, self._new_id(), Op.INSERT, values)
        check_size((made,))
        for index in (self._by_key, self._new_titles, *self._alike):
            index.add(made.id, values)
        self._seen[made.id] = row.line
        return made

    def _parts_of(self, record_id: RecordId) -> Sequence[Row]:
        beside = BESIDE.get(self._entity.kind)
        if beside is None or not self._columns.beside:
            return ()
        return queries.below(self._c, self._entity.kind, record_id, beside.kind, beside.via)

    def _beside(
        self, record_id: RecordId, values: dict[str, Value], present: Sequence[Row]
    ) -> tuple[Change, ...]:
        """The changes of the part that stands in the same row, such as an account's address."""
        beside = BESIDE.get(self._entity.kind)
        if beside is None or not values:
            return ()
        part = CATALOG[beside.kind]
        same = [row for row in present if _is_part(row, beside, values)]
        if len(same) > 1 and not any(values.items() <= row.values.items() for row in same):
            raise Refused(
                Message(
                    tr_noop("The record has several parts of the kind {kind}; import these alone."),
                    {"kind": part.label},
                )
            )
        if same:
            old = next((x for x in same if values.items() <= x.values.items()), same[0])
            return difference(part, old.id, old.values, values, old.seq)
        whole = {**values, beside.via: str(record_id)}
        wrong = check_record(part, whole)
        if wrong:
            raise Refused(*(problem.message for problem in wrong))
        return (Change(part.kind, self._new_id(), Op.INSERT, whole),)

    def _check_alone(self, values: Mapping[str, Value]) -> None:
        for index in self._alike:
            found = index.find(values)
            if found:
                line = self._seen.get(found[0])
                raise Refused(
                    _alike_here(index.fields, self._entity)
                    if line is None
                    else Message(tr_noop("It looks like line {line} of the file."), {"line": line}),
                    outcome=Outcome.DUPLICATE,
                )

    def _check_step(self, values: Mapping[str, Value], before: Mapping[str, Value] | None) -> None:
        """A state moves only along its arrows (`before` None: where a new record may begin)."""
        state = self._entity.state_field
        target = values.get(state.name) if state is not None else None
        if state is None or target is None:
            return
        machine = MACHINES[state.machine]
        if before is None:
            source = machine.initial
            lacking = missing_to_start(machine, target, values)
        else:
            source = before.get(state.name) or machine.initial
            arrow = machine.arrow(source, target)
            lacking = None if arrow is None else missing_for(arrow, {**before, **values})
        if lacking is None:
            raise Refused(
                Message(
                    tr_noop("No step leads from '{source}' to '{target}'."),
                    {"source": str(source), "target": str(target)},
                )
            )
        if lacking:
            raise Refused(
                Message(
                    tr_noop("For '{target}' these fields are needed first: {fields}."),
                    {"target": str(target), "fields": ", ".join(lacking)},
                )
            )


def _is_part(row: Row, beside: Beside, values: Mapping[str, Value]) -> bool:
    return all(row.values.get(name) == values.get(name) for name in beside.identity)


def _missing(field_: Field) -> Message:
    return Message(tr_noop("'{field}' must be filled in."), {"field": field_.label})


def _alike_here(fields: Sequence[str], entity: Entity) -> Message:
    return Message(
        tr_noop(
            "A record with the same {field} is here already; to update it, name it by its id "
            "or import with --key."
        ),
        {"field": entity.by_name[fields[0]].label if len(fields) == 1 else ", ".join(fields)},
    )
