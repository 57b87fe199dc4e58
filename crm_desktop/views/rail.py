"""What the navigation rail offers, in its order; every kind of the catalog is reached from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.i18n import tr_noop

INBOX = "inbox"
MORE = "more"
ADMIN = "admin"

_ADMIN_KINDS = (
    "user", "team", "territory", "role", "role_permission", "device", "tag",
)  # fmt: skip
_IN_THE_INBOX = ("conflict",)


@dataclass(frozen=True, slots=True)
class Place:
    """An item of the rail: its name (also for `screenshot --pane`), its words, its kinds."""

    name: str
    label: str
    kinds: tuple[str, ...] = ()


_MAIN = (
    Place("accounts", CATALOG["account"].plural, ("account",)),
    Place("contacts", CATALOG["contact"].plural, ("contact",)),
    Place("plans", CATALOG["plan"].plural, ("plan",)),
    Place("visits", CATALOG["visit"].plural, ("visit",)),
    Place("complaints", CATALOG["complaint"].plural, ("complaint",)),
    Place("tasks", CATALOG["task"].plural, ("task",)),
    Place(INBOX, tr_noop("Inbox")),
)


def _rest() -> tuple[str, ...]:
    shown = {kind for place in _MAIN for kind in place.kinds}
    return tuple(x for x in CATALOG if x not in shown and x not in (*_ADMIN_KINDS, *_IN_THE_INBOX))


PLACES: Mapping[str, Place] = {
    place.name: place
    for place in (
        *_MAIN,
        Place(MORE, tr_noop("More"), _rest()),
        Place(ADMIN, tr_noop("Admin"), (*_ADMIN_KINDS, *_IN_THE_INBOX)),
    )
}
"""Every place by its name."""


def place_of(kind: str) -> Place:
    """Where records of a kind are shown."""
    return next(place for place in PLACES.values() if kind in place.kinds)
