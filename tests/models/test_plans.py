"""A plan's page: everything in order, rolled up, and what the reader may do with it."""

from __future__ import annotations

import datetime as dt

import pytest

from crm_core.ids import RecordId
from crm_core.roles import Action
from crm_desktop.models.plans import PlanPage, plan_page
from crm_desktop.models.rights import may
from crm_desktop.models.store import Store
from tests.models.support import LI, ME, add, first_pull, pull, put, row
from tests.models.support import page as wire_page

TODAY = dt.date(2026, 10, 13)
A, C1, C2 = (RecordId(f"{n:032x}") for n in (7, 8, 9))


@pytest.fixture
def plan(store: Store) -> RecordId:
    first_pull(
        store,
        ("user", row(ME, 1, name="Nancy", role="rep")), ("user", row(LI, 2, name="Li", role="kam")),
        ("account", row(A, 3, name="Ernst Handel", grade="A", owner=ME)),
        ("contact", row(C1, 4, full_name="Wolfgang Ernst")),
        ("contact", row(C2, 5, full_name="Roland Mendel")),
    )  # fmt: skip
    return add(store, "plan", title="2026", account=A, owner=LI, state="draft")


def read(store: Store, plan: RecordId, user: RecordId = LI) -> PlanPage:
    with store.reader() as c:
        page = plan_page(c, plan, user=user, today=TODAY)
    assert page is not None
    return page


def test_parts_come_in_their_order_and_actions_below_their_objective(
    store: Store, plan: RecordId
) -> None:
    second = add(store, "plan_objective", plan=plan, text="Two", position="b")
    first = add(store, "plan_objective", plan=plan, text="One", position="a")
    for title, objective, place in (("y", first, "b"), ("x", first, "a"), ("z", None, "a")):
        add(store, "plan_action", plan=plan, objective=objective, title=title, position=place)
    page = read(store, plan)
    assert [one.row.id for one in page.objectives] == [first, second]
    assert [a.values["title"] for a in page.objectives[0].actions] == ["x", "y"]
    assert [a.values["title"] for a in page.loose] == ["z"]
    assert (page.account, page.grade, page.names[f"user/{LI}"]) == ("Ernst Handel", "A", "Li")


def test_done_actions_roll_up_to_the_plan(store: Store, plan: RecordId) -> None:
    one = add(store, "plan_objective", plan=plan, text="One", status="in_progress")
    add(store, "plan_objective", plan=plan, text="Two", status="open")
    for status in ("done", "open"):
        add(store, "plan_action", plan=plan, objective=one, title="x", status=status)
    page = read(store, plan)
    assert [objective.share for objective in page.objectives] == [0.5, 0.0]
    assert page.share == 0.25


def test_an_item_says_which_objective_takes_it_up(store: Store, plan: RecordId) -> None:
    add(store, "plan_objective", plan=plan, text="One", position="a")
    two = add(store, "plan_objective", plan=plan, text="Two", position="b")
    item = add(store, "plan_section_item", plan=plan, box="threat", text="Cheaper", weight=3)
    assert read(store, plan).number_of(read(store, plan).items["threat"][0]) == 0
    put(store, "plan_section_item", item, evidence=f"plan_objective/{two}")
    page = read(store, plan)
    assert page.number_of(page.items["threat"][0]) == 2


def test_the_buying_centre_knows_when_somebody_was_last_seen(store: Store, plan: RecordId) -> None:
    add(store, "account_contact", account=A, contact=C1, influence=5, buying_roles=["decider"])
    add(store, "account_contact", account=A, contact=C2, influence=2, attitude=1)
    add(store, "interaction", account=A, contact=C2, at="2026-10-02T08:00:00Z", who_theirs=[C1])
    first, second = read(store, plan).people
    assert (first.name, second.name) == ("Wolfgang Ernst", "Roland Mendel")
    assert first.person.roles == {"decider"}
    assert first.person.unseen_days == second.person.unseen_days == 11


def test_a_sales_representative_reads_a_plan_and_a_key_account_manager_edits_it(
    store: Store, plan: RecordId
) -> None:
    rep, kam = read(store, plan, ME), read(store, plan, LI)
    assert (rep.may_edit, kam.may_edit) == (False, True)
    assert kam.may_approve is False


def test_an_organisations_own_rule_and_an_unknown_role_are_heeded(
    store: Store, plan: RecordId
) -> None:
    rule = row(RecordId(f"{20:032x}"), 9, role="rep", entity="plan", action="edit", level="own")
    pull(store, 200, wire_page("role_permission", rule))
    assert read(store, plan, ME).may_edit
    with store.reader() as c:
        assert may(c, RecordId("f" * 32), "plan", Action.EDIT)


def test_an_unknown_plan_has_no_page(store: Store, plan: RecordId) -> None:
    with store.reader() as c:
        assert plan_page(c, RecordId("e" * 32), user=LI, today=TODAY) is None
