"""The jobs of the read lane behind a chart: numbers out of the snapshot, then the picture.

matplotlib is imported by the first of them, in its lane: the window never waits for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import Where

if TYPE_CHECKING:
    from crm_desktop.charts.drawing import Picture
    from crm_desktop.insight.chart import Chart


@dataclass(frozen=True, slots=True)
class Canvas:
    """What a picture is drawn for: logical pixels, the screen's ratio, the theme."""

    width: int
    height: int
    ratio: float
    theme: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which accounts the charts are over, and the same in words."""

    where: tuple[Where, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, and its picture for one canvas."""

    chart: Chart
    picture: Picture


def read_chart(connection: Connection, name: str, asked: Filter, canvas: Canvas) -> Drawn:
    """Compute a chart and draw it."""
    return draw(compute(connection, name, asked), canvas)


def today() -> dt.date:
    """The day that charts are as of."""
    return dt.datetime.now().astimezone().date()


def read_last_sync(connection: Connection) -> str:
    """When this device last proved equal with its server; "" for never."""
    from crm_desktop.insight.question import Question

    return Question(connection, today()).last_sync


def compute(connection: Connection, name: str, asked: Filter) -> Chart:
    """The numbers of a chart as of today."""
    from crm_desktop.insight import boards
    from crm_desktop.insight.question import Question

    return boards.compute(name, Question(connection, today(), asked.where, asked.words))


def draw(chart: Chart, canvas: Canvas) -> Drawn:
    """Draw the numbers anew for another size or theme."""
    from crm_desktop.charts.drawing import paint

    picture = paint(chart, canvas.width, canvas.height, canvas.ratio, canvas.theme)
    return Drawn(chart, picture)


def copied(chart: Chart, form: str) -> bytes | str:
    """A chart for the clipboard: "picture" as PNG with its words, "numbers" as lines with tabs."""
    from crm_desktop.charts import exporting

    return exporting.picture(chart) if form == "picture" else exporting.numbers(chart)


def write(chart: Chart, out: Path) -> Path:
    """Write a chart by the ending of the file."""
    from crm_desktop.charts.exporting import write as write_chart

    write_chart(chart, out)
    return out


def write_board(connection: Connection, names: Sequence[str], asked: Filter, out: Path) -> Path:
    """Write a board's charts into one PDF."""
    from crm_desktop.charts.exporting import write_board as write_charts

    write_charts([compute(connection, name, asked) for name in names], out)
    return out


@dataclass(frozen=True, slots=True)
class Choices:
    """What one can filter by: (id, words) of teams and of owners, ordered by words."""

    teams: tuple[tuple[str, str], ...]
    owners: tuple[tuple[str, str], ...]


def read_choices(connection: Connection) -> Choices:
    """The teams and owners that accounts in sight have."""
    return Choices(_named(connection, "team"), _named(connection, "owner"))


_KINDS: Mapping[str, str] = {"team": "team", "owner": "user"}


def _named(connection: Connection, field: str) -> tuple[tuple[str, str], ...]:
    from crm_core.ids import RecordId
    from crm_desktop.models import labels
    from crm_desktop.models.sql import quoted

    kind = _KINDS[field]
    rows = connection.rows(
        f"SELECT DISTINCT lower(hex({quoted(field)})) FROM account WHERE deleted = 0"
        f" AND {quoted(field)} IS NOT NULL"
    )
    titles = labels.titles(connection, [(kind, RecordId(row[0])) for row in rows])
    return tuple(sorted(((ref[1], words) for ref, words in titles.items()), key=lambda x: x[1]))
