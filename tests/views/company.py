"""A store with a company in it, as a first synchronisation would leave it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.ids import DeviceId, RecordId
from crm_core.scope import roots_of
from crm_core.wire import End, Page, WireRow
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Identity, Store, new_uuid7

KEY = bytes(range(32))
NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
Rows = Iterable[tuple[str, RecordId, Mapping[str, Value]]]


def make_store(folder: Path, rows: Rows = (), *, user: RecordId | None = None) -> Store:
    """A new store of Nancy's with these rows, in step with its server."""
    me = user or new_uuid7()
    identity = Identity(me, "nancy", DeviceId(new_uuid7()), "northwind", "http://127.0.0.1:9")
    store = Store.create(folder / "crm-1.db", KEY, identity, clock=lambda: NOW)
    receive(store, rows)
    return store


def receive(store: Store, rows: Rows) -> None:
    """Take rows as a pull brings them."""
    outbox = Outbox(store)
    seq = outbox.state().cursor
    items: list[Any] = []
    known: dict[tuple[str, RecordId], tuple[RecordId, ...]] = {}
    for kind, group in groupby(rows, key=lambda row: row[0]):
        wire = []
        for _, record_id, values in group:
            seq += 1
            stamped = {"created_at": "2026-01-05T08:00:00Z", "updated_at": "2026-11-02T08:00:00Z"}
            roots = _roots(kind, record_id, values, known)
            wire.append(WireRow(record_id, seq, {**values, **stamped}, roots))
        items.append(Page(kind, tuple(wire)))
    outbox.finish(items, End(seq, 0, 0))


def _roots(
    kind: str, record_id: RecordId, values: Mapping[str, Value],
    known: dict[tuple[str, RecordId], tuple[RecordId, ...]],
) -> tuple[RecordId, ...]:  # fmt: skip
    """As the server names them; an account is its own."""

    def above(kind_above: str, id_above: RecordId) -> tuple[RecordId, ...]:
        own = (id_above,) if kind_above == "account" else ()
        return known.get((kind_above, id_above), own)

    found = known[kind, record_id] = tuple(
        sorted(roots_of(CATALOG[kind], record_id, values, above))
    )
    return () if found == (record_id,) else found


def people(
    me: RecordId, *others: tuple[RecordId, str]
) -> list[tuple[str, RecordId, dict[str, Value]]]:
    """User rows: this user and colleagues."""
    named = [(me, "Nancy Davolio"), *others]
    return [
        ("user", user, {"login": name.split()[0].lower(), "name": name}) for user, name in named
    ]
