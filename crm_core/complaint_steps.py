"""Steps of a complaint: which are offered at a stage, what each asks for, and what it writes.

A step is one intention: the complaint's new stage and the line of its log travel together, so that
the clocks of every device tell the same time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, difference
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.machines import MACHINES, start_of

PAUSES = ("waiting_customer", "waiting_third_party")
"""Stages in which the clocks stand."""

_MAIN: Mapping[str, str] = {
    "received": "acknowledged",
    "acknowledged": "assessed",
    "assessed": "investigating",
    "investigating": "answered",
    "waiting_customer": "investigating",
    "waiting_third_party": "investigating",
    "answered": "resolved",
    "recovering": "resolved",
    "resolved": "closed",
    "closed": "followed_up",
    "reopened": "investigating",
}
"""The step that usually follows."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The steps from a stage: the usual one (or ""), the pauses, and the rest."""

    main: str
    pauses: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a step asks for: fields of the complaint that must be filled in, those that may be,
    and whether the log wants words; `told`: the customer is told by it."""

    must: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    words: str = ""
    words_needed: bool = False
    told: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether the step can be taken without asking."""
        return not (self.must or self.may or self.words)


_ASKED: Mapping[str, Asked] = {
    "acknowledged": Asked(told=True),
    "assessed": Asked(may=("safety", "category")),
    "waiting_customer": Asked(words="reason", words_needed=True),
    "waiting_third_party": Asked(words="reason", words_needed=True),
    "answered": Asked(words="comment", words_needed=True, told=True),
    "recovering": Asked(words="comment", words_needed=True),
    "resolved": Asked(must=("outcome",), told=True),
    "closed": Asked(may=("responsible_unit", "closed_reason")),
    "followed_up": Asked(words="comment", words_needed=True),
    "reopened": Asked(words="reason", words_needed=True),
}
"""What is asked on top of what the state machine demands. A pause without a reason and an answer
without words would tell nobody anything later."""


def offer(state: Value, *, may_approve: bool = True) -> Offer:
    """The steps that can follow a stage; those that take an approval only to who may approve."""
    machine = MACHINES["complaint"]
    possible = [
        target
        for target in machine.targets(state)
        if may_approve or _action(state, target) != "approve"
    ]
    main = _MAIN.get(str(start_of(machine, state)), "")
    if main not in possible:
        main = ""
    pauses = tuple(target for target in possible if target in PAUSES)
    others = tuple(target for target in possible if target not in (main, *PAUSES))
    return Offer(main, pauses, others)


def asked_by(state: Value, target: str) -> Asked:
    """What the step from a stage to another asks for."""
    arrow = MACHINES["complaint"].arrow(state, target)
    needs = arrow.needs if arrow is not None else ()
    known = _ASKED.get(target, Asked())
    must = tuple(dict.fromkeys((*needs, *known.must)))
    return Asked(must, known.may, known.words, known.words_needed, known.told)


@dataclass(frozen=True, slots=True)
class Seen:
    """The complaint as whoever acts on it sees it."""

    id: RecordId
    seq: int
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Line:
    """A new line of the log: its id, when it happened, and what it says."""

    id: RecordId
    at: str
    reason: str = ""
    comment: str = ""
    told: bool = False


def step(seen: Seen, target: str, filled: Mapping[str, Value], line: Line) -> tuple[Change, ...]:
    """The changes of one step: fields and stage of the complaint, and the line of its log."""
    entity = CATALOG["complaint"]
    wanted = {**filled, "state": target}
    changes = difference(entity, seen.id, seen.values, wanted, seen.seq)
    source = start_of(MACHINES["complaint"], seen.values.get("state"))
    return (*changes, _logged(seen.id, line, source, target))


def note(seen: Seen, line: Line) -> tuple[Change, ...]:
    """The change that adds a line to the log and leaves the stage alone."""
    return (_logged(seen.id, line, None, None),)


def hand_over(seen: Seen, handler: RecordId, name: str, line: Line) -> tuple[Change, ...]:
    """The changes that give a complaint to another handler, and the line of its log.

    A line with a reason and no stage is a handover: its reason is the new handler's name.
    """
    entity = CATALOG["complaint"]
    changes = difference(entity, seen.id, seen.values, {"handler": handler}, seen.seq)
    if not changes:
        return ()
    return (*changes, _logged(seen.id, replace(line, reason=name), None, None))


def intake(complaint: RecordId, values: Mapping[str, Value], line: Line) -> tuple[Change, ...]:
    """The changes that enter a new complaint, received at the moment of its first line."""
    given: dict[str, Value] = {
        name: value for name, value in values.items() if value not in (None, "", [])
    }
    initial = MACHINES["complaint"].initial
    new: dict[str, Value] = {
        "type": "complaint", "received_at": line.at, **given, "state": initial
    }  # fmt: skip
    return (
        Change("complaint", complaint, Op.INSERT, new),
        _logged(complaint, line, None, initial),
    )


def _logged(complaint: RecordId, line: Line, source: Value, target: Value) -> Change:
    values: dict[str, Value] = {
        "complaint": complaint, "at": line.at, "from_state": source, "to_state": target,
        "reason": line.reason, "comment": line.comment, "customer_visible": line.told,
    }  # fmt: skip
    for name in [name for name, value in values.items() if value in (None, "")]:
        del values[name]
    return Change("complaint_event", line.id, Op.INSERT, values)


def _action(state: Value, target: str) -> str:
    arrow = MACHINES["complaint"].arrow(state, target)
    return arrow.action if arrow is not None else ""
