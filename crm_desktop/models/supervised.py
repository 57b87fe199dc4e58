"""What is supervised and asks somebody for a reply: what this user owes, and what he waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.supervising import Supervision, is_closed, supervision_of
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import blob, id_of

SHOWN_MAX = 50

_ROWS = (
    "SELECT r.id, {title}, coalesce(a.name, s.label, ''), {state}, r.supervisor, {answers},"
    " r.supervised_until, r.supervision_reply, r.updated_at, r.updated_by"
    " FROM {kind} r LEFT JOIN account a ON a.id = r.account AND a.deleted <> 2"
    " LEFT JOIN stub s ON s.kind = 'account' AND s.id = r.account"
    " WHERE r.deleted = 0 AND r.supervisor IS NOT NULL AND (r.supervisor = :me OR {answers} = :me)"
)
_OF_KIND: Mapping[str, Mapping[str, str]] = {
    "task": {
        "kind": "task", "title": "r.title", "state": "r.status",
        "answers": "coalesce(r.assignee, r.created_by)",
    },
    "complaint": {
        "kind": "complaint", "title": "r.subject", "state": "r.state", "answers": "r.handler",
    },
}  # fmt: skip
_STATE: Mapping[str, str] = {"task": "status", "complaint": "state"}


class SupervisedRow(msgspec.Struct, frozen=True):
    """A task or complaint that a user supervises or answers for. `until`: the deadline as it is
    written, "" for none; `changed_at` an instant, and whether the user `changed_it` then."""

    kind: str
    id: RecordId
    title: str
    account: str
    supervision: Supervision
    until: str
    is_closed: bool
    supervises: bool
    answers: bool
    answerer: bytes | None
    changed_at: str
    changed_it: bool


def rows_of(c: Connection, user: RecordId) -> Iterator[SupervisedRow]:
    """What is supervised and concerns a user, closed or not."""
    me = blob(user)
    for kind, parts in _OF_KIND.items():
        for row in c.rows(_ROWS.format(**parts), {"me": me}):
            key, title, account, state, by, answers, until, reply, changed_at, changed_by = row
            values: dict[str, Value] = {
                _STATE[kind]: state, "supervisor": id_of(by), "supervised_until": until,
                "supervision_reply": reply,
            }  # fmt: skip
            one = supervision_of(values)
            if one is not None:
                yield SupervisedRow(
                    kind, id_of(key), title or "", account, one, until or "",
                    is_closed(kind, values), by == me, answers == me, answers, changed_at or "",
                    changed_by == me,
                )  # fmt: skip


class Supervised(msgspec.Struct, frozen=True):
    """An open task or complaint that is supervised. `owed`: this user is to reply; else he is the
    one who waits for it. `person`: the other one's name."""

    kind: str
    id: RecordId
    title: str
    account: str
    person: str
    owed: bool
    supervision: Supervision


def open_supervisions(c: Connection, user: RecordId) -> tuple[Supervised, ...]:
    """What is open and supervised by this user or owed by him, the nearest deadline first; what he
    owes and has replied to is left out."""
    found = [
        _read(c, row)
        for row in rows_of(c, user)
        if not row.is_closed and (row.supervises or not row.supervision.reply)
    ]
    found.sort(key=_deadline)
    return tuple(found[:SHOWN_MAX])


def _read(c: Connection, row: SupervisedRow) -> Supervised:
    other = row.answerer if row.supervises else blob(RecordId(row.supervision.supervisor))
    person = c.value("SELECT name FROM user WHERE id = ?", (other,)) or ""
    return Supervised(
        row.kind, row.id, row.title, row.account, person, not row.supervises, row.supervision
    )


def _deadline(one: Supervised) -> tuple[bool, str]:
    until = one.supervision.until
    return until is None, until.isoformat() if until is not None else ""
