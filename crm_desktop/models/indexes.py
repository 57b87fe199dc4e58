"""The secondary indexes of a file that was filled without them."""

from __future__ import annotations

import functools

from crm_desktop.models import created
from crm_desktop.models.connection import Connection

_START = "CREATE INDEX "

_IN_NO_ORDER = ("_sorted", "_ext_id", "_uscc", "_code", "_login", "_product", "_record")
"""How indexes end whose keys come in no order: kept up while rows arrive, each row would change a
page of its own, so they are made afterwards, by a look at all rows for each. The others begin with
links to roots, owners and the like; rows come root by root, and those grow at a few places."""


@functools.cache
def statements() -> tuple[tuple[str, str], ...]:
    """Each index's name and the statement that makes it, as `created` has them."""
    every = (one.strip() for one in created.DDL.split(";\n"))
    return tuple((_name(one), one) for one in every if is_index(one))


def is_index(statement: str) -> bool:
    """Whether a statement of `created.DDL` makes an index."""
    return statement.lstrip().startswith(_START)


def is_for_later(statement: str) -> bool:
    """Whether a statement of `created.DDL` makes an index that a file to be filled at once is
    better without until it is full."""
    return is_index(statement) and _name(statement).endswith(_IN_NO_ORDER)


def _name(statement: str) -> str:
    return statement.lstrip()[len(_START) :].split(" ", 1)[0]


def missing(c: Connection) -> list[str]:
    """The statements for the indexes that are not there yet, in the order to make them in."""
    there = {name for (name,) in c.rows("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    return [statement for name, statement in statements() if name not in there]
