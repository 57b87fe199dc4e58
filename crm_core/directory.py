"""The colleagues of an organisation: roles, teams, territories, and the keys each holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.masks import mask_keys
from crm_core.roles import Action, Level, Matrix, reach, with_overrides
from crm_core.scope import Holder, keys_held, keys_of_account
from crm_core.switches import EVERYBODY, ON, POLICY, SWITCHES

DIRECTORY_KINDS = ("user", "team", "territory", "role_permission")
"""A change of one of these may change what people see."""

TERRITORY_DEPTH_MAX = 32

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Colleague:
    """A user as far as rights need to know him."""

    id: RecordId
    login: str
    role: str
    team: RecordId | None
    territory: RecordId | None
    active: bool


@dataclass(frozen=True)
class Directory:
    """All colleagues, teams and territories as of one seq. `masked`: by role the keys that withhold
    fields (`crm_core.masks`)."""

    seq: int
    users: Mapping[RecordId, Colleague]
    leads: Mapping[RecordId, RecordId]
    parents: Mapping[RecordId, RecordId]
    overrides: Mapping[str, tuple[tuple[str, str, str], ...]]
    switched_on: frozenset[str] = frozenset()
    masked: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    @cached_property
    def _known(self) -> dict[RecordId, tuple[Matrix, Holder, frozenset[str]]]:
        return {}

    def rights(self, user: RecordId) -> tuple[Matrix, Holder, frozenset[str]]:
        """A user's matrix, how scope sees him, and the keys he holds."""
        found = self._known.get(user)
        if found is None:
            found = self._rights(user)
            self._known[user] = found
        return found

    def _rights(self, user: RecordId) -> tuple[Matrix, Holder, frozenset[str]]:
        person = self.users.get(user)
        if person is None:
            nobody = Holder(user, None, (), (), Level.NONE)
            return {}, nobody, frozenset()
        matrix = with_overrides(person.role, self.overrides.get(person.role, ()))
        holder = Holder(
            user,
            person.team,
            (person.territory,) if person.territory else (),
            tuple(sorted(team for team, lead in self.leads.items() if lead == user)),
            reach(matrix, "*", Action.READ),
            is_it=reach(matrix, "*", Action.ADMIN) > Level.NONE,
        )
        masks = self.masked.get(person.role, frozenset[str]())
        return matrix, holder, keys_held(holder) | masks

    def lineage(self, territory: RecordId | None) -> tuple[RecordId, ...]:
        """A territory and everything above it."""
        found: list[RecordId] = []
        while territory and territory not in found and len(found) < TERRITORY_DEPTH_MAX:
            found.append(territory)
            territory = self.parents.get(territory)
        return tuple(found)

    def team_of(self, user: RecordId | None) -> RecordId | None:
        """The team of a user."""
        person = self.users.get(user) if user else None
        return person.team if person else None

    def territory_of(self, user: RecordId | None) -> RecordId | None:
        """The territory of a user."""
        person = self.users.get(user) if user else None
        return person.territory if person else None

    def keys_of_values(self, kind: str, values: Values) -> frozenset[str]:
        """The keys of a record that is its own root: an account's, or its author's as if he owned
        one; what the account team adds is not counted.
        """
        owner = link_in(values, "owner" if kind == "account" else "created_by")
        team, territory = self.team_of(owner), self.territory_of(owner)
        if kind == "account":
            territory = link_in(values, "territory")
        return keys_of_account(owner, team, self.lineage(territory), ())

    def keys_of_account(self, values: Values, members: Iterable[RecordId]) -> frozenset[str]:
        """The keys of an account with these members of its account team."""
        owner, team, territory = (link_in(values, x) for x in ("owner", "team", "territory"))
        return keys_of_account(owner, team, self.lineage(territory), members)


def directory_of(seq: int, rows: Iterable[tuple[str, RecordId, Values]]) -> Directory:
    """The directory made of live records of its kinds."""
    users: dict[RecordId, Colleague] = {}
    leads: dict[RecordId, RecordId] = {}
    parents: dict[RecordId, RecordId] = {}
    overrides: dict[str, tuple[tuple[str, str, str], ...]] = {}
    masked: dict[str, frozenset[str]] = {}
    for kind, record_id, values in rows:
        if kind == "user":
            users[record_id] = _colleague(record_id, values)
        elif kind == "team" and values.get("lead"):
            leads[record_id] = RecordId(str(values["lead"]))
        elif kind == "territory" and values.get("parent"):
            parents[record_id] = RecordId(str(values["parent"]))
        elif kind == "role_permission":
            role = str(values.get("role"))
            of = str(values.get("entity"))
            masked[role] = masked.get(role, frozenset()) | mask_keys(of, _names(values))
            if values.get("level"):
                row = (of, str(values.get("action")), str(values.get("level")))
                overrides[role] = (*overrides.get(role, ()), row)
    rows_of_all = overrides.get(EVERYBODY, ())
    on = frozenset(x for entity, x, level in rows_of_all if (entity, level) == (POLICY, ON))
    return Directory(seq, users, leads, parents, overrides, on & SWITCHES.keys(), masked)


def _colleague(record_id: RecordId, values: Values) -> Colleague:
    team, territory = values.get("team"), values.get("territory")
    return Colleague(
        record_id,
        str(values.get("login") or ""),
        str(values.get("role") or ""),
        RecordId(str(team)) if team else None,
        RecordId(str(territory)) if territory else None,
        values.get("active") is not False,
    )


def _names(values: Values) -> Iterable[str]:
    """The fields that a permission withholds."""
    names = values.get("masked")
    return map(str, names) if isinstance(names, list) else ()


def link_in(values: Values, name: str) -> RecordId | None:
    """The one record to which a value leads."""
    value = values.get(name)
    return RecordId(value) if isinstance(value, str) and value else None
