"""A laptop that slept for 200 days, while the server forgot what was deleted meanwhile."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from crm_server import organisations
from tests.e2e.people import WAITS_FOR_YOU, World

pytestmark = pytest.mark.slow

SLEPT = dt.timedelta(days=200)


def collect_after(world: World, slept: dt.timedelta) -> dict[str, object]:
    """What the running server does by itself, on the day on which the laptop wakes."""
    defaults = organisations.Organisations.__init__.__kwdefaults__ or {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(defaults, "clock", lambda: dt.datetime.now(dt.UTC) + slept)
        return json.loads(world.server.admin_inside("collect", "--json"))


def test_a_laptop_that_slept_for_200_days_begins_anew_and_loses_nothing(own_world: World) -> None:
    rep, lead = own_world.people("rep", "lead")
    account = rep.add("account", name="Hungry Owl")
    kept, gone = (rep.add("task", account=account, title=title) for title in ("Kept", "Gone"))
    rep.sync()
    lead.sync()
    lead.run("delete", "task", gone)
    lead.sync()
    lead.sync()
    rep.set("task", gone, description="Typed in the train")
    rep.set("task", kept, description="Typed as well")
    typed = rep.add("account", name="Typed before the sleep")
    told = collect_after(own_world, SLEPT)
    assert told["records"] == 1
    assert {one["login"] for one in told["devices"]} >= {rep.login}  # type: ignore[union-attr]
    own_world.server.stop()
    own_world.server.serve()
    done = rep.sync(code=WAITS_FOR_YOU)
    assert done["verified"] is True
    assert gone not in rep.ids("task")
    status = rep.status(code=WAITS_FOR_YOU)
    assert (status["pending"], status["parked"]["orphaned"]) == (0, 1)
    assert rep.integrity() == "ok"
    lead.sync()
    assert {account, typed} <= lead.ids("account")
    assert lead.show("task", kept)["description"] == "Typed as well"
    assert gone not in lead.ids("task")


def test_the_command_says_first_what_it_would_do(own_world: World) -> None:
    (rep,) = own_world.people("rep")
    task = rep.add("task", title="Gone")
    rep.sync()
    rep.run("delete", "task", task)
    rep.sync()
    rep.sync()
    said = own_world.server.admin_inside("collect", "--dry-run")
    assert "would be collected: 0 records" in said
    assert own_world.server.admin_inside("check").startswith("in order")
