"""A fresh store for transfer tests, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import DeviceId, RecordId
from crm_desktop.models import journal, queries
from crm_desktop.models.store import Identity, Store, new_uuid7
from crm_desktop.transfer.exporting import flat_records
from crm_desktop.transfer.importing import Done, Outcome, Wish, import_file

NANCY = new_uuid7()


def new_store(folder: Path) -> Store:
    """An empty encrypted store."""
    identity = Identity(NANCY, "nancy", DeviceId(new_uuid7()), "acme", "http://127.0.0.1:1")
    return Store.create(folder / f"{new_uuid7()}.db", bytes(range(32)), identity)


def add(store: Store, kind: str, **values: Value) -> RecordId:
    """A record, entered as a person would."""
    change = Change(kind, store.new_id(), Op.INSERT, values)
    journal.commit(store, [change], label="Test")
    return change.id


def bring_in(store: Store, kind: str, file: Path, **wish: object) -> Done:
    """Import a file with the options of `Wish`."""
    made = Wish(file, **wish)  # pyright: ignore[reportArgumentType]  # options by name
    return import_file(store, CATALOG[kind], made, new_id=store.new_id)


def counts(done: Done) -> dict[str, int]:
    """The outcomes that occurred."""
    return {outcome.value: n for outcome, n in done.counts.items() if n}


def contents(store: Store, kind: str) -> dict[RecordId, Mapping[str, Value]]:
    """Every live record of a kind: what a person sees of it, times of change aside."""
    told = ("updated_at", "updated_by")
    with store.reader() as c:
        return {
            RecordId(str(record["id"])): {
                name: value for name, value in record.items() if not name.startswith(told)
            }
            for record in flat_records(c, CATALOG[kind])
        }


def value_of(store: Store, kind: str, record_id: RecordId, field: str) -> Value:
    """One value."""
    with store.reader() as c:
        row = queries.record(c, kind, record_id)
    assert row is not None
    return row.values.get(field)


__all__ = ["Outcome", "add", "bring_in", "contents", "counts", "new_store", "value_of"]
