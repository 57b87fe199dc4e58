"""Complaints as they are worked on: the open ones with their clocks, and one with its events.

Everything is read for all complaints at once; how a clock stands at a moment is worked out from
what was read (`CaseRow.reading`), so that a minute that passes reads nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from crm_core.complaint_clocks import (
    ENDED,
    Case,
    Clock,
    Reading,
    Step,
    clocks_of,
    pressing,
    read_clock,
)
from crm_core.ids import RecordId, is_id
from crm_core.machines import MACHINES
from crm_core.wall_time import moment_in
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.sql import blob, id_of

if TYPE_CHECKING:
    from crm_desktop.models.queries import Row

OPEN_MAX = 1_000
"""Open complaints that are shown: their clocks are sorted anew each minute."""

RECENT_MAX = 500
"""Complaints that the list of all shows, the newest; older ones are found by search."""

EVENTS_MAX = 500
_IDS_AT_ONCE = 500

_LINKS = ("account", "contact", "order", "product", "handler", "repeat_of", "supervisor")
_TARGETS: Mapping[str, str] = {
    "handler": "user", "repeat_of": "complaint", "supervisor": "user",
}  # fmt: skip


class CaseRow(msgspec.Struct, frozen=True):
    """A complaint in a list. `number` is the provisional one until the server gave its own."""

    id: RecordId
    number: str
    is_provisional: bool
    subject: str
    state: str
    severity: str
    received_at: str
    account: str
    account_name: str
    grade: str
    owner: str
    handler: str
    pending: bool
    conflict: bool
    clocks: tuple[Clock, ...]

    def is_of(self, user: str) -> bool:
        """Whether this user answers for it: its handler; before it has one, the account's owner."""
        return (self.handler or self.owner) == user

    def readings(self, now: dt.datetime) -> tuple[Reading, ...]:
        """How all its clocks stand at a moment."""
        return tuple(read_clock(clock, now) for clock in self.clocks)

    def reading(self, now: dt.datetime) -> Reading | None:
        """The clock to show where there is room for one; None where its receipt is unknown."""
        return pressing(self.readings(now))


class EventRow(msgspec.Struct, frozen=True):
    """One line of a complaint's log."""

    id: RecordId
    at: str
    author: str
    from_state: str
    to_state: str
    reason: str
    comment: str
    customer_visible: bool
    pending: bool


class CaseDetail(msgspec.Struct, frozen=True):
    """One complaint with all that is shown of it. `titles`: names of linked ones by "kind/id"."""

    row: Row
    case: CaseRow
    events: tuple[EventRow, ...]
    titles: dict[str, str]


class Board(msgspec.Struct, frozen=True):
    """What the list shows: `total` counts all there are, `recent` is empty unless asked for."""

    open: tuple[CaseRow, ...]
    recent: tuple[CaseRow, ...]
    total: int


def open_cases(c: Connection) -> tuple[CaseRow, ...]:
    """The complaints about which something has still to be done, the newest `OPEN_MAX`."""
    ended = ", ".join(f"'{state}'" for state in sorted(ENDED))
    return _cases(c, f"AND coalesce(p.state, '{_INITIAL}') NOT IN ({ended})", (), OPEN_MAX)


def read_board(c: Connection, *, everything: bool = False) -> Board:
    """The open complaints; with `everything` the newest of all as well."""
    total = int(c.value("SELECT count(*) FROM complaint WHERE deleted = 0") or 0)
    recent = _cases(c, "", (), RECENT_MAX) if everything else ()
    return Board(open_cases(c), recent, total)


class Pressing(msgspec.Struct, frozen=True):
    """A complaint with the clock to show for it."""

    case: CaseRow
    reading: Reading


def pressing_of(
    c: Connection, user: RecordId, now: dt.datetime, limit: int
) -> tuple[Pressing, ...]:
    """The open complaints for which a user answers and whose clocks run, the least time left
    first."""
    mine = (case for case in open_cases(c) if case.is_of(user))
    found = [Pressing(case, reading) for case in mine if (reading := case.reading(now))]
    running = [one for one in found if one.reading.order[0] == 0]
    return tuple(sorted(running, key=lambda one: one.reading.order)[:limit])


def in_order(cases: Iterable[CaseRow], now: dt.datetime) -> list[CaseRow]:
    """The least time left first, then the paused ones, then those that are done."""

    def key(case: CaseRow) -> tuple[int, dt.timedelta, str]:
        reading = case.reading(now)
        place, left = reading.order if reading is not None else (_LAST, dt.timedelta())
        return place, left, case.received_at

    return sorted(cases, key=key)


def read_case(c: Connection, record_id: RecordId) -> CaseDetail | None:
    """One complaint, open or not; None where it is not here."""
    row = queries.record(c, "complaint", record_id)
    if row is None:
        return None
    cases = _cases(c, "AND p.id = ?", (blob(record_id),), 1, deleted=row.deleted)
    titles = {
        f"{kind}/{linked}": title
        for (kind, linked), title in labels.titles_shown(c, _links_of(row)).items()
    }
    return CaseDetail(row, cases[0], _events(c, record_id), titles)


_INITIAL = MACHINES["complaint"].initial
_LAST = 9

_CASES = (
    "SELECT p.id, coalesce(nullif(p.number, ''), p.provisional_number), p.number, p.subject,"
    " p.state, p.severity, p.received_at, p.account, coalesce(a.name, above.label), a.grade,"
    " a.owner, p.handler,"
    " p.created_at, p.updated_at,"
    " EXISTS (SELECT 1 FROM shadow s WHERE s.kind = 'complaint' AND s.id = p.id),"
    " EXISTS (SELECT 1 FROM conflict x WHERE x.record = 'complaint/' || lower(hex(p.id))"
    " AND x.deleted = 0 AND coalesce(x.state, 'open') = 'open')"
    " FROM complaint p LEFT JOIN account a ON a.id = p.account AND a.deleted <> 2"
    " LEFT JOIN stub above ON above.kind = 'account' AND above.id = p.account"
    " WHERE p.deleted = {deleted} {condition} ORDER BY p.received_at DESC LIMIT ?"
)


def _cases(
    c: Connection, condition: str, parameters: Sequence[bytes], limit: int, *, deleted: bool = False
) -> tuple[CaseRow, ...]:
    sql = _CASES.format(deleted=int(deleted), condition=condition)
    rows = c.rows(sql, (*parameters, limit))
    steps = _steps(c, [row[0] for row in rows])
    return tuple(_case(row, steps[row[0]]) for row in rows)


def _steps(c: Connection, ids: Sequence[bytes]) -> Mapping[bytes, list[Step]]:
    """The stages that complaints came to, for all of them at once."""
    found: dict[bytes, list[Step]] = defaultdict(list)
    for start in range(0, len(ids), _IDS_AT_ONCE):
        part = ids[start : start + _IDS_AT_ONCE]
        places = ",".join("?" * len(part))
        rows = c.rows(
            "SELECT complaint, at, to_state FROM complaint_event WHERE deleted = 0"
            f" AND to_state IS NOT NULL AND complaint IN ({places})",
            part,
        )
        for complaint, at, state in rows:
            moment = moment_in(at)
            if moment is not None:
                found[complaint].append(Step(moment, state))
    return found


def _case(row: SqlRow, steps: Sequence[Step]) -> CaseRow:
    (key, shown, number, subject, state, severity, received, account, name, grade, owner,
     handler, created, updated, pending, conflict) = row  # fmt: skip
    received_at = moment_in(received) or moment_in(created)
    clocks: tuple[Clock, ...] = ()
    if received_at is not None:
        changed = moment_in(updated)
        known = Case(received_at, state or _INITIAL, severity, grade, steps, changed)
        clocks = clocks_of(known)
    return CaseRow(
        id_of(key), shown or "", not number, subject or "", state or _INITIAL, severity or "",
        received or "", account.hex() if account else "", name or "", grade or "",
        owner.hex() if owner else "", handler.hex() if handler else "",
        bool(pending), bool(conflict), clocks,
    )  # fmt: skip


def _events(c: Connection, record_id: RecordId) -> tuple[EventRow, ...]:
    """The log of a complaint, the newest first, with the names of who wrote it."""
    rows = c.rows(
        "SELECT e.id, coalesce(e.at, e.created_at), u.name, e.from_state, e.to_state, e.reason,"
        " e.comment, e.customer_visible,"
        " EXISTS (SELECT 1 FROM shadow s WHERE s.kind = 'complaint_event' AND s.id = e.id)"
        " FROM complaint_event e LEFT JOIN user u ON u.id = e.created_by AND u.deleted <> 2"
        " WHERE e.deleted = 0 AND e.complaint = ? ORDER BY 2 DESC, e.rid DESC LIMIT ?",
        (blob(record_id), EVENTS_MAX),
    )
    return tuple(
        EventRow(
            id_of(key), at or "", author or "", before or "", after or "", reason or "",
            comment or "", bool(visible), bool(pending),
        )
        for key, at, author, before, after, reason, comment, visible, pending in rows
    )  # fmt: skip


def _links_of(row: Row) -> list[tuple[str, RecordId]]:
    found: list[tuple[str, RecordId]] = []
    for name in _LINKS:
        value = row.values.get(name)
        if isinstance(value, str) and is_id(value):
            found.append((_TARGETS.get(name, name), RecordId(value)))
    return found
