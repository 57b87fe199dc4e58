"""A server restored from yesterday's backup gets today's edits back from the clients."""

from __future__ import annotations

import pytest

from tests.e2e.people import World

pytestmark = pytest.mark.slow


def restore_backup(world: World, backup: str) -> None:
    """Stop the server, put an older state in its place, start it again."""
    world.server.stop()
    world.server.admin("restore", backup)
    world.server.serve()


def test_a_restored_server_gets_todays_edits_back(own_world: World) -> None:
    rep, lead = own_world.people("rep", "lead")
    old = rep.add("account", name="Folies gourmandes", phone="20-1", website="https://a.example")
    rep.sync()
    lead.sync()
    backup = str(own_world.folder / "yesterday.backup")
    own_world.server.admin("backup", backup)
    new = rep.add("account", name="Folk och fä HB")
    visit = rep.add("visit", account=new, objectives="Made after the backup")
    rep.set("account", old, phone="20-2")
    rep.sync()
    lead.sync()
    lead.set("account", old, website="https://b.example")
    lead.sync()
    restore_backup(own_world, backup)
    for desk in (rep, lead, rep, lead):
        desk.sync()
    newcomer = own_world.desk(lead.login, device="second")
    for desk in (rep, lead, newcomer):
        shown = desk.show("account", old)
        assert (shown["phone"], shown["website"]) == ("20-2", "https://b.example")
        assert desk.show("visit", visit)["objectives"] == "Made after the backup"
        assert desk.conflicts(old) == []
        assert desk.sync()["verified"] is True


def test_work_typed_while_the_server_was_restored_arrives_too(own_world: World) -> None:
    rep, lead = own_world.people("rep", "lead")
    backup = str(own_world.folder / "yesterday.backup")
    own_world.server.admin("backup", backup)
    synced = rep.add("account", name="France restauration")
    rep.sync()
    rep.set("account", synced, phone="40-1")
    restore_backup(own_world, backup)
    typed = rep.add("account", name="Franchi S.p.A.")
    rep.sync()
    rep.sync()
    lead.sync()
    assert {synced, typed} <= lead.ids("account")
    assert lead.show("account", synced)["phone"] == "40-1"
