"""orphans, offer: own work whose record left this user's sight, and its hand-over."""

from __future__ import annotations

import json

from crm_core.errors import NotFound
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId
from crm_desktop.cli.desk import Desk, Json, table
from crm_desktop.cli.outcome import Exit
from crm_desktop.i18n import tr
from crm_desktop.models import inbox
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox import StuckRow

_STATES = ("orphaned", "offered")


def orphans(desk: Desk) -> Exit:
    """What lies here without its record: still to be decided, or offered to others."""
    with desk.profile() as opened, opened.store.reader() as c:
        rows = [row for row in inbox.stuck(c) if row.state in _STATES]
        found = [_as_json(row, can_offer=inbox.can_offer(c, row.cs_id)) for row in rows]
    header = [tr("Step"), tr("Record"), tr("State"), tr("What you wanted")]
    lines = [
        [row.cs_id, row.title, _state_words(row), json.dumps(dict(row.mine), ensure_ascii=False)]
        for row in rows
    ]
    desk.answer(found, table(header, lines))
    return Exit.DONE


def _as_json(row: StuckRow, *, can_offer: bool) -> Json:
    return {
        "id": row.cs_id,
        "kind": row.kind,
        "record": row.record,
        "title": row.title,
        "state": row.state,
        "base": dict(row.base),
        "mine": dict(row.mine),
        "can_offer": can_offer,
        "at": row.at,
    }


def _state_words(row: StuckRow) -> str:
    return tr("Offered by you") if row.state == "offered" else tr("Orphaned")


def offer(desk: Desk) -> Exit:
    """Offer one step; it goes out with the next sync."""
    with desk.profile() as opened:
        with opened.store.reader() as c:
            row = _named(c, desk.arguments.id)
        done = inbox.offer(opened.store, row.cs_id)
    said: Json = {
        "id": row.cs_id, "kind": row.kind, "record": row.record, "changeset": done.changesets[-1]
    }  # fmt: skip
    desk.answer(said, [tr("Offered: {title}", title=row.title or row.label)])
    return Exit.DONE


def _named(c: Connection, text: str) -> StuckRow:
    plain = text.strip().lower().replace("-", "")
    rows = [x for x in inbox.stuck(c) if x.state in _STATES and plain]
    found = {ChangeSetId(x.cs_id): x for x in rows if x.cs_id.startswith(plain)}
    if len(found) != 1:
        raise NotFound(
            tr_noop("There is no orphaned step {id} here; 'orphans' lists them."), id=text[:60]
        )
    return next(iter(found.values()))
