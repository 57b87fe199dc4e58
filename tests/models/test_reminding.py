"""What is due is told once, missed things too, and what this device was told to wait with waits."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import journal
from crm_desktop.models.reminding import Outlook, Why, dismiss, put_off, read_outlook
from crm_desktop.models.store import Store
from tests.models.support import KEY, LI, ME, START
from tests.views.company import receive

NOW = START
"""A Sunday, 08:00 UTC."""


def at(**delta: float) -> dt.datetime:
    return NOW + dt.timedelta(**delta)


def look(store: Store, now: dt.datetime = NOW) -> Outlook:
    with store.reader() as c:
        return read_outlook(c, ME, now, dt.UTC)


def told(store: Store, now: dt.datetime = NOW) -> list[tuple[Why, str]]:
    return [(note.why, note.title) for note in look(store, now).due]


def task(store: Store, title: str, **values: Value) -> RecordId:
    made = store.new_id()
    whole: dict[str, Value] = {"title": title, "assignee": ME, **values}
    receive(store, [("task", made, whole)])
    return made


@pytest.fixture(autouse=True)
def people(store: Store) -> None:
    for user, login, role in ((ME, "nancy", "rep"), (LI, "li", "lead")):
        who = {"login": login, "name": login.title(), "role": role, "active": True}
        receive(store, [("user", user, who)])


def test_what_is_due_is_told_the_oldest_first_with_what_was_missed(store: Store) -> None:
    task(store, "Later", due_on="2026-11-22", reminders=["-1h"])
    task(store, "Now", due_on="2026-11-22", reminders=["d0@07:00"])
    task(store, "Missed", remind_at="2026-11-20T08:00:00Z")
    task(store, "Long ago", remind_at="2026-11-01T08:00:00Z")
    assert told(store) == [(Why.REMINDER, "Missed"), (Why.REMINDER, "Now")]
    assert look(store).next_at == "2026-11-22T17:00:00Z"
    assert told(store, at(hours=9)) == [
        (Why.REMINDER, "Missed"), (Why.REMINDER, "Now"), (Why.REMINDER, "Later"),
    ]  # fmt: skip


def test_what_is_done_or_anothers_is_not_told(store: Store) -> None:
    task(store, "Done", status="done", remind_at="2026-11-22T07:00:00Z")
    task(store, "Li's", assignee=LI, remind_at="2026-11-22T07:00:00Z")
    assert told(store) == []


def test_a_visit_reminds_whoever_makes_or_joins_it(store: Store) -> None:
    account = store.new_id()
    receive(store, [("account", account, {"name": "Alfreds"})])
    values: dict[str, Value] = {
        "account": account, "objectives": "Prices", "planned_start": "2026-11-22T08:10:00Z",
        "reminders": ["-15m"], "state": "planned",
    }  # fmt: skip
    for more in (
        {"owner": ME}, {"owner": LI, "participants": [ME]}, {"owner": LI},
        {"owner": ME, "state": "cancelled"},
    ):  # fmt: skip
        receive(store, [("visit", store.new_id(), {**values, **more})])
    assert told(store) == [(Why.REMINDER, "Prices")] * 2
    assert {note.account for note in look(store).due} == {"Alfreds"}


def test_what_was_dismissed_or_put_off_is_so_after_a_restart(store: Store, tmp_path: Path) -> None:
    task(store, "Dismissed", remind_at="2026-11-22T07:00:00Z")
    task(store, "Put off", remind_at="2026-11-22T07:30:00Z")
    first, second = look(store).due
    dismiss(store, [first])
    put_off(store, [second], at(hours=1))
    store.close()
    again = Store.open(tmp_path / "crm-1.db", KEY, clock=lambda: NOW)
    assert told(again) == []
    assert look(again).next_at == "2026-11-22T09:00:00Z"
    assert told(again, at(hours=1)) == [(Why.REMINDER, "Put off")]
    again.close()


def test_whoever_worked_on_it_elsewhere_since_is_not_told_on_this_device(store: Store) -> None:
    """Rows arrive as changed on 2 November: by me, after one reminder and before the other."""
    made = task(store, "Known", remind_at="2026-11-22T07:00:00Z")
    assert told(store) == [(Why.REMINDER, "Known")]
    journal.commit(store, [Change("task", made, Op.SET, {"priority": "high"})], label="Change")
    assert told(store) == []


def test_another_moment_of_the_same_task_is_told_again(store: Store) -> None:
    task(store, "Twice", reminders=["2026-11-22T07:00", "2026-11-22T08:30"])
    dismiss(store, look(store).due)
    assert told(store) == []
    assert told(store, at(hours=1)) == [(Why.REMINDER, "Twice")]


# Supervision


def supervised(store: Store, by: RecordId, **values: Value) -> RecordId:
    return task(store, "Send", supervisor=by, supervised_until="2026-11-22T10:00:00Z", **values)


def test_whoever_has_to_reply_is_told_that_he_is_supervised_and_late(store: Store) -> None:
    supervised(store, LI)
    assert told(store) == [(Why.SUPERVISED, "Send")]
    assert look(store).next_at == "2026-11-22T10:00:00Z"
    assert (Why.OVERDUE, "Send") in told(store, at(hours=3))


def test_whoever_supervises_is_told_of_what_is_late_and_of_the_reply(store: Store) -> None:
    supervised(store, ME, assignee=LI)
    assert told(store) == []
    assert told(store, at(hours=3)) == [(Why.OVERDUE, "Send")]


def test_a_reply_is_told_once_and_another_one_again(store: Store) -> None:
    made = supervised(store, ME, assignee=LI)
    for words in ("Sent", "Sent twice"):
        row = {"title": "Send", "assignee": LI, "supervisor": ME, "supervision_reply": words}
        receive_now(store, made, row)
        assert told(store, at(hours=3)) == [(Why.REPLIED, "Send")]
        dismiss(store, look(store, at(hours=3)).due)
        assert told(store, at(hours=3)) == []


def receive_now(store: Store, record_id: RecordId, values: dict[str, Value]) -> None:
    """As Li changed it a moment ago."""
    receive(store, [("task", record_id, values)])
    with store.writing() as c:
        c.run("UPDATE task SET updated_at = '2026-11-22T07:59:00Z', updated_by = ? WHERE id = ?",
              (bytes.fromhex(LI), bytes.fromhex(record_id)))  # fmt: skip


def test_what_is_closed_or_replied_to_is_late_no_more(store: Store) -> None:
    supervised(store, LI, status="done")
    supervised(store, LI, supervision_reply="Sent")
    assert told(store, at(hours=3)) == []


def test_notes_of_this_device_do_not_travel(store: Store) -> None:
    task(store, "Now", remind_at="2026-11-22T07:00:00Z")
    dismiss(store, look(store).due)
    with store.reader() as c:
        assert c.value("SELECT count(*) FROM changeset") == 0


def test_of_several_that_are_due_the_latest_speaks_for_all(store: Store) -> None:
    task(store, "Call", reminders=["2026-11-21T07:00", "2026-11-22T07:00", "2026-11-22T07:30"])
    (note,) = look(store).due
    assert note.at == "2026-11-22T07:30:00Z"
    dismiss(store, [note])
    assert told(store) == []
