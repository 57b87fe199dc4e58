"""Complaints: causes as a Pareto, time in each stage, and how many come and go."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from crm_core.catalog import entity_of
from crm_desktop.dates import month_name, month_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.insight import headings, scoring
from crm_desktop.insight.chart import Chart, Drill, Form, Mark, Series, Tone, Unit
from crm_desktop.insight.question import Question, instant_at, month_start, named
from crm_desktop.models.sql import Where
from crm_desktop.numbers import percent, whole

VITAL_SHARE = 0.8
CAUSES_MAX = 8
"""More bars could not be labelled; the smaller causes are one bar together."""

_SECONDS_A_DAY, _LEAST_SHOWN = 86_400, 0.05
_ENDS = ("closed", "followed_up", "duplicate", "rejected")


# Causes


def causes(asked: Question) -> Chart:
    """Complaints by cause, the commonest first, with the cumulated share."""
    found, without = _by_cause(asked, headings.since(asked.as_of))
    shown, rest = found[:CAUSES_MAX], found[CAUSES_MAX:]
    vital = scoring.vital_few([len(cause.complaints) for cause in found], VITAL_SHARE)
    total = sum(len(cause.complaints) for cause in found)
    marks = [_cause_mark(cause, total, is_vital=n < vital) for n, cause in enumerate(shown)]
    if rest:
        marks.append(_cause_mark(_together(rest), total, is_vital=False))
    return Chart(
        "complaint-causes", Form.PARETO, headings.title("complaint-causes"),
        tr_n("{n} of {all} makes up {share}", "{n} of {all} make up {share}", vital,
             all=len(found),
             share=percent(sum(len(x.complaints) for x in found[:vital]) / total, 0)) if total
        else tr("no causes yet"),
        headings.filter_line("complaint-causes", asked.as_of, asked.filters),
        total, _counted(total), asked.as_of, asked.last_sync,
        _sentences(
            tr("Causes by their number of complaints. Blue is the smallest set that makes up at "
               "least 80 % (the vital few)."),
            tr("Left out: duplicates and complaints turned down."),
            tr_n("{n} complaint of this time has no cause yet and is not in the picture.",
                 "{n} complaints of this time have no cause yet and are not in the picture.",
                 without) if without else "",
        ),
        (Series(tr("complaints"), tuple(marks)), _cumulated(marks, total)) if total else (),
        line=100 * VITAL_SHARE,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Cause:
    """A cause as it is mostly written, and the complaints that have it."""

    name: str
    complaints: tuple[str, ...]


def _by_cause(asked: Question, first: dt.date) -> tuple[list[_Cause], int]:
    """The causes, the commonest first, and how many complaints have none."""
    more, parameters = asked.account_sql("account")
    rows = asked.c.rows(
        "SELECT lower(hex(id)), coalesce(trim(cause), '') FROM complaint WHERE deleted = 0"
        " AND received_at >= ? AND received_at < ?"
        f" AND coalesce(state, '') NOT IN ('duplicate', 'rejected'){more} ORDER BY id",
        [instant_at(first), instant_at(asked.after), *parameters],
    )
    names: dict[str, Counter[str]] = {}
    members: dict[str, list[str]] = {}
    for complaint, cause in rows:
        names.setdefault(str(cause).casefold(), Counter())[str(cause)] += 1
        members.setdefault(str(cause).casefold(), []).append(str(complaint))
    without = len(members.pop("", ()))
    found = [_Cause(names[key].most_common(1)[0][0], tuple(who)) for key, who in members.items()]
    return sorted(found, key=lambda cause: (-len(cause.complaints), cause.name)), without


def _together(rest: Sequence[_Cause]) -> _Cause:
    complaints = tuple(one for cause in rest for one in cause.complaints)
    return _Cause(tr_n("{n} other", "{n} others", len(rest)), complaints)


def _cause_mark(cause: _Cause, total: int, *, is_vital: bool) -> Mark:
    count = len(cause.complaints)
    return Mark(
        cause.name, count, whole(count), tip=f"{cause.name}: {count} · {percent(count / total)}",
        tone=Tone.PLAIN if is_vital else Tone.REST,
        drill=Drill("complaint", (named(*cause.complaints),),
                    tr("{what} ({n})", what=cause.name, n=count)),
    )  # fmt: skip


def _counted(complaints: int) -> str:
    return tr_n("n = {n} complaint", "n = {n} complaints", complaints)


def _cumulated(marks: Sequence[Mark], total: int) -> Series:
    so_far, points = 0.0, list[Mark]()
    for mark in marks:
        so_far += mark.value or 0
        share = so_far / total
        points.append(Mark(mark.label, 100 * share, percent(share, 0), drill=mark.drill))
    return Series(tr("cumulative"), tuple(points), Unit.PERCENT)


# Stages


def stages(asked: Question) -> Chart:
    """How long complaints stayed in each stage they have left: the median, in days."""
    stays = _stays(asked, headings.since(asked.as_of))
    order = [x for x in entity_of("complaint").by_name["state"].choices if x.code in stays]
    marks = tuple(_stage_mark(tr(x.label), stays[x.code]) for x in order)
    left = sum(len(found) for found in stays.values())
    slow = max(marks, key=lambda mark: mark.value or 0, default=None)
    return Chart(
        "complaint-stages", Form.BARS, headings.title("complaint-stages"),
        tr("longest in: {stage}, {days} days", stage=slow.label, days=slow.shown)
        if slow is not None else tr("no stage has been left yet"),
        headings.filter_line("complaint-stages", asked.as_of, asked.filters),
        left, tr_n("n = {n} stage left", "n = {n} stages left", left), asked.as_of, asked.last_sync,
        (
            tr("From the log of each complaint: the time between entering a stage and leaving it, "
               "in calendar days. The median is the one in the middle, so that a single old case "
               "does not move it. Stages in which a complaint still is do not count."),
            tr("The clocks of the service promise count working hours and are shown with the "
               "complaints."),
        ),
        (Series(tr("days"), marks, Unit.DAYS),),
    )  # fmt: skip


def _stays(asked: Question, first: dt.date) -> dict[str, list[tuple[str, float]]]:
    """For each stage the complaints that left it, with the days they stayed."""
    more, parameters = asked.account_sql("c.account")
    rows = asked.c.rows(
        "SELECT lower(hex(e.complaint)), e.to_state, e.at FROM complaint_event e"
        " JOIN complaint c ON c.id = e.complaint WHERE e.deleted = 0 AND c.deleted = 0"
        " AND e.at IS NOT NULL AND e.to_state IS NOT NULL AND c.received_at >= ?"
        f" AND c.received_at < ?{more} ORDER BY e.complaint, e.at, e.rid",
        [instant_at(first), instant_at(asked.after), *parameters],
    )
    found: dict[str, list[tuple[str, float]]] = {}
    for before, now in pairwise(rows):
        if before[0] == now[0] and before[1] not in _ENDS:
            entered, left = map(dt.datetime.fromisoformat, (before[2], now[2]))
            days = (left - entered).total_seconds() / _SECONDS_A_DAY
            found.setdefault(before[1], []).append((before[0], days))
    return found


def _stage_mark(name: str, stays: Sequence[tuple[str, float]]) -> Mark:
    days = median(length for _, length in stays)
    who = sorted({complaint for complaint, _ in stays})
    return Mark(
        name, days, f"{days:.1f}" if days >= _LEAST_SHOWN else f"<{2 * _LEAST_SHOWN:.1f}",
        tr_n("once", "{n} times", len(stays)),
        tip=tr("{stage}: median {days} days, at most {most}", stage=name, days=f"{days:.1f}",
               most=f"{max(length for _, length in stays):.1f}"),
        drill=Drill("complaint", (named(*who),),
                    tr("{what} ({n})", what=name, n=len(who))),
    )  # fmt: skip


# Flow


def flow(asked: Question) -> Chart:
    """Complaints received in each of the last twelve complete months, and resolved in them."""
    shown = headings.last_months(asked.as_of)
    months = (*shown, month_start(shown[-1], 1))
    received, resolved = _received(asked, months), _resolved(asked, months)
    ours = tuple(_received_mark(asked, m, n) for m, n in zip(months, received, strict=False))
    theirs = tuple(_resolved_mark(m, who) for m, who in zip(months, resolved, strict=False))
    done, total = sum(map(len, resolved)), sum(received)
    return Chart(
        "complaint-flow", Form.COLUMNS, headings.title("complaint-flow"),
        tr("{received} received, {resolved} resolved", received=total, resolved=done),
        headings.filter_line("complaint-flow", asked.as_of, asked.filters),
        total, _counted(total), asked.as_of, asked.last_sync,
        (
            tr("Received by the moment of receipt; resolved when a complaint first came to the "
               "stage “resolved”. Complaints resolved in a month may be older."),
            tr("Duplicates and complaints turned down count as received, never as resolved."),
        ),
        (Series(tr("received"), ours), Series(tr("resolved"), theirs)),
    )  # fmt: skip


def _received(asked: Question, bounds: Sequence[dt.date]) -> list[int]:
    more, parameters = asked.account_sql("account")
    rows = asked.c.rows(
        f"SELECT received_at FROM complaint WHERE deleted = 0 AND received_at >= ?"
        f" AND received_at < ?{more}",
        [instant_at(bounds[0]), instant_at(bounds[-1]), *parameters],
    )
    edges, counts = [instant_at(day) for day in bounds], [0] * (len(bounds) - 1)
    for (at,) in rows:
        counts[bisect_right(edges, at) - 1] += 1
    return counts


def _resolved(asked: Question, bounds: Sequence[dt.date]) -> list[list[str]]:
    more, parameters = asked.account_sql("c.account")
    rows = asked.c.rows(
        "SELECT lower(hex(c.id)), min(e.at) AS done FROM complaint_event e"
        " JOIN complaint c ON c.id = e.complaint WHERE e.deleted = 0 AND c.deleted = 0"
        f" AND e.to_state = 'resolved'{more} GROUP BY c.id HAVING done >= ? AND done < ?",
        [*parameters, instant_at(bounds[0]), instant_at(bounds[-1])],
    )
    edges = [instant_at(day) for day in bounds]
    found: list[list[str]] = [[] for _ in bounds[1:]]
    for complaint, at in rows:
        found[bisect_right(edges, at) - 1].append(str(complaint))
    return found


def _received_mark(asked: Question, month: dt.date, count: int) -> Mark:
    where = (
        Where("received_at", ">=", instant_at(month)),
        Where("received_at", "<", instant_at(month_start(month, 1))),
        *asked.of_accounts,
    )
    name = month_words(month)
    words = tr("Complaints received in {month}", month=name)
    return Mark(
        month_name(month), count, whole(count) if count else "",
        tip=tr("{month}: {n} received", month=name, n=count),
        drill=Drill("complaint", where, words) if count else None,
    )  # fmt: skip


def _resolved_mark(month: dt.date, who: Sequence[str]) -> Mark:
    name = month_words(month)
    words = tr("Complaints resolved in {month}", month=name)
    return Mark(
        month_name(month), len(who), tip=tr("{month}: {n} resolved", month=name, n=len(who)),
        drill=Drill("complaint", (named(*who),), words) if who else None,
    )  # fmt: skip


def _sentences(*sentences: str) -> tuple[str, ...]:
    return tuple(filter(None, sentences))
