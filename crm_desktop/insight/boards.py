"""Every chart by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from crm_desktop.insight import complaints, field_work, lifecycle, revenue, value
from crm_desktop.insight.chart import Chart, Unit
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


def compute(name: str, asked: Question) -> Chart:
    """The numbers of a chart of `names.REPORTS`; what is money says its currency."""
    chart = CHARTS[name](asked)
    if not any(series.unit is Unit.MONEY for series in chart.series) or not chart.currency:
        return chart
    return replace(chart, filters=f"{chart.filters} · {chart.currency}")
