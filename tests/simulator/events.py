"""What happens to laptops, the server and the company between two steps of work."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import crm_core.wire as wire_now
from crm_core.catalog import SCHEMA
from crm_core.errors import CrmError
from crm_core.wire import PushRequest, encode
from tests.simulator.company import (
    ANN,
    BOB,
    CAT,
    DAN,
    EAST,
    KIM,
    LAND,
    LEA,
    NORTH,
    PEOPLE,
    RIGHTS,
    SAM,
    SOUTH,
)
from tests.simulator.device import Device

if TYPE_CHECKING:
    from tests.simulator.world import World

Event = Callable[["World", Device, random.Random], None]

ROLES = ("rep", "rep", "kam", "lead", "service", "auditor")
LEVELS = ("none", "own", "team", "territory", "all")
JUMPS = (-3650, -8, -1, 0, 1, 8, 3650)
"""Days that a clock may be off: ten years, more than any grace, and one."""


def server_dies(world: World, _device: Device, _dice: random.Random) -> None:
    world.tell("the server crashes and comes back")
    world.server.crash()


def server_fails(world: World, _device: Device, _dice: random.Random) -> None:
    world.tell("the server's next transaction will fail before its commit")
    world.server.fails_next = True


def back_up(world: World, _device: Device, _dice: random.Random) -> None:
    world.tell("the server is backed up")
    world.server.back_up()


def go_back(world: World, _device: Device, _dice: random.Random) -> None:
    if world.server.go_back():
        world.tell("the server is restored from its backup")


def late_post(world: World, _device: Device, dice: random.Random) -> None:
    """A push that everybody gave up; which of several comes first is not said."""
    late = world.weather.late
    if not late:
        return
    name, body = late.pop(dice.randrange(len(late)))
    world.tell(f"a push of {name} arrives late")
    try:
        world.server.push(name, body)
    except CrmError as refused:
        world.tell(f"(and is refused: {refused})")


def people_move(world: World, _device: Device, dice: random.Random) -> None:
    """IT gives a team another lead, or moves a colleague: what people see changes."""
    if dice.random() < 0.5:
        team, lead = dice.choice(((NORTH, LEA), (SOUTH, LEA), (SOUTH, CAT), (NORTH, BOB)))
        world.tell(f"IT: {lead.login} leads team {team[-1]}")
        world.server.load("team", team, {"lead": lead.id})
        return
    person = dice.choice((ANN, BOB, KIM))
    if dice.random() < 0.6:
        team = dice.choice((NORTH, SOUTH))
        world.tell(f"IT: {person.login} moves to team {team[-1]}")
        world.server.load("user", person.id, {"team": team})
    else:
        person, territory = dice.choice((person, LEA)), dice.choice((LAND, EAST, None))
        world.tell(f"IT: {person.login} works in territory {territory and territory[-1]}")
        world.server.load("user", person.id, {"territory": territory})


def role_changes(world: World, _device: Device, dice: random.Random) -> None:
    """IT gives somebody another role, or a role another right; more often things go back."""
    if dice.random() < 0.5:
        person = dice.choice((ANN, BOB, LEA, CAT, SAM, DAN))
        role = dice.choice((*ROLES, person.role))
        world.tell(f"IT: {person.login} is {role} from now on")
        world.server.load("user", person.id, {"role": role})
        return
    record_id, role, kind, action = dice.choice(RIGHTS)
    level = dice.choice(LEVELS)
    world.tell(f"IT: {role} may {action} {kind}: {level}")
    values = {"role": role, "entity": kind, "action": action, "level": level}
    world.server.load("role_permission", record_id, {**values})


def office_reassigns(world: World, _device: Device, dice: random.Random) -> None:
    accounts = [key[1] for key in world.oracle().records if key[0] == "account"]
    account = dice.choice(sorted(accounts))
    if dice.random() < 0.3:
        territory = dice.choice((LAND, EAST, None))
        world.tell(f"IT: account {account[-4:]} lies in territory {territory and territory[-1]}")
        world.server.load("account", account, {"territory": territory})
        return
    owner = dice.choice((ANN, BOB, CAT, LEA))
    world.tell(f"IT: account {account[-4:]} goes to {owner.login}")
    world.server.load("account", account, {"owner": owner.id})


def clock_jumps(world: World, device: Device, dice: random.Random) -> None:
    days = dice.choice(JUMPS)
    world.tell(f"{device.name}'s clock jumps by {days} days")
    device.skew = dt.timedelta(days=days)


def server_clock_jumps(world: World, _device: Device, dice: random.Random) -> None:
    days = dice.choice(JUMPS)
    world.tell(f"the server's clock jumps by {days} days")
    world.server.skew = dt.timedelta(days=days)


def crash(world: World, device: Device, _dice: random.Random) -> None:
    world.tell(f"{device.name} is switched off and on")
    device.crash()


def power_cut(world: World, device: Device, _dice: random.Random) -> None:
    world.tell(f"{device.name} loses its power")
    device.crash(power_cut=True)


def withdraw(world: World, device: Device, _dice: random.Random) -> None:
    world.tell(f"IT withdraws {device.name}")
    world.server.withdraw(device.name)


def wrong_token(world: World, device: Device, dice: random.Random) -> None:
    """One person's work comes with another's token: a shared computer, or a mistake."""
    other = dice.choice([person for person in PEOPLE if person != device.person])
    waiting = device.waiting()
    if not waiting:
        return
    world.tell(f"the work of {device.name} comes with {other.login}'s token")
    body = encode(PushRequest(device.state.epoch, SCHEMA, waiting[: wire_now.PUSH_CHANGESETS_MAX]))
    try:
        world.server.push(device.name, body, other)
    except CrmError as refused:
        world.tell(f"(and is refused: {refused})")


TO_THE_SERVER: tuple[Event, ...] = (
    server_dies, server_fails, back_up, back_up, go_back, go_back, late_post, late_post,
    people_move, people_move, role_changes, role_changes, office_reassigns, office_reassigns,
)  # fmt: skip
"""What may happen while a device waits, too."""

EVENTS: tuple[Event, ...] = (
    *TO_THE_SERVER, clock_jumps, server_clock_jumps, crash, crash, power_cut, power_cut, withdraw,
    wrong_token,
)  # fmt: skip
