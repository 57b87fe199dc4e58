"""What became of offered work, for its author to be told once and to read in the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.ids import ChangeSetId
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.offering import ANY_OFFERED, WAITS
from crm_desktop.models.journal.rebase import fields_judged
from crm_desktop.models.store import Store
from crm_desktop.models.told import note_told, told
from crm_desktop.models.verdicts import parts_of

META_TOLD = "handing.told"
"""The ids of the offers of whose outcome a person was told, as JSON."""

_OFFER = "offer."


@dataclass(frozen=True, slots=True)
class Handed:
    """An offer of which all is decided: its words in the history, and for each field the code of
    what became of it (`crm_core.problems`)."""

    cs_id: ChangeSetId
    label: str
    codes: tuple[str, ...]


def codes_in(verdict: str | None) -> tuple[str, ...]:
    """What became of each field of an offer, as far as its verdict says."""
    return tuple(part.code for part in parts_of(verdict) if part.code.startswith(_OFFER))


def outcomes_in(verdict: str | None, index: int, kind: str) -> Mapping[str, str]:
    """What became of each field of one change of an offer; a group's members share one code."""
    return {
        name: part.code
        for part in parts_of(verdict)
        if part.index == index and part.code.startswith(_OFFER)
        for name in fields_judged(kind, part.field)
    }


def newly_handed(store: Store) -> tuple[Handed, ...]:
    """Offers that were decided, each told once; again only where it waited again meanwhile."""
    before = told(store, META_TOLD) or frozenset()
    with store.reader() as c:
        if not c.value(f"SELECT {ANY_OFFERED}"):
            return ()
        found = _decided(c)
    known = frozenset[str](one.cs_id for one in found)
    if known != before:
        note_told(store, META_TOLD, known)
    return tuple(one for one in found if one.cs_id not in before)


def _decided(c: Connection) -> tuple[Handed, ...]:
    rows = c.rows(
        "SELECT id, label, verdict FROM changeset WHERE state IN ('acked', 'confirmed')"
        " AND instr(coalesce(verdict, ''), ?) AND NOT instr(verdict, ?) ORDER BY n DESC",
        (f'"{_OFFER}', WAITS),
    )
    return tuple(Handed(ChangeSetId(key.hex()), label, codes_in(said)) for key, label, said in rows)
