"""What the demo company sells and to whom: products, accounts, contacts, orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_server.demo.northwind import DAYS_IN_WEEK, Line, Northwind, money
from crm_server.demo.people import Employee, People
from crm_server.demo.rows import Draw, Row, past, tags, without_empty

SOURCE = "northwind"
FOUNDED_DAYS_AGO = 900
NEWCOMERS_OWNER = "1"
"""Nancy looks after the two customers who never ordered."""

GRADES = (("A", 10), ("B", 30), ("C", 60))
"""The first ten by revenue are A, the next up to the thirtieth B, and so on."""

CREDIT = {"A": "50000", "B": "20000", "C": "8000", "D": "2000"}
INDUSTRIES = ("Food retail", "Restaurant", "Wholesale", "Delicatessen", "Hotel", "Catering")
SIZES = ("1-9", "10-49", "50-249", "250+")
SOURCES = ("Trade fair", "Referral", "Cold call", "Web site")
RELATIONSHIPS = ("basic", "reactive", "accountable", "proactive", "partner")
ACCOUNT_TAGS = ("organic", "seasonal", "export", "seafood", "confections", "newsletter")
DECLINING_WEEKS, BUILDING_ORDERS = 26, 5


@dataclass(frozen=True)
class Account:
    """A customer of the demo, as the other parts of the company know it."""

    key: str
    id: RecordId
    name: str
    owner: Employee
    grade: str
    contacts: tuple[RecordId, ...]
    address: RecordId
    chinese: bool = False
    prospect: bool = False


class Trade:
    """Products, and the customers of the tables with what they bought."""

    def __init__(self, tables: Northwind, people: People, draw: Draw) -> None:
        self._tables = tables
        self._people = people
        self._draw = draw

    def products(self) -> Iterator[Row]:
        """The price list."""
        categories = {
            x["category_id"]: x["category_name"] for x in self._tables.table("categories")
        }
        suppliers = {x["supplier_id"]: x["company_name"] for x in self._tables.table("suppliers")}
        for line in self._tables.table("products"):
            number = line["product_id"]
            values = {
                "name": line["product_name"], "code": f"NW-{int(number):03}",
                "category": categories[line["category_id"]],
                "supplier": suppliers[line["supplier_id"]],
                "unit": line["quantity_per_unit"], "price": money(Decimal(line["unit_price"])),
                "discontinued": line["discontinued"] == "1",
                "ext_id": number, "ext_source": SOURCE,
            }  # fmt: skip
            yield Row("product", self._draw.id_of("product", number), values)

    @cached_property
    def accounts(self) -> list[Account]:
        """The customers, in the order of the table."""
        return [self._account(line) for line in self._tables.table("customers")]

    def _account(self, line: Line) -> Account:
        key = line["customer_id"]
        seller = self._tables.best_sellers.get(key, NEWCOMERS_OWNER)
        return Account(
            key,
            self._draw.id_of("account", key),
            line["company_name"],
            self._people.employees[seller],
            self._grades.get(key, "D"),
            (self._draw.id_of("contact", key),),
            self._draw.id_of("address", key),
            prospect=key not in self._tables.best_sellers,
        )

    @cached_property
    def _grades(self) -> Mapping[str, str]:
        revenue = self._tables.revenue
        ranked = sorted(revenue, key=revenue.__getitem__, reverse=True)
        return {
            key: next((grade for grade, last in GRADES if rank < last), "D")
            for rank, key in enumerate(ranked)
        }

    def account_rows(self) -> Iterator[Row]:
        """The accounts themselves."""
        for account, line in zip(self.accounts, self._tables.table("customers"), strict=True):
            yield Row("account", account.id, self._account_values(account, line))

    def _account_values(self, account: Account, line: Line) -> dict[str, Value]:
        draw = self._draw.part(f"account {account.key}")
        since = draw.at(draw.day(-FOUNDED_DAYS_AGO, -FOUNDED_DAYS_AGO // 2))
        values: dict[str, Value] = {
            "name": account.name, "type": "prospect" if account.prospect else "customer",
            "stage": "qualifying" if account.prospect else "converted", "status": "active",
            "grade": account.grade, "credit_limit": f"{CREDIT[account.grade]}.00USD",
            "owner": account.owner.user, "team": account.owner.team,
            "territory": draw.one(account.owner.territories),
            "industry": draw.one(INDUSTRIES), "size_band": draw.one(SIZES),
            "source": draw.one(SOURCES), "lifecycle": self._lifecycle(account.key),
            "relationship_type": draw.one(RELATIONSHIPS), "phone": line["phone"],
            "tags": tags(*draw.some(ACCOUNT_TAGS, draw.whole(0, 3))),
            "ext_id": account.key, "ext_source": SOURCE,
        }  # fmt: skip
        return without_empty(values) | past(account.owner.user, since)

    def _lifecycle(self, customer: str) -> str:
        ordered = [x["order_date"] for x in self._tables.orders if x["customer_id"] == customer]
        if not ordered:
            return "exploring"
        last = self._tables.moved(max(ordered), self._draw.today) or self._draw.today
        if (self._draw.today - last).days > DECLINING_WEEKS * DAYS_IN_WEEK:
            return "declining"
        return "building" if len(ordered) < BUILDING_ORDERS else "stable"

    def people_rows(self) -> Iterator[Row]:
        """For each account its address, its contact and what the contact does there."""
        for account, line in zip(self.accounts, self._tables.table("customers"), strict=True):
            by = past(account.owner.user, self._draw.at(self._draw.day(-FOUNDED_DAYS_AGO, -400)))
            yield Row("address", account.address, _address(account, line) | by)
            yield Row("contact", account.contacts[0], _contact(line) | by)
            draw = self._draw.part(f"role {account.key}")
            role = _role(account, line["contact_title"], draw)
            yield Row("account_contact", draw.id_of("account_contact", account.key), role | by)

    def orders(self) -> Iterator[Row]:
        """The orders."""
        customers = {account.key: account for account in self.accounts}
        shippers = {x["shipper_id"]: x["company_name"] for x in self._tables.table("shippers")}
        for line in self._tables.orders:
            number = line["order_id"]
            values = {
                "account": customers[line["customer_id"]].id, "number": number,
                "ordered_on": self._day(line["order_date"]),
                "required_on": self._day(line["required_date"]),
                "shipped_on": self._day(line["shipped_date"]),
                "sold_by": self._people.employees[line["employee_id"]].user,
                "total": money(self._tables.total(number)),
                "freight": money(Decimal(line["freight"])), "shipper": shippers[line["ship_via"]],
                "ship_name": line["ship_name"], "ship_city": line["ship_city"],
                "ship_country": line["ship_country"], "ext_id": number, "ext_source": SOURCE,
            }  # fmt: skip
            yield Row("order", self._draw.id_of("order", number), without_empty(values))

    def order_lines(self) -> Iterator[Row]:
        """The lines of the orders."""
        names = {
            line["product_id"]: line["product_name"] for line in self._tables.table("products")
        }
        for order, sales in self._tables.sales.items():
            for sale in sales:
                key = f"{order}-{sale.product}"
                values = {
                    "order": self._draw.id_of("order", order),
                    "product": self._draw.id_of("product", sale.product),
                    "product_name": names[sale.product], "quantity": str(sale.quantity),
                    "unit_price": money(sale.unit_price),
                    "discount": f"{sale.discount.normalize():f}", "amount": money(sale.amount),
                    "ext_id": key, "ext_source": SOURCE,
                }  # fmt: skip
                yield Row("order_line", self._draw.id_of("order_line", key), values)

    def last_order(self, account: Account) -> RecordId | None:
        """The newest order of an account."""
        numbers = [x["order_id"] for x in self._tables.orders if x["customer_id"] == account.key]
        return self._draw.id_of("order", numbers[-1]) if numbers else None

    def product(self, number: int) -> RecordId:
        """The product with a number of the tables."""
        return self._draw.id_of("product", str(number))

    def _day(self, text: str) -> str | None:
        day: dt.date | None = self._tables.moved(text, self._draw.today)
        return day.isoformat() if day else None


def _address(account: Account, line: Line) -> dict[str, Value]:
    return without_empty(
        {
            "account": account.id, "type": "bill", "country": line["country"],
            "province": line["region"], "city": line["city"], "street": line["address"],
            "postcode": line["postal_code"],
        }
    )  # fmt: skip


def _contact(line: Line) -> dict[str, Value]:
    given, _, family = line["contact_name"].partition(" ")
    mailbox = f"{given}.{family or given}".replace(" ", ".").lower()
    return {
        "full_name": line["contact_name"], "given_name": given, "family_name": family or given,
        "title": line["contact_title"], "phone": line["phone"], "active": True,
        "email": f"{mailbox}@{line['customer_id'].lower()}.example",
        "ext_id": line["customer_id"], "ext_source": SOURCE,
    }  # fmt: skip


def _role(account: Account, title: str, draw: Draw) -> dict[str, Value]:
    decides = "Owner" in title or "Manager" in title
    return {
        "account": account.id, "contact": account.contacts[0], "role": title, "is_primary": True,
        "level": "decision" if "Owner" in title else "management" if decides else "operation",
        "function": "finance" if "Accounting" in title else "purchasing",
        "buying_roles": tags(*(("decider", "buyer") if decides else ("influencer",))),
        "influence": draw.whole(3, 5) if decides else draw.whole(1, 3),
        "attitude": draw.whole(-1, 2),
    }  # fmt: skip
