"""Which record a row of a file means: by its id, by the keys named, or by looking alike."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from typing_extensions import override

from crm_core.entity import Entity
from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_desktop.models import queries
from crm_desktop.models.connection import Connection

SCAN_ROWS = 5000

LIKENESS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "account": (("uscc",), ("name",)),
    "contact": (("full_name", "mobile"), ("full_name", "email"), ("full_name", "phone")),
    "tag": (("name",),),
}
"""What makes two records look like one: any of these groups of fields, all filled and equal.
Of the other kinds only rows that are equal in every column of the file look alike."""

_Key = tuple[str, ...]


class Index:
    """The live records of a kind by the words in some fields, and the rows that join them."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        self._known: dict[_Key, list[RecordId]] = {}

    def find(self, values: Mapping[str, Value]) -> list[RecordId]:
        """The records with these values; none where one of them is empty."""
        key = self._key(values)
        return [] if key is None else self._known.get(key, [])

    def add(self, record_id: RecordId, values: Mapping[str, Value]) -> None:
        """Let a record be found."""
        key = self._key(values)
        if key is not None:
            self._known.setdefault(key, []).append(record_id)

    def _key(self, values: Mapping[str, Value]) -> _Key | None:
        words = tuple(_plain(values.get(name)) for name in self.fields)
        return words if all(words) else None


class WholeRow(Index):
    """Rows that are equal in every column, empty ones included."""

    @override
    def _key(self, values: Mapping[str, Value]) -> _Key | None:
        words = tuple(_plain(values.get(name)) for name in self.fields)
        return words if any(words) else None


def likeness(entity: Entity, carried: Iterable[str]) -> list[Index]:
    """The ways in which a row of these columns may look like a record that is there."""
    names = sorted(carried)
    groups = LIKENESS.get(entity.kind)
    if groups is None:
        return [WholeRow(names)]
    return [Index(group) for group in groups if set(group) <= set(names)]


def fill(c: Connection, entity: Entity, indexes: Sequence[Index]) -> None:
    """Read the live records of a kind into the indexes, in one pass."""
    names = sorted({name for index in indexes for name in index.fields})
    if not names:
        return
    for row in _scan(c, entity, names):
        for index in indexes:
            index.add(row.id, row.values)


def the_one(found: Sequence[RecordId], keys: Sequence[str]) -> RecordId | None:
    """The record that the keys name; raises InvalidValue where they name several."""
    if len(found) > 1:
        raise InvalidValue(
            keys[0],
            tr_noop("Several records have this {keys}; name the one meant by its id."),
            keys=", ".join(keys),
        )
    return found[0] if found else None


def _scan(c: Connection, entity: Entity, names: Sequence[str]) -> Iterator[queries.Row]:
    after = None
    while True:
        page = queries.page(c, entity.kind, after=after, limit=SCAN_ROWS, fields=names)
        yield from page.rows
        if not page.more:
            return
        after = page.last


def _plain(value: Value) -> str:
    words = ",".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split())
