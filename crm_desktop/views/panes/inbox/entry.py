"""One row of the inbox's list, whatever it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from crm_core.catalog import CATALOG
from crm_desktop.i18n import tr
from crm_desktop.models.inbox import QueueRow
from crm_desktop.models.inbox_facts import SettledRow
from crm_desktop.models.queue import HeldRow
from crm_desktop.views.panes.inbox.read import Apart, Decided, Dispute, Stuck, Travelling
from crm_desktop.views.panes.inbox.team import TeamRefusal
from crm_desktop.views.panes.inbox.twins import Twin

Hints: TypeAlias = "Twin | TeamRefusal"

Payload: TypeAlias = (
    "Dispute | Stuck | Apart | QueueRow | HeldRow | SettledRow | Decided | Travelling | Hints"
)


class Tab(StrEnum):
    """The tabs of the inbox."""

    WAITING = "waiting"
    HISTORY = "history"
    QUEUE = "queue"


@dataclass(frozen=True)
class Entry:
    """One row of the list. `acts` are the ways out that the row itself offers, by their name."""

    key: str
    icon: str
    tone: str
    title: str
    second: str
    at: str
    payload: Payload
    acts: Mapping[str, str]


@dataclass(frozen=True)
class Group:
    """A group row and what stands below it."""

    name: str
    entries: tuple[Entry, ...]


def kind_words(kind: str) -> str:
    """The name of a kind; of an unknown one its code."""
    return tr(CATALOG[kind].label) if kind in CATALOG else kind
