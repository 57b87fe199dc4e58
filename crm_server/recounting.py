"""What follows from the records' own values, worked out anew: references, unique keys, roots, keys
and digests, each beside what the tables say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.digest import Digest, canonical, version_hash
from crm_core.directory import Directory
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.scope import KEY_ALL
from crm_server.digests import count
from crm_server.rows import LINKS, Row, row_of, targets, unique_form
from crm_server.store import Clock, Tx
from crm_server.work import Work

RECORDS_AT_ONCE = 2000
_OTHER_KEYS = "roots with other keys than their place gives"
_FOR_ALL = frozenset((KEY_ALL,))
KEY_SETS_MAX = 50
"""So many colleagues' digests are counted: each costs the database a look at all they see."""


class Recount:
    """One look at every record of a snapshot."""

    def __init__(self, tx: Tx, clock: Clock, directory: Directory) -> None:
        self._tx, self._clock, self._directory = tx, clock, directory
        self.records = 0
        self._wrong: dict[str, int] = {}
        self._references, self._unique = _Sum(), _Sum()
        self._digests: dict[frozenset[str], Digest] = {}

    def problems(self) -> Iterator[str]:
        """What the tables say otherwise than the records."""
        for page in self._pages():
            self._look_at(page)
        yield from (f"{many} {what}" for what, many in self._wrong.items() if many)
        yield from self._compare(
            "references", self._references, "SELECT target,kind,id,field FROM ref"
        )
        yield from self._compare(
            "unique keys", self._unique, "SELECT kind,key,value,id FROM unique_key"
        )
        yield from self._compare_digests()

    # -- every record -------------------------------------------------------------------------

    def _pages(self) -> Iterator[list[Row]]:
        kind = record_id = ""
        while True:
            found = self._tx.rows(
                "SELECT kind,id,seq,body::text,fv,deleted,actor,device,cs_id,vhash FROM record"
                " WHERE id > ? OR (id = ? AND kind > ?) ORDER BY id,kind LIMIT ?",
                (record_id, record_id, kind, RECORDS_AT_ONCE),
            )
            if not found:
                return
            kind, record_id = found[-1][0], found[-1][1]
            self.records += len(found)
            yield [*self._readable(found)]

    def _readable(self, found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
        for *columns, vhash in found:
            kind, record_id, seq = columns[:3]
            self._count("wrong version hashes", vhash != version_hash(kind, record_id, seq))
            try:
                row = row_of(tuple(columns))
                canonical(row.values)
            except ValueError:
                self._count("records that cannot be read", True)
                continue
            self._count("fields newer than their record", max(row.fv.values(), default=0) > seq)
            if kind in CATALOG:
                yield row

    def _look_at(self, page: Sequence[Row]) -> None:
        work = Work(self._tx, self._clock, self._directory, "", _no_ids)
        work.prefetch((row.kind, row.id) for row in page)
        work.prefetch(_above(page))
        joining = [row.id for row in page if row.kind in ("account", "contact")]
        work.prefetch_children(joining)
        work.prefetch(
            (kind, record_id) for above in joining for kind, record_id, _ in work.children(above)
            if kind in ("account_team", "account_contact")
        )  # fmt: skip
        for row in page:
            self._derive(row)
            if not row.deleted:
                self._check_scope(work, row)

    def _derive(self, row: Row) -> None:
        entity, links = CATALOG[row.kind], LINKS[row.kind]
        for name in links.references.intersection(row.values):
            for _, target in targets(entity, name, row.values[name]):
                self._references.add(target, row.kind, row.id, name)
        if row.deleted:
            return
        for name in links.unique:
            form = unique_form(row.values.get(name))
            if form:
                self._unique.add(row.kind, name, form, row.id)

    def _check_scope(self, work: Work, row: Row) -> None:
        roots = work.roots_at(row.kind, row.id)
        due = work.roots_due(CATALOG[row.kind], row)
        self._count("records below another root than their links lead to", roots != due)
        keys = work.keys_due(row, due)
        self._count(_OTHER_KEYS, keys is not None and keys != work.keys_of(row.id))
        self._count(_OTHER_KEYS, ALL_ROOT in due and work.keys_of(ALL_ROOT) != _FOR_ALL)
        seen = work.keys_at(row.kind, row.id)
        here = Digest(1, version_hash(row.kind, row.id, row.seq))
        self._digests[seen] = self._digests.get(seen, Digest()) + here

    def _count(self, what: str, wrong: bool) -> None:
        self._wrong[what] = self._wrong.get(what, 0) + wrong

    # -- all of them together -----------------------------------------------------------------

    def _compare(self, what: str, due: _Sum, sql: str) -> Iterator[str]:
        there = _Sum()
        for cells in self._tx.rows(sql):
            if cells[0] in CATALOG or cells[1] in CATALOG:
                there.add(*cells)
        if (there.many, there.total) != (due.many, due.total):
            yield (
                f"the {what} are not those of the records: {there.many} there,"
                f" {due.many} follow from the records"
            )

    def _compare_digests(self) -> Iterator[str]:
        latest: dict[str, frozenset[str]] = {
            user: frozenset(json.loads(keys))
            for user, keys in self._tx.rows("SELECT user_id,keys FROM user_scope ORDER BY gen")
        }
        users = self._directory.users
        stale = sum(latest.get(x, frozenset()) != self._directory.rights(x)[2] for x in users)
        if stale:
            yield f"{stale} users with other keys than their place gives"
        sets = sorted({*latest.values()}, key=sorted)
        wrong = sum(count(self._tx, keys) != self._seen_with(keys) for keys in sets[:KEY_SETS_MAX])
        if wrong:
            yield f"{wrong} digests that are not those of the records in sight"

    def _seen_with(self, keys: frozenset[str]) -> Digest:
        found = (one for seen, one in self._digests.items() if not seen.isdisjoint(keys))
        return sum(found, Digest())


class _Sum:
    """A set of rows, as their number and the sum of their hashes."""

    def __init__(self) -> None:
        self.many, self.total = 0, 0

    def add(self, *cells: str) -> None:
        """One more row."""
        digest = blake2b("\n".join(cells).encode(), digest_size=8).digest()
        self.many += 1
        self.total += int.from_bytes(digest)


def _above(page: Iterable[Row]) -> Iterator[tuple[str, RecordId]]:
    """What the links lead to along which scope is inherited."""
    for row in page:
        for field in CATALOG[row.kind].root_links:
            yield from targets(CATALOG[row.kind], field.name, row.values.get(field.name))


def _no_ids() -> RecordId:
    raise AssertionError("nothing is written here")
