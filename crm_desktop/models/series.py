"""Series of tasks: what they bring near today, and what is done to several of their tasks at once.

A series is its first task, which holds the rule; a later task with a rule of its own begins another
stretch, whose values the tasks behind it take. See `crm_core.recurring` and docs/adr/0062.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, difference, in_bounded_steps
from crm_core.errors import InvalidValue, UserProblem
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.recurring import (
    INSTANCES_MAX,
    Stretch,
    ended_before,
    instance_id,
    near,
    occurrences,
    parse_rhythm,
    rest_of,
    text_of,
)
from crm_core.supervising import supervision_of
from crm_desktop.i18n import tr
from crm_desktop.models import journal, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import blob, id_of
from crm_desktop.models.store import Store

log = logging.getLogger(__name__)

TASK = CATALOG["task"]
OPEN_STATES = (None, "open", "in_progress")
DROPPED = "dropped"

SHARED = (
    "title", "account", "parent", "priority", "reminders", "assignee", "watchers", "description",
)  # fmt: skip
"""The fields that a task of a series has from the one with which its stretch begins."""


class Scope(StrEnum):
    """How far a change reaches beyond the task on which it was made."""

    FOLLOWING = "following"
    ALL = "all"


class Brought(msgspec.Struct, frozen=True):
    """Tasks that a series should have brought by now."""

    series: RecordId
    title: str
    changes: tuple[Change, ...]


def bring(store: Store, today: dt.date) -> Summary:
    """Bring the tasks of this user's series that are to be there and are not. What another device
    brings has the same ids; while a pull is under way they may be on their way."""
    with store.reader() as c:
        if c.value("SELECT pull_open FROM sync_state"):
            return Summary()
        wanted = tuple(_wanted(c, store.identity.user, today))
    done = Summary()
    for one in wanted:
        for step in in_bounded_steps(one.changes):
            try:
                done |= journal.commit(
                    store, step, label=tr("Recurs: {title}", title=one.title),
                    batch=f"{journal.UNASKED}{one.series}",
                )  # fmt: skip
            except UserProblem as problem:  # such as an account that is not here any more
                log.info("a series brought nothing: %s", problem.message.template)
                break
    return done


def _wanted(c: Connection, user: RecordId, today: dt.date) -> Iterator[Brought]:
    for (key,) in c.rows(
        "SELECT id FROM task WHERE deleted = 0 AND series IS NULL AND recurrence > ''"
        " AND due_on IS NOT NULL AND coalesce(assignee, created_by) = ?", (blob(user),),
    ):  # fmt: skip
        first = queries.record(c, TASK.kind, id_of(key))
        if first is not None:
            changes = tuple(_brought(c, first, today))
            if changes:
                yield Brought(first.id, str(first.values.get("title") or ""), changes)


def _brought(c: Connection, first: Row, today: dt.date) -> Iterator[Change]:
    rows = {first.id: first, **{row.id: row for row in _later(c, first.id)}}
    due = near(stretches_of(rows.values()), today)
    ids = {instance_id(first.id, one.day): one for one in due}
    there = _there(c, ids)
    if there.issuperset(ids):
        return
    if not first.values.get("recurs_on"):  # the day from which is counted, wherever it is moved
        seen: dict[str, Value] = {"recurs_on": None}
        yield Change(TASK.kind, first.id, Op.SET, {"recurs_on": first.values["due_on"]}, seen,
                     first.seq)  # fmt: skip
    for record_id, one in ids.items():
        if record_id not in there:
            day = one.day.isoformat()
            own: dict[str, Value] = {
                "series": first.id, "recurs_on": day, "due_on": day, "status": "open",
            }  # fmt: skip
            shared = _shared(rows[one.stretch.task].values)
            yield Change(TASK.kind, record_id, Op.INSERT, {**shared, **own})


def _shared(values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: values[name] for name in SHARED if values.get(name) not in (None, "", [])}


def _there(c: Connection, ids: Iterable[RecordId]) -> set[RecordId]:
    """Those of these tasks that are known here, deleted ones too, or were brought from here: of
    those that somebody deleted before they came here, nothing else remains."""
    keys = [blob(one) for one in ids]
    places = ",".join("?" * len(keys))
    found = c.rows(
        f"SELECT id FROM task WHERE id IN ({places}) UNION"
        f" SELECT id FROM op WHERE kind = 'task' AND id IN ({places})", (*keys, *keys),
    )  # fmt: skip
    return {id_of(key) for (key,) in found}


def _later(c: Connection, series: RecordId) -> list[Row]:
    """The tasks that a series has brought, as far as they are here and not deleted."""
    keys = c.rows(
        "SELECT id FROM task WHERE series = ? AND deleted = 0 ORDER BY recurs_on LIMIT ?",
        (blob(series), INSTANCES_MAX),
    )
    found = (queries.record(c, TASK.kind, id_of(key)) for (key,) in keys)
    return [row for row in found if row is not None]


def stretches_of(rows: Iterable[Row]) -> tuple[Stretch, ...]:
    """The stretches that begin with these tasks of one series."""
    made = (_stretch(row) for row in rows)
    return tuple(one for one in made if one is not None)


def _stretch(row: Row) -> Stretch | None:
    rule, day = row.values.get("recurrence"), day_in_series(row.values)
    if not rule or day is None:
        return None
    try:
        return Stretch(row.id, day, parse_rhythm(str(rule)))
    except InvalidValue:  # a rule of a later version: its tasks come from devices that know it
        return None


def day_in_series(values: Mapping[str, Value]) -> dt.date | None:
    """The day for which a series has a task, wherever it was moved."""
    try:
        return dt.date.fromisoformat(str(values.get("recurs_on") or values.get("due_on")))
    except ValueError:
        return None


# What one does to several tasks at once


class Whole(msgspec.Struct, frozen=True):
    """A series: the task looked at, all that is here of it in order, and its stretches."""

    task: Row
    rows: tuple[Row, ...]
    stretches: tuple[Stretch, ...]

    @property
    def stretch(self) -> Stretch | None:
        """The stretch in which the task lies."""
        day = day_in_series(self.task.values)
        begun = [one for one in self.stretches if day is not None and one.first <= day]
        return max(begun, key=lambda one: one.first, default=None)


def whole_series(c: Connection, task: RecordId) -> Whole | None:
    """The series to which a task belongs; None for a task that belongs to none."""
    row = queries.record(c, TASK.kind, task)
    if row is None:
        return None
    first_id = RecordId(str(row.values.get("series") or row.id))
    first = queries.record(c, TASK.kind, first_id)
    rows = [*([first] if first is not None and not first.deleted else []), *_later(c, first_id)]
    stretches = stretches_of(rows)
    if not stretches and not row.values.get("series"):
        return None
    return Whole(row, tuple(rows), stretches)


def rule_of(c: Connection, task: RecordId) -> str:
    """The rule of the stretch in which a task lies; "" for a task that does not recur."""
    whole = whole_series(c, task)
    stretch = whole.stretch if whole is not None else None
    return text_of(stretch.rhythm) if stretch is not None else ""


def applied(c: Connection, task: RecordId, scope: Scope) -> tuple[Change, ...]:
    """The changes that give the values of one task to those behind it, or to all of its series;
    what is done with stays as it is. What is brought later takes them too. Open tasks on days that
    the series does not have any more are dropped."""
    whole = whole_series(c, task)
    day = day_in_series(whole.task.values) if whole is not None else None
    if whole is None or day is None:
        return ()
    shared: dict[str, Value] = {name: whole.task.values.get(name) for name in SHARED}
    begins = {one.task for one in whole.stretches}
    made: list[Change] = []
    if scope is Scope.FOLLOWING and task not in begins and whole.stretch is not None:
        rest = rest_of(whole.stretch.rhythm, whole.stretch.first, day)
        made += _set(whole.task, {"recurrence": text_of(rest)})
    for row in whole.rows:
        there = day_in_series(row.values)
        reached = scope is Scope.ALL or (there is not None and there > day)
        is_open = row.values.get("status") in OPEN_STATES
        if row.id != task and reached and (is_open or row.id in begins):
            made += _set(row, shared)
    return (*made, *dropped(whole))


def stopped(c: Connection, task: RecordId) -> tuple[Change, ...]:
    """The changes that end a series with this task: it brings nothing more, and what it has
    brought behind it and is still open is dropped."""
    whole = whole_series(c, task)
    day = day_in_series(whole.task.values) if whole is not None else None
    if whole is None or day is None:
        return ()
    made: list[Change] = []
    stretches: list[Stretch] = []
    for row in whole.rows:
        one = next((x for x in whole.stretches if x.task == row.id), None)
        if one is not None and one.first > day:
            made += _set(row, {"recurrence": None})
        elif one is not None and one == whole.stretch:
            ended = ended_before(one.rhythm, day + dt.timedelta(1))
            made += _set(row, {"recurrence": text_of(ended) if one.first < day else None})
            stretches.append(msgspec.structs.replace(one, rhythm=ended))
        elif one is not None:
            stretches.append(one)
    return (*made, *dropped(msgspec.structs.replace(whole, stretches=tuple(stretches))))


def tidied(c: Connection, task: RecordId) -> tuple[Change, ...]:
    """The changes that drop what a series has no day for any more, after its rule was changed."""
    whole = whole_series(c, task)
    return tuple(dropped(whole)) if whole is not None and whole.stretches else ()


def dropped(whole: Whole) -> Iterator[Change]:
    """The changes that drop the open tasks on days which the series does not have any more; what
    is supervised asks for a reply first and stays."""
    days = {instance_id(_first_id(whole), one.day) for one in occurrences(whole.stretches)}
    begins = {one.task for one in whole.stretches}
    for row in whole.rows:
        is_stray = row.id not in days and row.id not in begins and row.values.get("series")
        if not is_stray or row.values.get("status") not in OPEN_STATES:
            continue
        supervision = supervision_of(row.values)
        if row.id != whole.task.id and (supervision is None or supervision.reply):
            yield from _set(row, {"status": DROPPED})


def _first_id(whole: Whole) -> RecordId:
    return RecordId(str(whole.task.values.get("series") or whole.task.id))


def _set(row: Row, values: Mapping[str, Value]) -> Sequence[Change]:
    return difference(TASK, row.id, row.values, values, row.seq)
