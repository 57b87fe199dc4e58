"""The server's truth, worked out from its tables without the server's own ideas of scope."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

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


@dataclass(frozen=True)
class Truth:
    """One record as the server holds it."""

    seq: int
    values: Mapping[str, Any]
    deleted: bool


class Oracle:
    """All records of the server at one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.records: dict[Key, Truth] = {}
        for kind, record_id, seq, body, deleted in connection.execute(
            "SELECT kind, id, seq, body, deleted FROM record"
        ):
            self.records[(kind, RecordId(record_id))] = Truth(seq, json.loads(body), bool(deleted))
        self._roots: dict[Key, frozenset[RecordId]] = {}
        self._visible: dict[RecordId, dict[Key, int]] = {}

    def visible(self, person: Person) -> dict[Key, int]:
        """Every live record that this person may see, with its seq."""
        if person.id not in self._visible:
            held = keys_held(self._holder(person))
            self._visible[person.id] = {
                key: truth.seq
                for key, truth in self.records.items()
                if not truth.deleted and any(self._keys(root) & held for root in self.roots(*key))
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

    def _keys(self, root: RecordId) -> frozenset[str]:
        if root == ALL_ROOT:
            return frozenset((KEY_ALL,))
        kind = self._kind_of_root.get(root, "")
        values = self.records[(kind, root)].values if kind else {}
        if kind == "user":
            return frozenset((f"user:{root}",))
        if kind == "account":
            members = [
                RecordId(truth.values["user"])
                for (other, _), truth in self.records.items()
                if other == "account_team" and not truth.deleted and truth.values["account"] == root
            ]
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
            role, [(x["entity"], x["action"], x["level"]) for x in rows if x["role"] == role]
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
    found: list[str] = []
    for (kind, record_id), truth in oracle.records.items():
        for field in CATALOG[kind].references:
            value = truth.values.get(field.name)
            for member in value if isinstance(value, list) else [value]:
                target = parse_target(field.link.target if field.link else "", member)
                if target is not None and not truth.deleted and target not in oracle.records:
                    found.append(f"{kind}/{record_id}.{field.name} → {target}")
    return found
