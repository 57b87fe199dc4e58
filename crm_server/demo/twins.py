"""What somebody entered twice: a prospect whom two met at one fair, and a person met again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_server.demo.people import People
from crm_server.demo.rows import Draw, Row, past

ENTERED_DAYS_AGO = 40

_ACCOUNTS = {
    "上海沪东餐饮管理有限公司": ("上海沪东餐饮", "4"),
    "北京同和食品集团有限公司": ("北京同和食品", "3"),
}
"""Prospects by name: as a colleague calls them, and the colleague (a key of `People`)."""

_PEOPLE = ("曾国强", "单红")
"""Who stands twice at his account: his second entry has his number, and little else."""

TWIN_ACCOUNTS = len(_ACCOUNTS)


def twins(rows: Sequence[Row], people: People, draw: Draw) -> Iterator[Row]:
    """Second entries of some records of the company."""
    made = draw.at(draw.day(-ENTERED_DAYS_AGO, -ENTERED_DAYS_AGO + 5))
    accounts = {str(x.values["name"]): x for x in rows if x.kind == "account"}
    for name, (short, key) in _ACCOUNTS.items():
        employee, first = people.employees[key], accounts[name]
        by = past(employee.user, made)
        values: dict[str, Value] = {
            "name": short, "type": "prospect", "stage": "new", "status": "active",
            "owner": employee.user, "team": employee.team, "source": "广交会",
            "territory": draw.one(employee.territories), "phone": first.values["phone"],
        }  # fmt: skip
        yield Row("account", draw.id_of("account", short), values | by)
    contacts = {str(x.values["full_name"]): x for x in rows if x.kind == "contact"}
    roles = {str(x.values["contact"]): x for x in rows if x.kind == "account_contact"}
    for name in _PEOPLE:
        yield from _again(contacts[name], roles[contacts[name].id], draw)


def _again(contact: Row, role: Row, draw: Draw) -> Iterator[Row]:
    key = f"{contact.id} again"
    second = draw.id_of("contact", key)
    by: Mapping[str, Value] = {
        name: value
        for name, value in contact.values.items()
        if name.startswith(("created", "updated"))
    }
    values = {x: contact.values[x] for x in ("full_name", "family_name", "given_name", "mobile")}
    yield Row("contact", second, {**values, "active": True, **by})
    where = {"account": role.values["account"], "contact": RecordId(second)}
    yield Row("account_contact", draw.id_of("account_contact", key), {**where, **by})
