"""Lying bars with targets, and the pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from crm_desktop.charts.letters import cut, widest
from crm_desktop.charts.sheet import LEGEND_HEIGHT, Sheet, axis_words
from crm_desktop.i18n import tr
from crm_desktop.insight.chart import Chart, Mark, Tone, Unit

BAR, TIER = 0.56, 0.74
VALUE = 40
"""Pixels at the right for the value, at least; its note stands behind it."""

ROWS_MIN = 4
"""Fewer bars than that are no thicker, but leave room below."""

_NAME_MIN, _NAME_MAX, _GAP, _POINT = 60, 130, 7, 0.75
_FULL = 100.0
_TICKS_FROM = 40 * 5
"""A scale of per cent narrower than this has no quarters."""


def draw_bars(sheet: Sheet, chart: Chart) -> None:
    """One bar a name, the first on top; the second series is a target mark on each."""
    bars, *targets = chart.series
    left = _name_width([mark.label for mark in bars.marks])
    value = max(VALUE, widest([mark.shown for mark in bars.marks]))
    right = value + widest([mark.note for mark in bars.marks]) + 2 * _GAP
    axes: Any = sheet.axes(left, (LEGEND_HEIGHT if targets else 0) + 8, right, 24)
    highest = max((m.value or 0 for s in chart.series for m in s.marks), default=0)
    _frame(axes, bars.marks, highest, bars.unit, sheet.inner_width - left - right)
    for y, mark in enumerate(bars.marks):
        _bar(sheet, axes, y, mark)
        shape = ((0.0, mark.value or 0.0), (y - BAR / 2, y + BAR / 2))
        sheet.place(axes, mark, (0, axes.get_xlim()[1]), (y - 0.45, y + 0.45), shape)
        _words(sheet, axes, y, mark, value)
    for series in targets:
        for y, mark in enumerate(series.marks):
            axes.plot([mark.value] * 2, [y - 0.4, y + 0.4], color=sheet.look.ink, linewidth=2)
    if targets:
        sheet.legend([
            sheet.patch(tr("met"), sheet.look.series[0]), sheet.hatched(tr("below")),
            *(sheet.tick(series.name) for series in targets),
        ])  # fmt: skip


def _bar(sheet: Sheet, axes: Any, y: float, mark: Mark) -> None:
    look, width = sheet.look, mark.value or 0
    if mark.tone is Tone.BELOW:
        axes.barh(y, width, BAR, facecolor="none", edgecolor=look.series[1], hatch="////",
                  linewidth=1)  # fmt: skip
        return
    axes.barh(y, width, BAR, color=look.bar if mark.tone is Tone.REST else look.series[0])


def _words(sheet: Sheet, axes: Any, y: float, mark: Mark, width: float) -> None:
    """The value in a column of its own at the right, what it is of behind it."""
    place = axes.get_yaxis_transform()
    axes.annotate(
        mark.shown, (1, y), xycoords=place, xytext=(width * _POINT, 0), textcoords="offset points",
        ha="right", va="center", color=sheet.look.ink, fontweight="bold", annotation_clip=False,
    )  # fmt: skip
    axes.annotate(
        mark.note, (1, y), xycoords=place, xytext=((width + _GAP) * _POINT, 0),
        textcoords="offset points", va="center", color=sheet.look.ink2, annotation_clip=False,
    )  # fmt: skip


def _frame(axes: Any, marks: Sequence[Mark], highest: float, unit: Unit, width: float) -> None:
    top = _FULL if unit is Unit.PERCENT and highest <= _FULL else highest or 1.0
    axes.set_xlim(0, top * 1.02)
    axes.set_ylim(max(ROWS_MIN, len(marks)) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.spines["bottom"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=unit is Unit.COUNT, steps=[1, 2, 5, 10]))
    if unit is Unit.PERCENT:
        axes.set_xticks([0, 25, 50, 75, 100] if width >= _TICKS_FROM else [0, 50, 100])
    axes.xaxis.set_major_formatter(axis_words(unit))
    axes.set_yticks(range(len(marks)), [cut(mark.label, _NAME_MAX) for mark in marks])
    axes.tick_params(axis="both", length=0)


def _name_width(names: Sequence[str]) -> float:
    return min(_NAME_MAX, max(_NAME_MIN, widest(names))) + 8


# Pyramid


def draw_pyramid(sheet: Sheet, chart: Chart) -> None:
    """Tiers by the number of their members, centred; beside them what each brings, from zero."""
    counts, shares = chart.series
    width = sheet.inner_width
    names = _name_width([mark.label for mark in counts.marks])
    middle = names + (width - names) * 0.40
    tiers: Any = sheet.axes(names, 30, width - middle + 12, 8)
    parts: Any = sheet.axes(middle + 16, 30, 62, 8)
    _tiers(sheet, tiers, counts.marks)
    _parts(sheet, parts, shares.marks)
    for axes, name in ((tiers, counts.name), (parts, shares.name)):
        axes.annotate(
            name, (0.5 if axes is tiers else 0.0, 1), xycoords="axes fraction", xytext=(0, 6),
            textcoords="offset points", ha="center" if axes is tiers else "left", va="bottom",
            color=sheet.look.ink2,
        )  # fmt: skip


def _tiers(sheet: Sheet, axes: Any, marks: Sequence[Mark]) -> None:
    widest = max((mark.value or 0 for mark in marks), default=0) or 1
    axes.set_xlim(-widest / 2, widest / 2)
    axes.set_ylim(len(marks) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks(range(len(marks)), [mark.label for mark in marks])
    axes.tick_params(axis="y", length=0, labelcolor=sheet.look.ink2)
    for y, mark in enumerate(marks):
        value = mark.value or 0
        axes.add_patch(
            Rectangle((-value / 2, y - TIER / 2), value, TIER, facecolor=sheet.look.tier)
        )
        fits = value / widest > 0.14  # noqa: PLR2004  # the number has room inside
        axes.text(
            0 if fits else value / 2 + widest * 0.04, y, mark.shown, va="center",
            ha="center" if fits else "left", fontweight="bold",
            color=sheet.look.ink_on(sheet.look.tier) if fits else sheet.look.ink,
        )  # fmt: skip
        shape = ((-value / 2, value / 2), (y - TIER / 2, y + TIER / 2))
        sheet.place(axes, mark, (-widest / 2, widest / 2), (y - 0.45, y + 0.45), shape)


def _parts(sheet: Sheet, axes: Any, marks: Sequence[Mark]) -> None:
    longest = max((mark.value or 0 for mark in marks), default=0) or 1
    axes.set_xlim(0, longest)
    axes.set_ylim(len(marks) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(True)
    for y, mark in enumerate(marks):
        axes.barh(y, mark.value or 0, TIER, color=sheet.look.series[0])
        axes.annotate(
            mark.shown, (max(0, mark.value or 0), y), xytext=(4, 0), textcoords="offset points",
            va="center", color=sheet.look.ink, fontweight="bold", annotation_clip=False,
        )  # fmt: skip
        shape = ((0.0, mark.value or 0.0), (y - TIER / 2, y + TIER / 2))
        sheet.place(axes, mark, (0, longest), (y - 0.45, y + 0.45), shape)
