"""The service of one organisation: push, pull, history and parking, without HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec

from crm_core.catalog import CATALOG, OLDEST_SCHEMA
from crm_core.changes import ChangeSet
from crm_core.directory import Directory
from crm_core.errors import UNREADABLE, Refused
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import Result
from crm_core.merging import taker_of
from crm_core.roles import with_overrides
from crm_core.values import instant_of
from crm_core.wire import (
    PUSH_CHANGESETS_MAX,
    ChangeSetResult,
    Deleted,
    HistoryEntry,
    Page,
    PullRequest,
    PushRequest,
    PushResponse,
    WireRow,
    WireTombstone,
    encode,
)
from crm_server.digests import Digests
from crm_server.directory import load_directory, roles_before
from crm_server.judge import Author
from crm_server.moments import hours_between
from crm_server.pull import Puller
from crm_server.push import Pusher
from crm_server.rows import Row
from crm_server.sight import Generations
from crm_server.standing import GenerationRow, ask_standing, device_of, generations_of
from crm_server.store import Answer, Clock, ServerStore, Tx, ask_clock, write_clock
from crm_server.today_first import TodayPuller, rows_to_come
from crm_server.work import Work

SCOPE_GRACE_DAYS = 7
"""How long work is taken that was written under keys its author has lost since."""

PARK_BYTES_MAX = 5 * 1024 * 1024
"""What one device may park here (security.md §3)."""

INSERT_DEVICE = (
    "INSERT INTO device(id,user_id,public_key,delivered,pulled,sealed_key,registered_at,"
    "last_seen_at,revoked_at,cloned) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO NOTHING"
)

_decode_patch = msgspec.json.Decoder(dict[str, tuple[Value, Value]]).decode


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as his token says."""

    user: RecordId
    device: str
    role: str
    organisation: str


class Service:
    """One organisation. Safe to call from many threads; each call is one transaction."""

    def __init__(
        self,
        store: ServerStore,
        *,
        clock: Callable[[], dt.datetime],
        new_id: Callable[[], RecordId],
    ) -> None:
        self.store = store
        self.clock = clock
        self.new_id = new_id
        self._digests = Digests()
        self._directory: Directory | None = None

    @property
    def now(self) -> str:
        """The server's time in its canonical form."""
        return instant_of(self.clock())

    def directory(self, tx: Tx, clock: Clock) -> Directory:
        """The colleagues as this transaction sees them; kept until they change."""
        known = self._directory
        if known is None or known.seq != clock.directory_seq:
            known = load_directory(tx, clock.directory_seq)
            self._directory = known
        return known

    def work(self, tx: Tx, clock: Clock) -> Work:
        """A writing transaction's work."""
        return Work(tx, clock, self.directory(tx, clock), self.now, self.new_id)

    # -- push -------------------------------------------------------------------------------

    def push(self, who: Principal, request: PushRequest) -> PushResponse:
        """Take changesets in one transaction. Raises Refused where the request as a whole fails."""
        if len(request.changesets) > PUSH_CHANGESETS_MAX:
            raise Refused(
                "request.too_large", tr_noop("The message holds too many changesets."),
                limit="changesets", most=PUSH_CHANGESETS_MAX,
            )  # fmt: skip
        _refuse_too_old(request.schema)
        _refuse_foreign(who, request)
        asked: list[Answer] = []
        with self.store.write(lambda tx: asked.extend(ask_standing(tx, who.user, who.device))) as (
            tx,
            clock,
        ):
            if request.epoch != clock.epoch:
                raise Refused("request.epoch", tr_noop("The server was restored."))
            author = self._author(tx, clock, who, *asked)
            work = self.work(tx, clock)
            pusher = Pusher(work, author, brief=request.brief)
            pusher.prefetch(request.changesets)
            results = tuple(pusher.take(changeset) for changeset in request.changesets)
            work.flush()
            self._keep(tx, work, pusher, who)
            pages, deleted = _shown_rows(work, pusher, author)
            return PushResponse(clock.epoch, work.seq, results, pages, deleted)

    def _author(
        self, tx: Tx, clock: Clock, who: Principal, device: Answer, scopes: Answer
    ) -> Author:
        matrix, holder, keys = self.directory(tx, clock).rights(who.user)
        delivered, pulled, _, _ = device_of(device)
        generations = generations_of(scopes)
        gen = generations[-1][0] if generations else 0
        person = self.directory(tx, clock).users.get(who.user)
        role = person.role if person is not None else ""
        graced = _graced(generations, self.now)
        places = [seq for found, seq, _, _ in generations if found in graced]
        overrides = self.directory(tx, clock).overrides
        former = {
            found: with_overrides(was, overrides.get(was, ()))
            for found, was in zip(graced, roles_before(tx, who.user, places, role), strict=True)
            if was != role
        }
        return Author(
            who.user, who.device, role, matrix, holder, keys, gen, graced, delivered, pulled, former
        )

    def _keep(self, tx: Tx, work: Work, pusher: Pusher, who: Principal) -> None:
        now = self.now
        tx.many(
            "INSERT INTO applied(cs_id,device,author,seq,received_at,result) VALUES (?,?,?,?,?,?)",
            [
                (changeset.id, who.device, who.user, result.seq, now, encode(result).decode())
                for changeset, result in pusher.applied
            ],
        )
        tx.many(
            "INSERT INTO parked(id,device,author,received_at,why,payload) VALUES (?,?,?,?,?,?)"
            " ON CONFLICT(id) DO NOTHING",
            [
                (changeset.id, who.device, who.user, now, _why(result), payload)
                for changeset, result, payload in _fitting(tx, who.device, pusher)
            ],
        )
        pusher.store_refusals()
        if work.seq != work.clock.seq:
            write_clock(tx, replace(work.clock, seq=work.seq))
        tx.many(
            "UPDATE device SET delivered=?, last_seen_at=? WHERE id=? AND delivered<?",
            [(work.seq, now, who.device, work.seq)],
        )

    # -- pull -------------------------------------------------------------------------------

    def pull(self, who: Principal, request: PullRequest) -> Iterator[bytes]:
        """What the device has to learn: JSON lines of `wire.PullItem` from one snapshot."""
        _refuse_too_old(request.schema)
        return self._pull(who, request)

    def _pull(self, who: Principal, request: PullRequest) -> Iterator[bytes]:
        with ExitStack() as open_until_sent:
            tx = open_until_sent.enter_context(self.store.read())
            asked_clock = ask_clock(tx)
            device, scopes = ask_standing(tx, who.user, who.device)
            clock, rows = asked_clock(), generations_of(scopes)
            generations = Generations(
                tuple((gen, seq, keys) for gen, seq, _, keys in rows), who.user
            )
            pulled = (tx, clock, generations, request, self._digests, self.now)
            to_come = rows_to_come(tx, clock, generations.keys, request)
            puller = TodayPuller(who.user, to_come, *pulled) if to_come else Puller(*pulled)
            delivered, _, reached, at = device_of(device)
            self._note_reached(who.device, request.cursor, reached, at)
            if delivered < clock.seq and puller.delivers():
                self._note_delivered(who.device, clock.seq)
            yield from puller.lines()

    def _note_reached(self, device: str, cursor: int, known: int | None, at: str | None) -> None:
        """Once a day: how far this device has received everything; what lies above waits for it."""
        now = self.now
        if known is not None and at is not None and cursor >= known and at[:10] == now[:10]:
            return
        with self.store.note() as note:
            note.run(
                "INSERT INTO reached(device,cursor,at) SELECT id,?,? FROM device WHERE id=?"
                " ON CONFLICT(device) DO UPDATE SET cursor=excluded.cursor, at=excluded.at",
                (cursor, now, device),
            )

    def _note_delivered(self, device: str, seq: int) -> None:
        """Before the first byte: a version named later as seen was really given out."""
        with self.store.note() as tx:
            tx.run(
                "UPDATE device SET delivered = CASE WHEN delivered < ? THEN ? ELSE delivered END,"
                " pulled=?, last_seen_at=? WHERE id=?",
                (seq, seq, seq, self.now, device),
            )

    def register_device(self, user: RecordId, device: str, public_key: str = "") -> None:
        """Make a device known; what a restored server gave out before counts as delivered."""
        with self.store.note() as tx:
            delivered = tx.clock().restored_at_seq
            tx.run(
                INSERT_DEVICE,
                (device, user, public_key, delivered, 0, b"", self.now, self.now, "", False),
            )

    # -- history and parking ----------------------------------------------------------------

    def history(self, who: Principal, kind: str, record_id: RecordId) -> tuple[HistoryEntry, ...]:
        """All changes of a record, field by field, oldest first."""
        with self.store.read() as tx:
            clock = tx.clock()
            _, _, keys = self.directory(tx, clock).rights(who.user)
            work = self.work(tx, clock)
            visible = kind in CATALOG and work.row(kind, record_id) is not None
            if not visible or keys.isdisjoint(work.keys_at(kind, record_id)):
                raise Refused("record.not_found", tr_noop("No such record."))
            found = tx.rows(
                "SELECT seq,authored_at,actor,device,received_at,cs_id,patch FROM history"
                " WHERE id=? AND kind=? ORDER BY seq",
                (record_id, kind),
            )
        return tuple(entry for row in found for entry in _entries(row))

    def park(self, who: Principal, body: bytes) -> None:
        """Keep what a device cannot deliver otherwise; each device has a quota."""
        with self.store.note() as tx:
            _drop_repeated(tx, who.device, body)
            held = tx.row(f"{_PARKED_BYTES} AND why=?", (who.device, PARKED))
            if len(body) + (held[0] if held else 0) > PARK_BYTES_MAX:
                raise Refused(
                    "request.too_large", tr_noop("The device has parked too much."),
                    limit="parked_bytes", most=PARK_BYTES_MAX,
                )  # fmt: skip
            tx.run(
                "INSERT INTO parked(id,device,author,received_at,why,payload) VALUES (?,?,?,?,?,?)",
                (self.new_id(), who.device, who.user, self.now, PARKED, body),
            )


PARKED = "parked"
"""Why something lies there: the device left it."""

_PARKED_BYTES = "SELECT coalesce(sum(length(payload)),0) FROM parked WHERE device=?"


def _fitting(
    tx: Tx, device: str, pusher: Pusher
) -> Iterator[tuple[ChangeSet, ChangeSetResult, bytes]]:
    """The refused changesets that the office is shown: what a device has refused takes as much
    room at most as what it may park, and keeps none of that from it."""
    if not pusher.parked:
        return
    held = tx.row(f"{_PARKED_BYTES} AND why<>?", (device, PARKED))
    room = PARK_BYTES_MAX - (held[0] if held else 0)
    for changeset, result in pusher.parked:
        payload = encode(changeset)
        room -= len(payload)
        if room >= 0:
            yield changeset, result, payload


class _Step(msgspec.Struct):
    id: str


_decode_steps = msgspec.json.Decoder(list[_Step]).decode


def _drop_repeated(tx: Tx, device: str, body: bytes) -> None:
    """What the device parked earlier and parks again now is kept once: a client that is too old
    brings all of its unsent work each time."""
    steps = _steps_in(body)
    if not steps:
        return
    for parked_id, payload in tx.rows(
        "SELECT id,payload FROM parked WHERE device=? AND why=?", (device, PARKED)
    ):
        before = _steps_in(bytes(payload))
        if before and before <= steps:
            tx.run("DELETE FROM parked WHERE id=?", (parked_id,))


def _steps_in(body: bytes) -> frozenset[str]:
    """The changesets in what was parked; none where it is something else."""
    try:
        return frozenset(step.id for step in _decode_steps(body))
    except UNREADABLE:
        return frozenset()


def _refuse_too_old(schema: int) -> None:
    """Nothing is merged with a client that is too far behind; parking asks for no schema."""
    if schema < OLDEST_SCHEMA:
        raise Refused("request.too_old", tr_noop("The client is too old."))


def _refuse_foreign(who: Principal, request: PushRequest) -> None:
    """Nobody's work goes in under another's sign-in; it waits until its author signs in."""
    if any(one.author not in ("", who.user) for one in request.changesets):
        raise Refused("auth.required", tr_noop("The sign-in has ended."))


def _shown_rows(
    work: Work, pusher: Pusher, author: Author
) -> tuple[tuple[Page, ...], tuple[Deleted, ...]]:
    """The records that the push named, as they are now, where the author sees them."""
    live: dict[str, list[WireRow]] = {}
    dead: dict[str, list[WireTombstone]] = {}
    shown: dict[RecordId, bool] = {}
    for kind, record_id in pusher.named:
        row = work.row(kind, record_id) if kind in CATALOG else None
        if row is None:
            continue
        roots: list[RecordId] = []
        for root in work.roots_at(kind, record_id):
            if root not in shown:
                shown[root] = not author.keys.isdisjoint(work.keys_of(root))
            if shown[root]:
                roots.append(root)
        if not roots:
            continue
        if row.deleted:
            stone = WireTombstone(record_id, row.seq, taker_of(row.values))
            dead.setdefault(kind, []).append(stone)
        else:
            live.setdefault(kind, []).append(_wire_row(row, roots))
    pages = tuple(Page(kind, tuple(rows)) for kind, rows in live.items())
    return pages, tuple(Deleted(kind, tuple(rows)) for kind, rows in dead.items())


def _wire_row(row: Row, roots: list[RecordId]) -> WireRow:
    alone = len(roots) == 1 and roots[0] == row.id
    return WireRow(row.id, row.seq, dict(row.values), () if alone else tuple(sorted(roots)))


def _why(result: ChangeSetResult) -> str:
    refused = (part.code for part in result.changes if part.result in _REFUSING)
    return ",".join(dict.fromkeys(refused))


_REFUSING = (Result.REJECTED, Result.BLOCKED)


def _graced(generations: Sequence[GenerationRow], now: str) -> Mapping[int, frozenset[str]]:
    """The generations that ended only days ago, by the server's own clock. An end that lies ahead
    was written by a clock that was wrong: it opens nothing for years."""
    return {
        gen: keys
        for (gen, _, _, keys), (_, _, ended_at, _) in pairwise(generations)
        if abs(hours_between(ended_at, now)) <= SCOPE_GRACE_DAYS * 24
    }


def _entries(row: tuple[Any, ...]) -> Iterator[HistoryEntry]:
    seq, authored_at, actor, device, received_at, cs_id, patch = row
    for name, (old, new) in _decode_patch(patch).items():
        yield HistoryEntry(
            seq, authored_at, actor, device, name, old, new, received_at, ChangeSetId(cs_id)
        )
