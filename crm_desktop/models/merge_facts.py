"""What a person looks at before two records become one, and what can still be taken apart again."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.fields import Field, Kind, Value
from crm_core.ids import RecordId
from crm_core.merging import MERGED_INTO, UNMERGE_DAYS
from crm_core.scope import any_link
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.rows import Stored, fetch_live
from crm_desktop.models.labels import titles
from crm_desktop.models.rights import May, rights_here
from crm_desktop.models.sql import blob, id_of, is_blob_link, layout, quoted

_NOT_COUNTED = frozenset(("conflict",))

EMPTY: tuple[Value, ...] = (None, "", [], {})
"""Values that say nothing."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of two records: its name and number, whose it is, when it was made (an instant, "" not
    known), how many records of each kind hang on it, and what the user may do with it."""

    record: RecordId
    title: str
    number: str
    owner: str
    created_at: str
    hanging: tuple[tuple[str, int], ...]
    may: May


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two records side by side; `values` are what each has in the fields that people decide, where
    either has something."""

    kind: str
    sides: tuple[Side, Side]
    fields: tuple[Field, ...]
    values: tuple[dict[str, Value], dict[str, Value]]

    def may_merge(self, stays: int) -> bool:
        """Whether the user may delete the one and change the other that stays (0 or 1)."""
        return self.sides[stays].may.edit and self.sides[1 - stays].may.delete

    @property
    def stays(self) -> int:
        """Which one stays unless somebody says otherwise: what the user may, then where more hangs,
        then the older one."""
        ranks = [
            (self.may_merge(n), sum(many for _, many in side.hanging))
            for n, side in enumerate(self.sides)
        ]
        if ranks[0] != ranks[1]:
            return ranks.index(max(ranks))
        return int(self.sides[1].record < self.sides[0].record)


@dataclass(frozen=True, slots=True)
class Merged:
    """A record that gave its place to another; `at` when it was merged here, "" elsewhere."""

    record: RecordId
    title: str
    at: str

    @property
    def until(self) -> str:
        """The day up to which what followed goes back along with it; "" where it is not known."""
        if not self.at:
            return ""
        return (dt.datetime.fromisoformat(self.at) + dt.timedelta(days=UNMERGE_DAYS)).isoformat()


def read_meeting(c: Connection, kind: str, one: RecordId, other: RecordId) -> Meeting:
    """Two records as they are here; raises NotFound."""
    entity = CATALOG[kind]
    rows = [fetch_live(c, kind, x) for x in (one, other)]
    rights = rights_here(c)
    first, second = (_side(c, entity, row, rights.of(kind, row.id)) for row in rows)
    fields = tuple(
        x
        for x in entity.editable
        if not x.machine and any(row.values.get(x.name) not in EMPTY for row in rows)
    )
    mine, its = ({x.name: row.values.get(x.name) for x in fields} for row in rows)
    return Meeting(kind, (first, second), fields, (mine, its))


def merged_into(c: Connection, kind: str, winner: RecordId) -> tuple[Merged, ...]:
    """The records whose place this one took, the latest first; those that came back are none."""
    field = CATALOG[kind].by_name.get(MERGED_INTO)
    if field is None:
        found = f"instr(coalesce(extra, ''), '\"{MERGED_INTO}\":\"{winner}\"') > 0"
        rows = c.rows(f"SELECT id FROM {layout(kind).table} WHERE deleted = 1 AND {found}")
    else:
        value = blob(winner) if is_blob_link(field) else winner
        rows = c.rows(
            f"SELECT id FROM {layout(kind).table} WHERE deleted = 1 AND merged_into = ?", (value,)
        )
    ids = [id_of(key) for (key,) in rows]
    named = titles(c, [(kind, x) for x in ids])
    made = [Merged(x, named.get((kind, x), ""), merged_at(c, kind, x)) for x in ids]
    return tuple(sorted(made, key=lambda x: (x.at, x.title), reverse=True))


def merged_at(c: Connection, kind: str, record: RecordId) -> str:
    """When a record was merged on this device (an instant), "" where it was elsewhere."""
    found = c.value(
        "SELECT s.at FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ?"
        " AND o.op = 'merge' AND s.state <> 'discarded' ORDER BY o.cs DESC LIMIT 1",
        (kind, blob(record)),
    )
    return found or ""


def _side(c: Connection, entity: Entity, row: Stored, may: May) -> Side:
    owner = row.values.get("owner")
    user = ("user", RecordId(owner if isinstance(owner, str) else ""))
    return Side(
        row.id, entity.name_of(row.values),
        str(row.values.get("number") or row.values.get("provisional_number") or ""),
        titles(c, [user]).get(user, "") if owner else "", str(row.values.get("created_at") or ""),
        _hanging(c, entity.kind, row.id), may,
    )  # fmt: skip


def _hanging(c: Connection, kind: str, record: RecordId) -> tuple[tuple[str, int], ...]:
    """How many records of each kind lead to one, most first."""
    found = Counter[str]()
    for below in CATALOG.values():
        fields = [x for x in below.references if _leads(x, kind)]
        if not fields or below.kind in _NOT_COUNTED:
            continue
        asked = " OR ".join(f"{quoted(x.name)} = ?" for x in fields)
        sought = [blob(record) if is_blob_link(x) else any_link(kind, record) for x in fields]
        sql = f"SELECT count(*) FROM {layout(below.kind).table} WHERE deleted = 0 AND ({asked})"
        found[below.kind] += int(c.value(sql, sought))
    return tuple((name, many) for name, many in found.most_common() if many)


def _leads(field: Field, kind: str) -> bool:
    """Whether a link of its own may lead to a record of a kind; a merged one's own is none."""
    is_one = field.kind is Kind.LINK and field.name != MERGED_INTO
    return is_one and field.link is not None and field.link.target in ("", kind)
