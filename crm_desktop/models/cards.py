"""The card of an account: everything one wants to see before a visit, in one look at the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.counts import ENDED_COMPLAINTS, FINISHED_TASKS
from crm_desktop.models.labels import address_line
from crm_desktop.models.queries import Row
from crm_desktop.models.revenue import YearOfRevenue, year_of
from crm_desktop.models.sql import blob, from_json, id_of
from crm_desktop.models.timeline import PAGE_ENTRIES, Timeline, count_entries, timeline
from crm_desktop.models.visit_dates import VisitDates, beginning_of, visit_dates

CONTACTS_MAX = 40
COMPLAINTS_MAX = 20
TASKS_MAX = 20
_PAST_PLANS = ("closed", "superseded")


class CardContact(msgspec.Struct, frozen=True):
    """A person at the account; `attitude` None: nobody has said."""

    id: RecordId
    name: str
    title: str
    role: str
    buying_roles: tuple[str, ...]
    attitude: int | None
    influence: int | None
    phone: str
    email: str


class CardComplaint(msgspec.Struct, frozen=True):
    """A complaint that is not settled yet."""

    id: RecordId
    number: str
    subject: str
    state: str
    severity: str
    received_at: str


class CardTask(msgspec.Struct, frozen=True):
    """A task that is still to be done; `due_on` None: whenever there is time."""

    id: RecordId
    title: str
    assignee: str
    due_on: dt.date | None


class CardPlan(msgspec.Struct, frozen=True):
    """The plan in force, with how many of its objectives are done."""

    id: RecordId
    title: str
    state: str
    period: str
    objectives: int
    done: int


class AccountCard(msgspec.Struct, frozen=True):
    """An account as its card shows it. `address` is in one line, as it was entered."""

    row: Row
    owner: str
    territory: str
    address: str
    visits: VisitDates
    contacts: tuple[CardContact, ...]
    complaints: tuple[CardComplaint, ...]
    tasks: tuple[CardTask, ...]
    plan: CardPlan | None
    revenue: YearOfRevenue
    timeline: Timeline
    entries: int

    @property
    def id(self) -> RecordId:
        """The account."""
        return self.row.id

    def text(self, name: str) -> str:
        """A field of the account as text; "" where it is empty."""
        value = self.row.values.get(name)
        return "" if value is None else str(value)


def account_card(
    c: Connection, account: RecordId, today: dt.date, *, entries: int = PAGE_ENTRIES
) -> AccountCard | None:
    """The card; None where the account is not here. All of it is of one moment, since the
    connection reads one snapshot."""
    row = queries.record(c, "account", account)
    if row is None:
        return None
    dates = visit_dates(c, [account], beginning_of(today)).get(account, VisitDates())
    return AccountCard(
        row=row,
        owner=_name(c, "user", row.values.get("owner")),
        territory=_name(c, "territory", row.values.get("territory")),
        address=_address(c, account),
        visits=dates,
        contacts=contacts_of(c, account, today),
        complaints=_complaints(c, account),
        tasks=_tasks(c, account),
        plan=_plan(c, account),
        revenue=year_of(c, account, today),
        timeline=timeline(c, account, limit=entries),
        entries=count_entries(c, account),
    )


def _name(c: Connection, kind: str, record_id: Value) -> str:
    return labels.title(c, kind, RecordId(record_id)) if isinstance(record_id, str) else ""


_ADDRESS_ORDER = "CASE type WHEN 'visit' THEN 0 WHEN 'ship' THEN 1 WHEN 'bill' THEN 2 ELSE 3 END"


def _address(c: Connection, account: RecordId) -> str:
    row = c.one(
        "SELECT country, province, city, district, street, postcode FROM address"
        f" WHERE account = ? AND deleted = 0 ORDER BY {_ADDRESS_ORDER}, rid LIMIT 1",
        (blob(account),),
    )
    return address_line(*(str(part or "") for part in row)) if row is not None else ""


def contacts_of(
    c: Connection, account: RecordId, today: dt.date, limit: int = CONTACTS_MAX
) -> tuple[CardContact, ...]:
    """The people at an account, the main one and the influential first; who left is left out."""
    found = c.rows(
        "SELECT p.id, p.full_name, p.title, r.role, r.buying_roles, r.attitude, r.influence,"
        " coalesce(p.mobile, p.phone), p.email"
        " FROM account_contact r JOIN contact p ON p.id = r.contact"
        " WHERE r.account = ? AND r.deleted = 0 AND p.deleted = 0"
        " AND (r.until IS NULL OR r.until >= ?) AND p.left_on IS NULL"
        " ORDER BY r.is_primary DESC, r.influence DESC, p.full_name LIMIT ?",
        (blob(account), today.isoformat(), limit),
    )
    return tuple(
        CardContact(
            id_of(row[0]), row[1] or "", row[2] or "", row[3] or "", _members(row[4]),
            row[5], row[6], row[7] or "", row[8] or "",
        )
        for row in found
    )  # fmt: skip


def _members(stored: object) -> tuple[str, ...]:
    members = from_json(stored) if isinstance(stored, str) else []
    return tuple(str(one) for one in members) if isinstance(members, list) else ()


def _complaints(c: Connection, account: RecordId) -> tuple[CardComplaint, ...]:
    places = ",".join("?" * len(ENDED_COMPLAINTS))
    found = c.rows(
        "SELECT id, coalesce(number, provisional_number, ''), coalesce(subject, ''),"
        " coalesce(state, 'received'), coalesce(severity, ''), coalesce(received_at, '')"
        " FROM complaint WHERE account = ? AND deleted = 0"
        f" AND coalesce(state, 'received') NOT IN ({places}) ORDER BY received_at LIMIT ?",
        (blob(account), *ENDED_COMPLAINTS, COMPLAINTS_MAX),
    )
    return tuple(CardComplaint(id_of(row[0]), *row[1:]) for row in found)


def _tasks(c: Connection, account: RecordId) -> tuple[CardTask, ...]:
    places = ",".join("?" * len(FINISHED_TASKS))
    found = c.rows(
        "SELECT t.id, coalesce(t.title, ''), coalesce(u.name, ''), t.due_on"
        " FROM task t LEFT JOIN user u ON u.id = t.assignee AND u.deleted <> 2"
        f" WHERE t.account = ? AND t.deleted = 0 AND coalesce(t.status, 'open') NOT IN ({places})"
        " ORDER BY t.due_on IS NULL, t.due_on, t.rid LIMIT ?",
        (blob(account), *FINISHED_TASKS, TASKS_MAX),
    )
    return tuple(
        CardTask(id_of(row[0]), row[1], row[2], dt.date.fromisoformat(row[3]) if row[3] else None)
        for row in found
    )


def _plan(c: Connection, account: RecordId) -> CardPlan | None:
    row = c.one(
        "SELECT id, coalesce(title, ''), coalesce(state, 'draft'), coalesce(period, '')"
        " FROM plan WHERE account = ? AND deleted = 0 AND coalesce(state, 'draft') NOT IN (?, ?)"
        " ORDER BY ends_on DESC, rid DESC LIMIT 1",
        (blob(account), *_PAST_PLANS),
    )
    if row is None:
        return None
    total, done = c.one(
        "SELECT count(*), coalesce(sum(status = 'done'), 0) FROM plan_objective"
        " WHERE plan = ? AND deleted = 0 AND coalesce(status, 'open') <> 'dropped'",
        (row[0],),
    ) or (0, 0)
    return CardPlan(id_of(row[0]), row[1], row[2], row[3], total, done)


def created_on(values: Mapping[str, Value]) -> dt.date | None:
    """The day on which a record was made, here."""
    made = values.get("created_at")
    if not isinstance(made, str):
        return None
    return dt.datetime.fromisoformat(made).astimezone().date()
