"""Every write to the local store goes through `models.journal.commit(changeset)`."""

import re
from collections.abc import Iterator

from crm_core.catalog import CATALOG
from tests.house_rules.source import Source, sources

STORE = "crm_desktop/models"
DOOR = f"{STORE}/journal"
MIGRATIONS = f"{STORE}/migrations"

WRITE = re.compile(
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)"
    r"\s+[\"'`\[]?(\w+|\{)",
)
SQLALCHEMY_WRITES = re.compile(r"sqlalchemy\b.*\.(insert|update|delete)")


def test_only_the_store_writes_sql() -> None:
    """Outside models/ build a ChangeSet, or call a function of models/ that keeps your state."""
    found = [
        where
        for source in sources("crm_desktop")
        if not source.is_in(STORE)
        for where in (*sql_writes(source), *imported_writes(source))
    ]
    assert not found


def test_only_the_journal_writes_entity_tables() -> None:
    """Inside models/, search and settings write their own tables, never a record's."""
    kinds = entity_tables()
    found = [
        where
        for source in sources("crm_desktop")
        if source.is_in(STORE) and not source.is_in(MIGRATIONS) and not is_door(source)
        for where in sql_writes(source, only=kinds)
    ]
    assert not found


def test_migrations_are_frozen() -> None:
    """A migration that imports live code changes its meaning with it."""
    found = [
        source.at(node)
        for source in sources("crm_desktop", "crm_server")
        if "/versions/" in source.name
        for name, node in source.imports()
        if name.startswith(("crm_core", "crm_desktop", "crm_server"))
    ]
    assert not found


def is_door(source: Source) -> bool:
    return source.name.startswith(DOOR)


def sql_writes(source: Source, only: frozenset[str] | None = None) -> Iterator[str]:
    for string in source.strings():
        for match in WRITE.finditer(str(string.value)):
            if only is None or match[1] in only:
                yield f"{source.at(string)} {match[0]}"


def imported_writes(source: Source) -> Iterator[str]:
    for name, node in source.imports():
        if SQLALCHEMY_WRITES.fullmatch(name):
            yield f"{source.at(node)} {name}"


def entity_tables() -> frozenset[str]:
    """The names of the catalog's entities, which are the names of their tables."""
    return frozenset(CATALOG)
