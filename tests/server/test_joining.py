"""Merging duplicates: what led to one record leads to the other, and nothing is lost on the way."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeSetResult, Deleted
from crm_server.tables import FOREVER
from tests.server.test_merging import parked, resolution, resolve
from tests.server.world import Acme, Device


def merging(
    device: Device, kind: str, loser: RecordId, winner: RecordId, **taken: Value
) -> tuple[Change, ...]:
    """A merge with the values that the winner takes over."""
    row = device.rows[(kind, loser)]
    away = Change(kind, loser, Op.MERGE, {"merged_into": winner}, {}, row.seq)
    return (away, device.set(kind, winner, **taken)) if taken else (away,)


def join(device: Device, kind: str, loser: RecordId, winner: RecordId, **taken: Value) -> str:
    return device.push(*merging(device, kind, loser, winner, **taken), atomic=True).result


def restoring(device: Device, loser: RecordId) -> ChangeSetResult:
    return device.push(Change("account", loser, Op.RESTORE))


@pytest.fixture
def pair(acme: Acme) -> tuple[RecordId, RecordId]:
    """The same company entered twice by nancy, seen by fuller."""
    return acme.shared_account("Alfred"), acme.shared_account("Alfreds")


Pair = tuple[RecordId, RecordId]


def test_what_led_to_the_loser_leads_to_the_winner(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    task = acme.nancy.insert("task", account=loser, title="Call them")
    note = acme.nancy.insert("attachment", parent=f"account/{loser}", name="plan.pdf")
    acme.nancy.push(task, note)
    acme.fuller.pull()
    assert join(acme.fuller, "account", loser, winner) == "applied"
    for device in (acme.nancy, acme.fuller):
        device.pull()
        assert not device.sees("account", loser)
        assert device.body("task", task.id)["account"] == winner
        assert device.body("attachment", note.id)["parent"] == f"account/{winner}"


def test_an_unseen_edit_of_what_the_winner_takes_over_stands_with_the_winner(
    acme: Acme, pair: Pair
) -> None:
    """The merger takes the loser's industry as he saw it; it had been put right meanwhile."""
    loser, winner = pair
    for account, industry in ((loser, "steel"), (winner, "paper")):
        acme.nancy.push(acme.nancy.set("account", account, industry=industry))
    acme.fuller.pull()
    acme.nancy.pull()
    acme.nancy.push(acme.nancy.set("account", loser, industry="glass"))
    assert join(acme.fuller, "account", loser, winner, industry="steel") == "merged"
    acme.fuller.pull()
    assert acme.fuller.body("account", winner)["industry"] == "glass"
    assert not [kind for kind, _ in acme.fuller.rows if kind == "conflict"]


def test_what_a_merge_brought_in_unseen_is_not_lost_in_the_next_one(acme: Acme, pair: Pair) -> None:
    """Fuller merges twice without a pull in between: of what the first merge brought along he has
    seen nothing when he makes the second."""
    loser, middle = pair
    winner = acme.shared_account("Alfreds Futterkiste")
    first = acme.fuller.changeset(*merging(acme.fuller, "account", loser, middle), atomic=True)
    away, *_ = merging(acme.fuller, "account", middle, winner)
    second = acme.fuller.changeset(replace(away, after=(first.id,)), atomic=True)
    acme.nancy.push(acme.nancy.set("account", loser, phone="111"))
    assert [one.result for one in acme.fuller.send(first).results] == ["merged"]
    assert [one.result for one in acme.fuller.send(second).results] == ["merged"]
    acme.fuller.pull()
    assert acme.fuller.body("account", winner)["phone"] == "111"


def test_who_deletes_what_his_merge_brought_something_into_has_not_seen_that(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    merged = acme.fuller.changeset(*merging(acme.fuller, "account", loser, winner), atomic=True)
    gone = replace(acme.fuller.delete("account", winner), after=(merged.id,))
    deleted = acme.fuller.changeset(gone)
    acme.nancy.push(acme.nancy.set("account", loser, industry="steel"))
    assert [one.result for one in acme.fuller.send(merged).results] == ["merged"]
    assert [one.result for one in acme.fuller.send(deleted).results] == ["conflict"]


@pytest.mark.parametrize("kind", ["account", "contact"])
def test_whoever_hears_that_a_merged_record_is_gone_hears_who_took_its_place(
    acme: Acme, kind: str
) -> None:
    loser, winner = acme.shared_account("Alfred"), acme.shared_account("Alfreds")
    if kind == "contact":
        people = [acme.nancy.insert("contact", full_name=name) for name in ("Li", "Li Na")]
        roles = [
            acme.nancy.insert("account_contact", account=winner, contact=one.id, role="boss")
            for one in people
        ]
        acme.nancy.push(*people, *roles)
        acme.fuller.pull()
        loser, winner = people[0].id, people[1].id
    other = acme.nancy.insert("task", account=acme.shared_account("C"), title="Gone")
    acme.nancy.push(other)
    acme.fuller.pull()
    answer = acme.fuller.send(
        acme.fuller.changeset(*merging(acme.fuller, kind, loser, winner), atomic=True),
        acme.fuller.changeset(Change("task", other.id, Op.DELETE, {}, {}, other.base_seq)),
    )
    assert takers(answer.deleted)[loser] == winner
    acme.nancy.pull()
    found = takers([item for item in acme.nancy.items if isinstance(item, Deleted)])
    assert (found[loser], found.get(other.id)) == (winner, None)


def takers(lines: Sequence[Deleted]) -> dict[RecordId, RecordId | None]:
    return {one.id: one.into for line in lines for one in line.rows}


def test_a_child_that_the_merger_never_saw_follows_too(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    merge = merging(acme.fuller, "account", loser, winner)
    task = acme.nancy.insert("task", account=loser, title="Call them")
    acme.nancy.push(task)
    assert acme.fuller.push(*merge, atomic=True).result == "applied"
    acme.nancy.pull()
    assert acme.nancy.body("task", task.id)["account"] == winner


def test_a_child_made_offline_below_the_loser_lands_below_the_winner(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    task = acme.nancy.insert("task", account=loser, title="Call them")
    join(acme.fuller, "account", loser, winner)
    result = acme.nancy.push(task)
    assert [(x.field, x.code) for x in result.changes] == [("account", "merge.moved")]
    acme.nancy.pull()
    assert acme.nancy.body("task", task.id)["account"] == winner


def test_a_late_edit_of_the_loser_lands_on_the_winner_where_that_holds_what_its_author_saw(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    edit = acme.nancy.set("account", loser, phone="111")
    join(acme.fuller, "account", loser, winner)
    result = acme.nancy.push(edit)
    (told,) = result.changes
    assert (told.result, told.code, told.params) == ("merged", "merge.moved", {"into": winner})
    acme.nancy.pull()
    assert acme.nancy.body("account", winner)["phone"] == "111"
    assert not acme.nancy.sees("account", loser)


def test_a_late_edit_of_the_loser_stands_in_a_conflict_of_the_winner_otherwise(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    edit = acme.nancy.set("account", loser, phone="111")
    join(acme.fuller, "account", loser, winner, phone="999")
    assert acme.nancy.push(edit).result == "conflict"
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert conflict.body["record"] == f"account/{winner}"
    assert parked(conflict.body) == [("111", acme.nancy.user)]
    assert acme.nancy.body("account", winner)["phone"] == "999"


@pytest.mark.parametrize("kept", [None, "999"])
def test_an_edit_that_the_merger_had_not_seen_reaches_the_winner_or_its_conflict(
    acme: Acme, pair: Pair, kept: str | None
) -> None:
    loser, winner = pair
    taken: dict[str, Value] = {"phone": kept} if kept else {}
    merge = merging(acme.fuller, "account", loser, winner, **taken)
    acme.nancy.push(acme.nancy.set("account", loser, phone="111"))
    late = acme.nancy.set("account", winner, phone="222") if kept else None
    if late is not None:
        acme.nancy.push(late)
    acme.fuller.push(*merge, atomic=True)
    acme.nancy.pull()
    if kept is None:
        assert acme.nancy.body("account", winner)["phone"] == "111"
    else:
        found = [parked(x.body) for x in acme.nancy.of_kind("conflict")]
        assert found == [[(kept, acme.fuller.user), ("111", acme.nancy.user)]]


@pytest.mark.parametrize("late", [False, True])
def test_what_comes_of_the_loser_leaves_what_its_author_had_parked_with_the_winner(
    acme: Acme, pair: Pair, *, late: bool
) -> None:
    loser, winner = pair
    of_winner = acme.fuller.set("account", winner, phone="333")
    acme.nancy.push(acme.nancy.set("account", winner, phone="999"))
    acme.fuller.push(of_winner)
    first = acme.fuller.set("account", loser, phone="111")
    second = replace(first, new={"phone": "222"}, old={"phone": "111"})
    merge = acme.nancy.changeset(*merging(acme.nancy, "account", loser, winner), atomic=True)
    if late:
        acme.nancy.send(merge)
    acme.fuller.send(acme.fuller.changeset(first), acme.fuller.changeset(second))
    acme.nancy.send(merge)
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert parked(conflict.body) == [("333", acme.fuller.user), ("222", acme.fuller.user)]


def test_what_a_merge_brought_in_leaves_what_its_merger_had_parked(acme: Acme, pair: Pair) -> None:
    """It is in his name, and he never said it."""
    loser, middle = pair
    winner = acme.shared_account("Alfreds Futterkiste", industry="paper")
    for account in pair:
        acme.nancy.push(acme.nancy.set("account", account, industry="steel"))
    acme.fuller.pull()
    of_winner = acme.fuller.set("account", winner, industry="steel")
    acme.nancy.pull()
    acme.nancy.push(acme.nancy.set("account", winner, industry="wood"))
    assert acme.fuller.push(of_winner).result == "conflict"
    acme.nancy.push(acme.nancy.set("account", loser, industry="glass"))
    assert join(acme.fuller, "account", loser, middle) == "merged"
    assert join(acme.nancy, "account", middle, winner) == "conflict"
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    said = [(value, acme.fuller.user) for value in ("steel", "glass")]
    assert parked(conflict.body) == said


def test_what_a_merge_brings_in_leaves_what_its_author_said_there_since(
    acme: Acme, pair: Pair
) -> None:
    """His clearing the winner's number in vain was not built on what he had said of the loser."""
    loser, winner = pair
    late = [acme.fuller.set("account", winner, phone=one) for one in ("333", None)]
    acme.nancy.push(acme.nancy.set("account", winner, phone="999"))
    acme.fuller.push(acme.fuller.set("account", loser, phone="222"))
    for change in late:
        assert acme.fuller.push(change).result == "conflict"
    assert join(acme.nancy, "account", loser, winner) == "conflict"
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert parked(conflict.body) == [(None, acme.fuller.user), ("222", acme.fuller.user)]


def test_what_one_person_said_of_both_records_is_asked_anew_whole(acme: Acme, pair: Pair) -> None:
    """It came behind the back of whoever decides: of the one before they were merged, of the other
    since."""
    loser, winner = pair
    acme.buchanan.pull()
    late = [
        acme.buchanan.set("account", winner, phone="333"),
        acme.buchanan.set("account", loser, phone="444"),
    ]
    asked = acme.clash(winner)
    decided = resolution(acme.fuller, asked, winner, "000")
    assert join(acme.nancy, "account", loser, winner) == "applied"
    for change in late:
        assert acme.buchanan.push(change).result == "conflict"
    assert acme.fuller.push(*decided, atomic=True).result == "applied"
    acme.nancy.pull()
    (anew,) = [x.body for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert parked(anew) == [("333", acme.buchanan.user), ("444", acme.buchanan.user)]


def test_who_names_no_version_has_seen_the_first_one_and_no_later(acme: Acme) -> None:
    loser = acme.shared_account("Alfred", phone="111", industry="steel")
    winner = acme.shared_account("Alfreds", phone="999", industry="paper")
    acme.nancy.push(acme.nancy.set("account", loser, industry="glass"))
    merge = Change("account", loser, Op.MERGE, {"merged_into": winner})
    result = acme.fuller.push(merge, atomic=True)
    assert [(x.field, x.result) for x in result.changes] == [("industry", "conflict")]


def test_an_edit_that_the_merger_made_himself_is_no_news_to_him(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    seen = acme.fuller.rows[("account", loser)].seq
    edit = acme.fuller.changeset(acme.fuller.set("account", loser, phone="111"))
    merge = acme.fuller.changeset(
        Change("account", loser, Op.MERGE, {"merged_into": winner}, {}, seen, (edit.id,)),
        atomic=True,
    )
    answer = acme.fuller.send(edit, merge)
    assert [x.result for x in answer.results] == ["applied", "applied"]
    acme.fuller.pull()
    assert acme.fuller.body("account", winner).get("phone") is None


def test_a_unique_value_goes_over_to_the_winner(acme: Acme) -> None:
    loser, winner = acme.shared_account(uscc="91310000000000000A"), acme.shared_account("B")
    taken = {"uscc": "91310000000000000A"}
    assert join(acme.fuller, "account", loser, winner, **taken) == "applied"
    acme.nancy.pull()
    assert acme.nancy.body("account", winner)["uscc"] == "91310000000000000A"
    result = restoring(acme.fuller, loser)
    acme.fuller.pull()
    assert acme.fuller.body("account", loser).get("uscc") is None
    (conflict,) = acme.fuller.of_kind("conflict")
    assert (conflict.body["why"], result.result) == ("unique", "conflict")


def test_an_open_question_about_the_loser_is_one_about_the_winner(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    acme.clash(winner, "w1", "w2")
    acme.clash(loser, "l1", "l2")
    acme.buchanan.pull()
    join(acme.buchanan, "account", loser, winner)
    acme.nancy.pull()
    open_ones = [x.body for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    (body,) = open_ones
    assert body["record"] == f"account/{winner}"
    assert [value for value, _ in parked(body)] == ["w1", "l1"]


def test_whoever_may_not_delete_the_one_or_change_the_other_may_not_merge(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    acme.world.passes(hours=25)
    for device, action in ((acme.nancy, "delete"), (acme.service, "delete")):
        device.pull()
        result = device.push(*merging(device, "account", loser, winner), atomic=True)
        (told,) = result.changes
        assert (told.result, told.code) == ("rejected", "right.missing")
        assert told.params == {"action": action}
    assert acme.nancy.sees("account", loser)


def test_two_merges_of_the_same_pair_the_other_way_round_are_one(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    acme.buchanan.pull()
    other = merging(acme.buchanan, "account", winner, loser, phone="111")
    join(acme.fuller, "account", loser, winner)
    assert acme.buchanan.push(*other, atomic=True).result == "merged"
    acme.fuller.pull()
    assert acme.fuller.body("account", winner)["phone"] == "111"
    assert not acme.fuller.sees("account", loser)


def test_a_record_merged_elsewhere_meanwhile_is_not_merged_again(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    third = acme.shared_account("Third")
    acme.buchanan.pull()
    late = merging(acme.buchanan, "account", loser, third, phone="111")
    join(acme.fuller, "account", loser, winner)
    result = acme.buchanan.push(*late, atomic=True)
    assert (result.result, result.changes[0].code) == ("rejected", "merge.gone")


def test_restoring_takes_a_merge_back_with_all_that_was_left_alone(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    tasks = [acme.nancy.insert("task", account=loser, title=x) for x in ("a", "b", "c")]
    acme.nancy.push(*tasks)
    acme.fuller.pull()
    join(acme.fuller, "account", loser, winner)
    acme.fuller.pull()
    third = acme.nancy.account("Third")
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("task", tasks[0].id, account=third))
    (told,) = restoring(acme.fuller, loser).changes
    assert (told.code, told.params["records"]) == ("merge.kept", f"task/{tasks[0].id}")
    acme.nancy.pull()
    accounts = [acme.nancy.body("task", x.id)["account"] for x in tasks]
    assert accounts == [third, loser, loser]
    assert not acme.nancy.body("account", loser).get("merged_into")


def test_after_thirty_days_a_record_comes_back_alone(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    task = acme.nancy.insert("task", account=loser, title="a")
    acme.nancy.push(task)
    acme.fuller.pull()
    join(acme.fuller, "account", loser, winner)
    acme.world.passes(days=31)
    assert restoring(acme.fuller, loser).result == "applied"
    acme.nancy.pull()
    assert acme.nancy.body("task", task.id)["account"] == winner
    assert acme.nancy.sees("account", loser)


def test_merged_and_taken_back_in_one_push_is_as_before(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    task = acme.nancy.insert("task", account=loser, title="a")
    acme.nancy.push(task)
    acme.fuller.pull()
    answer = acme.fuller.send(
        acme.fuller.changeset(*merging(acme.fuller, "account", loser, winner), atomic=True),
        acme.fuller.changeset(Change("account", loser, Op.RESTORE)),
    )
    assert [x.result for x in answer.results] == ["applied", "applied"]
    acme.nancy.pull()
    assert acme.nancy.body("task", task.id)["account"] == loser


def test_what_hangs_deeper_and_came_in_the_same_push_follows_too(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    visit = acme.nancy.insert("visit", account=loser, state="draft")
    acme.nancy.push(visit)
    acme.nancy.pull()
    note = acme.nancy.insert("attachment", parent=f"visit/{visit.id}", name="plan.pdf")
    done = acme.nancy.send(
        acme.nancy.changeset(note),
        acme.nancy.changeset(*merging(acme.nancy, "account", loser, winner), atomic=True),
    )
    assert [one.result for one in done.results] == ["applied", "applied"]
    with acme.world.store.read() as tx:
        placed = tx.rows(
            "SELECT root FROM record_root WHERE id=? AND gone_seq=?", (note.id, FOREVER)
        )
    assert winner in {root for (root,) in placed}
    assert loser not in {root for (root,) in placed}


def test_a_chain_of_merges_leads_to_its_end(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    third = acme.shared_account("Third")
    edit = acme.nancy.set("account", loser, phone="111")
    join(acme.fuller, "account", loser, winner)
    join(acme.fuller, "account", winner, third)
    assert acme.nancy.push(edit).result == "merged"
    acme.nancy.pull()
    assert acme.nancy.body("account", third)["phone"] == "111"


def test_contacts_merge_with_their_roles(acme: Acme) -> None:
    account = acme.shared_account()
    people = [acme.nancy.insert("contact", full_name=x) for x in ("Li", "Li Hua")]
    roles = [
        acme.nancy.insert("account_contact", account=account, contact=x.id, role="boss")
        for x in people
    ]
    acme.nancy.push(*people, *roles)
    acme.fuller.pull()
    assert join(acme.fuller, "contact", people[0].id, people[1].id) == "applied"
    acme.nancy.pull()
    assert acme.nancy.body("account_contact", roles[0].id)["contact"] == people[1].id
    assert not acme.nancy.sees("contact", people[0].id)


def test_a_company_is_never_its_own_parent(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    acme.fuller.push(acme.fuller.set("account", winner, parent=loser))
    acme.fuller.pull()
    join(acme.fuller, "account", loser, winner)
    acme.fuller.pull()
    assert acme.fuller.body("account", winner).get("parent") is None


def test_what_was_decided_about_the_loser_stays_with_it(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    conflict = acme.clash(loser)
    resolve(acme.nancy, conflict, loser, "111")
    acme.fuller.pull()
    join(acme.fuller, "account", loser, winner)
    acme.fuller.pull()
    body = acme.fuller.body("conflict", conflict)
    assert (body["record"], body["state"]) == (f"account/{loser}", "resolved")


@pytest.mark.parametrize("asked_there_already", [False, True])
def test_a_second_decision_about_the_loser_is_asked_of_the_winner(
    acme: Acme, pair: Pair, asked_there_already: bool
) -> None:
    loser, winner = pair
    conflict = acme.clash(loser)
    late = resolution(acme.fuller, conflict, loser, "222")
    resolve(acme.nancy, conflict, loser, "111")
    acme.nancy.pull()
    join(acme.nancy, "account", loser, winner)
    if asked_there_already:
        acme.clash(winner, "w1", "w2")
    result = acme.fuller.push(*late, atomic=True)
    assert result.result == "conflict"
    acme.fuller.pull()
    (asked,) = [x.body for x in acme.fuller.of_kind("conflict") if x.body["state"] == "open"]
    assert (asked["record"], asked["field"]) == (f"account/{winner}", "phone")
    assert ("222", acme.fuller.user) in parked(asked)
    assert acme.fuller.body("conflict", conflict)["state"] == "resolved"


@pytest.mark.parametrize("moved_on", [False, True])
def test_a_second_decision_under_the_losers_name_is_the_one_that_was_made(
    acme: Acme, pair: Pair, moved_on: bool
) -> None:
    """The question went along with the merge and was decided there: the second decision neither
    passes for the first, which the winner holds, nor for what the field has become since."""
    loser, winner = pair
    conflict = acme.clash(loser)
    late = resolution(acme.fuller, conflict, loser, "333")
    join(acme.nancy, "account", loser, winner)
    acme.nancy.pull()
    resolve(acme.nancy, conflict, winner, "111")
    if moved_on:
        acme.nancy.pull()
        acme.nancy.push(acme.nancy.set("account", winner, phone="999"))
    assert acme.fuller.push(*late, atomic=True).result == "conflict"
    acme.fuller.pull()
    body = acme.fuller.body("conflict", conflict)
    assert (body["record"], body["state"]) == (f"account/{winner}", "open")
    assert parked(body) == [("111", acme.nancy.user), ("333", acme.fuller.user)]


@pytest.mark.parametrize("settled", ["not", "not, and more was said", "decided", "joined"])
@pytest.mark.parametrize("value", ["333", None])
@pytest.mark.parametrize("moved_on", [False, True])
def test_a_late_decision_about_the_loser_is_the_losers_once_the_merge_was_taken_back(
    acme: Acme, pair: Pair, settled: str, value: str | None, moved_on: bool
) -> None:
    """It applies where the loser holds what its author saw, else it is asked about there; of what
    the winner holds, and of what is asked about that, it says nothing. A question that nobody has
    touched since is the loser's again."""
    loser, winner = pair
    conflict = acme.clash(loser)
    if settled == "joined":
        acme.clash(winner, "w1", "w2")
    late = resolution(acme.fuller, conflict, loser, value)
    join(acme.nancy, "account", loser, winner)
    acme.nancy.pull()
    if settled == "decided":
        resolve(acme.nancy, conflict, winner, "111")
    elif settled == "not, and more was said":
        acme.buchanan.pull()
        more = acme.buchanan.set("account", winner, phone="w1")
        acme.nancy.push(acme.nancy.set("account", winner, phone="w2"))
        assert acme.buchanan.push(more).changes[0].conflict_id == conflict
    restoring(acme.nancy, loser)
    acme.nancy.pull()
    if moved_on:
        acme.nancy.push(acme.nancy.set("account", loser, phone="999"))
    before = acme.nancy.body("account", winner).get("phone")
    result = acme.fuller.push(*late, atomic=True)
    for device in (acme.nancy, acme.fuller):
        device.pull()
    assert result.result == ("conflict" if moved_on else "applied")
    assert acme.nancy.body("account", loser).get("phone") == ("999" if moved_on else value)
    assert acme.nancy.body("account", winner).get("phone") == before
    asked = [x.body for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    lying = [x for body in asked if body["record"] == f"account/{loser}" for x in parked(body)]
    assert ((value, acme.fuller.user) in lying) == moved_on
    stays = settled in ("joined", "not, and more was said")
    assert (f"account/{winner}" in [body["record"] for body in asked]) == stays
    body = acme.nancy.body("conflict", conflict)
    if settled == "not":
        assert body["record"] == f"account/{loser}"
        assert (body["state"], body.get("resolution")) == (
            ("open", None) if moved_on else ("resolved", value)
        )
    elif settled != "joined":
        assert body["record"] == f"account/{winner}"


def test_to_clear_the_field_is_a_decision_although_its_question_joined_another(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    conflict = acme.clash(loser)
    there = acme.clash(winner, "w1", "w2")
    late = resolution(acme.fuller, conflict, loser, None)
    join(acme.nancy, "account", loser, winner)
    assert acme.fuller.push(*late, atomic=True).result == "conflict"
    acme.fuller.pull()
    assert (None, acme.fuller.user) in parked(acme.fuller.body("conflict", there))
    assert open_questions(acme.fuller) == [(f"account/{winner}", "phone")]


def test_what_a_late_decision_to_keep_the_loser_brings_along_is_the_winners(
    acme: Acme, pair: Pair
) -> None:
    """That the loser was to stay was decided before; the late one does not take the merge back."""
    loser, winner = pair
    edit = acme.nancy.set("account", loser, phone="111")
    acme.fuller.push(acme.fuller.delete("account", loser))
    assert acme.nancy.push(edit).result == "conflict"
    for device in (acme.nancy, acme.fuller):
        device.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    close = acme.fuller.set("conflict", conflict.id, state="resolved", resolution=False)
    late = Change("account", loser, Op.RESTORE, {"industry": "steel"}, {"industry": None})
    acme.nancy.push(Change("account", loser, Op.RESTORE), close, atomic=True)
    acme.nancy.pull()
    join(acme.nancy, "account", loser, winner)
    assert acme.fuller.push(late, close, atomic=True).result == "merged"
    acme.nancy.pull()
    assert acme.nancy.body("account", winner)["industry"] == "steel"
    assert not acme.nancy.sees("account", loser)


def ask_again(device: Device, conflict: RecordId, *others: Change) -> ChangeSetResult:
    question = device.set("conflict", conflict, state="open", resolution=None)
    result = device.push(*others, question, atomic=True)
    device.pull()
    return result


def open_questions(device: Device) -> list[tuple[Value, Value]]:
    found = [x.body for x in device.of_kind("conflict") if x.body["state"] == "open"]
    return [(body["record"], body["field"]) for body in found]


@pytest.mark.parametrize("asked_there_already", [False, True])
def test_a_decision_about_the_loser_is_taken_back_where_the_winner_holds_it(
    acme: Acme, pair: Pair, asked_there_already: bool
) -> None:
    loser, winner = pair
    conflict = acme.clash(loser)
    resolve(acme.nancy, conflict, loser, "111")
    acme.nancy.pull()
    back = acme.nancy.set("account", loser, phone="222")
    if asked_there_already:
        acme.clash(winner, "w1", "w2")
    acme.fuller.pull()
    join(acme.fuller, "account", loser, winner, phone="111")
    assert ask_again(acme.nancy, conflict, back).result == "merged"
    assert open_questions(acme.nancy) == [(f"account/{winner}", "phone")]
    assert acme.nancy.body("account", winner)["phone"] == "222"
    bodies = [x.body for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert ("111", acme.nancy.user) in parked(bodies[0])


def test_a_decision_about_the_loser_taken_back_is_asked_beside_what_else_the_winner_holds(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    conflict = acme.clash(loser)
    resolve(acme.nancy, conflict, loser, "111")
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("account", winner, phone="999"))
    acme.fuller.pull()
    join(acme.fuller, "account", loser, winner)
    acme.nancy.pull()
    ask_again(acme.nancy, conflict)
    assert open_questions(acme.nancy) == [(f"account/{winner}", "phone")]
    assert parked(acme.nancy.body("conflict", conflict)) == [("111", acme.nancy.user)]
    assert acme.nancy.body("account", winner)["phone"] == "999"


def delete_over_an_edit(acme: Acme, record: RecordId) -> None:
    """Fuller's deletion comes behind Nancy's edit, and both are asked."""
    delete = acme.fuller.delete("account", record)
    acme.nancy.push(acme.nancy.set("account", record, phone="111"))
    assert acme.fuller.push(delete).result == "conflict"
    acme.fuller.pull()


def test_that_the_loser_was_to_go_is_not_taken_back_once_it_was_merged(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    delete_over_an_edit(acme, loser)
    join(acme.fuller, "account", loser, winner)
    acme.fuller.pull()
    (conflict,) = acme.fuller.of_kind("conflict")
    ask_again(acme.fuller, conflict.id)
    assert open_questions(acme.fuller) == []


def test_whether_to_delete_the_loser_is_answered_by_merging_it(acme: Acme, pair: Pair) -> None:
    loser, winner = pair
    delete_over_an_edit(acme, loser)
    join(acme.fuller, "account", loser, winner)
    acme.nancy.pull()
    (conflict,) = acme.nancy.of_kind("conflict")
    assert (conflict.body["state"], conflict.body["record"]) == ("resolved", f"account/{loser}")
    assert acme.nancy.sees("account", winner)


@pytest.mark.parametrize("kept", [None, "999"])
def test_what_was_entered_while_the_loser_was_deleted_stands_with_the_winner(
    acme: Acme, pair: Pair, kept: str | None
) -> None:
    """It waited beside the question whether that stays so; meanwhile another brought it back."""
    loser, winner = pair
    late = acme.fuller.set("account", loser, phone="111", industry="steel")
    acme.nancy.push(acme.nancy.delete("account", loser))
    assert acme.fuller.push(late).result == "conflict"
    restoring(acme.nancy, loser)
    acme.nancy.pull()
    taken: dict[str, Value] = {"phone": kept} if kept else {}
    join(acme.nancy, "account", loser, winner, **taken)
    acme.nancy.pull()
    body = acme.nancy.body("account", winner)
    assert (body["phone"], body["industry"]) == (kept or "111", "steel")
    asked = [parked(x.body) for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert asked == ([[("111", acme.fuller.user)]] if kept else [])


@pytest.mark.parametrize("second", ["fuller", "buchanan"])
def test_what_was_typed_second_while_the_loser_was_deleted_builds_on_what_its_author_saw(
    acme: Acme, pair: Pair, second: str
) -> None:
    """The winner holds nothing there: that is not what he saw, though the question was asked
    about another field first."""
    loser, winner = pair
    acme.nancy.push(acme.nancy.set("account", loser, phone="500"))
    author = getattr(acme, second)
    for one in (acme.nancy, acme.fuller, author):
        one.pull()
    first = acme.fuller.set("account", loser, industry="steel")
    late = author.set("account", loser, phone="111")
    acme.nancy.push(acme.nancy.delete("account", loser))
    assert acme.fuller.push(first).result == "conflict"
    assert author.push(late).result == "conflict"
    restoring(acme.nancy, loser)
    acme.nancy.pull()
    join(acme.nancy, "account", loser, winner)
    acme.nancy.pull()
    body = acme.nancy.body("account", winner)
    assert (body.get("phone"), body["industry"]) == (None, "steel")
    asked = [parked(x.body) for x in acme.nancy.of_kind("conflict") if x.body["state"] == "open"]
    assert asked == [[("111", author.user)]]


@pytest.mark.parametrize("kind", ["account", "contact"])
def test_that_the_loser_was_gone_for_a_while_says_nothing_of_the_winner(
    acme: Acme, kind: str
) -> None:
    made = [acme.fuller.insert(kind, name=x) for x in "abc"]
    if kind == "contact":
        made = [acme.fuller.insert(kind, full_name=x) for x in "abc"]
    loser, winner, third = (x.id for x in made)
    acme.fuller.push(*made)
    acme.fuller.pull()
    merge = merging(acme.fuller, kind, loser, winner)
    back = Change(kind, loser, Op.RESTORE)
    acme.fuller.push(acme.fuller.delete(kind, loser))
    acme.fuller.push(back)
    acme.fuller.pull()
    join(acme.fuller, kind, loser, third)
    acme.fuller.push(back)
    assert acme.fuller.push(*merge, atomic=True).result == "applied"
    acme.fuller.pull()
    assert {"deleted", "merged_into"}.isdisjoint(acme.fuller.body(kind, winner))


@pytest.mark.parametrize("why", ["deleted", "deleted winner", "unknown", "itself", "no_kind"])
def test_only_two_that_are_there_are_merged(acme: Acme, pair: Pair, why: str) -> None:
    loser, winner = pair
    merge = merging(acme.fuller, "account", loser, winner)[0]
    expected = {"unknown": "record.not_found", "no_kind": "record.read_only"}.get(why, "merge.gone")
    if why.startswith("deleted"):
        gone = loser if why == "deleted" else winner
        acme.fuller.push(acme.fuller.delete("account", gone))
    elif why == "unknown":
        merge = Change("account", loser, Op.MERGE, {"merged_into": acme.world.new_id()})
    elif why == "no_kind":
        task = acme.fuller.insert("task", title="a", assignee=acme.fuller.user)
        acme.fuller.push(task)
        merge = Change("task", task.id, Op.MERGE, {"merged_into": task.id})
    if why == "itself":
        merge = Change("account", loser, Op.MERGE, {"merged_into": loser})
        assert acme.fuller.push(merge).result == "merged"
        acme.fuller.pull()
        assert acme.fuller.sees("account", loser)
        return
    (told,) = acme.fuller.push(merge).changes
    assert (told.result, told.code) == ("rejected", expected)


def test_work_on_a_record_merged_into_one_out_of_sight_waits_with_its_author(acme: Acme) -> None:
    mine, theirs = acme.nancy.account("Mine"), acme.li.account("Theirs")
    acme.buchanan.pull()
    edit = acme.nancy.set("account", mine, phone="111")
    task = acme.nancy.insert("task", account=mine, title="Call")
    join(acme.buchanan, "account", mine, theirs)
    for change in (edit, task):
        assert acme.nancy.push(change).result == "rejected"
    acme.li.pull()
    assert acme.li.body("account", theirs).get("phone") is None


def test_a_decision_about_a_record_merged_into_one_out_of_sight_is_not_taken_back(
    acme: Acme,
) -> None:
    mine, theirs = acme.shared_account("Mine"), acme.li.account("Theirs")
    conflict = acme.clash(mine)
    resolve(acme.nancy, conflict, mine, "111")
    acme.nancy.pull()
    acme.buchanan.pull()
    join(acme.buchanan, "account", mine, theirs, phone="111")
    (refused,) = ask_again(acme.nancy, conflict).changes
    assert (refused.result, refused.code) == ("rejected", "record.not_found")
    acme.li.pull()
    assert open_questions(acme.li) == []


def test_a_second_decision_about_a_record_merged_into_one_out_of_sight_waits_with_its_author(
    acme: Acme,
) -> None:
    mine, theirs = acme.shared_account("Mine"), acme.li.account("Theirs")
    conflict = acme.clash(mine)
    late = resolution(acme.nancy, conflict, mine, "333")
    resolve(acme.fuller, conflict, mine, "111")
    acme.buchanan.pull()
    join(acme.buchanan, "account", mine, theirs)
    (refused, *_) = acme.nancy.push(*late, atomic=True).changes
    assert (refused.result, refused.code) == ("rejected", "record.not_found")
    acme.li.pull()
    assert open_questions(acme.li) == []


def test_a_set_that_two_filled_keeps_the_members_of_both(acme: Acme) -> None:
    loser, winner = acme.shared_account(tags=["a"]), acme.shared_account("B", tags=["b"])
    merge = merging(acme.fuller, "account", loser, winner, tags=["a", "b"])
    row = acme.nancy.rows[("account", loser)]
    acme.nancy.push(Change("account", loser, Op.ADD, {"tags": ["new"]}, {"tags": ["a"]}, row.seq))
    late = Change("account", loser, Op.ADD, {"tags": ["late"]}, {"tags": ["a"]}, row.seq)
    acme.fuller.push(*merge, atomic=True)
    acme.nancy.push(late)
    acme.nancy.pull()
    assert acme.nancy.body("account", winner)["tags"] == ["a", "b", "late", "new"]


def test_what_it_loads_below_a_merged_account_lands_below_the_winner(
    acme: Acme, pair: Pair
) -> None:
    loser, winner = pair
    join(acme.fuller, "account", loser, winner)
    order = acme.world.new_id()
    acme.world.change("order", order, account=loser, order_number="1")
    acme.world.change("account", loser, name="Alfred")
    acme.nancy.pull()
    assert acme.nancy.body("order", order)["account"] == winner
    assert not acme.nancy.sees("account", loser)
