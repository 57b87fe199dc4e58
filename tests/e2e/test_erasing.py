"""A customer asks to be forgotten, told with a real server: one laptop is online, one sleeps with
work about him that was not sent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crm_desktop.models import search_index
from crm_desktop.profile import open_profile
from tests.e2e.people import PASSPHRASE, Desk, World

NAME, PHONE, LATE, FILE = "Marianne Erasmus", "+49 30 555 0199", "Xylophon", b"her business card"
PLANTED = (NAME, PHONE, LATE)


def cells(desk: Desk) -> Iterator[tuple[str, str]]:
    """Every text that a device keeps, with its table."""
    with (
        contextlib.closing(open_profile(desk.profile, PASSPHRASE)) as profile,
        profile.store.reader() as c,
    ):
        for (table,) in c.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
            for row in c.rows(f'SELECT * FROM "{table}"'):
                for cell in row:
                    yield table, cell.decode(errors="replace") if isinstance(cell, bytes) else cell


def places(desk: Desk) -> set[str]:
    """The tables of a device in which she is still named."""
    return {
        table
        for table, cell in cells(desk)
        if isinstance(cell, str) and any(word in cell for word in PLANTED)
    }


def index(desk: Desk) -> None:
    """What the window does when it is quiet."""
    with contextlib.closing(open_profile(desk.profile, PASSPHRASE)) as profile:
        search_index.build(profile.store)


def erased(world: World, contact: str) -> Any:
    return json.loads(world.server.admin_inside("erase", "contact", contact, "--json"))


def test_a_customer_who_asks_for_it_is_forgotten_everywhere(world: World, tmp_path: Path) -> None:
    rep, lead = world.people("rep", "lead")
    account = rep.add("account", name="Alfreds")
    contact = rep.add("contact", full_name=NAME, mobile=PHONE, title="Buyer")
    rep.add("account_contact", account=account, contact=contact, role="buyer")
    (tmp_path / "card.jpg").write_bytes(FILE)
    rep.run("attach", "contact", contact, str(tmp_path / "card.jpg"))
    for desk in (rep, lead):
        desk.sync()
        index(desk)
    lead.set("contact", contact, wechat=LATE, title="Head of it")  # and then the laptop sleeps

    done = erased(world, contact)
    assert len(done["records"]) == 2
    assert done["files"] == 1
    for desk in (rep, lead):
        assert places(desk)
        desk.sync()
        index(desk)
        assert places(desk) == set()
        assert desk.status()["state"] == "up_to_date"
        assert desk.json("list", "contact", "--search", "Erasmus") == []
    rep.sync()
    shown = rep.show("contact", contact)
    assert (shown["title"], shown["full_name"], shown["wechat"]) == ("Head of it", None, None)
    assert rep.json("history", "contact", contact)
    assert places(rep) == set()


def test_an_older_backup_of_a_device_brings_nobody_back(world: World, tmp_path: Path) -> None:
    (rep,) = world.people("rep")
    account = rep.add("account", name="Alfreds")
    contact = rep.add("contact", full_name=NAME, mobile=PHONE)
    rep.add("account_contact", account=account, contact=contact, role="buyer")
    rep.sync()
    rep.run("backup", str(tmp_path / "old.crm"))
    erased(world, contact)
    rep.sync()
    rep.run("restore-backup", str(tmp_path / "old.crm"))
    assert places(rep)
    rep.sync()
    index(rep)
    assert places(rep) == set()
