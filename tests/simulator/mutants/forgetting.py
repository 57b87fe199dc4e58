"""Collection, long sleep, and the names of parents out of sight."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from crm_core.entity import Entity
from crm_core.fields import Value
from crm_desktop.models.journal import reconcile, stubs
from crm_server import collecting
from crm_server import stubs as server_stubs
from crm_server.overlay import Overlay
from crm_server.store import Clock, Tx
from tests.server import test_collecting, test_stubs
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch


@contextmanager
def floor_not_raised() -> Generator[None]:
    """Tombstones are forgotten, and nobody is told that he may have missed some."""
    write = collecting.write_clock

    def keep_floor(tx: Tx, clock: Clock) -> None:
        write(tx, replace(clock, gc_floor=0))

    with patch.object(collecting, "write_clock", keep_floor):
        yield


@contextmanager
def nobody_waited_for() -> Generator[None]:
    """Collection heeds no device's cursor."""
    with patch.object(collecting, "_devices", lambda _tx: iter(())):
        yield


@contextmanager
def begun_anew_without_looking_back() -> Generator[None]:
    """Who is told to begin anew keeps what the server names no more."""
    with patch.object(reconcile, "begin_below_floor", lambda _receipt: None):
        yield


@contextmanager
def id_given_away_again() -> Generator[None]:
    """Nobody remembers the ids of what was collected."""
    with patch.object(Overlay, "prefetch_forgotten", lambda *_: None):
        yield


@contextmanager
def label_tells_more() -> Generator[None]:
    """A parent out of sight is told of by more than its name."""
    label_of = server_stubs.label_of

    def talkative(entity: Entity, values: dict[str, Value]) -> str:
        words = (label_of(entity, values), values.get("owner"))
        return " · ".join(str(word) for word in words if word)

    with patch.object(server_stubs, "label_of", talkative):
        yield


@contextmanager
def label_kept() -> Generator[None]:
    """The name of a parent stays after the child has left."""
    with patch.object(stubs, "drop_unneeded", lambda _c: None):
        yield


@contextmanager
def new_name_not_told() -> Generator[None]:
    """A parent out of sight that was renamed keeps its old name."""

    def silent(_self: Any, _since: int) -> Any:
        return iter(())

    with patch.object(server_stubs.StubParents, "_changed", silent):
        yield


@contextmanager
def lost_parent_not_told() -> Generator[None]:
    """Of a parent that leaves nothing is told, though its child stays."""
    with patch.object(server_stubs.StubParents, "note_loss", lambda _self: None):
        yield


MUTANTS = (
    Mutant("floor not raised by a collection", floor_not_raised, 5),
    Mutant(
        "collection above a device's cursor", nobody_waited_for, 5,
        test_collecting.test_a_device_that_is_in_use_is_waited_for,
    ),
    Mutant("kept what a forgetful feed names no more", begun_anew_without_looking_back, 5),
    Mutant(
        "id of a collected record given away again", id_given_away_again, 8,
        test_collecting.test_the_id_of_a_forgotten_record_is_not_given_away_again,
    ),
    Mutant("label of a parent tells more", label_tells_more, 4),
    Mutant("label of a parent kept after the child left", label_kept, 9),
    Mutant("new name of a parent not told", new_name_not_told, 4),
    Mutant(
        "parent that left not told of", lost_parent_not_told, 4,
        test_stubs.test_who_leaves_a_team_keeps_the_names_above_what_names_him,
    ),
)  # fmt: skip
