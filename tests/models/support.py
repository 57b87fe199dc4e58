"""A store with its own clock and ids, and short words for what a server sends."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

from crm_core.changes import Change, Op
from crm_core.digest import Digest, of_version
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, DeviceId, RecordId, uuid7_from
from crm_core.switches import EVERYBODY, ON, POLICY, SWITCHES
from crm_core.wire import (
    ChangeResult,
    ChangeSetResult,
    End,
    Enter,
    Hello,
    Page,
    PullItem,
    PushResponse,
    WireRow,
)
from crm_desktop.models import journal, queries
from crm_desktop.models.journal.rows import recount
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Settled, Verdict
from crm_desktop.models.store import Identity, Store

KEY = bytes(range(32))
ME = RecordId(f"{0xA:032x}")
LI = RecordId(f"{0xB:032x}")
IDENTITY = Identity(ME, "nancy", DeviceId("laptop"), "northwind", "http://localhost")
START = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += dt.timedelta(**delta)


class Ids:
    """Ids in rising order, the same in every run."""

    def __init__(self, seed: int = 1) -> None:
        self._rng = Random(seed)
        self._ms = itertools.count(1_760_000_000_000)

    def __call__(self) -> RecordId:
        return uuid7_from(next(self._ms), self._rng.getrandbits(74))


def create_store(path: Path, seed: int = 1) -> Store:
    """A new store, as a sign-in creates it."""
    return Store.create(path, KEY, IDENTITY, clock=Clock(), new_id=Ids(seed))


def make_store(path: Path, seed: int = 1) -> Store:
    """A new store, copied from one that was created once: that takes a fifth of the time."""
    assert not path.exists()
    path.write_bytes(_empty_store())
    return Store.open(path, KEY, clock=Clock(), new_id=Ids(seed))


@functools.cache
def _empty_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        made = create_store(Path(folder) / "empty.db")
        made.checkpoint()
        made.close()
        return made.path.read_bytes()


def clock_of(store: Store) -> Clock:
    assert isinstance(store.clock, Clock)
    return store.clock


# A person works


def add(store: Store, kind: str, record_id: RecordId | None = None, /, **values: Value) -> RecordId:
    made = record_id or store.new_id()
    journal.commit(store, [Change(kind, made, Op.INSERT, values)], label="Add")
    return made


def put(store: Store, kind: str, record_id: RecordId, /, **values: Value) -> None:
    journal.commit(store, [Change(kind, record_id, Op.SET, values)], label="Change")


def delete(store: Store, kind: str, record_id: RecordId) -> None:
    journal.commit(store, [Change(kind, record_id, Op.DELETE)], label="Delete")


def seen(store: Store, kind: str, record_id: RecordId) -> Row:
    with store.reader() as c:
        row = queries.record(c, kind, record_id)
    assert row is not None
    return row


def is_seen(store: Store, kind: str, record_id: RecordId) -> bool:
    with store.reader() as c:
        row = queries.record(c, kind, record_id)
    return row is not None and not row.deleted


def value(store: Store, sql: str) -> object:
    with store.reader() as c:
        return c.value(sql)


# A server answers


def row(
    record_id: RecordId, seq: int, roots: tuple[RecordId, ...] = (), /, **body: Value
) -> WireRow:
    return WireRow(record_id, seq, body, roots)


def page(kind: str, *rows: WireRow) -> Page:
    return Page(kind, rows)


def hello(store: Store, epoch: str = "e1", *, seq: int = 10**6, restored: int = 0) -> None:
    Outbox(store).begin_pull(Hello(epoch, 1, 1, 1, "", seq, restored_at_seq=restored))


def pull(store: Store, hi: int, *items: PullItem, held: Digest | None = None) -> Verdict:
    """A whole pull. `held`: the server's digest; by default whatever agrees."""
    if not Outbox(store).state().epoch:
        hello(store)
    wanted = held or Digest()
    return Outbox(store).finish(items, End(hi, wanted.count, wanted.total))


def first_pull(store: Store, *rows: tuple[str, WireRow], hi: int = 100) -> None:
    """Everything that a server has of these kinds; every account is a root in sight."""
    roots = tuple(one.id for kind, one in rows if kind == "account")
    pull(store, hi, Enter(roots), *(page(kind, one) for kind, one in rows))


def switch_on(store: Store, *switches: str) -> None:
    """What the organisation has switched on; without a name everything that can be."""
    for n, switch in enumerate(switches or SWITCHES):
        values = {"role": EVERYBODY, "entity": POLICY, "action": switch, "level": ON}
        one = row(RecordId(f"{0xE0 + n:032x}"), 9, **values)
        pull(store, 200, page("role_permission", one))


def digest(store: Store) -> Digest:
    """The running digest; proves that counting anew gives the same."""
    with store.reader() as c:
        kept = Digest(*(c.one("SELECT count, total FROM sync_state") or (0, 0)))
        assert recount(c) == kept
    return kept


def digest_of(*versions: tuple[str, WireRow]) -> Digest:
    total = Digest()
    for kind, one in versions:
        total += of_version(kind, one.id, one.seq)
    return total


def verdict(
    cs_id: ChangeSetId, result: str, seq: int = 0, *parts: tuple[int, str, str, str]
) -> ChangeSetResult:
    """`parts`: index, field, result, code."""
    return ChangeSetResult(cs_id, result, seq, tuple(ChangeResult(*part) for part in parts))


def answer(store: Store, *verdicts: ChangeSetResult, rows: Mapping[str, WireRow] | None = None,
           seq: int = 0) -> Settled:  # fmt: skip
    pages = tuple(page(kind, one) for kind, one in (rows or {}).items())
    return Outbox(store).settle(PushResponse("e1", seq, verdicts, pages))


def take(store: Store) -> list[ChangeSetId]:
    return [one.id for one in Outbox(store).take_outbox(200, 10**6)]


def states(store: Store) -> list[str]:
    with store.reader() as c:
        return [state for (state,) in c.rows("SELECT state FROM changeset ORDER BY n")]
