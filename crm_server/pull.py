"""Pull: what a device has to learn, as JSON lines from one snapshot.

Bodies go out in their stored form, but where something of them is withheld (`crm_core.masks`);
what entered and left the user's sight is worked out in `sight`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from crm_core.catalog import CATALOG, OLDEST_SCHEMA, SCHEMA
from crm_core.fields import values_in
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.masks import Masks, masks_in, received, touched
from crm_core.merging import MERGEABLE, MERGED_INTO, taker_of
from crm_core.wire import (
    NOT_ASKED,
    PULL_PAGE_ROWS,
    Anew,
    End,
    Enter,
    Erase,
    Gone,
    Hello,
    Left,
    Mark,
    Outcomes,
    PullRequest,
    Sums,
    encode,
)
from crm_server.comparing import refuse_too_much, shown_of, sums
from crm_server.digests import CARRIED_RECORDS_MAX, Digests, Earlier, Heard
from crm_server.offering import outcomes, waiting_again
from crm_server.sight import Generations, Plan, ask_moved, plan
from crm_server.store import Answer, Clock, Tx, portions
from crm_server.stubs import StubParents
from crm_server.tables import FOREVER

ROOTS_PER_QUERY = 250
ALL_ENTERED = "f" * 32
"""The resume token past every root: what is missing comes from the feed alone."""

_ALONE = frozenset(("account",))
"""Kinds whose records are always their own only root."""

_ROW = "r.kind, r.id, r.seq, r.deleted, r.body::text"
_SHOWN = (
    " FROM record_root rr JOIN root_scope rs ON rs.root = rr.root"
    " WHERE rr.id = r.id AND rr.kind = r.kind AND rr.gone_seq = ?"
    " AND rs.key = ANY(?) AND rs.gone_seq = ?"
)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was asked for already on behalf of a device that is in step: what its keys show of what
    changed since its cursor, the place of the last move, and the history since. `steady`: no root
    came below its keys or left them."""

    fed: Answer
    moved: Callable[[], int]
    earlier: Callable[[], Earlier]
    steady: Callable[[], bool]
    erased: Answer


class Puller:
    """One pull in one snapshot."""

    _ahead: Ahead | None = None

    def __init__(
        self, tx: Tx, clock: Clock, generations: Generations, request: PullRequest,
        digests: Digests, now: str,
    ) -> None:  # fmt: skip
        self._tx = tx
        self._clock = clock
        self._generations = generations
        self._request = request
        self._digests = digests
        self._now = now
        self._keys = [*generations.keys]
        self._masks = masks_in(generations.keys)
        self._touched = touched(self._masks)
        self._fed: list[tuple[str, RecordId, int, bool]] = []
        self._stubs = StubParents(tx, self._keys, request.stubs)
        self._asked_fed: Answer | None = self._ahead and self._ahead.fed
        self._asked_moved: Callable[[], int] | None = self._ahead and self._ahead.moved
        refuse_too_much(request)
        self._asked_erased: Answer | None = self._ahead and self._ahead.erased
        if self._ahead is None and self._is_in_step():
            self._asked_fed = self._ask_fed(request.cursor)
            self._asked_moved = ask_moved(tx)
            self._asked_erased = ask_erased(tx, request.erased)
        self.plan = self._planned()
        if self.plan.starts_over:
            self._stubs.note_loss()

    def _is_in_step(self) -> bool:
        """Whether what is new is asked for together with what moved."""
        behind = self._request.cursor < self._clock.seq
        return behind and is_in_step(self._clock, self._generations, self._request)

    def _planned(self) -> Plan:
        steady = self._ahead and self._ahead.steady
        return plan(self._tx, self._clock, self._generations, self._request, steady)

    # -- sending ----------------------------------------------------------------------------

    def lines(self) -> Iterator[bytes]:
        """The whole answer, one JSON line after the other."""
        plan = self.plan
        if self._needs_hello():
            yield _line(self._hello())
        reached = ""
        for line in self._content():
            if not reached:
                # From here on, a device that breaks off is known to hold parts of what follows.
                yield _line(Mark(plan.base, "" if self.plan.starts_over else self._request.resume))
                reached = ALL_ENTERED
            yield line
        yield _line(Mark(plan.base, reached))
        yield from map(_line, self._erased())
        check, keys = self._request.check, self._generations.keys
        if check is not None:
            yield _line(Sums(check, sums(self._tx, keys, check)))
        # To a device that compares closely the truth is told, not what was carried along.
        digest = self._digests.of(
            self._tx, self._clock, keys, afresh=check is not None, heard=self._heard()
        )
        yield _line(End(plan.hi, digest.count, digest.total))

    def _content(self) -> Iterator[bytes]:
        plan = self.plan
        for roots in portions(plan.left, PULL_PAGE_ROWS):
            self._stubs.note_loss()
            yield _line(Left(tuple(roots)))
        yield from self._enter_lines()
        if plan.has_feed:
            yield from self._feed_lines()
        if self._request.anew and not plan.starts_over:
            yield from self._anew_lines()
        yield from self._again_lines()
        if self._stubs.everything or plan.feed_from < plan.hi:
            yield from map(_line, self._stubs.last_lines(plan.feed_from))
        yield from map(_line, self._outcomes())

    def _outcomes(self) -> Iterator[Outcomes]:
        """What became of this user's offers since he last heard of them."""
        tx, user, request = self._tx, self._generations.user, self._request
        decided = outcomes(tx, user, request.offers) if request.offers else ()
        again = waiting_again(tx, user, request.handed) if request.handed else ()
        if decided or again:
            yield Outcomes((*decided, *again))

    def _erased(self) -> Iterator[Erase]:
        """What was erased since this client last heard of it, in its sight or not: it may keep work
        on what left. Who starts over may hold whatever was erased ever. It comes behind the last
        mark: only there is it taken together with the place up to which everything was heard."""
        request, plan = self._request, self.plan
        since = 0 if plan.starts_over else request.erased
        if request.erased == NOT_ASKED or (not plan.starts_over and since >= plan.hi):
            return
        asked = self._asked_erased
        if asked is None or plan.starts_over:
            asked = ask_erased(self._tx, since)
        found = (row for row in asked() if row[3] > since)
        for (kind, record_id, seq), rows in groupby(found, key=lambda x: (x[0], x[1], x[3])):
            yield Erase(kind, record_id, tuple(row[2] for row in rows), seq)

    def delivers(self) -> bool:
        """Whether the answer may hold row versions that the device has not been given yet."""
        plan = self.plan
        if plan.enter or self._request.anew:
            return True
        return plan.has_feed and bool(self._first_fed or self._rerooted(plan.feed_from))

    def _heard(self) -> Heard | None:
        """What was sent of the feed, where that tells all that the digest has to follow."""
        plan = self.plan
        if not plan.still or self._any_moved or len(self._fed) > CARRIED_RECORDS_MAX:
            return None
        return Heard(plan.feed_from, self._fed, self._ahead and self._ahead.earlier)

    @cached_property
    def _any_moved(self) -> bool:
        """Whether records came below roots or left them since: seldom, and looked for only then."""
        moved = (self._asked_moved or ask_moved(self._tx))()
        return moved > self.plan.feed_from

    @cached_property
    def _first_fed(self) -> list[tuple[Any, ...]]:
        if self._asked_fed is not None and self.plan.feed_from == self._request.cursor:
            return self._asked_fed()
        return self._fed_after(self.plan.feed_from)

    def _fed_after(self, cursor: int) -> list[tuple[Any, ...]]:
        return self._ask_fed(cursor)()

    def _ask_fed(self, cursor: int) -> Answer:
        return self._tx.ask(
            f"SELECT {_ROW} FROM record r WHERE r.seq > ? AND EXISTS (SELECT 1{_SHOWN})"
            " ORDER BY r.seq LIMIT ?",
            (cursor, FOREVER, self._keys, FOREVER, PULL_PAGE_ROWS),
        )

    def _needs_hello(self) -> bool:
        request, clock = self._request, self._clock
        return (
            request.epoch != clock.epoch
            or request.schema != SCHEMA
            or request.heard not in (0, SCHEMA)
            or request.scope_gen != self._generations.gen
            or self.plan.starts_over
            or not (request.cursor or request.resume_hi)  # its last try broke off: it begins again
        )

    def _hello(self) -> Hello:
        clock = self._clock
        return Hello(
            clock.epoch, SCHEMA, OLDEST_SCHEMA, self._generations.gen, self._now, clock.seq,
            clock.gc_floor, clock.restored_at_seq, clock.restored, self.plan.below_floor,
        )  # fmt: skip

    def _enter_lines(self) -> Iterator[bytes]:
        plan = self.plan
        for start in range(0, len(plan.enter), ROOTS_PER_QUERY):
            roots = plan.enter[start : start + ROOTS_PER_QUERY]
            rows = self._rows_below(roots)
            by_root: dict[RecordId, list[tuple[Any, ...]]] = {root: [] for root in roots}
            for row in rows:
                by_root[row[0]].append(row[1:])
            for group in _bounded(by_root):
                yield from self._root_lines(group, {r: by_root[r] for r in group})

    def _rows_below(self, roots: list[RecordId]) -> list[tuple[Any, ...]]:
        """The records below roots; tombstones too where the device may have held them once: also
        before its first pull is through, since the answers to its pushes hold rows."""
        plan = self.plan
        living = " AND NOT r.deleted" if plan.starts_over and not plan.below_floor else ""
        return self._tx.rows(
            f"SELECT rr.root, {_ROW} FROM record_root rr"
            " JOIN record r ON r.id = rr.id AND r.kind = rr.kind"
            f" WHERE rr.root = ANY(?) AND rr.gone_seq = ?{living}",
            (roots, FOREVER),
        )

    def _root_lines(
        self, roots: list[RecordId], by_root: dict[RecordId, list[tuple[Any, ...]]]
    ) -> Iterator[bytes]:
        yield _line(Enter(tuple(roots)))
        rows = {(row[0], row[1]): row for found in by_root.values() for row in found}
        yield from self._pages(sorted(rows.values(), key=_seq_of))
        yield from map(_line, self._stubs.lines())
        yield _line(Mark(self.plan.base, roots[-1]))

    def _feed_lines(self) -> Iterator[bytes]:
        plan = self.plan
        entered = frozenset(plan.enter)
        cursor = plan.feed_from
        yield from self._gone_lines(cursor)
        moved = self._rerooted(cursor)
        for start in range(0, len(moved), PULL_PAGE_ROWS):
            yield from self._pages(self._rows_of(moved[start : start + PULL_PAGE_ROWS]), entered)
        rows = self._first_fed
        while True:
            if len(self._fed) <= CARRIED_RECORDS_MAX:
                self._fed += [(kind, x, seq, deleted) for kind, x, seq, deleted, _ in rows]
            yield from self._pages(rows, entered)
            yield from map(_line, self._stubs.lines())
            if len(rows) < PULL_PAGE_ROWS:
                return
            yield _line(Mark(plan.base, ALL_ENTERED))
            rows = self._fed_after(rows[-1][2])

    def _anew_lines(self) -> Iterator[bytes]:
        """All below the roots that were asked for, as it is now."""
        asked = [*dict.fromkeys(self._request.anew)]
        shown = shown_of(self._tx, asked, self._keys)
        rows = {(row[1], row[2]): row[1:] for row in self._rows_below(shown)}
        parts = [*portions([*rows.values()], PULL_PAGE_ROWS)] or [()]
        for n, some in enumerate(parts, 1):
            held: dict[str, dict[RecordId, int]] = {}
            for kind, record_id, seq, *_ in some:
                held.setdefault(kind, {})[record_id] = seq
            yield _line(Anew(tuple(asked), held, more=n < len(parts)))
        yield from self._pages(sorted(rows.values(), key=_seq_of))
        for hidden in portions([root for root in asked if root not in shown], PULL_PAGE_ROWS):
            self._stubs.note_loss()
            yield _line(Left(tuple(hidden)))

    def _again_lines(self) -> Iterator[bytes]:
        """All of the kinds of which other fields are withheld than before, as it is shown now."""
        entered = frozenset(self.plan.enter)
        for kind in sorted(self.plan.again):
            last = ""
            while True:
                rows = self._tx.rows(
                    f"SELECT {_ROW} FROM record r WHERE r.kind = ? AND r.id > ? AND NOT r.deleted"
                    f" AND EXISTS (SELECT 1{_SHOWN}) ORDER BY r.id LIMIT ?",
                    (kind, last, FOREVER, self._keys, FOREVER, PULL_PAGE_ROWS),
                )
                yield from self._pages(rows, entered)
                if len(rows) < PULL_PAGE_ROWS:
                    break
                last = rows[-1][1]

    def _rerooted(self, cursor: int) -> list[RecordId]:
        """Records that did not change but hang below other roots than before."""
        if not self._any_moved:
            return []
        found = self._tx.rows(
            "SELECT rr.id FROM record_root rr JOIN record r ON r.id = rr.id AND r.kind = rr.kind"
            " WHERE rr.seq > ? AND r.seq <= ?"
            " UNION SELECT rr.id FROM record_root rr"
            " JOIN record r ON r.id = rr.id AND r.kind = rr.kind"
            f" WHERE rr.gone_seq > ? AND rr.gone_seq < {FOREVER} AND r.seq <= ?",
            (cursor, cursor, cursor, cursor),
        )
        return [RecordId(record_id) for (record_id,) in found]

    def _rows_of(self, ids: list[RecordId]) -> list[tuple[Any, ...]]:
        return self._tx.rows(
            f"SELECT {_ROW} FROM record r WHERE r.id = ANY(?) AND EXISTS (SELECT 1{_SHOWN})",
            (ids, FOREVER, self._keys, FOREVER),
        )

    def _gone_lines(self, cursor: int) -> Iterator[bytes]:
        if not self._any_moved:
            return
        found = self._tx.rows(
            "SELECT DISTINCT r.kind, r.id FROM record_root r"
            f" WHERE r.gone_seq > ? AND r.gone_seq < {FOREVER} AND EXISTS (SELECT 1"
            " FROM root_scope gs WHERE gs.root = r.root AND gs.key = ANY(?) AND gs.gone_seq = ?)"
            f" AND NOT EXISTS (SELECT 1{_SHOWN})",
            (cursor, self._keys, FOREVER, FOREVER, self._keys, FOREVER),
        )
        for kind, rows in groupby(sorted(found), key=lambda row: row[0]):
            self._stubs.note_loss()
            for some in portions([RecordId(record_id) for _, record_id in rows], PULL_PAGE_ROWS):
                yield _line(Gone(kind, tuple(some)))

    # -- rows -------------------------------------------------------------------------------

    def _pages(
        self, rows: list[tuple[Any, ...]], entered: frozenset[RecordId] = frozenset()
    ) -> Iterator[bytes]:
        """Rows as pages and deletions, by kind, but those that came with an entered root."""
        roots = shown_roots(self._tx, rows, self._keys)
        if entered:
            rows = [row for row in rows if not roots[(row[0], row[1])] <= entered]
        kinds = {row[0] for row in rows}
        for kind in (*[x for x in CATALOG if x in kinds], *sorted(kinds - CATALOG.keys())):
            of_kind = [row for row in rows if row[0] == kind]
            dead = [row for row in of_kind if row[3]]
            live = [row for row in of_kind if not row[3]]
            for row in live:
                self._stubs.note(row, roots[(row[0], row[1])])
            if kind in self._touched:
                live = [_received(row, self._masks) for row in live]
            for page in portions(live, PULL_PAGE_ROWS):
                wire = ",".join([_wire_row(row, roots[(row[0], row[1])]) for row in page])
                yield f'{{"type":"page","kind":"{kind}","rows":[{wire}]}}\n'.encode()
            for page in portions(dead, PULL_PAGE_ROWS):
                wire = ",".join(map(_wire_tombstone, page))
                yield f'{{"type":"del","kind":"{kind}","rows":[{wire}]}}\n'.encode()


def ask_erased(tx: Tx, since: int) -> Answer:
    """Ask for (kind, id, field, seq) of what was erased behind a place in the feed."""
    return tx.ask(
        "SELECT kind,id,field,seq FROM erased WHERE seq > ? ORDER BY seq,kind,id,field", (since,)
    )


def is_in_step(clock: Clock, generations: Generations, request: PullRequest) -> bool:
    """Whether a device that holds everything up to its cursor asks for what is new."""
    ordinary = request.epoch == clock.epoch and not request.resume_hi
    within = clock.gc_floor <= request.cursor <= clock.seq
    steady = request.cursor > 0 and generations.at(request.cursor) == generations.keys
    return ordinary and within and steady


def shown_roots(
    tx: Tx, rows: Iterable[tuple[Any, ...]], keys: list[str]
) -> dict[tuple[str, RecordId], frozenset[RecordId]]:
    """The roots of rows (kind, id, …) as far as the keys show them."""
    roots: dict[tuple[str, RecordId], frozenset[RecordId]] = {}
    asked: dict[tuple[str, RecordId], set[RecordId]] = {}
    everybody = frozenset((ALL_ROOT,))
    for row in rows:
        key = (row[0], row[1])
        if key[0] in _ALONE:
            roots[key] = frozenset((key[1],))
        elif key[0] in CATALOG and CATALOG[key[0]].scope_all:
            roots[key] = everybody
        else:
            asked[key] = set()
    if asked:
        for kind, record_id, root in tx.rows(
            "SELECT rr.kind, rr.id, rr.root FROM record_root rr WHERE rr.id = ANY(?)"
            " AND rr.gone_seq = ? AND EXISTS (SELECT 1 FROM root_scope rs WHERE rs.root = rr.root"
            " AND rs.key = ANY(?) AND rs.gone_seq = ?)",
            ([record_id for _, record_id in asked], FOREVER, keys, FOREVER),
        ):
            if (kind, record_id) in asked:
                asked[(kind, record_id)].add(root)
        roots.update((key, frozenset(found)) for key, found in asked.items())
    return roots


def _wire_row(row: tuple[Any, ...], roots: frozenset[RecordId]) -> str:
    _, record_id, seq, _, body = row
    if len(roots) == 1 and record_id in roots:
        return f'{{"id":"{record_id}","seq":{seq},"body":{body}}}'
    named = '","'.join(sorted(roots))
    return f'{{"id":"{record_id}","seq":{seq},"body":{body},"roots":["{named}"]}}'


def _received(row: tuple[Any, ...], masks: Masks) -> tuple[Any, ...]:
    """A row whose body holds nothing that is withheld."""
    kind, record_id, seq, deleted, body = row
    said = received(kind, values_in(body), masks)
    return kind, record_id, seq, deleted, encode(said).decode()


def _wire_tombstone(row: tuple[Any, ...]) -> str:
    kind, record_id, seq, _, body = row
    taker = taker_of(values_in(body)) if kind in MERGEABLE and MERGED_INTO in body else None
    led = f',"into":"{taker}"' if taker is not None else ""
    return f'{{"id":"{record_id}","seq":{seq}{led}}}'


def _seq_of(row: tuple[Any, ...]) -> int:
    return row[2]


def _bounded(by_root: dict[RecordId, list[tuple[Any, ...]]]) -> Iterator[list[RecordId]]:
    """Groups of roots with together at most a page of rows, or a single larger one."""
    group: list[RecordId] = []
    size = 0
    for root, rows in by_root.items():
        if group and size + len(rows) > PULL_PAGE_ROWS:
            yield group
            group, size = [], 0
        group.append(root)
        size += len(rows)
    if group:
        yield group


def _line(item: object) -> bytes:
    return encode(item) + b"\n"
