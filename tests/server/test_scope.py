"""Who sees what, and what happens when that changes."""

import pytest

from crm_core.errors import Refused
from crm_core.ids import RecordId
from crm_core.wire import Enter, Gone, Left
from tests.server.world import Acme, Device


def kinds_of(device: Device) -> set[str]:
    return {type(item).__name__ for item in device.items}


def test_a_rep_sees_his_own_a_lead_his_territory_and_team(acme: Acme) -> None:
    in_the_east = acme.nancy.account("East")  # nancy's territory is part of Fuller's
    nowhere = acme.li.account("Nowhere")  # li has no territory, but Buchanan's team
    seen = {}
    for device in acme.everybody:
        device.pull()
        seen[device] = [device.sees("account", x) for x in (in_the_east, nowhere)]
    assert seen == {
        acme.nancy: [True, False], acme.li: [False, True], acme.kam: [True, True],
        acme.fuller: [True, False], acme.buchanan: [True, True], acme.service: [True, True],
        acme.it: [False, False],
    }  # fmt: skip


def test_a_reassigned_account_takes_everything_below_it_along(acme: Acme) -> None:
    account = acme.shared_account()
    below = [
        acme.nancy.insert("address", account=account, city="Berlin"),
        acme.nancy.insert("task", account=account, title="Call"),
        acme.nancy.insert("contact", full_name="Maria Anders"),
    ]
    role = acme.nancy.insert("account_contact", account=account, contact=below[2].id)
    acme.nancy.push(*below, role)
    for device in (acme.nancy, acme.fuller):
        device.pull()
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    acme.li.pull()
    acme.nancy.pull()
    for change in below:
        assert acme.li.sees(change.kind, change.id)
        assert not acme.nancy.sees(change.kind, change.id)
    assert [x.roots for x in acme.nancy.items if isinstance(x, Left)] == [(account,)]
    assert [x.roots for x in acme.li.items if isinstance(x, Enter)] == [(account,)]


def test_the_former_owners_late_edit_is_answered_like_one_of_nothing(acme: Acme) -> None:
    account = acme.shared_account()
    edit = acme.nancy.set("account", account, phone="111")
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    result = acme.nancy.push(edit)
    assert (result.result, result.changes[0].code) == ("rejected", "record.not_found")


def test_an_account_that_comes_back_is_whole_again(acme: Acme) -> None:
    account = acme.shared_account()
    acme.nancy.push(acme.nancy.insert("task", account=account, title="Call"))
    for owner in (acme.li.user, acme.nancy.user):
        acme.fuller.pull()
        acme.fuller.push(acme.fuller.set("account", account, owner=owner))
        acme.nancy.pull()
    assert len(acme.nancy.of_kind("task")) == 1


def test_leaving_and_coming_back_between_two_pulls_is_seen_as_nothing(acme: Acme) -> None:
    account = acme.shared_account()
    acme.nancy.pull()
    for owner in (acme.li.user, acme.nancy.user):
        acme.fuller.pull()
        acme.fuller.push(acme.fuller.set("account", account, owner=owner))
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["owner"] == acme.nancy.user


def test_a_deletion_while_out_of_sight_is_told_on_return(acme: Acme) -> None:
    account = acme.shared_account()
    task = acme.nancy.insert("task", account=account, title="Call")
    acme.nancy.push(task)
    acme.nancy.pull()
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    acme.nancy.held.discard(account)  # hidden, not erased yet
    acme.nancy.receive([x for x in acme.nancy.fetch() if not isinstance(x, Left)])
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.delete("task", task.id))
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.nancy.user))
    acme.nancy.pull()
    assert not acme.nancy.sees("task", task.id)


def test_a_colleague_on_the_account_team_sees_and_edits_it(acme: Acme) -> None:
    account = acme.shared_account()
    member = acme.nancy.insert("account_team", account=account, user=acme.li.user, role="rep")
    acme.nancy.push(member)
    acme.li.pull()
    assert acme.li.push(acme.li.set("account", account, phone="1")).result == "applied"
    acme.nancy.pull()
    acme.nancy.push(acme.nancy.delete("account_team", member.id))
    acme.li.pull()
    assert not acme.li.sees("account", account)


def test_a_visit_is_seen_by_those_it_names_without_its_account(acme: Acme) -> None:
    account = acme.nancy.account()
    visit = acme.nancy.insert("visit", account=account, participants=[acme.li.user])
    acme.nancy.push(visit)
    acme.li.pull()
    assert acme.li.sees("visit", visit.id)
    assert not acme.li.sees("account", account)
    assert acme.li.rows[("visit", visit.id)].roots == (acme.li.user,)


def test_one_who_is_no_longer_named_is_told_that_it_is_gone(acme: Acme) -> None:
    task = acme.nancy.insert("task", title="Call", assignee=acme.li.user)
    acme.nancy.push(task)
    acme.nancy.pull()
    acme.li.pull()
    acme.nancy.push(acme.nancy.set("task", task.id, assignee=acme.nancy.user))
    acme.li.pull()
    assert [x.ids for x in acme.li.items if isinstance(x, Gone)] == [(task.id,)]
    assert not acme.li.sees("task", task.id)


def test_a_record_moves_with_its_link_upwards(acme: Acme) -> None:
    mine, lis = acme.shared_account(name="Mine"), acme.li.account("Li's")
    complaint = acme.nancy.insert("complaint", account=mine, subject="Late")
    event = acme.nancy.insert("complaint_event", complaint=complaint.id, to_state="received")
    acme.nancy.push(complaint, event)
    for device in (acme.buchanan, acme.nancy):
        device.pull()
    acme.buchanan.push(acme.buchanan.set("complaint", complaint.id, account=lis))
    for device, sees in ((acme.nancy, False), (acme.li, True)):
        device.pull()
        assert device.sees("complaint", complaint.id) is sees
        assert device.sees("complaint_event", event.id) is sees


def test_a_contact_is_seen_through_each_of_its_roles(acme: Acme) -> None:
    mine, lis = acme.nancy.account("Mine"), acme.li.account("Li's")
    contact = acme.nancy.insert("contact", full_name="Maria Anders")
    first = acme.nancy.insert("account_contact", account=mine, contact=contact.id)
    acme.nancy.push(contact, first)
    acme.buchanan.pull()
    second = acme.buchanan.insert("account_contact", account=lis, contact=contact.id)
    acme.buchanan.push(second)
    acme.li.pull()
    assert acme.li.rows[("contact", contact.id)].roots == (lis,)
    acme.buchanan.pull()
    acme.buchanan.push(acme.buchanan.delete("account_contact", second.id))
    for device, sees in ((acme.li, False), (acme.nancy, True)):
        device.pull()
        assert device.sees("contact", contact.id) is sees


def test_a_conflict_is_visible_exactly_as_its_record(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    acme.li.pull()
    assert not acme.li.sees("conflict", conflict)
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    acme.nancy.pull()
    acme.li.pull()
    assert acme.li.sees("conflict", conflict)
    assert not acme.nancy.sees("conflict", conflict)


def test_a_user_who_changes_team_loses_its_sight_and_work_of_then_still_counts(
    acme: Acme,
) -> None:
    account = acme.nancy.account()
    member = acme.nancy.insert("account_team", account=account, user=acme.kam.user)
    acme.nancy.push(member)
    acme.kam.pull()
    plan = acme.kam.insert("plan", title="Plan", account=acme.li.account("Li's"))
    acme.kam.pull()
    written = acme.kam.changeset(plan)
    acme.world.change("user", acme.kam.user, team=acme.world.team("Other"))
    assert acme.kam.send(written).results[0].result == "applied"
    acme.kam.pull()
    assert acme.kam.gen == 2
    assert len(acme.kam.of_kind("account")) == 1


def test_work_written_under_lost_keys_is_refused_after_the_grace(acme: Acme) -> None:
    account = acme.li.account("Li's")
    acme.kam.pull()
    written = acme.kam.changeset(acme.kam.insert("plan", title="Plan", account=account))
    acme.world.change("user", acme.kam.user, team=acme.world.team("Other"))
    acme.world.passes(days=8)
    assert acme.kam.send(written).results[0].result == "rejected"


@pytest.mark.parametrize(("days", "result"), [(6, "applied"), (8, "rejected")])
def test_what_was_written_in_a_role_that_was_taken_away_counts_for_the_grace(
    acme: Acme, days: int, result: str
) -> None:
    account = acme.nancy.account("Before")
    acme.fuller.pull()
    written = [acme.fuller.changeset(acme.fuller.set("account", account, name=x)) for x in "AB"]
    acme.world.change("user", acme.fuller.user, role="auditor")
    acme.world.passes(days=days)
    assert acme.fuller.send(written[0]).results[0].result == result
    acme.fuller.pull()
    late = acme.fuller.changeset(acme.fuller.set("account", account, phone="1"))
    assert acme.fuller.send(late).results[0].result == "rejected", "written in today's role"


def test_a_users_new_team_takes_his_accounts_along(acme: Acme) -> None:
    account = acme.li.account("Li's")
    acme.buchanan.pull()
    other = acme.world.team("Other", lead="fuller")
    acme.world.change("user", acme.li.user, team=other)
    for device, sees in ((acme.buchanan, False), (acme.fuller, True)):
        device.pull()
        assert device.sees("account", account) is sees
    assert acme.fuller.body("account", account)["team"] == other


def test_a_territory_that_moves_takes_its_accounts_along(acme: Acme) -> None:
    account = acme.nancy.account()
    acme.fuller.pull()
    acme.world.change("territory", acme.east, parent=None)
    acme.fuller.pull()
    assert not acme.fuller.sees("account", account)


def test_products_and_people_are_seen_by_all(acme: Acme) -> None:
    product = acme.world.new_id()
    acme.world.change("product", product, name="Chai", code="P1")
    for device in acme.everybody:
        device.pull()
        assert device.sees("product", product)
        assert device.sees("user", acme.li.user)


def test_a_lone_record_belongs_to_its_author_and_his_leads(acme: Acme) -> None:
    task = acme.nancy.insert("task", title="Buy paper")
    acme.nancy.push(task)
    seen = []
    for device in (acme.nancy, acme.li, acme.buchanan, acme.fuller):
        device.pull()
        seen.append(device.sees("task", task.id))
    assert seen == [True, False, True, True]


def test_history_is_for_those_who_see_the_record(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    acme.world.passes(hours=1)
    acme.nancy.push(acme.nancy.set("account", account, phone="111"))
    entries = acme.world.service.history(acme.fuller.who, "account", account)
    phone = [(e.old, e.new, e.by) for e in entries if e.field == "phone"]
    assert phone == [(None, "000", acme.nancy.user), ("000", "111", acme.nancy.user)]
    for target in (account, acme.world.new_id()):
        with pytest.raises(Refused) as refused:
            acme.world.service.history(acme.li.who, "account", target)
        assert refused.value.code == "record.not_found"


def seeing(acme: Acme, kind: str, record_id: RecordId) -> int:
    for device in acme.everybody:
        device.pull()
    return sum(device.sees(kind, record_id) for device in acme.everybody)


def test_a_saved_view_is_its_authors_alone_until_he_shares_it(acme: Acme) -> None:
    view = acme.li.insert("saved_view", name="Mine", entity="account")
    acme.li.push(view)
    seen: list[int] = []
    for shared in (False, True, False):
        acme.li.pull()
        acme.li.push(acme.li.set("saved_view", view.id, shared=shared))
        seen.append(seeing(acme, "saved_view", view.id))
        assert acme.li.sees("saved_view", view.id)
    assert seen == [1, len(acme.everybody), 1], "not even those who lead him see what is his"


def test_a_shared_view_is_kept_by_its_author_and_those_who_lead(acme: Acme) -> None:
    view = acme.li.insert("saved_view", name="For all", entity="account", shared=True)
    acme.li.push(view)
    assert seeing(acme, "saved_view", view.id) == len(acme.everybody)
    results = [
        device.push(device.set("saved_view", view.id, name=name)).result
        for device, name in ((acme.nancy, "X"), (acme.fuller, "Y"))
    ]
    assert results == ["rejected", "applied"]


@pytest.mark.parametrize("login", ["nancy", "service"])
def test_whoever_has_lists_keeps_and_deletes_his_own_views_whenever_he_likes(
    acme: Acme, login: str
) -> None:
    device: Device = getattr(acme, login)
    view = device.insert("saved_view", name="Mine", entity="account")
    assert device.push(view).result == "applied"
    acme.world.passes(days=30)
    device.pull()
    assert device.push(device.delete("saved_view", view.id)).result == "applied"
