"""What a view of a list is: its columns, conditions and order; as it is kept in a saved view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from crm_core.entity import Entity
from crm_core.fields import Value
from crm_desktop.models.sql import Operator, Where
from crm_desktop.views.kit.filtering import is_possible, resolved
from crm_desktop.views.kit.listing import Listing


class ViewSpec(msgspec.Struct, frozen=True):
    """A view: `columns` by name (none: the usual ones), what is listed and in which order."""

    columns: tuple[str, ...] = ()
    where: tuple[Where, ...] = ()
    search: str = ""
    sort: str = ""
    descending: bool = False

    def listing(self, entity: Entity, me: str) -> Listing:
        """What the list reads for whoever looks."""
        where = tuple(resolved(x, me) for x in self.where)
        return Listing(entity.kind, where, self.search, self.sort or None, self.descending)


class SavedView(msgspec.Struct, frozen=True):
    """A view that somebody kept. `mine`: this user may change it; `partial`: it says more than
    this version understands."""

    id: str
    name: str
    spec: ViewSpec
    shared: bool = False
    mine: bool = True
    partial: bool = False


def spec_of(entity: Entity, values: Mapping[str, Value]) -> tuple[ViewSpec, bool]:
    """The view that a record of `saved_view` describes, and whether all of it was understood."""
    kept = values.get("filter")
    filters = kept if isinstance(kept, dict) else {}
    search = filters.get("search")
    entries = filters.get("all")
    asked = entries if isinstance(entries, list) else []
    where = [x for entry in asked if (x := _condition(entity, entry)) is not None]
    sort = str(values.get("sort") or "")
    name = sort.removeprefix("-")
    columns = tuple(x for x in str(values.get("columns") or "").split(",") if x)
    spec = ViewSpec(
        columns, tuple(where), search if isinstance(search, str) else "",
        name if name in entity.by_name else "", sort.startswith("-"),
    )  # fmt: skip
    return spec, len(where) == len(asked)


def values_of(spec: ViewSpec) -> dict[str, Value]:
    """What a saved view keeps of a view."""
    entries: list[Value] = [{"field": x.field, "op": x.op, "value": x.value} for x in spec.where]
    kept: dict[str, Value] = {}
    if entries:
        kept["all"] = entries
    if spec.search:
        kept["search"] = spec.search
    sort = f"-{spec.sort}" if spec.sort and spec.descending else spec.sort
    return {"columns": ",".join(spec.columns) or None, "filter": kept or None, "sort": sort or None}


def _condition(entity: Entity, entry: Value) -> Where | None:
    if not isinstance(entry, dict):
        return None
    field = entity.by_name.get(str(entry.get("field")))
    op = str(entry.get("op"))
    if field is None or not is_possible(field, op):
        return None
    return Where(field.name, cast("Operator", op), entry.get("value"))
