"""The demo company: Northwind's tables, and a year of work invented on top of them.

`resources/demo/northwind/README.md` says what comes from where. Everything here is pure: the same
day, zone and seed give the same rows.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_core.wall_time import Zone
from crm_server.demo.china import China
from crm_server.demo.complaints import Complaints
from crm_server.demo.diary import Diary
from crm_server.demo.duties import Duties
from crm_server.demo.field_work import FieldWork
from crm_server.demo.northwind import Northwind
from crm_server.demo.people import LOGINS, OFFICE, PASSWORD, People
from crm_server.demo.plans import Plans
from crm_server.demo.rows import Draw, Row, demo_id
from crm_server.demo.trade import Trade
from crm_server.demo.twins import twins
from crm_server.demo.views import views
from crm_server.demo.weeks import Weeks

__all__ = ["NAME", "PASSWORD", "SLUG", "Login", "Row", "company", "logins"]

NAME, SLUG = "Northwind", "northwind"
SEED = 1
TAGS = (
    "organic",
    "seasonal",
    "export",
    "seafood",
    "confections",
    "newsletter",
    "重点",
    "季节性",
    "出口",
)


@dataclass(frozen=True)
class Login:
    """One who may sign in to the demo; everybody's password is `PASSWORD`."""

    user: RecordId
    login: str


def company(today: dt.date, seed: int = SEED, zone: Zone = None) -> list[Row]:
    """Every record of the company, in the order of the catalog: what a link names comes before it.

    Only a team's lead refers to a user that comes later. `today` is a day of `zone`, and all work
    lies in the working hours there; None is the zone of this machine.
    """
    tables, draw = Northwind(), Draw(today, seed, "company", zone)
    people = People(tables, draw.part("people"))
    trade = Trade(tables, people, draw.part("trade"))
    china = China(people, draw.part("china"))
    accounts = [*trade.accounts, *china.accounts]
    diary = Diary(today)
    weeks = [*Weeks(accounts, diary, draw).rows()]
    rows = [
        *people.rows(),
        *(Row("tag", draw.id_of("tag", name), {"name": name}) for name in TAGS),
        *trade.products(),
        *trade.account_rows(),
        *china.rows(),
        *trade.people_rows(),
        *Plans(accounts, people, draw).rows(),
        *weeks,
        *FieldWork(accounts, people, diary, draw).rows(),
        *Duties(accounts, people, draw).rows(),
        *trade.orders(),
        *trade.order_lines(),
        *Complaints(accounts, trade, people, draw).rows(),
        *views(draw),
    ]
    rows += twins(rows, people, draw.part("twins"))
    place = {kind: number for number, kind in enumerate(CATALOG)}
    return sorted(rows, key=lambda row: place[row.kind])


def logins(seed: int = SEED) -> tuple[Login, ...]:
    """Everybody who may sign in."""
    names = (*LOGINS.values(), *(login for login, *_ in OFFICE))
    return tuple(Login(demo_id(seed, "user", login), login) for login in names)
