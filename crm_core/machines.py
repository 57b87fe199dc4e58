"""State machines of the business: which arrows exist, what each needs and who may walk it.

Source: domain.md §5.4. `missed` and "late" are derived and never stored.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from crm_core.fields import Value

ANY = "*"


class Arrow(msgspec.Struct, frozen=True):
    """One permitted step. `needs`: fields that must hold a value; `action`: the right it takes."""

    source: str
    target: str
    needs: tuple[str, ...] = ()
    action: str = "edit"


class Machine(msgspec.Struct, frozen=True):
    """The arrows of one kind of state; an unset state counts as `initial`."""

    name: str
    initial: str
    arrows: tuple[Arrow, ...]

    def arrow(self, source: Value, target: Value) -> Arrow | None:
        """The arrow from one state to another, if there is one."""
        start = start_of(self, source)
        for arrow in self.arrows:
            if arrow.target == target and arrow.source in (start, ANY) and start != target:
                return arrow
        return None

    def targets(self, source: Value) -> tuple[str, ...]:
        """The states that can follow, in the order of the table."""
        start = start_of(self, source)
        found = [x.target for x in self.arrows if x.source in (start, ANY) and x.target != start]
        return tuple(dict.fromkeys(found))


def _arrows(*rows: Arrow | tuple[str, str]) -> tuple[Arrow, ...]:
    return tuple(row if isinstance(row, Arrow) else Arrow(*row) for row in rows)


MACHINES: Mapping[str, Machine] = {
    machine.name: machine
    for machine in (
        Machine(
            "prospect",
            "new",
            _arrows(
                ("new", "qualifying"),
                ("qualifying", "qualified"),
                ("qualified", "converted"),
                Arrow(ANY, "disqualified", needs=("stage_reason",)),
                (ANY, "pool"),
                ("pool", "claimed"),
                ("claimed", "qualifying"),
                ("disqualified", "qualifying"),
            ),
        ),
        Machine(
            "visit",
            "draft",
            _arrows(
                ("draft", "planned"),
                ("planned", "confirmed"),
                ("planned", "in_progress"),
                ("confirmed", "in_progress"),
                ("confirmed", "planned"),
                Arrow("in_progress", "completed", needs=("outcome",)),
                Arrow("completed", "reviewed", action="approve"),
                ("draft", "cancelled"),
                Arrow("planned", "cancelled", needs=("reason",)),
                Arrow("confirmed", "cancelled", needs=("reason",)),
                Arrow("in_progress", "aborted", needs=("reason",)),
            ),
        ),
        Machine(
            "complaint",
            "received",
            _arrows(
                ("received", "acknowledged"),
                Arrow("acknowledged", "assessed", needs=("severity", "remedy_sought", "handler")),
                ("assessed", "investigating"),
                ("investigating", "waiting_customer"),
                ("waiting_customer", "investigating"),
                ("investigating", "waiting_third_party"),
                ("waiting_third_party", "investigating"),
                ("assessed", "answered"),
                ("investigating", "answered"),
                ("answered", "recovering"),
                ("answered", "resolved"),
                ("recovering", "resolved"),
                Arrow("resolved", "closed", needs=("cause",)),
                ("closed", "followed_up"),
                Arrow(ANY, "duplicate", needs=("repeat_of",)),
                Arrow(ANY, "rejected", needs=("closed_reason",), action="approve"),
                ("resolved", "reopened"),
                ("closed", "reopened"),
                ("followed_up", "reopened"),
                ("reopened", "investigating"),
            ),
        ),
        Machine(
            "plan",
            "draft",
            _arrows(
                ("draft", "submitted"),
                Arrow("submitted", "approved", action="approve"),
                Arrow("submitted", "draft", action="approve"),
                ("approved", "active"),
                ("active", "under_review"),
                ("under_review", "active"),
                ("active", "closed"),
                ("under_review", "closed"),
                ("approved", "superseded"),
                ("active", "superseded"),
            ),
        ),
        Machine(
            "work",
            "open",
            _arrows(
                ("open", "in_progress"),
                ("open", "done"),
                ("in_progress", "done"),
                ("in_progress", "open"),
                Arrow("open", "dropped", needs=("reason",)),
                Arrow("in_progress", "dropped", needs=("reason",)),
                ("done", "open"),
                ("dropped", "open"),
            ),
        ),
        Machine("conflict", "open", _arrows(("open", "resolved"), ("resolved", "open"))),
    )
}


def missing_for(arrow: Arrow, values: Mapping[str, Value]) -> tuple[str, ...]:
    """The fields that the arrow needs and the record lacks."""
    return tuple(name for name in arrow.needs if values.get(name) in (None, "", []))


def start_of(machine: Machine, state: Value) -> Value:
    """The state as the machine counts it: none is the initial one."""
    return machine.initial if state is None else state


def missing_to_start(
    machine: Machine, state: Value, values: Mapping[str, Value]
) -> tuple[str, ...] | None:
    """What a new record lacks to begin in a state; None where it may not begin there.

    A record may begin wherever its author could have led it step by step: a call that is already
    over is entered as completed. Nobody begins behind a step that another person has to approve.
    """
    fewest: dict[str, tuple[str, ...]] = {machine.initial: ()}
    reached = list(fewest)
    while reached:
        source = reached.pop(0)
        for arrow in machine.arrows:
            if arrow.source not in (source, ANY) or arrow.action != "edit":
                continue
            lacking = dict.fromkeys((*fewest[source], *missing_for(arrow, values)))
            if arrow.target not in fewest or len(lacking) < len(fewest[arrow.target]):
                fewest[arrow.target] = tuple(lacking)
                reached.append(arrow.target)
    start = start_of(machine, state)
    return fewest.get(start) if isinstance(start, str) else None
