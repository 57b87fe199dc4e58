"""Push: one transaction, each changeset judged, merged and laid on the work, written in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from crm_core.catalog import CATALOG
from crm_core.changes import CHANGES_MAX, Change, ChangeSet, Op, is_sound, kind_of, op_of
from crm_core.conversion import Converted, converted
from crm_core.erasing import blank_step, is_erasable
from crm_core.ids import RecordId, is_id, is_kind
from crm_core.merge import DELETED, Result, Why, worst
from crm_core.merging import MERGED_INTO
from crm_core.wire import ChangeResult, ChangeSetResult
from crm_server.conflicts import CONFLICT, Conflicts
from crm_server.erasures import decisions
from crm_server.judge import Author, Judge
from crm_server.offering import as_told
from crm_server.resolution import Resolver
from crm_server.rows import LINKS, Key, targets
from crm_server.store import Answer
from crm_server.taking import Taking
from crm_server.work import Work

SIMPLE = frozenset((Op.SET, Op.ADD, Op.REMOVE, Op.INSERT))
"""What looks no further than its own record, and settles nothing."""

_LEADING = frozenset((Op.INSERT, Op.DELETE, Op.MERGE))
"""What asks what leads to its record."""

PARTS_THAT_REFUSE = (Result.REJECTED, Result.BLOCKED)


@dataclass(frozen=True, slots=True)
class Stored:
    """What `applied` keeps of an earlier delivery."""

    author: RecordId
    result: ChangeSetResult


class Pusher:
    """Takes the changesets of one push, one after the other."""

    def __init__(
        self, work: Work, author: Author, conflicts: Conflicts, *, brief: bool = False
    ) -> None:
        self._work = work
        self._author = author
        self._brief = brief
        self._conflicts = conflicts
        self._refused: dict[tuple[str, str, str], str] = {}
        self._refused_before: dict[tuple[str, str, str], str] = {}
        self._judge = Judge(work, author, self._refused)
        self._taking = Taking(work, author, self._judge, conflicts)
        self.known: dict[str, Stored] = {}
        self._taken: dict[str, tuple[ChangeSet, ChangeSetResult]] = {}
        self.applied: list[tuple[ChangeSet, ChangeSetResult]] = []
        self.parked: list[tuple[ChangeSet, ChangeSetResult]] = []
        self.named: dict[Key, bool] = {}
        self._arisen: dict[Key, bool] = {}
        self._in_todays_words: dict[str, Converted | None] = {}

    def translate(self, changesets: Iterable[ChangeSet]) -> tuple[ChangeSet, ...]:
        """Those that can be judged, each in today's words."""
        self._in_todays_words = {}
        for one in filter(is_sound, changesets):
            if one.id not in self._in_todays_words:  # another one by this name is not judged
                self._in_todays_words[one.id] = _converted(one)
        found = self._in_todays_words.values()
        return tuple(one.changeset for one in found if one is not None)

    def keep_stored(self, applied: Iterable[tuple[Any, ...]], refused: Answer) -> None:
        """Take in what came of changesets earlier, and what was refused to the author."""
        for cs_id, author, result in applied:
            if cs_id in self._in_todays_words:
                stored = msgspec.json.decode(result, type=ChangeSetResult)
                self.known[cs_id] = Stored(author, stored)
        for kind, record_id, field, value, author in refused():
            if author == self._author.user:
                self._refused[(kind, record_id, field)] = value
        self._refused_before = dict(self._refused)

    @property
    def user(self) -> RecordId:
        """The author."""
        return self._author.user

    def store_refusals(self) -> None:
        """Remember what was refused, so that later edits built on it are held back."""
        before, now = self._refused_before, self._refused
        self._work.tx.many(
            "DELETE FROM refused WHERE kind=? AND id=? AND field=? AND author=?",
            [(*key, self._author.user) for key in before if key not in now],
        )
        self._work.tx.many(
            "INSERT INTO refused(kind,id,field,author,value) VALUES (?,?,?,?,?)"
            " ON CONFLICT(id,kind,field,author) DO UPDATE SET value=excluded.value",
            [
                (*key, self._author.user, value)
                for key, value in now.items()
                if before.get(key) != value
            ],
        )

    def take(self, changeset: ChangeSet) -> ChangeSetResult:
        """Work one changeset; a retry gets the stored answer."""
        result = self._take(changeset)
        if any(map(_refuses, result.changes)):
            self._judge.keep_from(changeset)
        return as_told(result)

    def _take(self, changeset: ChangeSet) -> ChangeSetResult:
        today = self._in_todays_words.get(changeset.id)
        looked_at = today is not None and today.changeset is changeset
        if not looked_at and not is_sound(changeset):
            return _whole(changeset, Result.REJECTED, "request.malformed")
        if changeset.id in self._taken or changeset.id in self.known:
            self._note_named(changeset)
            return self._again(changeset)
        before = len(self._work.history)
        result = self._judged(changeset)
        if not (self._brief and self._is_as_shown(changeset, result)):
            self._note_named(changeset)
        self.named.update(self._arisen)  # what came of it stands behind what it was about
        self._arisen.clear()
        self._taken[changeset.id] = (changeset, result)
        if result.result != Result.BLOCKED or len(self._work.history) > before:
            # What was held back as a whole is judged anew when it comes again.
            self.applied.append((changeset, result))
        if result.result in PARTS_THAT_REFUSE:
            self.parked.append((self._without_erased(changeset), result))
        return result

    def _judged(self, changeset: ChangeSet) -> ChangeSetResult:
        """The verdict, in the words of the changeset's author."""
        today = self._in_todays_words[changeset.id]
        if today is None:
            return _whole(changeset, Result.REJECTED, "changeset.too_old")
        result = self._work_changeset(today.changeset)
        if not today.said:
            return result
        return replace(result, changes=tuple(_as_said(today, part) for part in result.changes))

    def _is_as_shown(self, changeset: ChangeSet, result: ChangeSetResult) -> bool:
        """Whether what came of a changeset is just what its author shows already."""
        if result.result != Result.APPLIED or result.changes:
            return False
        return self._taking.as_shown == len(changeset.changes)

    def _note_named(self, changeset: ChangeSet) -> None:
        for change in changeset.changes:
            self.named[(change.kind, change.id)] = True

    def _again(self, changeset: ChangeSet) -> ChangeSetResult:
        taken, result = self._taken.get(changeset.id, (None, None))
        stored = Stored(self._author.user, result) if result else self.known[changeset.id]
        if stored.author != self._author.user or (taken is not None and taken != changeset):
            return _whole(changeset, Result.REJECTED, "changeset.forged")
        for change in stored.result.changes:
            if change.conflict_id:
                self.named[(CONFLICT, RecordId(change.conflict_id))] = True
        return ChangeSetResult(
            changeset.id, Result.DUPLICATE, stored.result.seq, stored.result.changes
        )

    def _work_changeset(self, changeset: ChangeSet) -> ChangeSetResult:
        problem = self._malformed(changeset)
        if problem:
            return _whole(changeset, Result.REJECTED, problem)
        self._work.mark()
        taking = self._taking
        if self._work.erased:
            changeset = taking.forget_erased(changeset)
        else:
            taking.begin(changeset)
        if CONFLICT in map(kind_of, changeset.changes):
            Resolver(self._work, self._judge, self._conflicts).take(taking)
        else:
            for index, change in enumerate(changeset.changes):
                taking.change(index, change)
        taking.end()
        if taking.details or self._refused:
            return self._conclude(changeset, taking)
        return ChangeSetResult(changeset.id, Result.APPLIED, self._work.seq)

    def _without_erased(self, changeset: ChangeSet) -> ChangeSet:
        """What may be kept of a changeset that is refused."""
        gone = {key: frozenset(fields) for key, fields in self._work.erased.items()}
        if CONFLICT in map(kind_of, changeset.changes):
            gone.update(decisions(self._work.tx))
        for change in changeset.changes:
            if repeated := self._judge.repeated(change):
                key = (change.kind, change.id)
                gone[key] = gone.get(key, frozenset()) | repeated
        if not gone:
            return changeset
        freed = blank_step(msgspec.to_builtins(changeset), gone)
        return msgspec.convert(freed, ChangeSet)

    def _malformed(self, changeset: ChangeSet) -> str:
        if len(changeset.changes) > CHANGES_MAX:
            return "changeset.too_large"
        delivered, clock = self._author.delivered, self._work.clock
        for change in changeset.changes:
            if change.base_seq > delivered and not clock.is_lost(change.base_seq):
                return "changeset.forged"
        return ""

    def _conclude(self, changeset: ChangeSet, taking: Taking) -> ChangeSetResult:
        result = worst([Result(detail.result) for detail in taking.details])
        details = tuple(taking.details)
        if changeset.atomic and result in PARTS_THAT_REFUSE:
            self._work.rollback()
            hit = {detail.index for detail in details if _refuses(detail)}
            rest = (n for n in range(len(changeset.changes)) if n not in hit)
            kept = (detail for detail in details if detail.index in hit)
            details = (*kept, *(ChangeResult(n, "", Result.REJECTED, "atomic.part") for n in rest))
        elif changeset.atomic and taking.undeletable is not None:
            details = self._park_deletion(changeset, taking)
        self._remember(changeset, details)
        for detail in details:
            if detail.conflict_id:
                self._arisen[(CONFLICT, RecordId(detail.conflict_id))] = True
            if detail.params.get("into"):
                kind = changeset.changes[detail.index].kind
                self._arisen[(kind, RecordId(detail.params["into"]))] = True
        return ChangeSetResult(changeset.id, result, self._work.seq, details)

    def _park_deletion(self, changeset: ChangeSet, taking: Taking) -> tuple[ChangeResult, ...]:
        """A deletion with its cascade happens whole or not at all."""
        assert taking.undeletable is not None
        self._work.rollback()
        change = taking.undeletable
        record = (change.kind, change.id)
        parked = self._conflicts.park(record, DELETED, Why.DELETE, False, True, taking.by)
        return tuple(
            ChangeResult(index, DELETED, Result.CONFLICT, "", parked)
            for index in range(len(changeset.changes))
        )

    def _remember(self, changeset: ChangeSet, details: Iterable[ChangeResult]) -> None:
        """Note refused inserts and fields; what passes clears its earlier refusal."""
        failed: set[int] = set()
        parts = {(detail.index, detail.field) for detail in details if _refuses(detail)}
        for detail in details:
            if not _refuses(detail):
                continue
            change = changeset.changes[detail.index]
            entity = CATALOG.get(change.kind)
            if detail.field in change.new and not _fails_whole(detail):
                if entity is None or detail.field not in entity.by_name:
                    continue  # nothing is ever built on what is no field
                if detail.field in self._judge.repeated(change):
                    continue  # what is to be kept nowhere
                value = repr(change.new[detail.field])
                self._refused[(change.kind, change.id, detail.field)] = value
            elif change.op is Op.INSERT:
                self._refused[(change.kind, change.id, "")] = ""
                failed.add(detail.index)
        if self._refused:
            for index, change in enumerate(changeset.changes):
                if change.op is Op.INSERT and index not in failed:
                    self._refused.pop((change.kind, change.id, ""), None)
                for name in change.new:
                    if parts.isdisjoint(((index, ""), (index, name))):
                        self._refused.pop((change.kind, change.id, name), None)


def prefetch(
    work: Work, conflicts: Conflicts, pushes: Sequence[tuple[Pusher, Iterable[ChangeSet]]]
) -> None:
    """Read in bulk what all the changesets of some pushes name."""
    found = [pusher.translate(changesets) for pusher, changesets in pushes]
    changesets = [changeset for some in found for changeset in some]
    changes = [change for changeset in changesets for change in changeset.changes]
    ops, kinds = {*map(op_of, changes)}, {*map(kind_of, changes)}
    keys: dict[Key, bool] = {}
    for change in changes:
        if change.kind in CATALOG:
            keys[(change.kind, change.id)] = True
            if not LINKS[change.kind].references.isdisjoint(change.new):
                keys.update((key, True) for key in _named_by(change))
    applied = work.tx.ask(
        "SELECT cs_id,author,result FROM applied WHERE cs_id = ANY(?)",
        ([changeset.id for changeset in changesets],),
    )
    refused = work.tx.ask(
        "SELECT kind,id,field,value,author FROM refused WHERE author = ANY(?)",
        ([pusher.user for pusher, _ in pushes],),
    )
    conflicts.expect(record_id for _, record_id in keys)
    # Simple changes open questions and settle none: most have nothing to do with any.
    open_conflicts = None if ops <= SIMPLE and CONFLICT not in kinds else conflicts.ask()
    erasable = [
        named
        for kind in filter(is_erasable, kinds)
        for change in changes
        if change.kind == kind
        for named in (change.id, *_led_to(change))
    ]
    keep_erased = work.ask_erased(erasable) if erasable else None
    work.prefetch(keys)
    for pusher, _ in pushes:
        pusher.keep_stored(applied(), refused)
    if open_conflicts is not None:
        conflicts.keep(open_conflicts)
    if keep_erased is not None:
        keep_erased()
    if not ops.isdisjoint(_LEADING):
        work.prefetch_forgotten((x.kind, x.id) for x in changes if x.op is Op.INSERT)
        work.prefetch_children(x.id for x in changes if x.op in _LEADING)


def _led_to(change: Change) -> Iterable[str]:
    """The records on whose erasure a change depends too."""
    links = (change.new.get(MERGED_INTO), change.new.get("parent"))
    return (link.rpartition("/")[2] for link in links if isinstance(link, str))


def _as_said(today: Converted, part: ChangeResult) -> ChangeResult:
    params = part.params
    if "field" in params:
        params = {**params, "field": today.as_said(part.index, params["field"])}
    return replace(part, field=today.as_said(part.index, part.field), params=params)


def _converted(changeset: ChangeSet) -> Converted | None:
    """The changeset in today's words; None where that is not possible."""
    try:
        return converted(changeset)
    except ValueError:
        return None


def _named_by(change: Change) -> Iterable[Key]:
    """The records to which a change's values lead."""
    references = LINKS[change.kind].references
    entity = CATALOG[change.kind]
    for name in references.intersection(change.new):
        for kind, target in targets(entity, name, change.new[name]):
            if is_kind(kind) and is_id(target):
                yield kind, target


def _refuses(detail: ChangeResult) -> bool:
    return detail.result in PARTS_THAT_REFUSE


def _fails_whole(detail: ChangeResult) -> bool:
    return detail.field == ""


def _whole(changeset: ChangeSet, result: Result, code: str) -> ChangeSetResult:
    return ChangeSetResult(changeset.id, result, 0, (ChangeResult(0, "", result, code),))
