"""Every kind travels between two devices of one user, over the server that ships."""

from crm_core.changes import Change, Op, difference
from crm_core.entity import Entity
from crm_core.ids import RecordId
from crm_server.load import load
from tests.conformance.company import LEA, Company, Device, a_step_on, typed, whole
from tests.conformance.kinds import every_editable_kind, every_kind, every_writable_kind

STAMPED = ("updated_at", "updated_by")
"""What a load writes by itself where a record is there already."""


@every_writable_kind
def test_a_record_made_on_one_device_arrives_on_the_other(
    entity: Entity, company: Company, laptop: Device, other_laptop: Device
) -> None:
    values = company.fresh(entity)
    record_id = laptop.insert(entity, values)
    laptop.synchronise()
    other_laptop.synchronise()
    arrived = other_laptop.row(entity, record_id)
    assert arrived is not None
    assert typed(entity, arrived.values) == typed(entity, values)
    assert arrived == laptop.row(entity, record_id)


@every_writable_kind
def test_what_its_author_sees_at_once_is_what_the_server_makes_of_it(
    entity: Entity, company: Company, laptop: Device
) -> None:
    """Apart from the number, which only the server can issue, and the moments of its clock."""
    record_id = laptop.insert(entity, company.fresh(entity))
    preview = laptop.row(entity, record_id)
    laptop.synchronise()
    confirmed = laptop.row(entity, record_id)
    assert preview is not None
    assert confirmed is not None
    assert preview.pending
    assert not confirmed.pending
    assert without_number(entity, confirmed.values) == without_number(entity, preview.values)


@every_editable_kind
def test_an_edit_of_every_field_on_the_other_device_comes_back(
    entity: Entity, company: Company, laptop: Device, other_laptop: Device
) -> None:
    record_id = shared(entity, company, laptop, other_laptop)
    held = other_laptop.row(entity, record_id)
    assert held is not None
    wanted = company.fresh(entity)
    step = a_step_on(entity, {**held.values, **wanted})
    wanted.update(step)
    assert bool(step) == (entity.state_field is not None)
    other_laptop.write(*difference(entity, record_id, held.values, wanted, held.seq))
    other_laptop.synchronise()
    laptop.synchronise()
    back = laptop.row(entity, record_id)
    assert back is not None
    assert typed(entity, back.values) == typed(entity, wanted)


@every_editable_kind
def test_a_record_deleted_on_the_other_device_disappears(
    entity: Entity, company: Company, laptop: Device, other_laptop: Device
) -> None:
    record_id = shared(entity, company, laptop, other_laptop)
    other_laptop.write(Change(entity.kind, record_id, Op.DELETE))
    other_laptop.synchronise()
    laptop.synchronise()
    gone = laptop.row(entity, record_id)
    assert gone is not None
    assert gone.deleted
    assert record_id not in laptop.listed(entity)


@every_editable_kind
def test_a_deleted_record_restored_comes_back_whole(
    entity: Entity, company: Company, laptop: Device, other_laptop: Device
) -> None:
    record_id = shared(entity, company, laptop, other_laptop)
    before = laptop.row(entity, record_id)
    assert before is not None
    other_laptop.write(Change(entity.kind, record_id, Op.DELETE))
    other_laptop.synchronise()
    other_laptop.write(Change(entity.kind, record_id, Op.RESTORE))
    other_laptop.synchronise()
    laptop.synchronise()
    back = laptop.row(entity, record_id)
    assert back is not None
    assert not back.deleted
    assert typed(entity, back.values) == typed(entity, before.values)


@every_kind
def test_what_it_changes_reaches_a_device_in_every_field(
    entity: Entity, company: Company, laptop: Device
) -> None:
    """Records loaded or changed by IT: the only way for kinds that nobody may write."""
    record_id = laptop.store.new_id()
    for _ in range(2):
        wanted = {x: y for x, y in company.fresh_whole(entity).items() if x not in STAMPED}
        load(company.service, [(entity.kind, record_id, wanted)], LEA)
        laptop.synchronise()
        row = laptop.row(entity, record_id)
        assert row is not None
        assert whole(entity, row.values) == whole(entity, {**row.values, **wanted})


def shared(entity: Entity, company: Company, one: Device, other: Device) -> RecordId:
    """A new record that both devices hold."""
    record_id = one.insert(entity, company.fresh(entity))
    one.synchronise()
    other.synchronise()
    return record_id


def without_number(entity: Entity, values: object) -> object:
    assert isinstance(values, dict)
    return {name: x for name, x in whole(entity, values).items() if name != "number"}
