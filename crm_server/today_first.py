"""Today first: what a person needs of the coming days, sent before everything else (adr/0043).

Looked for among his own records alone, so that it costs the same however much is in sight.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from typing_extensions import override

from crm_core.ids import ALL_ROOT, RecordId
from crm_core.wire import Enter, Mark, Part, PullRequest, encode
from crm_server.pull import Puller
from crm_server.sight import Plan
from crm_server.store import Clock, Tx
from crm_server.tables import FOREVER

TODAY_ROOTS_MAX = 500
"""Roots sent first: a busy week has some hundred, and each may bring years of visits."""

RECORDS_MAX = 2000
"""Own records whose roots are looked for: of more than these not everything is urgent."""

ROWS_FROM = 5_000
"""Fewer rows are sent at once: they are there as soon as their first part would be."""

_AHEAD_DAYS = 7
_ZONES_DAYS = 1
"""Visits are kept in universal time, the day is a local one."""

_OF_MINE = (
    "SELECT DISTINCT r.kind, r.id FROM ref f JOIN record r ON r.id = f.id AND r.kind = f.kind"
    " WHERE f.target = ? AND f.kind = '{kind}' AND f.field IN ({fields}) AND NOT r.deleted"
    " AND {when} LIMIT ?"
)
_OPEN = "r.body ->> 'status' IN ('open', 'in_progress') AND r.body ->> 'due_on' <= ?"
_VISITS = _OF_MINE.format(
    kind="visit", fields="'owner', 'participants'",
    when="r.body ->> 'planned_start' >= ? AND r.body ->> 'planned_start' < ?",
)  # fmt: skip
_COMPLAINTS = _OF_MINE.format(
    kind="complaint", fields="'handler'",
    when="r.body ->> 'state' NOT IN ('closed', 'followed_up', 'duplicate', 'rejected')",
)  # fmt: skip
_TASKS = _OF_MINE.format(kind="task", fields="'assignee'", when=_OPEN)
_ACTIONS = _OF_MINE.format(kind="plan_action", fields="'owner'", when=_OPEN)


def rows_to_come(tx: Tx, clock: Clock, keys: frozenset[str], request: PullRequest) -> int:
    """About how many rows are in sight of a device that holds nothing yet and asks for today; 0
    where it does not, or where all of it is sent at once. With another history than the server's it
    gets everything.

    A record counts below each of its roots: counting it once takes five times as long, and somebody
    is waiting.
    """
    if not request.first or request.cursor or request.epoch not in ("", clock.epoch):
        return 0
    found = tx.row(
        "SELECT count(*) FROM root_scope rs JOIN record_root rr ON rr.root = rs.root"
        " WHERE rs.key = ANY(?) AND rs.gone_seq = ? AND rr.gone_seq = ?",
        ([*keys], FOREVER, FOREVER),
    )
    count = int(found[0]) if found else 0
    return count if count >= ROWS_FROM else 0


class TodayPuller(Puller):
    """The part of a first pull that is sent first: it ends with a `Part` instead of an `End`."""

    def __init__(self, user: RecordId, rows_in_sight: int, *args: Any) -> None:
        self._user = user
        self._rows_in_sight = rows_in_sight
        self._records: list[tuple[str, RecordId]] = []
        super().__init__(*args)

    @override
    def lines(self) -> Iterator[bytes]:
        """Today as JSON lines; nothing of it can be resumed, for all of it is asked for again."""
        if self._needs_hello():
            yield _line(self._hello())
        yield _line(Mark(self.plan.base, ""))
        yield from self._enter_lines()
        entered = frozenset(self.plan.enter)
        loose = self._rows_of([record_id for _, record_id in self._records])
        yield from self._pages(loose, entered)
        yield _line(Part(self.plan.hi, self._rows_in_sight))

    @override
    def delivers(self) -> bool:
        """Today is never empty: everybody sees people and products."""
        return True

    @override
    def _planned(self) -> Plan:
        request, hi = self._request, self._clock.seq
        starts_over = request.epoch != self._clock.epoch or request.resume_hi > hi
        # A device that was cut off here before may hold parts as of then.
        base = hi if starts_over else request.resume_hi or hi
        self._records = self._mine(_day_of(request.first, self._now))
        roots = self._roots() or self._first_accounts()
        enter = sorted({ALL_ROOT, *roots})
        return Plan(0, hi, base, 0, enter, starts_over=starts_over)

    @override
    def _root_lines(
        self, roots: list[RecordId], by_root: dict[RecordId, list[tuple[Any, ...]]]
    ) -> Iterator[bytes]:
        rows = {(row[0], row[1]): row for found in by_root.values() for row in found}
        yield _line(Enter(tuple(roots)))
        yield from self._pages(sorted(rows.values(), key=lambda row: row[2]))
        yield _line(Mark(self.plan.base, ""))

    def _mine(self, day: dt.date) -> list[tuple[str, RecordId]]:
        """The user's own records of these days, visits first."""
        since = day - dt.timedelta(days=1 + _ZONES_DAYS)
        due = day + dt.timedelta(days=_AHEAD_DAYS)
        until = due + dt.timedelta(days=1 + _ZONES_DAYS)
        found: list[tuple[str, RecordId]] = []
        for sql, params in (
            (_VISITS, (since.isoformat(), until.isoformat())),
            (_COMPLAINTS, ()),
            (_TASKS, (due.isoformat(),)),
            (_ACTIONS, (due.isoformat(),)),
        ):
            found.extend(self._tx.rows(sql, (self._user, *params, RECORDS_MAX)))
        return found[:RECORDS_MAX]

    def _roots(self) -> list[RecordId]:
        """The roots of those records as far as the user's keys show them; what hangs on his own
        name alone is sent without the rest of it."""
        ids = [record_id for _, record_id in self._records]
        found = self._tx.rows(
            "SELECT DISTINCT rr.root FROM record_root rr WHERE rr.id = ANY(?) AND rr.gone_seq = ?"
            f" AND rr.root <> ? AND {_SEEN} LIMIT ?",
            (ids, FOREVER, self._user, self._keys, FOREVER, TODAY_ROOTS_MAX),
        )
        return [RecordId(root) for (root,) in found]

    def _first_accounts(self) -> list[RecordId]:
        found = self._tx.rows(
            "SELECT rr.root FROM ref f JOIN record_root rr ON rr.id = f.id AND rr.kind = f.kind"
            " AND rr.gone_seq = ? AND rr.root = f.id WHERE f.target = ? AND f.kind = 'account'"
            f" AND f.field = 'owner' AND {_SEEN} LIMIT ?",
            (FOREVER, self._user, self._keys, FOREVER, TODAY_ROOTS_MAX),
        )
        return [RecordId(root) for (root,) in found]


_SEEN = (
    "EXISTS (SELECT 1 FROM root_scope rs WHERE rs.root = rr.root AND rs.key = ANY(?)"
    " AND rs.gone_seq = ?)"
)


def _day_of(first: str, now: str) -> dt.date:
    """The device's day; the server's where that is none."""
    try:
        return dt.date.fromisoformat(first)
    except ValueError:
        return dt.date.fromisoformat(now[:10])


def _line(item: object) -> bytes:
    return encode(item) + b"\n"
