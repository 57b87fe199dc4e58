"""The devices of an organisation: what is known of each, and withdrawing them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from msgspec import structs

from crm_core.catalog import CATALOG
from crm_core.errors import NotFound, Refused
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import SYSTEM, RecordId, is_id
from crm_core.wire import DeviceEntry, DeviceList
from crm_server.auth import note_event
from crm_server.left import missing
from crm_server.pushing import PARKED
from crm_server.rows import By
from crm_server.service import Service
from crm_server.standing import Principal
from crm_server.store import Tx, write_clock

BY_COMMAND = Principal(SYSTEM, "", "", "")
"""Whoever sits at the server's command line."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What IT is told of a device. `last_sync_at`: to a quarter of an hour; `unsent`: how much of
    its user's work it said to hold that no server has taken; `left`: how much it left here when it
    was withdrawn, and `files_missing`: files of that which never came; `has_key`: whether the key
    of its database is kept here; `keys_released`: how often it was given back (the audit says when
    and to whom)."""

    id: str
    login: str
    name: str
    os: str
    app_version: str
    registered_at: str
    last_sync_at: str
    unsent: int
    left: int
    has_key: bool
    keys_released: int
    revoked_at: str
    user: str
    files_missing: int


_ALL = (
    "SELECT d.id,d.user_id,coalesce(c.login,''),coalesce(r.body::text,'{}'),d.registered_at,"
    "d.last_seen_at,coalesce(x.at,''),coalesce(t.unsent,0),length(d.sealed_key) > 0,d.revoked_at"
    " FROM device d LEFT JOIN credential c ON c.user_id = d.user_id"
    " LEFT JOIN record r ON r.id = d.id AND r.kind = 'device'"
    " LEFT JOIN reached x ON x.device = d.id LEFT JOIN told t ON t.device = d.id"
    " ORDER BY d.registered_at, d.id"
)


def devices(service: Service) -> list[DeviceFacts]:
    """All devices that ever signed in, the oldest first."""
    with service.store.read() as tx:
        found = tx.rows(_ALL)
        left = dict(
            tx.rows("SELECT device,count(*) FROM parked WHERE why=? GROUP BY device", (PARKED,))
        )
        lost = {
            device: missing(tx, RecordId(user), _left_by(tx, device))
            for device, user in tx.rows("SELECT id,user_id FROM device WHERE revoked_at<>''")
            if device in left
        }
        released = dict(
            tx.rows(
                "SELECT subject,count(*) FROM audit WHERE event='key-released' GROUP BY subject"
            )
        )
    return [_facts(row, left, released, lost) for row in found]


def _left_by(tx: Tx, device: str) -> list[bytes]:
    found = tx.rows("SELECT payload FROM parked WHERE device=? AND why=?", (device, PARKED))
    return [bytes(body) for (body,) in found]


def _facts(
    row: tuple[object, ...], left: dict[str, int], released: dict[str, int], lost: dict[str, int]
) -> DeviceFacts:
    device, user, login, body, registered_at, seen_at, reached_at, unsent, has_key, revoked_at = (
        map(str, row)
    )
    values: dict[str, Value] = json.loads(body)
    name, os, version = (str(values.get(x) or "") for x in ("name", "os", "app_version"))
    return DeviceFacts(
        device, login, name, os, version, registered_at, max(seen_at, reached_at), int(unsent),
        left.get(device, 0), has_key.casefold() in ("true", "1"),
        released.get(device, 0), revoked_at, user, lost.get(device, 0),
    )  # fmt: skip


def told(service: Service, who: Principal) -> DeviceList:
    """What somebody is told of devices: of his own, and IT of all."""
    is_it = _is_it(service, who)
    found = [one for one in devices(service) if is_it or one.user == who.user]
    return DeviceList(tuple(_entry(one, is_it=is_it) for one in found), who.device, is_it)


def withdraw_for(service: Service, who: Principal, device: str) -> None:
    """Withdraw a device as somebody asks for it: his own, and IT anybody's, but not the one that
    asks, which could not tell what became of it. Raises Refused."""
    if device == who.device:
        raise Refused("device.this", tr_noop("A device does not withdraw itself."))
    is_it = _is_it(service, who)
    with service.store.read() as tx:
        row = tx.row("SELECT user_id FROM device WHERE id=?", (device,)) if is_id(device) else None
    if row is None or not (is_it or row[0] == who.user):
        raise Refused("device.not_found", tr_noop("There is no such device."))
    revoke(service, [device], who)


def _is_it(service: Service, who: Principal) -> bool:
    with service.store.read() as tx:
        return service.directory(tx, tx.clock()).rights(who.user)[1].is_it


def _entry(one: DeviceFacts, *, is_it: bool) -> DeviceEntry:
    entry = DeviceEntry(
        one.id, RecordId(one.user), one.login, one.name, one.os, one.app_version,
        one.registered_at, one.last_sync_at, one.unsent, one.left, one.revoked_at,
        files_missing=one.files_missing,
    )  # fmt: skip
    if not is_it:
        return entry
    return structs.replace(entry, has_key=one.has_key, keys_released=one.keys_released)


def expire(service: Service, device: str) -> None:
    """End a device's sign-in. Raises NotFound."""
    with service.store.note() as tx:
        _require(tx, device)
        tx.run("DELETE FROM token WHERE device=?", (device,))
        note_event(tx, service, BY_COMMAND, "device-expired", device)


def revoke(service: Service, ids: Iterable[str], who: Principal = BY_COMMAND) -> None:
    """Withdraw devices, as `who` asked: each may leave its unsent work, and then destroys its key;
    the copy of the key that is kept here is destroyed at once. Raises NotFound."""
    with service.store.write() as (tx, clock):
        now, work = service.now, service.work(tx, clock)
        for device in ids:
            _require(tx, device)
            tx.run(
                "UPDATE device SET revoked_at=?, sealed_key=? WHERE id=? AND revoked_at=''",
                (now, b"", device),
            )
            by = By(who.user, who.device, at=now)
            if work.row("device", RecordId(device)) is not None:
                values = {"revoked_at": now, **by.updated}
                work.put(CATALOG["device"], RecordId(device), values, by)
            note_event(tx, service, who, "device-revoked", device)
        work.flush()
        write_clock(tx, replace(clock, seq=work.seq))


def devices_of(service: Service, user: RecordId) -> list[str]:
    """The devices of a user that were not withdrawn."""
    with service.store.read() as tx:
        found = tx.rows(
            "SELECT id FROM device WHERE user_id=? AND revoked_at='' ORDER BY id", (user,)
        )
    return [device for (device,) in found]


def _require(tx: Tx, device: str) -> None:
    if tx.row("SELECT 1 FROM device WHERE id=?", (device,)) is None:
        raise NotFound(tr_noop("There is no device '{id}'."), id=device[:60])
