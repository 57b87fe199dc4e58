"""The rules behind the charts, each on a few rows made for it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.insight import boards, field_work, lifecycle, phrases, question
from crm_desktop.insight.chart import Chart
from crm_desktop.insight.lifecycle import History
from crm_desktop.insight.question import Question
from tests.views.company import make_store

TODAY = dt.date(2026, 11, 20)
A, B = (RecordId(digit * 32) for digit in "ab")


def computed(folder: Path, name: str, rows: list[tuple[str, dict[str, Value]]]) -> Chart:
    """A chart over two customers and these rows."""
    accounts = [("account", key, {"name": key, "type": "customer", "grade": "A"}) for key in (A, B)]
    others = [(kind, RecordId(f"{n + 1:032x}"), values) for n, (kind, values) in enumerate(rows)]
    store = make_store(folder, [*accounts, *others])
    with store.reader() as c:
        chart = boards.compute(name, Question(c, TODAY))
    store.close()
    return chart


def order(account: RecordId, day: str, total: str) -> tuple[str, dict[str, Value]]:
    return "order", {"account": account, "number": day, "ordered_on": day, "total": total}


def visit(account: RecordId, planned: str, state: str, **more: Value):
    values = {"account": account, "planned_start": f"{planned}T10:00:00Z", "state": state}
    return "visit", {**values, "type": "direct", **more}


def test_orders_in_other_currencies_are_left_out_and_that_is_said(tmp_path: Path):
    chart = computed(tmp_path, "pyramid", [
        order(A, "2026-10-01", "10.00CNY"), order(A, "2026-10-02", "5.50CNY"),
        order(B, "2026-10-03", "999.00USD"),
    ])  # fmt: skip
    assert (chart.n, chart.currency) == (1, "CNY")
    assert any("1 order in another currency than CNY" in text for text in chart.explain)


@pytest.mark.parametrize(("currency", "unit"), [("CNY", 100), ("JPY", 1), ("KWD", 1000)])
def test_amounts_are_read_in_the_currencys_own_smallest_unit(
    tmp_path: Path, currency: str, unit: int
):
    places = len(str(unit)) - 1
    amount = f"1234.{'5' * places}" if places else "1234"
    chart = computed(tmp_path, "revenue", [order(A, "2026-10-01", f"{amount}{currency}")])
    assert chart.series[0].marks[-1].value == pytest.approx(float(amount))


def test_a_month_that_is_not_over_is_no_bar(tmp_path: Path):
    chart = computed(tmp_path, "revenue", [
        order(A, "2026-10-31", "1.00CNY"), order(A, "2026-11-01", "50.00CNY"),
        order(A, "2025-10-31", "2.00CNY"),
    ])  # fmt: skip
    this, last = chart.series
    assert [mark.label for mark in this.marks][-1] == "Oct"
    assert sum(mark.value or 0 for mark in this.marks) == 1
    assert sum(mark.value or 0 for mark in last.marks) == 2
    assert chart.finding == "50 % below last year"


def test_a_visit_by_phone_or_cancelled_covers_nobody(tmp_path: Path):
    chart = computed(tmp_path, "visit-coverage", [
        visit(A, "2026-08-03", "completed", type="phone"),
        visit(B, "2026-08-03", "cancelled"),
        visit(B, "2026-06-30", "completed"),
    ])  # fmt: skip
    assert [mark.value for mark in chart.series[0].marks] == [0.0]


def test_many_visits_at_one_account_do_not_hide_too_few_at_another(tmp_path: Path):
    days = [f"2026-08-{n:02}" for n in range(3, 15)]
    chart = computed(tmp_path, "visit-frequency", [visit(A, day, "completed") for day in days])
    # Twelve visits at A count as six, of the twelve that two accounts of grade A ask for.
    assert chart.series[0].marks[0].value == pytest.approx(50)


def test_a_planned_visit_is_kept_up_to_one_working_day_beside_its_day(tmp_path: Path):
    chart = computed(tmp_path, "plan-adherence", [
        visit(A, "2026-10-09", "completed", actual_start="2026-10-12T10:00:00Z"),  # Fri → Mon
        visit(A, "2026-10-13", "completed", actual_start="2026-10-15T10:00:00Z"),
        visit(B, "2026-10-14", "planned"),
        visit(B, "2026-10-15", "cancelled"),
        visit(B, "2026-10-16", "draft"),
    ])  # fmt: skip
    assert chart.n == 3
    assert chart.series[0].marks[-1].value == pytest.approx(100 / 3)


def test_working_days_leave_out_the_weekend():
    friday, monday = dt.date(2026, 10, 9), dt.date(2026, 10, 12)
    assert field_work.working_days(friday, monday) == 1
    assert field_work.working_days(monday, friday) == 1
    assert field_work.working_days(monday, monday) == 0


def complaint(cause: str, day: str = "2026-10-05", **more: Value) -> tuple[str, dict[str, Value]]:
    values = {"account": A, "subject": "x", "cause": cause or None, "state": "closed"}
    return "complaint", {**values, "received_at": f"{day}T08:00:00Z", **more}


def test_duplicates_and_complaints_without_cause_are_not_in_the_pareto(tmp_path: Path):
    chart = computed(tmp_path, "complaint-causes", [
        complaint("Carrier"), complaint("carrier"), complaint("Packing"), complaint(""),
        complaint("Packing", state="duplicate"),
    ])  # fmt: skip
    assert [(mark.label.lower(), mark.value) for mark in chart.series[0].marks] == [
        ("carrier", 2), ("packing", 1),
    ]  # fmt: skip
    assert any("1 complaint of this time has no cause" in text for text in chart.explain)


def test_more_causes_than_fit_are_one_bar_that_lists_them_all(tmp_path: Path):
    chart = computed(tmp_path, "complaint-causes", [complaint(f"Cause {n}") for n in range(11)])
    last = chart.series[0].marks[-1]
    assert (len(chart.series[0].marks), last.value) == (9, 3)
    assert chart.series[1].marks[-1].value == pytest.approx(100)


def test_the_time_in_a_stage_is_that_between_entering_and_leaving_it(tmp_path: Path):
    first = RecordId(f"{1:032x}")
    steps = [("received", "01T08"), ("assessed", "03T20"), ("closed", "04T08")]
    events = [
        ("complaint_event", {"complaint": first, "to_state": to, "at": f"2026-10-{at}:00:00Z"})
        for to, at in steps
    ]
    chart = computed(tmp_path, "complaint-stages", [complaint("x"), *events])
    assert {m.label: m.value for m in chart.series[0].marks} == {"Received": 2.5, "Assessed": 0.5}


def history(*days: str, amounts: tuple[int, ...] = ()) -> History:
    return History(tuple(map(dt.date.fromisoformat, days)), amounts or (100,) * len(days))


@pytest.mark.parametrize(
    ("known", "stage"),
    [
        (history(), "prospect"),
        (history("2026-11-01"), "trial"),
        (history("2026-09-01", "2026-10-01", "2026-11-01"), "trial"),  # less than 90 days
        (history("2026-06-01", "2026-09-01", "2026-11-01"), "growth"),
        (history("2025-01-10", "2025-10-01", "2026-05-01", "2026-11-01"), "stable"),
        (history("2025-01-10", "2025-10-01", "2026-11-01", amounts=(1, 100, 70)), "declining"),
        (history("2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01"), "declining"),
        (history("2025-01-10", "2025-02-10", "2025-03-10"), "dormant"),
    ],
)  # fmt: skip
def test_the_lifecycle_stage_follows_from_the_orders(known: History, stage: str):
    assert lifecycle.stage_of(known, TODAY) == stage


def test_a_cohort_is_those_who_first_bought_in_one_month(tmp_path: Path):
    chart = computed(tmp_path, "cohorts", [
        order(A, "2026-07-05", "1.00CNY"), order(B, "2026-07-20", "1.00CNY"),
        order(A, "2026-08-01", "1.00CNY"), order(A, "2026-10-01", "1.00CNY"),
        order(B, "2026-10-02", "1.00CNY"),
    ])  # fmt: skip
    (row,) = chart.series
    assert row.name == "Jul 2026 · 2"
    assert [mark.value for mark in row.marks[:5]] == [50, 0, 100, 0, None]


def test_windows_are_found_by_the_calendar():
    leap = dt.date(2028, 2, 29)
    assert question.year_before(leap) == dt.date(2027, 2, 28)
    assert question.month_start(dt.date(2026, 1, 31), -1) == dt.date(2025, 12, 1)
    assert question.quarter_start(TODAY) == dt.date(2026, 10, 1)
    assert question.quarter_start(TODAY, -1) == dt.date(2026, 7, 1)


def test_the_last_synchronisation_is_told_by_its_time_or_its_day():
    noon = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    local = noon.astimezone()
    text = noon.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert phrases.sync_words(text, local.date()) == f"last sync {local:%H:%M}"
    assert "20 Nov 2026" in phrases.sync_words(text, local.date() + dt.timedelta(2))
    assert phrases.sync_words("", TODAY) == "never synchronised"
