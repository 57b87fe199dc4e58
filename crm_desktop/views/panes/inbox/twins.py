"""Possible duplicates in the inbox: read with their names, and as rows of the list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models import duplicates
from crm_desktop.models.connection import Connection
from crm_desktop.models.duplicates import Pair
from crm_desktop.models.labels import titles
from crm_desktop.models.sql import blob, id_of
from crm_desktop.views.kit.likeness_words import why_words


@dataclass(frozen=True)
class Twin:
    """Two records that look like one, with their names. `is_mine`: this user answers for one of
    them, or made it; else a colleague does."""

    pair: Pair
    titles: tuple[str, str]
    is_mine: bool = True

    @property
    def second(self) -> str:
        """The other's name, where it is another one, and why the two look like one."""
        why = why_words(self.pair.why)
        return why if self.titles[0] == self.titles[1] else f"{self.titles[1]} · {why}"


def read_twins(connection: Connection, me: str) -> tuple[Twin, ...]:
    """What looks like one, the likeliest first."""
    found = duplicates.pairs(connection)
    named = titles(connection, {(pair.kind, x) for pair in found for x in pair.ids})
    own = {kind: _own(connection, kind, me) for kind in {pair.kind for pair in found}}
    return tuple(_twin(pair, named, own[pair.kind]) for pair in found)


def _twin(pair: Pair, named: Mapping[tuple[str, RecordId], str], own: Iterable[RecordId]) -> Twin:
    first, second = (named.get((pair.kind, x), "") for x in pair.ids)
    return Twin(pair, (first, second), bool({*own}.intersection(pair.ids)))


def _own(c: Connection, kind: str, me: str) -> frozenset[RecordId]:
    key = blob(me)
    if kind == "account":
        rows = c.rows("SELECT id FROM account WHERE owner = ? OR created_by = ?", (key, key))
    else:
        rows = c.rows(
            "SELECT id FROM contact WHERE created_by = ? UNION SELECT r.contact FROM"
            " account_contact r JOIN account a ON a.id = r.account WHERE a.owner = ?"
            " AND r.contact IS NOT NULL",
            (key, key),
        )
    return frozenset(id_of(one) for (one,) in rows)


def acts_of(_twin: Twin) -> Iterator[tuple[str, str]]:
    """The ways out that its row offers."""
    yield "apart", tr("Not the same")
