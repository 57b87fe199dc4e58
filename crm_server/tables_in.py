"""`crm-server load`: records of IT by external id, from CSV or JSON, with a report per row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from crm_core.catalog import entity_of
from crm_core.entity import Entity
from crm_core.errors import InvalidValue, UserProblem
from crm_core.fields import Authority, Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.ids import SYSTEM, RecordId, is_id
from crm_core.values import check, check_record, parse
from crm_server.load import LoadRow, load
from crm_server.rows import unique_form
from crm_server.service import Service
from crm_server.store import Tx

EXTERNAL = "ext_id"
ENCODINGS = ("utf-8-sig", "gb18030")
MARKS = (",", ";", "\t")
MISSING = "\0"
"""Stands for a cell that a row does not have; no value may hold it."""


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of one row of the file; `number` counts from 1."""

    number: int
    ext_id: str
    result: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of a file."""

    rows: tuple[RowReport, ...]

    def count(self, result: str) -> int:
        """How many rows had this result."""
        return sum(1 for row in self.rows if row.result == result)


def load_file(service: Service, kind: str, file: Path, *, dry_run: bool = False) -> LoadReport:
    """Load a file; a bad row costs itself only. Links name external ids, ids or logins. What was
    loaded before and is the same is left alone, so a file may be loaded again. `dry_run`: only say
    what would become of it."""
    entity = entity_of(kind)
    if EXTERNAL not in entity.by_name:
        raise UserProblem(tr_noop("'{kind}' has no external id to load by."), kind=kind)
    reports: list[RowReport] = []
    good: list[LoadRow] = []
    with service.store.read() as tx:
        known = Known(tx)
        ours = known.of(kind)
        first: dict[str, int] = {}
        for number, row in enumerate(read_rows(file, entity.by_name), 1):
            ext_id = str(row.get(EXTERNAL) or "").strip()
            try:
                values = _values(entity, row, known)
                _check_named_once(ext_id, first, number)
                record_id = ours.get(ext_id) or service.new_id()
                before = known.values(kind, record_id)
                _check_whole(entity, values, before)
                known.claim(entity, record_id, values)
            except UserProblem as problem:
                reports.append(RowReport(number, ext_id, "error", str(problem)))
                continue
            reports.append(RowReport(number, ext_id, _result(values, before)))
            good.append((kind, record_id, values))
    if not dry_run:
        load(service, good, SYSTEM)
    return LoadReport(tuple(reports))


def _check_named_once(ext_id: str, first: dict[str, int], number: int) -> None:
    """Of two rows for one record, each would take back the other at the next load."""
    if not ext_id:
        raise InvalidValue(EXTERNAL, tr_noop("The external id is missing."))
    if first.setdefault(ext_id, number) != number:
        raise InvalidValue(
            EXTERNAL, tr_noop("Row {row} has this external id already."), row=first[ext_id]
        )


def _result(values: Mapping[str, Value], before: Mapping[str, Value] | None) -> str:
    if before is None:
        return "created"
    same = all(before.get(name) == value for name, value in values.items())
    return "unchanged" if same else "updated"


def _check_whole(
    entity: Entity, values: Mapping[str, Value], before: Mapping[str, Value] | None
) -> None:
    for problem in check_record(entity, {**(before or {}), **values}):
        raise problem


def read_rows(file: Path, columns: Container[str]) -> Iterable[Mapping[str, object]]:
    """The rows of a CSV with a header line, or of a JSON array of objects. Between the cells of a
    CSV stands what makes most of the columns known: comma, semicolon or tab."""
    if not file.is_file():
        raise UserProblem(tr_noop("There is no file {file}."), file=str(file))
    text = _decoded(file)
    if file.suffix.lower() == ".json":
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UserProblem(tr_noop("{file} is not JSON."), file=str(file)) from error
        rows = cast("list[object]", found) if isinstance(found, list) else [None]
        if not all(isinstance(row, dict) for row in rows):
            raise UserProblem(tr_noop("{file} is not an array of objects."), file=str(file))
        return cast("list[Mapping[str, object]]", rows)
    return _lines_of(text, file, columns)


def _lines_of(text: str, file: Path, columns: Container[str]) -> Iterator[Mapping[str, object]]:
    csv.field_size_limit(max(len(text), csv.field_size_limit()))  # a long cell spoils its row only
    header = text.partition("\n")[0]
    try:
        mark = max(MARKS, key=lambda mark: _known_in(header, mark, columns))
        source = io.StringIO(text, newline="")
        yield from _table(csv.DictReader(source, delimiter=mark, restval=MISSING))
    except csv.Error as error:
        raise UserProblem(
            tr_noop("{file} is not a table ({detail})."), file=str(file), detail=str(error)
        ) from error


def _known_in(header: str, mark: str, columns: Container[str]) -> int:
    return sum(name.strip() in columns for name in next(csv.reader([header], delimiter=mark), ()))


def _table(reader: csv.DictReader[str]) -> Iterator[Mapping[str, object]]:
    """Rows by column. A cell that is missing, or one below no column, spoils its row."""
    for row in reader:
        below_none = cast("dict[str | None, list[str]]", row).pop(None, [])
        named = {name.strip(): cell for name, cell in row.items() if name.strip()}
        yield {**named, MISSING: MISSING} if any(below_none) else named


def _decoded(file: Path) -> str:
    raw = file.read_bytes()
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserProblem(tr_noop("{file} is neither UTF-8 nor GB18030."), file=str(file))


class Known:
    """What the store holds, by external id, read once a kind."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._ids: dict[str, dict[str, RecordId]] = {}
        self._values: dict[tuple[str, RecordId], Mapping[str, Value]] = {}
        self._unique: dict[tuple[str, str], dict[str, RecordId]] = {}

    def of(self, kind: str) -> dict[str, RecordId]:
        """External ids (and logins) of a kind."""
        if kind not in self._ids:
            found: dict[str, RecordId] = {}
            for record_id, body in self._tx.rows(
                "SELECT id, body::text FROM record WHERE kind = ? AND NOT deleted", (kind,)
            ):
                values = cast("dict[str, Value]", json.loads(body))
                self._values[(kind, record_id)] = values
                for name in (EXTERNAL, "login"):
                    if values.get(name):
                        found[str(values[name])] = RecordId(record_id)
            self._ids[kind] = found
        return self._ids[kind]

    def values(self, kind: str, record_id: RecordId) -> Mapping[str, Value] | None:
        """The values of a record read by `of`."""
        return self._values.get((kind, record_id))

    def claim(self, entity: Entity, record_id: RecordId, values: Mapping[str, Value]) -> None:
        """Take the unique values of a row. Raises InvalidValue where another record has one."""
        for field in entity.fields:
            form = unique_form(values.get(field.name)) if field.unique else ""
            if form and self._holders(entity, field.name).setdefault(form, record_id) != record_id:
                raise InvalidValue(
                    field.name, tr_noop("Another {kind} has this {name} already."),
                    kind=entity.kind, name=field.name,
                )  # fmt: skip

    def _holders(self, entity: Entity, name: str) -> dict[str, RecordId]:
        key = (entity.kind, name)
        if key not in self._unique:
            self.of(entity.kind)
            self._unique[key] = {
                unique_form(values[name]): record_id
                for (kind, record_id), values in self._values.items()
                if kind == entity.kind and values.get(name)
            }
        return self._unique[key]

    def link(self, field: Field, text: str) -> Value:
        """The value of a link that names an external id, a login or an id."""
        target = field.link.target if field.link else ""
        if not target:
            return parse(field, text)
        found = self.of(target).get(text)
        if found is None and is_id(text) and self.values(target, RecordId(text)) is not None:
            found = RecordId(text)
        if found is None:
            raise InvalidValue(
                field.name, tr_noop("'{text}' is no known {kind}."), text=text[:60], kind=target
            )
        return found


def _values(entity: Entity, row: Mapping[str, object], known: Known) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if MISSING in row.values():
        raise InvalidValue("", tr_noop("The row has more or fewer cells than the first one."))
    for name, cell in row.items():
        field = entity.by_name.get(name)
        if field is None:
            raise InvalidValue(
                name, tr_noop("'{kind}' has no field '{name}'."), kind=entity.kind, name=name[:60]
            )
        if field.authority is Authority.COMPUTED and name != "number":
            continue
        values[name] = _value(field, cell, known)
    return values


def _value(field: Field, cell: object, known: Known) -> Value:
    if isinstance(cell, str):
        if field.kind is Kind.LINK and cell.strip():
            return known.link(field, cell.strip())
        return parse(field, cell)
    value = cast("Value", cell)
    check(field, value)
    return value
