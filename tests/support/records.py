"""Valid records of every kind, made from a seed: what conformance tests feed to each layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.fields import REMINDERS, RHYTHM, UNTYPED, Field, Kind, Value
from crm_core.ids import RecordId, uuid7_from
from crm_core.machines import MACHINES

Known = Mapping[str, list[RecordId]]
"""The records that links may lead to, by kind."""

WORDS = ("Alfreds", "Futterkiste", "曾国强", "重庆长安", "Ünïcode", "=1+1", "O'Neil", "50 %", "<b>")
START_MS = 1_760_000_000_000

_MAKERS: Mapping[Kind, Callable[[Random], Value]] = {
    Kind.TEXT: lambda rng: " ".join(rng.sample(WORDS, 3)),
    Kind.NOTE: lambda rng: "。\n".join(rng.sample(WORDS, 3)) + "\n",
    Kind.FLAG: lambda rng: rng.random() < 0.5,
    Kind.WHOLE: lambda rng: rng.randint(-5, 10**9),
    Kind.DECIMAL: lambda rng: f"{rng.randint(1, 9999)}.{rng.randint(1, 9)}",
    Kind.MONEY: lambda rng: f"{rng.randint(-9999, 9999)}.{rng.randint(10, 99)}CNY",
    Kind.DAY: lambda rng: (
        f"20{rng.randint(10, 40)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    ),
    Kind.INSTANT: lambda rng: f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T08:30:00Z",
    Kind.DURATION: lambda rng: rng.randint(0, 600),
    Kind.PHONE: lambda rng: f"+86 {rng.randint(10**9, 10**10)}",
    Kind.EMAIL: lambda rng: f"li.{rng.randint(1, 999)}@example.com",
    Kind.URL: lambda rng: f"https://example.com/{rng.randint(1, 999)}",
    Kind.ADDRESS_PART: lambda rng: rng.choice(WORDS),
    Kind.PLACE: lambda rng: f"{rng.randint(-89, 89)}.5,{rng.randint(-179, 179)}.25",
    Kind.PERSON_NAME: lambda rng: rng.choice(("曾国强", "Nancy Davolio", "单红", "吕 明")),
    Kind.TAGS: lambda rng: [*sorted(rng.sample(WORDS, 2))],
    Kind.ORDER: lambda rng: f"a{rng.randint(0, 9999):04}",
    Kind.JSON: lambda rng: {"colour": rng.choice(WORDS), "floors": rng.randint(1, 9)},
}


_TYPED: Mapping[str, Callable[[Random], Value]] = {
    REMINDERS: lambda rng: [
        *sorted(rng.sample(["-1h", "-15m", "d1@09:00", "2026-11-25T14:00"], 2))
    ],
    RHYTHM: lambda rng: rng.choice(["FREQ=DAILY;COUNT=3", "FREQ=MONTHLY;BYDAY=-1FR"]),
}


def new_id(rng: Random) -> RecordId:
    """An id as a client makes it."""
    return uuid7_from(START_MS + rng.randint(0, 10**9), rng.getrandbits(74))


def values_for(entity: Entity, rng: Random, known: Known) -> dict[str, Value]:
    """Valid values for every field a person may type into; links lead into `known`."""
    values: dict[str, Value] = {}
    for field in entity.fields:
        if field.authority is None and field.typed_as != UNTYPED:
            value = value_for(field, rng, known)
            if value is not None:
                values[field.name] = value
    return values


def value_for(field: Field, rng: Random, known: Known) -> Value:
    """One valid value; None where a link has nothing to lead to."""
    if field.machine:
        return MACHINES[field.machine].initial
    if field.kind is Kind.CHOICE:
        return rng.choice([choice.code for choice in field.choices])
    if field.link is not None:
        return _link(field, rng, known)
    return _TYPED.get(field.typed_as, _MAKERS[field.kind])(rng)


def _link(field: Field, rng: Random, known: Known) -> Value:
    assert field.link is not None
    if not field.link.target:
        accounts = known.get("account", [])
        return f"account/{rng.choice(accounts)}" if accounts else None
    targets = known.get(field.link.target, [])
    if field.kind is Kind.LINKS:
        return [*sorted(rng.sample(targets, min(2, len(targets))))]
    return rng.choice(targets) if targets else None


WRITABLE = tuple(
    entity for entity in CATALOG.values() if not entity.read_only and entity.kind != "conflict"
)
"""The kinds that a person may write, parents first."""
