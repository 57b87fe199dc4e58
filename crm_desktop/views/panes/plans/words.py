"""What the plans pane says: boxes, standings and people, in words with their marks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from crm_core.buying_centre import Gap, Person, is_stale
from crm_core.catalog import CATALOG
from crm_core.i18n import tr_noop
from crm_core.plan_progress import Standing
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.plans import Member
from crm_desktop.views.kit.words import code_words

PLAN, ITEM = CATALOG["plan"], CATALOG["plan_section_item"]
OBJECTIVE, ACTION = CATALOG["plan_objective"], CATALOG["plan_action"]
ROLE = CATALOG["account_contact"]

BOXES: Mapping[str, tuple[str, str]] = {
    "strength": ("S", tr_noop("Strengths")),
    "weakness": ("W", tr_noop("Weaknesses")),
    "opportunity": ("O", tr_noop("Opportunities")),
    "threat": ("T", tr_noop("Threats")),
}
"""The four boxes of the board: letter and name."""

MARKS: Mapping[Standing, tuple[str, str]] = {
    Standing.OPEN: ("ring", "ink2"),
    Standing.IN_PROGRESS: ("half_disc", "accent"),
    Standing.ON_COURSE: ("half_disc", "accent"),
    Standing.BEHIND: ("outlined_triangle", "warn"),
    Standing.LATE: ("outlined_triangle", "warn"),
    Standing.DONE: ("tick", "good"),
    Standing.DROPPED: ("dashed_ring", "ink3"),
}
"""The shape and the colour token of a standing."""

_STANDINGS: Mapping[Standing, str] = {
    Standing.OPEN: tr_noop("open"),
    Standing.IN_PROGRESS: tr_noop("in progress"),
    Standing.ON_COURSE: tr_noop("on course"),
    Standing.BEHIND: tr_noop("behind"),
    Standing.DONE: tr_noop("done"),
    Standing.DROPPED: tr_noop("dropped"),
}

GAPS: Mapping[Gap, str] = {
    Gap.NO_DECIDER: tr_noop("Nobody is known to decide"),
    Gap.DECIDER_NOT_FOR_US: tr_noop("Whoever decides is not for us"),
    Gap.DECIDER_UNSEEN: tr_noop("Whoever decides was not seen for 90 days"),
    Gap.NO_SPONSOR: tr_noop("No executive sponsor"),
}

STEPS: Mapping[str, str] = {
    "submitted": tr_noop("Submit"),
    "draft": tr_noop("Send back"),
    "approved": tr_noop("Approve"),
    "active": tr_noop("Start"),
    "under_review": tr_noop("Start review"),
    "closed": tr_noop("Close plan"),
    "superseded": tr_noop("Replace by a new version"),
}
"""What leads to a state of the plan, on its button."""

WORK_STEPS: Mapping[str, str] = {
    "open": tr_noop("Reopen"),
    "in_progress": tr_noop("Begin"),
    "done": tr_noop("Done"),
    "dropped": tr_noop("Drop…"),
}


def standing_words(standing: Standing, due: dt.date | None, today: dt.date) -> str:
    """How a piece of work stands."""
    if standing is Standing.LATE and due is not None:
        return tr_n("{n} day late", "{n} days late", (today - due).days)
    return tr(_STANDINGS.get(standing, tr_noop("open")))


def percent(share: float | None) -> str:
    """A share of one: "58 %"; "" where nothing counts."""
    return "" if share is None else tr("{n} %", n=round(share * 100))


def attitude_words(attitude: int | None) -> str:
    """What a person thinks of us."""
    if attitude is None:
        return tr("attitude unknown")
    if attitude > 0:
        return tr("for us")
    return tr("against") if attitude < 0 else tr("neutral")


def signed(attitude: int | None) -> str:
    """The number inside the mark: "+1", "0", "−2", "?"."""
    if attitude is None:
        return "?"
    return f"+{attitude}" if attitude > 0 else f"−{-attitude}" if attitude else "0"


def role_words(member: Member) -> str:
    """What a person does in buying, and where in the house."""
    field = ROLE.by_name["buying_roles"]
    roles = [code_words(field, role).lower() for role in sorted(member.person.roles)]
    values = member.row.values
    named = [code_words(ROLE.by_name[name], str(values[name])).lower()
             for name in ("level", "function") if values.get(name)]  # fmt: skip
    return " · ".join((*roles, *named)) or str(values.get("role") or "")


def seen_words(person: Person) -> str:
    """How long ago there was contact."""
    if person.unseen_days is None:
        return tr("never")
    return tr("{n} d", n=person.unseen_days)


def spoken_member(member: Member) -> str:
    """A person for a screen reader."""
    person = member.person
    influence = tr("influence {n}", n=person.influence) if person.influence else ""
    stale = tr("no contact for long") if is_stale(person) else ""
    parts = (member.name, role_words(member), attitude_words(person.attitude), influence,
             seen_words(person), stale)  # fmt: skip
    return ", ".join(part for part in parts if part)
