"""When accounts were visited last and will be next: for many at once, and which are due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from crm_core.cadence import HELD_STATES, PHONE
from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import blob, id_of

_HELD = ", ".join(f"'{state}'" for state in sorted(HELD_STATES))
_COMING = "'planned', 'confirmed'"


class VisitDates(msgspec.Struct, frozen=True):
    """The moments of the last visit made and the next one planned; "" where there is none."""

    last: str = ""
    next: str = ""


def visit_dates(
    c: Connection, accounts: Sequence[RecordId], since: str
) -> Mapping[RecordId, VisitDates]:
    """The last and next visits of many accounts in one look-up; `since` is the moment from which
    a planned visit is still to come (the beginning of today). Calls do not count as visits made
    (crm_core.cadence). Accounts without any visit are left out."""
    places = ",".join("?" * len(accounts))
    found = c.rows(
        "SELECT account,"
        f" max(CASE WHEN state IN ({_HELD}) AND coalesce(type, '') <> ?"
        " THEN coalesce(actual_start, planned_start) END),"
        f" min(CASE WHEN state = 'in_progress' OR (state IN ({_COMING}) AND planned_start >= ?)"
        " THEN planned_start END)"
        f" FROM visit WHERE account IN ({places}) AND deleted = 0 GROUP BY account",
        [PHONE, since, *map(blob, accounts)],
    )
    return {id_of(account): VisitDates(last or "", coming or "") for account, last, coming in found}


def rhythm_facts(c: Connection, accounts: Sequence[RecordId]) -> Mapping[RecordId, tuple[str, str]]:
    """Grade and moment of entry of accounts that are dealt with; the others have no rhythm."""
    places = ",".join("?" * len(accounts))
    found = c.rows(
        f"SELECT id, grade, created_at FROM account WHERE id IN ({places}) AND deleted = 0"
        " AND coalesce(status, 'active') = 'active' AND coalesce(stage, '') <> 'disqualified'"
        " AND coalesce(type, 'customer') IN ('customer', 'prospect', 'partner')"
        " AND coalesce(do_not_contact, 0) = 0",
        [blob(account) for account in accounts],
    )
    return {id_of(account): (grade or "", entered or "") for account, grade, entered in found}


def beginning_of(day: dt.date) -> str:
    """The moment at which a day begins here, in canonical form."""
    begin = dt.datetime.combine(day, dt.time()).astimezone()
    return begin.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
