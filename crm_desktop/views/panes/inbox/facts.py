"""What happened to a record in conflict: who changed how much and when, and what merged by itself.

Own steps are known here; the others' come from the server's history where it answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merge import Why
from crm_core.wire import HistoryEntry
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models import inbox_facts, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox_facts import OwnStep
from crm_desktop.views.kit.choice import DELETED, Decision, Side, when_words
from crm_desktop.views.kit.source import titles_of
from crm_desktop.views.kit.words import Titles
from crm_desktop.views.panes.inbox.read import Dispute

_HIDDEN = frozenset(("updated_at", "updated_by", "created_at", "created_by"))


@dataclass(frozen=True)
class Facts:
    """What is known here around the conflicts of one record."""

    grade: str = ""
    owner: str = ""
    steps: tuple[OwnStep, ...] = ()


@dataclass(frozen=True)
class Event:
    """One line of what happened."""

    icon: str
    who: str
    what: str
    at: str


def read_facts(connection: Connection, dispute: Dispute) -> Facts:
    """The record's grade and owner, and the own steps that led here."""
    record = RecordId(dispute.record)
    row = queries.record(connection, dispute.kind, record)
    values: Mapping[str, Value] = row.values if row is not None else {}
    key = f"user/{values.get('owner') or ''}"
    owner = titles_of(connection, (key,)).get(key, "")
    cs_ids = [parked.cs_id for x in dispute.decisions for parked in x.conflict.parked]
    steps = inbox_facts.own_steps(connection, dispute.kind, record, cs_ids)
    return Facts(str(values.get("grade") or ""), owner, steps)


def merged_quietly(
    dispute: Dispute, facts: Facts, history: Sequence[HistoryEntry]
) -> tuple[str, ...]:
    """The labels of the fields that both steps changed and nobody was asked about."""
    entity = CATALOG.get(dispute.kind)
    if entity is None or any(_is_about_all(x) for x in dispute.decisions):
        return ()
    asked = {decision.conflict.field for decision in dispute.decisions}
    names = [name for step in facts.steps for name in step.fields]
    names += [entry.field for entry in _theirs(dispute, history)]
    return tuple(
        tr(entity.by_name[name].label)
        for name in dict.fromkeys(names)
        if name in entity.by_name
        and name not in _HIDDEN
        and entity.by_name[name].judged_as not in asked
    )


def events(dispute: Dispute, facts: Facts, history: Sequence[HistoryEntry]) -> tuple[Event, ...]:
    """What happened, the latest first."""
    found = [_arrival(dispute)]
    counts = _counts(dispute, facts, history)
    for side, count in _sides(dispute.decisions, counts):
        what = tr_n("One field changed", "{n} fields changed", count)
        if side.value is True and dispute.decisions[0].conflict.field == DELETED:
            what = tr("Deleted the record")
        place = f"{what} · {side.device}" if side.device else what
        found.append(Event("laptop" if side.is_mine else "monitor", side.who, place, side.when))
    agreed = _agreed_at(dispute, history)
    if agreed:
        words = tr("Both devices had the same values")
        found.append(Event("check", tr("In agreement"), words, when_words(agreed)))
    return tuple(found)


def _arrival(dispute: Dispute) -> Event:
    at = when_words(max((x.conflict.arrived_at for x in dispute.decisions), default=""))
    if all(x.conflict.why == Why.UNIQUE for x in dispute.decisions):
        what = tr("Another record has this value: choose another one, or do without it.")
        return Event("conflict", tr("Taken already"), what, at)
    if dispute.is_offer:
        names = tr(", ").join(dict.fromkeys(one.who for x in dispute.decisions for one in x.theirs))
        what = tr("{name} had typed it before the record left their sight", name=names)
        return Event("orphaned", tr("Offered"), what, at)
    what = tr("The server kept both and asks you")
    if not dispute.is_for_me:
        asked = tr(", ").join(dict.fromkeys(x.theirs[0].who for x in dispute.decisions if x.theirs))
        what = tr("The server kept both and asks {name}", name=asked)
    return Event("conflict", tr("Both arrived"), what, at)


def _is_about_all(decision: Decision) -> bool:
    """Whether the question is not what two people made of one field."""
    return decision.conflict.field == DELETED or decision.conflict.why == Why.UNIQUE


def named(
    connection: Connection, dispute: Dispute, history: Sequence[HistoryEntry], me: str
) -> Dispute:
    """The dispute with who, when and where of what stands, as the server's history has it."""
    keys = {f"user/{x.by}" for x in history} | {f"device/{x.device}" for x in history}
    titles = titles_of(connection, tuple(sorted(keys)))
    latest: dict[str, HistoryEntry] = {}
    for entry in history:
        if entry.seq >= _seq(latest.get(entry.field)):
            latest[entry.field] = entry
    decisions = tuple(_named(x, latest, titles, me) for x in dispute.decisions)
    return replace(dispute, decisions=decisions)


def _named(
    decision: Decision, latest: Mapping[str, HistoryEntry], titles: Titles, me: str
) -> Decision:
    names = [field.name for field in decision.fields] or [decision.conflict.field]
    entry = max((latest[x] for x in names if x in latest), key=_seq, default=None)
    parked = sum(one.author != me for one in decision.conflict.parked)
    who = titles.get(f"user/{entry.by}", "") if entry is not None else ""
    if entry is None or not who or len(decision.theirs) == parked:
        return decision  # nobody knows, or what stands is mine as it is
    *others, current = decision.theirs
    device = titles.get(f"device/{entry.device}", "")
    side = replace(current, who=who, when=when_words(entry.at), device=device)
    conflict = replace(decision.conflict, current_by=entry.by)
    if entry.by == me and not decision.mine:
        mine = (replace(side, is_mine=True),)
        return replace(decision, mine=mine, theirs=tuple(others), conflict=conflict)
    return replace(decision, theirs=(*others, side), conflict=conflict)


def _counts(dispute: Dispute, facts: Facts, history: Sequence[HistoryEntry]) -> Mapping[bool, int]:
    """How many fields each side changed in the steps that led here, by "is mine"."""
    asked = len(dispute.decisions)
    mine = {name for step in facts.steps for name in step.fields}
    theirs = {entry.field for entry in _theirs(dispute, history)} - _HIDDEN
    return {True: max(len(mine), asked), False: max(len(theirs), asked)}


def _sides(decisions: Iterable[Decision], counts: Mapping[bool, int]) -> list[tuple[Side, int]]:
    found: dict[tuple[bool, str], tuple[Side, int]] = {}
    for decision in decisions:
        is_alone = decision.conflict.why in (Why.UNIQUE, Why.HANDOVER)
        told = (x for x in decision.sides if not is_alone or x.value != decision.conflict.current)
        for side in told:
            found.setdefault((side.is_mine, side.who), (side, counts[side.is_mine]))
    return list(found.values())


def _theirs(dispute: Dispute, history: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """All entries of the steps by which others wrote the values that stand."""
    wanted = {(x.conflict.field, x.conflict.current_by) for x in dispute.decisions}
    latest: dict[str, HistoryEntry] = {}
    for entry in history:
        if (entry.field, entry.by) in wanted and entry.seq >= _seq(latest.get(entry.field)):
            latest[entry.field] = entry
    steps = {entry.cs_id for entry in latest.values() if entry.cs_id}
    return [entry for entry in history if entry.cs_id in steps]


def _agreed_at(dispute: Dispute, history: Sequence[HistoryEntry]) -> str:
    """When the version was written on which both built: the last before either of them."""
    sides = _theirs(dispute, history)
    first = min((entry.seq for entry in sides), default=0)
    return max((x.received_at or x.at for x in history if x.seq < first), default="")


def _seq(entry: HistoryEntry | None) -> int:
    return entry.seq if entry is not None else 0
