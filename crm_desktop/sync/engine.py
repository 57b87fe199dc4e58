"""The engine: decides what to do next in a synchronisation, and does nothing itself.

Push, then pull; each may fail without the other. What happened is in the store after every step,
so a run may be cut off anywhere and the next one goes on from there.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from crm_core import wire
from crm_core.catalog import SCHEMA
from crm_core.changes import LATER_OPS, ChangeSet
from crm_core.errors import CrmError, Refused, SignedOut
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import Result
from crm_core.wire import ChangeResult, ChangeSetResult, Check, PushRequest, PushResponse
from crm_desktop.models.replica import Parked, SyncState, Wanted
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Steps, ask
from crm_desktop.sync.failures import (
    AHEAD,
    MALFORMED,
    BadAnswer,
    FailureClass,
    TokenExpired,
    TooLargeOnTheWay,
    Withdrawn,
    class_of,
)
from crm_desktop.sync.first_fetch import fetch_beside
from crm_desktop.sync.mending import mend
from crm_desktop.sync.pulling import Pulled, Tally, pull_phase

ROUNDS_MAX = 3
"""Push and pull, once more after a new epoch or a first fetch, and once to repair."""

LARGE_BYTES = 64 * 1024
"""From here on a changeset may be too large for what stands before a server."""

PUSHES_MAX = 10_000
"""Far above any outbox; with it every run ends."""


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


_VERDICTS = frozenset(one.value for one in Result)


@dataclass(slots=True)
class _Run:
    """One direction after the other: what each came to. `doubted`: roots whose content differs."""

    tally: Tally = field(default_factory=Tally)
    verified: bool = False
    doubted: tuple[str, ...] = ()
    new_history: bool = False
    sparing: bool = False
    held: bool = False
    former: str = ""
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


def synchronise(
    *, repair: bool = True, thorough: bool = False, sparing: bool = False
) -> Steps[Outcome]:
    """One whole synchronisation. `repair`: where digests disagree, fetch again what differs;
    `thorough`: compare the content of everything too; `sparing`: of a first fetch only today."""
    run = _Run(sparing=sparing)
    for _ in range(ROUNDS_MAX):
        yield from _round(run)
        if run.pull_failure is not None or run.shut_out or run.held:
            break
        if repair and (thorough or run.doubted or not run.verified):
            repair = False
            if not (yield from _mended(run, content=thorough)):
                yield from ask(do.FetchAnew())
            elif run.pull_failure is not None or not run.new_history:
                break
        elif not run.new_history:
            break
    if run.verified and run.former:
        with suppress(CrmError):  # then it is removed after the next one
            yield from ask(do.RemoveFormer())
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
    if state.epoch and (state.waits or state.count_due):
        try:
            yield from push_phase(run.tally, state)
        except CrmError as failure:
            run.push_failure = failure
    run.new_history = not state.epoch
    if run.shut_out:
        return
    try:
        _note((yield from _pulled(run, state)), run)
    except CrmError as failure:
        run.pull_failure = failure


def _pulled(run: _Run, state: SyncState) -> Steps[Pulled]:
    """Fetch what is new. Where nothing was fetched yet, today comes first and by itself, and what
    is much comes into a file of its own."""
    if state.first:
        pulled = yield from pull_phase(run.tally)
        if not pulled.is_part:
            return pulled
    if (state.first or state.in_sight) and run.sparing:
        run.held = True  # what is needed today is here; the rest waits for a network that is free
        return Pulled(verified=False, new_history=False)
    if state.first or state.in_sight:
        yield from fetch_beside(run.tally, lambda epoch: _push_between(run, epoch))
    elif not (state.waits or state.count_due):
        return (yield from pull_phase(run.tally, state=state))  # as it was read a moment ago
    return (yield from pull_phase(run.tally))


def _push_between(run: _Run, epoch: str) -> Steps[None]:
    """Send what was typed while a long fetch goes on; a failure does not hold that up."""
    if run.push_failure is not None:
        return
    try:
        yield from push_phase(run.tally, SyncState(epoch))
    except CrmError as failure:
        run.push_failure = failure
        if run.shut_out:
            raise


def _note(pulled: Pulled, run: _Run) -> None:
    run.former = pulled.former
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
    is written; where that holds no news, the next one goes out before. A request that the server
    can never take is halved until one changeset is left: that one is parked, and the rest goes
    through.
    """
    way = _Way(state.epoch, state.unheard)
    for _ in range(PUSHES_MAX):
        if not way.under_way:
            if way.answer is not None and not way.ahead:
                way.answer = yield from _settle(tally, way.answer)
            changesets = way.ahead or (yield from _take(way.at_once))
            if not changesets:
                return
            yield from way.send(changesets)
        plain = way.answer is not None and _is_plain(way.answer)
        if plain and way.ahead and way.takes_another:
            yield from way.send(way.ahead, way.last)
        if way.answer is None:
            way.ahead = yield from _take(wire.PUSH_CHANGESETS_MAX, way.last)
        else:
            way.ahead = yield from _settle_and_take(tally, way.answer, way.last)
            way.answer = None
        if way.ahead and way.takes_another:
            yield from way.send(way.ahead, way.last)
            if plain:
                way.ahead = yield from _take(wire.PUSH_CHANGESETS_MAX, way.last)
        request = way.under_way[0]
        try:
            way.answer = yield from way.hear()
        except (Refused, TooLargeOnTheWay) as refusal:
            changesets = request.changesets
            code = _refused_for_good(refusal, changesets)
            if not code:
                raise
            way.ahead, way.at_once = (), len(changesets) // 2
            if way.at_once:
                way.offered.difference_update(one.id for one in changesets)
                continue
            way.answer = _park_alone(state, changesets[0], code)
        way.at_once = wire.PUSH_CHANGESETS_MAX
    raise BadAnswer(tr_noop("The outbox does not become empty."))


@dataclass(slots=True)
class _Way:
    """What is under way, the older push first, and what was taken to go out next (adr/0060).

    Two at a time only to a server that keeps their order; and not behind a changeset that may have
    been sent before, of which a server may know without the rest of the push that it ends now:
    not up to the last `unheard` one ("": there is none; None: never).
    """

    epoch: str
    unheard: str | None
    ahead: tuple[ChangeSet, ...] = ()
    answer: PushResponse | None = None
    at_once: int = field(default_factory=lambda: wire.PUSH_CHANGESETS_MAX)
    under_way: deque[PushRequest] = field(default_factory=deque)
    offered: set[ChangeSetId] = field(default_factory=set)
    ordered: bool = False

    @property
    def last(self) -> ChangeSetId:
        """The last changeset that is under way."""
        return self.under_way[-1].changesets[-1].id

    @property
    def takes_another(self) -> bool:
        """Whether a second push may go out behind the one under way."""
        small = self.at_once < wire.PUSH_CHANGESETS_MAX
        return self.ordered and self.unheard == "" and len(self.under_way) == 1 and not small

    def send(self, changesets: tuple[ChangeSet, ...], behind: str = "") -> Steps[None]:
        """Begin to hand over what nobody has handed over yet."""
        ids = {one.id for one in changesets}
        if self.offered & ids:
            raise BadAnswer(tr_noop("The server left a step without an answer."))
        self.offered |= ids
        self.ahead = ()
        request = PushRequest(self.epoch, SCHEMA, changesets, brief=True, behind=behind)
        self.under_way.append(request)
        yield from ask(do.SendPush(request))

    def hear(self) -> Steps[PushResponse]:
        """The answer to the older push, which is sent once more, alone, where the token was too
        old or the server has not taken what it comes behind. After any failure the answer to the
        younger one counts for nothing: its changesets are offered again."""
        request = self.under_way.popleft()
        try:
            answer = yield from _answer_to(request)
        except CrmError as failure:
            yield from self._ignore_the_other()
            if isinstance(failure, TokenExpired):
                yield from ask(do.Refresh())
            elif request.behind and isinstance(failure, Refused) and failure.code == AHEAD:
                self.unheard = None
            else:
                raise
            yield from ask(do.SendPush(msgspec.structs.replace(request, behind="")))
            answer = yield from _answer_to(request)
        if self.unheard in {one.id for one in request.changesets}:
            self.unheard = ""
        self.ordered = answer.ordered
        return answer

    def _ignore_the_other(self) -> Steps[None]:
        while self.under_way:
            changesets = self.under_way.popleft().changesets
            self.ahead = ()  # these go out again first
            with suppress(CrmError):
                yield from ask(do.HearPush())
            self.offered.difference_update(one.id for one in changesets)
            self.unheard = changesets[-1].id if self.unheard is not None else None


def _take(at_once: int, behind: ChangeSetId | None = None) -> Steps[tuple[ChangeSet, ...]]:
    return (yield from ask(do.TakeOutbox(at_once, wire.PUSH_BYTES_MAX, behind)))


def _settle(tally: Tally, answer: PushResponse) -> Steps[None]:
    tally.add_settled((yield from ask(do.SettlePush(answer))))


def _settle_and_take(
    tally: Tally, answer: PushResponse, behind: ChangeSetId
) -> Steps[tuple[ChangeSet, ...]]:
    wanted = Wanted(wire.PUSH_CHANGESETS_MAX, wire.PUSH_BYTES_MAX, behind)
    settled = yield from ask(do.SettlePush(answer, wanted))
    tally.add_settled(settled)
    return settled.taken


def _answer_to(request: PushRequest) -> Steps[PushResponse]:
    """What the server says of the older push under way; raises BadAnswer where that is no answer
    to this one."""
    answer = yield from ask(do.HearPush())
    asked = {one.id for one in request.changesets}
    if answer.epoch != request.epoch or {one.cs_id for one in answer.results} != asked:
        raise BadAnswer(tr_noop("The server answered something that was not asked."))
    said = {one.result for one in answer.results}
    said.update(part.result for one in answer.results for part in one.changes)
    if not said <= _VERDICTS:
        # What is not understood may mean that nothing was taken: the work waits as it is.
        raise BadAnswer(tr_noop("The server answered in a form unknown here."))
    return answer


def _refused_for_good(refusal: CrmError, changesets: tuple[ChangeSet, ...]) -> str:
    """The code by which these changesets can never go out in one request; "": that is not said."""
    if isinstance(refusal, Refused):
        return refusal.code if class_of(refusal) is FailureClass.DATA else ""
    # A stranger on the way: of a small changeset its size is no reason to believe.
    size = len(wire.encode(changesets))
    return "request.too_large" if len(changesets) > 1 or size >= LARGE_BYTES else ""


def _is_plain(answer: PushResponse) -> bool:
    """Whether all was taken as it was sent: nothing that waits depends on it."""
    plain = all(one.result == Result.APPLIED and not one.changes for one in answer.results)
    return plain and not (answer.pages or answer.deleted)


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
