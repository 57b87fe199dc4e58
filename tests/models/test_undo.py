"""Undo: one's own last step, also after a sync, and never over somebody else's work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.changes import Change, Op
from crm_core.errors import UserProblem
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import journal
from crm_desktop.models.queries import Row
from crm_desktop.models.store import Store
from tests.models.support import (
    add,
    answer,
    delete,
    first_pull,
    is_seen,
    make_store,
    put,
    row,
    seen,
    take,
    value,
    verdict,
)

A = RecordId(f"{7:032x}")


def test_undo_takes_back_the_last_step_then_the_one_before(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    put(store, "account", account, phone="1")
    put(store, "account", account, phone="2")
    assert journal.undoable(store) == "Change"
    journal.undo(store)
    assert seen(store, "account", account).values["phone"] == "1"
    journal.undo(store)
    assert seen(store, "account", account).values["phone"] is None
    journal.undo(store)
    assert not is_seen(store, "account", account)
    assert journal.undo(store) is None


def test_undo_of_a_deletion_brings_the_record_back(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    delete(store, "account", account)
    journal.undo(store)
    assert is_seen(store, "account", account)


def test_undo_after_a_sync_is_a_new_step(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "applied", 11), rows={"account": row(A, 11, name="A", phone="2")})
    journal.undo(store)
    assert seen(store, "account", A).values["phone"] == "1"
    assert len(take(store)) == 1


def test_undo_leaves_what_a_colleague_changed_since_and_says_so(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1", industry="x")))
    put(store, "account", A, phone="2", industry="y")
    [cs] = take(store)
    theirs = row(A, 12, name="A", phone="3", industry="y")
    answer(store, verdict(cs, "applied", 11), rows={"account": theirs})
    undone = journal.undo(store)
    assert undone is not None
    assert undone.kept == (("account", A, "phone"),)
    values = seen(store, "account", A).values
    assert (values["phone"], values["industry"]) == ("3", "x")


def test_undo_of_an_added_tag_leaves_the_tags_of_others(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", tags=["vip"])))
    added: dict[str, Value] = {"tags": ["new", "vip"]}
    journal.commit(store, [Change("account", A, Op.ADD, added)], label="Tag")
    assert seen(store, "account", A).values["tags"] == ["new", "vip"]
    journal.undo(store)
    assert seen(store, "account", A).values["tags"] == ["vip"]


def test_a_step_of_the_business_that_has_no_way_back_stays(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    visit = add(store, "visit", account=account)
    put(store, "visit", visit, state="planned")
    undone = journal.undo(store)
    assert undone is not None
    assert undone.kept == (("visit", visit, "state"),)


def test_undo_leaves_the_refused_part_of_a_step_to_its_decision(store: Store) -> None:
    """What the server refused needs no way back: it would refuse that too."""
    first_pull(store, ("account", row(A, 10, name="A", uscc="1", phone="1")))
    put(store, "account", A, uscc="2", phone="2")
    [cs] = take(store)
    answer(
        store, verdict(cs, "rejected", 11, (0, "uscc", "rejected", "right.missing")),
        rows={"account": row(A, 11, name="A", uscc="1", phone="2")},
    )  # fmt: skip
    undone = journal.undo(store)
    assert undone is not None
    assert seen(store, "account", A).values["phone"] == "1"
    [back] = take(store)
    with store.reader() as c:
        sent = c.rows("SELECT new FROM op JOIN changeset s ON s.n = cs WHERE s.state = 'sent'")
    assert [json.loads(new) for (new,) in sent] == [{"phone": "1"}]
    assert back != cs


def test_a_whole_batch_is_taken_back_at_once(store: Store) -> None:
    changes = [Change("account", store.new_id(), Op.INSERT, {"name": "A"}) for _ in range(450)]
    done = journal.commit_batch(store, changes, label="Import")
    assert journal.undoable(store) == "Import"
    journal.revert_batch(store, done.batch)
    assert value(store, "SELECT count(*) FROM account WHERE deleted = 0") == 0
    with pytest.raises(UserProblem, match="nothing to take back"):
        journal.revert_batch(store, done.batch)


@contextmanager
def fresh() -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        store = make_store(Path(folder) / "a.db")
        yield store
        store.close()


EDITS = st.tuples(
    st.integers(0, 2),
    st.sampled_from(("name", "phone", "description", "tags", "delete", "restore")),
    st.sampled_from(("1", "22", "333")),
)


@settings(max_examples=25)
@given(st.lists(EDITS, min_size=1, max_size=10))
def test_undoing_everything_brings_back_what_was(edits: list[tuple[int, str, str]]) -> None:
    ids = [RecordId(f"{n:032x}") for n in (7, 8, 9)]
    with fresh() as store:
        first_pull(store, *(("account", row(one, 5, name="A", tags=["1"])) for one in ids))
        before = [seen(store, "account", one) for one in ids]
        made = [edit(store, ids[which], name, text) for which, name, text in edits]
        for _ in range(sum(made)):
            undone = journal.undo(store)
            assert undone is not None
            assert undone.kept == ()
        assert [comparable(seen(store, "account", one)) for one in ids] == [
            comparable(one) for one in before
        ]


def comparable(one: Row) -> tuple[bool, dict[str, Value]]:
    computed = {"updated_at", "updated_by"}
    return one.deleted, {name: v for name, v in one.values.items() if name not in computed}


def edit(store: Store, record: RecordId, name: str, text: str) -> bool:
    """One change, where it is possible; whether there was one."""
    gone = seen(store, "account", record).deleted
    if name == "restore" and gone:
        change = Change("account", record, Op.RESTORE)
    elif gone or name == "restore":
        return False
    elif name == "delete":
        change = Change("account", record, Op.DELETE)
    elif name == "tags":
        change = Change("account", record, Op.ADD, {"tags": [text]})
    else:
        change = Change("account", record, Op.SET, {name: text})
    return bool(journal.commit(store, [change], label="Change").changed)
