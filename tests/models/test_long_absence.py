"""After so long that the feed has forgotten what went, everything is received anew, in place."""

from __future__ import annotations

from crm_core.ids import RecordId
from crm_core.wire import Deleted, Enter, Hello, Mark, WireTombstone
from crm_desktop.models import search
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    add,
    answer,
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

A, B, C = (RecordId(f"{n:032x}") for n in (7, 8, 9))
T = RecordId(f"{20:032x}")


def told_to_begin_anew(store: Store, epoch: str = "e1") -> None:
    Outbox(store).begin_pull(Hello(epoch, 1, 1, 1, "", 10**6, gc_floor=500, anew=True))


def slept(store: Store) -> None:
    """Two accounts with a task are here; after the sleep the server names A alone."""
    first_pull(
        store,
        ("account", row(A, 10, name="A")),
        ("account", row(B, 11, name="B")),
        ("task", row(T, 12, (B,), title="T")),
    )


def test_what_the_server_names_no_more_goes_and_is_no_salvage(store: Store) -> None:
    slept(store)
    told_to_begin_anew(store)
    pull(store, 600, Enter((A,)), page("account", row(A, 10, name="A")))
    assert is_seen(store, "account", A)
    assert not is_seen(store, "account", B)
    assert not is_seen(store, "task", T)
    assert value(store, "SELECT count(*) FROM salvage") == 0
    assert digest(store) == digest_of(("account", row(A, 10)))


def test_what_the_feed_still_knows_as_deleted_is_deleted_here(store: Store) -> None:
    slept(store)
    told_to_begin_anew(store)
    dead = Deleted("account", (WireTombstone(B, 550),))
    pull(store, 600, Enter((A, B)), page("account", row(A, 10, name="A")), dead)
    assert seen(store, "account", B).deleted
    assert digest(store) == digest_of(("account", row(A, 10)))


def test_refused_work_on_what_went_is_kept_as_orphaned(store: Store) -> None:
    slept(store)
    put(store, "account", B, industry="typed offline")
    (sent,) = take(store)
    answer(store, verdict(sent, "rejected", 0, (0, "", "rejected", "record.not_found")))
    told_to_begin_anew(store)
    pull(store, 600, Enter((A,)), page("account", row(A, 10, name="A")))
    assert states(store) == ["orphaned"]
    assert "typed offline" in str(value(store, "SELECT mine FROM orphan"))
    assert not is_seen(store, "account", B)


def test_work_that_could_not_be_sent_yet_is_kept_as_well(store: Store) -> None:
    slept(store)
    put(store, "account", B, industry="typed offline")
    put(store, "account", A, industry="typed here")
    new = add(store, "account", name="New")
    told_to_begin_anew(store)
    pull(store, 600, Enter((A,)), page("account", row(A, 10, name="A")))
    assert states(store) == ["orphaned", "queued", "queued"]
    assert seen(store, "account", A).values["industry"] == "typed here"
    assert is_seen(store, "account", new)


def test_a_pull_cut_off_goes_on_and_forgets_nothing_of_what_it_named(store: Store) -> None:
    slept(store)
    told_to_begin_anew(store)
    Outbox(store).apply([Enter((A,)), page("account", row(A, 10, name="A"))], Mark(600, A))
    pull(store, 610, Enter((C,)), page("account", row(C, 605, name="C")))
    assert is_seen(store, "account", A)
    assert is_seen(store, "account", C)
    assert not is_seen(store, "account", B)


def test_a_pull_that_begins_again_forgets_what_the_one_before_named(store: Store) -> None:
    """Between the two it may have gone, and nobody tells of it a second time."""
    slept(store)
    told_to_begin_anew(store)
    named = (page("account", row(A, 10, name="A")), page("account", row(B, 11, name="B")))
    Outbox(store).apply([Enter((A, B)), *named], None)
    hello(store)
    pull(store, 620, Enter((A,)), page("account", row(A, 10, name="A")))
    assert is_seen(store, "account", A)
    assert not is_seen(store, "account", B)


def test_roots_that_left_meanwhile_are_held_no_more(store: Store) -> None:
    """Else what leaves later would stay below them."""
    slept(store)
    first_pull(store, ("task", row(T, 13, (A, B), title="T")))
    told_to_begin_anew(store)
    rows = (page("account", row(A, 10, name="A")), page("task", row(T, 13, (A,), title="T")))
    pull(store, 600, Enter((A,)), *rows)
    assert value(store, "SELECT count(*) FROM root") == 1


def test_lost_history_counts_more_than_sleep(store: Store) -> None:
    slept(store)
    Outbox(store).begin_pull(Hello("e2", 1, 1, 1, "", 10**6, restored_at_seq=5))
    told_to_begin_anew(store, "e2")
    pull(store, 600, Enter((A,)), page("account", row(A, 10, name="A")))
    assert value(store, "SELECT count(*) FROM salvage WHERE kind = 'account'") == 1


def test_what_went_is_found_no_more(store: Store) -> None:
    slept(store)
    told_to_begin_anew(store)
    pull(store, 600, Enter((A,)), page("account", row(A, 10, name="A")))
    with store.reader() as c:
        assert B not in {hit.id for hit in search.search(c, "B")}


def test_the_next_pull_goes_on_as_ever(store: Store) -> None:
    slept(store)
    told_to_begin_anew(store)
    pull(store, 600, Enter((A,)), page("account", row(A, 10, name="A")))
    assert Outbox(store).state().cursor == 600
    first_pull(store, ("account", row(B, 700, name="Back")), hi=710)
    assert is_seen(store, "account", B)
