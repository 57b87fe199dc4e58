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


def test_every_index_is_known_by_its_name_and_statement() -> None:
    found = dict(indexes.statements())
    assert len(found) == created.DDL.count("CREATE INDEX ")
    assert all(
        statement.startswith(f"CREATE INDEX {name} ON ") for name, statement in found.items()
    )


def test_what_sorts_and_keys_of_others_wait_until_all_rows_are_here() -> None:
    later = {name for name, statement in indexes.statements() if indexes.is_for_later(statement)}
    assert {"account_sorted", "account_ext_id", "account_uscc", "order_line_product"} < later
    assert later.isdisjoint({"account_owner", "contact_root", "visit_account"})
