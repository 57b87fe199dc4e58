"""How far a plan has come, and whether that is enough for the time that has passed.

Actions roll up to their objective and objectives to the plan (domain.md A9). What was dropped
counts nowhere: it is neither done nor missing. "Late" and "behind" are derived and never stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from enum import StrEnum

DONE, DROPPED, OPEN, IN_PROGRESS = "done", "dropped", "open", "in_progress"

TOLERANCE = 0.10
"""So far may the work lie behind the time before it is called behind."""


class Standing(StrEnum):
    """How a piece of work stands today."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    ON_COURSE = "on_course"
    BEHIND = "behind"
    LATE = "late"
    DONE = "done"
    DROPPED = "dropped"


def of_objective(status: str | None, actions: Sequence[str | None]) -> float | None:
    """The share of an objective's actions that is done, 0 to 1; None for a dropped objective.

    `actions` are their states. One without actions is done or not; one set to done is done,
    whatever its actions say.
    """
    if status == DROPPED:
        return None
    counted = [state for state in actions if state != DROPPED]
    if status == DONE:
        return 1.0
    if not counted:
        return 0.0
    return sum(state == DONE for state in counted) / len(counted)


def of_plan(objectives: Iterable[float | None]) -> float | None:
    """The mean of the objectives that count; None where there is none."""
    counted = [share for share in objectives if share is not None]
    return sum(counted) / len(counted) if counted else None


def elapsed(start: dt.date | None, end: dt.date | None, today: dt.date) -> float | None:
    """The share of a period that has passed at the end of `today`, 0 to 1; None without one."""
    if start is None or end is None or end < start:
        return None
    whole = (end - start).days + 1
    return min(max((today - start).days + 1, 0) / whole, 1.0)


def standing_of_action(status: str | None, due: dt.date | None, today: dt.date) -> Standing:
    """An action is late from the day after it was due."""
    if status in (DONE, DROPPED):
        return Standing(status)
    if due is not None and due < today:
        return Standing.LATE
    return Standing.IN_PROGRESS if status == IN_PROGRESS else Standing.OPEN


def standing_of_objective(
    status: str | None, share: float | None, passed: float | None, due: dt.date | None,
    today: dt.date,
) -> Standing:  # fmt: skip
    """An objective is late past its day, behind where its work lags behind the time."""
    plain = standing_of_action(status, due, today)
    if plain in (Standing.DONE, Standing.DROPPED, Standing.LATE):
        return plain
    if share is not None and passed is not None and share + TOLERANCE < passed:
        return Standing.BEHIND
    return Standing.ON_COURSE if share or plain is Standing.IN_PROGRESS else plain
