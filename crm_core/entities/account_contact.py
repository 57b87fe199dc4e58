"""Account–contact role: what a person does at an account."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity(
    "account_contact",
    tr_noop("Role of a contact"),
    tr_noop("Roles of contacts"),
    title="role",
    part_of="account",
)
class AccountContact(Record):
    account: str | None = f.link("account", tr_noop("Account"), required=True, root=True)
    contact: str | None = f.link("contact", tr_noop("Contact"), required=True)
    role: str | None = f.text(tr_noop("Role"))
    is_primary: bool | None = f.flag(tr_noop("Main contact"))
    level: str | None = f.choice(
        tr_noop("Level"),
        ("decision", tr_noop("Decision")),
        ("management", tr_noop("Management")),
        ("operation", tr_noop("Operation")),
    )
    function: str | None = f.choice(
        tr_noop("Function"),
        ("use", tr_noop("Use")),
        ("technology", tr_noop("Technology")),
        ("finance", tr_noop("Finance")),
        ("purchasing", tr_noop("Purchasing")),
        ("other", tr_noop("Other")),
    )
    buying_roles: list[str] | None = f.tags(
        tr_noop("Buying roles"),
        ("decider", tr_noop("Decider")),
        ("influencer", tr_noop("Influencer")),
        ("user", tr_noop("User")),
        ("buyer", tr_noop("Buyer")),
        ("gatekeeper", tr_noop("Gatekeeper")),
        ("sponsor", tr_noop("Sponsor")),
    )
    influence: int | None = f.whole(tr_noop("Influence (1 to 5)"))
    attitude: int | None = f.whole(tr_noop("Attitude (−2 to 2)"))
    reports_to: str | None = f.link("contact", tr_noop("Reports to"))
    since: str | None = f.day(tr_noop("Since"))
    until: str | None = f.day(tr_noop("Until"))
