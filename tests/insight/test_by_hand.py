"""The figures of every chart, counted again from the demo company's own rows: no SQL, and nothing
of `insight` but the chart that is looked at."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache

import pytest

from crm_core.fields import Value
from crm_desktop.insight import boards
from crm_desktop.insight.chart import Chart, Series
from crm_desktop.insight.question import Question
from crm_desktop.models import queries
from crm_server.demo import company as company_rows
from tests.support.demo import TODAY

Row = Mapping[str, Value]
FAR = 10_000


@cache
def rows(kind: str) -> Mapping[str, Row]:
    """The demo's records of a kind by their ids."""
    made = company_rows(TODAY, zone=dt.UTC)
    return {str(row.id): row.values for row in made if row.kind == kind}


def bought(first: str, after: str) -> dict[str, list[tuple[str, Decimal]]]:
    """(day, amount) of the orders of `[first, after)` by account."""
    found: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for order in rows("order").values():
        day = str(order["ordered_on"])
        if first <= day < after:
            amount = Decimal(str(order["total"]).removesuffix("USD"))
            found[str(order["account"])].append((day, amount))
    return found


def totals(first: str, after: str) -> dict[str, Decimal]:
    return {
        who: sum((x for _, x in all_), Decimal(0)) for who, all_ in bought(first, after).items()
    }


def values(series: Series) -> list[float]:
    return [mark.value or 0.0 for mark in series.marks]


def close(*numbers: float | Decimal) -> object:
    return pytest.approx([float(number) for number in numbers], abs=0.006)


Computed = Callable[[str], Chart]


@pytest.fixture
def chart(asked: Question) -> Computed:
    return lambda name: boards.compute(name, asked)


def month_sums(first: str, after: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for orders in bought(first, after).values():
        for day, amount in orders:
            found[day[:7]] += int(amount * 100)
    return found


def test_the_months_of_both_years_are_the_sums_of_their_orders(chart: Computed):
    revenue = chart("revenue")
    found = month_sums("2025-01-01", "2026-11-01")
    for series in revenue.series:
        months = [f"{series.name}-{n:02}" for n in range(1, 11)]
        assert values(series) == close(*(Decimal(found[month]) / 100 for month in months))
    now, before = (sum(values(series)) for series in revenue.series)
    assert revenue.finding == f"{100 * (now / before - 1):.0f} % above last year"
    both = [
        *bought("2026-01-01", "2026-11-01").values(),
        *bought("2025-01-01", "2025-11-01").values(),
    ]
    assert revenue.n == sum(map(len, both))


def test_the_grades_share_the_revenue_of_twelve_months(chart: Computed):
    by_grade = chart("revenue-by-grade")
    accounts = rows("account")
    for series in by_grade.series:
        sums: Counter[str] = Counter()
        for who, orders in bought("2025-11-01", "2026-11-01").items():
            if f"Grade {accounts[who]['grade']}" == series.name:
                sums.update({day[:7]: 0 for day, _ in orders})
                for day, amount in orders:
                    sums[day[:7]] += int(amount * 100)
        months = ["2025-11", "2025-12", *(f"2026-{n:02}" for n in range(1, 11))]
        assert values(series) == close(*(Decimal(sums[month]) / 100 for month in months))


def test_the_tiers_are_the_first_one_per_cent_the_next_nineteen_and_so_on(chart: Computed):
    pyramid = chart("pyramid")
    spent = sorted(totals("2025-11-21", "2026-11-21").values(), reverse=True)
    n = len(spent)
    assert n == pyramid.n == 88
    cuts = [0, round(0.01 * n), round(0.20 * n), round(0.50 * n), n]
    parts = [spent[a:b] for a, b in itertools.pairwise(cuts)]
    assert values(pyramid.series[0]) == [len(part) for part in parts]
    assert values(pyramid.series[1]) == close(*(100 * sum(p) / sum(spent) for p in parts))


def test_class_a_ends_with_the_account_that_passes_seventy_per_cent(chart: Computed):
    spent = sorted(totals("2025-11-21", "2026-11-21").values(), reverse=True)
    classes: Counter[str] = Counter()
    before = Decimal(0)
    for amount in spent:
        share = before / sum(spent)
        classes["A" if share < Decimal("0.7") else "B" if share < Decimal("0.9") else "C"] += 1
        before += amount
    drills = {series.marks[0].label: series.marks[0].drill for series in chart("abc").series}
    assert {x: len(ids_of(drill)) for x, drill in drills.items()} == dict(classes)


def ids_of(drill: object) -> list[str]:
    (where,) = drill.where  # pyright: ignore[reportAttributeAccessIssue]
    return list(where.value)


def fifths(numbers: Mapping[str, float], *, low_is_good: bool = False) -> dict[str, int]:
    """1…5 by how many of the others are worse."""
    n = len(numbers)
    sign = -1 if low_is_good else 1
    worse = {k: sum(1 for y in numbers.values() if sign * y < sign * x) for k, x in numbers.items()}
    return {k: min(5, 1 + 5 * count // n) for k, count in worse.items()}


def test_each_cell_of_the_map_holds_those_with_its_scores(chart: Computed):
    orders = bought("2024-11-21", "2026-11-21")
    last = {who: max(day for day, _ in found) for who, found in orders.items()}
    days = {who: (TODAY - dt.date.fromisoformat(day)).days for who, day in last.items()}
    often = {who: len({day for day, _ in found}) for who, found in orders.items()}
    r, f = fifths(days, low_is_good=True), fifths(often)
    expected = Counter((f[who], r[who]) for who in orders)
    for row in chart("rfm").series:
        frequency = int(row.name.removeprefix("F "))
        assert values(row) == [expected[frequency, recency] for recency in range(1, 6)]


def test_prospects_are_those_who_never_ordered_and_everybody_is_somewhere(chart: Computed):
    lifecycle = chart("lifecycle")
    known = {k for k, a in rows("account").items() if a.get("type") in ("customer", "prospect")}
    assert values(lifecycle.series[0])[0] == len(known - set(bought("1970", "2026-11-21")))
    for series in lifecycle.series:
        assert sum(values(series)) == len(known) == lifecycle.n


def test_a_cohort_is_counted_by_the_months_of_its_members_orders(chart: Computed):
    months = {
        who: {day[:7] for day, _ in found} for who, found in bought("1970", "2026-11-21").items()
    }
    may = [who for who, found in months.items() if min(found) == "2025-05"]
    (row,) = [row for row in chart("cohorts").series if row.name.startswith("May 2025")]
    assert row.name == f"May 2025 · {len(may)}"
    following = [*(f"2025-{n:02}" for n in range(6, 13)), *(f"2026-{n:02}" for n in range(1, 6))]
    came = [sum(1 for who in may if month in months[who]) for month in following]
    assert values(row) == close(*(100 * count / len(may) for count in came))


def visits_of(account: str, first: str, after: str) -> int:
    """Visits that took place, not by phone, in `[first, after)`."""
    found = [v for v in rows("visit").values() if v["account"] == account]
    return sum(
        1 for v in found
        if v["state"] in ("completed", "reviewed") and v.get("type") != "phone"
        and first <= str(v.get("actual_start") or v["planned_start"]) < after
    )  # fmt: skip


def graded(grades: str) -> list[tuple[str, Row]]:
    found = rows("account").items()
    return [(k, a) for k, a in found if a.get("type") == "customer" and a.get("grade") in [*grades]]


def test_coverage_is_the_accounts_seen_of_those_that_each_owner_has(chart: Computed):
    coverage, names = chart("visit-coverage"), {k: u["name"] for k, u in rows("user").items()}
    seen, all_ = Counter[str](), Counter[str]()
    for key, account in graded("AB"):
        owner = str(names[str(account["owner"])])
        all_[owner] += 1
        seen[owner] += visits_of(key, "2026-07-01", "2026-10-01") > 0
    shares = {mark.label: mark.value for mark in coverage.series[0].marks}
    assert shares == pytest.approx({who: 100 * seen[who] / n for who, n in all_.items()})
    assert {mark.value for mark in coverage.series[1].marks} == {90.0}
    met = sum(1 for who, n in all_.items() if seen[who] / n >= 0.9)
    assert coverage.finding == f"{met} of {len(all_)} meet the target of 90 %"
    assert coverage.n == all_.total()


def test_frequency_counts_no_visit_beyond_what_the_grade_asks_for(chart: Computed):
    made, asked_for = Counter[str](), Counter[str]()
    for key, account in graded("ABC"):
        grade = str(account["grade"])
        each = {"A": 6, "B": 3, "C": 1}[grade]
        made[grade] += min(each, visits_of(key, "2026-07-01", "2026-10-01"))
        asked_for[grade] += each
    shown = values(chart("visit-frequency").series[0])
    assert shown == close(*(100 * made[grade] / asked_for[grade] for grade in "ABC"))


def test_adherence_is_the_visits_of_the_plan_that_took_place_near_their_day(chart: Computed):
    planned, kept = Counter[str](), Counter[str]()
    for visit in rows("visit").values():
        day = str(visit["planned_start"])[:10]
        if not "2025-11-01" <= day < "2026-11-01" or visit["state"] in ("draft", "cancelled"):
            continue
        planned[day[:7]] += 1
        if visit["state"] in ("completed", "reviewed"):
            actual = str(visit.get("actual_start") or visit["planned_start"])[:10]
            kept[day[:7]] += day == actual or is_next_working_day(*sorted((day, actual)))
    adherence = chart("plan-adherence")
    months = sorted(planned)
    assert values(adherence.series[0]) == close(*(100 * kept[m] / planned[m] for m in months))
    assert adherence.n == planned.total()


def is_next_working_day(day: str, later: str) -> bool:
    one, end = dt.date.fromisoformat(day), dt.date.fromisoformat(later)
    between = [one + dt.timedelta(n) for n in range(1, (end - one).days + 1)]
    return len([x for x in between if x.isoweekday() <= 5]) <= 1


def test_outcomes_are_those_of_the_visits_that_took_place(chart: Computed):
    found = Counter(
        str(v["outcome"]) for v in rows("visit").values()
        if v["state"] in ("completed", "reviewed")
        and "2025-11-01" <= str(v["planned_start"]) < "2026-11-21"
    )  # fmt: skip
    outcomes = chart("visit-outcomes")
    assert values(outcomes.series[0]) == [count for _, count in found.most_common()]
    good = (found["order"] + found["progress"]) / found.total()
    assert outcomes.finding.startswith(f"{100 * good:.0f} %")
    assert outcomes.n == found.total()


def complaints_since(first: str, after: str) -> dict[str, Row]:
    found = rows("complaint").items()
    return {k: c for k, c in found if first <= str(c["received_at"]) < after}


def test_the_pareto_counts_each_cause_and_cumulates_to_all(chart: Computed):
    found = Counter(
        str(c["cause"]) for c in complaints_since("2025-11-01", "2026-11-21").values()
        if c.get("cause") and c["state"] not in ("duplicate", "rejected")
    )  # fmt: skip
    causes = chart("complaint-causes")
    bars = {mark.label: mark.value for mark in causes.series[0].marks}
    assert bars == dict(found)
    falling = sorted(found.values(), reverse=True)
    so_far = [sum(falling[: n + 1]) for n in range(len(falling))]
    assert values(causes.series[1]) == close(*(100 * x / found.total() for x in so_far))
    assert causes.n == found.total()


def events() -> dict[str, list[tuple[str, str]]]:
    """(moment, stage) of each complaint's log, in order."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for event in rows("complaint_event").values():
        if event.get("to_state") and event.get("at"):
            found[str(event["complaint"])].append((str(event["at"]), str(event["to_state"])))
    return {complaint: sorted(log) for complaint, log in found.items()}


def test_a_stages_time_is_the_median_from_entering_to_leaving_it(chart: Computed):
    stays: dict[str, list[float]] = defaultdict(list)
    for complaint in complaints_since("2025-11-01", "2026-11-21"):
        log = events().get(complaint, [])
        for (entered, stage), (left, _) in itertools.pairwise(log):
            if stage not in ("closed", "followed_up", "duplicate", "rejected"):
                gap = dt.datetime.fromisoformat(left) - dt.datetime.fromisoformat(entered)
                stays[stage.replace("_", " ")].append(gap / dt.timedelta(1))
    stages = chart("complaint-stages")
    marks = {mark.label.lower(): mark.value for mark in stages.series[0].marks}
    expected = {stage: statistics.median(found) for stage, found in stays.items()}
    assert sorted(marks.values()) == pytest.approx(sorted(expected.values()))  # pyright: ignore[reportArgumentType]
    assert marks["received"] == pytest.approx(expected["received"])
    assert stages.n == sum(map(len, stays.values()))


def test_received_and_resolved_are_counted_in_the_month_of_each(chart: Computed):
    received = Counter(
        str(c["received_at"])[:7] for c in complaints_since("2025-11-01", "2026-11-01").values()
    )
    firsts = [
        min((at for at, to in log if to == "resolved"), default="") for log in events().values()
    ]
    resolved = Counter(at[:7] for at in firsts if "2025-11-01" <= at < "2026-11-01")
    months = ["2025-11", "2025-12", *(f"2026-{n:02}" for n in range(1, 11))]
    flow = chart("complaint-flow")
    assert [values(series) for series in flow.series] == [
        [received[month] for month in months], [resolved[month] for month in months],
    ]  # fmt: skip
    assert flow.finding == f"{received.total()} received, {resolved.total()} resolved"


# The lists behind the figures


def listed(asked: Question, series: Sequence[Series]) -> list[str]:
    """The ids in the lists behind all marks of these series."""
    drills = [mark.drill for one in series for mark in one.marks if mark.drill is not None]
    pages = [queries.page(asked.c, x.kind, where=x.where, limit=FAR).rows for x in drills]
    return [row.id for page in pages for row in page]


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("revenue", slice(None)), ("revenue-by-grade", slice(None)), ("pyramid", slice(1)),
        ("rfm", slice(None)), ("lifecycle", slice(1)), ("plan-adherence", slice(1)),
        ("visit-outcomes", slice(1)), ("complaint-causes", slice(1)), ("complaint-flow", slice(1)),
    ],
)  # fmt: skip
def test_the_lists_behind_a_charts_marks_hold_each_counted_record_once(
    asked: Question, name: str, series: slice
):
    chart = boards.compute(name, asked)
    found = listed(asked, chart.series[series])
    assert len(found) == len(set(found)) == chart.n


def test_the_lists_behind_the_abc_curve_hold_each_account_once(asked: Question):
    chart = boards.compute("abc", asked)
    firsts = [Series(one.name, one.marks[:1]) for one in chart.series]
    found = listed(asked, firsts)
    assert len(found) == len(set(found)) == chart.n
