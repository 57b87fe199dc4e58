"""The inbox's list in words: what stands under which tab and group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_core.files import is_picture
from crm_core.i18n import Message, tr_noop
from crm_core.merge import Why
from crm_core.problems import PROBLEMS, words_for
from crm_desktop.i18n import tr, tr_n, words
from crm_desktop.models.inbox import StuckRow
from crm_desktop.models.journal.offering import REFUSED
from crm_desktop.models.team_work import key_of
from crm_desktop.views.kit.choice import DELETED, Decision, day_of
from crm_desktop.views.kit.file_words import size_words, state_words
from crm_desktop.views.panes.inbox.entry import Entry, Group, Tab, kind_words
from crm_desktop.views.panes.inbox.past import groups_of, past_of
from crm_desktop.views.panes.inbox.queued import queue_groups
from crm_desktop.views.panes.inbox.read import (
    Apart,
    Contents,
    Dispute,
    Stuck,
    Travelling,
)
from crm_desktop.views.panes.inbox.team import TeamRefusal
from crm_desktop.views.panes.inbox.twins import Twin, acts_of


def groups(contents: Contents, tab: Tab) -> tuple[Group, ...]:
    """What a tab shows; empty groups are left out."""
    made = {Tab.WAITING: _waiting, Tab.HISTORY: _history, Tab.QUEUE: _queue}[tab](contents)
    return tuple(group for group in made if group.entries)


def _history(contents: Contents) -> Iterator[Group]:
    return groups_of(past_of(contents))


def counts(contents: Contents) -> Mapping[Tab, int]:
    """How much there is under each tab: of what waits, what needs this user."""
    return {
        Tab.WAITING: contents.waiting,
        Tab.HISTORY: contents.history_size,
        Tab.QUEUE: contents.queue.total + len(contents.files),
    }


def reason(row: StuckRow) -> Message:
    """Why own work lies here."""
    if row.state == "orphaned" and row.code == REFUSED:
        return words_for(REFUSED, {})
    if row.state in _REASONS:
        return Message(_REASONS[row.state])
    return words_for(row.code or "atomic.part", row.params, CATALOG.get(row.kind))


def stuck_title(row: StuckRow) -> str:
    """By what a person knows the record of stuck work."""
    return row.title or row.label or kind_words(row.kind)


def send_words(row: StuckRow) -> str:
    """How sending it again is called: with values in it, they can be put right first."""
    return tr("Fix and resend") if row.op in (Op.SET, Op.INSERT) else tr("Send again")


# What waits


def _waiting(contents: Contents) -> Iterator[Group]:
    names = {
        "rejected": tr("Rejected"),
        "held": tr("Drafts"),
        "orphaned": tr("Orphaned"),
        "offered": tr("Offered by you"),
    }
    mine = [row for row in contents.disputes if row.is_for_me]
    yield Group(tr("Conflicts"), tuple(_dispute(row) for row in mine if not row.is_offer))
    yield Group(tr("Offered to you"), tuple(_dispute(row) for row in mine if row.is_offer))
    for state, name in names.items():
        rows = (entry for entry in contents.stuck if entry.row.state == state)
        yield Group(name, tuple(map(_stuck, rows)))
    others = (row for row in contents.disputes if not row.is_for_me)
    yield Group(tr("Waiting for another person"), tuple(map(_dispute, others)))
    yield Group(tr("Refused to your team"), tuple(map(_of_team, contents.team)))
    yield Group(tr("Quarantine"), tuple(map(_quarantined, contents.quarantined)))
    yield Group(tr("Possible duplicates"), tuple(map(_twin, contents.twins)))


def _of_team(row: TeamRefusal) -> Entry:
    return Entry(
        f"r/{key_of(row.refusal)}", "rejected", "ink3", row.title, row.why,
        day_of(row.refusal.at), row, {},
    )  # fmt: skip


def _twin(twin: Twin) -> Entry:
    pair = twin.pair
    return Entry(
        f"t/{pair.kind}/{pair.one}/{pair.other}", "duplicate", "ink2" if twin.is_mine else "ink3",
        twin.titles[0] or kind_words(pair.kind), twin.second, "", twin, dict(acts_of(twin)),
    )  # fmt: skip


def _dispute(row: Dispute) -> Entry:
    at = max((x.conflict.arrived_at or x.conflict.current_at for x in row.decisions), default="")
    icon, tone = ("orphaned", "orphan") if row.is_offer else ("conflict", "warn")
    return Entry(
        f"c/{row.kind}/{row.record}", icon, tone if row.is_for_me else "ink3",
        row.title or kind_words(row.kind),
        " · ".join(_about(row)), day_of(at), row, {},
    )  # fmt: skip


def _about(row: Dispute) -> Iterator[str]:
    yield kind_words(row.kind)
    deleting = next((x for x in row.decisions if x.conflict.field == DELETED), None)
    if deleting is not None and row.is_offer:
        names = tr(", ").join(dict.fromkeys(side.who for side in deleting.theirs))
        yield tr("{name} wanted it deleted", name=names)
        return
    if deleting is not None:
        yield _deletion_words(deleting, gone=row.gone)
        return
    many = len(row.decisions)
    yield tr_n("{n} field", "{n} fields", many) if many > 1 else row.decisions[0].label
    if all(x.conflict.why == Why.UNIQUE for x in row.decisions):
        yield tr("taken already")
        return
    others = dict.fromkeys(side.who for x in row.decisions for side in x.theirs if side.when)
    if others:
        yield tr(", ").join(others)


def _deletion_words(decision: Decision, *, gone: bool) -> str:
    if not any(side.is_mine for side in decision.sides):
        return tr("one deleted it, another edited it")
    deletes = any(side.value is True for side in decision.mine)
    if deletes and not gone:
        return tr("deleted here, edited there")
    return tr("deleted there, edited here")


_STUCK = {
    "rejected": ("rejected", "bad"),
    "held": ("edit", "ink2"),
    "blocked": ("pause", "ink2"),
    "orphaned": ("orphaned", "orphan"),
    "offered": ("orphaned", "ink2"),
}


def _stuck(entry: Stuck) -> Entry:
    row = entry.row
    icon, tone = _STUCK[row.state]
    acts = {}
    if row.state == "rejected":
        acts = {
            "fix": send_words(row),
            "draft": tr("Keep as draft"),
            "discard": tr("Discard"),
        }
    if entry.can_offer:
        acts = {"offer": tr("Offer it"), "discard": tr("Discard")}
    second = words(reason(row))
    if row.state == "orphaned" and row.code != REFUSED:
        second = tr_n(
            "One of your values waits here", "{n} of your values wait here", len(row.mine)
        )
    return Entry(
        f"s/{row.cs_id}/{row.record}/{row.field}", icon, tone, stuck_title(row), second,
        day_of(row.at), entry, acts,
    )  # fmt: skip


def _quarantined(apart: Apart) -> Entry:
    row, kind = apart.row, kind_words(apart.row.kind)
    unread = tr("a version that cannot be read here")
    return Entry(
        f"q/{row.kind}/{row.id}", "shield", "ink2", apart.title or kind, f"{kind} · {unread}",
        day_of(row.at), apart, {"retry": tr("Try again")},
    )  # fmt: skip


# The queue


def _queue(contents: Contents) -> Iterator[Group]:
    yield from queue_groups(contents.queue)
    yield Group(tr("Files"), tuple(map(_file, contents.files)))


def _file(row: Travelling) -> Entry:
    file = row.under_way.file
    state = state_words(file.file, sparing=row.sparing)
    second = " · ".join(filter(None, (state, row.title)))
    icon = "camera" if is_picture(file.name) else "doc"
    icon, tone = ("rejected", "bad") if row.refused else (icon, "ink2")
    return Entry(
        f"f/{file.id}", icon, tone, file.name, second, size_words(file.size), row,
        {"retry": tr("Try again")} if row.refused else {},
    )  # fmt: skip


_REASONS: Mapping[str, str] = {
    "orphaned": tr_noop("The record went to somebody else before this was sent; it is kept here."),
    "blocked": tr_noop("It builds on work of yours that was refused."),
    "offered": PROBLEMS["offer.waits"],
}
