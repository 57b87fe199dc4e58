"""What this user is to be reminded of: reminders of tasks and visits, and what supervision asks.

What was put off or dismissed is this device's own note (table `reminded`) and never sent: see
docs/adr/0062.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.reminders import moments
from crm_core.values import instant_of
from crm_core.wall_time import Zone
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import blob, from_json, id_of
from crm_desktop.models.store import Store
from crm_desktop.models.supervised import SupervisedRow, rows_of

MISSED_DAYS = 14
"""What fell due longer ago, while the application was not open, is not told any more."""

KEPT_DAYS = 400
_COMING_VISITS = ("draft", "planned", "confirmed")


class Why(StrEnum):
    """What somebody is told of."""

    REMINDER = "reminder"
    SUPERVISED = "supervised"
    OVERDUE = "overdue"
    REPLIED = "replied"
    DECISION = "decision"


class Note(msgspec.Struct, frozen=True):
    """One thing to tell. `mark`: what it is told of, once; `at`: when it fell due, or to when it
    was put off, "" where it has no moment; `title` and `account` are a customer's words."""

    why: Why
    kind: str
    id: RecordId
    mark: str
    at: str
    title: str = ""
    account: str = ""

    @property
    def key(self) -> tuple[str, RecordId, str]:
        """By what it is put off or dismissed."""
        return self.kind, self.id, self.mark


class Outlook(msgspec.Struct, frozen=True):
    """What is due, the oldest first, and when the next thing will be ("" never)."""

    due: tuple[Note, ...] = ()
    next_at: str = ""


def read_outlook(c: Connection, user: RecordId, now: dt.datetime, zone: Zone = None) -> Outlook:
    """What is to be told at a moment (aware)."""
    noted = _noted(c)
    moment = instant_of(now)
    due: list[Note] = []
    coming: list[str] = []
    for note, silenced in (*_reminders(c, user, now, zone), *_supervisions(c, user, now)):
        until = noted.get(note.key, note.at)
        if until is None or (silenced and note.key not in noted):
            continue
        if until <= moment:
            due.append(msgspec.structs.replace(note, at=until))
        else:
            coming.append(until)
    due.sort(key=lambda note: note.at)
    return Outlook(tuple(due), min(coming, default=""))


def _noted(c: Connection) -> Mapping[tuple[str, RecordId, str], str | None]:
    """Until when things were put off; None for what was dismissed."""
    found = c.rows("SELECT kind, id, mark, until FROM reminded")
    return {(kind, id_of(key), mark): until for kind, key, mark, until in found}


Told = tuple[Note, bool]
"""A note, and whether it is silent unless it was put off here."""

_TASKS = (
    "SELECT t.id, t.title, coalesce(a.name, s.label, ''), t.updated_at, t.updated_by, t.due_on,"
    " t.remind_at, t.reminders FROM task t"
    " LEFT JOIN account a ON a.id = t.account AND a.deleted <> 2"
    " LEFT JOIN stub s ON s.kind = 'account' AND s.id = t.account"
    " WHERE t.deleted = 0 AND (t.remind_at IS NOT NULL OR t.reminders IS NOT NULL)"
    " AND coalesce(t.assignee, t.created_by) = :me"
    " AND coalesce(t.status, 'open') IN ('open', 'in_progress')"
)
_VISITS = (
    "SELECT v.id, coalesce(v.objectives, ''), coalesce(a.name, s.label, ''), v.updated_at,"
    " v.updated_by, v.planned_start, v.reminders FROM visit v"
    " LEFT JOIN account a ON a.id = v.account AND a.deleted <> 2"
    " LEFT JOIN stub s ON s.kind = 'account' AND s.id = v.account"
    " WHERE v.deleted = 0 AND v.reminders IS NOT NULL"
    " AND (v.owner = :me OR instr(coalesce(v.participants, ''), :my_id) > 0)"
    f" AND coalesce(v.state, 'draft') IN {_COMING_VISITS}"
)


def _reminders(c: Connection, user: RecordId, now: dt.datetime, zone: Zone) -> Iterator[Told]:
    me, moment = {"me": blob(user), "my_id": user}, instant_of(now)
    earliest = instant_of(now - dt.timedelta(MISSED_DAYS))
    for kind, sql, names in (
        ("task", _TASKS, ("due_on", "remind_at", "reminders")),
        ("visit", _VISITS, ("planned_start", "reminders")),
    ):
        for key, title, account, changed_at, changed_by, *rest in c.rows(sql, me):
            values: dict[str, Value] = dict(zip(names, rest, strict=True))
            values["reminders"] = from_json(rest[-1]) if rest[-1] else None
            # Who changed it since on another device had it before his eyes.
            is_mine = changed_by == blob(user)
            ats = sorted({at for at in moments(kind, values, zone) if at >= earliest})
            past = [at for at in ats if at <= moment]
            for at in ats:
                if at not in past[:-1]:  # the latest speaks for those before it
                    note = Note(Why.REMINDER, kind, id_of(key), at, at, title or "", account)
                    yield note, is_mine and (changed_at or "") > at


def _supervisions(c: Connection, user: RecordId, now: dt.datetime) -> Iterator[Told]:
    """Whoever supervises is told of a reply and of a deadline that passed; whoever has to reply,
    that he is supervised and that he is late."""
    recently = instant_of(now - dt.timedelta(MISSED_DAYS))
    for row in rows_of(c, user):
        reply, until = row.supervision.reply, row.until
        if reply:
            mark = f"reply:{hashlib.sha256(reply.encode()).hexdigest()[:16]}"
            if row.supervises and not row.changed_it and row.changed_at > recently:
                yield _supervision(row, Why.REPLIED, mark, row.changed_at)
        elif not row.is_closed:
            if until > recently:
                yield _supervision(row, Why.OVERDUE, f"overdue:{until}", until)
            if row.answers and not row.supervises:
                yield _supervision(row, Why.SUPERVISED, f"supervised:{until}", "")


def _supervision(row: SupervisedRow, why: Why, mark: str, at: str) -> Told:
    return Note(why, row.kind, row.id, mark, at, row.title, row.account), False


# What one does about it: notes of this device


def put_off(store: Store, notes: Iterable[Note], until: dt.datetime) -> None:
    """Tell of these again at a moment (aware)."""
    _write(store, notes, instant_of(until.astimezone(dt.UTC)))


def dismiss(store: Store, notes: Iterable[Note]) -> None:
    """Tell of these no more."""
    _write(store, notes, None)


def _write(store: Store, notes: Iterable[Note], until: str | None) -> None:
    rows: Sequence[tuple[str, bytes, str, str | None, str]] = [
        (note.kind, blob(note.id), note.mark, until, store.now()) for note in notes
    ]
    oldest = instant_of(dt.datetime.fromisoformat(store.now()) - dt.timedelta(KEPT_DAYS))
    with store.writing() as c:
        c.many(
            "INSERT INTO reminded (kind, id, mark, until, at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET until = excluded.until, at = excluded.at",
            rows,
        )
        c.run("DELETE FROM reminded WHERE at < ?", (oldest,))
