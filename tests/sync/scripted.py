"""A driver that answers the engine's effects from a script and remembers what was asked."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import CrmError
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import ChangeSetResult, End, Mark, Page, PushRequest, PushResponse, WireRow
from crm_desktop.models.replica import Applied, Parked, Settled, Summary, SyncState, Verdict, Wanted
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect, Steps, T

NOTHING = Summary()
EPOCH = "e1"


def record_id(number: int) -> RecordId:
    return RecordId(f"{number:032x}")


def changeset(number: int, note: str = "B") -> ChangeSet:
    change = Change("account", record_id(number), Op.SET, {"name": note}, {"name": "A"}, 1)
    return ChangeSet(ChangeSetId(f"{number:032x}"), (change,))


def page(rows: int, start: int = 0) -> Page:
    made = (WireRow(record_id(start + n), start + n + 1, {"name": "A"}) for n in range(rows))
    return Page("account", tuple(made))


def applied_all(request: Any, *, ordered: bool = False) -> PushResponse:
    results = tuple(ChangeSetResult(one.id, "applied", 5) for one in request.changesets)
    return PushResponse(request.epoch, 5, results, ordered=ordered)


class World:
    """What the engine finds: an outbox, a server's answers, a stream. Failures stand in the script.

    `script[EffectType]` is a queue of outcomes for this effect: a value, an error to throw, or a
    function of the effect; when it is empty, the world answers by itself.
    """

    def __init__(self, *changesets: ChangeSet, stream: tuple[Any, ...] = (End(9, 0, 0),)) -> None:
        self.outbox = list(changesets)
        self.stream = stream
        self.state = SyncState(EPOCH, cursor=3, scope_gen=1)
        self.verified = True
        self.rejected = 0
        self.script: dict[type[Effect[Any]], deque[Any]] = defaultdict(deque)
        self.asked: list[Effect[Any]] = []
        self._open: deque[Any] = deque()
        self.under_way: deque[PushRequest] = deque()
        self.keeps_order = False

    def fail(self, effect: type[Effect[Any]], *outcomes: Any) -> None:
        self.script[effect].extend(outcomes)

    def run(self, steps: Steps[T], at_most: int = 10_000) -> T:
        outcome: Any = None
        failure: CrmError | None = None
        try:
            for _ in range(at_most):
                effect = steps.throw(failure) if failure is not None else steps.send(outcome)
                outcome, failure = None, None
                self.asked.append(effect)
                try:
                    outcome = self._answer(effect)
                except CrmError as error:
                    failure = error
        except StopIteration as end:
            return end.value
        raise AssertionError("the engine does not come to an end")

    def kinds(self) -> list[str]:
        return [type(effect).__name__ for effect in self.asked]

    def of(self, kind: type[T]) -> list[T]:
        return [effect for effect in self.asked if isinstance(effect, kind)]

    def _answer(self, effect: Effect[Any]) -> Any:
        if isinstance(effect, do.HearPush):
            self.request = self.under_way.popleft()
        if self.script[type(effect)]:
            scripted = self.script[type(effect)].popleft()
            if isinstance(scripted, CrmError):
                raise scripted
            return scripted(effect) if callable(scripted) else scripted
        return _ANSWERS[type(effect)](self, effect)

    def take(self, effect: do.TakeOutbox | Wanted) -> tuple[ChangeSet, ...]:
        ids = [one.id for one in self.outbox]
        first = ids.index(effect.behind) + 1 if effect.behind else 0
        return tuple(self.outbox[first : first + effect.changesets_max])

    def send(self, effect: do.SendPush) -> None:
        self.request = effect.request
        self.under_way.append(effect.request)

    def settle(self, effect: do.SettlePush) -> Settled:
        done = {one.cs_id for one in effect.answer.results}
        rejected = sum(one.result == "rejected" for one in effect.answer.results)
        self.outbox = [one for one in self.outbox if one.id not in done]
        self.rejected += rejected
        taken = self.take(effect.then) if effect.then is not None else ()
        return Settled(NOTHING, acked=len(done) - rejected, rejected=rejected, taken=taken)

    def open(self, _effect: do.OpenPull) -> None:
        self._open = deque(self.stream)

    def next(self, _effect: do.NextItem) -> Any:
        item = self._open.popleft() if self._open else None
        if isinstance(item, CrmError):
            raise item
        return item


def rows_in(items: tuple[Any, ...]) -> int:
    return sum(len(item.rows) for item in items if isinstance(item, Page))


_ANSWERS: dict[type[Effect[Any]], Callable[[World, Any], Any]] = {
    do.ReadState: lambda world, _: replace(world.state, waits=bool(world.outbox)),
    do.ReadParked: lambda world, _: Parked(len(world.outbox), rejected=world.rejected),
    do.TakeOutbox: World.take,
    do.SendPush: World.send,
    do.HearPush: lambda world, _: applied_all(world.request, ordered=world.keeps_order),
    do.SettlePush: World.settle,
    do.OpenPull: World.open,
    do.NextItem: World.next,
    do.BeginPull: lambda *_: NOTHING,
    do.ApplyPull: lambda _, effect: Applied(NOTHING, rows_in(effect.items)),
    do.ApplyToday: lambda _, effect: Applied(NOTHING, rows_in(effect.items)),
    do.OpenSecond: lambda *_: None,
    do.FinishPull: lambda world, effect: Verdict(NOTHING, world.verified, rows_in(effect.items)),
    do.CountAnew: lambda *_: None,
    do.FetchAnew: lambda *_: None,
    do.Refresh: lambda *_: None,
    do.ParkUnsent: lambda *_: None,
}

MARK = Mark(9, "r1")
