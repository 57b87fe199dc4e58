"""Visit: a planned meeting at the customer's."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entities.shared import REMINDERS_OF_A_MOMENT
from crm_core.entity import Record, entity
from crm_core.fields import REMINDERS, Authority
from crm_core.i18n import tr_noop


@entity(
    "visit",
    tr_noop("Visit"),
    tr_noop("Visits"),
    title=("number", "objectives"),
    sort="planned_start",
    number_prefix="V",
)
class Visit(Record):
    account: str | None = f.link("account", tr_noop("Account"), required=True, root=True)
    number: str | None = f.text(tr_noop("Number"), search=5, authority=Authority.COMPUTED)
    provisional_number: str | None = f.text(
        tr_noop("Provisional number"), search=4, authority=Authority.COMPUTED
    )
    state: str | None = f.state(
        tr_noop("State"),
        "visit",
        ("draft", tr_noop("Draft")),
        ("planned", tr_noop("Planned")),
        ("confirmed", tr_noop("Confirmed")),
        ("in_progress", tr_noop("In progress")),
        ("completed", tr_noop("Completed")),
        ("reviewed", tr_noop("Reviewed")),
        ("cancelled", tr_noop("Cancelled")),
        ("aborted", tr_noop("Aborted")),
    )
    type: str | None = f.choice(
        tr_noop("Type"),
        ("direct", tr_noop("Personal visit")),
        ("phone", tr_noop("Phone visit")),
        ("walk", tr_noop("Listening visit")),
        ("delivery", tr_noop("Delivery")),
        ("audit", tr_noop("Audit")),
    )
    owner: str | None = f.link("user", tr_noop("Visitor"), grants=True)
    planned_start: str | None = f.instant(tr_noop("Planned start"))
    planned_end: str | None = f.instant(tr_noop("Planned end"))
    reminders: list[str] | None = f.tags(
        tr_noop("Reminders"), *REMINDERS_OF_A_MOMENT, typed_as=REMINDERS, since=2
    )
    actual_start: str | None = f.instant(tr_noop("Started"))
    actual_end: str | None = f.instant(tr_noop("Ended"))
    contacts: list[str] | None = f.links("contact", tr_noop("Contacts"))
    participants: list[str] | None = f.links("user", tr_noop("Colleagues"), grants=True)
    site_address: str | None = f.link("address", tr_noop("Site"))
    purpose: list[str] | None = f.tags(tr_noop("Purpose"))
    objectives: str | None = f.text(tr_noop("Objective"), search=3)
    preparation: str | None = f.note(tr_noop("Preparation"))
    outcome: str | None = f.choice(
        tr_noop("Outcome"),
        ("order", tr_noop("Order")),
        ("progress", tr_noop("Progress")),
        ("information", tr_noop("Information")),
        ("no_result", tr_noop("No result")),
    )
    result: str | None = f.note(tr_noop("Result"), search=1)
    next_step: str | None = f.text(tr_noop("Next step"))
    reason: str | None = f.text(tr_noop("Reason"))
    cost: str | None = f.money(tr_noop("Cost"))
    plan: str | None = f.link("plan", tr_noop("Plan"))
