"""The demo company on its bad days: people at real devices, a real server, and what befalls them.

Everything here goes through the command line and the wire; only the poisoned row is written into
the server's own database, since no client can send one.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from crm_desktop.models import inbox
from crm_desktop.profile import open_profile
from tests.e2e.people import PASSPHRASE, WAITS_FOR_YOU, Desk, inside
from tests.e2e.proxy import Proxy, proxy_before
from tests.e2e.server import PASSWORD, Server

REP, LEAD, NEWCOMER = "nancy", "fuller", "noor"
DEMO_PASSWORD = "demo"
CONTESTED, LOST, WANTED = "Hanari Carnes", "Vaffeljernet", "B's Beverages"
"""Accounts of the rep: two decide about one; one is reassigned; one she would hand over."""

USCC = "91330100MA27XJ5T0K"


@dataclass
class Company:
    """The server, the network in front of it, and the people who have signed in."""

    server: Server
    network: Proxy
    folder: Path
    desks: dict[str, Desk] = field(default_factory=dict[str, Desk])

    def sign_in(self, login: str, password: str = DEMO_PASSWORD) -> Desk:
        """Somebody signs in at a new device; nothing is fetched yet."""
        desk = Desk(login, self.folder / login, inside)
        words = ("login", "--server", self.network.url, "--user", login, "--password-stdin")
        with patch("platform.node", return_value=f"{login.upper()}-T14"):
            desk.run(*words, stdin=f"{password}\n")
        self.desks[login] = desk
        return desk

    def end_sign_in(self, login: str, *, withdraw: bool) -> None:
        """IT ends somebody's sign-in, or withdraws the device."""
        with closing(open_profile(self.desks[login].profile, PASSPHRASE)) as profile:
            device = profile.store.identity.device
        self.server.admin_inside("device", "revoke" if withdraw else "expire", device)

    def copy_of(self, login: str, name: str) -> Path:
        """A copy of a profile, so that what a window does to it does not last."""
        copy = self.folder / "copies" / name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.desks[login].profile, copy)
        return copy


@contextmanager
def company(folder: Path) -> Iterator[Company]:
    """A new demo company, served behind a network that can be told to misbehave."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    server = Server(folder / "server")
    server.admin_inside("demo")
    server.serve()
    try:
        with proxy_before(server.url) as network:
            yield Company(server, network, folder)
    finally:
        server.stop()


def begin(made: Company) -> None:
    """The rep and her lead sign in; a newcomer, who has nothing yet, does so too."""
    for login in (LEAD, REP):
        made.sign_in(login)
    made.server.add_user(NEWCOMER, "rep", "Newcomers")
    made.sign_in(NEWCOMER, PASSWORD).sync()


def fall_out(made: Company) -> None:
    """The rep and her lead work on the same records without a network, then both synchronise."""
    rep, lead = made.desks[REP], made.desks[LEAD]
    rep.sync()
    accounts = {row["name"]: row["id"] for row in _rows(rep, "account")}
    under_way, long_done = _visits(rep)
    rep.set("visit", under_way, state="in_progress", outcome="no_result")
    rep.set("account", accounts[CONTESTED], description="Prefers calls before ten.")
    rep.sync()
    lead.sync()
    person = _contact_of(rep, accounts["Alfreds Futterkiste"])
    _decide_apart(rep, lead, accounts[CONTESTED], person)
    _ask_too_much(rep, lead, accounts, under_way, long_done)
    rep.set("account", accounts[LOST], phone="86 21 32 40", description="A tasting in December.")
    lead.set("account", accounts[LOST], owner="janet")
    lead.set("contact", _contact_of(rep, accounts[WANTED]), title="Head of Purchasing")
    lead.sync()
    _poison(made, _contact_of(rep, accounts[WANTED]))
    rep.sync(code=WAITS_FOR_YOU)
    _keep_as_draft(rep, "delete")
    lead.sync()
    rep.set("account", accounts["Paris spécialités"], phone="(1) 42.34.22.77")
    rep.add("task", title="Send the autumn price list", account=accounts[CONTESTED])


def _decide_apart(rep: Desk, lead: Desk, account: str, person: str) -> None:
    """Conflicts: fields of one account, a contact deleted there and edited here, a code taken."""
    rep.set(
        "account", account, phone="(21) 555-0910", size_band="250+", industry="Hotel and catering",
        description="Prefers calls before ten. Mario is away until 26 November, ask for Ana.",
    )  # fmt: skip
    lead.set(
        "account", account, phone="+55 21 555-0091", size_band="10-49",
        website="https://hanari.example", description="Prefers calls before eleven.",
    )  # fmt: skip
    rep.set("contact", person, mobile="0171 555 1234")
    lead.run("delete", "contact", person)
    lead.add("account", name="杭州曾氏精密机械有限公司", uscc=USCC)
    rep.add("account", name="杭州曾氏精机", uscc=USCC)


def _ask_too_much(
    rep: Desk, lead: Desk, accounts: dict[str, str], under_way: str, long_done: str
) -> None:
    """Rejections: an outcome that was emptied, an old visit deleted, an account handed over, and
    an edit on top of that, which waits for it."""
    rep.set("visit", under_way, state="completed")
    lead.set("visit", under_way, outcome="")
    rep.run("delete", "visit", long_done)
    rep.set("account", accounts[WANTED], owner="janet")
    rep.set("account", accounts[WANTED], owner="margaret")


def _rows(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return desk.json("list", kind, "--limit", "1000")


def _visits(rep: Desk) -> tuple[str, str]:
    """A visit that can be begun, and one that is long behind."""
    visits = _rows(rep, "visit")
    to_come = next(x["id"] for x in visits if x["state"] in ("planned", "confirmed"))
    behind = min((x for x in visits if x["state"] == "completed"), key=lambda x: x["created_at"])
    return to_come, behind["id"]


def _contact_of(desk: Desk, account: str) -> str:
    return next(x["contact"] for x in _rows(desk, "account_contact") if x["account"] == account)


def _poison(made: Company, contact: str) -> None:
    """Spoil a record at the server as only a server of a later version, or a defect, would."""
    with closing(sqlite3.connect(made.server.data / "northwind.sqlite")) as database, database:
        (body,) = database.execute("SELECT body FROM record WHERE id = ?", (contact,)).fetchone()
        spoilt = json.loads(body) | {"title": {"en": "Head of Purchasing"}}
        database.execute("UPDATE record SET body = ? WHERE id = ?", (json.dumps(spoilt), contact))


def _keep_as_draft(rep: Desk, op: str) -> None:
    """The rep keeps one of her rejections for later."""
    with closing(open_profile(rep.profile, PASSPHRASE)) as profile:
        with profile.store.reader() as connection:
            refused = next(x for x in inbox.stuck(connection) if x.op == op)
        inbox.set_aside(profile.store, refused.cs_id)
