"""What a pull should have brought is asked for again within the same run, before anybody is shown a
reference that leads nowhere; what is out of sight is asked for by nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_core.ids import RecordId
from crm_core.wire import Deleted, Enter, Gone, Left, Page, PullItem
from crm_desktop.sync.status import State
from tests.simulator.company import ACCOUNTS, BOB, CAT, fixed_id
from tests.simulator.damaged import HERE, Place

NEW, BELOW = fixed_id(0xABC00), fixed_id(0xABC01)


def without(kind: str) -> Callable[[PullItem], PullItem | None]:
    """A line on which the rows of a kind get lost."""

    def lose(item: PullItem) -> PullItem | None:
        return None if isinstance(item, Page) and item.kind == kind else item

    return lose


def no(shape: type[Any]) -> Callable[[PullItem], PullItem | None]:
    """A line on which one sort of item gets lost."""
    return lambda item: None if isinstance(item, shape) else item


def is_here(place: Place, kind: str, record_id: RecordId) -> bool:
    return (kind, record_id) in place.device.live()


@pytest.mark.parametrize("lost", ["account", "visit"])
def test_a_parent_or_child_that_got_lost_is_asked_for_again_in_the_same_run(
    place: Place, lost: str
) -> None:
    place.server.load("account", NEW, {"name": "New", "owner": place.device.person.id})
    place.server.load("visit", BELOW, {"account": NEW, "owner": BOB.id, "state": "planned"})
    place.line.lose = without(lost)
    run = place.synchronise()
    assert run.report.verified
    assert is_here(place, "account", NEW)
    assert is_here(place, "visit", BELOW)
    assert place.content() == place.content_there()
    assert len(place.line.requests) == 4
    assert place.device.parked.quarantine == 0
    assert place.said[-1] is State.UP_TO_DATE
    assert place.lies == []


@pytest.mark.parametrize("shape", [Enter, Left, Gone, Deleted])
def test_whatever_of_a_pull_gets_lost_the_run_puts_right(place: Place, shape: type[Any]) -> None:
    place.server.load("account", ACCOUNTS[3], {"owner": place.device.person.id})
    place.server.load("account", ACCOUNTS[1], {"owner": CAT.id, "team": CAT.team})
    moved = fixed_id(200 + 3)
    place.server.load("visit", moved, {"account": ACCOUNTS[4]})
    place.line.lose = no(shape)
    assert place.synchronise().report.verified
    assert place.content() == place.content_there()
    assert len(place.line.requests) <= 4


def test_a_parent_out_of_sight_costs_no_request(place: Place) -> None:
    place.server.load("account", HERE, {"parent": ACCOUNTS[5]})
    for _ in range(2):
        assert place.synchronise().report.verified
        assert len(place.line.requests) == 1
    assert not is_here(place, "account", ACCOUNTS[5])
    assert place.device.parked.quarantine == 0
    assert place.said[-1] is State.UP_TO_DATE
