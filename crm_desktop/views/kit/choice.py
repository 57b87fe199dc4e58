"""A conflict's sides in words: what each says, who says it, when and from which device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from crm_core.catalog import CATALOG
from crm_core.fields import Field, Kind, Value
from crm_core.merge import DELETED, Why
from crm_core.text_keep import Piece, keep_all, marked
from crm_core.wall_time import moment_in
from crm_desktop.dates import near_day_words, near_moment_words
from crm_desktop.i18n import tr
from crm_desktop.models.inbox import ConflictRow, ParkedValue
from crm_desktop.views.kit.words import Titles, known_name, shown, values_in_words

__all__ = [
    "DELETED",
    "Decision",
    "Side",
    "Taken",
    "counterpart",
    "day_of",
    "kept_together",
    "pieces_of",
    "say",
    "say_base",
    "sides_of",
    "taken_elsewhere",
    "when_words",
]

_CHARACTERS_MAX = 1200


@dataclass(frozen=True)
class Side:
    """A value that somebody wants: whose it is in words, when, from which device. `author`: his id,
    "" where it is not known whose it is."""

    value: Value
    who: str
    when: str
    is_mine: bool
    device: str = ""
    author: str = ""


@dataclass(frozen=True)
class Decision:
    """One conflict's sides, ready to be shown."""

    conflict: ConflictRow
    field: Field | None
    label: str
    mine: tuple[Side, ...]
    theirs: tuple[Side, ...]
    titles: Titles

    @property
    def sides(self) -> tuple[Side, ...]:
        """All sides, mine first."""
        return (*self.mine, *self.theirs)

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is decided: the field, the fields judged together, or nothing that is typed."""
        entity = CATALOG.get(self.conflict.kind)
        members = entity.groups.get(self.conflict.field, ()) if entity is not None else ()
        if entity is not None and members:
            return tuple(entity.by_name[name] for name in members)
        return (self.field,) if self.field is not None else ()

    @property
    def is_text(self) -> bool:
        """Whether both sides can be kept: a long text."""
        return self.field is not None and self.field.kind is Kind.NOTE


class Taken(StrEnum):
    """What was decided, where it can be decided alike elsewhere."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"


def taken_elsewhere(decision: Decision, taken: Taken) -> tuple[Value] | None:
    """The result of the same decision about another conflict; None: it cannot be decided so."""
    if taken is Taken.BOTH:
        if not decision.is_text or not decision.mine or not decision.theirs:
            return None
        return ("".join(piece.text for piece in kept_together(decision, decision.sides)),)
    if not len(decision.mine) == len(decision.theirs) == 1:
        return None
    side = decision.mine[0] if taken is Taken.MINE else decision.theirs[0]
    return (side.value,)


def counterpart(decision: Decision) -> Side | None:
    """Who stands against this user, where that is one person who is known."""
    authors = {side.author for side in decision.theirs}
    return decision.theirs[0] if len(authors) == 1 and "" not in authors else None


def say_base(decision: Decision) -> str:
    """What both began with."""
    if decision.conflict.field == DELETED:
        return tr("The record was there")
    return say(decision, decision.conflict.base)


def say(decision: Decision, value: Value) -> str:
    """A value of a conflict as a person reads it."""
    if decision.conflict.field == DELETED:
        return _existence_words(decision, value)
    if isinstance(value, dict):  # fields that are judged together
        kind = decision.conflict.kind
        return values_in_words(kind, value, decision.titles) or tr("(empty)")
    if decision.field is None:
        return tr("(empty)") if value is None else str(value)[:_CHARACTERS_MAX]
    if decision.is_text and isinstance(value, str):
        return value[:_CHARACTERS_MAX] or tr("(empty)")
    return shown(decision.field, value, decision.titles)[:_CHARACTERS_MAX] or tr("(empty)")


def pieces_of(decision: Decision, side: Side) -> tuple[Piece, ...]:
    """A side's text with what it adds to the base marked; version 0 is mine, 1 is theirs."""
    if not decision.is_text or not isinstance(side.value, str) or not side.value:
        return (Piece(say(decision, side.value)),)
    version = 0 if side.is_mine else 1
    found = marked(_text(decision.conflict.base), side.value[:_CHARACTERS_MAX])
    return tuple(Piece(x.text, None if x.version is None else version) for x in found)


def kept_together(decision: Decision, sides: Sequence[Side]) -> tuple[Piece, ...]:
    """Several sides of a long text in one: what stands first; 0 marks mine, 1 theirs."""
    ordered = sorted(sides, key=lambda side: side.is_mine)
    found = keep_all(_text(decision.conflict.base), [_text(side.value) for side in ordered])
    return tuple(
        Piece(x.text, None if x.version is None else int(not ordered[x.version].is_mine))
        for x in found
    )


def sides_of(row: ConflictRow, me: str, titles: Titles) -> tuple[list[Side], list[Side]]:
    """Mine and theirs: what this user wrote against everything else; for anybody else the
    parked values stand as mine's counterpart (cli.md, `resolve`)."""
    if row.state == "resolved":
        return _sides_then(row, me, titles)
    parked = [_parked_side(x, me, titles) for x in row.parked]
    has_mine = any(side.is_mine for side in parked)
    is_offered = row.why == Why.HANDOVER  # what stands is the side of whoever has the record
    is_theirs = not is_offered and bool(row.current_by) and row.current_by != me
    current_is_mine = not has_mine and not is_theirs
    current = _current_side(row, me, titles, is_mine=current_is_mine)
    everything = [*parked, current]
    return (
        [side for side in everything if side.is_mine],
        [side for side in everything if not side.is_mine],
    )


def _sides_then(row: ConflictRow, me: str, titles: Titles) -> tuple[list[Side], list[Side]]:
    """The sides of a decided conflict, as they stood before the decision."""
    asked = [_parked_side(x, me, titles) for x in row.parked if not x.stood]
    stood = [_parked_side(x, me, titles) for x in row.parked if x.stood]
    if any(side.is_mine for side in asked):
        stood = [replace(side, is_mine=False) for side in stood]
    everything = [*asked, *stood]
    return (
        [side for side in everything if side.is_mine],
        [side for side in everything if not side.is_mine],
    )


def _parked_side(parked: ParkedValue, me: str, titles: Titles) -> Side:
    # A device's id says nothing to a person; only its name does.
    device = titles.get(f"device/{parked.device}", "")
    nobody = tr("then in force") if parked.stood else tr("somebody else")
    who = known_name(f"user/{parked.author}", titles) or device or nobody
    is_mine = parked.author == me
    return Side(parked.value, who, when_words(parked.at), is_mine, device, parked.author)


def _current_side(row: ConflictRow, me: str, titles: Titles, *, is_mine: bool) -> Side:
    """What stands. A row tells who touched it last, which need not be who wrote this field: where
    that cannot be, it says so until the server's history names him."""
    if row.why in (Why.UNIQUE, Why.HANDOVER):  # it is nobody's step against the other value
        return Side(row.current, tr("now in force"), "", is_mine)
    is_unsure = row.field == DELETED or (row.current_by == me and not is_mine)
    if is_unsure:
        return Side(row.current, tr("somebody else"), "", is_mine)
    who = known_name(f"user/{row.current_by}", titles) or tr("now in force")
    return Side(row.current, who, when_words(row.current_at), is_mine, author=row.current_by or "")


def when_words(instant: str) -> str:
    """A moment as "12 Oct 17:42", with the year where it is another one; "" for none."""
    moment = moment_in(instant) if instant else None
    return near_moment_words(moment.astimezone()) if moment else instant


def day_of(instant: str) -> str:
    """The day of a moment as "12 Oct", with the year where it is another one."""
    moment = moment_in(instant) if instant else None
    return near_day_words(moment.astimezone().date()) if moment else ""


def _existence_words(decision: Decision, value: Value) -> str:
    if value is True:
        return tr("Delete the record")
    if isinstance(value, dict):
        changes = values_in_words(decision.conflict.kind, value, decision.titles)
        return tr(
            "Keep the record, with these changes:\n{changes}", changes=changes or _names(value)
        )
    return tr("Keep the record")


def _names(value: Iterable[str]) -> str:
    return ", ".join(sorted(value))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
