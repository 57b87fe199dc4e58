"""Key-account plan: what we want with an account, and why."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity("plan", tr_noop("Account plan"), tr_noop("Plans"), title="title")
class Plan(Record):
    title: str | None = f.text(tr_noop("Title"), required=True, search=5)
    account: str | None = f.link("account", tr_noop("Account"), required=True, root=True)
    owner: str | None = f.link("user", tr_noop("Owner"), grants=True)
    period: str | None = f.text(tr_noop("Period"))
    starts_on: str | None = f.day(tr_noop("Starts"))
    ends_on: str | None = f.day(tr_noop("Ends"))
    state: str | None = f.state(
        tr_noop("State"),
        "plan",
        ("draft", tr_noop("Draft")),
        ("submitted", tr_noop("Submitted")),
        ("approved", tr_noop("Approved")),
        ("active", tr_noop("Active")),
        ("under_review", tr_noop("Under review")),
        ("closed", tr_noop("Closed")),
        ("superseded", tr_noop("Superseded")),
    )
    version: int | None = f.whole(tr_noop("Version"))
    previous: str | None = f.link("plan", tr_noop("Previous version"))
    relationship: str | None = f.choice(
        tr_noop("Relationship aimed at"),
        ("basic", tr_noop("Basic")),
        ("reactive", tr_noop("Reactive")),
        ("accountable", tr_noop("Accountable")),
        ("proactive", tr_noop("Proactive")),
        ("partner", tr_noop("Partner")),
    )
    vision: str | None = f.note(tr_noop("Vision"), search=1)
    priorities: str | None = f.note(tr_noop("The customer's priorities"))
    challenges: str | None = f.note(tr_noop("Challenges"))
    trends: str | None = f.note(tr_noop("Trends"))
    value_proposition: str | None = f.note(tr_noop("Value proposition"))
