"""Resolving a conflict: one atomic changeset that sets the field and closes the conflict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED, Result, Why
from crm_core.scope import any_link, parse_target
from crm_core.wire import ChangeResult
from crm_server.conflicts import CONFLICT, Conflicts, entry_of
from crm_server.judge import Judge
from crm_server.rows import By, Key, Row
from crm_server.taking import Taking
from crm_server.work import Work

_FAILED = (Result.CONFLICT, Result.REJECTED, Result.BLOCKED)


class Resolver:
    """Takes changesets that name a conflict record."""

    def __init__(self, work: Work, judge: Judge, conflicts: Conflicts) -> None:
        self._work = work
        self._judge = judge
        self._conflicts = conflicts

    def take(self, taking: Taking) -> None:
        """Work the fields first: what they become decides what becomes of the conflict."""
        changes = taking.changeset.changes
        closings = [(n, change) for n, change in enumerate(changes) if change.kind == CONFLICT]
        if any(change.new.get("state") == "open" for _, change in closings):
            self._take_back(taking, closings)
            return
        stood = {change.id: self._stood(taking, change) for _, change in closings}
        resolved = [n for n, change in closings if self._second(taking, n, change)]
        if not resolved:
            for index, change in enumerate(changes):
                if change.kind != CONFLICT:
                    taking.change(index, change)
            for index, change in closings:
                self._close(taking, index, change, stood[change.id])

    def _take_back(self, taking: Taking, closings: Sequence[tuple[int, Change]]) -> None:
        """Who decided takes his decision back: the fields first, and where they stand as he left
        them the question is open again. Where anything has moved on since, that stays. A question
        that his decision did not close, or that is open again, takes in what loses its field. Of a
        record that gave its place away since it is asked where that place is now."""
        found = [self._taken_back(taking, index, change) for index, change in closings]
        rows = [row for row in found if row is not None]
        decided = [row for row in rows if row.values.get("state") == "resolved"]
        stand = all(self._stands_as_decided(taking, row) for row in decided)
        if len(rows) < len(found) or not stand:
            return
        for index, change in enumerate(taking.changeset.changes):
            if change.kind != CONFLICT:
                taking.change(index, change)
        still_open = {row.id for row in rows} - {row.id for row in decided}
        failed = (part for part in taking.details if part.result in _FAILED)
        if all(part.conflict_id in still_open for part in failed):
            for row in decided:
                self._conflicts.take_back(row, self._place(taking, row), taking.by)

    def _taken_back(self, taking: Taking, index: int, change: Change) -> Row | None:
        """The conflict whose decision is taken back; None where that is refused."""
        row = self._conflict(taking, change)
        above = self._work.row(*self._place(taking, row)) if row is not None else None
        if row is None or above is None or not self._judge.sees_row(above):
            taking.refuse(index, "record.not_found")
        elif not self._judge.may_decide(above, str(row.values.get("field"))):
            taking.refuse(index, "right.missing", action="edit")
        elif (
            row.values.get("state") == "resolved"
            and row.values.get("resolved_by") != taking.by.actor
        ):
            taking.refuse(index, "record.read_only", kind=CONFLICT)
        else:
            return row
        return None

    def _stands_as_decided(self, taking: Taking, row: Row) -> bool:
        field, decided = str(row.values.get("field")), row.values.get("resolution")
        place = self._place(taking, row)
        if field != DELETED:
            return self._standing(*place, field) == decided
        if any_link(*place) != row.values.get("record"):
            return False  # whether it is to go was answered with its place
        return self._standing(*place, field) == (decided is True)

    def _place(self, taking: Taking, row: Row) -> Key:
        """The record that a conflict is about, or the one in its place."""
        target = parse_target("", row.values.get("record"))
        assert target is not None
        return target[0], taking.merging.standing(*target)

    def _stood(self, taking: Taking, change: Change) -> Mapping[str, Value] | None:
        """What stands in the field before it is decided, with who wrote it."""
        row = self._conflict(taking, change)
        target = parse_target("", row.values.get("record")) if row is not None else None
        above = self._work.row(*target) if target is not None else None
        if row is None or target is None or above is None:
            return None
        field = str(row.values.get("field"))
        seq = above.fv.get(field, above.fv.get("*", 0))
        found = self._work.tx.row(
            "SELECT actor,device,cs_id,authored_at FROM history WHERE seq=? AND id=? AND kind=?",
            (seq, above.id, above.kind),
        )
        by = By(RecordId(found[0]), found[1], ChangeSetId(found[2]), found[3]) if found else None
        return entry_of(self._standing(*target, field), by or By(RecordId("")))

    def _second(self, taking: Taking, index: int, change: Change) -> bool:
        """A conflict resolved before: the same decision is nothing new, another reopens it."""
        row = self._conflict(taking, change)
        if row is None or row.values.get("state") != "resolved":
            return False
        decided = self._decided(taking, row)
        if decided == row.values.get("resolution"):
            self._bring_along(taking, row)
            return True
        asked = self._ask_again(taking, row, decided)
        if asked is not None:
            taking.details.append(ChangeResult(index, "state", Result.CONFLICT, "", asked))
        return True

    def _bring_along(self, taking: Taking, row: Row) -> None:
        """Whoever brings back what is back already may have edits of his own for it."""
        for index, change in _edits(taking, row):
            taking.change(index, change)

    def _ask_again(self, taking: Taking, row: Row, decided: Value) -> RecordId | None:
        """The conflict in which both decisions stand. Where its record has given its place away
        since, the second one lies beside the other record's field; its deletion is answered."""
        place = self._place(taking, row)
        if any_link(*place) == row.values.get("record"):
            edits = {name: x for _, one in _edits(taking, row) for name, x in one.new.items()}
            self._conflicts.reopen(row, edits or decided, taking.by)
            return row.id
        field, first = str(row.values.get("field")), row.values.get("resolution")
        if field == DELETED:
            return None
        why = Why(str(row.values.get("why")))
        return self._conflicts.park(place, field, why, first, decided, taking.by)

    def _close(
        self, taking: Taking, index: int, change: Change, stood: Mapping[str, Value] | None
    ) -> None:
        row = self._conflict(taking, change)
        above = self._above(row) if row is not None else None
        if row is None or above is None:
            return taking.refuse(index, "record.not_found")
        if change.op is not Op.SET or change.new.get("state") != "resolved":
            return taking.refuse(index, "record.read_only", kind=CONFLICT)
        if not self._judge.may_decide(above, str(row.values.get("field"))):
            return taking.refuse(index, "right.missing", action="edit")
        if any(_is_undecided(part, row) for part in taking.details):
            # The field moved on after the resolver saw it: his value is parked with the others.
            taking.details.append(ChangeResult(index, "state", Result.CONFLICT, "", row.id))
            return None
        if not any(part.result == Result.REJECTED for part in taking.details):
            self._conflicts.resolve(row, self._decided(taking, row), taking.by, stood)
        return None

    def _conflict(self, taking: Taking, change: Change) -> Row | None:
        if not self._judge.sees(CONFLICT, change.id):
            return None
        return self._work.row(CONFLICT, change.id)

    def _above(self, row: Row) -> Row | None:
        target = parse_target("", row.values.get("record"))
        return self._work.row(*target) if target else None

    def _decided(self, taking: Taking, row: Row) -> Value:
        """The value that the changeset gives the field, also under the name of a record that gave
        its place away since; without one, that which stands."""
        field = str(row.values.get("field"))
        target = parse_target("", row.values.get("record"))
        if target is None:
            return None
        kind, record_id = target
        for change in (x for x in taking.changeset.changes if x.kind == kind):
            if record_id in (change.id, taking.merging.standing(kind, change.id)):
                found = _value_of(change, field)
                if found is not None:
                    return found[0]
        return self._standing(kind, record_id, field)

    def _standing(self, kind: str, record_id: RecordId, field: str) -> Value:
        above = self._work.row(kind, record_id)
        if above is None or field == DELETED:
            return above is not None and above.deleted
        members = CATALOG[kind].groups.get(field)
        if members:
            return {name: above.values.get(name) for name in members}
        return above.values.get(field)


def _is_undecided(part: ChangeResult, conflict: Row) -> bool:
    """Whether a decision came to nothing: it lies in the conflict itself or in another one about
    the same field, or the record is deleted. Other fields that it brought along have conflicts of
    their own."""
    fields = (DELETED, conflict.values.get("field"))
    named = part.conflict_id == conflict.id or part.field in fields
    return part.result == Result.CONFLICT and named


def _edits(taking: Taking, conflict: Row) -> Iterator[tuple[int, Change]]:
    """What a decision to have a deleted record back brings with it for its fields: with the
    restoring, or beside it where the record came back before."""
    target = parse_target("", conflict.values.get("record"))
    ops = (Op.RESTORE, Op.SET) if conflict.values.get("field") == DELETED else (Op.RESTORE,)
    for index, change in enumerate(taking.changeset.changes):
        if change.op in ops and change.new and (change.kind, change.id) == target:
            yield index, change


def _value_of(change: Change, field: str) -> tuple[Value] | None:
    if field == DELETED:
        return (change.op is Op.DELETE,) if change.op in (Op.DELETE, Op.RESTORE) else None
    if change.op is Op.RESTORE or change.op is Op.DELETE:
        return None
    if field in change.new:
        return (change.new[field],)
    members = CATALOG[change.kind].groups.get(field, ())
    if members and set(members) & set(change.new):
        return ({name: change.new.get(name) for name in members},)
    return None
