"""A clock of the server's that was years off and is put right."""

from __future__ import annotations

import pytest

from tests.server.world import Acme


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_was_wrong_gives_no_grace_for_years(acme: Acme, years: int) -> None:
    account = acme.li.account("Li's")
    acme.kam.pull()
    written = acme.kam.changeset(acme.kam.insert("plan", title="Plan", account=account))
    acme.world.passes(days=365 * years)
    acme.world.change("user", acme.kam.user, team=acme.world.team("Other"))
    acme.world.passes(days=-365 * years)
    assert acme.kam.send(written).results[0].result == "rejected"
