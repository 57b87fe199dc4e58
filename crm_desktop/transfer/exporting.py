"""Writing records out: to a spreadsheet (.csv, UTF-8 with its mark) or to programs (.json)."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeAlias

from crm_core.entity import Entity
from crm_core.errors import UserProblem
from crm_core.fields import Field, Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.scope import parse_target
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row, Where
from crm_desktop.transfer.cells import guard, write_cell
from crm_desktop.transfer.columns import ID, LABEL_SUFFIX
from crm_desktop.writing import replaced

PAGE_ROWS = 1000

Flat: TypeAlias = "dict[str, Value]"
"""One record as one flat object: links as ids in FIELD, their words in FIELD_label."""


def export(c: Connection, entity: Entity, out: Path, where: Sequence[Where] = ()) -> int:
    """Write all records of a kind, or those that `where` leaves; how many they were."""
    writer = _WRITERS.get(out.suffix.lower())
    if writer is None:
        raise UserProblem(
            tr_noop(
                "Files of the form '{suffix}' cannot be written yet; name a file that ends in "
                ".csv or .json."
            ),
            suffix=out.suffix,
        )
    with replaced(out) as made, made.open("w", encoding="utf-8", newline="") as file:
        return writer(file, entity, flat_records(c, entity, where))


def flat_records(c: Connection, entity: Entity, where: Sequence[Where] = ()) -> Iterator[Flat]:
    """The records of a kind, in the kind's own order."""
    after = None
    while True:
        page = queries.page(c, entity.kind, where=where, after=after, limit=PAGE_ROWS)
        yield from flat(c, entity, page.rows)
        if not page.more:
            return
        after = page.last


def flat(c: Connection, entity: Entity, rows: Sequence[Row]) -> list[Flat]:
    """Rows as flat objects; the words of their links are read together."""
    titles = labels.titles(c, {ref for row in rows for ref in _links_of(entity, row)})

    def words(field: Field, value: Value) -> Value:
        members: Iterable[Value] = value if isinstance(value, list) else [value]
        target = field.link.target if field.link is not None else ""
        refs = [parse_target(target, member) for member in members]
        shown: list[Value] = [titles.get(ref, "") for ref in refs if ref is not None]
        return shown if isinstance(value, list) else shown[0] if shown else None

    made: list[Flat] = []
    for row in rows:
        record: Flat = {ID: row.id}
        for field in entity.fields:
            record[field.name] = row.values.get(field.name)
            if field.link is not None:
                record[f"{field.name}{LABEL_SUFFIX}"] = words(field, row.values.get(field.name))
        made.append(record)
    return made


def _links_of(entity: Entity, row: Row) -> Iterator[tuple[str, RecordId]]:
    for field in entity.references:
        value = row.values.get(field.name)
        for member in value if isinstance(value, list) else [value]:
            ref = parse_target(field.link.target if field.link is not None else "", member)
            if ref is not None:
                yield ref


def _write_csv(file: IO[str], entity: Entity, records: Iterable[Flat]) -> int:
    file.write("\ufeff")
    writer = csv.writer(file)
    columns = [ID]
    for field in entity.fields:
        columns.append(field.name)
        if field.link is not None:
            columns.append(f"{field.name}{LABEL_SUFFIX}")
    writer.writerow(columns)
    count = 0
    for record in records:
        writer.writerow([_cell(entity, name, record[name]) for name in columns])
        count += 1
    return count


def _cell(entity: Entity, name: str, value: Value) -> str:
    field = entity.by_name.get(name)
    if field is not None:
        return write_cell(field, value)
    words = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return guard(words)


def _write_json(file: IO[str], entity: Entity, records: Iterable[Flat]) -> int:
    """An array with one record a line, so that it can be written as it is read."""
    count = 0
    file.write("[")
    for record in records:
        file.write(",\n" if count else "\n")
        file.write(json.dumps(record, ensure_ascii=False))
        count += 1
    file.write("\n]\n")
    return count


_WRITERS: dict[str, Callable[[IO[str], Entity, Iterable[Flat]], int]] = {
    ".csv": _write_csv,
    ".json": _write_json,
}
