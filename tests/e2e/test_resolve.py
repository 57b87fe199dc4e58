"""Resolving a conflict: what *mine*, *theirs*, *base*, *both* and an author's name mean."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.people import DONE, FAILED, USAGE, WAITS_FOR_YOU, Desk, World


@dataclass(frozen=True)
class Disputed:
    """The rep's "030-2" is parked, the lead's "030-3" stands, the base is "030-1"."""

    rep: Desk
    lead: Desk
    account: str

    def resolve(self, desk: Desk, *words: str, code: int = DONE) -> str:
        """Somebody resolves, or tries to; what he is told."""
        ran = desk.run("resolve", desk.conflict(self.account)["id"], *words, code=code)
        return ran.err

    def agreed(self) -> str:
        """The value that both hold after two rounds, once no conflict is left."""
        for desk in (self.lead, self.rep, self.lead):
            desk.sync()
        for desk in (self.rep, self.lead):
            assert desk.conflicts(self.account) == []
        first, second = (x.show("account", self.account) for x in (self.rep, self.lead))
        assert first == second
        return first["phone"]


@pytest.fixture
def disputed(world: World) -> Disputed:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Drachenblut", phone="030-1")
    rep.sync()
    lead.sync()
    rep.set("account", account, phone="030-2")
    lead.set("account", account, phone="030-3")
    lead.sync()
    rep.sync(code=WAITS_FOR_YOU)
    lead.sync()
    return Disputed(rep, lead, account)


@pytest.mark.parametrize(
    ("who", "words", "expected"),
    [
        ("rep", ["--take", "mine"], "030-2"),
        ("rep", ["--take", "theirs"], "030-3"),
        ("lead", ["--take", "mine"], "030-3"),
        ("lead", ["--take", "theirs"], "030-2"),
        ("rep", ["--take", "base"], "030-1"),
        ("lead", ["--value", '"030-9"'], "030-9"),
        ("lead", ["--value", "null"], None),
    ],
)
def test_a_resolution_means_what_it_says(
    disputed: Disputed, who: str, words: list[str], expected: str | None
) -> None:
    disputed.resolve(getattr(disputed, who), *words)
    assert disputed.agreed() == expected


def test_a_parked_value_can_be_taken_by_its_authors_name(disputed: Disputed) -> None:
    disputed.resolve(disputed.lead, "--take", disputed.rep.login)
    assert disputed.agreed() == "030-2"


def test_both_is_for_notes_only(disputed: Disputed) -> None:
    disputed.resolve(disputed.rep, "--take", "both", code=USAGE)
    assert disputed.rep.conflict(disputed.account)["state"] == "open"


def test_an_unknown_author_is_refused_with_the_known_ones(disputed: Disputed) -> None:
    said = disputed.resolve(disputed.lead, "--take", "nobody", code=USAGE)
    assert disputed.rep.login in said


def test_a_value_that_the_field_cannot_hold_is_refused(disputed: Disputed) -> None:
    disputed.resolve(disputed.rep, "--value", "[1]", code=FAILED)
    assert disputed.rep.conflict(disputed.account)["state"] == "open"


def test_a_conflict_waits_for_the_author_of_the_parked_value_only(disputed: Disputed) -> None:
    assert disputed.rep.status(code=WAITS_FOR_YOU)["state"] == "needs_you"
    assert disputed.lead.status()["state"] == "up_to_date"


def test_the_same_resolution_by_both_is_one_resolution(disputed: Disputed) -> None:
    disputed.resolve(disputed.rep, "--take", "mine")
    disputed.resolve(disputed.lead, "--take", "theirs")
    assert disputed.agreed() == "030-2"


def test_different_resolutions_by_two_reopen_the_conflict(disputed: Disputed) -> None:
    disputed.resolve(disputed.rep, "--take", "mine")
    disputed.resolve(disputed.lead, "--take", "base")
    disputed.rep.sync()
    disputed.lead.sync(code=WAITS_FOR_YOU)
    disputed.rep.sync(code=WAITS_FOR_YOU)
    found = disputed.rep.conflict(disputed.account)
    values = {found["current"], *(parked["value"] for parked in found["parked"])}
    assert {"030-1", "030-2"} <= values


def test_theirs_among_several_parked_values_lists_the_authors(world: World) -> None:
    rep, lead, kam = world.people("rep", "lead", "kam")
    account = rep.add("account", name="Ernst Handel", phone="030-1")
    rep.add("account_team", account=account, user=kam.login, role="kam")
    desks = (rep, lead, kam)
    for desk in desks:
        desk.sync()
    for desk, phone in zip(desks, ("030-2", "030-3", "030-4"), strict=True):
        desk.set("account", account, phone=phone)
    lead.sync()
    rep.sync(code=WAITS_FOR_YOU)
    kam.sync(code=WAITS_FOR_YOU)
    lead.sync()
    ran = lead.run("resolve", lead.conflict(account)["id"], "--take", "theirs", code=USAGE)
    assert rep.login in ran.err
    assert kam.login in ran.err


def test_both_keeps_two_notes_one_after_the_other(world: World) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Familia Arquibaldo", description="One sentence")
    rep.sync()
    lead.sync()
    rep.set("account", account, description="The rep's sentence")
    lead.set("account", account, description="The lead's sentence")
    lead.sync()
    rep.sync(code=WAITS_FOR_YOU)
    rep.run("resolve", rep.conflict(account)["id"], "--take", "both")
    rep.sync()
    lead.sync()
    for desk in (rep, lead):
        note = desk.show("account", account)["description"]
        assert "The rep's sentence" in note
        assert "The lead's sentence" in note
