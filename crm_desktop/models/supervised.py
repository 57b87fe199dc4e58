"""What is supervised and asks somebody for a reply: what this user owes, and what he waits for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.supervising import Supervision, is_closed, supervision_of
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.sql import blob, id_of

SHOWN_MAX = 50

SUPERVISED = (
    "SELECT r.id, {title}, coalesce(a.name, s.label, ''), {state}, r.supervisor,"
    " {answers} AS mine, r.supervised_until, r.supervision_reply, r.updated_at, r.updated_by"
    " FROM {kind} r LEFT JOIN account a ON a.id = r.account AND a.deleted <> 2"
    " LEFT JOIN stub s ON s.kind = 'account' AND s.id = r.account"
    " WHERE r.deleted = 0 AND r.supervisor IS NOT NULL AND (r.supervisor = :me OR {answers} = :me)"
)
OF_KIND: Mapping[str, Mapping[str, str]] = {
    "task": {
        "kind": "task", "title": "r.title", "state": "r.status",
        "answers": "coalesce(r.assignee, r.created_by)",
    },
    "complaint": {
        "kind": "complaint", "title": "r.subject", "state": "r.state", "answers": "r.handler",
    },
}  # fmt: skip
STATE: Mapping[str, str] = {"task": "status", "complaint": "state"}


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
    found: list[Supervised] = []
    for kind, parts in OF_KIND.items():
        for row in c.rows(SUPERVISED.format(**parts), {"me": blob(user)}):
            made = _read(c, kind, row, user)
            if made is not None:
                found.append(made)
    found.sort(key=_deadline)
    return tuple(found[:SHOWN_MAX])


def _read(c: Connection, kind: str, row: SqlRow, user: RecordId) -> Supervised | None:
    key, title, account, state, by, answers, until, reply, _, _ = row
    values: dict[str, Value] = {
        STATE[kind]: state, "supervisor": id_of(by),
        "supervised_until": until, "supervision_reply": reply,
    }  # fmt: skip
    one = supervision_of(values)
    owed = by != blob(user)
    if one is None or is_closed(kind, values) or (owed and one.reply):
        return None
    other = by if owed else answers
    person = c.value("SELECT name FROM user WHERE id = ?", (other,)) or ""
    return Supervised(
        kind,
        id_of(key),
        str(title or ""),
        str(account or ""),
        person,
        owed,
        one,
    )


def _deadline(one: Supervised) -> tuple[bool, str]:
    until = one.supervision.until
    return until is None, until.isoformat() if until is not None else ""
