"""Erasing: each place in which somebody could be forgotten."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crm_core.changes import ChangeSet
from crm_core.wire import Erase
from crm_desktop.models.journal import erasing as here
from crm_server import erasing as there
from crm_server import taking
from crm_server.pull import Puller
from tests.models import test_erasing as test_models
from tests.server import test_erasing as test_server
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch
from tests.simulator.test_erasing import test_some_stories_of_erasing as stories


@contextmanager
def not_told_below_the_floor() -> Generator[None]:
    """Who slept so long that he receives everything anew is not told who was erased."""
    told = Puller._erased

    def terse(self: Puller) -> Iterator[Erase]:
        return iter(()) if self.plan.below_floor else told(self)

    with patch.object(Puller, "_erased", terse):
        yield


@contextmanager
def journal_forgotten() -> Generator[None]:
    """Rows are blanked, and own steps of long ago still say what was typed."""
    with patch.object(here, "_blank_work", lambda _gone: None):
        yield


@contextmanager
def history_forgotten() -> Generator[None]:
    """The record is blanked, and the server's history tells what it was."""
    with patch.object(there._Erasing, "_blank_history", lambda *_: 0):
        yield


@contextmanager
def refused_work_forgotten() -> Generator[None]:
    """What the office is shown of refused work still says it."""
    with patch.object(there._Erasing, "_blank_parked", lambda _self: 0):
        yield


@contextmanager
def earlier_base_accepted() -> Generator[None]:
    """Whoever had not heard of it brings the person back."""

    def trusting(changeset: ChangeSet, *_: Any) -> tuple[ChangeSet, Mapping[int, Any]]:
        return changeset, {}

    with patch.object(taking, "freed", trusting):
        yield


@contextmanager
def old_segments_stay() -> Generator[None]:
    """The words are taken out of the index, and their segments are not written anew."""
    with patch.object(here.search_tables, "sweep_later", lambda _c: None):
        yield


@contextmanager
def work_aside_forgotten() -> Generator[None]:
    """What lies with the orphans keeps what was typed."""
    with patch.object(here, "_blank_aside", lambda _gone: None):
        yield


SEEDS = range(1, 11)
"""One of so many stories notices, whatever else changes in them."""


def _caught(name: str, plant: Any) -> Mutant:
    return Mutant(name, plant, 16, stories, one_of=[{"seeds": [seed]} for seed in SEEDS])


MUTANTS = (
    Mutant(
        "erase not told below the floor",
        not_told_below_the_floor,
        16,
        test_server.test_a_laptop_below_the_floor_hears_of_it_too,
    ),
    _caught("erase forgets the journal", journal_forgotten),
    _caught("erase forgets history", history_forgotten),
    Mutant(
        "erase forgets refused work",
        refused_work_forgotten,
        16,
        test_server.test_no_table_holds_what_was_erased,
    ),
    _caught("erase accepts an earlier base", earlier_base_accepted),
    Mutant(
        "erase leaves old segments",
        old_segments_stay,
        16,
        test_models.test_dead_words_leave_the_old_segments_of_the_index,
    ),
    Mutant(
        "erase forgets orphans",
        work_aside_forgotten,
        16,
        test_models.test_work_that_left_with_its_record_is_freed_of_it,
    ),
)
