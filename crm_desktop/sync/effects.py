"""What the engine asks of the world: one effect at a time, each answered with one typed outcome.

A driver performs an effect and sends its outcome into the engine, or throws a `CrmError` into it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, cast

from crm_core.changes import ChangeSet
from crm_core.errors import CrmError
from crm_core.ids import ChangeSetId
from crm_core.wire import End, Hello, Mark, Part, PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.models.replica import Applied, Parked, Settled, Summary, SyncState, Verdict, Wanted

T = TypeVar("T")


class Effect(Generic[T]):
    """Something to be done whose outcome is a T."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ReadState(Effect[SyncState]):
    """Look how far the store has come."""


@dataclass(frozen=True, slots=True)
class ReadParked(Effect[Parked]):
    """Count what lies where."""


@dataclass(frozen=True, slots=True)
class TakeOutbox(Effect[tuple[ChangeSet, ...]]):
    """Take the oldest changesets that may go out (`behind`: those that come after this one),
    marking them sent."""

    changesets_max: int
    bytes_max: int
    behind: ChangeSetId | None = None


@dataclass(frozen=True, slots=True)
class SendPush(Effect[None]):
    """Begin to hand changesets to the server; what it says comes by `HearPush`. One push more may
    be under way."""

    request: PushRequest


@dataclass(frozen=True, slots=True)
class HearPush(Effect[PushResponse]):
    """Wait for the answer to the push under way, the older one of two."""


@dataclass(frozen=True, slots=True)
class SettlePush(Effect[Settled]):
    """Write what the server said of them, `then` take what goes out next."""

    answer: PushResponse
    then: Wanted | None = None


@dataclass(frozen=True, slots=True)
class OpenPull(Effect[None]):
    """Ask for what is new; the items come by `NextItem`. An open stream is closed first."""

    request: PullRequest


@dataclass(frozen=True, slots=True)
class NextItem(Effect["PullItem | None"]):
    """The next item of the open stream, None where it ends."""


@dataclass(frozen=True, slots=True)
class BeginPull(Effect[Summary]):
    """Take over what a hello says. `second`, here and below: in the second file."""

    hello: Hello
    second: bool = False


@dataclass(frozen=True, slots=True)
class ApplyPull(Effect[Applied]):
    """Write a part of a long pull with the place to resume from."""

    items: tuple[PullItem, ...]
    mark: Mark | None
    second: bool = False


@dataclass(frozen=True, slots=True)
class ApplyToday(Effect[Applied]):
    """Write the last of what was asked for first."""

    items: tuple[PullItem, ...]
    mark: Mark | None
    part: Part


@dataclass(frozen=True, slots=True)
class FinishPull(Effect[Verdict]):
    """Write the rest of a pull and close it."""

    items: tuple[PullItem, ...]
    end: End
    second: bool = False


@dataclass(frozen=True, slots=True)
class OpenSecond(Effect["SyncState | None"]):
    """Begin a second file for everything in sight, or go on with the one begun; None where there
    can be none, or it would not pay for so few rows."""

    rows_in_sight: int


@dataclass(frozen=True, slots=True)
class IndexSecond(Effect[bool]):
    """Make one of the indexes of the second file; whether one was missing."""


@dataclass(frozen=True, slots=True)
class Swap(Effect[Summary]):
    """Carry over what is of this device alone, and go on in the second file."""


@dataclass(frozen=True, slots=True)
class DropSecond(Effect[None]):
    """Throw the second file away."""


@dataclass(frozen=True, slots=True)
class RemoveFormer(Effect[None]):
    """Remove the file whose place the second one took."""


@dataclass(frozen=True, slots=True)
class CountAnew(Effect[None]):
    """Count all that is held, so that damage to the file shows in the digest."""


@dataclass(frozen=True, slots=True)
class FetchAnew(Effect[None]):
    """Forget the cursor, so that the next pull repairs whatever differs."""


@dataclass(frozen=True, slots=True)
class Refresh(Effect[None]):
    """Get a new access token."""


@dataclass(frozen=True, slots=True)
class ParkUnsent(Effect[None]):
    """Leave all unsent work with the server."""


Steps: TypeAlias = Generator[Effect[Any], Any, T]
"""A part of the engine: yields effects, receives their outcomes, returns a T."""


def ask(effect: Effect[T]) -> Steps[T]:
    """Yield one effect; the outcome has the effect's type."""
    return cast("T", (yield effect))


def drive(steps: Steps[T], perform: Callable[[Effect[Any]], Any]) -> T:
    """Perform one effect after the other: the engine receives each outcome, or hears the error."""
    try:
        effect = next(steps)
        while True:
            try:
                outcome = perform(effect)
            except CrmError as failure:
                effect = steps.throw(failure)
            else:
                effect = steps.send(outcome)
    except StopIteration as end:
        return end.value
