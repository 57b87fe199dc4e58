"""Records as the server holds them, and how their values lead to others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from crm_core.catalog import CATALOG
from crm_core.digest import version_hash
from crm_core.directory import link_in
from crm_core.entity import Entity
from crm_core.fields import Value, values_in
from crm_core.ids import RecordId
from crm_core.merge import Version
from crm_core.scope import parse_target

Key = tuple[str, RecordId]
Child = tuple[str, RecordId, str]
"""(kind, id, field) of a record that refers to another."""


UNIQUE_CHARACTERS_MAX = 200

_UNSTORED_LINKS = frozenset(("created_by", "updated_by"))

encode = msgspec.json.Encoder().encode
_decode_fv = msgspec.json.Decoder(dict[str, int]).decode


class Row(Version, frozen=True, kw_only=True, gc=False):
    """One version of a record as the server holds it; never changed, only replaced."""

    kind: str
    id: RecordId
    actor: RecordId
    device: str
    cs_id: str


class By(NamedTuple):
    """Who wrote, on which device, in which changeset, when he says he did, and as which of the
    device's changesets in the order in which they were made (0: unknown)."""

    actor: RecordId
    device: str = ""
    cs_id: str = ""
    at: str = ""
    order: int = 0

    @property
    def created(self) -> dict[str, Value]:
        """What a record says of who made it."""
        return {"created_at": self.at, "created_by": self.actor}

    @property
    def updated(self) -> dict[str, Value]:
        """What a record says of who changed it last."""
        return {"updated_at": self.at, "updated_by": self.actor}


@dataclass(frozen=True, slots=True)
class Links:
    """How an entity's values lead to others, worked out once."""

    references: frozenset[str]
    scope_fields: frozenset[str]
    unique: frozenset[str]
    followed: frozenset[str]
    """All of these: what has none of them leads nowhere."""


def _links_of(entity: Entity) -> Links:
    scope = {
        field.name
        for field in entity.references
        if field.link is not None and (field.link.root or field.link.grants)
    }
    extra = {
        "account": ("owner", "team", "territory"),
        "account_team": ("user",),
        "account_contact": ("contact",),
    }
    scope.update(extra.get(entity.kind, ()))
    scope.update((entity.shared_by,) if entity.shared_by else ())
    names = frozenset(x.name for x in entity.references) - _UNSTORED_LINKS
    unique = frozenset(x.name for x in entity.fields if x.unique)
    return Links(names, frozenset(scope), unique, names | scope | unique)


LINKS: Mapping[str, Links] = {kind: _links_of(entity) for kind, entity in CATALOG.items()}


def stored(row: Row) -> tuple[Any, ...]:
    """The columns of a row of `record`, as it is written."""
    return (
        row.id, row.kind, row.seq, msgspec.Raw(encode(row.values)), encode(row.fv).decode(),
        row.deleted, version_hash(row.kind, row.id, row.seq), row.actor, row.device, row.cs_id,
    )  # fmt: skip


RECORD = "SELECT kind,id,seq,body::varchar,fv,deleted,actor,device,cs_id FROM record"
"""What `row_of` makes a row of."""


def row_of(found: tuple[Any, ...]) -> Row:
    """A row of `record`, as `RECORD` reads it."""
    kind, record_id, seq, body, fv, deleted, actor, device, cs_id = found
    return Row(
        values_in(body), _decode_fv(fv), seq, bool(deleted),
        kind=kind, id=record_id, actor=actor, device=device, cs_id=cs_id,
    )  # fmt: skip


def targets(entity: Entity, name: str, value: Value) -> set[Key]:
    """The records to which a link field's value leads."""
    link = entity.by_name[name].link
    members = value if isinstance(value, list) else [value]
    found = (parse_target(link.target, x) for x in members) if link is not None else ()
    return {x for x in found if x is not None}


def unique_form(value: Value) -> str:
    """The form in which a unique value is compared: case and outer spaces aside.

    A long one stands for itself by its hash: PostgreSQL's index takes no more than 2,700 bytes.
    """
    form = str(value).strip().casefold() if value not in (None, "") else ""
    if len(form) <= UNIQUE_CHARACTERS_MAX:
        return form
    return f"sha256:{hashlib.sha256(form.encode()).hexdigest()}"


def either(old: Row | None, new: Row, name: str) -> set[RecordId]:
    """The record that a link named before, and the one it names now."""
    rows = (new,) if old is None else (old, new)
    return {found for row in rows if (found := link_in(row.values, name)) is not None}
