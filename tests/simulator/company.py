"""The company of the simulation: two teams, who works in them, and up to twelve laptops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.fields import Value
from crm_core.ids import DeviceId, RecordId

ORGANISATION = "simulated"


def fixed_id(number: int) -> RecordId:
    """An id of the template; far from those that the dice make."""
    return RecordId(f"0190000000007000800000{number:010x}")


@dataclass(frozen=True)
class Person:
    """A user who signs in."""

    login: str
    role: str
    id: RecordId
    team: RecordId


NORTH, SOUTH = fixed_id(1), fixed_id(2)
ANN = Person("ann", "rep", fixed_id(11), NORTH)
BOB = Person("bob", "rep", fixed_id(12), NORTH)
LEA = Person("lea", "lead", fixed_id(13), NORTH)
CAT = Person("cat", "rep", fixed_id(14), SOUTH)
KIM = Person("kim", "kam", fixed_id(15), NORTH)
SAM = Person("sam", "service", fixed_id(16), SOUTH)
DAN = Person("dan", "rep", fixed_id(17), SOUTH)
PEOPLE = (ANN, BOB, LEA, CAT, KIM, SAM, DAN)
LAND, EAST = fixed_id(3), fixed_id(4)
TERRITORIES = (LAND, EAST)
ACCOUNTS = tuple(fixed_id(100 + n) for n in range(6))
OWNERS = (ANN, ANN, ANN, BOB, BOB, CAT)

LAPTOPS: tuple[tuple[str, Person], ...] = (
    ("ann-1", ANN),
    ("lea-1", LEA),
    ("bob-1", BOB),
    ("ann-2", ANN),
    ("cat-1", CAT),
    ("kim-1", KIM),
    ("bob-2", BOB),
    ("sam-1", SAM),
    ("lea-2", LEA),
    ("dan-1", DAN),
    ("cat-2", CAT),
    ("kim-2", KIM),
)
"""The devices in the order in which a simulation takes them."""

RIGHTS: tuple[tuple[RecordId, str, str, str], ...] = (
    (fixed_id(70), "rep", "*", "read"),
    (fixed_id(71), "rep", "account", "edit"),
    (fixed_id(72), "rep", "account", "reassign"),
    (fixed_id(73), "lead", "*", "read"),
    (fixed_id(74), "kam", "*", "edit"),
    (fixed_id(75), "lead", "account", "edit"),
    (fixed_id(76), "rep", "visit", "edit"),
)
"""Rights that IT may change, or deny: (id of the row, role, kind, action)."""


def device_id(name: str) -> DeviceId:
    """The id under which the server knows a laptop."""
    return DeviceId(fixed_id(900 + [x for x, _ in LAPTOPS].index(name)))


Record = tuple[str, RecordId, dict[str, Value]]


def rows() -> Iterator[Record]:
    """Everything that is there on the first morning, parents first."""
    yield "team", NORTH, {"name": "North", "lead": LEA.id}
    yield "team", SOUTH, {"name": "South"}
    yield "territory", LAND, {"name": "Land"}
    yield "territory", EAST, {"name": "East", "parent": LAND}
    for person in PEOPLE:
        yield (
            "user",
            person.id,
            {
                "login": person.login, "name": person.login.title(), "role": person.role,
                "team": person.team, "active": True,
            },
        )  # fmt: skip
    yield "product", fixed_id(50), {"name": "Product"}
    for n, (account, owner) in enumerate(zip(ACCOUNTS, OWNERS, strict=True)):
        yield from _account(n, account, owner)


def _account(n: int, account: RecordId, owner: Person) -> Iterator[Record]:
    base = 200 + 20 * n
    yield (
        "account",
        account,
        {
            "name": f"Account {n}", "owner": owner.id, "team": owner.team, "industry": "steel",
            "tags": ["old"], "description": "First line.\nSecond line.\nThird line.\n",
        },
    )  # fmt: skip
    contact = fixed_id(base)
    yield "contact", contact, {"full_name": f"Person {n}"}
    yield (
        "account_contact",
        fixed_id(base + 1),
        {"account": account, "contact": contact, "role": "buyer"},
    )
    yield "address", fixed_id(base + 2), {"account": account, "city": "Jena", "street": "Weg 1"}
    yield (
        "visit",
        fixed_id(base + 3),
        {"account": account, "owner": owner.id, "state": "planned", "objectives": f"See {n}"},
    )
    yield (
        "task",
        fixed_id(base + 4),
        {"account": account, "title": f"Task {n}", "assignee": owner.id, "status": "open"},
    )
