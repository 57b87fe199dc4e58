"""Complaint: something a customer is not content with, and what became of it."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entities.shared import COMPLAINT_STAGES
from crm_core.entity import Record, entity
from crm_core.fields import Authority
from crm_core.i18n import tr_noop


@entity(
    "complaint",
    tr_noop("Complaint"),
    tr_noop("Complaints"),
    title=("number", "subject"),
    sort="received_at",
    number_prefix="CP",
)
class Complaint(Record):
    account: str | None = f.link("account", tr_noop("Account"), required=True, root=True)
    number: str | None = f.text(tr_noop("Number"), search=5, authority=Authority.COMPUTED)
    provisional_number: str | None = f.text(
        tr_noop("Provisional number"), search=4, authority=Authority.COMPUTED
    )
    subject: str | None = f.text(tr_noop("Subject"), search=5)
    state: str | None = f.state(
        tr_noop("Stage"),
        "complaint",
        *COMPLAINT_STAGES,
    )
    type: str | None = f.choice(
        tr_noop("Type"),
        ("complaint", tr_noop("Complaint")),
        ("suggestion", tr_noop("Suggestion")),
        ("request", tr_noop("Request")),
    )
    channel: str | None = f.choice(
        tr_noop("Channel"),
        ("visit", tr_noop("Visit")),
        ("phone", tr_noop("Phone")),
        ("email", tr_noop("E-mail")),
        ("wechat", tr_noop("WeChat")),
        ("letter", tr_noop("Letter")),
        ("other", tr_noop("Other")),
    )
    severity: str | None = f.choice(
        tr_noop("Severity"),
        ("critical", tr_noop("Critical")),
        ("major", tr_noop("Major")),
        ("minor", tr_noop("Minor")),
    )
    received_at: str | None = f.instant(tr_noop("Received at"))
    contact: str | None = f.link("contact", tr_noop("Contact"))
    order: str | None = f.link("order", tr_noop("Order"))
    product: str | None = f.link("product", tr_noop("Product"))
    batch: str | None = f.text(tr_noop("Batch"))
    description: str | None = f.note(tr_noop("Description"), search=1)
    remedy_sought: str | None = f.text(tr_noop("Remedy sought"))
    need: list[str] | None = f.tags(
        tr_noop("Need"),
        ("cared_for", tr_noop("To be cared for")),
        ("heard", tr_noop("To be heard")),
        ("professional", tr_noop("Professional treatment")),
        ("fast", tr_noop("A fast answer")),
    )
    safety: bool | None = f.flag(tr_noop("Safety concern"))
    category: str | None = f.text(tr_noop("Category"))
    cause: str | None = f.text(tr_noop("Cause"))
    responsible_unit: str | None = f.text(tr_noop("Responsible unit"))
    handler: str | None = f.link("user", tr_noop("Handler"), grants=True)
    outcome: str | None = f.text(tr_noop("Outcome"))
    closed_reason: str | None = f.text(tr_noop("Reason for closing"))
    repeat_of: str | None = f.link("complaint", tr_noop("Repeat of"))
    supervisor: str | None = f.link("user", tr_noop("Supervised by"), grants=True, since=2)
    supervised_until: str | None = f.instant(tr_noop("Reply by"), since=2)
    supervision_reply: str | None = f.note(tr_noop("Reply"), since=2)
