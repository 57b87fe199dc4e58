"""Supervision (督办): somebody wants a reply by a deadline, and without one nothing is closed.

The rule of client and server (domain.md, row Q18).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from crm_core.complaint_clocks import ENDED
from crm_core.fields import Value
from crm_core.wall_time import moment_in

SUPERVISED = frozenset(("task", "complaint"))
"""The kinds of which one may be supervised."""

SET_BY_LEADS = frozenset(("supervisor", "supervised_until"))
"""The fields that take the right to approve: who wants a reply, and by when."""

REPLY = "supervision_reply"
FIELDS = ("supervisor", "supervised_until", REPLY)

_CLOSING: Mapping[str, tuple[str, frozenset[str]]] = {
    "task": ("status", frozenset(("done", "dropped"))),
    "complaint": ("state", ENDED),
}


class Supervision(msgspec.Struct, frozen=True):
    """Who wants a reply, by when (aware; None: no deadline), and what was replied."""

    supervisor: str
    until: dt.datetime | None = None
    reply: str = ""

    def is_overdue(self, now: dt.datetime) -> bool:
        """Whether the reply is missing behind its deadline."""
        return not self.reply and self.until is not None and now > self.until


def supervision_of(values: Mapping[str, Value]) -> Supervision | None:
    """How a record is supervised, if it is."""
    supervisor, until = values.get("supervisor"), values.get("supervised_until")
    if not isinstance(supervisor, str) or not supervisor:
        return None
    reply = values.get(REPLY)
    said = reply.strip() if isinstance(reply, str) else ""
    return Supervision(supervisor, moment_in(until), said)


def is_closed(kind: str, values: Mapping[str, Value]) -> bool:
    """Whether nothing is to be done any more about a task or a complaint."""
    name, closed = _CLOSING[kind]
    return values.get(name) in closed


def closes(kind: str, name: str) -> bool:
    """Whether this is the field by which a task or a complaint is closed."""
    return kind in SUPERVISED and _CLOSING[kind][0] == name


def lacks_reply(kind: str, current: Mapping[str, Value], new: Mapping[str, Value]) -> bool:
    """Whether a change would close what is supervised and was not replied to. `current`: the
    values before the change."""
    if kind not in SUPERVISED:
        return False
    name, closed = _CLOSING[kind]
    target = new.get(name)
    if target not in closed or current.get(name) in closed:
        return False
    supervision = supervision_of({**current, **new})
    return supervision is not None and not supervision.reply
