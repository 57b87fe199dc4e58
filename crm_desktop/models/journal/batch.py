"""Batches: intentions too large for one changeset, written step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from crm_core.changes import Change, in_bounded_steps
from crm_core.errors import UserProblem
from crm_desktop.models.journal.local import Intention, write_changeset
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store

Progress = Callable[[int], bool]
"""Told how many changes are done; False stops the batch between two changesets."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change of a batch that could not be made: its place among the changes, and why."""

    index: int
    problem: UserProblem


@dataclass(frozen=True, slots=True)
class BatchDone:
    """What a batch came to. `done` counts the changes made; `cancelled`: it was cut short."""

    batch: str
    summary: Summary
    done: int = 0
    refused: tuple[Refusal, ...] = ()
    cancelled: bool = False


def commit_batch(
    store: Store, changes: Iterable[Change], *, label: str, progress: Progress | None = None
) -> BatchDone:
    """Write any number of changes as changesets of one batch, each its own transaction.

    A change that cannot be made is listed and costs only itself.
    """
    batch = str(store.new_id())
    summary, refused, seen = Summary(), tuple[Refusal, ...](), 0
    for n, step in enumerate(in_bounded_steps(changes)):
        done, refusals = _write_step(store, step, Intention(label, batch, n), seen)
        summary |= done
        refused += refusals
        seen += len(step)
        if progress is not None and not progress(seen):
            return BatchDone(batch, summary, seen - len(refused), refused, cancelled=True)
    return BatchDone(batch, summary, seen - len(refused), refused)


def _write_step(
    store: Store, step: Sequence[Change], intention: Intention, first: int
) -> tuple[Summary, tuple[Refusal, ...]]:
    """One changeset; where a change in it is refused, the others are written without it."""
    refused: dict[int, UserProblem] = {}
    while True:
        kept = [(i, change) for i, change in enumerate(step) if i not in refused]
        if not kept:
            break
        try:
            with store.writing() as c:
                summary = write_changeset(c, store, [change for _, change in kept], intention)
        except UserProblem as problem:
            index = _first_bad(store, kept)
            refused[index] = problem
            continue
        return summary, _listed(refused, first)
    return Summary(), _listed(refused, first)


def _first_bad(store: Store, kept: Sequence[tuple[int, Change]]) -> int:
    """Which change is refused: the last one of the shortest refused beginning."""
    from crm_desktop.models.journal.local import check_changes

    low, high = 1, len(kept)
    with store.reader() as c:
        while low < high:
            middle = (low + high) // 2
            try:
                check_changes(c, [change for _, change in kept[:middle]])
            except UserProblem:
                high = middle
            else:
                low = middle + 1
    return kept[low - 1][0]


def _listed(refused: dict[int, UserProblem], first: int) -> tuple[Refusal, ...]:
    return tuple(Refusal(first + index, refused[index]) for index in sorted(refused))
