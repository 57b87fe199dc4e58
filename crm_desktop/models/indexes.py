"""The secondary indexes of a file that was filled without them."""

from __future__ import annotations

import functools

from crm_desktop.models import created
from crm_desktop.models.connection import Connection

_START = "CREATE INDEX "


@functools.cache
def statements() -> tuple[tuple[str, str], ...]:
    """Each index's name and the statement that makes it, as `created` has them."""
    every = (one.strip() for one in created.DDL.split(";\n"))
    return tuple((one[len(_START) :].split(" ", 1)[0], one) for one in every if is_index(one))


def is_index(statement: str) -> bool:
    """Whether a statement of `created.DDL` makes an index."""
    return statement.lstrip().startswith(_START)


def next_missing(c: Connection) -> str:
    """The statement for the first index that is not there yet; "" where none is missing."""
    there = {name for (name,) in c.rows("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    return next((statement for name, statement in statements() if name not in there), "")
