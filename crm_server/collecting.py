"""Collection: what was deleted or ended long ago is forgotten, and the feed's floor rises with it.

A device whose cursor lies below the floor is not told what went: it receives everything in sight
anew (`sight`). History is never collected, so no id is ever given away twice (adr/0044).
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.fields import values_in
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_server.rows import LINKS, targets
from crm_server.store import Clock, ServerStore, Tx, portions, write_clock
from crm_server.tables import FOREVER

COLLECT_AFTER_DAYS = 180
"""Tombstones are kept so long, and a device that was away is waited for so long."""

RECORDS_AT_ONCE = 20_000
"""Records forgotten in one transaction, during which nobody can push."""

_IDS_PER_QUERY = 5000
_PARKED_PER_QUERY = 50
_IDS_IN_TEXT = re.compile(rb"[0-9a-f]{32}")


log = logging.getLogger(__name__)

Key = tuple[str, RecordId]


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A device that was away too long to be waited for."""

    id: str
    login: str
    seen_at: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What was collected, or would be: records, ended stays below roots and of keys, the floor
    of the feed after it, and the devices that will receive everything anew."""

    records: int = 0
    intervals: int = 0
    floor: int = 0
    sleepers: tuple[Sleeper, ...] = ()

    def __or__(self, later: Collected) -> Collected:
        return Collected(
            self.records + later.records,
            self.intervals + later.intervals,
            max(self.floor, later.floor),
            (*self.sleepers, *later.sleepers),
        )


@dataclass(frozen=True, slots=True)
class _Moment:
    """Now, and how far back what happened is kept."""

    now: str
    horizon: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What one transaction is to forget, up to the seq `limit`."""

    limit: int
    records: Mapping[Key, int]
    stays: Sequence[tuple[Any, ...]]
    scopes: Sequence[tuple[Any, ...]]

    @property
    def is_empty(self) -> bool:
        return not (self.records or self.stays or self.scopes)

    @property
    def top(self) -> int:
        """The highest seq among them."""
        ended = (row[-1] for row in (*self.stays, *self.scopes))
        return max((*self.records.values(), *ended), default=0)


def collect(store: ServerStore, now: dt.datetime, *, dry_run: bool = False) -> Collected:
    """Forget what is older than the horizon, in bounded transactions; `dry_run`: only count."""
    moment = _Moment(instant_of(now), instant_of(now - dt.timedelta(days=COLLECT_AFTER_DAYS)))
    at_once = FOREVER if dry_run else RECORDS_AT_ONCE
    done, after, goes_on = Collected(), 0, True
    while goes_on:
        with store.read() as tx:
            clock = tx.clock()
            limit = _limit(tx, clock, moment)
            dead = _dead(tx, after, limit, at_once)
            found = _look(tx, dead, limit, at_once)
            done |= _told(tx, clock, found, moment) if dry_run else Collected(floor=clock.gc_floor)
        if dry_run:
            return done
        some = _forget(store, found, moment)
        done |= some
        after = max(dead.values(), default=limit)
        goes_on = len(dead) == at_once or some.intervals >= at_once
    return done


# Looking


def _limit(tx: Tx, clock: Clock, moment: _Moment) -> int:
    """The highest seq that is old enough, and that every active device has behind it."""
    # What lies ahead of the clock was written while the clock was wrong, and says nothing.
    young = tx.row(
        "SELECT seq FROM history WHERE seq > ? AND received_at >= ? AND received_at <= ?"
        " ORDER BY seq LIMIT 1",
        (clock.gc_floor, moment.horizon, moment.now),
    )
    limit = young[0] - 1 if young else clock.seq
    cursors = (cursor for _, _, cursor, seen_at in _devices(tx) if seen_at >= moment.horizon)
    return min((limit, *cursors))


def _dead(tx: Tx, after: int, limit: int, at_once: int) -> dict[Key, int]:
    """Tombstones in the order of the feed, each with its seq."""
    found = tx.rows(
        "SELECT kind,id,seq FROM record WHERE seq > ? AND seq <= ? AND deleted"
        " ORDER BY seq LIMIT ?",
        (after, limit, at_once),
    )
    return {(kind, RecordId(record_id)): seq for kind, record_id, seq in found}


def _look(tx: Tx, dead: Mapping[Key, int], limit: int, at_once: int) -> _Found:
    records = dict(dead)
    _keep_what_is_parked(tx, records)
    _keep_what_is_named(tx, records)
    ended = f" WHERE gone_seq <= ? AND gone_seq < {FOREVER} LIMIT ?"
    stays = tx.rows(f"SELECT root,kind,id,seq,gone_seq FROM record_root{ended}", (limit, at_once))
    scopes = tx.rows(f"SELECT root,key,seq,gone_seq FROM root_scope{ended}", (limit, at_once))
    return _Found(limit, records, stays, scopes)


_DEVICES = (
    "SELECT d.id, d.user_id, coalesce(r.cursor, 0), d.last_seen_at, coalesce(r.at, '')"
    " FROM device d LEFT JOIN reached r ON r.device = d.id WHERE d.revoked_at = ''"
)


def _devices(tx: Tx) -> Iterator[tuple[str, str, int, str]]:
    """(id, user, cursor, last seen) of the devices that were not withdrawn."""
    for device, user, cursor, last_seen_at, at in tx.rows(_DEVICES):
        yield device, user, cursor, max(last_seen_at, at)


def _keep_what_is_parked(tx: Tx, records: dict[Key, int]) -> None:
    """What somebody's refused or parked work names may still be wanted."""
    by_id: dict[bytes, list[Key]] = {}
    for key in records:
        by_id.setdefault(key[1].encode(), []).append(key)
    parked = [one for (one,) in tx.rows("SELECT id FROM parked")] if records else []
    for some in portions(parked, _PARKED_PER_QUERY):
        for (payload,) in tx.rows("SELECT payload FROM parked WHERE id = ANY(?)", ([*some],)):
            for named in _IDS_IN_TEXT.findall(bytes(payload)):
                for key in by_id.get(named, ()):
                    records.pop(key, None)


def _keep_what_is_named(tx: Tx, records: dict[Key, int]) -> None:
    """A record stays as long as one that stays leads to it, or hangs below it: the living, open
    conflicts among them, and those that died later."""
    naming: dict[RecordId, list[Key]] = {}
    ids = [record_id for _, record_id in records]
    for some in portions(ids, _IDS_PER_QUERY):
        for target, kind, record_id in tx.rows(
            "SELECT target,kind,id FROM ref WHERE target = ANY(?)"
            " UNION SELECT root,kind,id FROM record_root WHERE root = ANY(?) AND gone_seq = ?",
            ([*some], [*some], FOREVER),
        ):
            naming.setdefault(RecordId(target), []).append((kind, RecordId(record_id)))
    while True:
        kept = [
            key for key in records
            if any(by not in records and by[1] != key[1] for by in naming.get(key[1], ()))
        ]  # fmt: skip
        if not kept:
            return
        for key in kept:
            del records[key]


def _told(tx: Tx, clock: Clock, found: _Found, moment: _Moment) -> Collected:
    """What forgetting this comes to."""
    floor = max(clock.gc_floor, found.top)
    sleepers = [
        (device, user, seen_at)
        for device, user, cursor, seen_at in _devices(tx)
        if seen_at < moment.horizon and clock.gc_floor <= cursor < floor
    ]
    logins = dict(
        tx.rows("SELECT user_id,login FROM credential WHERE user_id = ANY(?)",
                ([user for _, user, _ in sleepers],))
    )  # fmt: skip
    told = tuple(Sleeper(x, logins.get(user, user), seen_at) for x, user, seen_at in sleepers)
    return Collected(len(found.records), len(found.stays) + len(found.scopes), floor, told)


# Forgetting


def _forget(store: ServerStore, found: _Found, moment: _Moment) -> Collected:
    """Forget what was found, as far as it is still so under the clock."""
    if found.is_empty:
        return Collected()
    with store.write() as (tx, clock):
        records = _unchanged(tx, found.records)
        _keep_what_is_named(tx, records)
        some = replace(found, records=records)
        if some.is_empty or _limit(tx, clock, moment) < found.limit:
            return Collected()
        done = _told(tx, clock, some, moment)
        _delete(tx, some)
        # A number of its own: each pull was begun either before the collection or after it.
        seq = clock.seq + 1
        tx.run(
            "INSERT INTO collected(seq,floor,at,records,intervals) VALUES (?,?,?,?,?)",
            (seq, done.floor, moment.now, done.records, done.intervals),
        )
        write_clock(tx, replace(clock, seq=seq, gc_floor=done.floor))
    for one in done.sleepers:
        log.warning(
            "no longer waited for: device %s of %s, last seen %s", one.id, one.login, one.seen_at
        )
    log.info("collected %d records; the floor is %d", done.records, done.floor)
    return done


def _unchanged(tx: Tx, records: Mapping[Key, int]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for some in portions([record_id for _, record_id in records], _IDS_PER_QUERY):
        for kind, record_id, seq in tx.rows(
            "SELECT kind,id,seq FROM record WHERE id = ANY(?) AND deleted", ([*some],)
        ):
            key = (kind, RecordId(record_id))
            if records.get(key) == seq:
                found[key] = seq
    return found


def _delete(tx: Tx, found: _Found) -> None:
    keys = [*found.records]
    tx.many("DELETE FROM ref WHERE target=? AND kind=? AND id=?", [*_links(tx, keys)])
    for table in ("record", "refused", "record_root"):
        tx.many(f"DELETE FROM {table} WHERE id=? AND kind=?", [(x, kind) for kind, x in keys])
    tx.many("DELETE FROM root_scope WHERE root=?", [(record_id,) for _, record_id in keys])
    tx.many(
        "DELETE FROM record_root WHERE root=? AND kind=? AND id=? AND seq=? AND gone_seq=?",
        found.stays,
    )
    tx.many("DELETE FROM root_scope WHERE root=? AND key=? AND seq=? AND gone_seq=?", found.scopes)


def _links(tx: Tx, keys: Sequence[Key]) -> Iterator[tuple[RecordId, str, RecordId]]:
    """(target, kind, id) of the references from these records; `ref` is looked up by its target."""
    for some in portions([record_id for _, record_id in keys], _IDS_PER_QUERY):
        for kind, record_id, body in tx.rows(
            "SELECT kind,id,body::text FROM record WHERE id = ANY(?) AND deleted", ([*some],)
        ):
            values = values_in(body)
            for name in LINKS[kind].references.intersection(values):
                for _, target in targets(CATALOG[kind], name, values[name]):
                    yield target, kind, RecordId(record_id)
