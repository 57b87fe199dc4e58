"""What an organisation has to switch on before anybody may do it (security.md §7).

A switch is a `role_permission` record of the role "*": (entity "policy", action: the switch's name,
level "all": on). These records go to every device, so that a switch holds without a network too.
Where there is none, the switch is off. What was entered before stays, and may be taken out.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.fields import Value

EVERYBODY, POLICY = "*", "policy"
ON, OFF = "all", "none"
"""The levels of such a record."""

LOCATION = "location"
ERASING = "erasing"
"""Whoever leads may erase what is personal in his contacts; off, only IT does."""

SWITCHES: Mapping[str, Mapping[str, frozenset[str]]] = {
    LOCATION: {"account": frozenset(("location",)), "address": frozenset(("location",))},
    ERASING: {},
}
"""For each switch the fields that it opens, by kind."""

SWITCHED: Mapping[str, Mapping[str, str]] = {
    kind: {name: switch for switch, kinds in SWITCHES.items() for name in kinds.get(kind, ())}
    for kind in sorted({kind for kinds in SWITCHES.values() for kind in kinds})
}
"""For each kind its fields that a switch opens, each with that switch."""

_NOTHING: tuple[Value, ...] = (None, "", [])


def is_closed(kind: str, name: str, on: frozenset[str]) -> bool:
    """Whether a field is closed to everybody, with these switches on."""
    switch = SWITCHED.get(kind, {}).get(name)
    return switch is not None and switch not in on


def is_refused(kind: str, name: str, value: Value, current: Value, on: frozenset[str]) -> bool:
    """Whether a value may not be entered where another stands. Taking one out always may."""
    return is_closed(kind, name, on) and value not in _NOTHING and value != current


def closed_fields(kind: str, on: frozenset[str]) -> frozenset[str]:
    """The fields of a kind that are closed to everybody, with these switches on."""
    return frozenset(name for name, switch in SWITCHED.get(kind, {}).items() if switch not in on)
