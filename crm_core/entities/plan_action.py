"""Plan action: who does what for an objective."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entities.shared import WORK_STATES
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "plan_action",
    tr_noop("Action"),
    tr_noop("Actions"),
    title="title",
    sort="due_on",
    part_of="plan",
)
class PlanAction(Record):
    plan: str | None = f.link("plan", tr_noop("Plan"), required=True, root=True)
    objective: str | None = f.link("plan_objective", tr_noop("Objective"))
    title: str | None = f.text(tr_noop("Title"), required=True, search=1)
    owner: str | None = f.link("user", tr_noop("Owner"), grants=True)
    customer_owner: str | None = f.link("contact", tr_noop("Responsible at the customer"))
    due_on: str | None = f.day(tr_noop("Due"))
    done_on: str | None = f.day(tr_noop("Done on"))
    status: str | None = f.state(tr_noop("Status"), "work", *WORK_STATES)
    reason: str | None = f.text(tr_noop("Reason"))
    cost: str | None = f.money(tr_noop("Cost"))
    position: str | None = f.order(tr_noop("Position"))
