"""`erase`: what is personal in a record goes from everywhere on the server, at the person's
request: from the record, those merged with it and its files, from history, conflicts, and work that
was refused or left behind (security.md §7). Nothing keeps what went; that it went stands in
`erased`, which the feed tells to every client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from crm_core.brought import PLANTED_MIN
from crm_core.catalog import CATALOG
from crm_core.erasing import (
    ATTACHMENT,
    CONFLICT,
    DECISION,
    FILE_FIELDS,
    blank_conflict,
    blanked_bodies,
    blanked_body,
    is_about,
    labels_of,
    personal_fields,
    without,
)
from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import SYSTEM, RecordId, is_id
from crm_core.merging import MERGED_INTO, taker_of
from crm_core.scope import any_link, parse_target
from crm_server.history import Patch, Written, history_of
from crm_server.rows import By, Key
from crm_server.service import Service
from crm_server.store import Clock, Tx, portions, write_clock
from crm_server.work import Work

_AT_ONCE = 200

Wanted = Mapping[Key, frozenset[str]]
"""For each record the fields that are to go."""

_NOTHING: tuple[Value, Value] = (None, None)

_decode_any = msgspec.json.Decoder(Any).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Done:
    """What an erasure came to. `erased`: the fields of each record; `files`: the fingerprints of
    contents that no record names any more."""

    erased: Wanted
    changes: int = 0
    parked: int = 0
    files: tuple[str, ...] = ()


def erase(
    service: Service, kind: str, record_id: str, note: Callable[[Wanted], None] | None = None
) -> Done:
    """Erase what is personal in a record. `note` is told what goes, before it goes. Raises
    UserProblem where nothing of this kind is personal, NotFound where there never was one."""
    if not personal_fields(kind):
        known = ", ".join(x for x in CATALOG if personal_fields(x))
        raise UserProblem(
            tr_noop("Nothing in a '{kind}' is personal. Kinds that can be erased: {known}."),
            kind=kind[:60], known=known,
        )  # fmt: skip
    with service.store.read() as tx:
        if not (is_id(record_id) and was_ever(tx, kind, record_id)):
            raise NotFound(
                tr_noop("There is no {kind} '{id}', and never was."),
                kind=kind, id=record_id[:60],
            )  # fmt: skip
        wanted = belonging_to(service, tx, (kind, RecordId(record_id)))
    if note is not None:
        note(wanted)
    return erase_all(service, wanted)


def erase_all(service: Service, wanted: Wanted) -> Done:
    """Erase these fields of these records, whether they are there or not."""
    with service.store.write() as (tx, clock):
        return erase_within(service, tx, clock, wanted)


def erase_within(service: Service, tx: Tx, clock: Clock, wanted: Wanted) -> Done:
    """The same within a transaction that holds the clock."""
    if not wanted:
        return Done({})
    work = service.work(tx, clock)
    done = _Erasing(work, wanted).run()
    write_clock(tx, replace(clock, seq=work.seq))
    return done


# What belongs to a person


def was_ever(tx: Tx, kind: str, record_id: str) -> bool:
    """Whether there is or was such a record."""
    for table in ("record", "history", "erased"):
        if tx.row(f"SELECT 1 FROM {table} WHERE id=? AND kind=? LIMIT 1", (record_id, kind)):
            return True
    return False


def belonging_to(service: Service, tx: Tx, key: Key) -> dict[Key, frozenset[str]]:
    """The record, whoever was merged with it, and the files of all of these."""
    work = service.work(tx, tx.clock())
    kind, fields = key[0], frozenset(personal_fields(key[0]))
    people, waiting = {key[1]}, [key[1]]
    while waiting:
        for other in _merged_with(work, kind, waiting.pop()):
            if other not in people:
                people.add(other)
                waiting.append(other)
    wanted = {(kind, one): fields for one in sorted(people)}
    for person in [*wanted]:
        for attachment in _named_by(tx, ATTACHMENT, "parent", person):
            wanted[(ATTACHMENT, attachment)] = frozenset(FILE_FIELDS)
    return wanted


def _merged_with(work: Work, kind: str, record_id: RecordId) -> Iterator[RecordId]:
    """Who stands in a record's place, and in whose place it stands."""
    row = work.row(kind, record_id)
    taker = taker_of(row.values) if row is not None and row.deleted else None
    if taker is not None:
        yield taker
    for (one,) in work.tx.rows(
        "SELECT DISTINCT id FROM history WHERE kind=? AND patch LIKE ?",
        (kind, f'%"{MERGED_INTO}":[%"{record_id}"]%'),
    ):
        other = work.row(kind, RecordId(one))
        if other is None or (other.deleted and taker_of(other.values) == record_id):
            yield RecordId(one)


def _named_by(tx: Tx, kind: str, field: str, target: Key) -> list[RecordId]:
    """The records of a kind that lead to another by a field, or did; collected ones too."""
    link = any_link(*target)
    asked = (
        ("SELECT id FROM ref WHERE target=? AND kind=? AND field=?", (target[1], kind, field)),
        (
            "SELECT DISTINCT id FROM history WHERE kind=? AND patch LIKE ?",
            (kind, f'%"{field}":[%"{link}"]%'),
        ),
    )
    return sorted({RecordId(one) for sql, params in asked for (one,) in tx.rows(sql, params)})


class _Erasing:
    """One erasure in one writing transaction."""

    def __init__(self, work: Work, wanted: Wanted) -> None:
        self._work = work
        self._tx = work.tx
        self._wanted = {key: names for key, names in wanted.items() if names}
        self._by = By(SYSTEM, at=work.now)
        self._values: set[str] = set()
        self._conflicts: dict[RecordId, tuple[str, frozenset[str]]] = {}

    def run(self) -> Done:
        """Blank the records first: whatever they leave in history is blanked with the rest."""
        work, tx = self._work, self._tx
        work.prefetch(self._wanted)
        self._find_conflicts()
        hashes = self._hashes()
        seqs = {key: self._blank(key, names) for key, names in self._wanted.items()}
        for conflict in self._conflicts:
            self._blank_conflict(conflict)
        work.flush()
        self._note(seqs)
        changes = sum(self._blank_history(key, names) for key, names in self._wanted.items())
        changes += sum(
            self._blank_conflict_history(one, *about) for one, about in self._conflicts.items()
        )
        parked = self._blank_parked()
        self._blank_verdicts()
        tx.many(
            "DELETE FROM refused WHERE id=? AND kind=? AND field=?",
            [(x, kind, name) for (kind, x), names in self._wanted.items() for name in names],
        )
        return Done(self._wanted, changes, parked, self._unnamed(hashes))

    def _note(self, seqs: Mapping[Key, int]) -> None:
        """From now on: no change that was made on an earlier version brings a value back."""
        self._tx.many(
            "INSERT INTO erased(id,kind,field,seq,at) VALUES (?,?,?,?,?)"
            " ON CONFLICT(id,kind,field) DO UPDATE SET seq=excluded.seq, at=excluded.at",
            [
                (record_id, kind, name, seqs[(kind, record_id)], self._work.now)
                for (kind, record_id), names in self._wanted.items()
                for name in sorted(names)
            ],
        )

    # -- records

    def _blank(self, key: Key, names: frozenset[str]) -> int:
        """Take the values out of a record; the place of the feed where that stands."""
        work, row = self._work, self._work.row(*key)
        if row is None:
            return work.next_seq()
        self._learn(row.values.get(name) for name in names)
        gone: dict[str, Value] = dict.fromkeys(sorted(names & row.values.keys()), None)
        stamp: dict[str, Value] = {"updated_at": self._by.at}
        deleted = row.deleted or key[0] == ATTACHMENT
        return work.put(CATALOG[key[0]], key[1], {**gone, **stamp}, self._by, deleted=deleted).seq

    def _learn(self, values: Iterable[Value]) -> None:
        """Remember what went, to find it in labels; nothing of it is kept."""
        self._values.update(x for x in values if isinstance(x, str) and len(x) >= PLANTED_MIN)

    def _hashes(self) -> set[str]:
        """The fingerprints that history and records give for the files that go."""
        found: set[str] = set()
        for kind, record_id in self._wanted:
            if kind != ATTACHMENT:
                continue
            row = self._work.row(kind, record_id)
            said = [row.values.get("sha256")] if row is not None else []
            for one in history_of(self._tx, (kind, record_id)):
                said.extend(one.said.get("sha256", _NOTHING))
            found.update(str(x) for x in said if x)
        return found

    def _unnamed(self, hashes: Iterable[str]) -> tuple[str, ...]:
        """Those of some contents that no record names any more."""
        named = "SELECT 1 FROM record WHERE kind='attachment' AND (body ->> 'sha256')=? LIMIT 1"
        return tuple(x for x in sorted(hashes) if not self._tx.row(named, (x,)))

    # -- conflicts

    def _find_conflicts(self) -> None:
        """The questions about these records; a merge led some of them from one to another."""
        for key, names in self._wanted.items():
            for one in _named_by(self._tx, CONFLICT, "record", key):
                _, before = self._conflicts.get(one, ("", frozenset[str]()))
                self._conflicts[one] = (key[0], before | names)
        self._work.prefetch((CONFLICT, one) for one in self._conflicts)

    def _blank_conflict(self, record_id: RecordId) -> None:
        row = self._work.row(CONFLICT, record_id)
        about = parse_target("", row.values.get("record")) if row is not None else None
        if row is None or about not in self._wanted:
            return
        changed = blank_conflict(row.values, about[0], self._wanted[about])
        if all(row.values.get(name) == x for name, x in changed.items()):
            return
        stamp: dict[str, Value] = {"updated_at": self._by.at}
        entity = CATALOG[CONFLICT]
        self._work.put(entity, record_id, {**changed, **stamp}, self._by, deleted=row.deleted)

    def _blank_conflict_history(self, record_id: RecordId, kind: str, names: frozenset[str]) -> int:
        entries = history_of(self._tx, (CONFLICT, record_id))
        fields = {str(one.said["field"][1]) for one in entries if "field" in one.said}
        row = self._work.row(CONFLICT, record_id)
        fields |= {str(row.values.get("field"))} if row is not None else set()
        is_whole = any(is_about(kind, field, names) for field in fields)
        said = frozenset(("base", "parked", "resolution"))
        return self._rewrite(
            entries, lambda patch: _blanked(patch, said) if is_whole else without(patch, names)
        )

    # -- history

    def _blank_history(self, key: Key, names: frozenset[str]) -> int:
        entries = history_of(self._tx, key)
        for said in (one.said for one in entries):
            self._learn(x for name in names.intersection(said) for x in said[name])
        return self._rewrite(entries, lambda patch: _blanked(patch, names))

    def _rewrite(self, entries: Iterable[Written], blank: Callable[[Patch], Patch]) -> int:
        changed = [
            (_encode(after).decode(), one.seq)
            for one in entries
            if (after := blank(one.said)) != one.said
        ]
        self._tx.many("UPDATE history SET patch=? WHERE seq=?", changed)
        return len(changed)

    # -- what was refused, or left behind

    def _blank_parked(self) -> int:
        ids = [record_id.encode() for _, record_id in self._wanted]
        ids.extend(one.encode() for one in self._conflicts)
        names, labels, done = self._names(), set[str](), 0
        for bodies in self._parked_beside(ids):
            for (parked_id, body), freed in zip(
                bodies.items(), blanked_bodies(bodies.values(), names, self._values), strict=True
            ):
                if freed != body:
                    self._tx.run("UPDATE parked SET payload=? WHERE id=?", (freed, parked_id))
                    labels |= labels_of(body) - labels_of(freed)
                    done += 1
        # Where a step about him was taken back, that names him as the step did, perhaps by no id.
        said = [_encode(label)[1:-1] for label in labels]
        for parked_id, body in self._parked_with(said):
            freed = blanked_body(body, {}, labels)
            self._tx.run("UPDATE parked SET payload=? WHERE id=?", (freed, parked_id))
            done += freed != body
        return done

    def _parked_beside(self, words: Sequence[bytes]) -> Iterator[dict[str, bytes]]:
        """All that lies aside of each author of whom something that does holds any of these."""
        found = [one for one, _ in self._parked_with(words)]
        authors = self._tx.rows("SELECT DISTINCT author FROM parked WHERE id = ANY(?)", (found,))
        for (author,) in authors:
            rows = self._tx.rows(
                "SELECT id,payload FROM parked WHERE author=? ORDER BY id", (author,)
            )
            yield {parked_id: bytes(payload) for parked_id, payload in rows}

    def _parked_with(self, words: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
        """What lies aside and holds any of these."""
        parked = [one for (one,) in self._tx.rows("SELECT id FROM parked")] if words else []
        for some in portions(parked, _AT_ONCE):
            found = self._tx.rows("SELECT id,payload FROM parked WHERE id = ANY(?)", ([*some],))
            for parked_id, payload in found:
                if any(x in bytes(payload) for x in words):
                    yield parked_id, bytes(payload)

    def _names(self) -> dict[Key, frozenset[str]]:
        """What goes of each record, and what was decided of it in each question about it."""
        return {**self._wanted, **{(CONFLICT, one): DECISION for one in self._conflicts}}

    def _blank_verdicts(self) -> None:
        """A verdict on a value that was wrong quotes its beginning. Which record it was about is
        not kept beside it, so that all of such fields go."""
        names = frozenset[str]().union(*self._wanted.values())
        found = self._tx.rows(
            "SELECT cs_id,result FROM applied WHERE result LIKE ?", ('%"detail":%',)
        )
        changed: list[Sequence[str]] = []
        for cs_id, result in found:
            said = _decode_any(result)
            parts = [_without_quote(part, names) for part in said.get("changes", [])]
            if parts != said.get("changes"):
                changed.append((_encode({**said, "changes": parts}).decode(), cs_id))
        self._tx.many("UPDATE applied SET result=? WHERE cs_id=?", changed)


def _blanked(patch: Patch, names: frozenset[str]) -> Patch:
    return {name: (_NOTHING if name in names else x) for name, x in patch.items()}


def _without_quote(part: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    params = part.get("params", {})
    named = part.get("field") in names or params.get("field") in names
    if not named or "detail" not in params:
        return part
    return {**part, "params": {**params, "detail": ""}}
