"""The history: what was decided, sent, refused and given up, ready to be filtered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from crm_core.catalog import CATALOG
from crm_core.merge import Why
from crm_core.wall_time import moment_in
from crm_desktop.i18n import tr
from crm_desktop.models.inbox_facts import SettledRow
from crm_desktop.views.kit.choice import DELETED, Decision, Taken, day_of, say, taken_elsewhere
from crm_desktop.views.kit.offers import outcome_words
from crm_desktop.views.panes.inbox.entry import Entry, Group, kind_words
from crm_desktop.views.panes.inbox.read import Contents, Decided

SHOWN_MAX = 1000
"""Entries in the list; the export holds all."""


class Sort(StrEnum):
    """What an entry of the history is about."""

    CONFLICT = "conflict"
    OFFER = "offer"
    REFUSED = "refused"
    STEP = "step"


class Act(StrEnum):
    """What was decided, or became of it."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"
    OTHER = "other"
    DELETED = "deleted"
    KEPT = "kept"
    RESENT = "resent"
    DISCARDED = "discarded"
    TAKEN_BACK = "taken_back"
    OFFERED = "offered"
    SENT = "sent"


@dataclass(frozen=True)
class Past:
    """One entry: when, what about, and by whom it can be found. `fields` and `people` in words."""

    at: str
    sort: Sort
    act: Act
    kind: str
    fields: tuple[str, ...]
    people: tuple[str, ...]
    entry: Entry


@dataclass(frozen=True)
class PastFilter:
    """What is to be shown; "" and 0 leave out nothing. `days`: so many days back, today the
    first."""

    sort: str = ""
    act: str = ""
    kind: str = ""
    field: str = ""
    person: str = ""
    days: int = 0

    def takes(self, past: Past, today: dt.date) -> bool:
        """Whether an entry is to be shown."""
        if self.days:
            moment = moment_in(past.at)
            if moment is None or (today - moment.astimezone().date()).days >= self.days:
                return False
        return (
            self.sort in ("", past.sort)
            and self.act in ("", past.act)
            and self.kind in ("", past.kind)
            and (not self.field or self.field in past.fields)
            and (not self.person or self.person in past.people)
        )


def sort_names() -> Mapping[Sort, str]:
    """What entries are about, in words."""
    return {
        Sort.CONFLICT: tr("Conflicts"),
        Sort.OFFER: tr("Hand-overs"),
        Sort.REFUSED: tr("Refused work"),
        Sort.STEP: tr("Own steps"),
    }


def act_names() -> Mapping[Act, str]:
    """What was decided, in words."""
    return {
        Act.MINE: tr("mine taken"),
        Act.THEIRS: tr("theirs taken"),
        Act.BOTH: tr("both kept"),
        Act.OTHER: tr("another value"),
        Act.DELETED: tr("record deleted"),
        Act.KEPT: tr("record kept"),
        Act.RESENT: tr("sent again"),
        Act.DISCARDED: tr("discarded"),
        Act.TAKEN_BACK: tr("taken back"),
        Act.OFFERED: tr("offered"),
        Act.SENT: tr("sent and confirmed"),
    }


def past_of(contents: Contents) -> tuple[Past, ...]:
    """All that was read of what is behind, the latest first."""
    found = [*map(_resolved, contents.decided)]
    found += [_settled(row, contents.me) for row in contents.settled]
    return tuple(sorted(found, key=lambda past: past.at, reverse=True))


def groups_of(found: Iterable[Past]) -> Iterator[Group]:
    """By day, as many as are shown."""
    days: dict[str, list[Entry]] = {}
    for n, past in enumerate(found):
        if n == SHOWN_MAX:
            break
        days.setdefault(day_of(past.at), []).append(past.entry)
    for day, entries in days.items():
        yield Group(day, tuple(entries))


def act_of(decision: Decision) -> Act:
    """What a decided conflict was decided to."""
    result = decision.conflict.resolution
    if decision.conflict.field == DELETED:
        return Act.DELETED if result is True else Act.KEPT
    if any(side.value == result for side in decision.mine):
        return Act.MINE
    if any(side.value == result for side in decision.theirs):
        return Act.THEIRS
    # Both texts stand in the order of whoever kept them: his side came last.
    both = (decision, _from_the_other_side(decision))
    kept = any(taken_elsewhere(one, Taken.BOTH) == (result,) for one in both)
    return Act.BOTH if kept else Act.OTHER


def _from_the_other_side(decision: Decision) -> Decision:
    return replace(
        decision,
        mine=tuple(replace(side, is_mine=True) for side in decision.theirs),
        theirs=tuple(replace(side, is_mine=False) for side in decision.mine),
    )


def _resolved(row: Decided) -> Past:
    decision = row.decision
    conflict = decision.conflict
    said = " ".join(say(decision, conflict.resolution).split())
    second = tr("{label}: {value} · {by}", label=decision.label, value=said, by=row.by)
    is_offer = conflict.why == Why.HANDOVER
    entry = Entry(
        f"d/{conflict.id}", "orphaned" if is_offer else "conflict", "ink3",
        row.title or kind_words(conflict.kind), second, day_of(conflict.resolved_at), row, {},
    )  # fmt: skip
    people = dict.fromkeys((row.by, *(x.who for x in decision.sides if x.author)))
    return Past(
        conflict.resolved_at, Sort.OFFER if is_offer else Sort.CONFLICT, act_of(decision),
        conflict.kind, (decision.label,), tuple(people), entry,
    )  # fmt: skip


def _settled(row: SettledRow, me: str) -> Past:
    act, sort = _became(row)
    state = state_words(row)
    icons = {Act.DISCARDED: "close", Act.TAKEN_BACK: "undo", Act.RESENT: "rejected"}
    title = "" if row.title in row.label else row.title  # of a step about many, the label has none
    second = " · ".join(filter(None, (kind_words(row.kind), title, state)))
    entry = Entry(
        f"h/{row.cs_id}",
        icons.get(act, "check"),
        "ink3",
        row.label,
        second,
        day_of(row.at),
        row,
        {},
    )
    fields = tuple(_labels(row))
    return Past(row.settled_at or row.at, sort, act, row.kind, fields, (me,), entry)


def _labels(row: SettledRow) -> Iterator[str]:
    entity = CATALOG.get(row.kind)
    for name in row.fields:
        if entity is not None and name in entity.by_name:
            yield tr(entity.by_name[name].label)


def state_words(row: SettledRow) -> str:
    """What became of a step, in a few words."""
    if row.offered and row.state == "confirmed":
        return outcome_words(row.offered)
    if row.undone:
        return tr("taken back")
    if row.was_resent:
        return tr("refused, sent again")
    if row.state == "discarded":
        return tr("refused, discarded") if row.code else tr("discarded here")
    return tr("sent and confirmed")


def _became(row: SettledRow) -> tuple[Act, Sort]:
    sort = Sort.REFUSED if row.code and not row.undone else Sort.STEP
    if row.offered and row.state == "confirmed":
        return Act.OFFERED, Sort.OFFER
    if row.undone:
        return Act.TAKEN_BACK, sort
    if row.was_resent:
        return Act.RESENT, Sort.REFUSED
    return (Act.DISCARDED if row.state == "discarded" else Act.SENT), sort
