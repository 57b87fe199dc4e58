"""What a chart says: its numbers, its words, and the records behind each mark. Nothing is drawn."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from crm_desktop.models.sql import Where


class Form(Enum):
    """How the numbers are drawn."""

    COLUMNS = "columns"  # standing bars; further series are lines over them
    STACK = "stack"  # standing bars, the series on top of each other
    BARS = "bars"  # lying bars; a second series marks targets
    PYRAMID = "pyramid"  # tiers by number, and beside them their share
    PARETO = "pareto"  # falling bars, and the cumulated share as a line
    CURVE = "curve"  # a cumulated share over a share; the marks are its stretches
    GRID = "grid"  # a table of shades: one series a row


class Unit(Enum):
    """What a value counts; percentages are 0…100, money is in whole units of its currency."""

    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    DAYS = "days"


class Tone(Enum):
    """What a mark wants to say beside its length."""

    PLAIN = "plain"
    BELOW = "below"  # below its target: hatched
    REST = "rest"  # what does not belong to the point that is made: grey
    RUNNING = "running"  # a period that is not over


@dataclass(frozen=True, slots=True)
class Drill:
    """The list of records behind a mark: their kind, what they have in common, and its words."""

    kind: str
    where: tuple[Where, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One value of a series. `value` None: there is none, which is not zero. `note` stands
    behind the value label; `at` is the place on the x axis where that is not the label's."""

    label: str
    value: float | None
    shown: str = ""
    note: str = ""
    tip: str = ""
    tone: Tone = Tone.PLAIN
    drill: Drill | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one meaning, in the order in which they are drawn."""

    name: str
    marks: tuple[Mark, ...]
    unit: Unit = Unit.COUNT
    joined: bool = True
    """Whether a line may lead from mark to mark: only where between them lies time."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture's content.

    `finding` says in one clause what the numbers show; `filters` which records and which window
    they are of; `counted` the n with its noun; `last_sync` when this device last proved equal
    with the server, canonical, "" for never.
    """

    name: str
    form: Form
    title: str
    finding: str
    filters: str
    n: int
    counted: str
    as_of: dt.date
    last_sync: str
    explain: tuple[str, ...]
    series: tuple[Series, ...]
    currency: str = ""
    line: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return self.n == 0
