"""What the local store tells the engine that synchronises it: plain frozen data."""

from __future__ import annotations

import msgspec

from crm_core.changes import ChangeSet
from crm_core.ids import ChangeSetId, RecordId


class Summary(msgspec.Struct, frozen=True):
    """What a transaction changed, for whoever shows those records.

    `kinds_reset` names kinds of which too many records changed to be listed.
    """

    changed: frozenset[tuple[str, RecordId]] = frozenset()
    kinds_reset: frozenset[str] = frozenset()
    changesets: tuple[ChangeSetId, ...] = ()
    conflicts_changed: bool = False
    outbox_changed: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of which any record changed."""
        return self.kinds_reset.union(kind for kind, _ in self.changed)

    def __or__(self, other: Summary) -> Summary:
        return Summary(
            self.changed | other.changed,
            self.kinds_reset | other.kinds_reset,
            (*self.changesets, *other.changesets),
            self.conflicts_changed or other.conflicts_changed,
            self.outbox_changed or other.outbox_changed,
        )


class SyncState(msgspec.Struct, frozen=True):
    """How far this store has come (one row of `sync_state`).

    `resume` and `resume_hi` are the last mark of a pull cut short (`pull_open`); `scope_gen` and
    `epoch` are those of the rows held; `verified_at` is when the digests last agreed ("" never),
    at `verified_cursor`; `seq_known` is the highest seq that the server has named; `check` are
    the endings of roots whose content is compared today, `count_due` whether all rows are to be
    counted today. `offers` are steps of which the server is to say what became of what they
    offer, `handed` those of which it has said so. `first` is the local day to ask for before
    everything else, where nothing was fetched yet ("" otherwise); `in_sight` says how many rows
    there are altogether, while today is here and the rest is not; `former` names the file that
    this one took the place of; `stubs` says which labels of parents out of sight to ask for;
    `waits`: something is to be pushed; `unsent`: how many steps no server has taken, refused
    ones among them; `unheard`: the last changeset that was sent and of which no answer was
    heard ("" there is none, None: nobody looked); `erased`: up to where in the feed this file
    has heard of erasures.
    """

    epoch: str = ""
    cursor: int = 0
    resume: str = ""
    resume_hi: int = 0
    pull_open: bool = False
    scope_gen: int = 0
    schema: int = 1
    verified_at: str = ""
    verified_cursor: int = 0
    seq_known: int = 0
    check: tuple[str, ...] = ()
    count_due: bool = False
    first: str = ""
    in_sight: int = 0
    former: str = ""
    stubs: str = ""
    offers: tuple[RecordId, ...] = ()
    handed: tuple[RecordId, ...] = ()
    waits: bool = True
    unsent: int = 0
    unheard: str | None = None
    erased: int = 0


class Wanted(msgspec.Struct, frozen=True):
    """What is to be taken from the outbox: so much at most, of what comes `behind` a changeset."""

    changesets_max: int
    bytes_max: int
    behind: ChangeSetId | None = None


class Settled(msgspec.Struct, frozen=True):
    """What a push's answer did: changesets by their result, and the conflicts it made. `taken`:
    what was wanted next."""

    summary: Summary
    acked: int = 0
    conflicts: int = 0
    rejected: int = 0
    blocked: int = 0
    taken: tuple[ChangeSet, ...] = ()


class Applied(msgspec.Struct, frozen=True):
    """What one transaction of a pull did: rows taken, rows put into quarantine, work orphaned."""

    summary: Summary
    rows: int = 0
    quarantined: int = 0
    orphaned: int = 0


class Verdict(msgspec.Struct, frozen=True):
    """What the end of a pull found: whether the digests of both sides agree.

    `compared`: the server also stated what a `wire.Check` asked for; `differing` are the buckets or
    roots of which this device holds something else.
    """

    summary: Summary
    verified: bool
    rows: int = 0
    orphaned: int = 0
    quarantined: int = 0
    compared: bool = False
    differing: tuple[str, ...] = ()


class Parked(msgspec.Struct, frozen=True):
    """What lies where. `pending` changesets still go out, of which `held` only when this user lets
    their records' changes go; the others wait for this user.

    `unconfirmed` ones were acked but not yet seen in the feed. `conflict` counts the records whose
    open conflicts ask this user.
    """

    pending: int = 0
    unconfirmed: int = 0
    conflict: int = 0
    rejected: int = 0
    blocked: int = 0
    orphaned: int = 0
    quarantine: int = 0
    salvage: int = 0
    held: int = 0

    @property
    def going(self) -> int:
        """How many changesets go out by themselves."""
        return self.pending - self.held

    @property
    def unsent(self) -> int:
        """How much of this user's work no server has taken, refused steps among it."""
        return self.pending + self.rejected + self.blocked + self.orphaned

    @property
    def needs_you(self) -> int:
        """How many things wait for a decision of this user."""
        return self.conflict + self.rejected + self.orphaned
