"""Every chart by its name, and the boards that show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crm_core.i18n import tr_noop
from crm_desktop.insight import complaints, field_work, lifecycle, revenue, value
from crm_desktop.insight.chart import Chart
from crm_desktop.insight.question import Question

CHARTS: Mapping[str, Callable[[Question], Chart]] = {
    "revenue": revenue.by_month,
    "revenue-by-grade": revenue.by_grade,
    "pyramid": value.pyramid,
    "abc": value.abc,
    "rfm": value.rfm,
    "lifecycle": lifecycle.stock,
    "cohorts": lifecycle.cohorts,
    "visit-coverage": field_work.coverage,
    "visit-frequency": field_work.frequency,
    "plan-adherence": field_work.adherence,
    "visit-outcomes": field_work.outcomes,
    "complaint-causes": complaints.causes,
    "complaint-stages": complaints.stages,
    "complaint-flow": complaints.flow,
}


@dataclass(frozen=True, slots=True)
class Board:
    """Some charts that are looked at together."""

    name: str
    label: str
    charts: tuple[str, ...]


BOARDS = (
    Board("monday", tr_noop("Monday board"),
          ("pyramid", "complaint-causes", "visit-coverage", "revenue")),
    Board("visits", tr_noop("Visits"),
          ("visit-coverage", "visit-frequency", "plan-adherence", "visit-outcomes")),
    Board("complaints", tr_noop("Complaints"),
          ("complaint-causes", "complaint-flow", "complaint-stages")),
    Board("value", tr_noop("Value and grades"),
          ("pyramid", "abc", "rfm", "revenue-by-grade")),
    Board("customers", tr_noop("Customers"), ("lifecycle", "cohorts")),
)  # fmt: skip


KINDS: Mapping[str, frozenset[str]] = {
    name: frozenset(("account", "user", *kinds))
    for name, kinds in {
        **dict.fromkeys(("revenue", "revenue-by-grade", "pyramid", "abc", "rfm"), ("order",)),
        **dict.fromkeys(("lifecycle", "cohorts"), ("order",)),
        **dict.fromkeys(
            ("visit-coverage", "visit-frequency", "plan-adherence", "visit-outcomes"), ("visit",)
        ),
        **dict.fromkeys(
            ("complaint-causes", "complaint-stages", "complaint-flow"),
            ("complaint", "complaint_event"),
        ),
    }.items()
}
"""The kinds of records whose change may change a chart."""


def compute(name: str, asked: Question) -> Chart:
    """The numbers of a chart of `names.REPORTS`."""
    return CHARTS[name](asked)
