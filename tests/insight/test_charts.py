"""Every chart of the demo company: its frame, its numbers, and the records behind its marks."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

import pytest

from crm_core.amounts import minor_units
from crm_desktop.insight import boards
from crm_desktop.insight.chart import Chart, Form, Tone, Unit
from crm_desktop.insight.layout import BOARDS, KINDS
from crm_desktop.insight.names import REPORTS
from crm_desktop.insight.question import Question
from crm_desktop.models import queries
from crm_desktop.models.sql import Where
from crm_server.demo import company as company_rows
from tests.support.demo import TODAY

FAR = 10_000


def marks_of(chart: Chart) -> Iterator[tuple[Unit, object]]:
    for series in chart.series:
        for mark in series.marks:
            yield series.unit, mark


@pytest.mark.parametrize("name", REPORTS)
def test_every_chart_has_its_frame(asked: Question, name: str):
    chart = boards.compute(name, asked)
    assert chart.name == name
    assert chart.title
    assert chart.finding
    assert "all accounts" in chart.filters
    assert chart.counted.startswith(f"n = {chart.n} ")
    assert chart.n > 0
    assert (chart.as_of, chart.last_sync) == (TODAY, "2026-11-20T08:41:00Z")
    assert all(chart.explain)
    assert chart.series


@pytest.mark.parametrize("name", REPORTS)
def test_every_mark_that_can_be_opened_lists_records(asked: Question, name: str):
    chart = boards.compute(name, asked)
    opened = 0
    for series in chart.series:
        for mark in series.marks:
            if mark.drill is None:
                continue
            found = queries.page(asked.c, mark.drill.kind, where=mark.drill.where, limit=FAR).rows
            opened += len(found)
            assert found, (series.name, mark.label)
            # A count of records is the length of its list; the ABC curve counts otherwise.
            if series.unit is Unit.COUNT and chart.form is not Form.CURVE:
                assert len(found) == mark.value, (series.name, mark.label)
    assert opened


@pytest.mark.parametrize("name", REPORTS)
def test_a_filter_narrows_every_chart_and_is_said(asked: Question, name: str):
    narrow = dataclasses.replace(asked, accounts=(Where("grade", "=", "A"),), filters="Grade A")
    whole, part = boards.compute(name, asked), boards.compute(name, narrow)
    assert 0 < part.n < whole.n
    assert "Grade A" in part.filters
    grades = set[object]()
    for series in part.series:
        for mark in series.marks:
            if mark.drill is not None:
                where = mark.drill.where
                rows = queries.page(asked.c, mark.drill.kind, where=where, limit=FAR).rows
                grades |= {_grade(asked, mark.drill.kind, row) for row in rows}
    assert grades == {"A"}


def _grade(asked: Question, kind: str, row: queries.Row) -> object:
    if kind == "account":
        return row.values["grade"]
    found = queries.record(asked.c, "account", row.values["account"])  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found.values["grade"]


@pytest.mark.parametrize("name", REPORTS)
def test_without_records_a_chart_is_empty_and_not_an_error(asked: Question, name: str):
    nobody = dataclasses.replace(asked, accounts=(Where("name", "=", "nobody"),))
    assert boards.compute(name, nobody).is_empty


def test_the_months_of_revenue_add_up_to_the_orders_of_the_demo(asked: Question):
    chart = boards.compute("revenue", asked)
    expected: Counter[int] = Counter()
    for row in company_rows(TODAY):
        day = str(row.values.get("ordered_on"))
        # Ten complete months of this year, and the same of last year.
        if row.kind == "order" and day[5:7] <= "10" and day[:4] in ("2025", "2026"):
            expected[int(day[:4])] += minor_units(str(row.values["total"]))[0]
    for series in chart.series:
        cents = sum(round(100 * (mark.value or 0)) for mark in series.marks)
        assert cents == expected[int(series.name)]
        assert len(series.marks) == 10


def test_the_tiers_of_the_pyramid_hold_everybody_and_all_revenue(asked: Question):
    chart = boards.compute("pyramid", asked)
    counts, shares = ([mark.value or 0 for mark in series.marks] for series in chart.series)
    assert counts == [1, 17, 26, 44]
    assert sum(counts) == chart.n
    assert sum(shares) == pytest.approx(100)
    top = round(shares[0] + shares[1])
    assert chart.finding == f"top fifth brings {top} %"


def test_the_vital_few_causes_are_the_blue_ones(asked: Question):
    bars, line = boards.compute("complaint-causes", asked).series
    values = [mark.value or 0 for mark in bars.marks]
    assert values == sorted(values, reverse=True)
    blue = [mark for mark in bars.marks if mark.tone is Tone.PLAIN]
    assert (line.marks[len(blue) - 1].value or 0) >= 80
    assert len(blue) == 1 or (line.marks[len(blue) - 2].value or 0) < 80
    assert line.marks[-1].value == pytest.approx(100)


def test_below_the_target_is_whoever_missed_it(asked: Question):
    bars, targets = boards.compute("visit-coverage", asked).series
    for mark, target in zip(bars.marks, targets.marks, strict=True):
        assert (mark.tone is Tone.BELOW) == ((mark.value or 0) < (target.value or 0))


def test_every_chart_stands_on_a_board_and_says_what_it_is_made_of():
    assert {name for board in BOARDS for name in board.charts} == set(REPORTS)
    assert set(KINDS) == set(boards.CHARTS) == set(REPORTS)
