"""What the user may do with a record, as far as this device knows; the server has the last word.

The rule is the server's (`crm_core.scope.is_reached`), asked of what lies here: the people, and the
accounts and authors on which records hang. Where the user's role is not known nothing is withheld.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from crm_core.directory import Directory, directory_of
from crm_core.erasing import may_erase, personal_fields
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.roles import (
    REASSIGNING,
    SUPERVISING,
    Action,
    Level,
    followed,
    hands_over,
    reach,
    still_deletes,
)
from crm_core.scope import KEY_ALL, is_reached
from crm_core.supervising import SET_BY_LEADS
from crm_core.switches import closed_fields
from crm_desktop.models.connection import Connection, SqlValue
from crm_desktop.models.hanging import Found, Hanging
from crm_desktop.models.identity import identity_in
from crm_desktop.models.masks import withheld
from crm_desktop.models.sql import blob, id_of, layout

NAMED_MAX = 3
"""So many colleagues are named where a change is refused; of the others their roles are said."""

_READ: Mapping[str, tuple[str, ...]] = {
    "user": ("login", "role", "team", "territory", "active"),
    "team": ("lead",),
    "territory": ("parent",),
    "role_permission": ("role", "entity", "action", "level"),
}
"""What rights hang on, of the records that say who is who."""

DIRECTORY = frozenset(_READ)
"""The kinds whose change may change what one may do."""


class Those(msgspec.Struct, frozen=True):
    """Who may: the nearest colleagues by name, and the roles of the others."""

    names: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class May(msgspec.Struct, frozen=True):
    """What the user may do with one record. `kept`: the fields that he may not change although he
    may change the record, `withheld` those of them that he does not receive; `editors`, `handers`:
    who may change it, and who hands it over; of a person `erase` and `export`: whether he may have
    that done."""

    edit: bool = True
    delete: bool = True
    kept: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    editors: Those = Those()
    handers: Those = Those()
    erase: bool = False
    export: bool = False

    def changes(self, field: str) -> bool:
        """Whether the user may change a field."""
        return self.edit and field not in self.kept

    def who(self, field: str) -> Those:
        """Who may change a field that the user may not."""
        return self.handers if self.edit else self.editors


EVERYTHING = May()
"""What one may do with a record of which nothing is withheld."""


def rights_here(c: Connection) -> Rights:
    """The rights of the user whose file this is."""
    return Rights(c, identity_in(c).user)


def may(c: Connection, user: RecordId, kind: str, action: Action) -> bool:
    """Whether the user's role permits an action on some records of a kind."""
    return Rights(c, user).reaches(kind, action)


class Rights:
    """One user's rights in one reading of the store."""

    def __init__(self, c: Connection, user: RecordId, *, now: dt.datetime | None = None) -> None:
        self._c = c
        self._now = now or dt.datetime.now(dt.UTC)
        self._user = user
        self._directory = _read_directory(c)
        person = self._directory.users.get(user)
        self.role = person.role if person is not None else ""
        self._hanging = Hanging(c, self._directory)

    def reaches(self, kind: str, action: Action) -> bool:
        """Whether the action is permitted on some records of a kind."""
        if not self.role:
            return True
        return reach(self._directory.rights(self._user)[0], kind, action) > Level.NONE

    def of(self, kind: str, record_id: RecordId) -> May:
        """What the user may do with a record; everything with one that is not here."""
        if not self.role:
            return May()
        rows = self._hanging.rows(kind, [record_id])
        if record_id not in rows:
            return May()
        row, keys = rows[record_id], self._hanging.keys_of_all(kind, rows)[record_id]
        found = self._judged(kind, row, keys)
        if found.edit and not found.kept - SET_BY_LEADS - self.closed(kind) - found.withheld:
            return found
        author, decides = str(row.values.get("created_by") or ""), followed(kind, row.values)
        if not found.edit:
            return replace(found, editors=self._those(Action.EDIT, decides, keys, author))
        return replace(found, handers=self._those(Action.REASSIGN, kind, keys, ""))

    def of_all(self, kind: str, ids: Sequence[RecordId]) -> dict[RecordId, May]:
        """The same of several records, in a few queries for all of them; nobody is named."""
        if not self.role:
            return {record_id: May() for record_id in ids}
        rows = self._hanging.rows(kind, ids)
        keys = self._hanging.keys_of_all(kind, rows)
        return {x: self._judged(kind, row, keys[x]) for x, row in rows.items()}

    def may_create(self, kind: str, values: Mapping[str, Value]) -> bool:
        """Whether the user may make a record with these values, such as below this account."""
        if not self.role:
            return True
        keys = self._hanging.keys_if(kind, self._completed(kind, values))
        return self._permits(self._user, Action.CREATE, kind, keys, own=True)

    def who_creates(self, kind: str, values: Mapping[str, Value]) -> Those:
        """Who may make a record with these values."""
        keys = self._hanging.keys_if(kind, self._completed(kind, values))
        return self._those(Action.CREATE, kind, keys, "")

    def may(self, action: Action, kind: str, record_id: RecordId) -> bool:
        """Whether an action that is no edit, such as approving, is permitted on a record."""
        rows = self._hanging.rows(kind, [record_id]) if self.role else {}
        if not rows:
            return True
        keys = self._hanging.keys_of_all(kind, rows)[record_id]
        own = rows[record_id].values.get("created_by") == self._user
        return self._permits(
            self._user, action, followed(kind, rows[record_id].values), keys, own=own
        )

    def seeing(self, kind: str, record_id: RecordId, action: Action) -> tuple[RecordId, ...]:
        """The colleagues at work who see a record now and whose role does this with some such; all
        of them where this user's own role is not known here."""
        if not self.role:
            return tuple(user for user, x in self._directory.users.items() if x.active)
        rows = self._hanging.rows(kind, [record_id])
        keys = self._hanging.keys_of_all(kind, rows).get(record_id, frozenset())
        found: list[RecordId] = []
        for user, person in self._directory.users.items():
            matrix, _, held = self._directory.rights(user)
            if person.active and held & keys and reach(matrix, kind, action) > Level.NONE:
                found.append(user)
        return tuple(found)

    def closed(self, kind: str) -> frozenset[str]:
        """The fields of a kind that nobody may fill in, as long as that is switched off."""
        return closed_fields(kind, self._directory.switched_on)

    def withheld(self, kind: str) -> frozenset[str]:
        """The fields of a kind that the user's role does not receive."""
        return withheld(self._c, kind)

    # The rule

    def _judged(self, kind: str, row: Found, keys: frozenset[str]) -> May:
        own, decides = row.values.get("created_by") == self._user, followed(kind, row.values)
        edit = self._permits(self._user, Action.EDIT, decides, keys, own=own)
        delete = self._permits(self._user, Action.DELETE, decides, keys, own=own)
        delete = delete and still_deletes(self.role, kind, own=own, age_hours=self._age(row.values))
        handed = frozenset(
            x for x in REASSIGNING.get(kind, ()) if hands_over(kind, x, row.values.get(x))
        )
        kept = frozenset[str]()
        if handed and not self._permits(self._user, Action.REASSIGN, kind, keys, own=False):
            kept = handed
        supervising = SUPERVISING.get(kind, frozenset())
        if supervising and not self._permits(self._user, Action.APPROVE, kind, keys, own=False):
            kept |= supervising
        hidden = self.withheld(kind)
        found = May(edit, delete, kept | self.closed(kind) | hidden, hidden)
        if not personal_fields(kind):
            return found
        matrix, holder, _ = self._directory.rights(self._user)
        erase = may_erase(kind, matrix, holder, keys, self._directory.switched_on)
        export = self._permits(self._user, Action.EXPORT, kind, keys, own=own)
        return replace(found, erase=erase, export=export)

    def _age(self, values: Mapping[str, Value]) -> float:
        """Hours since a record was made; very many where that is not known."""
        made = values.get("created_at")
        if not isinstance(made, str) or not made:
            return float("inf")
        return (self._now - dt.datetime.fromisoformat(made)).total_seconds() / 3600

    def _completed(self, kind: str, values: Mapping[str, Value]) -> dict[str, Value]:
        """With what the server fills into a new record."""
        made: dict[str, Value] = {**values, "created_by": self._user}
        if kind == "account":
            made["owner"] = made.get("owner") or self._user
            territory = self._directory.territory_of(RecordId(str(made["owner"])))
            made["territory"] = made.get("territory") or territory
        return made

    def _permits(
        self, user: RecordId, action: Action, kind: str, keys: frozenset[str], *, own: bool
    ) -> bool:
        matrix, holder, _ = self._directory.rights(user)
        return is_reached(reach(matrix, kind, action), holder, keys, own=own)

    def _those(self, action: Action, kind: str, keys: frozenset[str], author: str) -> Those:
        """Who may: those on whom the record hangs by name, of the others the roles."""
        near: list[RecordId] = []
        others: list[RecordId] = []
        people = sorted(self._directory.users.items(), key=lambda x: x[1].login)
        for user, person in people:
            own = user == author
            if not person.active or not self._permits(user, action, kind, keys, own=own):
                continue
            is_near = f"user:{user}" in keys or (own and KEY_ALL in keys)
            (near if is_near else others).append(user)
        if len(near) + len(others) <= NAMED_MAX:
            near, others = [*near, *others], []
        named = near[:NAMED_MAX]
        roles = {self._directory.users[x].role for x in (*near[NAMED_MAX:], *others)}
        return Those(tuple(self._names(named)), tuple(sorted(roles)))

    def _names(self, users: Iterable[RecordId]) -> Iterable[str]:
        for user in users:
            name = self._c.value("SELECT name FROM user WHERE id = ?", (blob(user),))
            yield str(name or self._directory.users[user].login)


def _read_directory(c: Connection) -> Directory:
    rows: list[tuple[str, RecordId, Mapping[str, Value]]] = []
    for kind, names in _READ.items():
        table = layout(kind)
        columns = ", ".join(names)
        for row in c.rows(f"SELECT id, {columns} FROM {table.table} WHERE deleted = 0"):
            values = {x: _value(x, y) for x, y in zip(names, row[1:], strict=True)}
            rows.append((kind, id_of(row[0]), values))
    return directory_of(0, rows)


def _value(name: str, stored: SqlValue) -> Value:
    if isinstance(stored, bytes):
        return id_of(stored)
    if name == "active":
        return stored is None or bool(stored)
    return None if stored is None else str(stored)
