"""Who works at the demo company: roles, teams, the tree of territories, and the users."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from crm_core.ids import RecordId
from crm_server.demo.northwind import Line, Northwind
from crm_server.demo.rows import Draw, Row, without_empty

PASSWORD = "demo"
ROOT_TERRITORY = "root"
FULLER, BUCHANAN = "2", "5"
LOGINS = {
    "1": "nancy", FULLER: "fuller", "3": "janet", "4": "margaret", BUCHANAN: "buchanan",
    "6": "michael", "7": "robert", "8": "laura", "9": "anne",
}  # fmt: skip
"""Employee number → login: by first name, the two who lead by family name."""

ROLES = {FULLER: "lead", BUCHANAN: "lead", "4": "kam"}
"""Everybody else is a rep; Margaret Peacock keeps the key accounts."""

ROLE_NAMES = {
    "rep": "Sales representative", "kam": "Key-account manager", "lead": "Team lead",
    "service": "Service", "it": "IT", "auditor": "Auditor",
}  # fmt: skip
TEAMS = {
    "fuller": ("Fuller's team", FULLER),
    "buchanan": ("Buchanan's team", BUCHANAN),
    "service": ("Customer service", ""),
    "office": ("Head office", ""),
}
OFFICE = (
    ("service", "Sophie Lang", "service", "service"),
    ("it", "Ivan Tran", "it", "office"),
    ("auditor", "Audrey Stone", "auditor", "office"),
)


@dataclass(frozen=True)
class Employee:
    """A colleague who sells."""

    number: str
    user: RecordId
    team: RecordId
    territories: tuple[RecordId, ...]
    region: RecordId


class People:
    """The colleagues, and what the rest of the company asks about them."""

    def __init__(self, northwind: Northwind, draw: Draw) -> None:
        self._tables = northwind
        self._draw = draw

    def user(self, login: str) -> RecordId:
        """The user with a login."""
        return self._draw.id_of("user", login)

    @cached_property
    def employees(self) -> Mapping[str, Employee]:
        """Those who sell, by their number in the tables."""
        regions = {x["territory_id"]: x["region_id"] for x in self._tables.table("territories")}
        places: dict[str, list[str]] = defaultdict(list)
        for line in self._tables.table("employee_territories"):
            places[line["employee_id"]].append(line["territory_id"])
        return {
            line["employee_id"]: Employee(
                line["employee_id"],
                self.user(LOGINS[line["employee_id"]]),
                self._draw.id_of("team", _team_of(line)),
                tuple(self._territory(place) for place in places[line["employee_id"]]),
                self._region(regions[places[line["employee_id"]][0]]),
            )
            for line in self._tables.table("employees")
        }

    def rows(self) -> Iterator[Row]:
        """Everything about colleagues, what is above first."""
        for code, name in ROLE_NAMES.items():
            yield Row("role", self._draw.id_of("role", code), {"code": code, "name": name})
        for key, (name, lead) in TEAMS.items():
            values = {"name": name, "lead": self.user(LOGINS[lead]) if lead else None}
            yield Row("team", self._draw.id_of("team", key), without_empty(values))
        yield from self._territories()
        lines = self._tables.table("employees")
        for line in sorted(lines, key=lambda line: (line["reports_to"] != "", line["reports_to"])):
            yield self._employee(line)
        for login, name, role, team in OFFICE:
            yield self._user(login, name, role, team, {"manager": self.user("fuller")})

    def _territories(self) -> Iterator[Row]:
        root = self._territory(ROOT_TERRITORY)
        yield Row("territory", root, {"name": "All territories", "code": "NW"})
        for line in self._tables.table("region"):
            region = self._region(line["region_id"])
            name, code = line["region_description"], f"R{line['region_id']}"
            yield Row("territory", region, {"name": name, "code": code, "parent": root})
        for line in self._tables.table("territories"):
            yield Row(
                "territory",
                self._territory(line["territory_id"]),
                {
                    "name": line["territory_description"],
                    "code": line["territory_id"],
                    "parent": self._region(line["region_id"]),
                },
            )

    def _territory(self, key: str) -> RecordId:
        return self._draw.id_of("territory", key)

    def _region(self, number: str) -> RecordId:
        return self._draw.id_of("territory", f"region {number}")

    def _employee(self, line: Line) -> Row:
        number, above = line["employee_id"], line["reports_to"]
        # Fuller leads all territories; Buchanan none: he leads a team. The reps work in theirs.
        leads = {FULLER: self._territory(ROOT_TERRITORY), BUCHANAN: ""}
        more = {
            "phone": f"{line['home_phone']} ext. {line['extension']}",
            "territory": leads.get(number, self.employees[number].region),
            "manager": self.user(LOGINS[above]) if above else "",
            "ext_id": number,
        }
        name = f"{line['first_name']} {line['last_name']}"
        return self._user(LOGINS[number], name, ROLES.get(number, "rep"), _team_of(line), more)

    def _user(self, login: str, name: str, role: str, team: str, more: Mapping[str, str]) -> Row:
        values = {
            "login": login, "name": name, "role": role, "active": True,
            "email": f"{login}@northwind.example", "team": self._draw.id_of("team", team),
        }  # fmt: skip
        return Row("user", self.user(login), without_empty({**values, **more}))


def _team_of(employee: Line) -> str:
    """Buchanan's people are those who report to him; all others are Fuller's."""
    with_buchanan = BUCHANAN in (employee["employee_id"], employee["reports_to"])
    return "buchanan" if with_buchanan else "fuller"
