"""What the navigation rail offers, in its order, and who draws it; every kind is reached from it.

A crafted pane is plugged in with one line of `PANES`. Until there is one, the generated pane of the
place's kinds stands there; a place that has neither is not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from crm_core.catalog import CATALOG
from crm_core.i18n import tr_noop
from crm_desktop.runtime.hub import DataHub

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

TODAY = "today"
INBOX = "inbox"
INSIGHT = "insight"
ADMIN = "admin"

MakePane: TypeAlias = "Callable[[DataHub, QWidget], QWidget]"
"""Makes a pane for its hub and its parent."""


def _inbox(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.inbox.pane import InboxPane

    return InboxPane(hub, parent)


def _plans(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.plans.pane import PlansPane

    return PlansPane(hub, parent)


def _visits(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.visits.pane import VisitsPane

    return VisitsPane(hub, parent)


def _insight(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.insight.pane import InsightPane

    return InsightPane(hub, parent)


def _complaints(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.complaints.pane import ComplaintsPane

    return ComplaintsPane(hub, parent)


def _accounts(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.accounts.pane import AccountsPane

    return AccountsPane(hub, parent)


def _today(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.today.pane import TodayPane

    return TodayPane(hub, parent)


def _tasks(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.tasks.pane import TasksPane

    return TasksPane(hub, parent)


PANES: dict[str, MakePane] = {
    "tasks": _tasks,
    TODAY: _today,
    "accounts": _accounts,
    "complaints": _complaints,
    INSIGHT: _insight,
    "plans": _plans,
    "visits": _visits,
    INBOX: _inbox,
}
"""The crafted panes. Each maker imports its pane when the place is first looked at."""


class Place(msgspec.Struct, frozen=True):
    """An item of the rail: its name (also for `screenshot --pane`), its words, its kinds.

    `kinds` are the records that live there; `icon` is a name of the icon family; `at_foot` places
    stand at the foot of the rail.
    """

    name: str
    label: str
    kinds: tuple[str, ...] = ()
    at_foot: bool = False

    @property
    def icon(self) -> str:
        """The name of its icon."""
        return self.name


_MAIN = (
    Place(TODAY, tr_noop("Today")),
    Place("accounts", CATALOG["account"].plural, ("account",)),
    Place("plans", CATALOG["plan"].plural, ("plan",)),
    Place("visits", CATALOG["visit"].plural, ("visit",)),
    Place("complaints", CATALOG["complaint"].plural, ("complaint",)),
    Place("tasks", CATALOG["task"].plural, ("task",)),
    Place(INSIGHT, tr_noop("Insight")),
    Place(INBOX, tr_noop("Inbox")),
)


def _rest() -> tuple[str, ...]:
    shown = {kind for place in _MAIN for kind in place.kinds}
    return tuple(kind for kind in CATALOG if kind not in shown)


PLACES: Mapping[str, Place] = {
    place.name: place
    for place in (*_MAIN, Place(ADMIN, tr_noop("Admin"), _rest(), at_foot=True))
    if place.kinds or place.name in PANES
}
"""Every place by its name."""


def place_of(kind: str) -> Place:
    """Where records of a kind are shown."""
    return next(place for place in PLACES.values() if kind in place.kinds)
