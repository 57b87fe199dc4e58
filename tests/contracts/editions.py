"""Versions of the product that do not exist yet: today's code with a larger catalog.

Schema 2 adds a field, a kind and a code to a choice; schema 3 renames a field (add and copy);
schema 4 adds nothing and leaves the first one behind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from crm_core.catalog import BEHIND_MAX, CATALOG, SCHEMA
from crm_core.conversion import STEPS, Step, renamed
from crm_core.entity import Entity, Record, entity
from crm_core.fields import Authority, Choice, Field, Policy, link, phone, text
from crm_desktop.models import created, queries, search_index, sql
from crm_desktop.models.journal import differing
from crm_desktop.models.migrations import migrate
from crm_server import rows

TODAY, NEXT, RENAMED, LATER = (SCHEMA + n for n in range(4))
_STORE = created.VERSION

_KINDS: Mapping[str, Entity] = dict(CATALOG)
_CACHES = (sql.layout, differing._found_by, queries._readers, search_index.indexed_of)


@entity("gift", "Gift", "Gifts", title="title", part_of="account")
class Gift(Record):
    """Something given to a customer."""

    title: str | None = text("Title", required=True, search=5)
    account: str | None = link("account", "Account", root=True)


def _field(name: str, made: Any) -> Field:
    return msgspec.structs.replace(made.metadata["field"], name=name)


def _with(kind: str, change: Callable[[Field], Field], *more: Field) -> Entity:
    known = _KINDS[kind]
    fields = (*(change(field) for field in known.fields), *more)
    return Entity(
        known.kind, known.label, known.plural, fields, known.record, known.title, known.sort,
        known.number_prefix, known.scope_all, known.read_only, known.insert_only, known.part_of,
        known.shared_by,
    )  # fmt: skip


def _as_it_is(field: Field) -> Field:
    return field


def _may_burn(field: Field) -> Field:
    if field.name != "priority":
        return field
    return msgspec.structs.replace(field, choices=(*field.choices, Choice("burning", "Burning")))


def _phone_is_a_copy(field: Field) -> Field:
    if field.name != "phone":
        return field
    return msgspec.structs.replace(
        field, copy_of="telephone", authority=Authority.COMPUTED, policy=Policy.SERVER
    )


def kinds_of(schema: int) -> Mapping[str, Entity]:
    """The catalog of a version."""
    if schema == TODAY:
        return _KINDS
    nickname, telephone = _field("nickname", text("Nickname")), _field("telephone", phone("T"))
    if schema == NEXT:
        account = _with("account", _as_it_is, nickname)
    else:
        account = _with("account", _phone_is_a_copy, nickname, telephone)
    task = _with("task", _may_burn)
    return {**_KINDS, "account": account, "task": task, "gift": Gift.ENTITY}


_RENAMES = {NEXT: (renamed("account", "phone", "telephone"),)}


class Migration:
    """A migration of the client's store to a version to come."""

    def __init__(self, schema: int) -> None:
        self.revision = f"{_STORE + schema - TODAY:04}"
        self.module = self
        self._schema = schema

    def upgrade(self) -> None:
        from alembic import op

        if self._schema == NEXT:
            op.execute("ALTER TABLE account ADD COLUMN nickname TEXT")
            op.execute(
                "CREATE TABLE gift (rid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
                " seq INTEGER NOT NULL DEFAULT 0, root BLOB, deleted INTEGER NOT NULL DEFAULT 0,"
                " extra TEXT, title TEXT, account BLOB, created_at TEXT, created_by BLOB,"
                " updated_at TEXT, updated_by BLOB)"
            )
        if self._schema == RENAMED:
            op.execute("ALTER TABLE account ADD COLUMN telephone TEXT")
            op.execute("UPDATE account SET telephone = phone")


_RELEASED = migrate.steps
_schema = [TODAY]


@contextmanager
def running(schema: int) -> Iterator[None]:
    """Everything inside is done by this version of the product."""
    before = _Version(dict(CATALOG), dict(STEPS), _schema[0])
    _become(_Version(dict(kinds_of(schema)), dict(_RENAMES) if schema > NEXT else {}, schema))
    try:
        yield
    finally:
        _become(before)


class _Version(msgspec.Struct):
    kinds: dict[str, Entity]
    steps: dict[int, tuple[Step, ...]]
    schema: int


def _become(version: _Version) -> None:
    _refill(CATALOG, version.kinds)
    _refill(STEPS, version.steps)
    _refill(rows.LINKS, {x: rows._links_of(made) for x, made in version.kinds.items()})
    numbers = {
        "SCHEMA": version.schema,
        "OLDEST_SCHEMA": max(1, version.schema - BEHIND_MAX),
    }
    for name, module in list(sys.modules.items()):
        if name.startswith(("crm_core.", "crm_server.", "crm_desktop.")):
            for constant, value in numbers.items():
                if constant in vars(module):
                    setattr(module, constant, value)
    _schema[0] = version.schema
    created.VERSION = _STORE + version.schema - TODAY
    migrate.steps = lambda: [*_RELEASED(), *(Migration(n) for n in range(NEXT, version.schema + 1))]  # type: ignore[assignment,list-item]
    for cached in _CACHES:
        cached.cache_clear()


def _refill(target: Any, content: Mapping[Any, Any]) -> None:
    target.clear()
    target.update(content)
