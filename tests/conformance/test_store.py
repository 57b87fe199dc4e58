"""Every field of every kind survives the local store."""

import pytest
from msgspec.structs import replace

from crm_core.changes import Change, Op, difference
from crm_core.entity import Entity, default_of
from crm_core.errors import UserProblem
from crm_desktop.models.queries import Row
from tests.conformance.company import Company, Device, typed, whole
from tests.conformance.kinds import ENTITIES, every_editable_kind, every_kind, every_writable_kind


@every_kind
def test_what_the_server_holds_arrives_in_every_field(
    entity: Entity, company: Company, laptop: Device
) -> None:
    """The fields that only the office decides included; in the list as on the record's page."""
    listed = laptop.listed(entity)
    held = {key: values for (kind, key), values in company.loaded.items() if kind == entity.kind}
    assert held
    for record_id, values in held.items():
        row = laptop.row(entity, record_id)
        assert row is not None
        assert row == _without_key(listed[record_id])
        expected = whole(entity, {**row.values, **values})
        assert whole(entity, row.values) == expected


@every_writable_kind
def test_every_value_written_is_read_again(
    entity: Entity, company: Company, laptop: Device
) -> None:
    values = company.fresh(entity)
    assert {x.name for x in entity.editable} == set(values), "a field goes untested"
    record_id = laptop.insert(entity, values)
    for _ in range(2):
        row = laptop.row(entity, record_id)
        assert row is not None
        assert typed(entity, row.values) == typed(entity, values)
        assert laptop.listed(entity)[record_id].values == row.values
        laptop.reopen()


@every_editable_kind
def test_every_optional_field_can_be_emptied(
    entity: Entity, company: Company, laptop: Device
) -> None:
    values = company.fresh(entity)
    record_id = laptop.insert(entity, values)
    row = laptop.row(entity, record_id)
    assert row is not None
    optional = [x for x in entity.editable if not x.required and not x.machine]
    empty = {x.name: default_of(x) for x in optional}
    laptop.write(*difference(entity, record_id, row.values, empty, row.seq))
    laptop.reopen()
    emptied = laptop.row(entity, record_id)
    assert emptied is not None
    assert typed(entity, emptied.values) == typed(entity, {**values, **empty})


@pytest.mark.parametrize(
    "entity", [x for x in ENTITIES if x.read_only], ids=lambda entity: entity.kind
)
def test_what_it_loads_cannot_be_written_here(
    entity: Entity, company: Company, laptop: Device
) -> None:
    change = Change(entity.kind, laptop.store.new_id(), Op.INSERT, company.fresh(entity))
    with pytest.raises(UserProblem):
        laptop.write(change)


def _without_key(row: Row) -> Row:
    """A listed row without its place in the list, which a single record has not."""
    return replace(row, key=None)
