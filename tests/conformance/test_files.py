"""Every kind goes into a spreadsheet and comes back the same."""

import csv
from pathlib import Path

from crm_core.entity import Entity
from crm_core.fields import Authority, Field, Value
from crm_core.ids import RecordId
from crm_desktop.models.store import new_uuid7
from crm_desktop.transfer.cells import read_cell, write_cell
from crm_desktop.transfer.exporting import export
from crm_desktop.transfer.importing import Done, Outcome, Wish, import_file
from crm_desktop.transfer.links import read_link
from tests.conformance.company import Company, Device, Values, typed
from tests.conformance.kinds import every_kind, every_writable_kind

RECORDS = 3


@every_kind
def test_every_exported_cell_reads_back_to_its_value(
    entity: Entity, laptop: Device, tmp_path: Path
) -> None:
    cells = exported(laptop, entity, tmp_path / "out.csv")
    rows = laptop.listed(entity)
    assert {RecordId(row["id"]) for row in cells} == set(rows)
    for row in cells:
        values = rows[RecordId(row["id"])].values
        for field in entity.fields:
            assert cell_value(laptop, field, row[field.name]) == values[field.name]


@every_writable_kind
def test_an_export_imported_elsewhere_makes_equal_cells(
    entity: Entity, company: Company, laptop: Device, other_laptop: Device, tmp_path: Path
) -> None:
    made = {laptop.insert(entity, values) for values in unlike_records(entity, company)}
    before = set(other_laptop.listed(entity))
    sent = exported(laptop, entity, tmp_path / "sent.csv")
    done = imported(other_laptop, entity, tmp_path / "sent.csv", mapping={"id": ""})
    assert set(done.left) == {x.name for x in entity.fields if x.authority is Authority.GRANTED}
    assert done.counts[Outcome.CREATED] == RECORDS, done.problems
    back = exported(other_laptop, entity, tmp_path / "back.csv")
    assert typed_cells(entity, [row for row in back if RecordId(row["id"]) not in before]) == (
        typed_cells(entity, [row for row in sent if RecordId(row["id"]) in made])
    )


@every_writable_kind
def test_an_export_imported_where_it_came_from_changes_nothing(
    entity: Entity, company: Company, laptop: Device, tmp_path: Path
) -> None:
    record_id = laptop.insert(entity, company.fresh(entity))
    before = laptop.row(entity, record_id)
    count = len(exported(laptop, entity, tmp_path / "out.csv"))
    done = imported(laptop, entity, tmp_path / "out.csv")
    assert done.counts == {Outcome.UNCHANGED: count}, done.problems
    assert done.batch == ""
    assert laptop.row(entity, record_id) == before


@every_writable_kind
def test_a_changed_cell_changes_just_its_field(
    entity: Entity, company: Company, laptop: Device, tmp_path: Path
) -> None:
    """Of a log no cell changes anything: each such row is refused."""
    values = company.fresh(entity)
    record_id = laptop.insert(entity, values)
    field = next(x for x in entity.editable if x.link is None and not x.machine)
    while (other := company.fresh(entity)[field.name]) == values[field.name]:
        pass
    rows = exported(laptop, entity, tmp_path / "out.csv")
    for row in rows:
        if row["id"] == record_id:
            row[field.name] = write_cell(field, other)
    written(rows, tmp_path / "changed.csv")
    done = imported(laptop, entity, tmp_path / "changed.csv")
    after = laptop.row(entity, record_id)
    assert after is not None
    changed = {} if entity.insert_only else {field.name: other}
    assert typed(entity, after.values) == typed(entity, {**values, **changed})
    assert done.counts[Outcome.ERROR if entity.insert_only else Outcome.UPDATED] == 1


def unlike_records(entity: Entity, company: Company) -> list[Values]:
    """Records that differ in what the file carries: equal ones would be taken for one."""
    there = [typed(entity, x) for (kind, _), x in company.loaded.items() if kind == entity.kind]
    made: list[Values] = []
    while len(made) < RECORDS:
        values = typed(entity, company.fresh(entity))
        if values not in [*made, *there]:
            made.append(values)
    return made


def exported(device: Device, entity: Entity, out: Path) -> list[dict[str, str]]:
    """The cells of an export by their columns."""
    with device.store.reader() as c:
        export(c, entity, out)
    with out.open(encoding="utf-8-sig", newline="") as file:
        return [*csv.DictReader(file)]


def written(rows: list[dict[str, str]], out: Path) -> None:
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


def imported(
    device: Device, entity: Entity, file: Path, mapping: dict[str, str] | None = None
) -> Done:
    wish = Wish(file, mapping=mapping or {})
    return import_file(device.store, entity, wish, new_id=new_uuid7)


def cell_value(device: Device, field: Field, text: str) -> Value:
    if field.link is None:
        return read_cell(field, text)
    with device.store.reader() as c:
        return read_link(c, field, text)


def typed_cells(entity: Entity, rows: list[dict[str, str]]) -> list[list[str]]:
    """The cells of what a person may type, in an order that ids do not decide."""
    return sorted([row[x.name] for x in entity.editable] for row in rows)
