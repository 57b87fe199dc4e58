"""The list behind a mark holds exactly what the mark counted, also where records are untidy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.insight import boards
from crm_desktop.insight.chart import Chart
from crm_desktop.insight.question import Question
from crm_desktop.models import queries
from tests.insight.test_rules import A, B, complaint, order
from tests.views.company import make_store

TODAY = dt.date(2026, 11, 20)
FAR = 1000


def listed(
    folder: Path, name: str, rows: list[tuple[str, dict[str, Value]]]
) -> tuple[Chart, list[int]]:
    """The chart over A and B, and how long the list behind each mark of its first series is."""
    accounts = [("account", key, {"name": key, "type": "customer", "grade": "A"}) for key in (A, B)]
    others = [(kind, RecordId(f"{n + 1:032x}"), values) for n, (kind, values) in enumerate(rows)]
    store = make_store(folder, [*accounts, *others])
    with store.reader() as c:
        chart = boards.compute(name, Question(c, TODAY))
        drills = [mark.drill for mark in chart.series[0].marks if mark.drill is not None]
        pages = [queries.page(c, x.kind, where=x.where, limit=FAR).rows for x in drills]
    store.close()
    return chart, [len(page) for page in pages]


@pytest.mark.parametrize("name", ["revenue", "revenue-by-grade"])
def test_orders_that_are_not_summed_are_not_listed(tmp_path: Path, name: str):
    untidy = {"account": None, "number": "x", "ordered_on": "2026-10-05", "total": "7.00CNY"}
    chart, lengths = listed(tmp_path, name, [
        order(A, "2026-10-01", "10.00CNY"), order(B, "2026-10-02", "5.00CNY"),
        order(B, "2026-10-03", "9.00USD"), ("order", untidy),
        ("order", {**untidy, "account": A, "total": None}),
    ])  # fmt: skip
    assert (chart.n, chart.currency, sum(lengths)) == (2, "CNY", 2)


@pytest.mark.parametrize("name", ["pyramid", "rfm"])
def test_an_account_that_no_list_shows_is_not_counted(tmp_path: Path, name: str):
    gone = RecordId("c" * 32)
    chart, _ = listed(tmp_path, name, [
        order(A, "2026-10-01", "10.00CNY"), order(gone, "2026-10-02", "5.00CNY"),
    ])  # fmt: skip
    assert chart.n == 1


def test_the_bar_of_all_other_causes_lists_every_spelling(tmp_path: Path):
    common = [complaint(f"Cause {n}") for n in range(8) for _ in range(3)]
    rare = [complaint("Late"), complaint("late"), complaint(" Late "), complaint("Broken")]
    chart, lengths = listed(tmp_path, "complaint-causes", [*common, *rare])
    assert lengths == [mark.value for mark in chart.series[0].marks]
    assert sum(lengths) == chart.n == 28


def test_a_year_without_orders_still_stands_beside_the_last(tmp_path: Path):
    chart, _ = listed(tmp_path, "revenue", [order(A, "2025-03-01", "10.00CNY")])
    assert chart.finding == "100 % below last year"
    assert not chart.is_empty
    assert sum(mark.value or 0 for mark in chart.series[1].marks) == 10


@pytest.mark.parametrize("name", ["revenue", "revenue-by-grade", "pyramid"])
def test_a_mark_without_records_opens_no_list(tmp_path: Path, name: str):
    chart, lengths = listed(tmp_path, name, [order(A, "2026-10-01", "10.00CNY")])
    assert lengths == [1]
    assert [mark.value for mark in chart.series[0].marks if mark.drill is not None] in ([1], [10])


def test_a_visit_without_a_state_is_planned_and_listed(tmp_path: Path):
    planned = {"account": A, "planned_start": "2026-10-05T10:00:00Z", "type": "direct"}
    chart, lengths = listed(tmp_path, "plan-adherence", [("visit", planned)])
    assert (chart.n, lengths) == (1, [1])
