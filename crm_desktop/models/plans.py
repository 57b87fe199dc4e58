"""An account plan with everything that its page shows, read at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crm_core.buying_centre import Person
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.plan_progress import of_objective, of_plan
from crm_core.roles import Action
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.rights import EVERYTHING, May, Rights
from crm_desktop.models.sql import Where, blob

PARTS_MAX = 500
"""Entries of one kind in a plan: more than anybody reads."""

OBJECTIVE_LINK = "plan_objective/"


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective with its actions in order; `share` of it that is done, None when dropped."""

    row: Row
    actions: tuple[Row, ...]
    share: float | None


@dataclass(frozen=True, slots=True)
class Member:
    """One of the buying centre: the role, the name, and when there last was contact."""

    row: Row
    name: str
    last_contact: dt.date | None
    person: Person


@dataclass(frozen=True)
class PlanPage:
    """A plan and its parts. `items` by box, `loose` actions serve no objective, `names` of people
    by "kind/id"; `may` and `may_approve` as far as this device knows."""

    plan: Row
    account: str = ""
    grade: str = ""
    items: Mapping[str, tuple[Row, ...]] = field(default_factory=dict[str, tuple[Row, ...]])
    objectives: tuple[Objective, ...] = ()
    loose: tuple[Row, ...] = ()
    people: tuple[Member, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    may: May = EVERYTHING
    may_approve: bool = True

    @property
    def may_edit(self) -> bool:
        """Whether the user may change the plan and its parts."""
        return self.may.edit

    @property
    def share(self) -> float | None:
        """How much of the plan is done."""
        return of_plan(objective.share for objective in self.objectives)

    def number_of(self, item: Row) -> int:
        """The number, from 1, of the objective that takes an item up; 0 for none."""
        evidence = str(item.values.get("evidence") or "")
        ids = [objective.row.id for objective in self.objectives]
        wanted = evidence.removeprefix(OBJECTIVE_LINK)
        return ids.index(RecordId(wanted)) + 1 if wanted in ids else 0


def plan_page(c: Connection, plan: RecordId, *, user: RecordId, today: dt.date) -> PlanPage | None:
    """The page of a plan; None where it is not here or deleted."""
    row = queries.record(c, "plan", plan)
    if row is None or row.deleted:
        return None
    account = RecordId(str(row.values.get("account")))
    named = c.one("SELECT name, grade FROM account WHERE id = ? AND deleted <> 2", (blob(account),))
    items = defaultdict[str, list[Row]](list)
    for item in _parts(c, "plan_section_item", plan):
        items[str(item.values.get("box"))].append(item)
    objectives, loose = _objectives(c, plan)
    rights = Rights(c, user)
    return PlanPage(
        row,
        *((named[0] or "", named[1] or "") if named is not None else ("", "")),
        items={box: tuple(rows) for box, rows in items.items()},
        objectives=objectives,
        loose=loose,
        people=buying_centre(c, account, today=today),
        names=_names(c, [row, *_rows_of(objectives), *loose]),
        may=rights.of("plan", plan),
        may_approve=rights.may(Action.APPROVE, "plan", plan),
    )


def _parts(c: Connection, kind: str, plan: RecordId) -> tuple[Row, ...]:
    found = queries.page(c, kind, where=(Where("plan", "=", plan),), sort="position",
                         limit=PARTS_MAX)  # fmt: skip
    return found.rows


def _objectives(c: Connection, plan: RecordId) -> tuple[tuple[Objective, ...], tuple[Row, ...]]:
    rows = _parts(c, "plan_objective", plan)
    by_objective = defaultdict[Value, list[Row]](list)
    for action in _parts(c, "plan_action", plan):
        by_objective[str(action.values.get("objective") or "")].append(action)
    made: list[Objective] = []
    for row in rows:
        actions = by_objective.pop(row.id, [])
        states = [_text(action.values.get("status")) for action in actions]
        share = of_objective(_text(row.values.get("status")), states)
        made.append(Objective(row, tuple(actions), share))
    loose = [action for actions in by_objective.values() for action in actions]
    return tuple(made), tuple(loose)


def _rows_of(objectives: Iterable[Objective]) -> Iterable[Row]:
    for objective in objectives:
        yield objective.row
        yield from objective.actions


def _names(c: Connection, rows: Iterable[Row]) -> dict[str, str]:
    users = {str(row.values["owner"]) for row in rows if row.values.get("owner")}
    found = labels.titles(c, [("user", RecordId(user)) for user in sorted(users)])
    return {f"{kind}/{record_id}": name for (kind, record_id), name in found.items()}


def buying_centre(c: Connection, account: RecordId, *, today: dt.date) -> tuple[Member, ...]:
    """The people of an account with a part in buying, those with most influence first."""
    rows = queries.page(c, "account_contact", where=(Where("account", "=", account),),
                        limit=PARTS_MAX).rows  # fmt: skip
    contacts = [RecordId(str(row.values["contact"])) for row in rows]
    names = labels.titles(c, [("contact", contact) for contact in contacts])
    made = [
        _member(row, names.get(("contact", contact), ""), _last_contact(c, account, contact), today)
        for row, contact in zip(rows, contacts, strict=True)
    ]
    return tuple(sorted(made, key=lambda x: (-(x.person.influence or 0), x.name)))


def _last_contact(c: Connection, account: RecordId, contact: RecordId) -> dt.date | None:
    at = c.value(
        "SELECT max(at) FROM interaction WHERE account = ? AND deleted = 0 AND (contact = ? OR"
        " EXISTS (SELECT 1 FROM json_each(who_theirs) WHERE value = ?))",
        (blob(account), blob(contact), contact),
    )
    return dt.date.fromisoformat(at[:10]) if at else None


def _member(row: Row, name: str, last: dt.date | None, today: dt.date) -> Member:
    roles, values = row.values.get("buying_roles"), row.values
    influence, attitude = values.get("influence"), values.get("attitude")
    person = Person(
        frozenset(str(role) for role in roles) if isinstance(roles, list) else frozenset(),
        influence if isinstance(influence, int) else None,
        attitude if isinstance(attitude, int) else None,
        None if last is None else max((today - last).days, 0),
    )
    return Member(row, name, last, person)


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
