"""The merge by example: what two people who were offline find when they come back."""

import pytest

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.merge import DELETED, FieldResult, Merged, Result, Seen, Version, Why, merge, worst
from tests.crm_core.strategies import RECORD

ACCOUNT, VISIT, COMPLAINT = CATALOG["account"], CATALOG["visit"], CATALOG["complaint"]
SAW_1 = Seen(1)


def change(op: Op, new: dict[str, Value] | None = None, **old: Value) -> Change:
    return Change("account", RECORD, op, new or {}, old, 1)


def only(merged: Merged) -> FieldResult:
    (result,) = merged.results
    return result


def moved(current: Value, source: Value, target: Value, seq: int = 2, **facts: Value) -> Merged:
    """A visit's transition by somebody who saw version 1, on a state last written at `seq`."""
    row = Version({"state": current, **facts}, {"*": 1, "state": seq}, 2)
    step = Change("visit", RECORD, Op.SET, {"state": target}, {"state": source}, 1)
    return merge(VISIT, row, step, SAW_1)


def test_different_fields_of_one_record_both_stand() -> None:
    row = Version({"phone": "1", "industry": "Food"}, {"*": 1, "industry": 2}, 2)
    merged = merge(ACCOUNT, row, change(Op.SET, {"phone": "2"}, phone="1"), SAW_1)
    assert merged.values == {"phone": "2"}


def test_the_same_field_twice_is_a_conflict_with_both_values() -> None:
    row = Version({"phone": "3"}, {"phone": 2}, 2)
    result = only(merge(ACCOUNT, row, change(Op.SET, {"phone": "2"}, phone="1"), SAW_1))
    assert (result.result, result.why) == (Result.CONFLICT, Why.EDIT)
    assert (result.base, result.new) == ("1", "2")


def test_ones_second_edit_never_conflicts_with_ones_first() -> None:
    """Both carry base_seq 1; the second one's base is the value the first one wrote."""
    row = Version({"phone": "2"}, {"phone": 7}, 7)
    merged = merge(ACCOUNT, row, change(Op.SET, {"phone": "3"}, phone="2"), SAW_1)
    assert merged.values == {"phone": "3"}


def test_clearing_a_field_that_somebody_changed_is_a_conflict() -> None:
    row = Version({"description": "new"}, {"description": 2}, 2)
    gone = change(Op.SET, {"description": None}, description="old")
    assert only(merge(ACCOUNT, row, gone, SAW_1)).result is Result.CONFLICT


def test_a_note_merges_by_line_and_chinese_sentence() -> None:
    base = "价格太高。交货很快。\nCalls on Mondays.\n"
    mine = "价格可以谈。交货很快。\nCalls on Mondays.\n"
    theirs = "价格太高。交货很快。\nCalls on Tuesdays.\n"
    row = Version({"description": theirs}, {"description": 2}, 2)
    merged = merge(ACCOUNT, row, change(Op.SET, {"description": mine}, description=base), SAW_1)
    assert merged.values == {"description": "价格可以谈。交货很快。\nCalls on Tuesdays.\n"}
    assert only(merged).result is Result.MERGED


def test_a_note_whose_one_sentence_both_changed_is_a_conflict() -> None:
    row = Version({"description": "价格很低。"}, {"description": 2}, 2)
    mine = change(Op.SET, {"description": "价格适中。"}, description="价格太高。")
    assert only(merge(ACCOUNT, row, mine, SAW_1)).result is Result.CONFLICT


def test_who_decides_for_a_note_as_he_sees_it_is_asked_where_it_is_another_by_now() -> None:
    """Nothing is new in it that could be merged, and what he decided for does not stand."""
    row = Version({"description": "First.\nTheirs.\n"}, {"description": 2}, 2)
    mine = "First.\nMine.\n"
    merged = merge(ACCOUNT, row, change(Op.SET, {"description": mine}, description=mine), SAW_1)
    assert only(merged).result is Result.CONFLICT
    assert only(merged).new == mine


def test_what_two_wrote_into_a_note_and_is_too_much_together_is_a_conflict() -> None:
    lines = "".join(f"{n} {'x' * 1200}.\n" for n in range(100))
    text = f"{lines}middle.\n{lines}"
    now = Version({"description": f"{'y' * 15_000}.\n{text}"}, {"description": 2}, 2)
    edit = change(Op.SET, {"description": f"{text}{'z' * 15_000}.\n"}, description=text)
    result = only(merge(ACCOUNT, now, edit, Seen(1)))
    assert (result.result, result.why) == (Result.CONFLICT, Why.EDIT)


def test_members_that_are_too_many_together_are_refused() -> None:
    now = Version({"tags": [f"a{n:03}" for n in range(150)]}, {"tags": 2}, 2)
    edit = change(Op.ADD, {"tags": [f"b{n:03}" for n in range(150)]})
    merged = merge(ACCOUNT, now, edit, Seen(1))
    assert (only(merged).result, only(merged).code) == (Result.REJECTED, "field.invalid")
    assert merged.values == {}


def test_own_fields_merge_by_key() -> None:
    row = Version({"custom": {"a": "1", "b": "9"}}, {"custom": 2}, 2)
    mine = change(Op.SET, {"custom": {"a": "5", "c": "1"}}, custom={"a": "1", "b": "2"})
    assert only(merge(ACCOUNT, row, mine, SAW_1)).result is Result.CONFLICT  # b: gone or 9?
    added = change(Op.SET, {"custom": {"a": "5", "b": "2"}}, custom={"a": "1", "b": "2"})
    assert merge(ACCOUNT, row, added, SAW_1).values == {"custom": {"a": "5", "b": "9"}}
    emptied = change(Op.SET, {"custom": {"b": "2"}}, custom={"a": "1", "b": "2"})
    assert merge(ACCOUNT, row, emptied, SAW_1).values == {"custom": {"b": "9"}}


def test_a_position_in_a_list_never_asks_a_person() -> None:
    row = Version({"position": "b"}, {"position": 2}, 2)
    moved_item = Change("plan_action", RECORD, Op.SET, {"position": "c"}, {"position": "a"}, 1)
    merged = merge(CATALOG["plan_action"], row, moved_item, SAW_1)
    assert merged.values == {"position": "c"}
    assert only(merged).result is Result.MERGED


def test_an_address_of_which_each_changed_another_line_is_one_conflict() -> None:
    entity = CATALOG["address"]
    row = Version({"city": "Reims", "street": "A"}, {"*": 1, "city": 2}, 2)
    new, old = {"street": "B", "postcode": None}, {"street": "A", "postcode": None}
    result = only(merge(entity, row, Change("address", RECORD, Op.SET, {**new}, {**old}, 1), SAW_1))
    assert (result.name, result.result) == ("address", Result.CONFLICT)
    assert (result.base, result.new) == (old, new)


def test_members_cannot_be_added_to_what_is_no_set() -> None:
    row = Version({"phone": "1"}, {"*": 1}, 1)
    merged = merge(ACCOUNT, row, change(Op.ADD, {"phone": ["2"]}), SAW_1)
    assert merged.values == {}
    assert (only(merged).result, only(merged).code) == (Result.REJECTED, "field.invalid")


def test_a_set_of_a_newer_version_merges_like_one_of_ours() -> None:
    row = Version({"badges": ["a"]}, {"badges": 5}, 5)
    assert merge(ACCOUNT, row, change(Op.ADD, {"badges": ["b"]}), SAW_1).values == {
        "badges": ["a", "b"]
    }


def test_a_change_of_a_record_that_is_not_here_is_refused() -> None:
    result = only(merge(ACCOUNT, None, change(Op.SET, {"phone": "2"}), SAW_1))
    assert (result.result, result.code) == (Result.REJECTED, "record.not_found")


@pytest.mark.parametrize(
    "seen",
    [Seen(1, row_untouched=False), Seen(1, children_known=False), Seen(1, trusted=False)],
)
def test_deleting_what_somebody_worked_on_is_a_conflict_and_the_row_lives(seen: Seen) -> None:
    merged = merge(ACCOUNT, Version({"name": "A"}), change(Op.DELETE), seen)
    assert merged.deleted is None
    assert (only(merged).name, only(merged).result) == (DELETED, Result.CONFLICT)


def test_deleting_what_nobody_touched_deletes_it_once() -> None:
    merged = merge(ACCOUNT, Version({"name": "A"}), change(Op.DELETE), SAW_1)
    assert merged.deleted is True
    again = merge(ACCOUNT, Version({"name": "A"}, deleted=True), change(Op.DELETE), SAW_1)
    assert again.deleted is None
    assert only(again).result is Result.APPLIED


@pytest.mark.parametrize("op", [Op.SET, Op.INSERT])
def test_an_edit_of_a_deleted_record_is_kept_in_a_conflict(op: Op) -> None:
    gone = Version({"phone": "1"}, {"*": 1}, 1, deleted=True)
    result = only(merge(ACCOUNT, gone, change(op, {"phone": "2"}, phone="1"), SAW_1))
    assert (result.name, result.why) == (DELETED, Why.DELETE)
    assert (result.base, result.new) == ({"phone": "1"}, {"phone": "2"})


@pytest.mark.parametrize(("op", "kept"), [(Op.ADD, ["a", "b", "c"]), (Op.REMOVE, ["a"])])
def test_the_edit_of_a_deleted_records_set_is_kept_whole(op: Op, kept: list[str]) -> None:
    """Restoring it must not turn "add c" into "the tags are c"."""
    gone = Version({"tags": ["a", "b"]}, {"*": 1}, 1, deleted=True)
    named = ["c"] if op is Op.ADD else ["b"]
    edit = change(op, {"tags": [*named]}, tags=["a", "b"])
    assert only(merge(ACCOUNT, gone, edit, SAW_1)).new == {"tags": kept}


def test_restoring_brings_the_record_and_the_kept_edit_back() -> None:
    gone = Version({"phone": "1", "tags": ["a"]}, {"*": 1}, 1, deleted=True)
    wanted = change(Op.RESTORE, {"phone": "2", "tags": ["b"]}, phone="1", tags=[])
    merged = merge(ACCOUNT, gone, wanted, SAW_1)
    assert merged.deleted is False
    assert merged.values == {"phone": "2", "tags": ["a", "b"]}


def test_an_insert_into_a_restored_server_keeps_both_sides() -> None:
    """The row arrived already, and was edited since: equal fields agree, others ask a person."""
    row = Version({"name": "A", "phone": "9", "tags": ["x"]}, {"*": 4}, 4)
    values: dict[str, Value] = {"name": "A", "phone": "1", "tags": ["y"], "email": "a@b.cn"}
    # An insert saw nothing, whatever base it names.
    merged = merge(ACCOUNT, row, Change("account", RECORD, Op.INSERT, values), Seen(9))
    assert merged.values == {"tags": ["x", "y"], "email": "a@b.cn"}
    assert {r.name for r in merged.results if r.result is Result.CONFLICT} == {"phone"}


def test_a_step_from_a_state_that_has_moved_on_is_a_conflict() -> None:
    result = only(moved("cancelled", "planned", "confirmed"))
    assert (result.result, result.why) == (Result.CONFLICT, Why.STATE)
    assert (result.base, result.new) == ("planned", "confirmed")


def test_a_step_that_was_never_allowed_is_refused() -> None:
    result = only(moved("draft", "draft", "completed"))
    assert (result.result, result.code) == (Result.REJECTED, "state.no_arrow")


def test_nobody_jumps_by_lying_about_where_he_stood() -> None:
    """The state was not touched since version 1, so the author saw what stands."""
    result = only(moved("draft", "in_progress", "completed", seq=1, outcome="order"))
    assert (result.result, result.code) == (Result.REJECTED, "state.no_arrow")


def test_a_step_without_what_it_needs_is_refused_with_the_fields() -> None:
    result = only(moved("in_progress", "in_progress", "completed"))
    assert (result.code, result.params["fields"]) == ("state.missing", "outcome")
    assert moved("in_progress", "in_progress", "completed", outcome="order").values


def test_a_state_never_set_counts_as_the_first_one() -> None:
    assert moved(None, None, "planned").values == {"state": "planned"}
    assert moved("draft", None, "planned").values == {"state": "planned"}
    assert moved(None, "draft", "planned").values == {"state": "planned"}
    assert moved(None, None, "draft").values == {"state": "draft"}
    assert only(moved("draft", None, "draft")).result is Result.APPLIED


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"state": "completed", "outcome": "order"}, ""),
        ({"state": "completed"}, "state.missing"),
        ({"state": "reviewed", "outcome": "order"}, "state.no_arrow"),
        ({"state": "nonsense"}, "state.no_arrow"),
        ({"state": ["draft"]}, "state.no_arrow"),
        ({"state": None}, ""),
    ],
)
def test_a_record_may_begin_where_its_author_could_have_led_it(
    values: dict[str, Value], code: str
) -> None:
    """A visit already over is entered as completed; the review belongs to somebody else."""
    merged = merge(VISIT, None, Change("visit", RECORD, Op.INSERT, values), Seen(0))
    told = {result.name: result.code for result in merged.results}
    assert told["state"] == code
    assert merged.deleted is False


def test_facts_around_a_refused_step_apply() -> None:
    row = Version({"state": "draft"}, {"*": 1}, 1)
    step = Change("visit", RECORD, Op.SET, {"state": "reviewed", "result": "Went well."}, {}, 1)
    merged = merge(VISIT, row, step, SAW_1)
    assert merged.values == {"result": "Went well."}


def test_the_worst_result_names_a_changeset() -> None:
    assert worst([]) is Result.APPLIED
    assert worst([Result.MERGED, Result.CONFLICT, Result.APPLIED]) is Result.CONFLICT
    assert worst([Result.REJECTED, Result.BLOCKED]) is Result.REJECTED
