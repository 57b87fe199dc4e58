"""What its author made, what then left his sight, and what a restored server knows nothing of: it
is sent again, and whoever typed it sees it meanwhile (simulator, seeds 20516 and 60038)."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, Op
from crm_core.digest import Digest
from crm_core.ids import RecordId
from crm_core.wire import Enter, Left
from crm_desktop.models import journal
from crm_desktop.models.journal import leaving
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    add,
    answer,
    clock_of,
    digest,
    digest_of,
    first_pull,
    hello,
    is_seen,
    page,
    pull,
    put,
    row,
    seen,
    states,
    take,
    value,
    verdict,
)

A = RecordId(f"{7:032x}")
ERASED = pytest.mark.parametrize("is_erased", [False, True], ids=["hidden", "erased"])


def left(store: Store, account: RecordId, *, is_erased: bool) -> None:
    """The account goes to somebody else; what lies here of it may be erased since."""
    pull(store, 95, Left((account,)))
    if is_erased:
        clock_of(store).move(hours=leaving.GRACE_HOURS + 1)
        pull(store, 96)
    assert value(store, "SELECT count(*) FROM account") == int(not is_erased)


def made_and_sent(store: Store) -> RecordId:
    """An account of one's own with an address, as a colleague renamed it."""
    account = add(store, "account", name="Alfreds")
    address = add(store, "address", account=account, city="Kassel")
    answer(store, *(verdict(one, "applied", 80 + n) for n, one in enumerate(take(store))))
    renamed = row(account, 90, name="Renamed")
    below = row(address, 81, (account,), account=account, city="Kassel")
    pull(store, 94, Enter((account,)), page("account", renamed), page("address", below))
    assert states(store) == ["confirmed", "confirmed"]
    return account


@ERASED
def test_what_left_and_was_lost_is_shown_as_typed_while_it_is_sent_again(
    store: Store, is_erased: bool
) -> None:
    account = made_and_sent(store)
    left(store, account, is_erased=is_erased)
    hello(store, "e2", restored=50)
    assert states(store) == ["queued", "queued"]
    for hi in (5000, 5001):
        assert seen(store, "account", account).values["name"] == "Alfreds"
        assert value(store, "SELECT city FROM address WHERE deleted = 0") == "Kassel"
        assert value(store, "SELECT hex(root) FROM address") == account.upper()
        assert digest(store) == Digest()
        pull(store, hi)
        clock_of(store).move(hours=leaving.GRACE_HOURS + 1)
    assert len(take(store)) == 2
    assert Outbox(store).parked().salvage == 0


@ERASED
def test_the_server_takes_what_had_left_and_it_is_in_sight_again(
    store: Store, is_erased: bool
) -> None:
    account = made_and_sent(store)
    left(store, account, is_erased=is_erased)
    hello(store, "e2", restored=50)
    pull(store, 5000)
    answer(store, *(verdict(one, "applied", 5001) for one in take(store)))
    pull(store, 5003, Enter((account,)), page("account", row(account, 5001, name="Alfreds")))
    assert is_seen(store, "account", account)
    assert digest(store) == digest_of(("account", row(account, 5001)))


@ERASED
def test_of_what_others_made_nothing_is_shown_that_the_server_does_not_show(
    store: Store, is_erased: bool
) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    put(store, "account", A, phone="5")
    answer(store, *(verdict(one, "applied", 80) for one in take(store)))
    pull(store, 94, page("account", row(A, 80, name="A", phone="5")))
    left(store, A, is_erased=is_erased)
    hello(store, "e2", restored=50)
    assert not is_seen(store, "account", A)
    pull(store, 5000, Enter((A,)), page("account", row(A, 10, name="A")))
    assert seen(store, "account", A).values["phone"] == "5"
    assert digest(store) == digest_of(("account", row(A, 10)))


def test_what_its_author_deleted_after_all_does_not_come_back_into_sight(store: Store) -> None:
    account = made_and_sent(store)
    journal.commit(store, [Change("account", account, Op.DELETE)], label="Delete")
    answer(store, *(verdict(one, "applied", 92) for one in take(store)))
    pull(store, 93, Left((account,)))
    hello(store, "e2", restored=50)
    pull(store, 5000)
    assert not is_seen(store, "account", account)


@pytest.mark.parametrize("has_left", [True, False], ids=["left before", "not named again"])
def test_what_comes_back_into_sight_is_as_the_server_has_it_though_a_newer_version_was_lost(
    store: Store, has_left: bool
) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    pull(store, 94, page("account", row(A, 90, name="Renamed")))
    pull(store, 95, *([Left((A,))] if has_left else []))
    hello(store, "e2", restored=50)
    pull(store, 5000)
    assert not is_seen(store, "account", A)
    pull(store, 5001, Enter((A,)), page("account", row(A, 10, name="A")))
    assert seen(store, "account", A).values["name"] == "A"
    assert digest(store) == digest_of(("account", row(A, 10)))
    assert value(store, "SELECT count(*) FROM hidden") == 0
