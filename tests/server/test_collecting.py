"""Collection: what was deleted long ago is forgotten, and nobody is misled by that."""

from __future__ import annotations

import logging

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_core.wire import Deleted, Hello, WireTombstone
from crm_server.checking import check_store
from crm_server.collecting import Collected, collect
from crm_server.store import Tx
from tests.server.test_merging import resolution, resolve
from tests.server.world import Acme, Device


def collected(acme: Acme, *, dry_run: bool = False) -> Collected:
    world = acme.world
    done = collect(world.store, world.time, dry_run=dry_run)
    assert check_store(world.store).problems == ()
    return done


def floor_of(acme: Acme) -> int:
    with acme.world.store.read() as tx:
        return tx.clock().gc_floor


def there(acme: Acme, kind: str, record_id: RecordId) -> bool:
    with acme.world.store.read() as tx:
        sql = "SELECT 1 FROM record WHERE kind=? AND id=?"
        return tx.row(sql, (kind, record_id)) is not None


def deleted_task(acme: Acme, **values: str) -> RecordId:
    """A task of nancy's that she made and deleted; everybody has heard of both."""
    change = acme.nancy.insert("task", title="Call", assignee=acme.nancy.user, **values)
    assert acme.nancy.push(change).result == "applied"
    everybody_pulls(acme)
    assert acme.nancy.push(acme.nancy.delete("task", change.id)).result == "applied"
    everybody_pulls(acme)
    return change.id


def everybody_pulls(acme: Acme) -> None:
    for device in acme.everybody:
        device.pull()


def half_a_year_passes(acme: Acme, *sleeping: Device) -> None:
    """Everybody else goes on working, and deletes nothing."""
    for _ in range(7):
        acme.world.passes(days=30)
        for device in acme.everybody:
            if device not in sleeping:
                device.pull()


def test_what_was_deleted_half_a_year_ago_is_forgotten(acme: Acme) -> None:
    task = deleted_task(acme)
    half_a_year_passes(acme)
    assert collected(acme).records == 1
    assert not there(acme, "task", task)
    assert floor_of(acme) > 0


def test_what_was_deleted_last_month_stays(acme: Acme) -> None:
    task = deleted_task(acme)
    acme.world.passes(days=179)
    everybody_pulls(acme)
    assert collected(acme).records == 0
    assert there(acme, "task", task)
    assert floor_of(acme) == 0


def test_a_dry_run_counts_and_changes_nothing(acme: Acme) -> None:
    task = deleted_task(acme)
    half_a_year_passes(acme)
    assert collected(acme, dry_run=True).records == 1
    assert there(acme, "task", task)
    assert floor_of(acme) == 0


def test_a_device_that_is_in_use_is_waited_for(acme: Acme) -> None:
    slow = acme.world.device("nancy")
    slow.pull()
    task = deleted_task(acme)
    acme.world.passes(days=100)
    everybody_pulls(acme)
    slow.fetch()  # it asks, and breaks off: it has not received what it was sent
    acme.world.passes(days=100)
    everybody_pulls(acme)
    assert collected(acme).records == 0
    assert there(acme, "task", task)


def test_a_device_that_slept_is_named_and_starts_over(
    acme: Acme, caplog: pytest.LogCaptureFixture
) -> None:
    slow = acme.world.device("nancy")
    slow.pull()
    kept = acme.nancy.account("Alfreds")
    slow.pull()
    task = deleted_task(acme)
    half_a_year_passes(acme)
    with caplog.at_level(logging.WARNING):
        done = collected(acme)
    assert [one.id for one in done.sleepers] == [slow.device]
    assert slow.device in caplog.text
    hello = next(x for x in slow.fetch() if isinstance(x, Hello))
    assert hello.anew
    assert hello.gc_floor == done.floor
    slow.pull_anew()
    assert slow.sees("account", kept)
    assert not slow.sees("task", task)


def test_a_device_at_the_floor_goes_on_where_it_was(acme: Acme) -> None:
    deleted_task(acme)
    half_a_year_passes(acme)
    collected(acme)
    account = acme.nancy.account("Mine")
    acme.nancy.push(acme.nancy.set("account", account, phone="1"))
    items = acme.nancy.pull()
    assert not any(isinstance(x, Hello) for x in items)


def test_a_device_below_the_floor_hears_of_what_was_deleted_since(acme: Acme) -> None:
    slow = acme.world.device("nancy")
    slow.pull()
    deleted_task(acme)
    half_a_year_passes(acme)
    collected(acme)
    late = deleted_task(acme)
    named = [one for x in slow.fetch() if isinstance(x, Deleted) for one in x.rows]
    assert late in {one.id for one in named if isinstance(one, WireTombstone)}


def test_what_a_living_record_leads_to_stays(acme: Acme) -> None:
    account = acme.nancy.account()
    task = acme.nancy.insert("task", title="Call", account=account, assignee=acme.nancy.user)
    acme.nancy.push(task)
    acme.nancy.pull()
    with acme.world.store.write() as (tx, _):  # as an older version may have left it
        _bury(tx, "account", account)
    half_a_year_passes(acme)
    assert collected(acme).records == 0
    assert there(acme, "account", account)


def _bury(tx: Tx, kind: str, record_id: RecordId) -> None:
    tx.run("UPDATE record SET deleted=? WHERE kind=? AND id=?", (True, kind, record_id))


def test_a_cascade_goes_together(acme: Acme) -> None:
    account = acme.nancy.account()
    task = acme.nancy.insert("task", title="Call", account=account, assignee=acme.nancy.user)
    acme.nancy.push(task)
    acme.nancy.pull()
    going = (acme.nancy.delete("task", task.id), acme.nancy.delete("account", account))
    assert acme.nancy.push(*going, atomic=True).result == "applied"
    half_a_year_passes(acme)
    assert collected(acme).records == 2
    assert not there(acme, "account", account)
    with acme.world.store.read() as tx:
        for table in ("ref", "record_root"):
            assert tx.row(f"SELECT count(*) FROM {table} WHERE id=?", (task.id,)) == (0,)
        assert tx.row("SELECT count(*) FROM root_scope WHERE root=?", (account,)) == (0,)


def test_what_refused_work_names_stays(acme: Acme) -> None:
    task = deleted_task(acme)
    wrong = Change("task", task, Op.SET, {"nonsense": "1"})
    assert acme.nancy.push(wrong).result == "rejected"
    half_a_year_passes(acme)
    assert collected(acme).records == 0
    assert there(acme, "task", task)


def test_what_an_open_conflict_is_about_stays(acme: Acme) -> None:
    account = acme.shared_account()
    edit = acme.fuller.set("account", account, phone="1")
    assert acme.nancy.push(acme.nancy.delete("account", account)).result == "applied"
    assert acme.fuller.push(edit).result == "conflict"
    half_a_year_passes(acme)
    assert collected(acme).records == 0
    assert there(acme, "account", account)


def test_an_edit_of_a_forgotten_record_is_refused_and_its_value_kept(acme: Acme) -> None:
    task = deleted_task(acme)
    half_a_year_passes(acme)
    collected(acme)
    for op in (Op.SET, Op.RESTORE):
        result = acme.nancy.push(Change("task", task, op, {"title": "Late"}))
        assert [(x.result, x.code) for x in result.changes] == [("rejected", "record.not_found")]
    with acme.world.store.read() as tx:
        parked = [bytes(body) for (body,) in tx.rows("SELECT payload FROM parked")]
    assert sum(b"Late" in body for body in parked) == 2


def test_a_late_decision_about_a_forgotten_record_is_refused_and_waits_with_its_author(
    acme: Acme,
) -> None:
    """Its question had gone over to the record in its place, and was decided there."""
    loser, winner = acme.shared_account("Alfred"), acme.shared_account("Alfreds")
    conflict = acme.clash(loser)
    late = resolution(acme.fuller, conflict, loser, "333")
    seen = acme.nancy.rows["account", loser].seq
    merge = Change("account", loser, Op.MERGE, {"merged_into": winner}, {}, seen)
    assert acme.nancy.push(merge).result == "applied"
    acme.nancy.pull()
    resolve(acme.nancy, conflict, winner, "111")
    half_a_year_passes(acme, acme.fuller)
    collected(acme)
    assert not there(acme, "account", loser)
    assert acme.fuller.push(*late, atomic=True).result == "rejected"
    acme.nancy.pull()
    assert acme.nancy.body("account", winner)["phone"] == "111"


def test_the_id_of_a_forgotten_record_is_not_given_away_again(acme: Acme) -> None:
    task = deleted_task(acme)
    half_a_year_passes(acme)
    collected(acme)
    again = acme.nancy.insert_as("task", task, title="Call", assignee=acme.nancy.user)
    assert acme.nancy.push(again).result == "rejected"
    assert not there(acme, "task", task)


def test_history_and_answers_stay(acme: Acme) -> None:
    task = deleted_task(acme)
    with acme.world.store.read() as tx:
        before = tx.rows("SELECT seq FROM history"), tx.rows("SELECT cs_id FROM applied")
    half_a_year_passes(acme)
    collected(acme)
    with acme.world.store.read() as tx:
        assert (tx.rows("SELECT seq FROM history"), tx.rows("SELECT cs_id FROM applied")) == before
        assert tx.row("SELECT count(*) FROM history WHERE id=?", (task,)) == (2,)


def test_ended_stays_go_too_and_sight_stays_what_it_was(acme: Acme) -> None:
    account = acme.nancy.account()
    acme.world.change("account", account, owner=acme.fuller.user)
    everybody_pulls(acme)
    seen = {device.user: set(device.rows) for device in acme.everybody}
    half_a_year_passes(acme)
    assert collected(acme).intervals > 0
    for device in acme.everybody:
        device.pull()
        assert set(device.rows) == seen[device.user]
    with acme.world.store.read() as tx:
        ended = tx.row("SELECT count(*) FROM root_scope WHERE gone_seq < ?", (1 << 62,))
    assert ended == (0,)


def test_a_first_pull_cut_off_before_a_collection_begins_anew(acme: Acme) -> None:
    slow = acme.world.device("nancy")
    deleted_task(acme)
    parts = slow.fetch()
    slow.receive(parts[: len(parts) // 2])
    assert slow.resume_hi
    half_a_year_passes(acme)
    collected(acme)
    assert any(isinstance(x, Hello) and x.anew for x in slow.fetch())
    slow.pull_anew()


def test_a_first_pull_cut_off_after_it_goes_on(acme: Acme) -> None:
    deleted_task(acme)
    half_a_year_passes(acme)
    collected(acme)
    slow = acme.world.device("nancy")
    parts = slow.fetch()
    slow.receive(parts[: len(parts) // 2])
    assert not any(isinstance(x, Hello) for x in slow.fetch())
    slow.pull()


def test_the_carried_digest_survives(acme: Acme) -> None:
    """A process that counted long before does not carry on over what it cannot know any more."""
    deleted_task(acme)
    task = acme.nancy.insert("task", title="Call", assignee=acme.nancy.user)
    acme.nancy.push(task)
    acme.nancy.pull()
    other = acme.world.service
    known = dict(other._digests._known)
    acme.nancy.push(acme.nancy.delete("task", task.id))
    half_a_year_passes(acme)
    collected(acme)
    other._digests._known.clear()
    other._digests._known.update(known)
    acme.nancy.account("News")


def test_who_begins_again_from_nothing_is_told_so(acme: Acme) -> None:
    """What it was given before the last try broke off, it has to forget."""
    acme.nancy.pull()
    epoch, hi = acme.nancy.epoch, acme.nancy.cursor
    for cursor, resume_hi, told in ((hi, 0, False), (0, hi, False), (0, 0, True)):
        acme.nancy.cursor, acme.nancy.resume_hi = cursor, resume_hi
        hellos = [x for x in acme.nancy.fetch() if isinstance(x, Hello)]
        assert [(x.epoch, x.anew) for x in hellos] == [(epoch, False)] * told
