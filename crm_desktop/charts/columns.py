"""Standing bars: by month with a line over them, stacked, and the Pareto chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.ticker import MaxNLocator

from crm_desktop.charts.letters import LINE, widest, wrapped
from crm_desktop.charts.sheet import LEGEND_HEIGHT, Sheet, axis_words
from crm_desktop.insight.chart import Chart, Mark, Series, Tone, Unit
from crm_desktop.numbers import short

BAR = 0.58
BESIDE = 0.38
"""Markers that no line joins stand at the right of their bar, not on its value."""

LEFT, RIGHT = 44, 8
BARS_MIN = 4
"""Fewer bars than that are no wider, but leave room at the right."""

_HEADROOM, _FULL = 1.12, 100.0
_SHORT = 30
"""Labels up to this width, such as months, are left out by turns where they do not fit."""


def draw_columns(sheet: Sheet, chart: Chart) -> None:
    """The first series as bars, the second as a line of hollow markers."""
    bars, *lines = chart.series
    values = [m.value or 0 for series in chart.series for m in series.marks]
    frame = _frame(sheet, [m.label for m in bars.marks], values, bars.unit)
    axes = frame.axes
    for x, mark in enumerate(bars.marks):
        colour = sheet.look.bar if mark.tone is Tone.REST else sheet.look.series[0]
        axes.bar(x, mark.value or 0, BAR, color=colour)
        shape = ((x - BAR / 2, x + BAR / 2), (0.0, mark.value or 0.0))
        sheet.place(axes, mark, (x - 0.5, x + 0.5), (0, axes.get_ylim()[1]), shape)
    for series in lines:
        _line(sheet, axes, series)
    _value_labels(sheet, frame, bars.marks, lines)
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
    sheet: Sheet, frame: _Frame, marks: Sequence[Mark], lines: Sequence[Series] = ()
) -> None:
    axes, longest = frame.axes, widest([mark.shown for mark in marks])
    all_of_them = frame.room >= longest + 2
    for x, mark in enumerate(marks):
        is_last = x == len(marks) - 1
        if mark.shown and mark.value and (all_of_them or is_last):
            y, is_near = _above(x, mark.value, lines, axes)
            axes.annotate(
                mark.shown, (x, y), xytext=(0, -3 if y < 0 else 6 if is_near else 3),
                textcoords="offset points",
                ha="center", va="top" if y < 0 else "bottom", color=sheet.look.ink,
                fontweight="bold", zorder=6,
                bbox={"facecolor": sheet.look.pane, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            )  # fmt: skip


def _above(x: int, value: float, lines: Sequence[Series], axes: Any) -> tuple[float, bool]:
    """Where a bar's label stands: above the line's marker too, where that would lie under it."""
    reach = axes.get_ylim()[1] / 7
    points = (line.marks[x].value for line in lines if line.joined)
    near = [y for y in points if y is not None and -reach / 3 < y - value < reach]
    return max((value, *near)), bool(near)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Axes for standing bars, and the pixels between the middles of two."""

    axes: Any
    room: float


def _frame(
    sheet: Sheet, labels: Sequence[str], values: Sequence[float], unit: Unit, right: float = RIGHT
) -> _Frame:
    """Limits from zero, grid lines at round values, the labels below."""
    ticks, limits = _scale(values, unit)
    words = axis_words(unit)
    left = max(LEFT, widest([words(tick) for tick in ticks]) + 12)
    places = max(BARS_MIN, len(labels))
    room = (sheet.inner_width - left - right) / places
    shown = _fitted(labels, room)
    lines = max((label.count("\n") for label in shown), default=0) + 1
    axes: Any = sheet.axes(left, LEGEND_HEIGHT + 8, right, 12 + lines * LINE)
    axes.set_xlim(-0.6, places - 0.4)
    axes.set_ylim(*limits)
    axes.set_yticks(ticks)
    axes.yaxis.set_major_formatter(words)
    axes.set_xticks(range(len(labels)), shown)
    axes.tick_params(axis="x", length=0)
    return _Frame(axes, room)


def _scale(values: Sequence[float], unit: Unit) -> tuple[list[float], tuple[float, float]]:
    """Round values to draw lines at, and the limits; below zero only where something lies there."""
    highest, lowest = max(values, default=0), min(0, *values, 0)
    if unit is Unit.PERCENT and highest <= _FULL:
        return [0, 25, 50, 75, 100], (lowest, _FULL * _HEADROOM)
    top = max(highest, 0 if lowest else 1) or -lowest / 4
    locator = MaxNLocator(4, integer=unit is Unit.COUNT, steps=[1, 2, 2.5, 4, 5, 10])
    limits = (lowest * (_HEADROOM + 0.1), top * _HEADROOM)
    ticks = [float(tick) for tick in locator.tick_values(*limits)]
    return [tick for tick in ticks if limits[0] <= tick <= top * 1.02], limits


def _fitted(labels: Sequence[str], room: float) -> list[str]:
    """Labels in at most two lines; of short ones that do not fit every second is left out."""
    width = widest(labels)
    if width > room - 2 and width <= _SHORT:
        last = len(labels) - 1
        return [label if (last - n) % 2 == 0 else "" for n, label in enumerate(labels)]
    return [wrapped(label, room - 2) for label in labels]


def draw_stack(sheet: Sheet, chart: Chart) -> None:
    """All series on top of each other, the sum above."""
    columns = list(zip(*(series.marks for series in chart.series), strict=True))
    sums = [sum(mark.value or 0 for mark in column) for column in columns]
    unit = chart.series[0].unit
    frame = _frame(sheet, [column[0].label for column in columns], sums, unit)
    axes, colours = frame.axes, _stack_colours(sheet, chart)
    for x, column in enumerate(columns):
        base = 0.0
        for mark, colour in zip(column, colours, strict=False):
            height = mark.value or 0
            axes.bar(x, height, BAR, bottom=base, color=colour)
            sheet.place(axes, mark, (x - BAR / 2, x + BAR / 2), (base, base + height))
            base += height
    _value_labels(sheet, frame, [Mark("", total, short(total)) for total in sums])
    names = [series.name for series in chart.series]
    sheet.legend([sheet.patch(n, c) for n, c in zip(names, colours, strict=False)])


def _stack_colours(sheet: Sheet, chart: Chart) -> tuple[str, ...]:
    """The colours of look.md in their order; what is no series of its own is the grey of the
    rest."""
    return tuple(
        sheet.look.bar if all(mark.tone is Tone.REST for mark in series.marks) else colour
        for series, colour in zip(chart.series, sheet.look.series, strict=False)
    )


def draw_pareto(sheet: Sheet, chart: Chart) -> None:
    """Falling bars from zero, and over them the cumulated share on a scale of its own."""
    bars, cumulated = chart.series
    counts = [m.value or 0 for m in bars.marks]
    highest = max(counts, default=0)
    frame = _frame(sheet, [m.label for m in bars.marks], counts, bars.unit, LEFT)
    axes = frame.axes
    for x, mark in enumerate(bars.marks):
        colour = sheet.look.bar if mark.tone is Tone.REST else sheet.look.series[0]
        axes.bar(x, mark.value or 0, BAR, color=colour)
        shape = ((x - BAR / 2, x + BAR / 2), (0.0, mark.value or 0.0))
        sheet.place(axes, mark, (x - 0.5, x + 0.5), (0, axes.get_ylim()[1]), shape)
    # On the scale of the bars, so that no label stands under a marker of the line.
    points = tuple(replace(m, value=(m.value or 0) * highest / 100) for m in cumulated.marks)
    _value_labels(sheet, frame, bars.marks, [replace(cumulated, marks=points)])
    shares: Any = axes.twinx()
    shares.set_ylim(0, 100 * _HEADROOM)
    shares.set_yticks([0, 50, chart.line or 80, 100])
    shares.yaxis.set_major_formatter(axis_words(Unit.PERCENT))
    shares.tick_params(axis="y", length=0)
    shares.grid(visible=False)
    shares.axhline(chart.line or 80, color=sheet.look.ink3, linestyle=(0, (4, 3)), linewidth=1)
    _line(sheet, shares, cumulated)
    sheet.legend([sheet.patch(bars.name, sheet.look.series[0]), sheet.point(cumulated.name)])
