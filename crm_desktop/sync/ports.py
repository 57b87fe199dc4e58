"""What the engine needs of a store and of a server; whoever has them implements these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from crm_core.changes import ChangeSet
from crm_core.ids import ChangeSetId
from crm_core.wire import End, Hello, Mark, Part, PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.models.replica import Applied, Parked, Settled, Summary, SyncState, Verdict, Wanted


class SyncStore(Protocol):
    """The local store as the engine sees it. Each method is one transaction, or only reads.

    Implemented by `crm_desktop.models.outbox`. A crash between two calls loses nothing: every
    call may be the last, and `state` tells the next engine where to go on.
    """

    def state(self) -> SyncState:
        """How far this store has come."""
        ...

    def take_outbox(
        self, changesets_max: int, bytes_max: int, behind: ChangeSetId | None = None
    ) -> tuple[ChangeSet, ...]:
        """The oldest changesets that may go out, marked sent: queued ones, and sent ones without
        an answer (a retry, with the same ids); with `behind` only those after it, for it is under
        way. Never held, blocked or parked ones; at least one where any waits, whatever its
        size."""
        ...

    def settle(self, answer: PushResponse, then: Wanted | None = None) -> Settled:
        """Write a push's verdicts: acked, rejected or blocked changesets and refused fields; lay
        the rows of the answer under what is still unacked. Verdicts on changesets that are
        already settled change nothing (a repeated answer). `then`: take that from the outbox as
        `take_outbox` does, in the same transaction."""
        ...

    def begin_pull(self, hello: Hello) -> Summary:
        """Take over a new scope generation or schema. With another epoch, or a cursor above the
        server's seq: own changesets above `restored_at_seq` are queued again with their ids and
        bases, and everything is reconciled from cursor 0 on (a row that the server no longer has
        goes to salvage at `finish`; absence deletes nothing). Called only where a stream starts
        with a hello; the pull counts as open from then on."""
        ...

    def apply(self, items: Sequence[PullItem], mark: Mark | None) -> Applied:
        """Write what a pull brought, together with the new place to resume from; the pull is open
        until `finish`. With `mark` None nothing may be resumed behind these items: they may come
        again. A row that cannot be taken goes to quarantine and holds up nothing."""
        ...

    def apply_today(self, items: Sequence[PullItem], mark: Mark | None, part: Part) -> Applied:
        """Write the last of what was asked for first, and how many rows are in sight altogether;
        the pull stays open. `state` says so from then on."""
        ...

    def finish(self, items: Sequence[PullItem], end: End) -> Verdict:
        """Write the last items and close the pull: cursor = end.hi, acked changesets up to it are
        confirmed, shadows of settled rows dropped, left roots' work orphaned, digests compared."""
        ...

    def count_anew(self) -> None:
        """Count all that is held: damage to the file shows in the digest from then on."""
        ...

    def fetch_anew(self) -> None:
        """Forget what was received up to which cursor, so that the next pull brings everything
        (repair after digests that disagree): as a new epoch, but nothing is queued again."""
        ...

    def parked(self) -> Parked:
        """What lies where, for an honest status."""
        ...

    def unsent(self) -> bytes:
        """All pending and parked work as JSON, for a server that takes nothing else any more."""
        ...


class SecondStore(Protocol):
    """A second file in which everything is fetched, until it takes the place of the store's own.

    Implemented by `crm_desktop.models.second` for profiles; other stores have none. A crash between
    two calls costs at most what was fetched, never what the store holds.
    """

    @property
    def outbox(self) -> SyncStore:
        """The second file, to be pulled into."""
        ...

    def open(self) -> SyncState:
        """Begin it, or go on with the one begun earlier, as far as it is of use."""
        ...

    def index(self) -> bool:
        """Make one of the indexes that it was filled without; whether one was missing."""
        ...

    def swap(self) -> Summary:
        """Carry over what is of this device alone and go on in the second file: all or nothing."""
        ...

    def drop(self) -> None:
        """Throw it away."""
        ...

    def remove_former(self) -> None:
        """Remove the file whose place it took; a later call tries again where that fails."""
        ...

    def close(self) -> None:
        """Let go of it; what is in it stays."""
        ...


class Server(Protocol):
    """A server with a signed-in user. Every failure is a `crm_desktop.sync.errors` error."""

    def push(self, request: PushRequest) -> PushResponse:
        """Hand over changesets."""
        ...

    def pull(self, request: PullRequest) -> AbstractContextManager[Iterable[PullItem]]:
        """Open a stream of what is new (a sequence: all of it is here); leaving the context closes
        it."""
        ...

    def refresh(self) -> None:
        """Get a new access token; raises `SignedOut` where that takes the user's password."""
        ...

    def park(self, body: bytes) -> None:
        """Leave unsent work with a server that has withdrawn this device, or that is too new for
        it."""
        ...
