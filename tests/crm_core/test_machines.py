"""State machines: all of it can be walked, and the catalog says the same."""

import pytest

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.fields import Field
from crm_core.machines import (
    ANY,
    MACHINES,
    Machine,
    missing_for,
    missing_to_start,
    start_of,
)

STATES: list[tuple[Entity, Field]] = [
    (entity, field) for entity in CATALOG.values() for field in entity.fields if field.machine
]
names = [f"{entity.kind}.{field.name}" for entity, field in STATES]


def reachable(machine: Machine) -> set[str]:
    found, left = {machine.initial}, [machine.initial]
    while left:
        for target in machine.targets(left.pop()):
            if target not in found:
                found.add(target)
                left.append(target)
    return found


@pytest.mark.parametrize(("entity", "field"), STATES, ids=names)
def test_the_choices_of_a_state_are_the_states_of_its_machine(entity: Entity, field: Field) -> None:
    machine = MACHINES[field.machine]
    assert {choice.code for choice in field.choices} == reachable(machine)
    assert {arrow.source for arrow in machine.arrows} <= reachable(machine) | {ANY}
    assert field.choices[0].code == machine.initial


@pytest.mark.parametrize(("entity", "field"), STATES, ids=names)
def test_what_a_step_needs_are_fields_of_the_record(entity: Entity, field: Field) -> None:
    needed = {name for arrow in MACHINES[field.machine].arrows for name in arrow.needs}
    assert needed <= set(entity.by_name)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=[*MACHINES])
def test_arrows_are_exactly_the_targets_and_never_lead_to_where_one_stands(
    machine: Machine,
) -> None:
    for source in (None, *reachable(machine)):
        for target in reachable(machine):
            found = machine.arrow(source, target)
            assert (found is not None) == (target in machine.targets(source))
        assert machine.arrow(source, start_of(machine, source)) is None


@pytest.mark.parametrize(
    ("name", "source", "target", "needs", "action"),
    [
        ("prospect", "new", "qualifying", (), "edit"),
        ("prospect", "converted", "disqualified", ("stage_reason",), "edit"),
        ("prospect", "qualified", "pool", (), "edit"),
        ("visit", "in_progress", "completed", ("outcome",), "edit"),
        ("visit", "completed", "reviewed", (), "approve"),
        ("visit", "planned", "cancelled", ("reason",), "edit"),
        ("complaint", "acknowledged", "assessed", ("severity", "remedy_sought", "handler"), "edit"),
        ("complaint", "resolved", "closed", ("cause",), "edit"),
        ("complaint", "investigating", "rejected", ("closed_reason",), "approve"),
        ("complaint", "answered", "duplicate", ("repeat_of",), "edit"),
        ("complaint", "followed_up", "reopened", (), "edit"),
        ("plan", "submitted", "approved", (), "approve"),
        ("plan", "approved", "superseded", (), "edit"),
        ("work", "open", "dropped", ("reason",), "edit"),
    ],
)
def test_the_steps_of_the_business(
    name: str, source: str, target: str, needs: tuple[str, ...], action: str
) -> None:
    arrow = MACHINES[name].arrow(source, target)
    assert arrow is not None
    assert (arrow.needs, arrow.action) == (needs, action)


@pytest.mark.parametrize(
    ("name", "source", "target"),
    [
        ("visit", "draft", "completed"),
        ("visit", "cancelled", "planned"),
        ("complaint", "received", "closed"),
        ("plan", "draft", "approved"),
    ],
)
def test_no_step_leads_past_the_ones_between(name: str, source: str, target: str) -> None:
    assert MACHINES[name].arrow(source, target) is None


def test_an_empty_value_is_none_for_a_step_that_needs_it() -> None:
    arrow = MACHINES["visit"].arrow("planned", "cancelled")
    assert arrow is not None
    assert missing_for(arrow, {"reason": ""}) == missing_for(arrow, {}) == ("reason",)
    assert missing_for(arrow, {"reason": "ill"}) == ()


def test_a_record_begins_where_its_author_could_have_led_it() -> None:
    complaint, plan = MACHINES["complaint"], MACHINES["plan"]
    assert missing_to_start(complaint, None, {}) == ()
    assert missing_to_start(complaint, "received", {}) == ()
    lacking = missing_to_start(complaint, "closed", {"handler": "x"})
    assert set(lacking or ()) == {"severity", "remedy_sought", "cause"}
    assert missing_to_start(complaint, "rejected", {"closed_reason": "x"}) is None
    assert missing_to_start(plan, "submitted", {}) == ()
    assert missing_to_start(plan, "approved", {}) is None
    assert missing_to_start(plan, "of a newer version", {}) is None
