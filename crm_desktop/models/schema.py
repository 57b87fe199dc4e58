"""The tables of the local store for SQLAlchemy: used to create and to migrate, never to run.

`created.py` holds the same schema as SQL text, made by `tools/check_schema.py --write`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import (
    BLOB,
    INTEGER,
    TEXT,
    Column,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.fields import Field, Kind
from crm_desktop.models.search_tables import SEARCH_TABLES
from crm_desktop.models.sql import is_blob_link

METADATA = MetaData()

COLUMN_TYPES: Mapping[Kind, type[TypeEngine[Any]]] = {
    Kind.TEXT: TEXT,
    Kind.NOTE: TEXT,
    Kind.CHOICE: TEXT,
    Kind.FLAG: INTEGER,
    Kind.WHOLE: INTEGER,
    Kind.DECIMAL: TEXT,
    Kind.MONEY: TEXT,
    Kind.DAY: TEXT,
    Kind.INSTANT: TEXT,
    Kind.DURATION: INTEGER,
    Kind.PHONE: TEXT,
    Kind.EMAIL: TEXT,
    Kind.URL: TEXT,
    Kind.ADDRESS_PART: TEXT,
    Kind.PLACE: TEXT,
    Kind.PERSON_NAME: TEXT,
    Kind.LINK: TEXT,
    Kind.LINKS: TEXT,
    Kind.TAGS: TEXT,
    Kind.ORDER: TEXT,
    Kind.JSON: TEXT,
}
"""Column type by kind of field; a link to one known kind is 16 bytes (`sql.is_blob_link`)."""

_COMPUTED_LINKS = frozenset(("created_by", "updated_by", "merged_into", "resolved_by"))
_OFFICE_LISTS = frozenset(("team", "territory", "user"))
_NOT_DELETED = text("deleted = 0")


def _column(field: Field) -> Column[Any]:
    return Column(field.name, BLOB if is_blob_link(field) else COLUMN_TYPES[field.kind])


def _entity_table(entity: Entity) -> Table:
    return Table(
        entity.kind,
        METADATA,
        Column("rid", INTEGER, primary_key=True),
        Column("id", BLOB, nullable=False),
        Column("seq", INTEGER, nullable=False, server_default="0"),
        Column("root", BLOB),
        Column("deleted", INTEGER, nullable=False, server_default="0"),
        Column("extra", TEXT),
        *(_column(field) for field in entity.fields),
        UniqueConstraint("id"),
        *_indexes(entity),
    )


def _indexes(entity: Entity) -> Iterator[Index]:
    kind = entity.kind
    if not entity.scope_all:
        # Rows that are their own root hold NULL: accounts pay nothing for this index.
        yield Index(f"{kind}_root", "root", sqlite_where=text("root IS NOT NULL"))
    sort = entity.by_name[entity.sort]
    # A list is read along this index, page by page from a key: (sort value, rid).
    collated = f'"{sort.name}" COLLATE NOCASE' if sort.kind in _WORDS else f'"{sort.name}"'
    yield Index(f"{kind}_sorted", text(collated), text("rid"), sqlite_where=_NOT_DELETED)
    for field in entity.fields:
        if field.name != entity.sort and _is_looked_up(entity, field):
            filled = text(f'"{field.name}" IS NOT NULL')
            more = _READ_ALONG.get((kind, field.name), ())
            yield Index(f"{kind}_{field.name}", field.name, *more, sqlite_where=filled)


_WORDS = frozenset((Kind.TEXT, Kind.PERSON_NAME, Kind.ADDRESS_PART))


_READ_ALONG: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("order", "account"): ("deleted", "ordered_on", "total"),
    ("visit", "account"): ("deleted", "state", "type", "planned_start", "actual_start"),
}
"""What the accounts list adds up for 200 rows at once is read from the index alone: the rows of
each account lie scattered over the whole file."""


def _is_looked_up(entity: Entity, field: Field) -> bool:
    if field.unique is not None or field.name == "ext_id":
        return True
    link = field.link
    if link is None or field.kind is not Kind.LINK or field.name in _COMPUTED_LINKS:
        return False
    if link.target in _OFFICE_LISTS:
        return not entity.scope_all and (link.grants or field.name == "owner")
    return True


def _side(name: str, *columns: Column[Any], with_rowid: bool = True) -> Table:
    return Table(name, METADATA, *columns, sqlite_with_rowid=with_rowid)


def _text(name: str, *, key: bool = False, needed: bool = False) -> Column[str]:
    return Column(name, TEXT, primary_key=key, nullable=not (needed or key))


def _whole(name: str, *, key: bool = False, default: str | None = "0") -> Column[int]:
    given = None if key else default
    return Column(name, INTEGER, primary_key=key, nullable=given is None, server_default=given)


def _blob(name: str, *, key: bool = False, needed: bool = False) -> Column[bytes]:
    return Column(name, BLOB, primary_key=key, nullable=not (needed or key))


def _side_tables() -> None:
    _side("meta", _text("name", key=True), _text("value"), with_rowid=False)
    _side(
        "sync_state", Column("one", INTEGER, primary_key=True),
        Column("epoch", TEXT, nullable=False, server_default=""),
        _whole("cursor"), Column("resume", TEXT, nullable=False, server_default=""),
        _whole("resume_hi"), _whole("pull_open"), _whole("scope_gen"),
        Column("verified_at", TEXT, nullable=False, server_default=""),
        _whole("verified_cursor"), _whole("seq_known"),
        _whole("schema"), _whole("reconcile"), _whole("count"), _whole("total"),
    )  # fmt: skip
    changeset = Table(
        "changeset", METADATA, Column("n", INTEGER, primary_key=True), _blob("id", needed=True),
        _text("batch"), _whole("batch_n"), _text("label", needed=True), _text("at", needed=True),
        _blob("author", needed=True), _text("device", needed=True), _whole("schema"),
        _whole("scope_gen"), _whole("atomic"), _text("state", needed=True), _whole("ack_seq"),
        _whole("bytes"), _text("confirmed_at"), _text("undoes"), _whole("undone"),
        _text("verdict"), _whole("seen", default=None), UniqueConstraint("id"),
    )  # fmt: skip
    Index("changeset_open", changeset.c.state, sqlite_where=text("state <> 'confirmed'"))
    Index("changeset_batch", changeset.c.batch, sqlite_where=text("batch IS NOT NULL"))
    op = Table(
        "op", METADATA, Column("rid", INTEGER, primary_key=True), _whole("cs"), _whole("i"),
        _text("kind", needed=True), _blob("id", needed=True), _text("op", needed=True),
        _text("new", needed=True), _text("old", needed=True), _text("local"), _whole("base_seq"),
        _text("after"), _text("parked"), _text("refused"),
    )  # fmt: skip
    Index("op_changeset", op.c.cs, op.c.i)
    Index("op_record", op.c.kind, op.c.id)
    Index("op_refused", op.c.cs, sqlite_where=text("refused IS NOT NULL"))
    _record_tables()


def _record_tables() -> None:
    def record_key() -> tuple[Column[str], Column[bytes]]:
        return _text("kind", key=True), _blob("id", key=True)

    _side("shadow", *record_key(), _whole("seq"), _whole("deleted"), _text("body"),
          with_rowid=False)  # fmt: skip
    _side("visited", *record_key(), with_rowid=False)
    _side("root", _blob("id", key=True), with_rowid=False)
    extra = _side("extra_root", *record_key(), _blob("root", key=True), with_rowid=False)
    Index("extra_root_root", extra.c.root)
    _side("hidden", *record_key(), _text("at", needed=True), with_rowid=False)
    _side("quarantine", *record_key(), _whole("seq"), _text("item", needed=True),
          _text("reason", needed=True), _text("at", needed=True), _whole("tries"))  # fmt: skip
    _side("orphan", Column("n", INTEGER, primary_key=True), _whole("cs"),
          _text("kind", needed=True), _blob("id", needed=True), _text("title", needed=True),
          _text("base"), _text("mine"), _text("at", needed=True))  # fmt: skip
    _side("salvage", Column("n", INTEGER, primary_key=True), _text("kind", needed=True),
          _blob("id", needed=True), _whole("seq"), _text("title", needed=True), _text("body"),
          _text("at", needed=True))  # fmt: skip
    _side("stub", *record_key(), _text("label", needed=True), with_rowid=False)
    _side("unknown_kind", *record_key(), _whole("seq"), _text("roots"), _text("body"))
    _side("draft", _text("kind", key=True), _text("id", key=True), _text("body", needed=True),
          _text("at", needed=True))  # fmt: skip
    file = _side(
        "file", _blob("hash", key=True), _whole("size"), _text("state", needed=True),
        _whole("done"), _whole("mine"), _text("code"), _text("params"), _whole("tries"),
        _text("retry_at"), _text("at", needed=True), with_rowid=False,
    )  # fmt: skip
    Index("file_unsent", file.c.state, sqlite_where=text("mine = 1 AND state <> 'sent'"))
    _side("pinned", _blob("id", key=True), _text("at", needed=True), with_rowid=False)
    _side("reminded", *record_key(), _text("mark", key=True), _text("until"),
          _text("at", needed=True), with_rowid=False)  # fmt: skip
    _side("search_kind", _text("kind", key=True), _whole("n"), _whole("indexed"))
    _side("search_dirty", _text("kind", key=True), Column("rid", INTEGER, primary_key=True),
          with_rowid=False)  # fmt: skip


for _entity in CATALOG.values():
    _entity_table(_entity)
_side_tables()


def ddl() -> str:
    """The SQL that creates an empty store of today's schema, version and search tables aside."""
    dialect = sqlite.dialect()
    statements: list[str] = []
    for table in METADATA.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        statements.extend(
            str(CreateIndex(index).compile(dialect=dialect)).strip()
            for index in sorted(table.indexes, key=lambda index: str(index.name))
        )
    return ";\n".join([*statements, *SEARCH_TABLES]) + ";\n"
