"""What the author of a changeset knew, when he wrote it, of what others wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import RecordId
from crm_core.masks import MASKABLE
from crm_core.merge import DELETED, Seen
from crm_server.conflicts import CONFLICT
from crm_server.judge import Author
from crm_server.merging import Merging
from crm_server.rows import Row
from crm_server.work import Work

_NONE = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Knowing:
    """What the author of a changeset knew of the records that it is about."""

    work: Work
    merging: Merging
    author: Author
    changeset: ChangeSet

    @property
    def horizon(self) -> int:
        """How far in the feed the author had seen everything when he wrote this changeset, and not
        how far his device has come since. Of history that was lost he saw what came before."""
        seen = self.changeset.seen
        if seen is None:
            return self.author.pulled
        return min(self.work.clock.still_known(seen), self.author.delivered)

    @property
    def heard(self) -> int:
        """Up to where he had heard of erasures."""
        return self.horizon if self.changeset.seen is not None else 0

    def is_erased_since(self, kind: str, ids: Iterable[RecordId]) -> bool:
        """Whether anything of one of these records was erased behind his back."""
        horizon = self.horizon
        found = (seq for x in ids for seq in self.work.erased.get((kind, x), {}).values())
        return any(seq > horizon for seq in found)

    def unreceived(self, kind: str) -> frozenset[str]:
        """The fields of a kind that he may not have received, whatever version he saw."""
        return self.author.unreceived(kind, self.horizon) if kind in MASKABLE else _NONE

    def of_edited(self, change: Change) -> Seen:
        """What he knew of a record that he edits."""
        unreceived = self.unreceived(change.kind)
        return Seen(change.base_seq, trusted=self._is_trusted(change), unreceived=unreceived)

    def of_deleted(self, change: Change, row: Row) -> Seen:
        """What he knew of a record that he deletes."""
        return Seen(
            change.base_seq,
            trusted=self._is_trusted(change),
            row_untouched=row.deleted or self._untouched(change, row),
            children_known=row.deleted or self._children_known(change),
        )

    def _is_trusted(self, change: Change) -> bool:
        return not self.work.clock.is_lost(change.base_seq)

    def _untouched(self, change: Change, row: Row) -> bool:
        """Whether nobody but the author, in changesets that he names, changed the row since, nor a
        merge of his brought into it what he never saw."""
        if row.seq <= change.base_seq:
            return True
        since, mine = self.work.written_behind(row, change.base_seq), self._mine(change)
        mine -= {cs_id for cs_id, _ in self.merging.brought_into(row, mine)}
        return all(x.cs_id in mine and x.actor == self.author.user for x in since)

    def _mine(self, change: Change) -> frozenset[str]:
        return frozenset((*change.after, self.changeset.id))

    def _children_known(self, change: Change) -> bool:
        """Whether every live record below was within the author's sight, or goes as well."""
        going = {(x.kind, x.id) for x in self.changeset.changes if x.op is Op.DELETE}
        horizon = self.horizon
        for kind, record_id, field in self.work.children(change.id):
            entity = CATALOG[kind]
            link = entity.by_name[field].link
            loaded = entity.read_only and kind != CONFLICT
            if loaded or link is None or not link.root or (kind, record_id) in going:
                continue
            child = self.work.row(kind, record_id)
            if child is None or child.deleted or child.seq <= horizon:
                continue
            if child.values.get("state") == "resolved" and kind == CONFLICT:
                continue
            if not self._hung_by_himself(child, field, self._mine(change)):
                return False
        return True

    def _hung_by_himself(self, child: Row, field: str, mine: frozenset[str]) -> bool:
        """Whether whatever made a record, brought it back, led it below another, asked a question
        again or said something to it behind the horizon was done on the author's own device."""
        said = ("state", "parked") if child.kind == CONFLICT else ()
        hung = {field, DELETED, *said}
        his = [
            x.cs_id in mine or (x.device and x.device == self.author.device)
            for x in self.work.written_behind(child, self.horizon)
            if not hung.isdisjoint(x.said)
        ]
        if not his:  # what IT loads has no history
            return child.seq_of(field) <= self.horizon
        return all(his)
