"""What the palette shows: accounts, people, then the rest, each with what tells it apart."""

from __future__ import annotations

import pytest

from crm_core.ids import RecordId
from crm_desktop.models import finding, search
from crm_desktop.models.finding import Found, Group
from crm_desktop.models.store import Store
from tests.models.support import add


def ask(store: Store, typed: str) -> tuple[Group, ...]:
    search.build(store)
    with store.reader() as c:
        return finding.groups(c, typed)


@pytest.fixture
def zeng(store: Store) -> RecordId:
    """杭州曾氏 with a buyer and a task."""
    account = add(store, "account", name="杭州曾氏精密机械有限公司")
    add(store, "address", account=account, city="Hangzhou")
    contact = add(store, "contact", full_name="曾国强", title="Buyer", mobile="139 0592 4417")
    add(store, "account_contact", account=account, contact=contact)
    add(store, "task", title="Call Zeng", account=account)
    return account


def test_accounts_come_first_then_people_then_the_rest(store: Store, zeng: RecordId) -> None:
    assert [group.kind for group in ask(store, "zeng")] == ["account", "contact", "task"]


def test_an_account_is_told_apart_by_its_town(store: Store, zeng: RecordId) -> None:
    found = ask(store, "zeng")[0].records[0]
    assert (found.id, found.detail, found.spot.reading) == (zeng, ("Hangzhou",), "zēng")


def test_a_person_is_told_apart_by_work_company_and_number(store: Store, zeng: RecordId) -> None:
    found = ask(store, "zeng")[1].records[0]
    assert found.detail == ("Buyer", "杭州曾氏精密机械有限公司")
    assert found.right == "139 0592 4417"
    assert found.account == zeng


def test_what_was_found_by_another_field_says_by_which(store: Store, zeng: RecordId) -> None:
    found = ask(store, "139 0592")[0].records[0]
    assert (found.title, found.field, found.right) == ("曾国强", "Mobile", "139 0592 4417")


def test_a_group_shows_the_best_and_counts_them_all(store: Store) -> None:
    for n in range(finding.SHOWN["account"] + 1):
        add(store, "account", name=f"Kiste {n}")
    group = ask(store, "kiste")[0]
    assert len(group.records) == finding.SHOWN["account"]
    assert group.total == finding.SHOWN["account"] + 1


def test_records_opened_before_come_in_their_order_without_those_that_are_gone(
    store: Store, zeng: RecordId
) -> None:
    refs = [("account", RecordId("f" * 32)), ("account", zeng)]
    with store.reader() as c:
        found: tuple[Found, ...] = finding.records(c, refs)
    assert [x.id for x in found] == [zeng]
