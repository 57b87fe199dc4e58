"""Account team: colleagues who work on an account beside its owner."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "account_team",
    tr_noop("Member of an account team"),
    tr_noop("Account teams"),
    title="role",
    part_of="account",
)
class AccountTeam(Record):
    account: str | None = f.link("account", tr_noop("Account"), required=True, root=True)
    user: str | None = f.link("user", tr_noop("Colleague"), required=True)
    role: str | None = f.choice(
        tr_noop("Role"),
        ("kam", tr_noop("Key-account manager")),
        ("rep", tr_noop("Sales representative")),
        ("service", tr_noop("Service")),
        ("sponsor", tr_noop("Executive sponsor")),
    )
