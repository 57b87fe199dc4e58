"""The authoritative bulk loader: rows from IT, demo and generators, past judgement and merge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from crm_core.catalog import entity_of
from crm_core.directory import DIRECTORY_KINDS
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import RecordId, provisional_number
from crm_core.merge import Why
from crm_core.merging import taker_of
from crm_server.conflicts import Conflicts
from crm_server.merging import Merging
from crm_server.rows import LINKS, By, Key, targets, unique_form
from crm_server.scoping import settle_directory
from crm_server.service import Service
from crm_server.store import write_clock
from crm_server.work import Work

ROWS_PER_TRANSACTION = 5000

_NOTHING: Mapping[str, Value] = {}

LoadRow = tuple[str, RecordId, Mapping[str, Value]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many records a load made, changed and left as they were."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Loaded) -> Loaded:
        return Loaded(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
        )


def load(service: Service, rows: Iterable[LoadRow], actor: RecordId) -> Loaded:
    """Write (kind, id, values) as they are, parents first; also deletes where values are absent.

    Numbers, roots, keys, references, history of changed rows and the scope of users follow. An
    account without a team gets its owner's. A deleted record comes back. A unique value that
    another record has stands beside the field, as a conflict.
    """
    done = Loaded()
    for batch in _batches(rows):
        done += _load_batch(service, batch, actor)
    return done


def _batches(rows: Iterable[LoadRow]) -> Iterator[list[LoadRow]]:
    """Bounded batches; people and territories are settled before what hangs on them."""
    batch: list[LoadRow] = []
    for row in rows:
        turns = batch and (row[0] in DIRECTORY_KINDS) != (batch[-1][0] in DIRECTORY_KINDS)
        if turns or len(batch) >= ROWS_PER_TRANSACTION:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _load_batch(service: Service, batch: list[LoadRow], actor: RecordId) -> Loaded:
    with service.store.write() as (tx, clock):
        work = service.work(tx, clock)
        before = work.directory
        _prefetch(work, batch)
        by = By(actor, at=work.now)
        done = Loaded()
        conflicts = Conflicts(work)
        merging = Merging(work, conflicts)
        for kind, record_id, values in batch:
            entity = entity_of(kind)
            led = merging.led(entity, record_id, values)
            held = _held_by_others(work, entity, record_id, led)
            stays = _standing(work, entity, record_id, held)
            done += _load_row(work, entity, record_id, {**led, **stays}, by)
            for name, value in held.items():
                field = entity.by_name[name].judged_as
                conflicts.park((kind, record_id), field, Why.UNIQUE, stays[name], value, by)
        work.flush()
        if work.seq == clock.seq:
            return done
        settled = replace(clock, seq=work.seq)
        if work.touches_directory:
            settled = settle_directory(service, tx, settled, before)
        write_clock(tx, settled)
        return done


def _prefetch(work: Work, batch: list[LoadRow]) -> None:
    work.prefetch((kind, record_id) for kind, record_id, _ in batch)
    new = [record_id for kind, record_id, _ in batch if work.rows[(kind, record_id)] is None]
    work.prefetch_children(new)
    above: list[Key] = []
    contacts: list[RecordId] = []
    for kind, _, values in batch:
        entity = entity_of(kind)
        for field in entity.root_links:
            above.extend(targets(entity, field.name, values.get(field.name)))
        if kind == "account_contact" and values.get("contact"):
            contacts.append(RecordId(str(values["contact"])))
    above.extend(("contact", contact) for contact in contacts)
    work.prefetch(above)
    work.prefetch_children(contacts)
    work.prefetch_holders(
        (kind, name, unique_form(values[name]))
        for kind, _, values in batch
        for name in LINKS[kind].unique & values.keys()
    )


def _held_by_others(
    work: Work, entity: Entity, record_id: RecordId, values: Mapping[str, Value]
) -> Mapping[str, Value]:
    """The unique values of a row that another record has, and those of a record that comes back."""
    old = work.row(entity.kind, record_id)
    wanted = values
    if old is not None and old.deleted:
        wanted = _NOTHING if taker_of(old.values) else {**old.values, **values}
    return {
        name: wanted[name]
        for name in sorted(LINKS[entity.kind].unique)
        if work.taken_by((entity.kind, record_id), name, wanted.get(name))
    }


def _standing(
    work: Work, entity: Entity, record_id: RecordId, names: Iterable[str]
) -> Mapping[str, Value]:
    """What a record has in some fields as long as it is not deleted."""
    old = work.row(entity.kind, record_id)
    values = old.values if old is not None and not old.deleted else _NOTHING
    return {name: values.get(name) for name in names}


def _load_row(
    work: Work, entity: Entity, record_id: RecordId, values: Mapping[str, Value], by: By
) -> Loaded:
    old = work.row(entity.kind, record_id)
    if old is not None and old.deleted and taker_of(old.values):
        return Loaded(unchanged=1)  # merged: what IT's list repeats does not bring it back
    if old is not None:
        changed = {name: x for name, x in values.items() if old.values.get(name) != x}
        if not changed and not old.deleted:
            return Loaded(unchanged=1)
        work.put(entity, record_id, {**changed, **by.updated}, by)
        return Loaded(updated=1)
    said = {name: x for name, x in values.items() if x is not None}
    made = {**by.created, **by.updated, **said}
    if entity.kind == "account" and "team" not in made:
        team = work.directory.team_of(RecordId(str(made.get("owner") or "")))
        if team:
            made["team"] = team
    if entity.number_prefix:
        made.setdefault("provisional_number", provisional_number(entity.number_prefix, record_id))
        if "number" not in made:
            made["number"] = work.issue_number(entity)
    work.put(entity, record_id, made, by, logged=False)
    return Loaded(created=1)
