"""What a person does to a plan, as changes: pure, one list for one step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import uuid_utils

from crm_core import positions, values
from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, difference
from crm_core.fields import Kind, Value
from crm_core.ids import RecordId
from crm_desktop.dates import read_day
from crm_desktop.models.plans import OBJECTIVE_LINK, PlanPage
from crm_desktop.models.queries import Row

ITEM, OBJECTIVE, ACTION = "plan_section_item", "plan_objective", "plan_action"
USUAL_WEIGHT = 3


def row_of(page: PlanPage, record_id: str) -> Row | None:
    """A part of the plan by its id."""
    return next((row for row in _parts(page) if row.id == record_id), None)


def _parts(page: PlanPage) -> Iterable[Row]:
    for rows in page.items.values():
        yield from rows
    for objective in page.objectives:
        yield objective.row
        yield from objective.actions
    yield from page.loose


def changed(row: Row, wanted: Mapping[str, Value]) -> list[Change]:
    """The changes that give a record other values."""
    return [*difference(CATALOG[row.kind], RecordId(row.id), row.values, wanted, row.seq)]


def add_item(page: PlanPage, box: str, text: str) -> list[Change]:
    """A new entry at the end of a box."""
    new: dict[str, Value] = {"box": box, "text": text, "weight": USUAL_WEIGHT}
    return _added(page, ITEM, new, page.items.get(box, ()))


def add_objective(page: PlanPage, text: str, today: dt.date) -> list[Change]:
    """A new objective, the plan owner's, due with the plan; it is not behind on its first day."""
    plan = page.plan.values
    starts, ends = plan.get("starts_on"), plan.get("ends_on")
    is_running = bool(starts and ends) and str(starts) < today.isoformat() <= str(ends)
    new: dict[str, Value] = {
        "text": text, "status": "open", "owner": plan.get("owner"),
        "start_on": today.isoformat() if is_running else starts, "due_on": ends,
    }  # fmt: skip
    return _added(page, OBJECTIVE, new, [x.row for x in page.objectives])


def add_action(page: PlanPage, objective: str, title: str) -> list[Change]:
    """A new action of an objective, its owner's."""
    found = next((x for x in page.objectives if x.row.id == objective), None)
    owner = (found.row if found is not None else page.plan).values.get("owner")
    new: dict[str, Value] = {"title": title, "status": "open", "owner": owner,
                             "objective": objective or None}  # fmt: skip
    return _added(page, ACTION, new, found.actions if found is not None else page.loose)


def _added(
    page: PlanPage, kind: str, new: Mapping[str, Value], beside: Sequence[Row]
) -> list[Change]:
    made = positions.moved([*map(_position, beside), None], len(beside), len(beside))
    full = {"plan": page.plan.id, "position": made[len(beside)], **new}
    full = {name: value for name, value in full.items() if value is not None}
    record_id = RecordId(uuid_utils.uuid7().hex)
    return [*_placed(beside, made), Change(kind, record_id, Op.INSERT, full)]


def move_item(page: PlanPage, item: str, box: str, row: int) -> list[Change]:
    """Put an entry at a row of a box, its own or another one."""
    moving, beside = row_of(page, item), page.items.get(box, ())
    if moving is None:
        return []
    if moving in beside:
        source = beside.index(moving)
        target = min(row, len(beside) - 1)
        return _placed(beside, positions.moved([*map(_position, beside)], source, target))
    made = positions.moved([*map(_position, beside), None], len(beside), min(row, len(beside)))
    own = made.pop(len(beside))
    return [*_placed(beside, made), *changed(moving, {"box": box, "position": own})]


def _placed(rows: Sequence[Row], made: Mapping[int, str]) -> list[Change]:
    return [
        change
        for number, position in made.items()
        if number < len(rows)
        for change in changed(rows[number], {"position": position})
    ]


def _position(row: Row) -> str | None:
    value = row.values.get("position")
    return value if isinstance(value, str) else None


def link_item(page: PlanPage, item: str, number: int) -> list[Change]:
    """Say which objective, counted from 1, takes an entry up; 0: none."""
    row = row_of(page, item)
    if row is None:
        return []
    link = f"{OBJECTIVE_LINK}{page.objectives[number - 1].row.id}" if number else None
    return changed(row, {"evidence": link})


def typed(page: PlanPage, kind: str, record_id: str, field: str, words: str) -> list[Change]:
    """What was typed into a cell; a day also as lists say it. Raises InvalidValue for what is no
    such value."""
    row = row_of(page, record_id)
    if row is None:
        return []
    target = CATALOG[kind].by_name[field]
    day = read_day(words) if target.kind is Kind.DAY else None
    value = day.isoformat() if day is not None else values.parse(target, words)
    return changed(row, {field: value})


def work_step(
    page: PlanPage, record_id: str, state: str, *, today: dt.date, reason: str = ""
) -> list[Change]:
    """Lead an action or objective to a state; an action remembers the day it was done."""
    row = row_of(page, record_id)
    if row is None:
        return []
    wanted: dict[str, Value] = {"status": state}
    if reason:
        wanted["reason"] = reason
    if row.kind == ACTION:
        wanted["done_on"] = today.isoformat() if state == "done" else None
    return changed(row, wanted)


def deleted(page: PlanPage, record_id: str) -> list[Change]:
    """Delete a part; an objective's actions go with it."""
    row = row_of(page, record_id)
    if row is None:
        return []
    with_it = next((x.actions for x in page.objectives if x.row.id == record_id), ())
    return [
        Change(one.kind, RecordId(one.id), Op.DELETE, base_seq=one.seq) for one in (*with_it, row)
    ]
