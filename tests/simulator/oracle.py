"""The server's truth, worked out from its tables without the server's own ideas of scope."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec import json

from crm_core.catalog import CATALOG
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.roles import Action, Matrix, reach, with_overrides
from crm_core.scope import (
    KEY_ALL,
    KEY_IT,
    KEY_ORGANISATION,
    Holder,
    keys_held,
    keys_of_account,
    parse_target,
    roots_of,
)
from tests.simulator.company import Person

Key = tuple[str, RecordId]


REFERENCES = {
    kind: {x.name: x.link.target if x.link else "" for x in entity.references}
    for kind, entity in CATALOG.items()
}
"""For each kind the fields that name other records, and the kind of those."""


@dataclass(frozen=True)
class Truth:
    """One record as the server holds it."""

    seq: int
    values: Mapping[str, Any]
    deleted: bool
    targets: tuple[tuple[str, Key], ...]
    """What its references name, each with the name of the field."""


@functools.lru_cache(maxsize=20_000)
def _truth(kind: str, seq: int, body: str, deleted: int) -> Truth:
    """Most records are the same at the next moment."""
    values = json.decode(body)
    return Truth(seq, values, bool(deleted), tuple(_targets(kind, values)))


def _targets(kind: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Key]]:
    for name, above in REFERENCES[kind].items():
        value = values.get(name)
        for member in value if isinstance(value, list) else (value,) if value else ():
            target = parse_target(above, member)
            if target is not None:
                yield name, target


class Oracle:
    """All records of the server at one moment, with the `seq` of its clock."""

    def __init__(self, connection: sqlite3.Connection, seq: int = 0) -> None:
        self.seq = seq
        self.records: dict[Key, Truth] = {}
        for kind, record_id, at, body, deleted in connection.execute(
            "SELECT kind, id, seq, body, deleted FROM record"
        ):
            self.records[(kind, RecordId(record_id))] = _truth(kind, at, body, deleted)
        self._roots: dict[Key, frozenset[RecordId]] = {}
        self._keys: dict[RecordId, frozenset[str]] = {}
        self._visible: dict[RecordId, dict[Key, int]] = {}

    def visible(self, person: Person) -> dict[Key, int]:
        """Every live record that this person may see, with its seq."""
        if person.id not in self._visible:
            held = keys_held(self._holder(person))
            self._visible[person.id] = {
                key: truth.seq
                for key, truth in self.records.items()
                if not truth.deleted
                and any(not held.isdisjoint(self._keys_of(root)) for root in self.roots(*key))
            }
        return self._visible[person.id]

    def roots(self, kind: str, record_id: RecordId) -> frozenset[RecordId]:
        """The roots of a record, by the catalog's links alone."""
        key = (kind, record_id)
        if key not in self._roots:
            truth = self.records.get(key)
            if truth is None:
                return frozenset()
            entity = CATALOG[kind]
            self._roots[key] = roots_of(entity, record_id, truth.values, self._above)
        return self._roots[key]

    def _above(self, kind: str, record_id: RecordId) -> Iterable[RecordId]:
        if kind != "roles_of_contact":
            return self.roots(kind, record_id)
        return {root for role in self._roles.get(record_id, ()) for root in self.roots(*role)}

    @cached_property
    def _roles(self) -> dict[RecordId, list[Key]]:
        found: dict[RecordId, list[Key]] = {}
        for key, truth in self.records.items():
            if key[0] == "account_contact" and not truth.deleted:
                found.setdefault(RecordId(truth.values["contact"]), []).append(key)
        return found

    @cached_property
    def _kind_of_root(self) -> dict[RecordId, str]:
        return {record_id: kind for kind, record_id in self.records}

    @cached_property
    def _members(self) -> dict[RecordId, list[RecordId]]:
        """Whoever is in the team of each account."""
        found: dict[RecordId, list[RecordId]] = {}
        for (kind, _), truth in self.records.items():
            if kind == "account_team" and not truth.deleted:
                found.setdefault(truth.values["account"], []).append(truth.values["user"])
        return found

    def _keys_of(self, root: RecordId) -> frozenset[str]:
        if root not in self._keys:
            self._keys[root] = self._worked_out(root)
        return self._keys[root]

    def _worked_out(self, root: RecordId) -> frozenset[str]:
        if root == ALL_ROOT:
            return frozenset((KEY_ALL,))
        kind = self._kind_of_root.get(root, "")
        values = self.records[(kind, root)].values if kind else {}
        if kind == "user":
            return frozenset((f"user:{root}",))
        if kind == "account":
            members = self._members.get(root, [])
            territories = self._lineage(values.get("territory"))
            return keys_of_account(values.get("owner"), values.get("team"), territories, members)
        if kind == "device":
            return frozenset((KEY_IT, f"user:{values.get('user')}"))
        author = values.get("created_by")
        if not author:
            return frozenset((KEY_ORGANISATION,))
        its = self.records[("user", RecordId(author))].values
        return keys_of_account(author, its.get("team"), self._lineage(its.get("territory")), ())

    def _lineage(self, territory: RecordId | None) -> list[RecordId]:
        found: list[RecordId] = []
        while territory:
            found.append(territory)
            territory = self.records[("territory", territory)].values.get("parent")
        return found

    def _matrix(self, role: str) -> Matrix:
        rows = [x.values for (kind, _), x in self.records.items() if kind == "role_permission"]
        return with_overrides(
            role,
            [
                (x["entity"], x["action"], x["level"])
                for x in rows
                if x["role"] == role and x.get("level")
            ],
        )

    def _holder(self, person: Person) -> Holder:
        himself = self.records[("user", person.id)].values
        level = reach(self._matrix(himself["role"]), "*", Action.READ)
        leads = tuple(
            record_id
            for (kind, record_id), truth in self.records.items()
            if kind == "team" and truth.values.get("lead") == person.id
        )
        territory = himself.get("territory")
        return Holder(
            person.id, himself.get("team"), (territory,) if territory else (), leads, level
        )


def dangling(oracle: Oracle) -> list[str]:
    """References of live records that lead to nothing at all."""
    return [
        f"{kind}/{record_id}.{name} → {target}"
        for (kind, record_id), truth in oracle.records.items()
        for name, target in (() if truth.deleted else truth.targets)
        if target not in oracle.records
    ]
