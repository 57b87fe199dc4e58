"""Complaints: causes as a Pareto, time in each stage, and how many come and go."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from crm_core.catalog import entity_of
from crm_desktop.dates import day_words, month_name, month_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.insight import scoring
from crm_desktop.insight.chart import Chart, Drill, Form, Mark, Series, Tone, Unit
from crm_desktop.insight.question import Question, instant_at, month_start, named
from crm_desktop.models.sql import Where
from crm_desktop.numbers import percent, whole

VITAL_SHARE = 0.8
CAUSES_MAX = 8
"""More bars could not be labelled; the smaller causes are one bar together."""

_MONTHS = 12
_SECONDS_A_DAY = 86_400
_NOT_OURS = ("duplicate", "rejected")
_ENDS = ("closed", "followed_up", *_NOT_OURS)


# Causes


def causes(asked: Question) -> Chart:
    """Complaints by cause, the commonest first, with the cumulated share."""
    first = month_start(asked.as_of, -_MONTHS)
    found, without = _counted_causes(asked, first)
    shown, rest = found[:CAUSES_MAX], found[CAUSES_MAX:]
    vital = scoring.vital_few([count for _, count in found], VITAL_SHARE)
    total = sum(count for _, count in found)
    window = _window(asked, first)
    marks = [_cause_mark(cause, count, total, window, is_vital=n < vital)
             for n, (cause, count) in enumerate(shown)]  # fmt: skip
    if rest:
        marks.append(_rest_mark(rest, total, window))
    return Chart(
        "complaint-causes", Form.PARETO, tr("Complaint causes"),
        tr_n("{n} of {all} makes up {share}", "{n} of {all} make up {share}", vital,
             all=len(found),
             share=percent(sum(count for _, count in found[:vital]) / total, 0)) if total
        else tr("no causes yet"),
        tr("Complaints by cause · {whose} · since {first}", whose=asked.whose,
           first=day_words(first, year=True)),
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


def _counted_causes(asked: Question, first: dt.date) -> tuple[list[tuple[str, int]], int]:
    """(cause, complaints) with the commonest first, and how many have none."""
    more, parameters = asked.account_sql("account")
    rows = asked.c.rows(
        "SELECT coalesce(trim(cause), ''), count(*) FROM complaint WHERE deleted = 0"
        " AND received_at >= ? AND received_at < ?"
        f" AND coalesce(state, '') NOT IN ('duplicate', 'rejected'){more}"
        " GROUP BY 1 COLLATE NOCASE ORDER BY 2 DESC, 1",
        [instant_at(first), instant_at(asked.after), *parameters],
    )
    found = [(str(cause), int(count)) for cause, count in rows]
    return [x for x in found if x[0]], sum(count for cause, count in found if not cause)


def _window(asked: Question, first: dt.date) -> tuple[Where, ...]:
    return (
        Where("received_at", ">=", instant_at(first)),
        Where("received_at", "<", instant_at(asked.after)),
        *(Where("state", "!=", state) for state in _NOT_OURS),
        *asked.of_accounts,
    )


def _cause_mark(
    cause: str, count: int, total: int, window: tuple[Where, ...], *, is_vital: bool
) -> Mark:
    return Mark(
        cause, count, whole(count), tip=f"{cause}: {count} · {percent(count / total)}",
        tone=Tone.PLAIN if is_vital else Tone.REST,
        drill=Drill("complaint", (Where("cause", "=", cause), *window),
                    tr("{what} ({n})", what=cause, n=count)),
    )  # fmt: skip


def _counted(complaints: int) -> str:
    return tr_n("n = {n} complaint", "n = {n} complaints", complaints)


def _rest_mark(rest: Sequence[tuple[str, int]], total: int, window: tuple[Where, ...]) -> Mark:
    count = sum(n for _, n in rest)
    name = tr_n("{n} other", "{n} others", len(rest))
    return Mark(
        name, count, whole(count), tip=f"{name}: {count} · {percent(count / total)}",
        tone=Tone.REST,
        drill=Drill("complaint", (Where("cause", "in", [cause for cause, _ in rest]), *window),
                    tr("{what} ({n})", what=name, n=count)),
    )  # fmt: skip


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
    first = month_start(asked.as_of, -_MONTHS)
    stays = _stays(asked, first)
    order = [x for x in entity_of("complaint").by_name["state"].choices if x.code in stays]
    marks = tuple(_stage_mark(tr(x.label), stays[x.code]) for x in order)
    left = sum(len(found) for found in stays.values())
    slow = max(marks, key=lambda mark: mark.value or 0, default=None)
    return Chart(
        "complaint-stages", Form.BARS, tr("Time in each stage"),
        tr("longest in: {stage}, {days} days", stage=slow.label, days=slow.shown)
        if slow is not None else tr("no stage has been left yet"),
        tr("Median days in a stage · {whose} · since {first}", whose=asked.whose,
           first=day_words(first, year=True)),
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
        name, days, f"{days:.1f}", tr_n("once", "{n} times", len(stays)),
        tip=tr("{stage}: median {days} days, at most {most}", stage=name, days=f"{days:.1f}",
               most=f"{max(length for _, length in stays):.1f}"),
        drill=Drill("complaint", (named(*who),),
                    tr("{what} ({n})", what=name, n=len(who))),
    )  # fmt: skip


# Flow


def flow(asked: Question) -> Chart:
    """Complaints received in each of the last twelve complete months, and resolved in them."""
    after = month_start(asked.as_of)
    months = [month_start(after, n - _MONTHS) for n in range(_MONTHS + 1)]
    received, resolved = _received(asked, months), _resolved(asked, months)
    ours = tuple(_received_mark(asked, m, n) for m, n in zip(months, received, strict=False))
    theirs = tuple(_resolved_mark(m, who) for m, who in zip(months, resolved, strict=False))
    done, total = sum(map(len, resolved)), sum(received)
    return Chart(
        "complaint-flow", Form.COLUMNS, tr("Complaints received and resolved"),
        tr("{received} received, {resolved} resolved", received=total, resolved=done),
        tr("By month · {whose} · {first} to {last}", whose=asked.whose,
           first=month_words(months[0]), last=month_words(months[-2])),
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
        drill=Drill("complaint", where, words),
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
