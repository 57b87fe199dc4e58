"""What every drawing keeps to: zero-based bars, legends outside, marks one can point at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from crm_desktop.charts import curves, drawing
from crm_desktop.charts.contrast import contrast
from crm_desktop.charts.drawing import DRAW, paint
from crm_desktop.charts.look import families, look_of
from crm_desktop.charts.sheet import Sheet
from crm_desktop.insight.chart import Chart, Form, Series
from crm_desktop.insight.names import REPORTS
from crm_desktop.numbers import short
from crm_desktop.views.theme.tokens import DARK, LIGHT, Tokens

WIDTH, HEIGHT = 532, 250
LEAST = (300, 190)
"""No card gives its picture less."""

ChartOf = Callable[[str], Chart]


def drawn(chart: Chart, width: int = WIDTH, height: int = HEIGHT) -> tuple[Sheet, Any]:
    """A sheet after drawing, with its figure."""
    with drawing._settings("light"):
        sheet = Sheet(look_of("light", "en"), width, height)
        drawing._fill(sheet, chart)
        FigureCanvasAgg(sheet.figure).draw()
    return sheet, sheet.figure


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_places_are_the_same_at_every_scale(chart_of: ChartOf, ratio: float):
    chart = chart_of("revenue")
    plain, scaled = (paint(chart, WIDTH, HEIGHT, x, "light") for x in (1.0, ratio))
    assert (scaled.width, scaled.height) == (WIDTH * ratio, HEIGHT * ratio)
    for one, other in zip(plain.places, scaled.places, strict=True):
        assert one.area.left == pytest.approx(other.area.left, abs=1)
        assert one.area.top == pytest.approx(other.area.top, abs=1)


@pytest.mark.parametrize("name", REPORTS)
def test_every_mark_that_can_be_opened_can_be_pointed_at_inside_the_picture(
    chart_of: ChartOf, name: str
):
    chart = chart_of(name)
    places = paint(chart, WIDTH, HEIGHT, 1.0, "light").places
    wanted = {m.drill.words for s in chart.series for m in s.marks if m.drill is not None}
    reached = {p.mark.drill.words for p in places if p.mark.drill is not None}
    # What the Pareto line stands for are the records of its bars.
    assert reached == wanted
    for place in places:
        assert place.area.left >= -1
        assert place.area.top >= -1
        assert place.area.right <= WIDTH + 1
        assert place.area.bottom <= HEIGHT + 1


@pytest.mark.parametrize("size", [LEAST, (WIDTH, HEIGHT)])
@pytest.mark.parametrize("name", REPORTS)
def test_every_chart_keeps_the_rules_of_the_look_in_every_language(
    chart_of: ChartOf, locale: str, name: str, size: tuple[int, int]
):
    # A letter that no face has would be a warning, and warnings are errors here.
    chart = chart_of(name)
    _, figure = drawn(chart, *size)
    check_bars_begin_at_zero(chart.form, figure)
    check_the_legend_is_outside_the_plot(figure, *size)
    check_no_words_leave_the_picture(figure, *size)
    check_no_words_lie_on_others(figure)


def check_bars_begin_at_zero(form: Form, figure: Any) -> None:
    if form in (Form.COLUMNS, Form.STACK, Form.PARETO):
        assert {axes.get_ylim()[0] for axes in figure.axes} == {0}
    elif form is Form.BARS:
        assert {axes.get_xlim()[0] for axes in figure.axes} == {0}
    elif form is Form.PYRAMID:
        assert figure.axes[1].get_xlim()[0] == 0


def check_the_legend_is_outside_the_plot(figure: Any, width: int, height: int) -> None:
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert 0 <= box.x0 <= box.x1 <= width
        assert box.y1 <= height + 1
        for axes in figure.axes:
            assert not box.overlaps(axes.get_window_extent())


def check_no_words_leave_the_picture(figure: Any, width: int, height: int) -> None:
    for text in shown_words(figure):
        box = text.get_window_extent()
        assert box.x0 >= -1, text
        assert box.x1 <= width + 1, text
        assert -1 <= box.y0 <= box.y1 <= height + 1, text


def check_no_words_lie_on_others(figure: Any) -> None:
    boxes = [(text, text.get_window_extent()) for text in shown_words(figure)]
    for (one, box), (other, over) in combinations(boxes, 2):
        across = min(box.x1, over.x1) - max(box.x0, over.x0)
        along = min(box.y1, over.y1) - max(box.y0, over.y0)
        assert across < 1 or along < 3, (one, other)


def shown_words(figure: Any) -> list[Any]:
    """The labels of marks and ticks."""
    found = [
        text for axes in figure.axes
        for text in [*axes.texts, *tick_words(axes.xaxis), *tick_words(axes.yaxis)]
    ]  # fmt: skip
    return [text for text in found if text.get_visible() and text.get_text()]


def tick_words(axis: Any) -> list[Any]:
    """The words at those ticks that lie on the axis: others are there, and not drawn."""
    least, most = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if least <= tick.get_loc() <= most]
    return [label for tick in ticks for label in (tick.label1, tick.label2) if label.get_visible()]


def test_an_empty_chart_says_so_instead_of_drawing_axes(chart_of: ChartOf):
    _, figure = drawn(replace(chart_of("revenue"), n=0, series=()))
    assert not figure.axes
    assert [text.get_text() for text in figure.texts] == ["No records for this time and filter."]


@pytest.mark.parametrize(("theme", "tokens"), [("light", LIGHT), ("dark", DARK)])
def test_the_style_sheets_have_the_colours_of_the_theme(theme: str, tokens: Tokens):
    look = look_of(theme, "en")
    names = ("pane", "ink", "ink2", "ink3", "line", "line2", "bar", "series")
    for name in names:
        ours, theirs = getattr(look, name), getattr(tokens, name)
        if isinstance(ours, str):
            assert ours.lower() == theirs.lower(), name
        else:
            assert [x.lower() for x in ours] == [x.lower() for x in theirs]


def test_every_form_can_be_drawn():
    assert set(DRAW) == set(Form)


def test_a_face_that_is_not_installed_is_not_named():
    found = families(["No Such Face", "DejaVu Sans"], "zh_CN")
    assert "No Such Face" not in found
    assert "DejaVu Sans" in found


@pytest.mark.parametrize(("theme", "tokens"), [("light", LIGHT), ("dark", DARK)])
def test_the_pyramid_stands_out_and_does_not_glare(theme: str, tokens: Tokens):
    look = look_of(theme, "en")
    on_pane, of_blue = contrast(look.tier, tokens.pane), contrast(look.series[0], tokens.pane)
    assert 3 <= on_pane <= 1.3 * of_blue
    assert contrast(look.ink_on(look.tier), look.tier) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_number_in_a_cell_can_be_read_on_every_shade(theme: str):
    sheet = Sheet(look_of(theme, "en"), WIDTH, HEIGHT)
    for step in range(101):
        shade = curves._shade(sheet, step / 100)
        assert contrast(sheet.look.ink_on(shade), shade) >= 4.5, step


def test_contrast_is_that_of_the_standard():
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
    assert contrast("#3B6FC9", "#3B6FC9") == 1


def fewer(chart: Chart, count: int, factor: float = 1.0) -> Chart:
    """The first marks of each series, each so many times as high."""

    def kept(series: Series) -> Series:
        marks = (
            replace(mark, value=factor * mark.value, shown=short(factor * mark.value))
            for mark in series.marks[:count] if mark.value is not None
        )  # fmt: skip
        return replace(series, marks=tuple(marks))

    return replace(chart, series=tuple(map(kept, chart.series)))


@pytest.mark.parametrize("name", ["revenue", "complaint-causes", "visit-coverage"])
def test_a_single_bar_is_no_thicker_than_one_of_four(chart_of: ChartOf, name: str):
    def thickness(count: int) -> float:
        _, figure = drawn(fewer(chart_of(name), count))
        box = figure.axes[0].patches[0].get_window_extent()
        return min(box.width, box.height) if name == "visit-coverage" else box.width

    assert thickness(1) == pytest.approx(thickness(4), rel=0.1)


@pytest.mark.parametrize("name", ["revenue", "revenue-by-grade", "visit-outcomes"])
def test_huge_numbers_have_room(chart_of: ChartOf, locale: str, name: str):
    _, figure = drawn(fewer(chart_of(name), 12, 1.7e7))
    check_no_words_leave_the_picture(figure, WIDTH, HEIGHT)
    check_no_words_lie_on_others(figure)


def test_a_month_of_returns_reaches_below_zero(chart_of: ChartOf):
    chart = chart_of("revenue")
    bars = chart.series[0]
    less = replace(bars, marks=(replace(bars.marks[0], value=-9e4, shown="-90k"), *bars.marks[1:]))
    _, figure = drawn(replace(chart, series=(less, chart.series[1])))
    axes = figure.axes[0]
    assert axes.get_ylim()[0] < -9e4
    assert axes.patches[0].get_height() == -9e4


def test_months_that_do_not_fit_are_left_out_by_turns_and_never_cut(chart_of: ChartOf):
    chart = chart_of("revenue-by-grade")
    _, figure = drawn(chart, *LEAST)
    shown = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    months = [mark.label for mark in chart.series[0].marks]
    assert shown[1::2] == months[1::2]
    assert not any(shown[::2])
