"""Where customers stand in their life with us, and how many of a month's new ones come back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from crm_core.i18n import tr_noop
from crm_desktop.dates import month_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.insight import headings, purchases
from crm_desktop.insight.chart import Chart, Drill, Form, Mark, Series, Tone, Unit
from crm_desktop.insight.purchases import Window
from crm_desktop.insight.question import Question, month_start, named
from crm_desktop.numbers import percent, whole

STAGES = {
    "prospect": tr_noop("Prospect"),
    "trial": tr_noop("Trial"),
    "growth": tr_noop("Growth"),
    "stable": tr_noop("Stable"),
    "declining": tr_noop("Declining"),
    "dormant": tr_noop("Dormant"),
}
BEGINNING = dt.date(1970, 1, 1)
TRIAL_ORDERS, TRIAL_DAYS = 3, 90
GROWTH, DECLINE = 1.10, 0.80
GAP_DECLINING, GAPS_DORMANT, DAYS_DORMANT = 1.5, 3, 180
YEARLY_FROM_MONTHS = 15
"""With so many months of data a quarter is compared with the same of last year, else with the one
before."""

COHORTS_SHOWN = 12
_QUARTER = 3


@dataclass(frozen=True, slots=True)
class History:
    """The days on which an account bought, ascending, with the amounts."""

    days: tuple[dt.date, ...]
    amounts: tuple[int, ...]

    def between(self, first: dt.date, after: dt.date) -> int:
        """What was bought in `[first, after)`."""
        pairs = zip(self.days, self.amounts, strict=True)
        return sum(amount for day, amount in pairs if first <= day < after)

    def until(self, after: dt.date) -> History:
        """What was known before a day."""
        count = sum(1 for day in self.days if day < after)
        return History(self.days[:count], self.amounts[:count])


def stage_of(history: History, as_of: dt.date) -> str:
    """The lifecycle stage of an account by its orders (domain.md §4.5, after Dwyer/Schurr/Oh).

    Dormant is asked before trial and growth: who has long stopped is in neither.
    """
    if not history.days:
        return "prospect"
    gaps = [(later - earlier).days for earlier, later in pairwise(history.days)]
    gap = mean(gaps) if gaps else 0.0
    since = (as_of - history.days[-1]).days
    if since >= max(DAYS_DORMANT, GAPS_DORMANT * gap):
        return "dormant"
    if len(history.days) < TRIAL_ORDERS or (as_of - history.days[0]).days < TRIAL_DAYS:
        return "trial"
    trend = _trend(history, as_of)
    if trend <= DECLINE or (gap and since / gap >= GAP_DECLINING):
        return "declining"
    return "growth" if trend >= GROWTH else "stable"


def _trend(history: History, as_of: dt.date) -> float:
    """The last three months against the same of last year, or the three before them."""
    after = as_of + dt.timedelta(1)
    first = _back(after, _QUARTER)
    yearly = history.days[0] <= _back(after, YEARLY_FROM_MONTHS)
    back = 12 if yearly else _QUARTER
    now = history.between(first, after)
    before = history.between(_back(first, back), _back(after, back))
    if not before:
        return GROWTH if now else 1.0
    return now / before


def _back(day: dt.date, months: int) -> dt.date:
    """The day so many months before, at most the month's last."""
    first = month_start(day, -months)
    last = (month_start(first, 1) - dt.timedelta(1)).day
    return first.replace(day=min(day.day, last))


# Stock and flow


def stock(asked: Question) -> Chart:
    """How many accounts are in each stage today, and how many were three months ago."""
    histories = _histories(asked)
    then = _back(asked.as_of, _QUARTER)
    now = {who: stage_of(one, asked.as_of) for who, one in histories.items()}
    before = {
        who: stage_of(one.until(then + dt.timedelta(1)), then) for who, one in histories.items()
    }
    marks = tuple(_stage_mark(code, now) for code in STAGES)
    earlier = tuple(
        Mark(tr(STAGES[code]), sum(1 for x in before.values() if x == code)) for code in STAGES
    )
    slipped = sum(
        1 for who, code in now.items()
        if code in ("declining", "dormant") and before[who] not in ("declining", "dormant")
    )  # fmt: skip
    return Chart(
        "lifecycle", Form.COLUMNS, headings.title("lifecycle"),
        tr("{n} slipped to declining or dormant in three months", n=slipped),
        headings.filter_line("lifecycle", asked.as_of, asked.filters),
        len(now), tr_n("n = {n} account", "n = {n} accounts", len(now)), asked.as_of,
        asked.last_sync,
        (
            tr("By the orders alone: prospect, none; trial, fewer than 3 or less than 90 days; "
               "growth, the last three months at least 10 % above the same of last year (the three "
               "before, where there are less than 15 months); declining, 20 % below, or the last "
               "order is 1.5 mean gaps ago; dormant, no order for 180 days and three mean gaps; "
               "stable, the rest."),
            tr("The stage is computed for this picture; the field of the account stays as it is."),
        ),
        (Series(tr("today"), marks), Series(tr("three months ago"), earlier, joined=False)),
    )  # fmt: skip


def _histories(asked: Question) -> Mapping[str, History]:
    """Every account's orders, also of those who never ordered."""
    window = Window(asked, BEGINNING, asked.after)
    currency = purchases.currency_of(window)
    more, parameters = asked.account_sql("id")
    rows = asked.c.rows(
        "SELECT lower(hex(id)) FROM account WHERE deleted = 0"
        f" AND coalesce(type, 'customer') IN ('customer', 'prospect'){more}",
        parameters,
    )
    found: dict[str, tuple[list[dt.date], list[int]]] = {str(row[0]): ([], []) for row in rows}
    for account, day, amount in purchases.by_account_and_day(window, currency):
        if account in found:
            found[account][0].append(day)
            found[account][1].append(amount)
    return {who: History(tuple(days), tuple(sums)) for who, (days, sums) in found.items()}


def _stage_mark(code: str, now: Mapping[str, str]) -> Mark:
    members = [who for who, stage in now.items() if stage == code]
    name = tr(STAGES[code])
    words = tr("{what} ({n})", what=name, n=len(members))
    return Mark(
        name, len(members), whole(len(members)), tip=words,
        drill=Drill("account", (named(*members),), words) if members else None,
    )  # fmt: skip


# Cohorts


def cohorts(asked: Question) -> Chart:
    """Of those who first bought in a month, the share that bought in each month after it."""
    window = Window(asked, BEGINNING, asked.after)
    currency = purchases.currency_of(window)
    bought: dict[str, set[dt.date]] = {}
    for account, day, _ in purchases.by_account_and_day(window, currency):
        bought.setdefault(account, set()).add(month_start(day))
    first = {who: min(months) for who, months in bought.items()}
    starts = sorted(set(first.values()))[-COHORTS_SHOWN:]
    rows = tuple(
        _cohort(start, {w: bought[w] for w, m in first.items() if m == start}, asked.as_of)
        for start in starts
    )
    members = sum(1 for month in first.values() if month in starts)
    return Chart(
        "cohorts", Form.GRID, headings.title("cohorts"), _kept(rows),
        headings.filter_line("cohorts", asked.as_of, asked.filters),
        members, tr_n("n = {n} account", "n = {n} accounts", members), asked.as_of, asked.last_sync,
        (
            tr("A row is a cohort: the accounts whose first order lies in that month, with their "
               "number. Column k is the share of them with an order in the k-th month after it."),
            tr("The newest {n} cohorts are shown. The last cell of a row is a month that is not "
               "over.", n=COHORTS_SHOWN),
        ),
        rows,
    )  # fmt: skip


def _cohort(start: dt.date, members: Mapping[str, set[dt.date]], as_of: dt.date) -> Series:
    marks: list[Mark] = []
    for k in range(1, COHORTS_SHOWN + 1):
        month = month_start(start, k)
        came = [who for who, months in members.items() if month in months]
        over = month > as_of
        share = len(came) / len(members)
        words = tr("{cohort}, month {k}: {n} of {all}", cohort=month_words(start), k=k,
                   n=len(came), all=len(members))  # fmt: skip
        marks.append(
            Mark(
                str(k), None if over else 100 * share, "" if over else f"{100 * share:.0f}",
                tip="" if over else words,
                tone=Tone.RUNNING if month_start(as_of) == month else Tone.PLAIN,
                drill=Drill("account", (named(*came),), words) if came else None,
            )
        )  # fmt: skip
    name = tr("{month} · {n}", month=month_words(start), n=len(members))
    return Series(name, tuple(marks), Unit.PERCENT)


def _kept(rows: Sequence[Series]) -> str:
    """The mean of the third month over the cohorts that have reached it."""
    values = [row.marks[2].value for row in rows]
    known = [value for value in values if value is not None]
    if not known:
        return tr("no cohort is three months old yet")
    return tr("in the third month {share} order", share=percent(mean(known) / 100, 0))
