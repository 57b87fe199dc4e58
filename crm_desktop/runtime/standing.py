"""How things stand between this device and the server, in numbers a widget can show."""

from __future__ import annotations

import datetime as dt

import msgspec

from crm_desktop.dates import day_words, near_moment_words, time_words


class Standing(msgspec.Struct, frozen=True):
    """`state` is one of `sync.status.State`, or "" before anything was read. `verified` is a local
    time of day, `since` too, or the day where that is an earlier one; `failure`: the
    `FailureClass` that has ended every run since then, or "". While a run sends, `sent` of
    `sending` have gone; `paused`: a person ended the last run before its end. In a first fetch
    `fetched` of `in_sight` rows have arrived; `today_only`: what is needed today is here alone;
    `sparing`: this network is metered, and is used for what is needed alone. Of `files` that
    were attached here `files_sent` have gone; while they go, `files_go`; `photos`: all are
    pictures. Of what waits, this user holds `held` back; `next_try`: the local time at which it
    is tried again."""

    state: str = ""
    waiting: int = 0
    needs_you: int = 0
    since: str = ""
    failure: str = ""
    verified: str = ""
    fetched: int = 0
    sending: int = 0
    sent: int = 0
    paused: bool = False
    in_sight: int = 0
    today_only: bool = False
    sparing: bool = False
    files: int = 0
    files_sent: int = 0
    files_go: bool = False
    photos: bool = False
    held: int = 0
    next_try: str = ""


def time_of_day(moment: dt.datetime) -> str:
    """Local wall time, with the day where it is not today's."""
    local = moment.astimezone()
    today = dt.datetime.now(local.tzinfo).date()
    return time_words(local) if local.date() == today else near_moment_words(local, today)


def time_or_day(moment: dt.datetime) -> str:
    """Local wall time of a moment of today; of an earlier one its day, for where room is short."""
    local = moment.astimezone()
    today = dt.datetime.now(local.tzinfo).date()
    return time_words(local) if local.date() == today else day_words(local.date())
