"""report: a chart into a file, the same as the window draws."""

from __future__ import annotations

from collections.abc import Sequence

from crm_core.catalog import entity_of
from crm_core.i18n import tr_noop
from crm_desktop.charts.exporting import check_ending, write
from crm_desktop.cli.desk import Desk, Json
from crm_desktop.cli.outcome import Exit, Usage
from crm_desktop.cli.reading import conditions
from crm_desktop.i18n import tr
from crm_desktop.insight.boards import compute
from crm_desktop.insight.chart import Chart
from crm_desktop.insight.names import REPORTS
from crm_desktop.insight.phrases import foot_words
from crm_desktop.insight.question import Question


def report(desk: Desk) -> Exit:
    """Compute a chart over the accounts asked for, and write it by the file's ending."""
    arguments = desk.arguments
    if arguments.name not in REPORTS:
        raise Usage(
            tr_noop("There is no report '{name}'. There are: {known}."),
            name=arguments.name[:60],
            known=", ".join(REPORTS),
        )
    check_ending(arguments.out)
    with desk.profile() as opened, opened.store.reader() as c:
        where = conditions(c, entity_of("account"), arguments.where)
        today = opened.store.clock().astimezone().date()
        asked = Question(c, today, tuple(where), _filter_words(arguments.where))
        chart = compute(arguments.name, asked)
    write(chart, arguments.out)
    desk.answer(
        {**_json(chart), "file": str(arguments.out)},
        [
            f"{chart.title}: {chart.finding}",
            chart.filters,
            " · ".join(foot_words(chart)),
            tr("Written: {file}", file=str(arguments.out)),
        ],
    )
    return Exit.DONE


def _filter_words(texts: Sequence[str]) -> str:
    """What was typed, with the fields by their labels."""
    fields = entity_of("account").by_name
    pairs = (text.partition("=") for text in texts)
    return ", ".join(f"{tr(fields[name.strip()].label)} {value}" for name, _, value in pairs)


def _json(chart: Chart) -> dict[str, Json]:
    return {
        "report": chart.name,
        "title": chart.title,
        "finding": chart.finding,
        "filter": chart.filters,
        "n": chart.n,
        "as_of": chart.as_of.isoformat(),
        "last_sync": chart.last_sync or None,
        "currency": chart.currency or None,
        "explain": list(chart.explain),
        "series": [
            {
                "name": series.name,
                "unit": series.unit.value,
                "marks": [{"label": m.label, "value": m.value} for m in series.marks],
            }
            for series in chart.series
        ],
    }
