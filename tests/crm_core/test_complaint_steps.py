"""Steps of complaints: what is offered, what is asked, what is written."""

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.complaint_steps import (
    Line,
    Seen,
    asked_by,
    hand_over,
    intake,
    note,
    offer,
    step,
)
from crm_core.entities.shared import COMPLAINT_STAGES
from crm_core.ids import RecordId
from crm_core.machines import MACHINES
from crm_core.values import check_record

ID, EVENT, ACCOUNT, LI = (RecordId(f"{n:032x}") for n in (1, 2, 3, 4))
LINE = Line(EVENT, "2026-10-12T06:10:00Z", reason="Waits for photos")
STAGES = [code for code, _ in COMPLAINT_STAGES]


def test_everything_the_machine_allows_is_offered_once() -> None:
    for stage in STAGES:
        found = offer(stage)
        all_of_it = [x for x in (found.main, *found.pauses, *found.others) if x]
        assert sorted(all_of_it) == sorted(MACHINES["complaint"].targets(stage))


def test_an_approval_is_offered_to_who_may_give_it() -> None:
    assert "rejected" in offer("received").others
    assert "rejected" not in offer("received", may_approve=False).others
    assert offer(None).main == "acknowledged"
    assert offer("investigating").pauses == ("waiting_customer", "waiting_third_party")


def test_a_step_asks_for_what_the_machine_needs_and_its_own_words() -> None:
    assert asked_by("acknowledged", "assessed").must == ("severity", "remedy_sought", "handler")
    assert asked_by("resolved", "closed").must == ("cause",)
    pause = asked_by("investigating", "waiting_customer")
    assert (pause.words, pause.words_needed, pause.told) == ("reason", True, False)
    answer = asked_by("investigating", "answered")
    assert (answer.words, answer.told, answer.is_nothing) == ("comment", True, False)
    assert asked_by("received", "acknowledged").is_nothing


def test_a_step_moves_the_complaint_and_writes_its_log_in_one_go() -> None:
    seen = Seen(ID, 7, {"state": "investigating", "account": ACCOUNT, "outcome": None})
    moved, logged = step(seen, "waiting_customer", {}, LINE)
    assert moved == Change(
        "complaint", ID, Op.SET, {"state": "waiting_customer"}, {"state": "investigating"}, 7
    )
    assert logged.new == {
        "complaint": ID, "at": LINE.at, "from_state": "investigating",
        "to_state": "waiting_customer", "reason": "Waits for photos", "customer_visible": False,
    }  # fmt: skip


def test_a_note_leaves_the_stage_alone() -> None:
    (logged,) = note(Seen(ID, 7, {"state": "received"}), Line(EVENT, LINE.at, comment="Called"))
    assert "to_state" not in logged.new
    assert logged.new["comment"] == "Called"


def test_a_new_complaint_is_received_when_it_was_entered() -> None:
    values = {"account": ACCOUNT, "subject": "Mouldy", "need": [], "contact": None}
    made, logged = intake(ID, values, Line(EVENT, LINE.at))
    assert made.new == {
        "account": ACCOUNT, "subject": "Mouldy", "state": "received", "type": "complaint",
        "received_at": LINE.at,
    }  # fmt: skip
    assert (logged.new["to_state"], logged.new["at"]) == ("received", LINE.at)
    for change in (made, logged):
        assert not check_record(CATALOG[change.kind], change.new)


def test_a_handover_names_the_new_handler_in_the_log() -> None:
    seen = Seen(ID, 7, {"state": "received", "handler": ACCOUNT})
    moved, logged = hand_over(seen, ID, "Li Ming", Line(EVENT, LINE.at, comment="On leave"))
    assert moved == Change("complaint", ID, Op.SET, {"handler": ID}, {"handler": ACCOUNT}, 7)
    assert "to_state" not in logged.new
    assert (logged.new["reason"], logged.new["comment"]) == ("Li Ming", "On leave")


def test_a_handover_to_who_has_it_is_nothing() -> None:
    assert hand_over(Seen(ID, 7, {"handler": ID}), ID, "Li Ming", Line(EVENT, LINE.at)) == ()
