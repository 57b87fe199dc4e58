"""A few of the stories once more, with each command as a process of its own.

Elsewhere the commands run within the test's process, which takes a tenth of the time; with
CRM_E2E_DOOR=process all of them run as here. Which store the server has changes nothing about a
client's process, so that each story is told over one of them.
"""

from __future__ import annotations

import pytest

from tests.e2e import test_bad_connections, test_two_people
from tests.e2e.people import Door, World, as_process

pytestmark = pytest.mark.slow


@pytest.fixture
def door() -> Door:
    """Each command is a process."""
    return as_process


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_conflict_is_resolved_between_processes(world: World) -> None:
    rep, lead = world.people("rep", "lead")
    account = test_two_people.shared_account(rep, lead, phone="030-1")
    test_two_people.test_a_conflict_resolved_by_one_is_resolved_for_both((rep, lead), account)


@pytest.mark.postgres
@pytest.mark.parametrize("store", ["postgresql"])
def test_an_expired_token_costs_nothing_between_processes(world: World) -> None:
    test_bad_connections.test_an_edit_made_while_the_token_expired_goes_through_after_signing_in(
        world
    )
