"""On what records hang, as far as this device knows: the keys by which the server judges them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.directory import Directory, link_in
from crm_core.fields import Value
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.scope import KEY_ALL, parse_target, roots_of
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import blob, id_of, layout

_AT_ONCE = 400
"""Records that one query takes."""

_DEPTH_MAX = 6
"""Links upwards that are followed: a line of an order of an account has two."""

_NOBODY = RecordId("")
"""The id of a record that is not made yet."""


@dataclass(slots=True)
class Found:
    """A record as it lies here. `roots`: as the server named them; settled: no own work lies on it
    that the server has not judged yet."""

    values: Mapping[str, Value]
    roots: set[RecordId]
    is_settled: bool = False


class Hanging:
    """Keys of records, worked out in one reading of the store."""

    def __init__(self, c: Connection, directory: Directory) -> None:
        self._c = c
        self._directory = directory
        self._keys: dict[RecordId, frozenset[str]] = {}

    def rows(self, kind: str, ids: Sequence[RecordId]) -> dict[RecordId, Found]:
        """Some records by id; those that are not here are left out."""
        table, c = layout(kind), self._c
        found: dict[RecordId, Found] = {}
        for start in range(0, len(ids), _AT_ONCE):
            keys = [blob(x) for x in ids[start : start + _AT_ONCE]]
            places = ",".join("?" * len(keys))
            shadowed = f"SELECT id FROM shadow WHERE kind = ? AND id IN ({places})"
            own = {row[0] for row in c.rows(shadowed, (kind, *keys))}
            for row in c.rows(f"{table.select} WHERE id IN ({places})", keys):
                values = table.values(row[6:], row[5])
                root = id_of(row[3]) if row[3] is not None else id_of(row[1])
                is_settled = row[2] > 0 and row[1] not in own
                found[id_of(row[1])] = Found(values, {root}, is_settled)
            for key, root in c.rows(
                f"SELECT id, root FROM extra_root WHERE kind = ? AND id IN ({places})",
                (kind, *keys),
            ):
                if id_of(key) in found:
                    found[id_of(key)].roots.add(id_of(root))
        return found

    def keys_of_all(
        self, kind: str, rows: Mapping[RecordId, Found]
    ) -> dict[RecordId, frozenset[str]]:
        """The keys of records of one kind, by id."""
        if kind == "account":
            self._note_accounts(rows)
        return {x: self._keys_of(kind, x, row) for x, row in rows.items()}

    def _keys_of(self, kind: str, record_id: RecordId, row: Found) -> frozenset[str]:
        keys: set[str] = set()
        for root in self._roots(kind, record_id, row, 0):
            keys |= self._keys_of_root(kind, record_id, row.values, root)
        return frozenset(keys)

    def keys_if(self, kind: str, values: Mapping[str, Value]) -> frozenset[str]:
        """The keys that a new record with these values would have."""
        return self._keys_of(kind, _NOBODY, Found(values, {_NOBODY}))

    def _roots(self, kind: str, record_id: RecordId, row: Found, depth: int) -> set[RecordId]:
        """The roots of a record: the server's, but where own work lies on it as its links say."""
        if row.is_settled or kind == "account":
            return row.roots

        def above(kind_above: str, id_above: RecordId) -> Iterable[RecordId]:
            if depth >= _DEPTH_MAX:
                return ()
            if kind_above == "roles_of_contact":
                return self._accounts_of_contact(id_above)
            found = self.rows(kind_above, [id_above]).get(id_above)
            if found is None:
                return ()
            return self._roots(kind_above, id_above, found, depth + 1)

        return {*roots_of(CATALOG[kind], record_id, row.values, above)}

    def _accounts_of_contact(self, contact: RecordId) -> list[RecordId]:
        found = self._c.rows(
            "SELECT account FROM account_contact WHERE contact = ? AND deleted = 0"
            " AND account IS NOT NULL",
            (blob(contact),),
        )
        return [id_of(row[0]) for row in found]

    def _keys_of_root(
        self, kind: str, record_id: RecordId, values: Mapping[str, Value], root: RecordId
    ) -> frozenset[str]:
        if root == ALL_ROOT:
            return frozenset((KEY_ALL,))
        if root in self._directory.users:
            return frozenset((f"user:{root}",))
        if root not in self._keys:
            self._note_accounts(self.rows("account", [root]))
        known = self._keys.get(root)
        if known is not None:
            return known
        if root == record_id:
            return self._directory.keys_of_values(kind, values)
        return self._keys_of_lone(kind, values, root, 0)

    def _keys_of_lone(
        self, kind: str, values: Mapping[str, Value], root: RecordId, depth: int
    ) -> frozenset[str]:
        """The keys of a root that is neither an account nor a user: its author's."""
        for field in CATALOG[kind].root_links:
            target = parse_target(field.link.target if field.link else "", values.get(field.name))
            row = self.rows(target[0], [target[1]]).get(target[1]) if target else None
            if target is None or row is None:
                continue
            if target[1] == root:
                return self._directory.keys_of_values(target[0], row.values)
            if depth < _DEPTH_MAX:
                found = self._keys_of_lone(target[0], row.values, root, depth + 1)
                if found:
                    return found
        return frozenset()

    def _note_accounts(self, rows: Mapping[RecordId, Found]) -> None:
        """Work out the keys of accounts, their teams read together."""
        members: dict[RecordId, list[RecordId]] = {}
        ids = [*rows]
        for start in range(0, len(ids), _AT_ONCE):
            keys = [blob(x) for x in ids[start : start + _AT_ONCE]]
            places = ",".join("?" * len(keys))
            for account, user in self._c.rows(
                f"SELECT account, user FROM account_team WHERE account IN ({places})"
                " AND deleted = 0 AND user IS NOT NULL",
                keys,
            ):
                members.setdefault(id_of(account), []).append(id_of(user))
        for account, row in rows.items():
            values = row.values
            if not row.is_settled:  # the server will give it its owner's team
                team = self._directory.team_of(link_in(values, "owner"))
                values = {**values, "team": team}
            of_team = members.get(account, ())
            self._keys[account] = self._directory.keys_of_account(values, of_team)
