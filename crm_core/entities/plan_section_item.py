"""Plan item: one entry of a SWOT box or another section of a plan."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "plan_section_item",
    tr_noop("Plan item"),
    tr_noop("Plan items"),
    title="text",
    sort="position",
    part_of="plan",
)
class PlanSectionItem(Record):
    plan: str | None = f.link("plan", tr_noop("Plan"), required=True, root=True)
    box: str | None = f.choice(
        tr_noop("Box"),
        ("strength", tr_noop("Strength")),
        ("weakness", tr_noop("Weakness")),
        ("opportunity", tr_noop("Opportunity")),
        ("threat", tr_noop("Threat")),
        ("need", tr_noop("Need")),
        ("criterion", tr_noop("Decision criterion")),
        ("risk", tr_noop("Risk")),
    )
    text: str | None = f.text(tr_noop("Text"), required=True, search=1)
    weight: int | None = f.whole(tr_noop("Weight"))
    evidence: str | None = f.link("", tr_noop("Evidence"))
    position: str | None = f.order(tr_noop("Position"))
