"""What is carried over into a file that takes another's place, and what is not."""

from __future__ import annotations

import re

from crm_core.catalog import CATALOG
from crm_desktop.models import created, indexes
from crm_desktop.models.journal.carrying import CARRIED, FETCHED

TABLE = re.compile(r"CREATE (?:VIRTUAL )?TABLE \"?(\w+)\"?")


def test_every_table_is_either_carried_over_or_fetched_and_says_why() -> None:
    tables = set(TABLE.findall(created.DDL))
    assert set(CARRIED).isdisjoint(FETCHED)
    assert tables - set(CATALOG) == set(CARRIED) | set(FETCHED)
    assert all({**CARRIED, **FETCHED}.values())


def test_the_indexes_left_for_later_are_all_of_them() -> None:
    found = dict(indexes.statements())
    assert len(found) == created.DDL.count("CREATE INDEX ")
    assert all(
        statement.startswith(f"CREATE INDEX {name} ON ") for name, statement in found.items()
    )
