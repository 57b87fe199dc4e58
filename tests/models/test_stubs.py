"""Labels of parents out of sight: they come, follow, and go with what hangs below."""

from __future__ import annotations

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_core.wire import STUBS_ALL, STUBS_NEW, Deleted, Enter, Hello, Left, Stubs, WireTombstone
from crm_desktop.models import journal, search
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    ME,
    answer,
    delete,
    hello,
    page,
    pull,
    put,
    row,
    take,
    verdict,
)

A, B, T = (RecordId(f"{n:032x}") for n in (7, 8, 20))


def labels(store: Store) -> dict[RecordId, str]:
    with store.reader() as c:
        return {RecordId(key.hex()): label for key, label in c.rows("SELECT id, label FROM stub")}


def granted(store: Store, account: RecordId = A) -> None:
    """A task that names me, below an account out of sight."""
    task = page("task", row(T, 10, (ME,), title="Call", account=account, assignee=ME))
    told = (Stubs("", {}, whole=True), Stubs("account", {account: "Alfreds"}))
    pull(store, 50, Enter((ME,)), task, *told)


def test_a_label_is_kept_and_all_are_asked_for_but_once(store: Store) -> None:
    hello(store)
    assert Outbox(store).state().stubs == STUBS_ALL
    granted(store)
    assert labels(store) == {A: "Alfreds"}
    assert Outbox(store).state().stubs == STUBS_NEW


def test_a_pull_cut_off_asks_for_all_again(store: Store) -> None:
    hello(store)
    Outbox(store).apply([Stubs("", {}, whole=True)], None)
    assert Outbox(store).state().stubs == STUBS_ALL


def test_a_server_that_knows_no_labels_is_asked_again(store: Store) -> None:
    pull(store, 50, Enter((A,)), page("account", row(A, 10, name="A")))
    assert Outbox(store).state().stubs == STUBS_ALL


def test_a_renamed_parent_is_called_by_its_new_name(store: Store) -> None:
    granted(store)
    pull(store, 60, Stubs("account", {A: "Futterkiste"}))
    assert labels(store) == {A: "Futterkiste"}


def test_a_deleted_parent_has_no_label(store: Store) -> None:
    granted(store)
    pull(store, 60, Stubs("account", {A: ""}))
    assert labels(store) == {}


def test_the_label_goes_when_the_child_leaves(store: Store) -> None:
    granted(store)
    pull(store, 60, Left((ME,)))
    assert labels(store) == {}


def test_the_label_goes_when_the_child_is_deleted(store: Store) -> None:
    granted(store)
    pull(store, 60, Deleted("task", (WireTombstone(T, 60),)))
    assert labels(store) == {}


def test_the_label_goes_when_the_child_moves_to_another_parent(store: Store) -> None:
    granted(store)
    moved = page("task", row(T, 60, (ME,), title="Call", account=B, assignee=ME))
    pull(store, 60, moved, Stubs("account", {B: "Bottom-Dollar"}))
    assert labels(store) == {B: "Bottom-Dollar"}


def test_the_label_goes_when_the_parent_comes_into_sight(store: Store) -> None:
    granted(store)
    pull(store, 60, Enter((A,)), page("account", row(A, 5, name="Alfreds")))
    assert labels(store) == {}


def test_the_label_goes_when_the_parent_comes_into_sight_as_one_deleted(store: Store) -> None:
    granted(store)
    pull(store, 60, Enter((A,)), Deleted("account", (WireTombstone(A, 55),)))
    assert labels(store) == {}


def test_the_label_stays_while_own_work_on_the_child_is_unsettled(store: Store) -> None:
    granted(store)
    put(store, "task", T, account=None)
    pull(store, 60, Deleted("visit", (WireTombstone(B, 60),)))
    assert labels(store) == {A: "Alfreds"}
    delete(store, "task", T)
    pull(store, 70, Deleted("visit", (WireTombstone(B, 70),)))
    assert labels(store) == {A: "Alfreds"}


def test_the_label_goes_with_the_next_pull_when_own_work_that_kept_it_is_given_up(
    store: Store,
) -> None:
    pull(store, 50, Enter((A, ME)), page("account", row(A, 10, name="Alfreds")))
    task = Change("task", T, Op.INSERT, {"title": "Call", "account": A, "assignee": ME})
    journal.commit(store, [task], label="New: Call")
    [step] = take(store)
    there = row(T, 60, (ME,), title="Call", assignee=ME)
    refused = verdict(step, "rejected", 60, (0, "account", "rejected", "reference.not_found"))
    answer(store, refused, rows={"task": there})
    pull(store, 60, Left((A,)), page("task", there), Stubs("account", {A: "Alfreds"}))
    pull(store, 60)
    assert labels(store) == {A: "Alfreds"}
    journal.discard(store, step)
    assert labels(store) == {A: "Alfreds"}  # what was discarded may be taken back
    pull(store, 60)
    assert labels(store) == {}


def test_everything_received_anew_brings_all_labels_anew(store: Store) -> None:
    granted(store)
    Outbox(store).begin_pull(Hello("e1", 1, 1, 1, "", 10**6, gc_floor=500, anew=True))
    assert labels(store) == {}
    assert Outbox(store).state().stubs == STUBS_ALL


def test_a_parent_that_left_while_nobody_listened_has_its_label_when_all_is_received_anew(
    store: Store,
) -> None:
    task = page("task", row(T, 11, (A, ME), title="Call", account=A, assignee=ME))
    pull(store, 50, Enter((A, ME)), page("account", row(A, 10, name="Alfreds")), task)
    Outbox(store).begin_pull(Hello("e1", 1, 1, 1, "", 10**6, gc_floor=500, anew=True))
    granted(store)
    assert labels(store) == {A: "Alfreds"}


def test_a_label_is_found_by_no_search(store: Store) -> None:
    granted(store)
    with store.reader() as c:
        assert search.search(c, "Alfreds") == []
