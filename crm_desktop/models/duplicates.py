"""Possible duplicates on this device: the pairs found, what a person said of them, and what a
record that is being typed looks like.

Pairs follow from the records and can be found anew at any time, so they are kept as one small
setting. That two records are not the same is a person's word: it is kept for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.likeness import Traits, Why, blocks, likeness
from crm_core.merging import MERGEABLE
from crm_desktop.models.connection import Connection
from crm_desktop.models.duplicate_traits import (
    candidates,
    compared_values,
    pages,
    read_traits,
    traits_here,
)
from crm_desktop.models.labels import titles
from crm_desktop.models.sql import blob, id_of
from crm_desktop.models.store import Store

META_FOUND = "duplicates.found"
META_DUE = "duplicates.due"
"""Whether all records are to be compared: "" once that was done."""

_APART = "duplicates.apart."

PAIRS_MAX = 500
"""Pairs that are kept, the likeliest first: more than anybody goes through."""

ALIKE_MAX = 3
"""Records that a form names beside what is typed."""

BLOCK_MAX = 60
"""What more records than these share (a switchboard, a group's domain) says nothing: there each is
compared with its neighbours alone."""


class Pair(msgspec.Struct, frozen=True, order=True):
    """Two records that look like one; `one` is the smaller id. `score` out of 100."""

    score: int
    kind: str
    one: RecordId
    other: RecordId
    why: tuple[Why, ...] = ()

    @property
    def ids(self) -> tuple[RecordId, RecordId]:
        """Both records."""
        return self.one, self.other


@dataclass(frozen=True, slots=True)
class Alike:
    """A record that looks like the one that is being typed. `owner`: the name of an account's."""

    record: RecordId
    title: str
    owner: str
    score: int
    why: tuple[Why, ...]


_PAIRS = msgspec.json.Decoder(list[Pair])


def pairs(c: Connection) -> tuple[Pair, ...]:
    """What waits for a person's eye, the likeliest first: both records are here, and nobody said
    that they are not the same."""
    found, said = _kept(c), _said_apart(c)
    refs = {(pair.kind, record_id) for pair in found for record_id in pair.ids}
    here = _live(c, refs)
    return tuple(
        pair
        for pair in found
        if _name_of(pair) not in said and all((pair.kind, x) in here for x in pair.ids)
    )


def say_apart(store: Store, pair: Pair) -> None:
    """Two records are not the same: they are never offered again."""
    store.set_meta(_name_of(pair), store.now())


def take_back_apart(store: Store, pair: Pair) -> None:
    """Let two records be offered again."""
    store.set_meta(_name_of(pair), None)


def alike(
    c: Connection, kind: str, values: Mapping[str, Value], own: str = ""
) -> tuple[Alike, ...]:
    """The records that look most like what is typed; `own` is the one that is edited."""
    mine = traits_here(kind, values)
    if not mine.name:
        return ()
    near = candidates(c, kind, values, mine)
    found = [
        (said, other)
        for other, its in read_traits(c, kind, near - {own})
        for said in [likeness(mine, its)]
        if said.is_likely
    ]
    found.sort(key=lambda x: (-x[0].score, x[1]))
    best = found[:ALIKE_MAX]
    named = titles(c, [(kind, other) for _, other in best])
    return tuple(
        Alike(other, named.get((kind, other), ""), _owner(c, kind, other), said.score, said.why)
        for said, other in best
    )


def recheck(store: Store, refs: Iterable[tuple[str, RecordId]]) -> bool:
    """Compare single records that changed with whatever may look like them; whether the pairs are
    others now."""
    with store.reader() as c:
        touched = {*_compared(c, refs)}
        before = _kept(c)
        kept = [x for x in before if not any((x.kind, record) in touched for record in x.ids)]
        fresh = {pair for kind, record in touched for pair in _pairs_of(c, kind, record)}
    return keep(store, [*kept, *fresh], before)


def _compared(
    c: Connection, refs: Iterable[tuple[str, RecordId]]
) -> Iterator[tuple[str, RecordId]]:
    """What of these is compared; with a role its contact."""
    for kind, record in refs:
        if kind in MERGEABLE:
            yield kind, record
        elif kind == "account_contact":
            found = c.value("SELECT contact FROM account_contact WHERE id = ?", (blob(record),))
            if found is not None:
                yield "contact", id_of(found)


def keep(store: Store, found: Sequence[Pair], before: Sequence[Pair] | None = None) -> bool:
    """Keep these pairs; whether they differ from those kept `before`."""
    if before is None:
        with store.reader() as c:
            before = _kept(c)
    best = sorted(found, key=lambda x: (-x.score, x.kind, x.one, x.other))[:PAIRS_MAX]
    if best == [*before]:
        return False
    store.set_meta(META_FOUND, msgspec.json.encode(best).decode())
    return True


def is_due(store: Store) -> bool:
    """Whether all records are to be compared."""
    return store.meta(META_DUE) != ""


def note_due(store: Store, *, due: bool) -> None:
    """Remember whether all records are to be compared."""
    if is_due(store) != due:
        store.set_meta(META_DUE, "1" if due else "")


def compare_all(store: Store) -> Iterator[None]:
    """Compare all records with one another, in small steps; the pairs are kept at the end."""
    found: list[Pair] = []
    for kind in sorted(MERGEABLE):
        known: list[tuple[RecordId, Traits]] = []
        shared = _Shared()
        for page in pages(store, kind):
            for record_id, traits in page:
                shared.note(len(known), blocks(traits))
                known.append((record_id, traits))
            yield
        yield from _compare(kind, known, shared, found)
    keep(store, found)
    note_due(store, due=False)


_COMPARISONS = 1_000
"""Between two steps: some 10 ms."""


class _Shared:
    """Who shares a key with whom. Most keys belong to one record, which takes no list."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self.blocks: dict[int, list[int]] = {}

    def note(self, place: int, keys: Iterable[str]) -> None:
        """Keys of the record at a place; of two keys that hash alike only time is lost."""
        for key in {*map(hash, keys)}:
            first = self._first.setdefault(key, place)
            if first != place:
                self.blocks.setdefault(key, [first]).append(place)


def _compare(
    kind: str, known: Sequence[tuple[RecordId, Traits]], shared: _Shared, found: list[Pair]
) -> Iterator[None]:
    done: set[tuple[int, int]] = set()
    for members in shared.blocks.values():
        for pair in _pairs_in(members):
            if pair in done:
                continue
            done.add(pair)
            (one, its), (other, others) = known[pair[0]], known[pair[1]]
            said = likeness(its, others)
            if said.is_likely:
                found.append(_pair(kind, one, other, said.score, said.why))
            if not len(done) % _COMPARISONS:
                yield


def _pairs_in(members: Sequence[int]) -> Iterator[tuple[int, int]]:
    reach = len(members) if len(members) <= BLOCK_MAX else 2
    for n, one in enumerate(members):
        yield from ((one, other) for other in members[n + 1 : n + reach])


def _pairs_of(c: Connection, kind: str, record: RecordId) -> Iterator[Pair]:
    for _, mine in read_traits(c, kind, {record}):
        values = compared_values(c, kind, record)
        near = candidates(c, kind, values, mine) - {record}
        for other, its in read_traits(c, kind, near):
            said = likeness(mine, its)
            if said.is_likely:
                yield _pair(kind, record, other, said.score, said.why)


def _owner(c: Connection, kind: str, record: RecordId) -> str:
    if kind != "account":
        return ""
    sql = "SELECT u.name FROM account a JOIN user u ON u.id = a.owner WHERE a.id = ?"
    return c.value(sql, (blob(record),)) or ""


def _pair(kind: str, one: RecordId, other: RecordId, score: int, why: tuple[Why, ...]) -> Pair:
    first, second = sorted((one, other))
    return Pair(score, kind, first, second, why)


def _kept(c: Connection) -> list[Pair]:
    text = c.value("SELECT value FROM meta WHERE name = ?", (META_FOUND,))
    return _PAIRS.decode(text) if text else []


def _said_apart(c: Connection) -> frozenset[str]:
    sql = "SELECT name FROM meta WHERE substr(name, 1, ?) = ?"
    return frozenset(name for (name,) in c.rows(sql, (len(_APART), _APART)))


def _live(c: Connection, refs: Iterable[tuple[str, RecordId]]) -> frozenset[tuple[str, RecordId]]:
    by_kind: dict[str, list[RecordId]] = {}
    for kind, record in refs:
        by_kind.setdefault(kind, []).append(record)
    found: set[tuple[str, RecordId]] = set()
    for kind, ids in by_kind.items():
        keys = [blob(x) for x in ids]
        places = ",".join("?" * len(keys))
        rows = c.rows(f"SELECT id FROM {kind} WHERE deleted = 0 AND id IN ({places})", keys)
        found.update((kind, id_of(key)) for (key,) in rows)
    return frozenset(found)


def _name_of(pair: Pair) -> str:
    return f"{_APART}{pair.kind}.{pair.one}.{pair.other}"
