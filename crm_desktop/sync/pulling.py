"""Pulls: what is received is written in portions, each with the place to resume from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crm_core import wire
from crm_core.catalog import SCHEMA
from crm_core.errors import CrmError, Unavailable
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.wire import (
    Check,
    Deleted,
    End,
    Hello,
    Mark,
    Page,
    Part,
    PullItem,
    PullRequest,
)
from crm_desktop.models.replica import Applied, Settled, SyncState, Verdict
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Steps, ask
from crm_desktop.sync.failures import BadAnswer, TokenExpired

ROWS_AT_ONCE = 5000
"""Rows in one local transaction: a day's changes are whole, a first fetch can be resumed."""


@dataclass(slots=True)
class Tally:
    """What a run has done so far."""

    pushed: int = 0
    pulled: int = 0
    conflicts: int = 0
    rejected: int = 0
    blocked: int = 0
    orphaned: int = 0
    quarantined: int = 0

    def add_settled(self, settled: Settled) -> None:
        """Count a push."""
        self.pushed += settled.acked
        self.conflicts += settled.conflicts
        self.rejected += settled.rejected
        self.blocked += settled.blocked

    def add_pulled(self, done: Applied | Verdict) -> None:
        """Count a part of a pull."""
        self.pulled += done.rows
        self.orphaned += done.orphaned
        self.quarantined += done.quarantined


@dataclass(frozen=True, slots=True)
class Pulled:
    """A pull that came to its end: do the digests agree, and was the history a new one, or the
    server?"""

    verified: bool
    new_history: bool
    compared: bool = False
    differing: tuple[str, ...] = ()
    former: str = ""
    is_part: bool = False


def _go_on() -> Steps[None]:
    yield from ()


@dataclass(frozen=True, slots=True)
class Beside:
    """A pull into the second file: `between` is done between its portions, `epoch` is the history
    of the file in use."""

    epoch: str
    between: Callable[[], Steps[None]] = _go_on


def pull_phase(
    tally: Tally, check: Check | None = None, anew: tuple[RecordId, ...] = (), *,
    state: SyncState | None = None,
) -> Steps[Pulled]:  # fmt: skip
    """Fetch what is new to the end; raises CrmError where the way is blocked.

    `check` asks for digests too, by default of the root whose turn it is today; `anew` are roots
    below which everything is sent again; `state` is the store's, where nothing was written since.
    """
    if state is None:
        state = yield from ask(do.ReadState())
    if check is None and state.check:
        check = Check(state.check, content=True)
    return (yield from received(state, tally, check=check, anew=anew))


def received(
    state: SyncState, tally: Tally, beside: Beside | None = None, *, check: Check | None = None,
    anew: tuple[RecordId, ...] = (),
) -> Steps[Pulled]:  # fmt: skip
    """Ask for what is new to a store in this state, and write it."""
    heard = 0 if state.schema == SCHEMA else state.schema
    request = PullRequest(
        state.epoch, SCHEMA, state.scope_gen, state.cursor, state.resume, state.resume_hi,
        heard=heard, check=check, anew=anew, first=state.first, stubs=state.stubs,
        offers=state.offers, unsent=state.unsent, erased=state.erased, handed=state.handed,
    )  # fmt: skip
    try:
        yield from ask(do.OpenPull(request))
    except TokenExpired:
        yield from ask(do.Refresh())
        yield from ask(do.OpenPull(request))
    parcel, new_history = _Parcel(beside is not None), False
    while True:
        item = yield from _next_item(parcel, tally)
        if isinstance(item, End):
            end = do.FinishPull(tuple(parcel.items), item, parcel.second)
            verdict = yield from ask(end)
            tally.add_pulled(verdict)
            return Pulled(
                verdict.verified, new_history, verdict.compared, verdict.differing, state.former
            )
        if isinstance(item, Part):
            tally.add_pulled((yield from _apply_today(parcel, request, item)))
            return Pulled(verified=False, new_history=True, is_part=True)
        if isinstance(item, Hello):
            if beside is not None and (item.epoch != beside.epoch or item.anew):
                return Pulled(verified=False, new_history=True)
            yield from ask(do.BeginPull(item, parcel.second))
            # A newer server takes what the former one did not know: that waits to be pushed.
            new_history = item.epoch != state.epoch or item.schema > state.schema
            continue
        parcel.take(item)
        if parcel.is_full(at_mark=isinstance(item, Mark)):
            tally.add_pulled((yield from _apply(parcel)))
            if beside is not None:
                yield from beside.between()


def _apply_today(parcel: _Parcel, request: PullRequest, part: Part) -> Steps[Applied]:
    if not request.first:
        raise BadAnswer(tr_noop("The server answered something that was not asked."))
    return (yield from ask(do.ApplyToday(tuple(parcel.items), parcel.mark, part)))


@dataclass(slots=True)
class _Parcel:
    """Items received and not yet written; the first `whole` of them stand before `mark`.
    `second`: they go into the second file."""

    second: bool = False
    items: list[PullItem] = field(default_factory=list[PullItem])
    rows: int = 0
    whole: int = 0
    mark: Mark | None = None

    def take(self, item: PullItem) -> None:
        if isinstance(item, Mark):
            self.mark, self.whole = item, len(self.items)
            return
        self.items.append(item)
        if isinstance(item, Page | Deleted):
            self.rows += len(item.rows)

    def is_full(self, *, at_mark: bool) -> bool:
        """Whether to write now: best right behind a mark, where the rest can be resumed."""
        return self.rows >= ROWS_AT_ONCE + (0 if at_mark else wire.PULL_PAGE_ROWS)

    def split(self) -> tuple[tuple[PullItem, ...], Mark | None]:
        """What may be written now, and its mark; the rest stays. Without any mark: all."""
        mark, cut = self.mark, self.whole if self.mark is not None else len(self.items)
        ready, self.items = tuple(self.items[:cut]), self.items[cut:]
        self.rows = sum(len(x.rows) for x in self.items if isinstance(x, Page | Deleted))
        self.mark, self.whole = None, 0
        return ready, mark


def _next_item(parcel: _Parcel, tally: Tally) -> Steps[PullItem]:
    """The next item; where the stream breaks, what came whole is kept before the error goes on."""
    try:
        item = yield from ask(do.NextItem())
        if item is None:
            raise Unavailable(
                tr_noop("The server was gone in the middle; the rest comes with the next sync.")
            )
    except CrmError:
        if parcel.whole:
            tally.add_pulled((yield from _apply(parcel)))
        raise
    return item


def _apply(parcel: _Parcel) -> Steps[Applied]:
    ready, mark = parcel.split()
    return (yield from ask(do.ApplyPull(ready, mark, parcel.second)))
