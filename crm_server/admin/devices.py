"""Commands about devices: list, end their sign-in, withdraw them."""

from __future__ import annotations

import argparse
from dataclasses import replace

from crm_core.catalog import CATALOG
from crm_core.errors import NotFound
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_server.admin.session import Answer, Commands, Json, Session, command
from crm_server.auth import note_event
from crm_server.people import SYSTEM
from crm_server.rows import By
from crm_server.service import Principal, Service
from crm_server.store import Tx, write_clock


def add_commands(commands: Commands) -> None:
    """Declare device list, expire and revoke."""
    device = commands.add_parser("device", help="installations").add_subparsers(required=True)
    command(device, "list", _list, "list the devices")
    command(device, "expire", _expire, "end a device's sign-in").add_argument("id")
    command(device, "revoke", _revoke, "withdraw a device: it may only park").add_argument("id")


def _list(session: Session, options: argparse.Namespace) -> Answer:
    with session.organisation.service.store.read() as tx:
        found = tx.rows(
            "SELECT d.id,c.login,d.registered_at,d.last_seen_at,d.revoked_at FROM device d"
            " LEFT JOIN credential c ON c.user_id = d.user_id ORDER BY d.registered_at"
        )
    names = ("id", "login", "registered_at", "last_seen_at", "revoked_at")
    rows: list[Json] = [dict(zip(names, row, strict=True)) for row in found]
    return Answer("\n".join("  ".join(str(x or "-") for x in row) for row in found), rows)


def _expire(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    with service.store.note() as tx:
        _require(tx, options.id)
        tx.run("DELETE FROM token WHERE device=?", (options.id,))
        _note(tx, service, "device-expired", options.id)
    return Answer(f"{options.id} has to sign in again", {"id": options.id})


def _revoke(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    with service.store.write() as (tx, clock):
        _require(tx, options.id)
        now = service.now
        tx.run("UPDATE device SET revoked_at=? WHERE id=?", (now, options.id))
        work = service.work(tx, clock)
        values = {"revoked_at": now, "updated_at": now, "updated_by": SYSTEM}
        if work.row("device", RecordId(options.id)) is not None:
            work.put(CATALOG["device"], RecordId(options.id), values, By(SYSTEM, at=now))
        work.flush()
        write_clock(tx, replace(clock, seq=work.seq))
        _note(tx, service, "device-revoked", options.id)
    return Answer(f"{options.id} is withdrawn", {"id": options.id})


def _require(tx: Tx, device: str) -> None:
    if tx.row("SELECT 1 FROM device WHERE id=?", (device,)) is None:
        raise NotFound(tr_noop("There is no device '{id}'."), id=device[:60])


def _note(tx: Tx, service: Service, event: str, device: str) -> None:
    note_event(tx, service, Principal(SYSTEM, "", "", ""), event, device)
