"""The list of what was erased, beside the database and beside its backups: kinds, ids and names of
fields, never a value. A backup that is older than an erasure still holds the person; a restore
erases him again by this list (security.md §7)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crm_core.erasing import CONFLICT, DECISION, Names, is_erasable
from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId, is_id
from crm_server.store import ServerStore, Tx

Erased = Mapping[tuple[str, RecordId], Mapping[str, int]]
"""For each record the fields that were erased, each with a place of the feed before its erasure."""

KNOWN_SINCE = 5
"""The version of the tables in which erasures are noted."""

Found = dict[tuple[str, RecordId], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Erasures:
    """One list: a file of one JSON object a line."""

    path: Path

    def read(self) -> Found:
        """What it names; nothing where there is no list. Raises UserProblem where it is damaged:
        who restores by a part of it brings somebody back."""
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return {}
        return joined(self._entry(line) for line in lines if line)

    def note_due(self) -> None:
        """From now on the database's file holds what went in its free pages."""
        self._due.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._due.touch(mode=0o600)

    def compact(self, store: ServerStore) -> bool:
        """Free the database's file of what went, if it still holds any; False where others were
        in the way: then it is due still."""
        if self._due.exists():
            if not store.compact():
                return False
            self._due.unlink(missing_ok=True)
        return True

    @property
    def _due(self) -> Path:
        return self.path.with_suffix(".due")

    def _entry(self, line: str) -> Found:
        try:
            said = json.loads(line)
            kind, record_id = str(said["kind"]), str(said["id"])
            fields, seq = [*map(str, said["fields"])], int(said["seq"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged() from error
        if not (is_erasable(kind) and is_id(record_id)):
            raise self._damaged()
        return {(kind, RecordId(record_id)): dict.fromkeys(fields, seq)}

    def _damaged(self) -> UserProblem:
        return UserProblem(
            tr_noop("{file} is damaged; it says what was erased. Take it from another backup."),
            file=str(self.path),
        )

    def add(self, erased: Erased) -> None:
        """Add what it lacks, so that it is on the disk when this returns."""
        held = self.read()
        lacking = [
            line
            for key, fields in sorted(erased.items())
            for line in _lines(key, fields, held.get(key, {}))
        ]
        if not lacking:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write("".join(lacking))
            file.flush()
            os.fsync(file.fileno())


def _lines(
    key: tuple[str, RecordId], fields: Mapping[str, int], held: Mapping[str, int]
) -> Iterator[str]:
    later = {name: seq for name, seq in fields.items() if seq > held.get(name, -1)}
    for seq in sorted(set(later.values())):
        names = sorted(name for name, x in later.items() if x == seq)
        yield json.dumps({"kind": key[0], "id": key[1], "fields": names, "seq": seq}) + "\n"


def list_in(folder: Path, slug: str) -> Erasures:
    """The list of an organisation in a folder."""
    return Erasures(folder / f"erased-{slug}.jsonl")


def known_to(tx: Tx) -> Found:
    """What the database itself knows to be erased."""
    found: Found = {}
    for kind, record_id, name, seq in tx.rows("SELECT kind,id,field,seq FROM erased"):
        found.setdefault((kind, RecordId(record_id)), {})[name] = seq - 1
    return found


def decisions(tx: Tx) -> Names:
    """What goes of steps that decide questions about erased records: such a step need not name the
    record."""
    found = tx.rows(
        "SELECT DISTINCT r.id FROM erased e JOIN ref r ON r.target = e.id"
        " WHERE r.kind=? AND r.field='record'",
        (CONFLICT,),
    )
    return {(CONFLICT, RecordId(one)): DECISION for (one,) in found}


def joined(lists: Iterable[Erased]) -> Found:
    """What any of some lists names, each with its last erasure."""
    found: Found = {}
    for one in lists:
        for key, fields in one.items():
            held = found.setdefault(key, {})
            held.update((name, max(seq, held.get(name, -1))) for name, seq in fields.items())
    return found


def unknown(erased: Erased, known: Erased) -> dict[tuple[str, RecordId], frozenset[str]]:
    """What of a list a database does not know, or was erased once more behind what it knows. No
    clock has a part in that."""
    found: dict[tuple[str, RecordId], frozenset[str]] = {}
    for key, fields in erased.items():
        held = known.get(key, {})
        lacking = frozenset(name for name, seq in fields.items() if seq > held.get(name, -1))
        if lacking:
            found[key] = lacking
    return found
