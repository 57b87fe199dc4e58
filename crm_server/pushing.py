"""Pushes that wait together are taken together: one writing transaction for all, a verdict for each
(adr/0051).

They are taken one after the other over the same work, as the changesets of one push are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from crm_core.catalog import CATALOG
from crm_core.changes import ChangeSet
from crm_core.errors import Refused
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.masks import Masks, masks_in, received
from crm_core.merging import taker_of
from crm_core.roles import with_overrides
from crm_core.wire import (
    ChangeSetResult,
    Deleted,
    Page,
    PushRequest,
    PushResponse,
    WireRow,
    WireTombstone,
    encode,
)
from crm_server.conflicts import CONFLICT, Conflicts
from crm_server.directory import roles_before
from crm_server.judge import Author
from crm_server.moments import hours_between
from crm_server.push import PARTS_THAT_REFUSE, SIMPLE, Pusher, prefetch
from crm_server.rows import Row
from crm_server.sight import Generations
from crm_server.standing import GenerationRow, Principal, Standing, Tokens
from crm_server.store import Clock, Tx, write_clock
from crm_server.work import Work

SCOPE_GRACE_DAYS = 7
"""How long work is taken that was written under keys its author has lost since."""

PARK_BYTES_MAX = 5 * 1024 * 1024
"""What one device may park here (security.md §3)."""

PARKED = "parked"
"""Why something lies there: the device left it."""

AHEAD = "push.ahead"
"""A push that came before the one it is to follow. Clients send it again; nobody is shown it."""

PARKED_BYTES = "SELECT coalesce(sum(length(payload)),0) FROM parked WHERE device=?"

TOGETHER_CHANGESETS_MAX = 8
"""A larger push has company enough of its own."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """One push. `token`: the hash of the one it came with, if that is still to be looked at."""

    who: Principal
    request: PushRequest
    token: str = ""


def names(who: Principal, request: PushRequest) -> frozenset[str] | None:
    """What no two pushes of one transaction may have in common; None: this one goes alone.

    The author, whose refusals are read once; the changesets; and the records, so that of each one
    nothing but what lay in the store before is read. What deletes, merges, settles or offers looks
    further than its own records.
    """
    found: set[str] = {who.user}
    if not 0 < len(request.changesets) <= TOGETHER_CHANGESETS_MAX:
        return None
    for changeset in request.changesets:
        found.add(changeset.id)
        for change in changeset.changes:
            if change.op not in SIMPLE or change.kind == CONFLICT or change.kind not in CATALOG:
                return None
            found.add(change.id)
    return frozenset(found)


class Asked:
    """What every push of a transaction needs to know, asked for in the clock's own exchange."""

    def __init__(self, tx: Tx, pushes: Sequence[Pushed], now: str) -> None:
        self.standing = Standing(tx, [push.who for push in pushes])
        hashes = [push.token for push in pushes if push.token]
        self._tokens = Tokens(tx, hashes, now) if hashes else None
        before = [push.request.behind for push in pushes if push.request.behind]
        self._before = (
            tx.ask("SELECT cs_id,device FROM applied WHERE cs_id = ANY(?)", (before,))
            if before
            else None
        )

    def check(self, push: Pushed, clock: Clock) -> None:
        """Raises Refused where a push as a whole is not taken."""
        if push.token and self._tokens is not None:
            self._tokens.check(push.token)
        if push.request.epoch != clock.epoch:
            raise Refused("request.epoch", tr_noop("The server was restored."))
        behind = (push.request.behind, push.who.device)
        if self._before is not None and behind[0] and behind not in self._before():
            raise Refused(AHEAD, tr_noop("The push before it has not been taken."))


Answered = PushResponse | Refused


def take_together(
    work: Callable[[], Work], clock: Clock, pushes: Sequence[Pushed], asked: Asked
) -> list[Answered]:
    """Take pushes of which no two have a name in common."""
    answers: dict[int, Answered] = {}
    for n, push in enumerate(pushes):
        try:
            asked.check(push, clock)
        except Refused as refused:
            answers[n] = refused
    taken = [(n, push) for n, push in enumerate(pushes) if n not in answers]
    if taken:
        made = _take(work(), [push for _, push in taken], asked.standing)
        answers.update((n, answer) for (n, _), answer in zip(taken, made, strict=True))
    return [answers[n] for n in range(len(pushes))]


def _take(work: Work, pushes: Sequence[Pushed], standing: Standing) -> list[PushResponse]:
    conflicts = Conflicts(work)
    authors = [author_of(work, push.who, standing) for push in pushes]
    pushers = [
        Pusher(work, author, conflicts, brief=push.request.brief)
        for author, push in zip(authors, pushes, strict=True)
    ]
    prefetch(
        work, conflicts, [(x, y.request.changesets) for x, y in zip(pushers, pushes, strict=True)]
    )
    results = [
        tuple(pusher.take(changeset) for changeset in push.request.changesets)
        for pusher, push in zip(pushers, pushes, strict=True)
    ]
    work.flush()
    for pusher, push in zip(pushers, pushes, strict=True):
        _keep(work, pusher, push.who)
    if work.seq != work.clock.seq:
        write_clock(work.tx, replace(work.clock, seq=work.seq))
    return [
        PushResponse(
            work.clock.epoch, work.seq, done, *_shown_rows(work, pusher, author), ordered=True
        )
        for done, pusher, author in zip(results, pushers, authors, strict=True)
    ]


def author_of(work: Work, who: Principal, standing: Standing) -> Author:
    """What the judge has to know of an author."""
    directory = work.directory
    matrix, holder, keys = directory.rights(who.user)
    device = standing.device(who)
    delivered, pulled = device.delivered, device.pulled
    generations = standing.generations(who)
    person = directory.users.get(who.user)
    role = person.role if person is not None else ""
    graced = _graced(generations, work.now)
    places = [seq for found, seq, _, _ in generations if found in graced]
    overrides = directory.overrides
    before = roles_before(work.tx, who.user, places, role)
    former = {
        found: with_overrides(was, overrides.get(was, ()))
        for found, was in zip(graced, before, strict=True)
        if was != role
    }
    return Author(
        who.user, who.device, role, matrix, holder, keys, graced, delivered, pulled, former,
        Generations(tuple((x, seq, held) for x, seq, _, held in generations), who.user),
    )  # fmt: skip


def _keep(work: Work, pusher: Pusher, who: Principal) -> None:
    tx, now = work.tx, work.now
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
    tx.many(
        "UPDATE device SET delivered=?, last_seen_at=? WHERE id=? AND delivered<?",
        [(work.seq, now, who.device, work.seq)],
    )


def _fitting(
    tx: Tx, device: str, pusher: Pusher
) -> Iterator[tuple[ChangeSet, ChangeSetResult, bytes]]:
    """The refused changesets that the office is shown: what a device has refused takes as much
    room at most as what it may park, and keeps none of that from it."""
    if not pusher.parked:
        return
    held = tx.row(f"{PARKED_BYTES} AND why<>?", (device, PARKED))
    room = PARK_BYTES_MAX - (held[0] if held else 0)
    for changeset, result in pusher.parked:
        payload = encode(changeset)
        room -= len(payload)
        if room >= 0:
            yield changeset, result, payload


def _shown_rows(
    work: Work, pusher: Pusher, author: Author
) -> tuple[tuple[Page, ...], tuple[Deleted, ...]]:
    """The records that the push named, as they are now, where the author sees them."""
    live: dict[str, list[WireRow]] = {}
    dead: dict[str, list[WireTombstone]] = {}
    shown: dict[RecordId, bool] = {}
    masks = masks_in(author.keys)
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
            live.setdefault(kind, []).append(_wire_row(row, roots, masks))
    pages = tuple(Page(kind, tuple(rows)) for kind, rows in live.items())
    return pages, tuple(Deleted(kind, tuple(rows)) for kind, rows in dead.items())


def _wire_row(row: Row, roots: list[RecordId], masks: Masks) -> WireRow:
    alone = len(roots) == 1 and roots[0] == row.id
    body = dict(received(row.kind, row.values, masks) if masks else row.values)
    return WireRow(row.id, row.seq, body, () if alone else tuple(sorted(roots)))


def _why(result: ChangeSetResult) -> str:
    refused = (part.code for part in result.changes if part.result in PARTS_THAT_REFUSE)
    return ",".join(dict.fromkeys(refused))


def _graced(generations: Sequence[GenerationRow], now: str) -> Mapping[int, frozenset[str]]:
    """The generations that ended only days ago, by the server's own clock. An end that lies ahead
    was written by a clock that was wrong: it opens nothing for years."""
    return {
        gen: keys
        for (gen, _, _, keys), (_, _, ended_at, _) in pairwise(generations)
        if abs(hours_between(ended_at, now)) <= SCOPE_GRACE_DAYS * 24
    }
