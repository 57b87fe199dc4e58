"""Decisions of a person about conflicts: the field and the conflict change in one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, members_of
from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Kind, Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.merge import DELETED
from crm_core.problems import PROBLEMS
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import rows
from crm_desktop.models.journal.local import Intention, write_changeset
from crm_desktop.models.journal.rows import Stored
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store


def resolve(store: Store, conflict_id: RecordId, value: Value, *, label: str = "") -> Summary:
    """Settle a conflict: one atomic changeset of the field and `open → resolved`.

    `value` is the field's value; for a group a dict of its members; for the field "deleted" True
    (delete), False (keep or restore) or a dict (restore with these values).
    """
    return resolve_all(store, [(conflict_id, value)], label=label)


def resolve_all(
    store: Store, decisions: Sequence[tuple[RecordId, Value]], *, label: str = ""
) -> Summary:
    """Settle several conflicts as one step of the user: all of them or, where one raises, none.

    Each stays an atomic changeset of its own, so that the server judges it alone; Undo takes back
    all of them.
    """
    summary = Summary()
    batch = str(store.new_id()) if len(decisions) > 1 else ""
    with store.writing() as c:
        for n, (conflict_id, value) in enumerate(decisions):
            conflict = _open_conflict(c, conflict_id)
            changes = [*_decision(c, conflict, value), _closing(conflict, value)]
            words = label or tr("Resolve conflict")
            intention = Intention(words, batch, n, atomic=True, resolving=True)
            summary |= write_changeset(c, store, changes, intention)
    return summary


def _open_conflict(c: Connection, conflict_id: RecordId) -> Stored:
    conflict = rows.fetch(c, "conflict", conflict_id)
    if conflict is None or not conflict.is_live:
        raise NotFound(tr_noop("There is no conflict {id} here."), id=conflict_id[:60])
    if conflict.values.get("state") == "resolved":
        raise UserProblem(PROBLEMS["conflict.closed"])
    return conflict


def _closing(conflict: Stored, value: Value) -> Change:
    return Change(
        "conflict", conflict.id, Op.SET, {"state": "resolved", "resolution": value},
        {"state": "open", "resolution": conflict.values.get("resolution")}, conflict.seq,
    )  # fmt: skip


def _decision(c: Connection, conflict: Stored, value: Value) -> list[Change]:
    kind, _, record = str(conflict.values.get("record") or "").partition("/")
    field = str(conflict.values.get("field") or "")
    row = rows.fetch(c, kind, RecordId(record)) if kind in CATALOG else None
    if row is None:
        raise NotFound(tr_noop("The record of this conflict is not here."))
    if field == DELETED:
        return _decision_on_deletion(c, kind, row, value)
    new = _new_values(kind, field, value)
    old = {name: row.values.get(name) for name in new}
    state = CATALOG[kind].state_field
    if state is not None and state.name == field and new == old:
        # The state reached stands; no arrow leads from it to itself.
        return []
    return [Change(kind, row.id, Op.SET, new, old, row.seq)]


def _new_values(kind: str, field: str, value: Value) -> dict[str, Value]:
    members = CATALOG[kind].groups.get(field)
    if members is None:
        return {field: value}
    if not isinstance(value, dict):
        raise UserProblem(
            tr_noop("'{field}' is decided as a whole: give {members}."),
            field=field, members=", ".join(members),
        )  # fmt: skip
    return {member: value.get(member) for member in members}


def _decision_on_deletion(c: Connection, kind: str, row: Stored, value: Value) -> list[Change]:
    if value is True:
        return [Change(kind, row.id, Op.DELETE, base_seq=row.seq)] if row.is_live else []
    new = value if isinstance(value, dict) else {}
    old = _seen(c, kind, row, new)
    if not row.is_live:
        return [Change(kind, row.id, Op.RESTORE, new, old, row.seq)]
    return [Change(kind, row.id, Op.SET, new, old, row.seq)] if new else []


def _seen(c: Connection, kind: str, row: Stored, decided: Mapping[str, Value]) -> dict[str, Value]:
    """What its author saw in the fields that a decision gives back. Of a set, own work that is laid
    on the server's version may itself lie in the question: only what both hold is there already,
    and what either holds can go."""
    version, by_name = rows.server_version(c, kind, row.id), CATALOG[kind].by_name
    held = version.body if version is not None and version.body is not None else row.values
    seen = {name: row.values.get(name) for name in decided}
    for name in decided:
        if name in by_name and by_name[name].kind in (Kind.TAGS, Kind.LINKS):
            wanted, shown = members_of(decided[name]), members_of(seen[name])
            there = members_of(held.get(name))
            seen[name] = [*sorted((shown & there) | ((shown | there) - wanted))]
    return seen
