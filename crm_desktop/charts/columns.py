"""Standing bars: by month with a line over them, stacked, and the Pareto chart."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from matplotlib.ticker import MaxNLocator

from crm_desktop.charts.sheet import LEGEND_HEIGHT, Sheet, axis_words
from crm_desktop.insight.chart import Chart, Mark, Series, Tone, Unit
from crm_desktop.numbers import short

BAR = 0.58
BESIDE = 0.38
"""Markers that no line joins stand at the right of their bar, not on its value."""

LEFT, RIGHT, FOOT = 44, 8, 26
LABEL_WIDTH = 38
"""Pixels that a value label needs; where bars are narrower only the last one has its label."""

_HEADROOM = 1.12
_LETTER = 6.5
_WRAPPED_MIN = 6


def draw_columns(sheet: Sheet, chart: Chart) -> None:
    """The first series as bars, the second as a line of hollow markers."""
    bars, *lines = chart.series
    axes: Any = sheet.axes(LEFT, LEGEND_HEIGHT + 8, RIGHT, FOOT)
    values = [m.value or 0 for series in chart.series for m in series.marks]
    _frame(sheet, axes, [m.label for m in bars.marks], max(values, default=0), bars.unit)
    for x, mark in enumerate(bars.marks):
        colour = sheet.look.bar if mark.tone is Tone.REST else sheet.look.series[0]
        axes.bar(x, mark.value or 0, BAR, color=colour)
        shape = ((x - BAR / 2, x + BAR / 2), (0.0, mark.value or 0.0))
        sheet.place(axes, mark, (x - 0.5, x + 0.5), (0, axes.get_ylim()[1]), shape)
    for series in lines:
        _line(sheet, axes, series)
    _value_labels(sheet, axes, bars.marks, lines)
    handles = [sheet.patch(bars.name, sheet.look.series[0])]
    if lines:
        sheet.legend([*handles, *(sheet.point(x.name, joined=x.joined) for x in lines)])


def _line(sheet: Sheet, axes: Any, series: Series) -> None:
    look, points = sheet.look, [(x, m.value) for x, m in enumerate(series.marks)]
    known = [(x, y) for x, y in points if y is not None]
    xs, ys = [x for x, _ in known], [y for _, y in known]
    if series.joined:
        # The pane's colour around the line keeps it apart from the bars that it crosses.
        axes.plot(xs, ys, color=look.pane, linewidth=4, zorder=3)
    shift = 0.0 if series.joined else BESIDE
    axes.plot(
        [x + shift for x in xs], ys, color=look.series[1],
        linestyle="-" if series.joined else "none", marker="s",
        markerfacecolor=look.pane, markeredgecolor=look.series[1], markeredgewidth=1.5,
        markersize=5.5, zorder=4,
    )  # fmt: skip
    reach = axes.get_ylim()[1] / 30
    for x, mark in enumerate(series.marks):
        if mark.value is not None and mark.tip:
            sheet.place(
                axes,
                mark,
                (x + shift - 0.12, x + shift + 0.12),
                (mark.value - reach, mark.value + reach),
            )


def _value_labels(
    sheet: Sheet, axes: Any, marks: Sequence[Mark], lines: Sequence[Series] = ()
) -> None:
    room = (sheet.inner_width - LEFT - RIGHT) / max(1, len(marks))
    longest = max((len(mark.shown) for mark in marks), default=0) * _LETTER
    all_of_them = room >= min(LABEL_WIDTH, longest + 6)
    for x, mark in enumerate(marks):
        is_last = x == len(marks) - 1
        if mark.shown and mark.value and (all_of_them or is_last):
            y = _above(x, mark.value, lines, axes)
            axes.annotate(
                mark.shown, (x, y), xytext=(0, 3 if y == mark.value else 6),
                textcoords="offset points",
                ha="center", va="bottom", color=sheet.look.ink, fontweight="bold", zorder=6,
                bbox={"facecolor": sheet.look.pane, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            )  # fmt: skip


def _above(x: int, value: float, lines: Sequence[Series], axes: Any) -> float:
    """Where a bar's label stands: above the line too, where that crosses the label."""
    reach = axes.get_ylim()[1] / 7
    points = (line.marks[x].value for line in lines if line.joined)
    near = (y for y in points if y is not None and -reach / 3 < y - value < reach)
    return max((value, *near))


def _frame(sheet: Sheet, axes: Any, labels: Sequence[str], highest: float, unit: Unit) -> None:
    """Limits from zero, grid lines at round values, the labels below."""
    top = 100.0 if unit is Unit.PERCENT and highest <= 100 else highest or 1.0  # noqa: PLR2004  # all
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_ylim(0, top * _HEADROOM)
    if unit is not Unit.PERCENT:
        axes.yaxis.set_major_locator(
            MaxNLocator(4, integer=unit is Unit.COUNT, steps=[1, 2, 2.5, 4, 5, 10])
        )
    ticks = [0, 25, 50, 75, 100] if unit is Unit.PERCENT else axes.get_yticks()
    axes.set_yticks([tick for tick in ticks if 0 <= tick <= top * 1.02])
    axes.yaxis.set_major_formatter(axis_words(unit))
    axes.set_xticks(range(len(labels)), _wrapped(labels, sheet.inner_width - LEFT - RIGHT))
    axes.tick_params(axis="x", length=0)


def _wrapped(labels: Sequence[str], width: float) -> list[str]:
    """Labels in two lines, cut where even that is too long for their bar."""
    letters = max(_WRAPPED_MIN, int(width / max(1, len(labels)) / _LETTER))
    return ["\n".join(textwrap.wrap(label, letters, max_lines=2, placeholder="…")) or label
            for label in labels]  # fmt: skip


def draw_stack(sheet: Sheet, chart: Chart) -> None:
    """All series on top of each other, the sum above."""
    axes: Any = sheet.axes(LEFT, LEGEND_HEIGHT + 8, RIGHT, FOOT)
    columns = list(zip(*(series.marks for series in chart.series), strict=True))
    sums = [sum(mark.value or 0 for mark in column) for column in columns]
    unit = chart.series[0].unit
    _frame(sheet, axes, [column[0].label for column in columns], max(sums, default=0), unit)
    for x, column in enumerate(columns):
        base = 0.0
        for mark, colour in zip(column, sheet.look.series, strict=False):
            height = mark.value or 0
            axes.bar(x, height, BAR, bottom=base, color=colour)
            sheet.place(axes, mark, (x - BAR / 2, x + BAR / 2), (base, base + height))
            base += height
    _value_labels(sheet, axes, [Mark("", total, short(total)) for total in sums])
    names = [series.name for series in chart.series]
    sheet.legend([sheet.patch(n, c) for n, c in zip(names, sheet.look.series, strict=False)])


def draw_pareto(sheet: Sheet, chart: Chart) -> None:
    """Falling bars from zero, and over them the cumulated share on a scale of its own."""
    bars, cumulated = chart.series
    axes: Any = sheet.axes(LEFT, LEGEND_HEIGHT + 8, LEFT, FOOT + 10)
    highest = max((m.value or 0 for m in bars.marks), default=0)
    _frame(sheet, axes, [m.label for m in bars.marks], highest, bars.unit)
    for x, mark in enumerate(bars.marks):
        colour = sheet.look.bar if mark.tone is Tone.REST else sheet.look.series[0]
        axes.bar(x, mark.value or 0, BAR, color=colour)
        shape = ((x - BAR / 2, x + BAR / 2), (0.0, mark.value or 0.0))
        sheet.place(axes, mark, (x - 0.5, x + 0.5), (0, axes.get_ylim()[1]), shape)
    # On the scale of the bars, so that no label stands under a marker of the line.
    points = tuple(replace(m, value=(m.value or 0) * highest / 100) for m in cumulated.marks)
    _value_labels(sheet, axes, bars.marks, [replace(cumulated, marks=points)])
    shares: Any = axes.twinx()
    shares.set_ylim(0, 100 * _HEADROOM)
    shares.set_yticks([0, 50, chart.line or 80, 100])
    shares.yaxis.set_major_formatter(axis_words(Unit.PERCENT))
    shares.tick_params(axis="y", length=0)
    shares.grid(visible=False)
    shares.axhline(chart.line or 80, color=sheet.look.ink3, linestyle=(0, (4, 3)), linewidth=1)
    _line(sheet, shares, cumulated)
    sheet.legend([sheet.patch(bars.name, sheet.look.series[0]), sheet.point(cumulated.name)])
