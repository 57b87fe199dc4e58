"""Interaction: one contact with a customer in its seven dimensions (frequency is derived)."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity("interaction", tr_noop("Interaction"), tr_noop("Interactions"), title="subject", sort="at")
class Interaction(Record):
    account: str | None = f.link("account", tr_noop("Account"), root=True)
    contact: str | None = f.link("contact", tr_noop("Contact"))
    subject: str | None = f.text(tr_noop("Subject"), search=3)
    medium: str | None = f.choice(
        tr_noop("Medium"),
        ("visit", tr_noop("Visit")),
        ("phone", tr_noop("Phone")),
        ("email", tr_noop("E-mail")),
        ("wechat", tr_noop("WeChat")),
        ("meeting", tr_noop("Meeting")),
        ("event", tr_noop("Event")),
        ("letter", tr_noop("Letter")),
        ("other", tr_noop("Other")),
    )
    direction: str | None = f.choice(
        tr_noop("Direction"), ("out", tr_noop("Outgoing")), ("in", tr_noop("Incoming"))
    )
    at: str | None = f.instant(tr_noop("When"))
    duration: int | None = f.duration(tr_noop("Duration"))
    who_ours: list[str] | None = f.links("user", tr_noop("Our people"), grants=True)
    who_theirs: list[str] | None = f.links("contact", tr_noop("Their people"))
    topics: list[str] | None = f.tags(tr_noop("Topics"))
    content: str | None = f.note(tr_noop("Content"), search=1)
    information_exchanged: str | None = f.note(tr_noop("Information exchanged"))
    consensus: str | None = f.note(tr_noop("Consensus"))
    next_step_ours: str | None = f.text(tr_noop("Our next step"))
    next_step_theirs: str | None = f.text(tr_noop("Their next step"))
    cost_time: int | None = f.duration(tr_noop("Time spent"))
    cost_money: str | None = f.money(tr_noop("Money spent"))
    sentiment: str | None = f.choice(
        tr_noop("Mood"),
        ("good", tr_noop("Good")),
        ("neutral", tr_noop("Neutral")),
        ("bad", tr_noop("Bad")),
    )
    visit: str | None = f.link("visit", tr_noop("Visit"))
    complaint: str | None = f.link("complaint", tr_noop("Complaint"))
