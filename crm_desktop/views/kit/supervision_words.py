"""Supervision in words: by whom, until when, and how much of that is left."""

from __future__ import annotations

import datetime as dt

from crm_core.supervising import Supervision
from crm_desktop.dates import near_moment_words
from crm_desktop.i18n import tr, tr_n

_MINUTE, _HOUR, _DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
_HOURS_UNTIL = 48
_WARN = dt.timedelta(hours=24)


def left_words(supervision: Supervision, now: dt.datetime, *, brief: bool = False) -> str:
    """What is left until the deadline, or how long it has passed; "replied" where there is a
    reply, "" without a deadline. `now` is aware; `brief`: of hours without their minutes."""
    if supervision.reply:
        return tr("replied")
    if supervision.until is None:
        return ""
    left = supervision.until - now
    span = span_words(abs(left), brief=brief)
    return (
        tr("{time} left", time=span) if left >= dt.timedelta() else tr("overdue {time}", time=span)
    )


def left_tone(supervision: Supervision, now: dt.datetime) -> str:
    """The tone of those words."""
    if supervision.reply or supervision.until is None:
        return "ink2"
    left = supervision.until - now
    return "bad" if left < dt.timedelta() else "warn" if left < _WARN else "ink2"


def supervision_words(supervision: Supervision, name: str, now: dt.datetime) -> str:
    """All of it in one line: "Supervised by Li · reply by 25 Nov 18:00 · 3 h left"."""
    parts = [tr("Supervised by {name}", name=name)]
    if supervision.until is not None:
        parts.append(
            tr("reply by {moment}", moment=near_moment_words(supervision.until.astimezone()))
        )
    return " · ".join(part for part in (*parts, left_words(supervision, now)) if part)


def span_words(span: dt.timedelta, *, brief: bool = False) -> str:
    """Time on the clock in short: "20 m", "3 h 10 m" (`brief`: "3 h"), "4 days"."""
    hours, minutes = divmod(span // _MINUTE, 60)
    if hours >= _HOURS_UNTIL:
        return tr_n("{n} day", "{n} days", span // _DAY)
    if not hours:
        return tr("{minutes} m", minutes=minutes)
    if brief or not minutes:
        return tr("{hours} h", hours=hours)
    return tr("{hours} h {minutes} m", hours=hours, minutes=minutes)
