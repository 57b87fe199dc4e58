"""The agenda: the visits of the days shown, and the accounts whose next visit is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from statistics import median_low
from typing import TYPE_CHECKING

import msgspec

from crm_core.cadence import (
    HELD_STATES,
    NEWCOMER_DAYS,
    PHONE,
    RHYTHMS,
    days_late,
    due_on,
    interval_days,
)
from crm_core.free_time import STEP_MINUTES
from crm_core.ids import RecordId
from crm_core.wall_time import Zone, instant_at, wall_of
from crm_desktop.models import queries
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.sql import Where, blob, id_of

if TYPE_CHECKING:
    from crm_desktop.models.queries import Row

VISITS_MAX = 1000
"""Visits of a week that are shown: more than a lead with a hundred reps has."""

LONGEST_VISIT_HOURS = 24
"""A visit that began so long before the first day may still reach into it."""

HORIZON_DAYS = 14
"""Accounts due within these days stand in the list beside those that are late."""

DUE_MAX = 200
USUAL_MINUTES = 60
"""The length of a visit without an end, and of a new one."""

RECENT_VISITS = 5
"""So many of an account's last visits say how long one usually takes there."""

COMING_STATES = ("draft", "planned", "confirmed")
_HELD = ", ".join(f"'{state}'" for state in sorted(HELD_STATES))
_TAKEN_UP = ", ".join(f"'{state}'" for state in (*COMING_STATES, "in_progress"))


class Place(msgspec.Struct, frozen=True):
    """What a calendar says of an account: its name, grade and town."""

    name: str = ""
    grade: str = ""
    town: str = ""


class Appointment(msgspec.Struct, frozen=True):
    """A visit in wall time of the calendar's zone."""

    row: Row
    place: Place
    start: dt.datetime
    end: dt.datetime

    @property
    def id(self) -> RecordId:
        """The visit's id."""
        return self.row.id

    @property
    def state(self) -> str:
        """Its state as a code; an unset one is a draft."""
        return str(self.row.values.get("state") or "draft")


class DueAccount(msgspec.Struct, frozen=True):
    """An account to be visited. `late` days: negative while it is still to come."""

    id: RecordId
    place: Place
    due: dt.date
    late: int
    last_visit: dt.date | None


class Due(msgspec.Struct, frozen=True):
    """The accounts that are due and not planned, the latest first; `total` counts all of them."""

    accounts: tuple[DueAccount, ...] = ()
    total: int = 0


def appointments(
    c: Connection, first: dt.date, days: int, *, zone: Zone = None, visitor: RecordId | None = None
) -> tuple[Appointment, ...]:
    """The visits that lie in `days` days from `first`, in order; with `visitor` only those that
    this user makes or joins. Only these days are read."""
    begin = dt.datetime.combine(first, dt.time())
    end = begin + dt.timedelta(days)
    reach_back = begin - dt.timedelta(hours=LONGEST_VISIT_HOURS)
    page = queries.page(
        c, "visit", sort="planned_start", limit=VISITS_MAX,
        where=(Where("planned_start", ">=", instant_at(reach_back, zone)),
               Where("planned_start", "<", instant_at(end, zone))),
    )  # fmt: skip
    rows = [row for row in page.rows if visitor is None or _is_made_by(row, visitor)]
    places = _places(c, rows)
    made = (_appointment(row, places, zone) for row in rows)
    return tuple(x for x in made if x is not None and x.end > begin)


def usual_minutes(c: Connection, account: RecordId) -> int:
    """How long a visit to an account usually takes: the middle one of its last lengths as they
    were planned, in quarters of an hour; `USUAL_MINUTES` where there was none."""
    found = c.rows(
        "SELECT round((julianday(planned_end) - julianday(planned_start)) * 1440) AS minutes"
        f" FROM visit WHERE account = ? AND deleted = 0 AND state IN ({_HELD})"
        " AND planned_end > planned_start AND minutes <= ? ORDER BY planned_start DESC LIMIT ?",
        (blob(account), LONGEST_VISIT_HOURS * 60, RECENT_VISITS),
    )
    if not found:
        return USUAL_MINUTES
    quarters = round(median_low(minutes for (minutes,) in found) / STEP_MINUTES)
    return max(quarters, 1) * STEP_MINUTES


def _is_made_by(row: Row, user: RecordId) -> bool:
    joined = row.values.get("participants")
    return row.values.get("owner") == user or (isinstance(joined, list) and user in joined)


def _appointment(row: Row, places: Mapping[str, Place], zone: Zone) -> Appointment | None:
    start = wall_of(str(row.values.get("planned_start")), zone)
    if start is None:
        return None
    end = wall_of(str(row.values.get("planned_end")), zone)
    if end is None or end <= start:
        end = start + dt.timedelta(minutes=USUAL_MINUTES)
    return Appointment(row, places.get(str(row.values.get("account")), Place()), start, end)


def _places(c: Connection, rows: Iterable[Row]) -> dict[str, Place]:
    sites = {str(row.values["account"]): row.values.get("site_address") for row in rows}
    if not sites:
        return {}
    marks = ", ".join("?" * len(sites))
    found = c.rows(
        f"SELECT id, name, grade FROM account WHERE id IN ({marks}) AND deleted <> 2 UNION ALL"
        f" SELECT id, label, '' FROM stub WHERE kind = 'account' AND id IN ({marks})",
        [blob(account) for account in (*sites, *sites)],
    )
    towns = _towns(c, [str(site) for site in sites.values() if site])
    return {
        key.hex(): Place(name or "", grade or "", towns.get(str(sites[key.hex()]), ""))
        for key, name, grade in found
    }


def _towns(c: Connection, addresses: Iterable[str]) -> dict[str, str]:
    keys = [blob(one) for one in addresses]
    marks = ", ".join("?" * len(keys))
    rows = c.rows(f"SELECT id, city FROM address WHERE id IN ({marks}) AND deleted = 0", keys)
    return {key.hex(): city for key, city in rows if city}


def due_accounts(
    c: Connection, owner: RecordId, today: dt.date, *, zone: Zone = None, limit: int = DUE_MAX
) -> Due:
    """The owner's accounts whose visit is late or due within `HORIZON_DAYS`, and not planned.

    The rule is `crm_core.cadence`. Closed and merged accounts, disqualified prospects, and those
    that are not to be contacted are left out. The file looks for them: of however many an owner
    has, only `limit` come out of it.
    """
    midnight = instant_at(dt.datetime.combine(today, dt.time()), zone)
    rows = c.rows(
        _DUE,
        {"phone": PHONE, "owner": blob(owner), "midnight": midnight, "limit": limit,
         **_latest_instants(today, zone)},
    )  # fmt: skip
    found = [_due(c, row, today, zone) for row in rows]
    found.sort(key=lambda one: (-one.late, one.place.grade or "Z", one.place.name))
    return Due(tuple(found), rows[0][-1] if rows else 0)


def _latest_instants(today: dt.date, zone: Zone) -> dict[str, str]:
    """For each interval in days the instant before which the last visit, or the entry of a
    newcomer, makes an account due within the horizon."""
    found: dict[str, str] = {}
    for days in _INTERVALS:
        day = today + dt.timedelta(HORIZON_DAYS - days + 1)
        found[f"before_{days}"] = instant_at(dt.datetime.combine(day, dt.time()), zone)
    return found


_INTERVALS = frozenset((NEWCOMER_DAYS, *(one.interval_days for one in RHYTHMS.values())))


def _by_grade(words: str) -> str:
    """An SQL expression that depends on the rhythm of the grade."""
    cases = " ".join(
        f"WHEN '{grade}' THEN {words.format(days=interval_days(grade))}" for grade in RHYTHMS
    )
    return f"CASE grade {cases} ELSE {words.format(days=interval_days(None))} END"


_DUE = (
    "WITH own AS (SELECT a.rid, a.grade, a.created_at,"
    " (SELECT max(coalesce(v.actual_start, v.planned_start)) FROM visit v"
    " WHERE v.account = a.id AND v.deleted = 0"
    f" AND v.state IN ({_HELD}) AND coalesce(v.type, '') <> :phone) AS last FROM account a"
    " WHERE a.deleted = 0 AND a.owner = :owner AND coalesce(a.status, 'active') = 'active'"
    " AND coalesce(a.type, 'customer') IN ('customer', 'prospect', 'partner')"
    " AND coalesce(a.stage, '') <> 'disqualified' AND coalesce(a.do_not_contact, 0) = 0"
    " AND NOT EXISTS (SELECT 1 FROM visit v WHERE v.account = a.id AND v.deleted = 0"
    f" AND v.state IN ({_TAKEN_UP}) AND v.planned_start >= :midnight)),"
    " due AS (SELECT rid, last, count(*) OVER () AS total,"
    " CASE WHEN last IS NULL THEN"
    f" julianday(created_at) + {NEWCOMER_DAYS} ELSE julianday(last) + {_by_grade('{days}')} END"
    f" AS falls FROM own WHERE CASE WHEN last IS NULL THEN created_at < :before_{NEWCOMER_DAYS}"
    f" ELSE last < {_by_grade(':before_{days}')} END ORDER BY falls, grade LIMIT :limit)"
    " SELECT a.id, a.name, a.grade, a.created_at, due.last, due.total"
    " FROM due JOIN account a ON a.rid = due.rid"
)


def _due(c: Connection, row: SqlRow, today: dt.date, zone: Zone) -> DueAccount:
    key, name, grade, created_at, last, _ = row
    last_on, entered_on = _day(last, zone), _day(created_at, zone)
    due = due_on(grade, last_on, entered_on) or today
    place = Place(name or "", grade or "", _town_of(c, key))
    return DueAccount(id_of(key), place, due, days_late(due, today), last_on)


def _day(instant: str | None, zone: Zone) -> dt.date | None:
    moment = wall_of(instant, zone) if instant else None
    return moment.date() if moment is not None else None


def _town_of(c: Connection, account: bytes) -> str:
    """The town of an account's first address."""
    return c.value(
        "SELECT city FROM address WHERE account = ? AND deleted = 0 AND city IS NOT NULL"
        " ORDER BY rid LIMIT 1", (account,),
    ) or ""  # fmt: skip
