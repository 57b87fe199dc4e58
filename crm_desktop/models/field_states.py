"""How single fields of a record stand: waiting here, contested, or refused by the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import inbox
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.rows import shadow_of
from crm_desktop.models.queries import Row


@dataclass(frozen=True, slots=True)
class FieldState:
    """`state`: "pending", "conflict" or "rejected". `parked`: the values that are kept beside the
    one shown, with whose they are; `code` and `params`: why the server refused."""

    state: str
    parked: tuple[tuple[Value, RecordId], ...] = ()
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict[str, str])


def field_states(c: Connection, row: Row) -> dict[str, FieldState]:
    """The fields of a record that something is to be said of, by name."""
    found: dict[str, FieldState] = {}
    if row.pending:
        found.update(_waiting(c, row))
    if row.refused:
        found.update(_refused(c, row))
    if row.conflict:
        found.update(_contested(c, row))
    return found


def _waiting(c: Connection, row: Row) -> dict[str, FieldState]:
    """Fields that differ from the server's version; a record that it does not know waits as one."""
    shadow = shadow_of(c, row.kind, row.id)
    if shadow is None or shadow.body is None:
        return {}
    empty: tuple[Value, ...] = (None, "", [])
    return {
        name: FieldState("pending")
        for name in (x.name for x in CATALOG[row.kind].editable)
        if row.values.get(name) != shadow.body.get(name)
        and not (row.values.get(name) in empty and shadow.body.get(name) in empty)
    }


def _refused(c: Connection, row: Row) -> dict[str, FieldState]:
    found: dict[str, FieldState] = {}
    for entry in inbox.stuck(c):
        if (entry.kind, entry.record) == (row.kind, row.id):
            for name, value in entry.mine.items():
                parked = ((value, RecordId("")),) if row.values.get(name) != value else ()
                found.setdefault(name, FieldState("rejected", parked, entry.code, entry.params))
    return found


def _contested(c: Connection, row: Row) -> dict[str, FieldState]:
    found: dict[str, FieldState] = {}
    groups = CATALOG[row.kind].groups
    for entry in inbox.conflicts(c):
        if (entry.kind, entry.record) != (row.kind, row.id):
            continue
        for name in groups.get(entry.field, (entry.field,)):
            parked = tuple((_member(x.value, name, entry.field), x.author) for x in entry.parked)
            found[name] = FieldState("conflict", parked)
    return found


def _member(value: Value, name: str, judged: str) -> Value:
    """Of a group's parked value the one member; a field's own value as it is."""
    return value.get(name) if name != judged and isinstance(value, dict) else value
