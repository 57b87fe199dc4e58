"""Where records belong: their roots, and the keys by which they are seen, as links change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.scope import KEY_ALL, KEY_IT, roots_of
from crm_server.overlay import Overlay
from crm_server.rows import Row, either


class Belonging(Overlay):
    """An overlay that keeps roots and keys in step with what is written."""

    def follow_scope(self, entity: Entity, row: Row, old: Row | None) -> None:
        """A record was written: work out what it and those below it belong to."""
        self.rescope(entity, row)
        if row.kind == "account":
            self.rekey_account(row)
        elif row.kind == "user":
            self._set_keys(row.id, frozenset((f"user:{row.id}",)))
        elif row.kind == "account_team":
            for account in either(old, row, "account"):
                self._rekey_if_known(account)
        elif row.kind == "account_contact":
            for contact in either(old, row, "contact"):
                self._rescope_if_known("contact", contact)

    def rescope(self, entity: Entity, row: Row) -> None:
        """Work out a record's roots anew, and those of what hangs below it."""
        roots = self.roots_due(entity, row)
        if ALL_ROOT in roots:
            self._set_keys(ALL_ROOT, frozenset((KEY_ALL,)))
        if row.id in roots and row.kind != "account":
            self._set_keys(row.id, self._keys_of_lone(row))
        key = (row.kind, row.id)
        before = self.roots_at(*key)
        if roots == before:
            return
        self._roots_before.setdefault(key, before)
        self.set(self.roots, key, roots)
        for kind, record_id, field in self.children(row.id):
            link = CATALOG[kind].by_name[field].link
            if link is not None and link.root:
                self._rescope_if_known(kind, record_id)

    def roots_due(self, entity: Entity, row: Row) -> frozenset[RecordId]:
        """The roots to which a record's links lead, as what stands above it is placed now."""
        return roots_of(entity, row.id, row.values, self._above)

    def keys_due(self, row: Row, roots: frozenset[RecordId]) -> frozenset[str] | None:
        """The keys of a record as a root; None where it is none."""
        if row.kind == "account":
            return self._keys_of_account(row)
        if row.kind == "user":
            return frozenset((f"user:{row.id}",))
        return self._keys_of_lone(row) if row.id in roots else None

    def _above(self, kind: str, record_id: RecordId) -> Iterable[RecordId]:
        if kind != "roles_of_contact":
            return self.roots_at(kind, record_id)
        roots: set[RecordId] = set()
        for child_kind, child_id, field in self.children(record_id):
            if child_kind == "account_contact" and field == "contact":
                role = self.row(child_kind, child_id)
                if role is not None and not role.deleted:
                    roots.update(self.roots_at(child_kind, child_id))
        return roots

    def _rescope_if_known(self, kind: str, record_id: RecordId) -> None:
        row = self.row(kind, record_id)
        if row is not None:
            self.rescope(CATALOG[kind], row)

    def _rekey_if_known(self, account: RecordId) -> None:
        row = self.row("account", account)
        if row is not None:
            self.rekey_account(row)

    def rekey_account(self, row: Row) -> None:
        """Work out the keys of an account anew."""
        self._set_keys(row.id, self._keys_of_account(row))

    def _keys_of_account(self, row: Row) -> frozenset[str]:
        members = [
            RecordId(str(member.values.get("user")))
            for kind, record_id, field in self.children(row.id)
            if kind == "account_team" and field == "account"
            and (member := self.row(kind, record_id)) is not None and not member.deleted
        ]  # fmt: skip
        return self.directory.keys_of_account(row.values, members)

    def keys_if(
        self, entity: Entity, record_id: RecordId, values: Mapping[str, Value]
    ) -> frozenset[str]:
        """The keys that a record with these values would have."""
        roots = roots_of(entity, record_id, values, self._above)
        keys: set[str] = set()
        for root in roots:
            if root != record_id:
                keys |= self.keys_of(root)
        if record_id in roots:
            keys |= self.directory.keys_of_values(entity.kind, values)
        return frozenset(keys)

    def _keys_of_lone(self, row: Row) -> frozenset[str]:
        """The keys of a record that is its own root: its author's, as if he owned an account."""
        if row.kind == "device":
            return frozenset((KEY_IT, f"user:{row.values.get('user')}"))
        return self.directory.keys_of_values(row.kind, row.values)

    def _set_keys(self, root: RecordId, keys: frozenset[str]) -> None:
        before = self.keys_of(root)
        if keys != before:
            self._keys_before.setdefault(root, before)
            self.set(self.keys, root, keys)
