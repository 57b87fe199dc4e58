"""The full-text tables, which SQLAlchemy does not know, and how they are kept (ADR 34).

`find_text`: all searchable words, by trigram. `find_word`: Latin words by prefix and Chinese
characters by pairs, for what is shorter than three. `find_pinyin`: spellings and initials.
Their rowid is `rid * 256 + number of the kind`; they keep no copy of the text and no positions:
what is found is compared with the row itself.
"""

from __future__ import annotations

from crm_desktop.models.connection import Connection
from crm_desktop.models.meta import set_meta

SEARCH_TABLES = (
    "CREATE VIRTUAL TABLE find_text USING fts5("
    "words, content='', contentless_delete=1, detail='none',"
    " tokenize='trigram case_sensitive 1')",
    "CREATE VIRTUAL TABLE find_word USING fts5("
    "words, content='', contentless_delete=1, detail='none', prefix='1 2', tokenize='ascii')",
    "CREATE VIRTUAL TABLE find_pinyin USING fts5("
    "words, content='', contentless_delete=1, detail='none', prefix='1 2 3', tokenize='ascii')",
)
TABLES = ("find_text", "find_word", "find_pinyin")
KIND_BITS = 8
"""Kinds that one rowid can tell apart: 256."""

NOTHING_JOINED = 1
"""Changes that SQLite counts for an order to join segments when there was nothing to join."""

LAYOUT = "3"
"""Changes with the tables, their settings and what is written into them: an index of another
layout is thrown away and built anew."""
_LAYOUT_NAME = "search_layout"
_SWEEP = "search_sweep"

_SETTINGS = {
    # SQLite would join segments inside a person's commit, and does so for seconds at a time.
    "automerge": 0,
    # Where nobody joins them behind (the command line), a commit joins so many of a size at once:
    # at 2,000 segments of all sizes together FTS5 takes no more and calls the disk full.
    "crisismerge": 250,
    # Joined behind, so many of a size at once: each row is written twice more in a million.
    "usermerge": 16,
    # One segment for each transaction of the builder; the default makes five of it.
    "hashsize": 8 * 1024 * 1024,
    # One block fills one encrypted page.
    "pgsz": 3_900,
}


def is_current(c: Connection) -> bool:
    """Whether the index is laid out and kept as this version does it."""
    return c.value("SELECT value FROM meta WHERE name = ?", (_LAYOUT_NAME,)) == LAYOUT


def lay_out(c: Connection) -> None:
    """Empty tables, as this version keeps them; every row waits to be indexed."""
    for table, statement in zip(TABLES, SEARCH_TABLES, strict=True):
        c.run(f"DROP TABLE IF EXISTS {table}")
        c.run(statement)
    c.run("DELETE FROM search_dirty")
    c.run("UPDATE search_kind SET indexed = 0")
    settle(c)


def settle(c: Connection) -> None:
    """Note in new tables how they are to be kept."""
    for table in TABLES:
        for name, value in _SETTINGS.items():
            c.run(f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)", (name, value))
    set_meta(c, _LAYOUT_NAME, LAYOUT)


def sweep_later(c: Connection) -> None:
    """Note that what was taken out of the index must not stay in its old segments either."""
    set_meta(c, _SWEEP, "1")


def is_sweep_due(c: Connection) -> bool:
    """Whether all segments are to be written anew."""
    return c.one("SELECT 1 FROM meta WHERE name = ?", (_SWEEP,)) is not None


def begin_sweep(c: Connection, pages: int) -> None:
    """Begin to write all segments of each table into one; `join_some` goes on with that until it
    is done, and what was taken out is not written again."""
    for table in TABLES:
        c.run(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (-pages,))
    c.run("DELETE FROM meta WHERE name = ?", (_SWEEP,))


def join_some(c: Connection, table: str, pages: int) -> bool:
    """Join segments of a table by writing about so many pages; whether there were any to join."""
    before = c.raw.total_changes
    c.run(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', ?)", (pages,))
    return c.raw.total_changes - before > NOTHING_JOINED
