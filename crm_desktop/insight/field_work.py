"""Visits: coverage and frequency against target, plan adherence, outcomes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_core.catalog import entity_of
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_desktop.dates import day_words, month_name, month_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.insight import headings
from crm_desktop.insight.chart import Chart, Drill, Form, Mark, Series, Tone, Unit
from crm_desktop.insight.question import (
    Question,
    instant_at,
    local_day,
    month_start,
    named,
)
from crm_desktop.models.sql import Where
from crm_desktop.numbers import percent, whole

TARGET_GRADES = ("A", "B")
COVERAGE_TARGET = 0.9
"""Nine of ten target accounts seen in a quarter: the default until targets are records."""

VISITS_A_QUARTER: Mapping[str, float] = {"A": 6, "B": 3, "C": 1}
"""The default cadence, two visits a month, one a month, one a quarter; D's one a year is left out:
in a quarter it could neither be met nor missed."""

ADHERENCE_DAYS = 1
"""A visit is kept when it took place at most one working day beside its plan."""

_DONE = ("completed", "reviewed")
_QUALIFYING = ("order", "progress")
_BY_PHONE = "phone"
_WEEKEND = 5

NOT_BY_PHONE = tr_noop("Visits by phone do not count; a visit counts on the day it took place.")


@dataclass(frozen=True, slots=True)
class _Target:
    """An account that is to be visited, and how often it was."""

    id: str
    owner: str
    grade: str
    visits: int


def _targets(
    asked: Question, grades: Sequence[str], first: dt.date, after: dt.date
) -> list[_Target]:
    """The customers of these grades with their visits in `[first, after)`."""
    more, parameters = asked.account_sql("a.id")
    places = ", ".join("?" * len(grades))
    rows = asked.c.rows(
        "SELECT lower(hex(a.id)), coalesce(lower(hex(a.owner)), ''), a.grade, count(v.id)"
        " FROM account a LEFT JOIN visit v ON v.account = a.id AND v.deleted = 0"
        " AND v.state IN ('completed', 'reviewed') AND coalesce(v.type, '') <> ?"
        " AND coalesce(v.actual_start, v.planned_start) >= ?"
        " AND coalesce(v.actual_start, v.planned_start) < ?"
        f" WHERE a.deleted = 0 AND a.type = 'customer' AND a.grade IN ({places}){more}"
        " GROUP BY a.id",
        [_BY_PHONE, instant_at(first), instant_at(after), *grades, *parameters],
    )
    return [_Target(str(row[0]), str(row[1]), str(row[2]), int(row[3])) for row in rows]


# Coverage


def coverage(asked: Question) -> Chart:
    """Of each visitor's target accounts, the share visited at least once in the last quarter."""
    first, after = headings.last_quarter(asked.as_of)
    targets = _targets(asked, TARGET_GRADES, first, after)
    owners = sorted({one.owner for one in targets})
    names = asked.names("user", [owner for owner in owners if owner])
    found = [(names.get(o) or tr("nobody"), [x for x in targets if x.owner == o]) for o in owners]
    found.sort(key=lambda item: (-_reached(item[1]), item[0]))
    marks = tuple(_coverage_mark(name, members) for name, members in found)
    target = Series(
        tr("target"), tuple(Mark(m.label, 100 * COVERAGE_TARGET) for m in marks), Unit.PERCENT
    )
    met = sum(1 for mark in marks if mark.tone is Tone.PLAIN)
    return Chart(
        "visit-coverage", Form.BARS, headings.title("visit-coverage"),
        tr_n("{n} of {all} meets the target of {target}",
             "{n} of {all} meet the target of {target}", met, all=len(marks),
             target=percent(COVERAGE_TARGET, 0)) if marks else tr("no target accounts"),
        headings.filter_line("visit-coverage", asked.as_of, asked.filters),
        len(targets),
        tr_n("n = {n} target account", "n = {n} target accounts", len(targets)),
        asked.as_of, asked.last_sync,
        (
            tr("Target accounts are the customers of grade A and B, under the colleague who owns "
               "them today. Coverage is how many of them were visited at least once from {first} "
               "to {last}, divided by how many there are.", first=day_words(first, year=True),
               last=day_words(after - dt.timedelta(1), year=True)),
            tr(NOT_BY_PHONE),
            tr("The target of {target} is the default for everybody.",
               target=percent(COVERAGE_TARGET, 0)),
        ),
        (Series(tr("visited"), marks, Unit.PERCENT), target),
    )  # fmt: skip


def _reached(members: Sequence[_Target]) -> float:
    return sum(1 for one in members if one.visits) / len(members)


def _coverage_mark(name: str, members: Sequence[_Target]) -> Mark:
    share = _reached(members)
    missing = [one.id for one in members if not one.visits]
    reached = len(members) - len(missing)
    # What is missing is what one wants to see; where nothing is, all of them.
    shown = missing or [one.id for one in members]
    what = tr("not visited") if missing else tr("all visited")
    return Mark(
        name, 100 * share, percent(share, 0), tr("of {n}", n=len(members)),
        tip=tr("{name}: {reached} of {n} visited", name=name, reached=reached, n=len(members)),
        tone=Tone.PLAIN if share >= COVERAGE_TARGET else Tone.BELOW,
        drill=Drill("account", (named(*shown),),
                    tr("{what} ({n})", what=f"{name}: {what}", n=len(shown))),
    )  # fmt: skip


# Frequency


def frequency(asked: Question) -> Chart:
    """For each grade, how much of the visits that its cadence asks for were made."""
    first, after = headings.last_quarter(asked.as_of)
    targets = _targets(asked, tuple(VISITS_A_QUARTER), first, after)
    grades = [g for g in VISITS_A_QUARTER if any(x.grade == g for x in targets)]
    marks = tuple(_frequency_mark(g, [x for x in targets if x.grade == g]) for g in grades)
    wanted = sum(VISITS_A_QUARTER[one.grade] for one in targets)
    made = sum(min(one.visits, VISITS_A_QUARTER[one.grade]) for one in targets)
    return Chart(
        "visit-frequency", Form.BARS, headings.title("visit-frequency"),
        tr("{share} of the visits that the grades ask for", share=percent(made / wanted, 0))
        if wanted else tr("no target accounts"),
        headings.filter_line("visit-frequency", asked.as_of, asked.filters),
        len(targets), tr_n("n = {n} account", "n = {n} accounts", len(targets)), asked.as_of,
        asked.last_sync,
        (
            tr("Frequency attainment: the sum of min(visits made, visits asked for) over the "
               "accounts, divided by the sum of the visits asked for. The minimum keeps visits "
               "too many at one account from hiding too few at another."),
            tr("Asked for in a quarter: A 6, B 3, C 1 (the default cadence)."),
            tr(NOT_BY_PHONE),
        ),
        (Series(tr("made"), marks, Unit.PERCENT),
         Series(tr("asked for"), tuple(Mark(m.label, 100.0) for m in marks), Unit.PERCENT)),
    )  # fmt: skip


def _frequency_mark(grade: str, members: Sequence[_Target]) -> Mark:
    each = VISITS_A_QUARTER[grade]
    wanted = each * len(members)
    made = sum(min(one.visits, each) for one in members)
    below = [one.id for one in members if one.visits < each]
    shown = below or [one.id for one in members]
    name = tr("Grade {grade}", grade=grade)
    words = tr("too few visits") if below else tr("all visited often enough")
    return Mark(
        name, 100 * made / wanted, percent(made / wanted, 0), tr("of {n}", n=whole(wanted)),
        tip=tr_n("{name}: {made} of {n} visit", "{name}: {made} of {n} visits", round(wanted),
                 name=name, made=whole(made)),
        tone=Tone.BELOW if below else Tone.PLAIN,
        drill=Drill("account", (named(*shown),),
                    tr("{what} ({n})", what=f"{name}: {words}", n=len(shown))),
    )  # fmt: skip


# Plan adherence


def adherence(asked: Question) -> Chart:
    """For each of the last twelve complete months, the share of planned visits that were kept."""
    months = headings.last_months(asked.as_of)
    planned, kept = _planned_and_kept(asked, months[0], month_start(months[-1], 1))
    marks = tuple(_month_mark(asked, m, planned[m], kept[m]) for m in months)
    total = sum(planned.values())
    share = sum(kept.values()) / total if total else 0.0
    return Chart(
        "plan-adherence", Form.COLUMNS, headings.title("plan-adherence"),
        tr("{share} of the planned visits were kept", share=percent(share, 0)) if total
        else tr("no planned visits"),
        headings.filter_line("plan-adherence", asked.as_of, asked.filters),
        total, tr_n("n = {n} planned visit", "n = {n} planned visits", total), asked.as_of,
        asked.last_sync,
        (
            tr("Kept is a visit that took place within one working day (Monday to Friday) of its "
               "planned day. It is divided by all visits planned for the month."),
            tr("Left out: drafts, and cancelled visits. Who cancelled is not recorded, so a "
               "customer's cancelling cannot be told from ours."),
        ),
        (Series(tr("kept"), marks, Unit.PERCENT),),
    )  # fmt: skip


def _planned_and_kept(
    asked: Question, first: dt.date, after: dt.date
) -> tuple[Counter[dt.date], Counter[dt.date]]:
    more, parameters = asked.account_sql("account")
    rows = asked.c.rows(
        "SELECT planned_start, actual_start, state FROM visit WHERE deleted = 0"
        " AND planned_start >= ? AND planned_start < ?"
        f" AND coalesce(state, '') NOT IN ('draft', 'cancelled'){more}",
        [instant_at(first), instant_at(after), *parameters],
    )
    planned: Counter[dt.date] = Counter()
    kept: Counter[dt.date] = Counter()
    for start, actual, state in rows:
        day, met = local_day(start), local_day(actual or start)
        if day is None:
            continue
        month = month_start(day)
        planned[month] += 1
        if state in _DONE and met is not None and working_days(day, met) <= ADHERENCE_DAYS:
            kept[month] += 1
    return planned, kept


def working_days(one: dt.date, other: dt.date) -> int:
    """How many working days, Monday to Friday, lie between two days."""
    low, high = min(one, other), max(one, other)
    days = (low + dt.timedelta(n) for n in range(1, (high - low).days + 1))
    return sum(1 for day in days if day.weekday() < _WEEKEND)


def _month_mark(asked: Question, month: dt.date, planned: int, kept: int) -> Mark:
    following = month_start(month, 1)
    where = (
        Where("planned_start", ">=", instant_at(month)),
        Where("planned_start", "<", instant_at(following)),
        Where("state", "!=", "draft"),
        Where("state", "!=", "cancelled"),
        *asked.of_accounts,
    )
    share = kept / planned if planned else None
    return Mark(
        month_name(month), None if share is None else 100 * share,
        "" if share is None else percent(share, 0),
        tip=tr("{month}: {kept} of {planned} kept", month=month_words(month), kept=kept,
               planned=planned),
        drill=Drill("visit", where, tr("Visits planned for {month}", month=month_words(month)))
        if planned else None,
    )  # fmt: skip


# Outcomes


def outcomes(asked: Question) -> Chart:
    """What the visits of the last twelve months came to."""
    first, after = headings.since(asked.as_of), asked.after
    states: list[Value] = list(_DONE)
    window = (
        Where("state", "in", states),
        Where("planned_start", ">=", instant_at(first)),
        Where("planned_start", "<", instant_at(after)),
        *asked.of_accounts,
    )
    more, parameters = asked.account_sql("account")
    rows = asked.c.rows(
        "SELECT coalesce(outcome, ''), count(*) FROM visit WHERE deleted = 0"
        " AND state IN ('completed', 'reviewed') AND planned_start >= ? AND planned_start < ?"
        f"{more} GROUP BY 1 ORDER BY 2 DESC, 1",
        [instant_at(first), instant_at(after), *parameters],
    )
    found = [(str(code), int(count)) for code, count in rows]
    total = sum(count for _, count in found)
    good = sum(count for code, count in found if code in _QUALIFYING)
    return Chart(
        "visit-outcomes", Form.BARS, headings.title("visit-outcomes"),
        tr("{share} with an order or progress", share=percent(good / total, 0)) if total
        else tr("no visits yet"),
        headings.filter_line("visit-outcomes", asked.as_of, asked.filters),
        total, tr_n("n = {n} visit", "n = {n} visits", total), asked.as_of, asked.last_sync,
        (
            tr("Effectiveness is the share of completed visits with an order or progress; these "
               "bars are coloured."),
        ),
        (Series(tr("visits"), tuple(_outcome_mark(*x, total, window) for x in found)),),
    )  # fmt: skip


def _outcome_mark(code: str, count: int, total: int, window: tuple[Where, ...]) -> Mark:
    field = entity_of("visit").by_name["outcome"]
    name = next((tr(x.label) for x in field.choices if x.code == code), tr("not noted"))
    where = (Where("outcome", "=", code) if code else Where("outcome", "empty"), *window)
    return Mark(
        name, count, whole(count), percent(count / total, 0),
        tip=f"{name}: {count} · {percent(count / total)}",
        tone=Tone.PLAIN if code in _QUALIFYING else Tone.REST,
        drill=Drill("visit", where, tr("{what} ({n})", what=name, n=count)),
    )  # fmt: skip
