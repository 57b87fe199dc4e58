"""Merging duplicates: what was the one's is the other's, with nobody's work lost."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from crm_core.changes import Change
from crm_core.entity import Entity
from crm_server import resolution
from crm_server.merging import Merging
from tests.server import test_joining
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch


@contextmanager
def unseen_edit_not_carried() -> Generator[None]:
    """What the merger had not seen of the loser stays with the loser."""
    with patch.object(Merging, "_unseen", lambda *_: {}):
        yield


@contextmanager
def links_not_followed() -> Generator[None]:
    """What leads to the loser goes on leading there."""
    with patch.object(Merging, "_lead", lambda *_: None):
        yield


@contextmanager
def late_link_not_followed() -> Generator[None]:
    """What was hung below the loser before its author heard of the merge is left hanging there."""

    def literal(self: Merging, entity: Entity, change: Change) -> tuple[Change, str]:
        del self, entity
        return change, ""

    with patch.object(Merging, "readdressed", literal):
        yield


@contextmanager
def joined_question_taken_for_decided() -> Generator[None]:
    """A question that joined another passes for one that was decided, for nothing."""
    with patch.object(resolution, "is_joined", lambda _: False):
        yield


MUTANTS = (
    Mutant("unseen edit not carried over", unseen_edit_not_carried, 2),
    Mutant("links of the loser left behind", links_not_followed, 10),
    Mutant(
        "late link of the loser left behind", late_link_not_followed, 10,
        test_joining.test_a_child_made_offline_below_the_loser_lands_below_the_winner,
    ),
    Mutant(
        "joined question taken for decided", joined_question_taken_for_decided, 1,
        test_joining.test_to_clear_the_field_is_a_decision_although_its_question_joined_another,
    ),
)  # fmt: skip
