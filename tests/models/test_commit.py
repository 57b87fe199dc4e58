"""The one door for a person's own changes: what is refused, what is filled in, what is written."""

from __future__ import annotations

from random import Random

import pytest

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.entity import Entity
from crm_core.errors import InvalidValue, NotFound, UserProblem
from crm_core.fields import Kind, Value
from crm_core.ids import RecordId, provisional_number
from crm_desktop.models import journal, schema
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    ME,
    add,
    delete,
    first_pull,
    put,
    row,
    seen,
    states,
    switch_on,
    value,
)
from tests.support.records import WRITABLE, values_for


def ids_of(*kinds: str) -> dict[str, list[RecordId]]:
    return {kind: [RecordId(f"{n:032x}") for n in (7, 8)] for kind in kinds}


@pytest.mark.parametrize("entity", WRITABLE, ids=lambda entity: entity.kind)
def test_every_kind_is_stored_and_read_as_it_was_written(store: Store, entity: Entity) -> None:
    known = ids_of(*CATALOG)
    for kind, ids in known.items():
        first_pull(store, *((kind, row(one, 5, name="x")) for one in ids))
    switch_on(store)
    wanted = values_for(entity, Random(3), known)
    made = add(store, entity.kind, None, **wanted)
    assert wanted.items() <= dict(seen(store, entity.kind, made).values).items()


def test_every_kind_of_field_has_a_column_type() -> None:
    assert set(schema.COLUMN_TYPES) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("account", {}, "'Name' must be filled in"),
        ("account", {"name": "A", "email": "ann@"}, "has no domain"),
        ("account", {"name": "A", "grade": "A"}, "decided by the office"),
        ("account", {"name": "A", "colour": "red"}, "has no field 'colour'"),
        ("account", {"name": "A", "parent": f"{9:032x}"}, "record that is not there"),
        ("account", {"name": "A", "name\0": "x"}, "has no field"),
        ("account", {"name": "x" * 70_000}, "at most 64 KiB fit"),
        ("order", {"number": "1"}, "loaded by IT"),
        ("conflict", {"state": "open"}, "loaded by IT"),
        ("rocket", {"name": "A"}, "There is no kind 'rocket'"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words_and_writes_nothing(
    store: Store, kind: str, values: dict[str, Value], words: str
) -> None:
    with pytest.raises(UserProblem) as caught:
        add(store, kind, None, **values)
    assert words in str(caught.value)
    assert states(store) == []


def test_a_state_moves_only_along_its_arrows(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    visit = add(store, "visit", account=account)
    with pytest.raises(InvalidValue, match="No step leads from 'Draft' to 'Completed'"):
        put(store, "visit", visit, state="completed")
    put(store, "visit", visit, state="planned")
    put(store, "visit", visit, state="in_progress")
    with pytest.raises(InvalidValue, match="'Completed' these fields are needed first: Outcome"):
        put(store, "visit", visit, state="completed")
    put(store, "visit", visit, state="completed", outcome="order")
    assert seen(store, "visit", visit).values["state"] == "completed"


def test_a_log_takes_entries_and_no_corrections(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    complaint = add(store, "complaint", account=account)
    event = add(store, "complaint_event", complaint=complaint, comment="called")
    with pytest.raises(UserProblem, match="cannot be changed afterwards"):
        put(store, "complaint_event", event, comment="did not call")


def test_a_missing_a_deleted_and_a_twin_record_are_told_apart(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    with pytest.raises(NotFound, match="with the id"):
        put(store, "account", RecordId(f"{77:032x}"), name="B")
    with pytest.raises(UserProblem, match="There is already a record"):
        add(store, "account", account, name="B")
    delete(store, "account", account)
    with pytest.raises(UserProblem, match="'Alfreds' is deleted"):
        put(store, "account", account, name="B")


def test_a_new_account_gets_owner_team_and_a_provisional_number(store: Store) -> None:
    team = RecordId(f"{5:032x}")
    first_pull(store, ("team", row(team, 4, name="North")), ("user", row(ME, 5, team=team)))
    account = add(store, "account", name="Alfreds")
    values = seen(store, "account", account).values
    assert (values["owner"], values["team"], values["created_by"]) == (ME, team, ME)
    assert values["provisional_number"] == provisional_number("A", account)
    sent = Outbox(store).take_outbox(10, 10**6)[0].changes[0].new
    assert "team" not in sent
    assert "created_at" not in sent
    assert sent["owner"] == ME


def test_a_change_carries_what_its_author_saw(store: Store) -> None:
    account = RecordId(f"{7:032x}")
    first_pull(store, ("account", row(account, 30, name="Alfreds", phone="1")))
    put(store, "account", account, phone="2")
    change = Outbox(store).take_outbox(10, 10**6)[0].changes[0]
    assert (change.old, change.new, change.base_seq) == ({"phone": "1"}, {"phone": "2"}, 30)


def test_a_form_opened_before_a_pull_does_not_claim_the_newer_version(store: Store) -> None:
    account = RecordId(f"{7:032x}")
    first_pull(store, ("account", row(account, 30, name="Alfreds", phone="3")))
    stale = Change("account", account, Op.SET, {"phone": "2"}, {"phone": "1"})
    journal.commit(store, [stale], label="Change")
    assert Outbox(store).take_outbox(10, 10**6)[0].changes[0].base_seq == 0


def test_a_second_edit_keeps_the_base_of_the_first(store: Store) -> None:
    """Or it would overwrite what a colleague wrote between the two."""
    account = RecordId(f"{7:032x}")
    first_pull(store, ("account", row(account, 10, name="A")))
    put(store, "account", account, name="B")
    first_pull(store, ("account", row(account, 30, name="C")))
    assert seen(store, "account", account).values["name"] == "B"
    put(store, "account", account, name="D")
    put(store, "account", account, phone="5")
    bases = [one.changes[0].base_seq for one in Outbox(store).take_outbox(10, 10**6)]
    assert bases == [10, 10, 30]


def test_the_parts_of_an_address_travel_together(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    address = add(store, "address", account=account, city="Berlin", street="Obere Str. 57")
    put(store, "address", address, city="Hamburg")
    sent = Outbox(store).take_outbox(10, 10**6)[-1].changes[0]
    assert sent.new["street"] == sent.old["street"] == "Obere Str. 57"
    assert (sent.old["city"], sent.new["city"]) == ("Berlin", "Hamburg")


def test_a_change_that_changes_nothing_leaves_no_trace(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    assert not journal.commit(
        store, [Change("account", account, Op.SET, {"name": "Alfreds"})], label="Change"
    ).changed
    assert len(states(store)) == 1


def test_a_step_with_a_bad_part_is_not_made_at_all(store: Store) -> None:
    account = store.new_id()
    changes = [
        Change("account", account, Op.INSERT, {"name": "Alfreds"}),
        Change("task", store.new_id(), Op.INSERT, {"account": account}),
    ]
    with pytest.raises(InvalidValue):
        journal.commit(store, changes, label="Add")
    assert value(store, "SELECT count(*) FROM account") == 0


def test_a_batch_goes_on_behind_a_change_that_cannot_be_made(store: Store) -> None:
    names = ["A", "B", "", "D"]
    changes = [Change("account", store.new_id(), Op.INSERT, {"name": name}) for name in names]
    done = journal.commit_batch(store, changes, label="Import")
    assert (done.done, [one.index for one in done.refused]) == (3, [2])
    assert value(store, "SELECT count(*) FROM account") == 3


def test_a_batch_can_be_cut_short_between_two_steps(store: Store) -> None:
    changes = [Change("account", store.new_id(), Op.INSERT, {"name": "A"}) for _ in range(500)]
    done = journal.commit_batch(store, changes, label="Import", progress=lambda many: many < 300)
    assert done.cancelled
    assert value(store, "SELECT count(*) FROM account") == done.done == 400


def test_a_delete_names_the_own_work_it_builds_on(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    put(store, "account", account, phone="1")
    delete(store, "account", account)
    sent = Outbox(store).take_outbox(10, 10**6)
    assert sent[2].changes[0].after == (sent[0].id, sent[1].id)


def test_unknown_fields_of_a_newer_server_survive_an_edit(store: Store) -> None:
    account = RecordId(f"{7:032x}")
    first_pull(store, ("account", row(account, 10, name="A", mood="good", depth={"a": [1]})))
    put(store, "account", account, name="B")
    values = seen(store, "account", account).values
    assert (values["mood"], values["depth"], values["name"]) == ("good", {"a": [1]}, "B")
