"""The engine: decides what to do next in a synchronisation, and does nothing itself.

Push, then pull; each may fail without the other. What happened is in the store after every step,
so a run may be cut off anywhere and the next one goes on from there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from crm_core import wire
from crm_core.catalog import SCHEMA
from crm_core.changes import LATER_OPS, ChangeSet
from crm_core.errors import CrmError, Refused, SignedOut, Unavailable
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import Result
from crm_core.wire import (
    ChangeResult,
    ChangeSetResult,
    Check,
    Deleted,
    End,
    Hello,
    Mark,
    Page,
    PullItem,
    PullRequest,
    PushRequest,
    PushResponse,
)
from crm_desktop.models.replica import Applied, Parked, Settled, SyncState, Verdict
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Steps, ask
from crm_desktop.sync.failures import (
    MALFORMED,
    BadAnswer,
    FailureClass,
    TokenExpired,
    Withdrawn,
    class_of,
)
from crm_desktop.sync.mending import mend

ROWS_AT_ONCE = 5000
"""Rows in one local transaction: a day's changes are whole, a first fetch can be resumed."""

ROUNDS_MAX = 3
"""Push and pull, once more after a new epoch or a first fetch, and once to repair."""

PUSHES_MAX = 10_000
"""Far above any outbox; with it every run ends."""


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
class Outcome:
    """How a run ended. `verified`: the last pull came to its end and the digests agreed.
    `withdrawn`: IT has withdrawn this device, and the server has taken its unsent work."""

    tally: Tally
    verified: bool = False
    parked: Parked = field(default_factory=Parked)
    push_failure: CrmError | None = None
    pull_failure: CrmError | None = None
    withdrawn: bool = False

    @property
    def failure(self) -> CrmError | None:
        """What kept the run from being complete, the more telling one first."""
        found = [x for x in (self.pull_failure, self.push_failure) if x is not None]
        return min(found, key=_by_meaning, default=None)


def _by_meaning(failure: CrmError) -> int:
    return (
        FailureClass.AUTH, FailureClass.OUTDATED, FailureClass.PROTOCOL, FailureClass.DATA,
        FailureClass.THROTTLE, FailureClass.TRANSPORT,
    ).index(class_of(failure))  # fmt: skip


@dataclass(slots=True)
class _Run:
    """One direction after the other: what each came to. `doubted`: roots whose content differs."""

    tally: Tally = field(default_factory=Tally)
    verified: bool = False
    doubted: tuple[str, ...] = ()
    new_history: bool = False
    push_failure: CrmError | None = None
    pull_failure: CrmError | None = None

    @property
    def withdrawn(self) -> bool:
        return isinstance(self.push_failure or self.pull_failure, Withdrawn)

    @property
    def outdated(self) -> bool:
        """Whether the server merges nothing that comes from a version as old as this one."""
        failures = [x for x in (self.push_failure, self.pull_failure) if x is not None]
        return any(class_of(x) is FailureClass.OUTDATED for x in failures)

    @property
    def shut_out(self) -> bool:
        """Whether asking on is pointless until somebody signs in again."""
        return isinstance(self.push_failure, SignedOut | Withdrawn)


def synchronise(*, repair: bool = True, thorough: bool = False) -> Steps[Outcome]:
    """One whole synchronisation. `repair`: where digests disagree, fetch again what differs;
    `thorough`: compare the content of everything too."""
    run = _Run()
    for _ in range(ROUNDS_MAX):
        yield from _round(run)
        if run.pull_failure is not None or run.shut_out:
            break
        if repair and (thorough or run.doubted or not run.verified):
            repair = False
            if not (yield from _mended(run, content=thorough)):
                yield from ask(do.FetchAnew())
            elif run.pull_failure is not None or not run.new_history:
                break
        elif not run.new_history:
            break
    parked = yield from ask(do.ReadParked())
    if run.outdated and parked.unsent:
        yield from _leave_copy()
    # What was refused because its record left this user's sight is orphaned by now, not rejected.
    run.tally.rejected = min(run.tally.rejected, parked.rejected)
    # The very last: whoever hears that the work was left makes what is here unreadable.
    left = (yield from _leave_work(run)) if run.withdrawn else False
    return Outcome(run.tally, run.verified, parked, run.push_failure, run.pull_failure, left)


def _round(run: _Run) -> Steps[None]:
    run.push_failure = run.pull_failure = None
    run.new_history = run.verified = False
    run.doubted = ()
    state = yield from ask(do.ReadState())
    if state.count_due:
        yield from ask(do.CountAnew())
    if state.epoch:
        try:
            yield from push_phase(run.tally, state)
        except CrmError as failure:
            run.push_failure = failure
    else:
        run.new_history = True
    if run.shut_out:
        return
    try:
        _note((yield from pull_phase(run.tally)), run)
    except CrmError as failure:
        run.pull_failure = failure


def _note(pulled: Pulled, run: _Run) -> None:
    run.verified = pulled.verified and not pulled.differing
    run.doubted = pulled.differing if pulled.verified else ()
    run.new_history = run.new_history or pulled.new_history


def _mended(run: _Run, *, content: bool) -> Steps[bool]:
    """Whether what differs was fetched again; False: everything has to be."""

    def pull(check: Check, anew: tuple[RecordId, ...]) -> Steps[Pulled]:
        pulled = yield from pull_phase(run.tally, check, anew)
        _note(pulled, run)
        return pulled

    try:
        doubted = () if content else run.doubted
        return (yield from mend(pull, doubted, content=content))
    except CrmError as failure:
        run.pull_failure = failure
        return True


def _leave_work(run: _Run) -> Steps[bool]:
    """Whether the server has taken the unsent work: only then may it be given up here."""
    try:
        yield from ask(do.ParkUnsent())
    except CrmError as failure:
        run.pull_failure = failure
        return False
    return True


def _leave_copy() -> Steps[None]:
    """Whoever is too old for merging works on; what waits here lies with the office as well."""
    with suppress(CrmError):
        yield from ask(do.ParkUnsent())


# Push


def push_phase(tally: Tally, state: SyncState) -> Steps[None]:
    """Offer the outbox until it is empty; raises CrmError where the way is blocked.

    While the server works on one request, the next one is prepared and the answer to the former
    is written. A request that the server can never take is halved until one changeset is left:
    that one is parked, and the rest goes through.
    """
    at_once = wire.PUSH_CHANGESETS_MAX
    asked: set[ChangeSetId] = set()
    answer: PushResponse | None = None
    ahead: tuple[ChangeSet, ...] = ()
    for _ in range(PUSHES_MAX):
        if answer is not None and not ahead:
            answer = yield from _settle(tally, answer)
        changesets = ahead or (yield from _take(at_once))
        if not changesets:
            return
        if asked.intersection(one.id for one in changesets):
            raise BadAnswer(tr_noop("The server left a step without an answer."))
        request = PushRequest(state.epoch, SCHEMA, changesets)
        yield from ask(do.SendPush(request))
        ahead = yield from _take(wire.PUSH_CHANGESETS_MAX, changesets[-1].id)
        if answer is not None:
            answer = yield from _settle(tally, answer)
        try:
            answer = yield from _hear(request)
        except Refused as refusal:
            if class_of(refusal) is not FailureClass.DATA:
                raise
            ahead, at_once = (), len(changesets) // 2
            if at_once:
                continue
            answer = _park_alone(state, changesets[0], refusal.code)
        asked.update(one.id for one in changesets)
        at_once = wire.PUSH_CHANGESETS_MAX
    raise BadAnswer(tr_noop("The outbox does not become empty."))


def _take(at_once: int, behind: ChangeSetId | None = None) -> Steps[tuple[ChangeSet, ...]]:
    return (yield from ask(do.TakeOutbox(at_once, wire.PUSH_BYTES_MAX, behind)))


def _settle(tally: Tally, answer: PushResponse) -> Steps[None]:
    tally.add_settled((yield from ask(do.SettlePush(answer))))


def _hear(request: PushRequest) -> Steps[PushResponse]:
    """The answer to the push under way, which is sent once more where the token was too old."""
    try:
        answer = yield from ask(do.HearPush())
    except TokenExpired:
        yield from ask(do.Refresh())
        yield from ask(do.SendPush(request))
        answer = yield from ask(do.HearPush())
    asked = {one.id for one in request.changesets}
    if answer.epoch != request.epoch or {one.cs_id for one in answer.results} != asked:
        raise BadAnswer(tr_noop("The server answered something that was not asked."))
    return answer


def _park_alone(state: SyncState, changeset: ChangeSet, code: str) -> PushResponse:
    """The verdict that the server could not give: it does not take the request at all."""
    if code == MALFORMED and any(change.op in LATER_OPS for change in changeset.changes):
        code = "op.unknown"
    parts = tuple(
        ChangeResult(index, "", Result.REJECTED.value, code)
        for index in range(len(changeset.changes))
    )
    refused = ChangeSetResult(changeset.id, Result.REJECTED.value, 0, parts)
    return PushResponse(state.epoch, 0, (refused,))


# Pull


@dataclass(frozen=True, slots=True)
class Pulled:
    """A pull that came to its end: do the digests agree, and was the history a new one, or the
    server?"""

    verified: bool
    new_history: bool
    compared: bool = False
    differing: tuple[str, ...] = ()


def pull_phase(
    tally: Tally, check: Check | None = None, anew: tuple[RecordId, ...] = ()
) -> Steps[Pulled]:
    """Fetch what is new to the end; raises CrmError where the way is blocked.

    `check` asks for digests too, by default of the root whose turn it is today; `anew` are roots
    below which everything is sent again.
    """
    state = yield from ask(do.ReadState())
    if check is None and state.check_root:
        check = Check((state.check_root,), content=True)
    heard = 0 if state.schema == SCHEMA else state.schema
    request = PullRequest(
        state.epoch, SCHEMA, state.scope_gen, state.cursor, state.resume, state.resume_hi,
        heard=heard, check=check, anew=anew,
    )  # fmt: skip
    try:
        yield from ask(do.OpenPull(request))
    except TokenExpired:
        yield from ask(do.Refresh())
        yield from ask(do.OpenPull(request))
    parcel, new_history = _Parcel(), False
    while True:
        item = yield from _next_item(parcel, tally)
        if isinstance(item, End):
            verdict = yield from ask(do.FinishPull(tuple(parcel.items), item))
            tally.add_pulled(verdict)
            return Pulled(verdict.verified, new_history, verdict.compared, verdict.differing)
        if isinstance(item, Hello):
            yield from ask(do.BeginPull(item))
            # A newer server takes what the former one did not know: that waits to be pushed.
            new_history = item.epoch != state.epoch or item.schema > state.schema
            continue
        parcel.take(item)
        if parcel.is_full(at_mark=isinstance(item, Mark)):
            tally.add_pulled((yield from _apply(parcel)))


@dataclass(slots=True)
class _Parcel:
    """Items received and not yet written; the first `whole` of them stand before `mark`."""

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
    return (yield from ask(do.ApplyPull(ready, mark)))
