"""Pulls that wait together are answered together: one snapshot for all, and what changed lately is
read once (adr/0051).

Only such as a device sends that holds everything and asks what is new; whatever turns out to be
more is asked for alone, as a stream.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crm_core.catalog import OLDEST_SCHEMA
from crm_core.errors import Refused
from crm_core.wire import NOT_ASKED, PULL_PAGE_ROWS, PullRequest
from crm_server.digests import Digests, Earlier
from crm_server.pull import Ahead, Puller, ask_erased, is_in_step
from crm_server.sight import Generations, ask_changed_roots, ask_moved
from crm_server.standing import Principal, Standing, Tokens
from crm_server.store import Answer, Clock, Tx
from crm_server.tables import FOREVER

NEAR = 10_000
"""A device that is further behind in the feed is answered alone."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One pull. `token`: the hash of the one it came with, if that is still to be looked at."""

    who: Principal
    request: PullRequest
    token: str = ""


@dataclass(frozen=True, slots=True)
class Pulling:
    """A whole answer. `delivers`: it may hold versions that the device has not been given yet."""

    lines: bytes
    delivers: bool


def is_brief(request: PullRequest) -> bool:
    """Whether nothing in a request speaks against a short answer."""
    asks_more = request.resume_hi or request.anew or request.check is not None
    return request.cursor > 0 and not asks_more and request.schema >= OLDEST_SCHEMA


class AskedOfPulls:
    """What every pull of a snapshot needs to know, asked for in the clock's own exchange."""

    def __init__(self, tx: Tx, pulls: Sequence[Pulled], now: str) -> None:
        self.now = now
        self.standing = Standing(tx, [pull.who for pull in pulls])
        hashes = [pull.token for pull in pulls if pull.token]
        self.tokens = Tokens(tx, hashes, now) if hashes else None


def pull_together(
    tx: Tx, clock: Clock, pulls: Sequence[Pulled], asked: AskedOfPulls, digests: Digests
) -> list[Pulling | Refused | None]:
    """The answer to each pull, what it was refused with, or None where it is no short one."""
    answers: dict[int, Pulling | Refused | None] = {}
    near: list[tuple[int, PullRequest, Generations]] = []
    for n, pull in enumerate(pulls):
        try:
            if pull.token and asked.tokens is not None:
                asked.tokens.check(pull.token)
        except Refused as refused:
            answers[n] = refused
            continue
        rows = asked.standing.generations(pull.who)
        held = Generations(tuple((gen, seq, keys) for gen, seq, _, keys in rows), pull.who.user)
        if is_in_step(clock, held, pull.request) and clock.seq - pull.request.cursor <= NEAR:
            near.append((n, pull.request, held))
        else:
            answers[n] = None
    lately = _Lately(tx, clock, [(request, held) for _, request, held in near])
    for n, request, held in near:
        pulled = (tx, clock, held, request, digests, asked.now)
        if request.cursor == clock.seq:
            answers[n] = Pulling(b"".join(Puller(*pulled).lines()), False)
            continue
        ahead = lately.ahead(request, held)
        if len(ahead.fed()) < PULL_PAGE_ROWS:
            puller = _NearPuller(ahead, *pulled)
            delivered = asked.standing.device(pulls[n].who).delivered
            is_given = delivered < clock.seq and puller.delivers()
            answers[n] = Pulling(b"".join(puller.lines()), is_given)
        else:
            answers[n] = None
    return [answers[n] for n in range(len(pulls))]


class _NearPuller(Puller):
    """A pull for which everything was asked already."""

    def __init__(self, ahead: Ahead, *args: Any) -> None:
        self._ahead = ahead
        super().__init__(*args)


class _Lately:
    """What changed lately, as far as anybody sees it who asks and is behind."""

    def __init__(
        self, tx: Tx, clock: Clock, asking: Sequence[tuple[PullRequest, Generations]]
    ) -> None:
        behind = [(x.cursor, held.keys) for x, held in asking if x.cursor < clock.seq]
        if not behind:
            return
        since = min(cursor for cursor, _ in behind)
        keys = [*frozenset[str]().union(*(held for _, held in behind))]
        self._fed = tx.ask(_LATELY, (since, FOREVER, keys, FOREVER, since, clock.seq, NEAR))
        self._roots = ask_changed_roots(tx, keys, since)
        self._moved = ask_moved(tx)
        told = [x.erased for x, _ in asking if x.erased != NOT_ASKED]
        self._erased: Answer = ask_erased(tx, min(told)) if told else _nothing

    def ahead(self, request: PullRequest, held: Generations) -> Ahead:
        """What one of them is told of it."""
        cursor, keys = request.cursor, held.keys

        def fed() -> list[tuple[Any, ...]]:
            found = self._rows
            start = bisect_right(found, cursor, key=_seq_of)
            return [row for _, seen, row in found[start:] if not keys.isdisjoint(seen)]

        steady = not self._roots()
        return Ahead(fed, self._moved, lambda: self._history, lambda: steady, self._erased)

    @cached_property
    def _history(self) -> Earlier:
        return {(row[0], row[1]): _changes(row[6]) for row in self._fed()}

    @cached_property
    def _rows(self) -> list[tuple[int, list[str], tuple[Any, ...]]]:
        return [(row[2], row[5].split(" "), row[:5]) for row in self._fed()]


def _nothing() -> list[tuple[Any, ...]]:
    return []


def _seq_of(row: tuple[int, list[str], tuple[Any, ...]]) -> int:
    return row[0]


def _changes(told: str | None) -> list[tuple[int, int]]:
    numbers = [int(x) for x in (told or "").split()]
    return [*zip(numbers[::2], numbers[1::2], strict=True)]


_SEEN_BY = (
    "SELECT string_agg(rs.key,' ') FROM record_root rr JOIN root_scope rs ON rs.root = rr.root"
    " WHERE rr.id = r.id AND rr.kind = r.kind AND rr.gone_seq = ?"
    " AND rs.key = ANY(?) AND rs.gone_seq = ?"
)
_CHANGES = (
    "SELECT string_agg(h.seq || ' ' || h.prev_seq,' ') FROM history h"
    " WHERE h.id = lately.id AND h.kind = lately.kind AND h.seq > ?"
)
_LATELY = (
    f"SELECT kind, id, seq, deleted, body::text, keys, ({_CHANGES}) FROM"
    " (SELECT r.kind, r.id, r.seq, r.deleted,"
    f" r.body, ({_SEEN_BY}) AS keys FROM record r WHERE r.seq > ? AND r.seq <= ?"
    " ORDER BY r.seq LIMIT ?) lately WHERE keys IS NOT NULL ORDER BY seq"
)
"""The limit keeps either store from working the keys out twice; both ends of the range let
PostgreSQL plan it once for all. Of the history only that of the records which somebody is shown is
asked for."""
