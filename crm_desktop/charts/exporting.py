"""A chart into a file: .png .svg .pdf as a picture, .csv as its numbers, each with its words."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.charts.drawing import write_pages, write_picture
from crm_desktop.i18n import tr
from crm_desktop.insight.chart import Chart, Form
from crm_desktop.insight.phrases import foot_words
from crm_desktop.transfer.cells import guard
from crm_desktop.writing import replaced

ENDINGS = (".png", ".svg", ".pdf", ".csv")


def write(chart: Chart, out: Path) -> None:
    """Write a chart by the ending of the file; raises UserProblem and Unavailable."""
    check_ending(out)
    with replaced(out, private=False) as file:
        _WRITERS[out.suffix.lower()](chart, file)


def write_board(charts: Sequence[Chart], out: Path) -> None:
    """Write charts into one PDF, a page each; raises Unavailable."""
    with replaced(out, private=False) as file:
        write_pages(list(charts), file)


def picture(chart: Chart) -> bytes:
    """A chart with its words as PNG."""
    made = io.BytesIO()
    write_picture(chart, made, "png")
    return made.getvalue()


def numbers(chart: Chart) -> str:
    """The numbers of a chart as lines with tabs, as spreadsheets paste them."""
    lines = ([guard(x) if isinstance(x, str) else x for x in line] for line in rows(chart))
    return "\n".join("\t".join("" if x is None else str(x) for x in line) for line in lines)


def check_ending(out: Path) -> None:
    """Raise UserProblem unless a chart can be written so."""
    if out.suffix.lower() not in ENDINGS:
        raise UserProblem(
            tr_noop(
                "Charts of the form '{suffix}' cannot be written; name a file that ends in .png, "
                ".svg, .pdf or .csv."
            ),
            suffix=out.suffix,
        )


def _write_csv(chart: Chart, file: Path) -> None:
    """The words, then a table: one row a label, one column a series. UTF-8 with its mark."""
    text = io.StringIO()
    writer = csv.writer(text)
    for line in ((chart.title, chart.finding), (chart.filters,), foot_words(chart)):
        writer.writerow([guard(word) for word in line])
    writer.writerow([])
    for line in rows(chart):
        writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in line])
    file.write_text("\ufeff" + text.getvalue(), "utf-8", newline="")


Cell = str | float | int | None


def rows(chart: Chart) -> list[list[Cell]]:
    """The numbers of a chart as a table with its heading."""
    if chart.form is Form.CURVE:
        return _points(chart)
    if chart.form is Form.GRID:
        heading: list[Cell] = ["", *(mark.label for mark in chart.series[0].marks)]
        return [
            heading,
            *([row.name, *(_plain(m.value) for m in row.marks)] for row in chart.series),
        ]
    heading = [tr("Label"), *(_heading(chart, n) for n in range(len(chart.series)))]
    columns = zip(*(series.marks for series in chart.series), strict=True)
    return [heading, *([x[0].label, *(_plain(mark.value) for mark in x)] for x in columns)]


def _points(chart: Chart) -> list[list[Cell]]:
    table: list[list[Cell]] = [[tr("Class"), tr("Accounts %"), tr("Revenue %")]]
    for series in chart.series:
        table.extend([mark.label, _plain(mark.at), _plain(mark.value)] for mark in series.marks)
    return table


def _heading(chart: Chart, position: int) -> str:
    series = chart.series[position]
    unit = {"money": chart.currency, "percent": "%", "days": tr("days")}.get(series.unit.value, "")
    return series.name if not unit or unit in series.name else f"{series.name} ({unit})"


def _plain(value: float | None) -> float | int | None:
    """A number without the dust of floating point; whole ones without a point."""
    if value is None:
        return None
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


_WRITERS: Mapping[str, Callable[[Chart, Path], None]] = {
    ".png": lambda chart, file: write_picture(chart, file, "png"),
    ".svg": lambda chart, file: write_picture(chart, file, "svg"),
    ".pdf": lambda chart, file: write_picture(chart, file, "pdf"),
    ".csv": _write_csv,
}
