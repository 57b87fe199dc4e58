"""Entities: a dataclass whose fields are built by `crm_core.fields`, and what follows from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar, dataclass_transform

from msgspec.structs import replace
from typing_extensions import override

from crm_core import fields as f
from crm_core.fields import Authority, Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId


@dataclass(frozen=True)
class Entity:
    """What every layer knows of one kind of record."""

    kind: str
    label: str
    plural: str
    fields: tuple[Field, ...]
    record: type[Record]
    title: tuple[str, ...]
    sort: str
    number_prefix: str = ""
    scope_all: bool = False
    read_only: bool = False
    insert_only: bool = False
    part_of: str = ""
    shared_by: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields by their names."""
        return {field.name: field for field in self.fields}

    @cached_property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The members of each group of fields that is judged together."""
        found: dict[str, tuple[str, ...]] = {}
        for field in self.fields:
            if field.group:
                found[field.group] = (*found.get(field.group, ()), field.name)
        return found

    @cached_property
    def references(self) -> tuple[Field, ...]:
        """The fields that lead to other records."""
        return tuple(field for field in self.fields if field.link is not None)

    @cached_property
    def copies(self) -> Mapping[str, str]:
        """The fields that are kept for older clients alone, and those whose values they repeat."""
        return {field.name: field.copy_of for field in self.fields if field.copy_of}

    @cached_property
    def root_links(self) -> tuple[Field, ...]:
        """The links upwards along which scope is inherited."""
        return tuple(x for x in self.references if x.link is not None and x.link.root)

    @cached_property
    def state_field(self) -> Field | None:
        """The field that a state machine guards, if there is one."""
        return next((field for field in self.fields if field.machine), None)

    @cached_property
    def editable(self) -> tuple[Field, ...]:
        """The fields a person may type into."""
        typed = (x for x in self.fields if x.authority is None and x.typed_as != f.UNTYPED)
        return () if self.read_only else tuple(typed)

    def make(self, record_id: RecordId, seq: int, values: Mapping[str, Value]) -> Record:
        """The typed record for crafted screens; values of unknown fields are left out."""
        known: dict[str, Any] = {name: values.get(name) for name in self.by_name}
        return self.record(id=record_id, seq=seq, **known)

    def name_of(self, values: Mapping[str, Value]) -> str:
        """The words by which a person knows this record."""
        parts = [str(values[name]) for name in self.title if values.get(name)]
        return " · ".join(parts)


# Fields without methods: writing those anew for each of the entities takes a twentieth of a start.
@dataclass(kw_only=True, init=False, eq=False, repr=False, match_args=False)
class Record:
    """What every record has; the entities add their own fields. Never changed once made."""

    ENTITY: ClassVar[Entity]

    id: RecordId
    seq: int = 0
    created_at: str | None = f.instant(tr_noop("Created"), authority=Authority.COMPUTED)
    created_by: str | None = f.link("user", tr_noop("Created by"), authority=Authority.COMPUTED)
    updated_at: str | None = f.instant(tr_noop("Last changed"), authority=Authority.COMPUTED)
    updated_by: str | None = f.link(
        "user", tr_noop("Last changed by"), authority=Authority.COMPUTED
    )

    def __init__(self, **values: Any) -> None:
        names = type(self).__dataclass_fields__
        if "id" not in values or not names.keys() >= values.keys():
            raise TypeError(f"{type(self).__name__}({', '.join(values)})")
        vars(self).update(dict.fromkeys(names), seq=0)
        vars(self).update(values)

    @override
    def __setattr__(self, name: str, value: object) -> None:
        raise dataclasses.FrozenInstanceError(name)

    @override
    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(name)

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    @override
    def __hash__(self) -> int:
        return hash((self.id, self.seq))

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id}, seq={self.seq})"


_R = TypeVar("_R", bound=Record)


def _named_fields(record: type[Record]) -> tuple[Field, ...]:
    own: list[Field] = []
    common: list[Field] = []
    for slot in dataclasses.fields(record):
        made = slot.metadata.get("field")
        if isinstance(made, Field):
            target = common if slot.name in Record.__dataclass_fields__ else own
            target.append(replace(made, name=slot.name))
    return (*own, *common)


@dataclass_transform(
    kw_only_default=True,
    field_specifiers=(
        f.text, f.note, f.choice, f.state, f.flag, f.whole, f.decimal, f.money, f.day, f.instant,
        f.duration, f.phone, f.email, f.url, f.address_part, f.place, f.person_name, f.link,
        f.links, f.tags, f.order, f.json_custom,
    ),
)  # fmt: skip
def entity(
    kind: str, label: str, plural: str, *, title: str | tuple[str, ...], **attributes: Any
) -> Callable[[type[_R]], type[_R]]:
    """Make the decorated class a record that knows its entity.

    Attributes: sort, number_prefix, scope_all (everyone sees it), read_only (loaded by IT),
    insert_only (a log), part_of (the kind whose edit right it follows), shared_by (the flag that
    shows it to everyone; until it is set the record is its author's alone).
    """
    names = (title,) if isinstance(title, str) else title

    def register(cls: type[_R]) -> type[_R]:
        cls.__doc__ = cls.__doc__ or label  # a dataclass without one spells out its signature
        made = dataclass(kw_only=True, init=False, eq=False, repr=False, match_args=False)(cls)
        made_fields = _named_fields(made)
        attributes.setdefault("sort", names[0])
        made.ENTITY = Entity(kind, label, plural, made_fields, made, names, **attributes)
        return made

    return register


def required(entity_: Entity) -> tuple[Field, ...]:
    """The fields without which a record is not taken."""
    return tuple(field for field in entity_.fields if field.required)


def searchable(entity_: Entity) -> tuple[Field, ...]:
    """The fields found by search, heaviest first."""
    found = [field for field in entity_.fields if field.search]
    return tuple(sorted(found, key=lambda field: -field.search))


def default_of(field: Field) -> Value:
    """The value of a field that was never set."""
    return [] if field.kind in (Kind.TAGS, Kind.LINKS) else None
