"""The ABC curve, and tables of shades."""

from __future__ import annotations

from typing import Any

from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from crm_desktop.charts.letters import widest, width_of
from crm_desktop.charts.sheet import Sheet, axis_words
from crm_desktop.insight.chart import Chart, Mark, Series, Tone, Unit
from crm_desktop.insight.scoring import A_BELOW, B_BELOW

_FULL = 100.0
_PALEST, _STRONGEST = 0.06, 0.86
_NAMES_MAX = 130.0


def draw_curve(sheet: Sheet, chart: Chart) -> None:
    """A cumulated share over a share of the number, each stretch in its colour, named on it."""
    axes: Any = sheet.axes(44, 12, 26, 26)
    axes.set_xlim(0, _FULL)
    axes.set_ylim(0, _FULL * 1.02)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_yticks([0, _FULL * A_BELOW, _FULL * B_BELOW, _FULL])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(axis_words(Unit.PERCENT))
    colours = (sheet.look.series[0], sheet.look.series[1], sheet.look.bar)
    for series, colour in zip(chart.series, colours, strict=False):
        _stretch(sheet, axes, series, colour)


def _stretch(sheet: Sheet, axes: Any, series: Series, colour: str) -> None:
    xs = [mark.at or 0.0 for mark in series.marks]
    ys = [mark.value or 0.0 for mark in series.marks]
    if not xs:
        return
    axes.fill_between(xs, ys, color=colour, alpha=0.14, linewidth=0)
    axes.plot(xs, ys, color=colour, linewidth=2)
    middle = (xs[0] + xs[-1]) / 2
    room = axes.get_window_extent().width / sheet.ratio * (xs[-1] - xs[0]) / _FULL
    letter, words = series.marks[0].label, series.name.replace(" · ", "\n")
    shown = next((text for text in (words, letter) if width_of(text) <= room), "")
    axes.text(middle, 5, shown, ha="center", va="bottom",
              color=sheet.look.ink, fontweight="bold")  # fmt: skip
    sheet.place(axes, series.marks[0], (xs[0], xs[-1]), (0, _FULL))


def draw_grid(sheet: Sheet, chart: Chart) -> None:
    """One row a series, one shade a mark; the number stands in its cell."""
    rows = chart.series
    columns = len(rows[0].marks)
    highest = max((mark.value or 0 for row in rows for mark in row.marks), default=0) or 1
    names = widest([row.name for row in rows]) + 12
    left = min(_NAMES_MAX, names)
    axes: Any = sheet.axes(left, 8, 4, 26)
    room = (sheet.inner_width - left - 4) / columns
    axes.set_xlim(0, columns)
    axes.set_ylim(len(rows), 0)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([n + 0.5 for n in range(columns)], [m.label for m in rows[0].marks])
    axes.set_yticks([n + 0.5 for n in range(len(rows))], [row.name for row in rows])
    axes.tick_params(axis="both", length=0, labelcolor=sheet.look.ink2)
    for y, row in enumerate(rows):
        for x, mark in enumerate(row.marks):
            if mark.value is not None:
                _cell(sheet, axes, (x, y), mark, mark.value / highest)
                if width_of(mark.shown) <= room + 1:  # its width is guessed rather too large
                    _number(sheet, axes, (x, y), mark, mark.value / highest)


def _cell(sheet: Sheet, axes: Any, at: tuple[int, int], mark: Mark, share: float) -> None:
    x, y = at
    is_running = mark.tone is Tone.RUNNING
    inset = 0.03
    axes.add_patch(
        Rectangle(
            (x + inset, y + inset), 1 - 2 * inset, 1 - 2 * inset, facecolor=_shade(sheet, share),
            edgecolor=sheet.look.ink3 if is_running else "none", linewidth=0.8,
            linestyle=(0, (2, 2)) if is_running else "-",
        )
    )  # fmt: skip
    if mark.tip:
        sheet.place(axes, mark, (x, x + 1), (y, y + 1))


def _number(sheet: Sheet, axes: Any, at: tuple[int, int], mark: Mark, share: float) -> None:
    axes.text(
        at[0] + 0.5, at[1] + 0.5, mark.shown, ha="center", va="center",
        color=sheet.look.ink_on(_shade(sheet, share)),
    )  # fmt: skip


def _shade(sheet: Sheet, share: float) -> tuple[float, float, float]:
    """The colour of a cell with this share (0…1) of the highest; nothing is the pane itself."""
    strength = _PALEST + (_STRONGEST - _PALEST) * share if share else 0.0
    return _between(sheet.look.pane, sheet.look.series[0], strength)


def _between(low: str, high: str, share: float) -> tuple[float, float, float]:
    (a, b, c), (d, e, f) = to_rgb(low), to_rgb(high)
    return a + (d - a) * share, b + (e - b) * share, c + (f - c) * share
