"""A pull that brought nothing: little is asked and nothing is waited for, and yet nothing is left
lying that a pull's end settles."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm_core.ids import RecordId
from crm_core.wire import Gone
from crm_desktop.models.journal import leaving
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.sql import blob
from crm_desktop.models.store import Store
from tests.models.support import (
    answer,
    clock_of,
    digest_of,
    first_pull,
    hello,
    page,
    pull,
    put,
    row,
    states,
    take,
    value,
    verdict,
)
from tests.models.test_quarantine import poisoned, tries

A, B = RecordId(f"{1:032x}"), RecordId(f"{2:032x}")
OURS = row(A, 10, name="A")
HELD = digest_of(("account", OURS))
HI = 100


@pytest.fixture
def still(store: Store) -> Store:
    """A store to which a pull has brought everything, as both sides agree."""
    first_pull(store, ("account", OURS), hi=HI)
    assert pull(store, HI, held=HELD).verified
    return store


def test_where_nothing_is_new_one_statement_proves_it(still: Store) -> None:
    asked: list[str] = []
    still.write.raw.set_trace_callback(asked.append)
    assert pull(still, HI, held=HELD).verified
    still.write.raw.set_trace_callback(None)
    begin, proof, commit = asked
    assert (begin, proof.split()[0], commit) == ("BEGIN IMMEDIATE", "UPDATE", "COMMIT")


def test_that_nothing_is_new_is_proved_anew_each_time(still: Store) -> None:
    clock_of(still).move(minutes=5)
    assert pull(still, HI, held=HELD).verified
    assert Outbox(still).state().verified_at == "2026-11-22T08:05:00Z"


def test_a_proof_within_the_same_second_writes_nothing(still: Store) -> None:
    log = still.path.with_name(f"{still.path.name}-wal")
    before = log.read_bytes()
    assert pull(still, HI, held=HELD).verified
    assert log.read_bytes() == before


def confirm(store: Store) -> None:
    """A push was answered anew, of which the feed has shown the effect long since."""
    put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "duplicate", HI - 1))


def hide(store: Store) -> None:
    """A record left sight, and both sides agree without it."""
    pull(store, HI, page("account", row(B, 20, name="B")), Gone("account", (B,)), held=HELD)
    clock_of(store).move(hours=leaving.GRACE_HOURS + 1)


def poison(store: Store) -> None:
    """A row could not be taken, and its time has come."""
    both = HELD + digest_of(("account", poisoned(7)))
    assert pull(store, HI, page("account", poisoned(7)), held=both).verified
    store.write.run("UPDATE sync_state SET count = ?, total = ?", (HELD.count, HELD.total))
    clock_of(store).move(hours=2)


def give_up(store: Store) -> None:
    """The work that kept the name of a parent out of sight was given up."""
    store.write.run("INSERT INTO stub (kind, id, label) VALUES ('account', ?, 'B')", (blob(B),))


def start_over(store: Store) -> None:
    """Everything is to be fetched again."""
    Outbox(store).fetch_anew()


@pytest.mark.parametrize(
    ("disturbed", "settled"),
    [
        (confirm, lambda store: states(store) == ["confirmed"]),
        (hide, lambda store: value(store, "SELECT count(*) FROM hidden") == 0),
        (poison, lambda store: tries(store) == [1]),
        (give_up, lambda store: value(store, "SELECT count(*) FROM stub") == 0),
        (hello, lambda store: not Outbox(store).state().pull_open),
        (start_over, lambda store: Outbox(store).state().cursor == HI),
    ],
)
def test_what_the_end_of_a_pull_settles_is_settled_where_nothing_is_new(
    still: Store, disturbed: Callable[[Store], None], settled: Callable[[Store], bool]
) -> None:
    disturbed(still)
    assert not settled(still)
    pull(still, HI, held=HELD)
    assert settled(still)


@pytest.mark.parametrize("damage", ["count = count + 1", "total = total + 1"])
def test_a_difference_shows_where_nothing_is_new(still: Store, damage: str) -> None:
    still.write.run(f"UPDATE sync_state SET {damage}")
    assert not pull(still, HI, held=HELD).verified
    assert Outbox(still).state().verified_cursor == -1
    assert not pull(still, HI, held=HELD).verified


def test_what_differed_once_is_proved_again_by_the_whole_end_of_a_pull(still: Store) -> None:
    still.write.run("UPDATE sync_state SET verified_cursor = -1")
    assert pull(still, HI, held=HELD).verified
    assert Outbox(still).state().verified_cursor == HI
