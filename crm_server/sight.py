"""What came into a user's sight and what left it since a device last asked.

What the device held is worked out from its cursor alone: the keys its user had then, and the roots
that those keys showed then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from crm_core.ids import RecordId
from crm_core.masks import masks_in, touched
from crm_core.wire import PullRequest
from crm_server.store import Clock, Tx
from crm_server.tables import FOREVER


@dataclass(frozen=True)
class Generations:
    """The keys a user held, each set from a seq on; the last is today's."""

    rows: tuple[tuple[int, int, frozenset[str]], ...]
    user: RecordId

    @property
    def gen(self) -> int:
        """Today's generation."""
        return self.rows[-1][0] if self.rows else 0

    @property
    def keys(self) -> frozenset[str]:
        """Today's keys."""
        return self.rows[-1][2] if self.rows else frozenset()

    def at(self, seq: int) -> frozenset[str]:
        """The keys held at a place of the feed."""
        held: frozenset[str] = frozenset()
        for _, since, keys in self.rows:
            if since <= seq:
                held = keys
        return held

    def since(self, seq: int) -> frozenset[str]:
        """All keys held at a place of the feed or later."""
        return self.at(seq).union(*self._later(seq))

    def always_since(self, seq: int) -> frozenset[str]:
        """The keys held without a break from a place of the feed until today."""
        return self.at(seq).intersection(*self._later(seq))

    def masked_otherwise(self, seq: int) -> frozenset[str]:
        """The kinds of which other fields were withheld at a place of the feed, or at any time
        since, than are today."""
        others = {self.at(seq), *self._later(seq)} - {self.keys}
        if not others:
            return frozenset()
        now, then = masks_in(self.keys), map(masks_in, others)
        return frozenset[str]().union(*(touched(now) | touched(x) for x in then if x != now))

    def spans(self) -> Iterator[tuple[int, int, frozenset[str]]]:
        """The keys held from one place of the feed up to before another."""
        ends = [since for _, since, _ in self.rows[1:]]
        for (_, since, keys), end in zip(self.rows, [*ends, FOREVER], strict=False):
            yield since, end, keys

    def _later(self, seq: int) -> list[frozenset[str]]:
        return [keys for _, since, keys in self.rows if since > seq]


@dataclass(frozen=True)
class Plan:
    """What one pull will send: all that changed since `cursor`, up to `hi`.

    `base` is the place of which a device that breaks off holds a part, `feed_from` that after which
    rows below roots held before are sent. `again`: the kinds of which everything is sent once more,
    as other fields of them are withheld now. `below_floor`: it starts over as the feed has
    forgotten what came after its cursor, so the device may hold records that are deleted by now.
    `still`: the same keys have shown the same roots ever since `cursor`.
    """

    cursor: int
    hi: int
    base: int
    feed_from: int
    enter: list[RecordId] = field(default_factory=list[RecordId])
    left: list[RecordId] = field(default_factory=list[RecordId])
    starts_over: bool = False
    below_floor: bool = False
    still: bool = False
    again: frozenset[str] = frozenset()

    @property
    def has_feed(self) -> bool:
        """Whether rows may follow that changed below roots held before."""
        return 0 < self.feed_from < self.hi


def plan(
    tx: Tx, clock: Clock, generations: Generations, request: PullRequest,
    steady: Callable[[], bool] | None = None,
) -> Plan:  # fmt: skip
    """What a device has to be sent that asks like this, of the snapshot of a transaction. `steady`:
    whether it is known that no root came below its keys or left them since its cursor."""
    return _Sight(tx, clock, generations, request, steady).plan()


class _Sight:
    """What was shown, and is."""

    def __init__(
        self, tx: Tx, clock: Clock, generations: Generations, request: PullRequest,
        steady: Callable[[], bool] | None,
    ) -> None:  # fmt: skip
        self._tx, self._clock, self._steady = tx, clock, steady
        self._generations, self._request = generations, request
        self._keys = [*generations.keys]

    def plan(self) -> Plan:
        made, held = self._plan(), self._request.cursor or self._request.resume_hi
        if made.starts_over or not held:
            return made
        again = self._generations.masked_otherwise(held)
        return replace(made, again=again, still=False) if again else made

    def _plan(self) -> Plan:
        request, hi = self._request, self._clock.seq
        if self._starts_over():
            return Plan(0, hi, hi, 0, sorted(self._shown(self._keys, hi)), starts_over=True)
        if self._is_below_floor():
            shown = sorted(self._shown(self._keys, hi))
            return Plan(0, hi, hi, 0, shown, starts_over=True, below_floor=True)
        cursor = request.cursor
        if request.resume_hi:
            return self._resumed_plan(cursor, hi)
        if cursor == hi:
            return Plan(cursor, hi, hi, cursor)
        then = self._generations.at(cursor)
        if cursor and then == self._generations.keys:
            if self._steady is not None and self._steady():
                return Plan(cursor, hi, hi, cursor, still=True)
            roots = changed_roots(self._tx, self._keys, cursor)
            if not roots:
                return Plan(cursor, hi, hi, cursor, still=True)
            enter, left = self._moved(roots, cursor)
        else:
            before = self._shown(then, cursor) if cursor else set[RecordId]()
            now = self._shown(self._keys, hi)
            enter, left = now - before, self._ever_shown(cursor) - now
        return Plan(cursor, hi, hi, cursor, sorted(enter), sorted(left))

    def _starts_over(self) -> bool:
        request, clock = self._request, self._clock
        ahead = max(request.cursor, request.resume_hi) > clock.seq
        return request.epoch != clock.epoch or ahead or request.cursor < 0

    def _is_below_floor(self) -> bool:
        """Whether something was collected that this device may still have to hear of. One without
        a cursor may hold parts of several pulls, each older than the last mark that it names."""
        request, clock = self._request, self._clock
        if request.cursor or not clock.gc_floor:
            return request.cursor < clock.gc_floor
        found = self._tx.row("SELECT max(seq) FROM collected WHERE seq <= ?", (clock.seq,))
        return found is not None and found[0] is not None and request.resume_hi < found[0]

    def _resumed_plan(self, cursor: int, hi: int) -> Plan:
        """Roots up to the resume token were entered as of `resume_hi`; the rest is entered now.

        What the parts received so far have taken away and what has come back since cannot be
        told apart, so only those roots count as held that were in sight without a break.
        """
        request, base = self._request, self._request.resume_hi
        now = self._shown(self._keys, hi)
        held = self._steadily_shown(cursor) if cursor else set[RecordId]()
        held |= {root for root in self._steadily_shown(base) if root <= request.resume}
        left = self._ever_shown(cursor) - now
        return Plan(cursor, hi, base, cursor or base, sorted(now - held), sorted(left))

    def _steadily_shown(self, since: int) -> set[RecordId]:
        keys = [*self._generations.always_since(since)]
        found = self._tx.rows(
            "SELECT DISTINCT root FROM root_scope WHERE key = ANY(?) AND seq <= ? AND gone_seq = ?",
            (keys, since, FOREVER),
        )
        return {RecordId(root) for (root,) in found}

    def _shown(self, keys: Iterable[str], at: int) -> set[RecordId]:
        found = self._tx.rows(
            "SELECT DISTINCT root FROM root_scope WHERE key = ANY(?) AND seq <= ? AND gone_seq > ?",
            ([*keys], at, at),
        )
        return {RecordId(root) for (root,) in found}

    def _ever_shown(self, since: int) -> set[RecordId]:
        """Roots in sight then or at any time since: a push's answer may have shown one between."""
        found = self._tx.rows(
            "SELECT DISTINCT root FROM root_scope WHERE key = ANY(?) AND gone_seq > ?",
            ([*self._generations.since(since)], since),
        )
        return {RecordId(root) for (root,) in found}

    def _moved(self, roots: Iterable[str], cursor: int) -> tuple[set[RecordId], set[RecordId]]:
        """Roots that came and went under unchanged keys: only what was stamped since counts."""
        intervals = self._tx.rows(
            "SELECT root,seq,gone_seq FROM root_scope WHERE root = ANY(?) AND key = ANY(?)",
            ([*dict.fromkeys(roots)], self._keys),
        )
        now = {RecordId(root) for root, _, gone in intervals if gone == FOREVER}
        before = {RecordId(root) for root, seq, gone in intervals if seq <= cursor < gone}
        ever = {RecordId(root) for root, _, gone in intervals if gone > cursor}
        return now - before, ever - now


def changed_roots(tx: Tx, keys: Iterable[str], since: int, limit: int | None = None) -> list[str]:
    """The roots that came below one of these keys or left it, once for each time; at most `limit`.

    Two questions, each of which an index answers from `since` on: what came and went since has
    gone since.
    """
    return ask_changed_roots(tx, keys, since, limit)()


def ask_changed_roots(
    tx: Tx, keys: Iterable[str], since: int, limit: int | None = None
) -> Callable[[], list[str]]:
    """Ask for `changed_roots`."""
    bound, bounds = ("", ()) if limit is None else (" LIMIT ?", (limit,))
    asked = tx.ask(
        "SELECT root FROM root_scope WHERE key = ANY(?) AND gone_seq = ? AND seq > ? UNION ALL"
        f" SELECT root FROM root_scope WHERE key = ANY(?) AND gone_seq > ? AND gone_seq < ?{bound}",
        ([*keys], FOREVER, since, [*keys], since, FOREVER, *bounds),
    )
    return lambda: [root for (root,) in asked()]


def ask_moved(tx: Tx) -> Callable[[], int]:
    """The last place of the feed at which any record came below a root or left one, when it is
    needed."""
    asked = tx.ask(
        "SELECT max(seq) FROM (SELECT max(seq) AS seq FROM record_root UNION ALL"
        f" SELECT max(gone_seq) FROM record_root WHERE gone_seq < {FOREVER}) moved"
    )
    return lambda: int(asked()[0][0] or 0)
