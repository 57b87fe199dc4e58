"""What was refused to colleagues whom this user leads, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.problems import words_for
from crm_core.wire import Refusal
from crm_desktop.i18n import tr, words
from crm_desktop.models import queries, team_work
from crm_desktop.models.connection import Connection
from crm_desktop.views.kit.source import titles_of
from crm_desktop.views.kit.words import link_keys, link_name, shown


@dataclass(frozen=True)
class Wanted:
    """One field: what was wanted, and what stands now."""

    label: str
    wanted: str
    stands: str


@dataclass(frozen=True)
class TeamRefusal:
    """One refused change of a colleague. `is_here`: its record can be opened."""

    refusal: Refusal
    who: str
    title: str
    why: str
    values: tuple[Wanted, ...]
    is_here: bool


def read_team(connection: Connection, refusals: Sequence[Refusal]) -> tuple[TeamRefusal, ...]:
    """What waits for others, the latest first."""
    return tuple(_read(connection, x) for x in team_work.open_ones(connection, refusals))


def _read(c: Connection, refusal: Refusal) -> TeamRefusal:
    change, entity = refusal.change, CATALOG[refusal.change.kind]
    row = queries.record(c, change.kind, change.id)
    wanted = team_work.wanted_by(refusal)
    stands: Mapping[str, Value] = row.values if row is not None else dict[str, Value]()
    keys = {f"user/{refusal.author}"}
    for name, value in wanted.items():
        field = entity.by_name[name]
        keys.update((*link_keys(field, value), *link_keys(field, stands.get(name))))
    titles = titles_of(c, tuple(sorted(keys)))
    values = tuple(
        Wanted(
            tr(entity.by_name[name].label),
            shown(entity.by_name[name], value, titles) or "–",
            shown(entity.by_name[name], stands.get(name), titles) or "–",
        )
        for name, value in wanted.items()
    )
    title = entity.name_of(stands if row is not None else change.new) or tr(entity.label)
    who = link_name(f"user/{refusal.author}", titles)
    said = words(words_for(refusal.code, refusal.params, entity))
    why = tr("{who} was told: {why}", who=who, why=said)
    return TeamRefusal(refusal, who, title, why, values, row is not None)
