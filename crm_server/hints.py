"""Who is told that something is new: of one organisation's listeners, those that can see a root
which was touched (sync.md §2.10). What is new they fetch themselves; a hint that is lost costs the
time until their next poll and nothing else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from crm_core.ids import RecordId
from crm_server.store import Tx
from crm_server.tables import FOREVER

EVERY_S = 1.0
"""A device is told at most so often; the first time at once."""

AT_ONCE, STEP_S = 20, 0.1
"""What everybody sees is told to so many at a time, this long apart, so that a server is not asked
by hundreds of devices in one moment."""

PER_DEVICE, PER_USER = 2, 8
"""Listeners. A further one of a device takes the place of its oldest, whose connection may have
ended unnoticed; a further one of a user is refused."""

LOOK_BACK_MAX = 50_000
"""Who comes back from further behind is told to fetch without a look at what it would be."""


@dataclass(eq=False, slots=True)
class Listener:
    """One device that listens. `token`: the hash of the one it came with; `seen`: the place in the
    feed up to which was looked what concerns it. The rest is how it is told: `hi` waits (0:
    nothing) and is due no sooner than `due_s`."""

    user: RecordId
    device: str
    token: str
    seen: int
    gen: int = 0
    keys: frozenset[str] = frozenset()
    hi: int = 0
    due_s: float = 0.0
    told_s: float = float("-inf")
    is_new: bool = True
    is_over: bool = False

    def note(self, hi: int, now_s: float, place: int = 0) -> None:
        """There is something new up to `hi`; `place`: how many are told before it."""
        if not self.hi:
            spread_s = place // AT_ONCE * STEP_S
            self.due_s = max(now_s + spread_s, self.told_s + EVERY_S)
        self.hi = max(self.hi, hi)

    def take(self, now_s: float) -> int:
        """What it is to be told now; 0: nothing (yet)."""
        if not self.hi or now_s < self.due_s:
            return 0
        hi, self.hi, self.told_s = self.hi, 0, now_s
        return hi


@dataclass(frozen=True, slots=True)
class News:
    """What a look found: who is to be told of everything up to `hi`, in an order of its own."""

    hi: int
    concerned: Sequence[Listener] = ()


@dataclass(eq=False, slots=True)
class Board:
    """The listeners of one organisation; several threads may come and go, one looks."""

    epoch: str = ""
    directory_seq: int = -1
    _listeners: list[Listener] = field(default_factory=list[Listener])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._listeners)

    def __iter__(self) -> Iterator[Listener]:
        with self._lock:
            return iter((*self._listeners,))

    def join(self, tx: Tx, listener: Listener) -> bool:
        """Let a device listen that has everything up to its `seen`; False where its user listens
        often enough already. Whoever missed something is told at once."""
        found = tx.row("SELECT seq FROM clock")
        assert found is not None
        since, listener.seen = listener.seen, found[0]
        _learn_keys(tx, [listener])
        if not 0 <= listener.seen - since <= LOOK_BACK_MAX or not listener.keys.isdisjoint(
            touched(tx, since, listener.keys)
        ):
            listener.note(listener.seen, 0.0)
        with self._lock:
            of_user = [x for x in self._listeners if x.user == listener.user and not x.is_over]
            of_device = [x for x in of_user if x.device == listener.device]
            for oldest in of_device[: max(len(of_device) - PER_DEVICE + 1, 0)]:
                oldest.is_over = True
                of_user.remove(oldest)
            if len(of_user) >= PER_USER:
                return False
            self._listeners.append(listener)
        return True

    def leave(self, listener: Listener) -> None:
        """It listens no more."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def look(self, tx: Tx) -> News:
        """Whom what was written since the last look concerns."""
        found = tx.row("SELECT seq,epoch,directory_seq FROM clock")
        assert found is not None
        seq, epoch, directory_seq = found
        listeners = [*self]
        known, self.epoch = self.epoch, epoch
        same_people = directory_seq == self.directory_seq
        self.directory_seq = directory_seq
        # The keys of one that came meanwhile may be older than the last look.
        unsure = [x for x in listeners if x.is_new] if same_people else listeners
        concerned = _learn_keys(tx, unsure) if unsure else set[Listener]()
        if known not in ("", epoch):
            concerned = set(listeners)  # another history: everybody has to look
        else:
            concerned |= _concerned(tx, [x for x in listeners if x.seen < seq])
        for listener in listeners:
            listener.seen, listener.is_new = seq, False
        return News(seq, [x for x in listeners if x in concerned])


def _concerned(tx: Tx, listeners: Iterable[Listener]) -> set[Listener]:
    """Those of some listeners that see a root touched since the place each has been looked at."""
    groups: dict[int, list[Listener]] = {}
    for listener in listeners:
        groups.setdefault(listener.seen, []).append(listener)
    found: set[Listener] = set()
    for since, group in groups.items():
        keys = frozenset[str]().union(*(x.keys for x in group))
        new = touched(tx, since, keys)
        found.update(x for x in group if not new.isdisjoint(x.keys))
    return found


def touched(tx: Tx, since: int, keys: Collection[str]) -> frozenset[str]:
    """Those of some keys that show, or have shown, a root touched since a place in the feed: one
    below which a record changed, came or went, or one that came under a key or left it. The joins
    name the order in which SQLite takes them: it would read everything to look for little."""
    named = [*keys]
    came = tx.ask(
        "SELECT DISTINCT key FROM root_scope WHERE key = ANY(?) AND gone_seq = ? AND seq > ?"
        " UNION SELECT key FROM root_scope WHERE key = ANY(?) AND gone_seq > ? AND gone_seq < ?",
        (named, FOREVER, since, named, since, FOREVER),
    )
    below = tx.ask(
        "SELECT DISTINCT rs.key FROM ("
        " SELECT rr.root FROM record r CROSS JOIN record_root rr"
        " WHERE rr.id = r.id AND rr.kind = r.kind AND rr.gone_seq = ? AND r.seq > ?"
        " UNION SELECT root FROM record_root WHERE seq > ?"
        f" UNION SELECT root FROM record_root WHERE gone_seq > ? AND gone_seq < {FOREVER}"
        ") found CROSS JOIN root_scope rs"
        " WHERE rs.root = found.root AND rs.key = ANY(?) AND rs.gone_seq = ?",
        (FOREVER, since, since, since, named, FOREVER),
    )
    return frozenset(key for (key,) in (*came(), *below()))


def _learn_keys(tx: Tx, listeners: Collection[Listener]) -> set[Listener]:
    """Read anew which keys the listeners' users hold; those for whom that has changed."""
    users = [*{x.user for x in listeners}]
    newest: dict[str, tuple[int, frozenset[str]]] = {}
    for user, gen, keys in tx.rows(
        "SELECT user_id,gen,keys FROM user_scope WHERE user_id = ANY(?) ORDER BY gen", (users,)
    ):
        newest[user] = (gen, frozenset(json.loads(keys)))
    changed: set[Listener] = set()
    for listener in listeners:
        gen, keys = newest.get(listener.user, (0, frozenset[str]()))
        if gen != listener.gen:
            changed.add(listener)
        listener.gen, listener.keys = gen, keys
    return changed
