"""report: a chart or a printed form into a file, the same as the window draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crm_core.catalog import entity_of
from crm_core.errors import Bug
from crm_core.i18n import tr_noop
from crm_desktop.charts.exporting import ENDINGS, check_ending, write
from crm_desktop.cli.desk import Desk, Json, table
from crm_desktop.cli.outcome import Exit, Usage
from crm_desktop.cli.reading import conditions
from crm_desktop.cli.report_forms import FORMS
from crm_desktop.cli.report_printing import print_form
from crm_desktop.i18n import tr
from crm_desktop.insight.boards import compute
from crm_desktop.insight.chart import Chart
from crm_desktop.insight.headings import title
from crm_desktop.insight.names import REPORTS
from crm_desktop.insight.phrases import SOURCES, foot_words
from crm_desktop.insight.question import Question


def report(desk: Desk) -> Exit:
    """Compute a chart or print a form, and write it by the file's ending; without a name, list."""
    arguments = desk.arguments
    if not arguments.name:
        return _list_them(desk)
    if arguments.name not in (*REPORTS, *FORMS):
        raise Usage(
            tr_noop("There is no report '{name}'. There are: {known}."),
            name=arguments.name[:60],
            known=", ".join((*REPORTS, *FORMS)),
        )
    if arguments.out == Path():
        raise Usage(
            tr_noop("Name the file to write: report {name} OUT, ending in {endings}."),
            name=arguments.name,
            endings=" ".join(_endings(arguments.name)),
        )
    return _form(desk) if arguments.name in FORMS else _chart(desk)


def _list_them(desk: Desk) -> Exit:
    """Say what there is."""
    names = {name: title(name) for name in REPORTS}
    names |= {name: tr(form.title) for name, form in FORMS.items()}
    header = [tr("Name"), tr("What it is"), tr("Endings")]
    desk.answer(
        [{"report": name, "title": x, "endings": _endings(name)} for name, x in names.items()],
        table(header, [[name, x, " ".join(_endings(name))] for name, x in names.items()]),
    )
    return Exit.DONE


def _endings(name: str) -> tuple[str, ...]:
    return FORMS[name].endings if name in FORMS else ENDINGS


def _form(desk: Desk) -> Exit:
    """Print a form of one record."""
    if desk.press is None:
        raise Bug("nothing here can print")
    arguments = desk.arguments
    row, title = print_form(desk, FORMS[arguments.name], desk.press)
    desk.answer(
        {
            "report": arguments.name, "kind": row.kind, "id": row.id, "title": title,
            "file": str(arguments.out),
        },
        [title, tr("Written: {file}", file=str(arguments.out))],
    )  # fmt: skip
    return Exit.DONE


def _chart(desk: Desk) -> Exit:
    """Compute a chart over the accounts asked for, and write it."""
    arguments = desk.arguments
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
        "source": tr(SOURCES[chart.name]),
        "series": [
            {
                "name": series.name,
                "unit": series.unit.value,
                "marks": [{"label": m.label, "value": m.value} for m in series.marks],
            }
            for series in chart.series
        ],
    }
