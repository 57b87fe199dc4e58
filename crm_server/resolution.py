"""Resolving a conflict: one atomic changeset that sets the field and closes the conflict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED, Result, Why, same
from crm_core.scope import any_link
from crm_core.text_merge import units
from crm_core.wire import ChangeResult
from crm_server.conflicts import (
    CONFLICT,
    Conflicts,
    author_of,
    entries_of,
    entry_of,
    is_joined,
    record_of,
)
from crm_server.judge import Judge
from crm_server.rows import By, Key, Row
from crm_server.taking import Taking
from crm_server.work import Work


@dataclass(frozen=True, slots=True)
class _Decision:
    """What a changeset says to one question. `parts`: its changes that say it, under the name of
    the question's record or of one that gave its place to it; without one that gives the field a
    value (`keeps`) it is to stay as it is. `is_elsewhere`: it is about a record from which the
    question was led away by a merge, and which is back since. `stood`: what the field held until
    then, as an entry of `entry_of`."""

    index: int
    question: Row
    field: str
    said: Value
    keeps: bool
    parts: Mapping[int, Change]
    is_elsewhere: bool
    stood: Mapping[str, Value] | None

    @property
    def is_second(self) -> bool:
        """Whether its question was settled before."""
        return self.question.values.get("state") == "resolved" and not self.is_elsewhere


class Resolver:
    """Takes changesets that name a conflict record."""

    def __init__(self, work: Work, judge: Judge, conflicts: Conflicts) -> None:
        self._work = work
        self._judge = judge
        self._conflicts = conflicts

    def take(self, taking: Taking) -> None:
        """Work the fields first: what they become decides what becomes of the conflict. Without a
        question that a restored server lost they are edits like any other."""
        changes = taking.changeset.changes
        asked = [(n, change) for n, change in enumerate(changes) if change.kind == CONFLICT]
        closings = [(n, change) for n, change in asked if not self._is_lost(change)]
        if any(change.new.get("state") == "open" for _, change in closings):
            self._take_back(taking, closings)
            return
        decided = [self._decision(taking, n, change) for n, change in closings]
        decisions = [one for one in decided if one is not None]
        apart = {n for one in decisions if one.is_second for n in one.parts}
        for index, change in enumerate(changes):
            if change.kind != CONFLICT and index not in apart:
                taking.change(index, change)
        for one in decisions:
            if one.is_second:
                self._again(taking, one)
            elif not one.is_elsewhere:
                self._close(taking, one)

    def _decision(self, taking: Taking, index: int, closing: Change) -> _Decision | None:
        """What is said to a question; None where that is refused."""
        row = self._conflict(closing)
        if row is None:
            return taking.refuse(index, "record.not_found")
        if closing.op is not Op.SET or closing.new.get("state") != "resolved":
            return taking.refuse(index, "record.read_only", kind=CONFLICT)
        field, place = str(row.values.get("field")), self._place(taking, row)
        saying = {
            n: change for n, change in enumerate(taking.changeset.changes)
            if change.kind == place[0] and (field == DELETED or _value_of(change, field))
        }  # fmt: skip
        parts = {
            n: change for n, change in saying.items()
            if taking.merging.standing(change.kind, change.id) == place[1]
        }  # fmt: skip
        given = next(filter(None, (_value_of(x, field) for x in parts.values())), None)
        said = given[0] if given else self._kept(row, field, closing)
        is_other = field != DELETED and bool(saying) and not parts
        was_led_away = is_joined(row) and any_link(*place) == row.values.get("record")
        is_elsewhere = is_other or was_led_away
        stood = self._stood(row)
        return _Decision(index, row, field, said, given is None, parts, is_elsewhere, stood)

    def _kept(self, row: Row, field: str, closing: Change) -> Value:
        """What is to stay as it is, where no change says it: a state or a deletion as its author
        calls it, else that which stands."""
        kind, record_id = record_of(row)
        state = CATALOG[kind].state_field
        if "resolution" in closing.new:
            if field == DELETED:
                return closing.new["resolution"] is True
            if state is not None and state.name == field:
                return closing.new["resolution"]
        return self._standing(kind, record_id, field)

    def _take_back(self, taking: Taking, closings: Sequence[tuple[int, Change]]) -> None:
        """Who decided takes his decision back: what he goes back to are edits like any other, and
        the question is open again beside the field. Whether a record is to go is answered once that
        has moved on since. A question that his decision did not close, or that is open again, takes
        in what loses its field. Of a record that gave its place away since it is asked where that
        place is now."""
        found = [self._taken_back(taking, index, change) for index, change in closings]
        rows = [row for row in found if row is not None]
        decided = [row for row in rows if row.values.get("state") == "resolved"]
        if len(rows) < len(found) or any(self._is_answered(taking, row) for row in decided):
            return
        for index, change in enumerate(taking.changeset.changes):
            if change.kind != CONFLICT:
                taking.change(index, change)
        for row in decided:
            self._conflicts.take_back(row, self._place(taking, row), taking.by)

    def _taken_back(self, taking: Taking, index: int, change: Change) -> Row | None:
        """The conflict whose decision is taken back; None where that is refused."""
        row = self._conflict(change)
        if row is None:
            return taking.refuse(index, "record.not_found")
        if not self._may_decide(taking, index, row):
            return None
        if (
            row.values.get("state") == "resolved"
            and row.values.get("resolved_by") != taking.by.actor
        ):
            return taking.refuse(index, "record.read_only", kind=CONFLICT)
        return row

    def _may_decide(self, taking: Taking, index: int, row: Row) -> bool:
        """Whether the author sees the record that is asked about now and may decide there; it is
        refused where not."""
        above = self._work.row(*self._place(taking, row))
        if above is None or not self._judge.sees_row(above):
            taking.refuse(index, "record.not_found")
        elif not self._judge.may_decide(above, str(row.values.get("field"))):
            taking.refuse(index, "right.missing", action="edit")
        else:
            return True
        return False

    def _is_answered(self, taking: Taking, row: Row) -> bool:
        """Whether a record went, or came back, after that was decided; with its place it went."""
        place = self._place(taking, row)
        if row.values.get("field") != DELETED:
            return False
        decided = row.values.get("resolution") is True
        is_there = any_link(*place) == row.values.get("record")
        return not is_there or self._standing(*place, DELETED) != decided

    def _place(self, taking: Taking, row: Row) -> Key:
        """The record that a conflict is about, or the one in its place."""
        kind, record_id = record_of(row)
        return kind, taking.merging.standing(kind, record_id)

    def _stood(self, row: Row) -> Mapping[str, Value] | None:
        """What stands in the field before it is decided, with who wrote it."""
        target, field = record_of(row), str(row.values.get("field"))
        above = self._work.row(*target)
        if above is None:
            return None
        found = self._work.tx.row(
            "SELECT actor,device,cs_id,authored_at FROM history WHERE seq=? AND id=? AND kind=?",
            (above.seq_of(field), above.id, above.kind),
        )
        by = By(RecordId(found[0]), found[1], ChangeSetId(found[2]), found[3]) if found else None
        return entry_of(self._standing(*target, field), by or By(RecordId("")))

    def _again(self, taking: Taking, one: _Decision) -> None:
        """A question that was settled before: the same decision is nothing new, with another it is
        asked again."""
        row = one.question
        if not is_joined(row) and one.said == row.values.get("resolution"):
            self._bring_along(taking, one)
        elif self._may_decide(taking, one.index, row):
            asked = self._ask_again(taking, one)
            if asked is not None:
                taking.details.append(ChangeResult(one.index, "state", Result.CONFLICT, "", asked))

    def _bring_along(self, taking: Taking, one: _Decision) -> None:
        """Whoever brings back what is back already, or what gave its place away since, may have
        edits of his own for it."""
        for index, change in _edits(one):
            gave_way = taking.merging.standing(change.kind, change.id) != change.id
            taking.change(index, replace(change, op=Op.SET) if gave_way else change)

    def _ask_again(self, taking: Taking, one: _Decision) -> RecordId | None:
        """The conflict in which both decisions stand. Where its record has given its place away
        since, it joined another one, or one came up about the field since, the second lies beside
        the field; the deletion of what gave its place away is answered."""
        row, place, field = one.question, self._place(taking, one.question), one.field
        is_there = any_link(*place) == row.values.get("record")
        if field == DELETED and not is_there:
            return self._bring_along(taking, one)
        said: Value = {name: x for _, change in _edits(one) for name, x in change.new.items()}
        said = said or one.said
        if is_there and self._conflicts.open_at(place[1], field) is None:
            self._conflicts.reopen(row, said, taking.by)
            return row.id
        before = row.values.get("base" if is_joined(row) else "resolution")
        return self._conflicts.park(place, field, _why(row), before, said, taking.by, is_moved=True)

    def _close(self, taking: Taking, one: _Decision) -> None:
        row, place = one.question, self._place(taking, one.question)
        if not self._may_decide(taking, one.index, row):
            return
        standing = self._standing(*place, one.field)
        if (one.keeps and one.said != standing) or _lacks(taking, one, standing):
            base = row.values.get("base")
            self._conflicts.park(place, one.field, _why(row), base, one.said, taking.by)
        elif not any(_is_undecided(part, row) for part in taking.details):
            if not any(part.result == Result.REJECTED for part in taking.details):
                self._conflicts.resolve(row, one.said, taking.by, one.stood)
                self._ask_of_unseen(taking, one)
            return
        # The field moved on after the resolver saw it: his value is parked with the others.
        taking.details.append(ChangeResult(one.index, "state", Result.CONFLICT, "", row.id))

    def _ask_of_unseen(self, taking: Taking, one: _Decision) -> None:
        """What others said to a question behind the back of whoever decides it, or he on another
        device, is asked anew as it lay there, all that one person said."""
        row, version = one.question, taking.changeset.changes[one.index].base_seq
        written = self._work.written_behind(row, version)
        before = next((x.said["parked"][0] for x in written if "parked" in x.said), None)
        if not version or before is None:
            return
        place, base = self._place(taking, row), row.values.get("base")
        for entry in entries_of(row.values.get("parked")):
            author, value = author_of(entry), entry.get("value")
            knew = (author.actor, author.device) == (taking.by.actor, taking.by.device)
            is_news = entry not in entries_of(before) and not knew
            if is_news and not same(value, one.said):
                self._conflicts.park(
                    place, one.field, _why(row), base, value, author, is_brought=True
                )

    def _is_lost(self, closing: Change) -> bool:
        """Whether a decision names a question of history that the server lost. An offer of it,
        which would lie nowhere, is none."""
        is_lost = self._work.clock.is_lost(closing.base_seq) and closing.op is Op.SET
        return is_lost and self._work.row(CONFLICT, closing.id) is None

    def _conflict(self, change: Change) -> Row | None:
        if not self._judge.sees(CONFLICT, change.id):
            return None
        return self._work.row(CONFLICT, change.id)

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


def _lacks(taking: Taking, one: _Decision, standing: Value) -> bool:
    """Whether a note that was merged with what came behind the resolver's back lacks something of
    what he decided for: lines that stood in the question alone, and passed for what all had."""
    merged = any(x.field == one.field and x.result == Result.MERGED for x in taking.details)
    if not merged or not isinstance(one.said, str) or not isinstance(standing, str):
        return False
    return not {*units(one.said)} <= {*units(standing)}


def _edits(one: _Decision) -> Iterator[tuple[int, Change]]:
    """What a decision to have a deleted record back brings with it for its fields: with the
    restoring, or beside it where the record came back before."""
    for index, change in one.parts.items():
        if one.field == DELETED and change.op in (Op.RESTORE, Op.SET) and change.new:
            yield index, change


def _why(row: Row) -> Why:
    return Why(str(row.values.get("why")))


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
