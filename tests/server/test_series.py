"""Tasks that a series brings: whoever brings one that is there already changes nothing."""

from __future__ import annotations

import datetime as dt

from crm_core.changes import Change
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.recurring import instance_id
from tests.server.world import Acme, Device

DAY = dt.date(2026, 11, 30)


def series(acme: Acme) -> RecordId:
    """A weekly task of nancy's, known to her two devices."""
    made = acme.nancy.insert(
        "task", title="Report", due_on="2026-11-23", recurrence="FREQ=WEEKLY",
        assignee=acme.nancy.user,
    )  # fmt: skip
    assert acme.nancy.push(made).result == "applied"
    acme.nancy.pull()
    return made.id


def brought(device: Device, of: RecordId, **values: Value) -> Change:
    wanted: dict[str, Value] = {
        "title": "Report", "series": of, "recurs_on": str(DAY), "due_on": str(DAY),
        "assignee": device.user, **values,
    }  # fmt: skip
    return device.insert_as("task", instance_id(of, DAY), **wanted)


def test_two_devices_that_bring_the_same_task_meet_in_one_row(acme: Acme) -> None:
    of = series(acme)
    second = acme.world.device("nancy")
    second.pull()
    assert acme.nancy.push(brought(acme.nancy, of)).result == "applied"
    assert second.push(brought(second, of)).result == "applied"
    for device in (acme.nancy, second):
        device.pull()
        tasks = [row.id for row in device.of_kind("task")]
        assert sorted(tasks) == sorted([of, instance_id(of, DAY)])
        assert not device.of_kind("conflict")


def test_what_became_of_it_since_stands(acme: Acme) -> None:
    """One device has finished it and given it another title before the other brings it."""
    of = series(acme)
    second = acme.world.device("nancy")
    second.pull()
    acme.nancy.push(brought(acme.nancy, of))
    acme.nancy.pull()
    done = acme.nancy.set("task", instance_id(of, DAY), status="done", title="Report and budget")
    assert acme.nancy.push(done).result == "applied"
    assert second.push(brought(second, of)).result == "applied"
    second.pull()
    body = second.body("task", instance_id(of, DAY))
    assert (body["status"], body["title"]) == ("done", "Report and budget")
    assert not second.of_kind("conflict")


def test_what_was_deleted_stays_deleted(acme: Acme) -> None:
    of = series(acme)
    second = acme.world.device("nancy")
    second.pull()
    acme.nancy.push(brought(acme.nancy, of))
    acme.nancy.pull()
    assert acme.nancy.push(acme.nancy.delete("task", instance_id(of, DAY))).result == "applied"
    assert second.push(brought(second, of)).result == "applied"
    second.pull()
    assert not second.sees("task", instance_id(of, DAY))
    assert not second.of_kind("conflict")


def test_another_insert_of_a_record_that_is_there_is_judged_as_ever(acme: Acme) -> None:
    """The rule is for what a series brings, not for every id that comes twice."""
    of = series(acme)
    acme.nancy.push(brought(acme.nancy, of))
    acme.nancy.pull()
    again = brought(acme.nancy, of, title="Forged", recurs_on="2026-12-07")
    assert acme.nancy.push(again).result == "conflict"
