"""Drafts: what stands in a form that was not saved yet, kept over a crash and a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.fields import Value, values_in
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import to_json
from crm_desktop.models.store import Store


@dataclass(frozen=True, slots=True)
class DraftRow:
    """The unsaved values of one form; `id` "" stands for a new record."""

    kind: str
    id: str
    values: Mapping[str, Value]
    at: str


def save(store: Store, kind: str, record_id: str, values: Mapping[str, Value]) -> None:
    """Keep a form's values, replacing what was kept of it."""
    with store.writing() as c:
        c.run(
            "INSERT INTO draft (kind, id, body, at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT(kind, id) DO UPDATE SET body=excluded.body, at=excluded.at",
            (kind, record_id, to_json({**values}), store.now()),
        )


def load(c: Connection, kind: str, record_id: str) -> DraftRow | None:
    """What is kept of a form."""
    row = c.one("SELECT body, at FROM draft WHERE kind = ? AND id = ?", (kind, record_id))
    return DraftRow(kind, record_id, values_in(row[0]), row[1]) if row is not None else None


def drafts(c: Connection) -> tuple[DraftRow, ...]:
    """All drafts, the newest first."""
    rows = c.rows("SELECT kind, id, body, at FROM draft ORDER BY at DESC")
    return tuple(DraftRow(kind, key, values_in(body), at) for kind, key, body, at in rows)


def drop(store: Store, kind: str, record_id: str) -> None:
    """Forget a form's values: they were saved, or thrown away on purpose."""
    with store.writing() as c:
        c.run("DELETE FROM draft WHERE kind = ? AND id = ?", (kind, record_id))
