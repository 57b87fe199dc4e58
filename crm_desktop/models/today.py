"""The day of one user: what is planned, due, late and waiting, in one look at the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from crm_core.fields import Value
from crm_core.ids import RecordId, is_id
from crm_desktop.models import labels
from crm_desktop.models.agenda import Appointment, Due, appointments, due_accounts
from crm_desktop.models.asking import IS_ASKED
from crm_desktop.models.complaints import Pressing, pressing_of
from crm_desktop.models.connection import Connection
from crm_desktop.models.counts import ENDED_COMPLAINTS
from crm_desktop.models.labels import address_line
from crm_desktop.models.sql import blob, id_of
from crm_desktop.models.supervised import Supervised, open_supervisions

DUE_SHOWN, TASKS_SHOWN, CLOCKS_SHOWN, NAMED = 5, 8, 6, 2
_NOT_MADE = ("cancelled",)


class Stop(msgspec.Struct, frozen=True):
    """A visit of the day with what one looks up on the way there."""

    visit: Appointment
    address: str
    people: tuple[str, ...]
    phone: str
    complaint: str

    @property
    def id(self) -> RecordId:
        """The visit."""
        return self.visit.id

    @property
    def account(self) -> str:
        """The account visited; "" where none is named."""
        return str(self.visit.row.values.get("account") or "")

    def text(self, name: str) -> str:
        """A field of the visit as text."""
        value = self.visit.row.values.get(name)
        return "" if value is None else str(value)


class LateTask(msgspec.Struct, frozen=True):
    """A task that is due; `late` days, 0 for today."""

    id: RecordId
    seq: int
    title: str
    account: str
    status: str
    late: int


class Decisions(msgspec.Struct, frozen=True):
    """What waits in the inbox for this user: records in conflict, own steps that were not taken,
    and what the first ones are about."""

    conflicts: int = 0
    conflict_titles: tuple[str, ...] = ()
    refused: int = 0
    refused_titles: tuple[str, ...] = ()


class Day(msgspec.Struct, frozen=True):
    """Everything of one day, as of one moment."""

    today: dt.date
    stops: tuple[Stop, ...]
    tomorrow: tuple[Appointment, ...]
    tasks: tuple[LateTask, ...]
    tasks_total: int
    clocks: tuple[Pressing, ...]
    decisions: Decisions
    supervised: tuple[Supervised, ...] = ()


def read_due(c: Connection, user: RecordId, now: dt.datetime) -> Due:
    """The accounts to be visited next. Beside the day and not of it: the more accounts somebody
    has, the longer it takes."""
    return due_accounts(c, user, now.date(), limit=DUE_SHOWN)


def read_day(c: Connection, user: RecordId, now: dt.datetime) -> Day:
    """The day in which `now` (aware, in local time) lies."""
    today = now.date()
    visits = appointments(c, today, 2, visitor=user)
    going = [x for x in visits if x.state not in _NOT_MADE]
    tasks, total = _tasks(c, user, today)
    return Day(
        today=today,
        stops=_stops(c, [x for x in going if x.start.date() == today]),
        tomorrow=tuple(x for x in going if x.start.date() > today),
        tasks=tasks,
        tasks_total=total,
        clocks=pressing_of(c, user, now, CLOCKS_SHOWN),
        decisions=_decisions(c, user),
        supervised=open_supervisions(c, user),
    )


def _stops(c: Connection, visits: Sequence[Appointment]) -> tuple[Stop, ...]:
    people = [x for visit in visits for x in _links(visit.row.values, "contacts")]
    names = labels.titles(c, (("contact", one) for one in people))
    return tuple(
        Stop(
            visit,
            _address(c, visit.row.values),
            tuple(
                names[key]
                for one in _links(visit.row.values, "contacts")
                if (key := ("contact", one)) in names
            ),
            _phone(c, visit.row.values),
            _complaint(c, visit.row.values),
        )
        for visit in visits
    )


def _links(values: Mapping[str, Value], name: str) -> list[RecordId]:
    members = values.get(name)
    return [RecordId(x) for x in members if isinstance(x, str)] if isinstance(members, list) else []


def _link(values: Mapping[str, Value], name: str) -> bytes | None:
    value = values.get(name)
    return blob(value) if isinstance(value, str) and is_id(value) else None


def _address(c: Connection, values: Mapping[str, Value]) -> str:
    """Where to go: the site named, else the account's first address."""
    row = c.one(
        "SELECT country, province, city, district, street, postcode FROM address"
        " WHERE deleted = 0 AND (id = ?1 OR (?1 IS NULL AND account = ?2)) ORDER BY rid LIMIT 1",
        (_link(values, "site_address"), _link(values, "account")),
    )
    return address_line(*(str(part or "") for part in row)) if row is not None else ""


def _phone(c: Connection, values: Mapping[str, Value]) -> str:
    return c.value("SELECT phone FROM account WHERE id = ?", (_link(values, "account"),)) or ""


def _complaint(c: Connection, values: Mapping[str, Value]) -> str:
    """An open complaint of the account: better known before one stands in the door."""
    places = ",".join("?" * len(ENDED_COMPLAINTS))
    row = c.one(
        "SELECT coalesce(nullif(number, ''), provisional_number, ''), coalesce(subject, '')"
        " FROM complaint WHERE account = ? AND deleted = 0"
        f" AND coalesce(state, 'received') NOT IN ({places}) ORDER BY received_at LIMIT 1",
        (_link(values, "account"), *ENDED_COMPLAINTS),
    )
    return " ".join(part for part in row if part) if row is not None else ""


def _tasks(c: Connection, user: RecordId, today: dt.date) -> tuple[tuple[LateTask, ...], int]:
    condition = (
        "t.assignee = ? AND t.deleted = 0 AND t.due_on <= ?"
        " AND coalesce(t.status, 'open') IN ('open', 'in_progress')"
    )
    wanted = (blob(user), today.isoformat())
    found = c.rows(
        "SELECT t.id, t.seq, t.title, coalesce(a.name, s.label), t.status, t.due_on FROM task t"
        " LEFT JOIN account a ON a.id = t.account AND a.deleted <> 2"
        " LEFT JOIN stub s ON s.kind = 'account' AND s.id = t.account"
        f" WHERE {condition} ORDER BY t.due_on, t.rid LIMIT ?",
        (*wanted, TASKS_SHOWN),
    )
    tasks = tuple(
        LateTask(
            id_of(row[0]), row[1], row[2] or "", row[3] or "", row[4] or "",
            (today - dt.date.fromisoformat(row[5])).days,
        )
        for row in found
    )  # fmt: skip
    return tasks, int(c.value(f"SELECT count(*) FROM task t WHERE {condition}", wanted) or 0)


_STUCK = (
    "SELECT n, label FROM changeset WHERE state <> 'confirmed'"
    " AND state IN ('rejected', 'held', 'orphaned')"
    " UNION SELECT s.n, s.label FROM op o JOIN changeset s ON s.n = o.cs"
    " WHERE o.refused IS NOT NULL AND s.state IN ('acked', 'confirmed') ORDER BY n DESC"
)
"""Own steps that the server did not take, whole or in part: what counts in the inbox, whose module
loads the journal, for which the first page does not wait."""

_DISPUTED = (
    "SELECT record FROM conflict WHERE deleted = 0 AND coalesce(state, 'open') = 'open'"
    f" AND {IS_ASKED} GROUP BY record ORDER BY max(rid) DESC"
)
"""The records whose open conflicts ask the user; of others, others are asked."""


def _decisions(c: Connection, user: RecordId) -> Decisions:
    records = [link for (link,) in c.rows(_DISPUTED, (user,))]
    stuck = [label for _, label in c.rows(_STUCK)]
    return Decisions(
        len(records), _titles(c, records), len(stuck), tuple(dict.fromkeys(stuck))[:NAMED]
    )


def _titles(c: Connection, links: Iterable[str]) -> tuple[str, ...]:
    """The names of the first records of these "kind/id"."""
    parts = (link.partition("/") for link in dict.fromkeys(links) if link)
    refs = [(kind, RecordId(key)) for kind, _, key in parts if is_id(key)][:NAMED]
    return tuple(labels.titles(c, refs).values())
