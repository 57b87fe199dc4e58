"""One changeset on its way: each change judged, merged and written, and the losers parked."""

from __future__ import annotations

from collections.abc import Container, Mapping

from msgspec.structs import replace

from crm_core.catalog import CATALOG
from crm_core.changes import Change, ChangeSet, Op, op_of
from crm_core.entity import Entity
from crm_core.erasing import ATTACHMENT, ERASED, MERGE_ERASED, freed
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId, provisional_number
from crm_core.merge import DELETED, Merged, Result, Seen, Why, merge
from crm_core.merging import MERGEABLE, MERGED_INTO, taker_of
from crm_core.roles import Action
from crm_core.scope import parse_target
from crm_core.wire import ChangeResult
from crm_server.conflicts import Conflicts
from crm_server.judge import EMPTY, Author, Judge, Judged, missing_required
from crm_server.knowing import Knowing
from crm_server.merging import MOVED, Merging, Unseen
from crm_server.moments import authored_at
from crm_server.offering import Offering
from crm_server.rows import LINKS, By, Row, targets
from crm_server.work import Work

_APPLIED = Result.APPLIED
_INSERT, _DELETE, _MERGE, _RESTORE = Op.INSERT, Op.DELETE, Op.MERGE, Op.RESTORE
_OFFER = Op.OFFER
_EDIT = Action.EDIT
_FIELDS_ALONE = (Op.SET, Op.ADD, Op.REMOVE, Op.OFFER)


class Taking:
    """One changeset on its way: what became of each of its parts. `as_shown` counts the edits of
    records that nobody else had changed: their author shows already what came of them."""

    def __init__(self, work: Work, author: Author, judge: Judge, conflicts: Conflicts) -> None:
        self.work = work
        self.author = author
        self.judge = judge
        self.conflicts = conflicts
        self.merging = Merging(work, conflicts)
        self._offering = Offering(work, judge, conflicts, self.merging)
        self.begin(ChangeSet(ChangeSetId(""), ()))

    def begin(self, changeset: ChangeSet) -> None:
        """Turn to the next changeset."""
        self.changeset = changeset
        self._knowing = Knowing(self.work, self.merging, self.author, changeset)
        self.details: list[ChangeResult] = []
        self.undeletable: Change | None = None
        self._unseen: list[tuple[int, Unseen]] = []
        self._emptied: set[int] = set()
        self.as_shown = 0
        at = authored_at(changeset.at, self.work.now)
        self.by = By(self.author.user, self.author.device, changeset.id, at, changeset.order)
        self.judge.scope_gen = changeset.scope_gen
        self.judge.is_merging = _MERGE in map(op_of, changeset.changes)

    def forget_erased(self, changeset: ChangeSet) -> ChangeSet:
        """Turn to the next changeset, without what its author wrote into fields that were erased
        and of which he had not heard (security.md §7)."""
        self.begin(changeset)
        self.changeset, dropped = freed(changeset, self.work.erased, self._knowing.heard)
        for index, names in dropped.items():
            change = self.changeset.changes[index]
            if not change.new and change.op in _FIELDS_ALONE:
                self._emptied.add(index)
            row = self.work.row(change.kind, change.id)
            if change.op is not _OFFER and (row is None or self.judge.sees_row(row)):
                self.details.extend(
                    ChangeResult(index, x, Result.MERGED, ERASED, "", {"field": x}) for x in names
                )
        return self.changeset

    def end(self) -> None:
        """Bring into the records that took others' place what their merger had not seen of them."""
        for index, unseen in self._unseen:
            self.details.extend(self.merging.carry_all(unseen, self.by, index))

    def change(self, index: int, change: Change) -> None:
        """Take one change: judge it, merge it, write what stands and park what does not."""
        if index in self._emptied:
            return None  # nothing is left of it
        entity = CATALOG.get(change.kind)
        code = self._not_writable(entity, change)
        if entity is None or code:
            return self.refuse(index, code, kind=change.kind[:60])
        if change.op is _OFFER:
            return self._offer(index, entity, change)
        row = self.work.row(change.kind, change.id)
        if row is not None and not self.judge.sees_row(row):
            return self.refuse(index, "record.not_found")
        change, told = self.merging.readdressed(entity, change)
        if told and change.op is not _MERGE:
            self.details.append(ChangeResult(index, told, Result.MERGED, MOVED))
        if change.op is _INSERT and row is None and not self._is_forgotten(change):
            return self._insert(index, entity, change)
        if row is None:
            if (change.kind, change.id, "") in self.judge.refused:
                return self.refuse(index, "record.above_refused", result=Result.BLOCKED)
            return self.refuse(index, "record.not_found")
        return self._change_row(index, entity, change, row)

    def _offer(self, index: int, entity: Entity, change: Change) -> None:
        found = self._offering.take(self.author, entity, change, self.by, index)
        if isinstance(found, str):
            return self.refuse(index, found, action="edit")
        self.details.extend(found)
        return None

    def _is_forgotten(self, change: Change) -> bool:
        return (change.kind, change.id) in self.work.forgotten

    def _change_row(self, index: int, entity: Entity, change: Change, row: Row) -> None:
        if change.op is _DELETE:
            return self._delete(index, entity, change, row)
        if change.op is _MERGE:
            return self._merge_away(index, entity, change, row)
        if row.deleted and change.op is not _RESTORE and self._has_given_way(row):
            return self._carry_over(index, entity, change, row)
        return self._edit(index, entity, change, row)

    def _has_given_way(self, row: Row) -> bool:
        return self.merging.standing(row.kind, row.id) != row.id

    def _not_writable(self, entity: Entity | None, change: Change) -> str:
        if entity is None:
            return "kind.unknown"
        if entity.read_only:
            return "record.read_only"
        if entity.insert_only and change.op is not Op.INSERT:
            return "record.log"
        return ""

    def refuse(
        self, index: int, code: str, *, result: Result = Result.REJECTED, **params: str
    ) -> None:
        """Refuse a change as a whole."""
        self.details.append(ChangeResult(index, "", result, code, "", params))

    # -- insert -----------------------------------------------------------------------------

    def _insert(self, index: int, entity: Entity, change: Change) -> None:
        if self._is_file_of_erased(change):
            return self.refuse(index, ERASED, field="parent")
        judged = self.judge.fields(entity, None, change)
        merged = merge(entity, None, judged.change, Seen(change.base_seq))
        values = self._completed(entity, change.id, merged.values)
        erased = self.work.erased.get((change.kind, change.id), {})
        lacking = [x for x in missing_required(entity, values) if x not in erased]
        if lacking:
            return self._refuse_incomplete(index, judged, lacking[0])
        if not self.judge.may_create(entity, change.id, values):
            return self.refuse(index, "right.missing", action="create")
        if entity.number_prefix:
            values["number"] = self.work.issue_number(entity)
        row = self.work.put(entity, change.id, values, self.by)
        self._report(index, judged, merged, row)
        return self._revive_above(index, entity, row)

    def _is_file_of_erased(self, change: Change) -> bool:
        """Whether a file is added to somebody of whose erasure its author had not heard."""
        above = parse_target("", change.new.get("parent")) if change.kind == ATTACHMENT else None
        return above is not None and self._knowing.is_erased_since(above[0], (above[1],))

    def _completed(
        self, entity: Entity, record_id: RecordId, values: Mapping[str, Value]
    ) -> dict[str, Value]:
        made: dict[str, Value] = {x: value for x, value in values.items() if value not in EMPTY}
        if entity.kind == "account":
            owner = made.setdefault("owner", self.by.actor)
            directory = self.work.directory
            made["team"] = directory.team_of(RecordId(str(owner)))
            territory = directory.territory_of(RecordId(str(owner)))
            if territory and "territory" not in made:
                made["territory"] = territory
        if entity.number_prefix:
            made["provisional_number"] = provisional_number(entity.number_prefix, record_id)
        return {**made, **self.by.created, **self.by.updated}

    def _refuse_incomplete(self, index: int, judged: Judged, lacking: str) -> None:
        """A required field is missing, perhaps because it was refused: say that reason."""
        for problem in judged.refused:
            if problem.name == lacking:
                return self.refuse(index, problem.code, result=problem.result, **problem.params)
        taken = any(spec.name == lacking for spec, _, _ in judged.taken)
        return self.refuse(index, "field.taken" if taken else "field.required", field=lacking)

    def _revive_above(self, index: int, entity: Entity, row: Row) -> None:
        """A new part of a deleted record: the record's deletion is in question again."""
        for link in entity.root_links:
            for target in targets(entity, link.name, row.values.get(link.name)):
                above = self.work.row(*target)
                if above is not None and above.deleted:
                    parked = self.conflicts.park(target, DELETED, Why.DELETE, {}, {}, self.by)
                    self.details.append(ChangeResult(index, link.name, Result.CONFLICT, "", parked))

    # -- edit and delete --------------------------------------------------------------------

    def _edit(self, index: int, entity: Entity, change: Change, row: Row) -> None:
        if not self.judge.may(_EDIT, row):
            return self.refuse(index, "right.missing", action="edit")
        judged = self.judge.fields(entity, row, change)
        seen = self._knowing.of_edited(change)
        merged = merge(entity, row, judged.change, seen)
        back = merged.deleted is False and row.deleted
        held = self._held_by_others(entity, judged, row) if back else {}
        if merged.values or back:
            values = {**held, **merged.values}
            if row.seq <= change.base_seq and seen.trusted and values.keys() == change.new.keys():
                self.as_shown += LINKS[entity.kind].scope_fields.isdisjoint(change.new)
            values.update(self.by.updated)
            if entity.kind == "account" and "owner" in values:
                values["team"] = self.work.directory.team_of(RecordId(str(values["owner"])))
            deleted = row.deleted if merged.deleted is None else merged.deleted
            gave_way = back and taker_of(row.values) is not None
            row = self.work.put(entity, change.id, values, self.by, deleted=deleted)
            if gave_way:
                self.details.extend(self.merging.lead_back(row, index, self.by))
        self._report(index, judged, merged, row, held=held)
        return None

    def _held_by_others(self, entity: Entity, judged: Judged, coming_back: Row) -> dict[str, Value]:
        """The unique values of a record that comes back which somebody else has taken since: the
        record returns without them, and they stand beside it."""
        lost: dict[str, Value] = {}
        for name in sorted(LINKS[entity.kind].unique.difference(judged.change.new)):
            value = coming_back.values.get(name)
            if holder := self.work.taken_by((entity.kind, coming_back.id), name, value):
                judged.taken.append((entity.by_name[name], value, holder))
                lost[name] = None
        return lost

    # -- merging ----------------------------------------------------------------------------

    def _merge_away(self, index: int, entity: Entity, change: Change, row: Row) -> None:
        """One record gives its place to another: who may delete the one and change the other
        may do that."""
        wanted = taker_of(change.new)
        taker = self.merging.standing(row.kind, wanted) if wanted else None
        winner = self.work.row(row.kind, taker) if taker else None
        if entity.kind not in MERGEABLE:
            return self.refuse(index, "record.read_only", kind=entity.kind)
        if winner is None or not self.judge.sees_row(winner):
            return self.refuse(index, "record.not_found")
        if self.merging.standing(row.kind, row.id) == winner.id:
            return self._tell_moved(index, MERGED_INTO, winner.id)  # as is, perhaps the other way
        if row.deleted or winner.deleted:
            return self.refuse(index, "merge.gone")
        if self._knowing.is_erased_since(row.kind, (row.id, winner.id)):
            return self.refuse(index, MERGE_ERASED)
        if not self.judge.may_delete(row, self.by.at):
            return self.refuse(index, "right.missing", action="delete")
        if not self.judge.may(Action.EDIT, winner):
            return self.refuse(index, "right.missing", action="edit")
        unreceived = self._knowing.unreceived(entity.kind)
        unseen = self.merging.merge(row, winner, change, self.by, unreceived)
        self._unseen.append((index, unseen))
        return None

    def _carry_over(self, index: int, entity: Entity, change: Change, row: Row) -> None:
        """An edit of a record that gave its place away is one of the record in its place: it
        applies where that holds what the author saw."""
        taker = self.merging.standing(row.kind, row.id)
        winner = self.work.row(row.kind, taker)
        if winner is None or not self.judge.sees_row(winner):
            return self.refuse(index, "record.not_found")
        if not self.judge.may(Action.EDIT, winner):
            return self.refuse(index, "right.missing", action="edit")
        judged = self.judge.fields(entity, winner, replace(change, id=taker))
        merged = merge(entity, winner, judged.change, Seen(0, trusted=False))
        if merged.values:
            values = {**merged.values, **self.by.updated}
            winner = self.work.put(entity, taker, values, self.by)
        self._report(index, judged, merged, winner, is_moved=True)
        for part in merged.results:
            if part.result in (Result.APPLIED, Result.MERGED):
                self._tell_moved(index, part.name, taker)
        return None

    def _tell_moved(self, index: int, name: str, taker: RecordId) -> None:
        said = {"into": str(taker)}
        self.details.append(ChangeResult(index, name, Result.MERGED, MOVED, "", said))

    def _delete(self, index: int, entity: Entity, change: Change, row: Row) -> None:
        if not self.judge.may_delete(row, self.by.at):
            return self.refuse(index, "right.missing", action="delete")
        merged = merge(entity, row, change, self._knowing.of_deleted(change, row))
        if merged.deleted:
            row = self.work.put(entity, change.id, self.by.updated, self.by, deleted=True)
        elif merged.results[0].result is Result.CONFLICT:
            self.undeletable = change
        self._report(index, Judged(change), merged, row)
        return None

    # -- reporting --------------------------------------------------------------------------

    def _report(
        self, index: int, judged: Judged, merged: Merged, row: Row, *,
        held: Container[str] = (), is_moved: bool = False,
    ) -> None:  # fmt: skip
        """Say what became of each field (applied ones are silent) and park what lost. `held`: the
        record itself lost these, coming back. `is_moved`: it was said of a record that gave its
        place to this one."""
        record = (row.kind, row.id)
        for part in (*judged.refused, *merged.results):
            if part.result is _APPLIED:
                continue
            if part.result is Result.CONFLICT:
                parked = self.conflicts.park(
                    record, part.name, part.why, part.base, part.new, self.by, is_moved=is_moved
                )
                self.details.append(ChangeResult(index, part.name, part.result, "", parked))
            else:
                params = dict(part.params)
                self.details.append(
                    ChangeResult(index, part.name, part.result, part.code, "", params)
                )
        for spec, value, holder in judged.taken:
            current = row.values.get(spec.name)
            parked = self.conflicts.park(
                record, spec.judged_as, Why.UNIQUE, current, value, self.by,
                is_moved=is_moved or spec.name in held,
            )  # fmt: skip
            named = self.judge.sees(row.kind, holder)
            params = {"twin": str(holder)} if named else {}
            self.details.append(
                ChangeResult(index, spec.name, Result.CONFLICT, "field.taken", parked, params)
            )
