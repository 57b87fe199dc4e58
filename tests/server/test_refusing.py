"""What the server refuses, with which code, and what it gives away by it: nothing."""

import msgspec
import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import Refused
from crm_core.ids import RecordId
from crm_core.wire import ChangeSetResult
from tests.server.world import Acme, Device


def codes(result: ChangeSetResult) -> list[str]:
    return [part.code for part in result.changes]


def hidden(acme: Acme) -> RecordId:
    """An account that nancy does not see."""
    return acme.li.account("Li's")


def test_an_invisible_record_answers_like_an_absent_one(acme: Acme) -> None:
    for op in (Op.SET, Op.DELETE, Op.RESTORE, Op.ADD):
        answers = [
            acme.nancy.push(Change("account", target, op, {"phone": "1"}))
            for target in (hidden(acme), acme.world.new_id())
        ]
        told = [(a.result, [(c.field, c.code, c.params) for c in a.changes]) for a in answers]
        assert told[0] == told[1]
        assert told[0][0] == "rejected"
        assert told[0][1][0][1] == "record.not_found"


def test_a_reference_to_an_invisible_record_answers_like_one_to_nothing(acme: Acme) -> None:
    answers = [
        acme.nancy.push(acme.nancy.insert("visit", account=target))
        for target in (hidden(acme), acme.world.new_id())
    ]
    assert [codes(answer) for answer in answers] == [["reference.not_found"]] * 2
    assert answers[0].changes[0].params == answers[1].changes[0].params


def test_an_optional_bad_reference_parks_alone(acme: Acme) -> None:
    insert = acme.nancy.insert("account", name="Alfreds", parent=hidden(acme))
    result = acme.nancy.push(insert)
    assert [(c.field, c.code) for c in result.changes] == [("parent", "reference.not_found")]
    acme.nancy.pull()
    assert acme.nancy.body("account", insert.id)["name"] == "Alfreds"


def test_an_id_of_an_invisible_record_cannot_be_taken(acme: Acme) -> None:
    target = hidden(acme)
    result = acme.nancy.push(acme.nancy.insert_as("account", target, name="Mine now"))
    assert codes(result) == ["record.not_found"]
    acme.li.pull()
    assert acme.li.body("account", target)["name"] == "Li's"


def test_authority_fields_are_refused_and_computed_ones_ignored(acme: Acme) -> None:
    account = acme.nancy.account()
    edit = acme.nancy.set("account", account, grade="A", number="A-1", phone="111")
    result = acme.nancy.push(edit)
    assert [(c.field, c.code) for c in result.changes] == [("grade", "field.authority")]
    acme.nancy.pull()
    body = acme.nancy.body("account", account)
    assert body["phone"] == "111"
    assert body["number"] != "A-1"
    assert "grade" not in body


def test_author_and_moment_come_from_the_token_and_the_clock(acme: Acme) -> None:
    insert = acme.nancy.insert("account", name="A", created_by=acme.li.user, created_at="1999")
    forged = acme.nancy.changeset(insert, at="2099-01-01T00:00:00Z")
    acme.nancy.send(forged)
    acme.nancy.pull()
    body = acme.nancy.body("account", insert.id)
    assert body["created_by"] == acme.nancy.user
    assert body["created_at"] == "2026-11-20T08:00:00Z"


def test_a_forged_base_is_refused(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    acme.fuller.push(acme.fuller.set("account", account, phone="222"))
    forged = Change("account", account, Op.SET, {"phone": "1"}, {"phone": "000"}, 10**9)
    result = acme.nancy.push(forged)
    assert (result.result, codes(result)) == ("rejected", ["changeset.forged"])


def test_one_bad_changeset_does_not_stop_the_others(acme: Acme) -> None:
    account = acme.nancy.account()
    bad = acme.nancy.changeset(Change("account", acme.world.new_id(), Op.SET, {"phone": "1"}))
    good = acme.nancy.changeset(acme.nancy.set("account", account, phone="111"))
    answer = acme.nancy.send(bad, good)
    assert [result.result for result in answer.results] == ["rejected", "applied"]


def test_bad_values_and_emptied_required_fields_are_refused_by_field(acme: Acme) -> None:
    account = acme.nancy.account()
    result = acme.nancy.push(
        acme.nancy.set("account", account, name="", email="no address", phone="111")
    )
    told = {c.field: c.code for c in result.changes}
    assert told == {"name": "field.required", "email": "field.invalid"}
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["phone"] == "111"


def test_a_nul_character_is_refused(acme: Acme) -> None:
    result = acme.nancy.push(acme.nancy.insert("account", name="A", industry="a\x00b"))
    assert [(c.field, c.code) for c in result.changes] == [("industry", "field.invalid")]


def test_an_insert_without_its_required_field_is_refused_whole(acme: Acme) -> None:
    result = acme.nancy.push(acme.nancy.insert("account", phone="1"))
    assert (codes(result), result.changes[0].params["field"]) == (["field.required"], "name")


def test_what_hangs_below_a_refused_insert_is_blocked_until_it_passes(acme: Acme) -> None:
    bad = acme.nancy.insert("account", phone="1")
    visit = acme.nancy.changeset(acme.nancy.insert("visit", account=bad.id))
    edit = acme.nancy.changeset(Change("account", bad.id, Op.SET, {"phone": "2"}, {"phone": "1"}))
    assert acme.nancy.push(bad).result == "rejected"
    answer = acme.nancy.send(visit, edit)
    assert [result.result for result in answer.results] == ["blocked", "blocked"]
    assert acme.nancy.push(acme.nancy.insert_as("account", bad.id, name="Good")).result == "applied"
    answer = acme.nancy.send(visit)
    assert answer.results[0].result == "applied"


def test_an_edit_built_on_a_refused_value_is_blocked_and_another_is_not(acme: Acme) -> None:
    account = acme.nancy.account()
    acme.nancy.push(acme.nancy.set("account", account, email="bad"))
    seq = acme.nancy.rows[("account", account)].seq
    built = Change("account", account, Op.SET, {"email": "a@b.cn"}, {"email": "bad"}, seq)
    fresh = Change("account", account, Op.SET, {"email": "a@b.cn"}, {"email": None}, seq)
    assert acme.nancy.push(built).result == "blocked"
    assert acme.nancy.push(fresh).result == "applied"


def test_an_atomic_changeset_with_a_refused_part_leaves_nothing(acme: Acme) -> None:
    account = acme.nancy.account()
    edit = acme.nancy.set("account", account, phone="111")
    bad = acme.nancy.insert("visit", account=acme.world.new_id())
    result = acme.nancy.push(edit, bad, atomic=True)
    assert sorted(codes(result)) == ["atomic.part", "reference.not_found"]
    acme.nancy.pull()
    assert "phone" not in acme.nancy.body("account", account)


def test_logs_take_no_changes_and_loaded_kinds_none_at_all(acme: Acme) -> None:
    account = acme.nancy.account()
    complaint = acme.nancy.insert("complaint", account=account, subject="Late")
    event = acme.nancy.insert("complaint_event", complaint=complaint.id, to_state="received")
    acme.nancy.push(complaint, event)
    acme.nancy.pull()
    edit = acme.nancy.set("complaint_event", event.id, reason="other")
    order = acme.nancy.insert("order", account=account)
    strange = Change("unicorn", acme.world.new_id(), Op.INSERT, {"name": "x"})
    told = [codes(acme.nancy.push(change)) for change in (edit, order, strange)]
    assert told == [["record.log"], ["record.read_only"], ["kind.unknown"]]


def test_a_rep_hands_nothing_over_and_his_lead_does(acme: Acme) -> None:
    account = acme.shared_account()
    handover = {"owner": acme.li.user}
    assert codes(acme.nancy.push(acme.nancy.set("account", account, **handover))) == [
        "right.missing"
    ]
    assert acme.fuller.push(acme.fuller.set("account", account, **handover)).result == "applied"
    acme.fuller.pull()
    assert acme.fuller.body("account", account)["team"] == acme.team


def test_a_reps_insert_for_another_owner_becomes_his_own(acme: Acme) -> None:
    insert = acme.nancy.insert("account", name="A", owner=acme.li.user)
    assert codes(acme.nancy.push(insert)) == ["right.missing"]
    acme.nancy.pull()
    assert acme.nancy.body("account", insert.id)["owner"] == acme.nancy.user


def test_only_a_lead_walks_an_arrow_that_needs_approval(acme: Acme) -> None:
    account = acme.shared_account()
    visit = acme.nancy.insert(
        "visit", account=account, owner=acme.nancy.user, state="completed", outcome="order"
    )
    acme.nancy.push(visit)
    for device in (acme.nancy, acme.fuller):
        device.pull()
    reviewed = {"state": "reviewed"}
    assert codes(acme.nancy.push(acme.nancy.set("visit", visit.id, **reviewed))) == [
        "right.missing"
    ]
    assert acme.fuller.push(acme.fuller.set("visit", visit.id, **reviewed)).result == "applied"


def test_a_lie_about_the_former_state_spares_no_approval(acme: Acme) -> None:
    account = acme.shared_account()
    plan = acme.kam.insert("plan", title="P", account=account, state="submitted")
    acme.kam.pull()
    acme.kam.push(plan)
    acme.kam.pull()
    seq = acme.kam.rows[("plan", plan.id)].seq
    lie = Change("plan", plan.id, Op.SET, {"state": "approved"}, {"state": "draft"}, seq)
    assert codes(acme.kam.push(lie)) == ["right.missing"]


def test_who_may_not_approve_goes_on_where_another_has_approved(acme: Acme) -> None:
    """What was refused to him is what stands by now."""
    account, (kam, lead) = acme.kam.account(), (acme.kam, acme.buchanan)
    plan = kam.insert("plan", title="P", account=account, state="submitted")
    kam.push(plan)
    for device in (kam, lead):
        device.pull()
    assert codes(kam.push(kam.set("plan", plan.id, state="approved"))) == ["right.missing"]
    assert lead.push(lead.set("plan", plan.id, state="approved")).result == "applied"
    kam.pull()
    assert kam.push(kam.set("plan", plan.id, state="active")).result == "applied"


def test_an_impossible_step_is_refused(acme: Acme) -> None:
    account = acme.nancy.account()
    visit = acme.nancy.insert("visit", account=account, owner=acme.nancy.user)
    acme.nancy.push(visit)
    acme.nancy.pull()
    result = acme.nancy.push(acme.nancy.set("visit", visit.id, state="completed"))
    assert codes(result) == ["state.no_arrow"]


def test_service_edits_complaints_but_no_accounts(acme: Acme) -> None:
    account = acme.nancy.account()
    acme.service.pull()
    complaint = acme.service.insert("complaint", account=account, subject="Late")
    assert acme.service.push(complaint).result == "applied"
    result = acme.service.push(acme.service.set("account", account, phone="1"))
    assert codes(result) == ["right.missing"]


def test_it_sees_and_touches_no_customers(acme: Acme) -> None:
    account = acme.nancy.account()
    acme.it.pull()
    assert not acme.it.sees("account", account)
    assert codes(acme.it.push(acme.it.insert("account", name="A"))) == ["right.missing"]


def test_a_kam_reads_his_teams_accounts_but_edits_only_his_own(acme: Acme) -> None:
    account = acme.nancy.account()
    acme.kam.pull()
    assert acme.kam.sees("account", account)
    result = acme.kam.push(acme.kam.set("account", account, phone="1"))
    assert codes(result) == ["right.missing"]
    plan = acme.kam.insert("plan", title="Plan", account=account)
    assert acme.kam.push(plan).result == "applied"


def test_a_refused_changeset_is_parked_with_its_payload(acme: Acme) -> None:
    bad = acme.nancy.changeset(acme.nancy.insert("account", phone="1"))
    acme.nancy.send(bad)
    with acme.world.store.read() as tx:
        (row,) = tx.rows("SELECT id,author,why,payload FROM parked")
    assert tuple(row[:3]) == (bad.id, acme.nancy.user, "field.required")
    assert b'"phone":"1"' in bytes(row[3])


def test_a_taken_code_parks_the_field_and_the_record_is_accepted(acme: Acme) -> None:
    first = acme.nancy.account("First", uscc="91310000MA1K35XX0A")
    insert = acme.li.insert("account", name="Second", uscc="91310000ma1k35xx0a", phone="5")
    result = acme.li.push(insert)
    assert [(c.field, c.code, c.params) for c in result.changes] == [("uscc", "field.taken", {})]
    acme.li.pull()
    assert "uscc" not in acme.li.body("account", insert.id)
    (conflict,) = acme.li.of_kind("conflict")
    assert (conflict.body["why"], conflict.body["field"]) == ("unique", "uscc")
    assert first not in str(conflict.body)


def test_a_twin_in_sight_is_named(acme: Acme) -> None:
    first = acme.nancy.account("First", uscc="91310000MA1K35XX0A")
    result = acme.nancy.push(acme.nancy.insert("account", name="Twin", uscc="91310000MA1K35XX0A"))
    assert result.changes[0].params == {"twin": first}


def test_a_code_is_free_again_when_its_record_is_deleted(acme: Acme) -> None:
    first = acme.nancy.account("First", uscc="91310000MA1K35XX0A")
    acme.nancy.push(acme.nancy.delete("account", first))
    again = acme.nancy.insert("account", name="Again", uscc="91310000MA1K35XX0A")
    assert acme.nancy.push(again).result == "applied"


def test_a_push_with_an_old_epoch_or_too_much_is_refused_whole(acme: Acme) -> None:
    many = [acme.nancy.changeset() for _ in range(201)]
    assert refusal(acme.nancy, *many) == "request.too_large"
    acme.nancy.epoch = "0" * 32
    assert refusal(acme.nancy, acme.nancy.changeset()) == "request.epoch"


def test_a_changeset_with_too_many_changes_or_malformed_ids_is_refused(acme: Acme) -> None:
    many = [acme.nancy.insert("account", name="A") for _ in range(201)]
    assert codes(acme.nancy.push(*many)) == ["changeset.too_large"]
    bad = Change("account", RecordId("../x"), Op.INSERT, {"name": "A"})
    assert codes(acme.nancy.push(bad)) == ["request.malformed"]


def refusal(device: Device, *changesets: ChangeSet) -> str:
    with pytest.raises(Refused) as refused:
        device.send(*changesets)
    return refused.value.code


def test_nobodys_work_goes_in_under_anothers_sign_in(acme: Acme) -> None:
    own = acme.nancy.changeset(acme.nancy.insert("account", name="Own"))
    foreign = msgspec.structs.replace(
        acme.nancy.changeset(acme.nancy.insert("account", name="Another's")),
        author=acme.fuller.user,
    )
    with pytest.raises(Refused) as caught:
        acme.nancy.send(own, foreign)
    assert caught.value.code == "auth.required"
    assert acme.nancy.send(own).results[0].result == "applied"
