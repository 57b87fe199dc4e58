"""What hung below a record when its deleter deleted it, and what has come there since."""

from __future__ import annotations

import datetime as dt

from msgspec.structs import replace

from crm_core.changes import Change, Op
from crm_core.ids import SYSTEM, RecordId
from crm_server.load import load
from crm_server.store import next_seq_range, write_clock
from tests.server.test_merging import resolve
from tests.server.world import Acme


def test_a_child_that_came_after_the_deletion_was_made_stops_it(acme: Acme) -> None:
    """The push is cut off, the pull gets through, and the push is tried again."""
    account = acme.shared_account()
    delete = acme.fuller.changeset(acme.fuller.delete("account", account))
    acme.nancy.push(acme.nancy.insert("task", account=account, title="Call them"))
    acme.fuller.pull()
    assert acme.fuller.send(delete).results[0].result == "conflict"
    acme.nancy.pull()
    assert acme.nancy.sees("account", account)


def test_who_deletes_anew_after_he_saw_the_child_means_it(acme: Acme) -> None:
    account = acme.shared_account()
    acme.nancy.push(acme.nancy.insert("task", account=account, title="Call them"))
    acme.fuller.pull()
    delete = acme.fuller.changeset(acme.fuller.delete("account", account))
    assert acme.fuller.send(delete).results[0].result == "applied"


def test_of_an_older_client_what_its_device_fetched_counts_as_seen(acme: Acme) -> None:
    account = acme.shared_account()
    delete = replace(acme.fuller.changeset(acme.fuller.delete("account", account)), seen=None)
    acme.nancy.push(acme.nancy.insert("task", account=account, title="Call them"))
    acme.fuller.pull()
    assert acme.fuller.send(delete).results[0].result == "applied"


def test_a_version_from_a_pushs_answer_says_nothing_of_children(acme: Acme) -> None:
    account = acme.shared_account()
    acme.nancy.push(acme.nancy.insert("task", account=account, title="Call them"))
    answer = acme.fuller.push(acme.fuller.set("account", account, phone="111"))
    delete = replace(acme.fuller.delete("account", account), base_seq=answer.seq)
    assert acme.fuller.push(delete).result == "conflict"


def test_a_known_record_that_was_led_below_it_since_stops_a_deletion(acme: Acme) -> None:
    account, other = acme.shared_account(), acme.shared_account("Others")
    task = task_below(acme, other)
    acme.fuller.pull()
    acme.nancy.push(acme.nancy.set("task", task, account=account))
    assert acme.fuller.push(acme.fuller.delete("account", account)).result == "conflict"


def test_a_deleted_child_that_was_brought_back_since_stops_a_deletion(acme: Acme) -> None:
    account = acme.shared_account()
    task = task_below(acme, account)
    acme.nancy.push(acme.nancy.delete("task", task))
    acme.fuller.pull()
    acme.nancy.push(Change("task", task, Op.RESTORE))
    assert acme.fuller.push(acme.fuller.delete("account", account)).result == "conflict"


def test_an_edit_of_a_child_that_he_saw_does_not_stop_the_deleter(acme: Acme) -> None:
    account = acme.shared_account()
    task = task_below(acme, account)
    acme.fuller.pull()
    acme.nancy.push(acme.nancy.set("task", task, title="Write to them"))
    assert acme.fuller.push(acme.fuller.delete("account", account)).result == "applied"


def test_ones_own_new_child_does_not_stop_ones_deletion(acme: Acme) -> None:
    account = acme.shared_account()
    task = acme.fuller.changeset(acme.fuller.insert("task", account=account, title="Call them"))
    delete = acme.fuller.changeset(acme.fuller.delete("account", account))
    answer = acme.fuller.send(task, delete)
    assert [result.result for result in answer.results] == ["applied", "applied"]


def test_what_it_loads_below_a_record_meanwhile_stops_its_deletion(acme: Acme) -> None:
    account = acme.shared_account()
    visit = acme.world.new_id()
    load(acme.world.service, [("visit", visit, {"account": account, "state": "planned"})], SYSTEM)
    assert acme.fuller.push(acme.fuller.delete("account", account)).result == "conflict"


def test_a_dispute_that_the_deleter_has_not_seen_stops_a_deletion(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    before = acme.fuller.changeset(acme.fuller.delete("account", account)).seen
    conflict = acme.clash(account)
    unseen = acme.fuller.changeset(acme.fuller.delete("account", account))
    assert acme.fuller.send(replace(unseen, seen=before)).results[0].result == "conflict"
    acme.fuller.pull()
    assert acme.fuller.body("conflict", conflict)["state"] == "open"


def test_a_dispute_that_was_settled_meanwhile_stops_no_deletion(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    before = acme.fuller.changeset(acme.fuller.delete("account", account)).seen
    resolve(acme.nancy, acme.clash(account), account, "222")
    acme.fuller.pull()
    deletion = acme.fuller.changeset(acme.fuller.delete("account", account))
    assert acme.fuller.send(replace(deletion, seen=before)).results[0].result == "applied"


def test_a_dispute_that_was_asked_again_unseen_stops_a_deletion(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    kept = acme.nancy.set("conflict", conflict, state="resolved", resolution="222")
    acme.nancy.push(kept, atomic=True)
    for device in (acme.nancy, acme.fuller):
        device.pull()
    delete = acme.fuller.delete("account", account)
    back = acme.nancy.set("conflict", conflict, state="open", resolution=None)
    assert acme.nancy.push(back, atomic=True).result == "applied"
    assert acme.fuller.push(delete).result == "conflict"
    acme.nancy.pull()
    assert acme.nancy.sees("account", account)


def test_after_a_restore_only_what_both_histories_share_counts_as_seen(acme: Acme) -> None:
    """A deletion made in history that the server lost: children from before are known, those of
    the new history are not."""
    alone, joined = acme.shared_account(), acme.shared_account("Others")
    task_below(acme, alone)
    acme.fuller.pull()
    lost = acme.fuller.cursor + 50
    restored(acme)
    task_below(acme, joined)
    for account, told in ((alone, "applied"), (joined, "conflict")):
        made = acme.fuller.changeset(acme.fuller.delete("account", account))
        assert acme.fuller.send(replace(made, seen=lost)).results[0].result == told


def task_below(acme: Acme, account: RecordId) -> RecordId:
    """A task of nancy's, pushed and pulled by her."""
    task = acme.nancy.insert("task", account=account, title="Call them")
    assert acme.nancy.push(task).result == "applied"
    acme.nancy.pull()
    return task.id


def restored(acme: Acme) -> None:
    """The server goes on from here as if this were a backup; all that was given out is behind."""
    with acme.world.store.note() as tx:
        clock = tx.clock()
        write_clock(tx, next_seq_range(clock, dt.datetime(2026, 11, 20, tzinfo=dt.UTC)))


def test_what_was_said_to_a_question_behind_the_deleters_back_stops_him(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    acme.buchanan.pull()
    late = acme.buchanan.set("account", account, phone="333")
    conflict = acme.clash(account)
    acme.buchanan.push(late)
    assert acme.fuller.push(acme.fuller.delete("account", account)).result == "conflict"
    acme.fuller.pull()
    assert acme.fuller.body("conflict", conflict)["state"] == "open"
