"""What every drawing keeps to: zero-based bars, legends outside, marks one can point at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from crm_desktop.charts import drawing
from crm_desktop.charts.drawing import DRAW, paint
from crm_desktop.charts.look import families, look_of
from crm_desktop.charts.sheet import Sheet
from crm_desktop.insight.chart import Chart, Form
from crm_desktop.insight.names import REPORTS
from crm_desktop.views.theme.tokens import DARK, LIGHT, Tokens

WIDTH, HEIGHT = 532, 250
ChartOf = Callable[[str], Chart]


def drawn(chart: Chart) -> tuple[Sheet, Any]:
    """A sheet after drawing, with its figure."""
    with drawing._settings("light"):
        sheet = Sheet(look_of("light", "en"), WIDTH, HEIGHT)
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


@pytest.mark.parametrize("name", REPORTS)
def test_every_chart_keeps_the_rules_of_the_look_in_every_language(
    chart_of: ChartOf, locale: str, name: str
):
    # A letter that no face has would be a warning, and warnings are errors here.
    chart = chart_of(name)
    _, figure = drawn(chart)
    check_bars_begin_at_zero(chart.form, figure)
    check_the_legend_is_outside_the_plot(figure)
    check_no_words_leave_the_picture(figure)


def check_bars_begin_at_zero(form: Form, figure: Any) -> None:
    if form in (Form.COLUMNS, Form.STACK, Form.PARETO):
        assert {axes.get_ylim()[0] for axes in figure.axes} == {0}
    elif form is Form.BARS:
        assert {axes.get_xlim()[0] for axes in figure.axes} == {0}
    elif form is Form.PYRAMID:
        assert figure.axes[1].get_xlim()[0] == 0


def check_the_legend_is_outside_the_plot(figure: Any) -> None:
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert 0 <= box.x0 <= box.x1 <= WIDTH
        assert box.y1 <= HEIGHT + 1
        for axes in figure.axes:
            assert not box.overlaps(axes.get_window_extent())


def check_no_words_leave_the_picture(figure: Any) -> None:
    for axes in figure.axes:
        for text in [*axes.texts, *tick_words(axes.xaxis), *tick_words(axes.yaxis)]:
            box = text.get_window_extent()
            if text.get_visible() and text.get_text():
                assert box.x0 >= -1, text
                assert box.x1 <= WIDTH + 1, text


def tick_words(axis: Any) -> list[Any]:
    """The words at those ticks that lie on the axis: others are there, and not drawn."""
    least, most = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if least <= tick.get_loc() <= most]


def test_an_empty_chart_says_so_instead_of_drawing_axes(chart_of: ChartOf):
    _, figure = drawn(replace(chart_of("revenue"), n=0, series=()))
    assert not figure.axes
    assert [text.get_text() for text in figure.texts] == ["Nothing to draw for this filter."]


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
