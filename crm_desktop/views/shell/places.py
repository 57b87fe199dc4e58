"""What the navigation rail offers, in its order, and who draws it; every kind is reached from it.

A crafted pane is plugged in with one line of `PANES`. Until there is one, the generated pane of the
place's kinds stands there; a place that has neither is not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from crm_core.i18n import tr_noop

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crm_desktop.runtime.hub import DataHub

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


def _devices(hub: DataHub, parent: QWidget) -> QWidget:
    from crm_desktop.views.panes.devices.pane import DevicesPane

    return DevicesPane(hub, parent)


KIND_PANES: dict[str, MakePane] = {"device": _devices}
"""The crafted panes of kinds that share a place with others."""


class Place(msgspec.Struct, frozen=True):
    """An item of the rail: its name (also for `screenshot --pane`), its words, its kind of record.

    `icon` is a name of the icon family; the place `at_foot` stands at the foot of the rail and
    shows every kind that has no place of its own.
    """

    name: str
    label: str
    kind: str = ""
    at_foot: bool = False

    @property
    def icon(self) -> str:
        """The name of its icon."""
        return self.name

    @property
    def kinds(self) -> tuple[str, ...]:
        """The records that live there."""
        if self.at_foot:
            return _rest()
        return (self.kind,) if self.kind else ()


PLACES: Mapping[str, Place] = {
    place.name: place
    for place in (
        Place(TODAY, tr_noop("Today")),
        Place("accounts", tr_noop("Accounts"), "account"),
        Place("plans", tr_noop("Plans"), "plan"),
        Place("visits", tr_noop("Visits"), "visit"),
        Place("complaints", tr_noop("Complaints"), "complaint"),
        Place("tasks", tr_noop("Tasks"), "task"),
        Place(INSIGHT, tr_noop("Insight")),
        Place(INBOX, tr_noop("Inbox")),
        Place(ADMIN, tr_noop("Admin"), at_foot=True),
    )
}
"""Every place by its name."""


def place_of(kind: str) -> Place:
    """Where records of a kind are shown."""
    return next((x for x in PLACES.values() if kind == x.kind), PLACES[ADMIN])


def _rest() -> tuple[str, ...]:
    from crm_core.catalog import CATALOG  # the rail is painted before the catalog is needed

    shown = {place.kind for place in PLACES.values()}
    return tuple(kind for kind in CATALOG if kind not in shown)
