"""The server's judge: who may supervise, and that nothing supervised is closed without a reply."""

from __future__ import annotations

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeSetResult
from tests.server.world import Acme, Device

BY = "2026-11-25T10:00:00Z"


def codes(result: ChangeSetResult) -> list[tuple[str, str]]:
    return [(part.field, part.code) for part in result.changes if part.code]


def supervised(acme: Acme, kind: str = "task", **values: Value) -> RecordId:
    """A task or complaint of nancy's that fuller, her lead, supervises; she has not heard of it."""
    account = acme.shared_account()
    made = acme.nancy.insert(kind, account=account, **values)
    assert acme.nancy.push(made).result == "applied"
    acme.nancy.pull()
    acme.fuller.pull()
    wanted = acme.fuller.set(kind, made.id, supervisor=acme.fuller.user, supervised_until=BY)
    assert acme.fuller.push(wanted).result == "applied"
    return made.id


def test_a_lead_supervises_and_whoever_is_supervised_sees_it(acme: Acme) -> None:
    task = supervised(acme, title="Call", assignee=acme.nancy.user)
    acme.nancy.pull()
    assert acme.nancy.body("task", task)["supervisor"] == acme.fuller.user


def test_nobody_lays_a_supervision_on_others_or_lifts_his_own(acme: Acme) -> None:
    task = supervised(acme, title="Call", assignee=acme.nancy.user)
    acme.nancy.pull()
    lifted = acme.nancy.push(acme.nancy.set("task", task, supervisor=None))
    assert codes(lifted) == [("supervisor", "right.missing")]
    moved = acme.nancy.push(acme.nancy.set("task", task, supervised_until="2027-01-01T00:00:00Z"))
    assert codes(moved) == [("supervised_until", "right.missing")]
    own = acme.nancy.push(acme.nancy.insert("task", title="Mine", supervisor=acme.nancy.user))
    assert codes(own) == [("supervisor", "right.missing")]


def close_of(device: Device, kind: str, record_id: RecordId, **values: Value) -> ChangeSetResult:
    return device.push(device.set(kind, record_id, **values))


def test_an_older_client_that_closes_without_a_reply_is_refused_in_words(acme: Acme) -> None:
    """Nancy's device has not heard of the supervision, nor of its fields."""
    task = supervised(acme, title="Call", assignee=acme.nancy.user)
    result = close_of(acme.nancy, "task", task, status="done")
    assert codes(result) == [("status", "supervision.reply")]
    acme.nancy.pull()
    assert acme.nancy.body("task", task).get("status") is None


def test_a_reply_in_the_same_step_closes(acme: Acme) -> None:
    task = supervised(acme, title="Call", assignee=acme.nancy.user)
    acme.nancy.pull()
    done = close_of(acme.nancy, "task", task, status="done", supervision_reply="Sent on Monday")
    assert done.result == "applied"


def test_a_complaint_is_not_turned_down_without_a_reply(acme: Acme) -> None:
    case = supervised(acme, "complaint", subject="Broken", handler=acme.nancy.user)
    acme.fuller.pull()
    refused = close_of(acme.fuller, "complaint", case, state="rejected", closed_reason="None")
    assert ("state", "supervision.reply") in codes(refused)


def test_what_a_lead_lifts_is_closed_as_ever(acme: Acme) -> None:
    task = supervised(acme, title="Call", assignee=acme.nancy.user)
    acme.fuller.pull()
    lifted = acme.fuller.set("task", task, supervisor=None, supervised_until=None)
    assert acme.fuller.push(lifted).result == "applied"
    acme.nancy.pull()
    assert close_of(acme.nancy, "task", task, status="done").result == "applied"


def test_a_supervisor_without_another_claim_sees_what_he_supervises(acme: Acme) -> None:
    """The grant of the field is enough: li is a rep and sees nothing of nancy's."""
    task = supervised(acme, title="Call", assignee=acme.nancy.user)
    acme.fuller.pull()
    passed_on = Change(
        "task", task, Op.SET, {"supervisor": acme.li.user}, {"supervisor": acme.fuller.user},
        acme.fuller.rows["task", task].seq,
    )  # fmt: skip
    assert acme.fuller.push(passed_on).result == "applied"
    acme.li.pull()
    assert acme.li.sees("task", task)
