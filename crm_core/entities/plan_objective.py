"""Plan objective: what a plan wants to reach by when."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entities.shared import WORK_STATES
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "plan_objective",
    tr_noop("Objective"),
    tr_noop("Objectives"),
    title="text",
    sort="position",
    part_of="plan",
)
class PlanObjective(Record):
    plan: str | None = f.link("plan", tr_noop("Plan"), required=True, root=True)
    text: str | None = f.text(tr_noop("Objective"), required=True, search=1)
    owner: str | None = f.link("user", tr_noop("Owner"), grants=True)
    start_on: str | None = f.day(tr_noop("Starts"))
    due_on: str | None = f.day(tr_noop("Due"))
    status: str | None = f.state(tr_noop("Status"), "work", *WORK_STATES)
    reason: str | None = f.text(tr_noop("Reason"))
    category: str | None = f.choice(
        tr_noop("Category"),
        ("revenue", tr_noop("Revenue")),
        ("relationship", tr_noop("Relationship")),
        ("service", tr_noop("Service")),
        ("other", tr_noop("Other")),
    )
    measure: str | None = f.note(tr_noop("How it is measured"))
    position: str | None = f.order(tr_noop("Position"))
