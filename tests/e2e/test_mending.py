"""A damaged database mends itself with the server: found by `doctor`, and by the day's look."""

from __future__ import annotations

import contextlib

from crm_desktop.models.journal.turns import META_COUNTED
from crm_desktop.profile import open_profile
from tests.e2e.people import Desk, World
from tests.e2e.processes import PASSPHRASE


def damage(desk: Desk, sql: str, *, yesterday: bool = False) -> None:
    """Change rows behind the application's back."""
    with contextlib.closing(open_profile(desk.profile, PASSPHRASE)) as profile:
        assert profile.store.write.run(sql) > 0
        if yesterday:
            profile.store.set_meta(META_COUNTED, "2020-01-01T00:00:00Z")


def working(world: World) -> tuple[Desk, str, str]:
    """Somebody with two customers, who has changed the phone of one and not sent it yet."""
    (rep,) = world.people("rep")
    first, second = (rep.add("account", name=name) for name in ("Alfreds", "Berglund"))
    rep.sync()
    rep.set("account", first, phone="030-2")
    return rep, first, second


def test_doctor_finds_damaged_content_and_repairs_just_that(world: World) -> None:
    rep, first, second = working(world)
    assert rep.json("doctor")["content_agrees"] is True
    damage(rep, "UPDATE account SET name = 'Not what it was' WHERE name = 'Berglund'")
    found = rep.json("doctor")
    assert (found["ok"], found["content_agrees"], found["digest_agrees"]) == (False, False, True)
    assert rep.show("account", second)["name"] == "Not what it was"
    assert "fetches them anew" in rep.run("doctor").out
    mended = rep.json("doctor", "--repair")
    # The changed phone went out in the same run, and came back.
    assert (mended["repair"]["done"], mended["repair"]["everything"]) == (True, False)
    assert mended["repair"]["pulled"] <= 2
    assert rep.show("account", second)["name"] == "Berglund"
    assert rep.show("account", first)["phone"] == "030-2"
    healthy = rep.json("doctor")
    assert (healthy["ok"], healthy["content_agrees"]) == (True, True)
    assert (healthy["repairs"]["times"], healthy["repairs"]["everything"]) == (1, 0)
    assert rep.status()["state"] == "up_to_date"


def test_a_lost_row_comes_back_with_the_days_first_sync(world: World) -> None:
    rep, first, second = working(world)
    damage(rep, "DELETE FROM account WHERE name = 'Berglund'", yesterday=True)
    done = rep.sync()
    assert (done["pushed"], done["verified"]) == (1, True)
    assert done["pulled"] <= 3
    assert rep.ids("account") == {first, second}
    assert rep.json("doctor")["repairs"]["roots"] == 1
    assert rep.status()["state"] == "up_to_date"


def test_doctor_without_a_server_says_nothing_about_content(world: World) -> None:
    rep, _, _ = working(world)
    with contextlib.closing(open_profile(rep.profile, PASSPHRASE)) as profile:
        profile.store.set_meta("session.tokens", "")
    assert rep.json("doctor")["content_agrees"] is None
