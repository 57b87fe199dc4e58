"""Labels: the words by which people know a record, and the records they mean by such words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crm_core.catalog import CATALOG, entity_of
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import (
    blob,
    id_of,
    is_blob_link,
    layout,
    like_escaped,
    quoted,
    sort_term,
)

LABELS_MAX = 20
"""Records that the same words may name: enough to see that they are several."""

_NAMES = ("name", "number", "provisional_number", "login", "code", "ext_id", "email")


def title(c: Connection, kind: str, record_id: RecordId) -> str:
    """The words by which a person knows a record; "" where it is not here."""
    return titles(c, ((kind, record_id),)).get((kind, record_id), "")


def titles(
    c: Connection, refs: Iterable[tuple[str, RecordId]]
) -> Mapping[tuple[str, RecordId], str]:
    """The titles of many records; those that are not here are left out."""
    by_kind: dict[str, list[RecordId]] = {}
    for kind, record_id in refs:
        by_kind.setdefault(kind, []).append(record_id)
    found: dict[tuple[str, RecordId], str] = {}
    for kind, ids in by_kind.items():
        if kind not in CATALOG:
            continue
        entity = CATALOG[kind]
        columns = ", ".join(map(quoted, entity.title))
        places = ",".join("?" * len(ids))
        rows = c.rows(
            f"SELECT id, {columns} FROM {layout(kind).table} WHERE id IN ({places})"
            " AND deleted <> 2",
            [blob(one) for one in ids],
        )
        for row in rows:
            values: dict[str, Value] = dict(zip(entity.title, row[1:], strict=True))
            found[kind, RecordId(row[0].hex())] = entity.name_of(_named(c, entity, values))
    return found


def titles_shown(
    c: Connection, refs: Iterable[tuple[str, RecordId]]
) -> Mapping[tuple[str, RecordId], str]:
    """The titles of many records for a person's eyes: parents out of sight by what the server
    calls them. Exports take `titles`: what is out of sight leaves the device by none."""
    wanted = set(refs)
    found = dict(titles(c, wanted))
    for kind, record_id in wanted.difference(found):
        label = stub_label(c, kind, record_id)
        if label:
            found[kind, record_id] = label
    return found


def stub_label(c: Connection, kind: str, record_id: RecordId) -> str:
    """What the server calls a parent out of sight; "" where it tells nothing."""
    sql = "SELECT label FROM stub WHERE kind = ? AND id = ?"
    return c.value(sql, (kind, blob(record_id))) or ""


def _named(c: Connection, entity: Entity, values: dict[str, Value]) -> dict[str, Value]:
    """Links in a title are shown by the name of what they lead to."""
    for name in entity.title:
        stored: object = values[name]
        field = entity.by_name[name]
        if isinstance(stored, bytes) and field.link is not None:
            values[name] = title(c, field.link.target, id_of(stored))
    return values


def find_by_label(c: Connection, kind: str, text: str) -> list[RecordId]:
    """The records whose title, number, login or external id is exactly this (capitals aside)."""
    entity = entity_of(kind)
    names = dict.fromkeys((*entity.title, *(name for name in _NAMES if name in entity.by_name)))
    found: dict[RecordId, None] = {}
    for name in names:
        if is_blob_link(entity.by_name[name]):
            continue
        column = sort_term(entity.by_name[name])
        sql = f"SELECT id FROM {layout(kind).table} WHERE deleted = 0 AND {column} = ? LIMIT ?"
        found.update(dict.fromkeys(id_of(row[0]) for row in c.rows(sql, (text, LABELS_MAX))))
    return list(found)


def find_by_prefix(c: Connection, kind: str, id_prefix: str) -> list[RecordId]:
    """The records whose id begins with these hexadecimal digits."""
    rows = c.rows(
        f"SELECT id FROM {layout(kind).table} WHERE lower(hex(id)) LIKE ? ESCAPE '\\'"
        " AND deleted <> 2 LIMIT ?",
        (f"{like_escaped(id_prefix.lower().replace('-', ''))}%", LABELS_MAX),
    )
    return [id_of(row[0]) for row in rows]


def address_line(  # the six lines of an address
    country: str, province: str, city: str, district: str, street: str, postcode: str
) -> str:
    """An address in one line: Chinese from the large to the small, others the other way round."""
    if any("\u4e00" <= letter <= "\u9fff" for letter in city + street):
        own_province = "" if province == city else province
        return f"{own_province}{city}{district}{street} {postcode}".strip()
    town = " ".join(part for part in (postcode, city) if part)
    return ", ".join(part for part in (street, district, town, province, country) if part)
