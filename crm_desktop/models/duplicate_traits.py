"""What of accounts and contacts is compared, and which of those on this device may look alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.likeness import SLIP_FROM_LETTERS, Traits, name_key, name_words, traits_of
from crm_desktop.models import pinyin
from crm_desktop.models.connection import Connection, SqlRow
from crm_desktop.models.search import search
from crm_desktop.models.sql import blob, id_of
from crm_desktop.models.store import Store

READ_AT_ONCE = 200
"""Rows of one query: some 10 ms."""

CANDIDATES_MAX = 20
"""Records that each question to the index may bring."""

_DIGITS = re.compile("[0-9]+")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "account": ("name", "uscc", "phone", "email", "website"),
    "contact": ("full_name", "mobile", "phone", "email", "wechat", "birthday"),
}


def pages(store: Store, kind: str) -> Iterator[list[tuple[RecordId, Traits]]]:
    """Live records with their traits, some at once; no snapshot is held between two pages."""
    columns, after = ", ".join(_COLUMNS[kind]), 0
    while True:
        with store.reader() as c:
            rows = c.rows(
                f"SELECT rid, id, {columns} FROM {kind} WHERE deleted = 0 AND rid > ?"
                " ORDER BY rid LIMIT ?",
                (after, READ_AT_ONCE),
            )
            page = _traits_of(c, kind, [row[1:] for row in rows])
        if not rows:
            return
        after = rows[-1][0]
        yield page


def candidates(
    c: Connection, kind: str, values: Mapping[str, Value], mine: Traits
) -> set[RecordId]:
    """Records that may look like one: what the index knows by its name, its sound, its number or
    its address, and who has the same credit code."""
    asked = {*_parts(kind, values), mine.sound, mine.email, *_numbers(values)} - {""}
    found = {
        hit.id for text in sorted(asked) for hit in search(c, text, [kind], limit=CANDIDATES_MAX)
    }
    if kind == "account" and mine.code:
        rows = c.rows(
            "SELECT id FROM account WHERE uscc = ? AND deleted = 0", (str(values["uscc"]),)
        )
        found.update(id_of(key) for (key,) in rows)
    return found


_PART_LETTERS_MIN, _PART_CHARACTERS, _PARTS_MAX = 4, 4, 3


def _parts(kind: str, values: Mapping[str, Value]) -> Iterator[str]:
    """Parts of a name of which one stands unchanged in most names that look like it: of a Chinese
    one its beginning and its end, else the longest words and the halves of the longest."""
    name = values.get(_COLUMNS[kind][0])
    words = name_words(name) if isinstance(name, str) else []
    if pinyin.has_cjk("".join(words)):
        key = name_key("".join(words))
        yield from (key[:_PART_CHARACTERS], key[-_PART_CHARACTERS:])
        return
    long = sorted(dict.fromkeys(words), key=len, reverse=True)[:_PARTS_MAX]
    yield from (x for x in long if len(x) >= _PART_LETTERS_MIN)
    if not any(len(x) >= _PART_LETTERS_MIN for x in long):
        yield " ".join(words)
    elif len(long[0]) >= SLIP_FROM_LETTERS:
        half = len(long[0]) // 2
        yield from (long[0][:half], long[0][-half:])


def _numbers(values: Mapping[str, Value]) -> Iterator[str]:
    """The longest stretch of digits of each number, as the index has it."""
    for name in ("phone", "mobile"):
        value = values.get(name)
        runs = _DIGITS.findall(value) if isinstance(value, str) else []
        if runs:
            yield max(runs, key=len)


def read_traits(c: Connection, kind: str, ids: Iterable[RecordId]) -> list[tuple[RecordId, Traits]]:
    """The traits of live records."""
    wanted, columns = sorted(ids), ", ".join(_COLUMNS[kind])
    found: list[tuple[RecordId, Traits]] = []
    for start in range(0, len(wanted), READ_AT_ONCE):
        keys = [blob(x) for x in wanted[start : start + READ_AT_ONCE]]
        places = ",".join("?" * len(keys))
        rows = c.rows(
            f"SELECT id, {columns} FROM {kind} WHERE deleted = 0 AND id IN ({places})", keys
        )
        found += _traits_of(c, kind, rows)
    return found


def _traits_of(c: Connection, kind: str, rows: Sequence[SqlRow]) -> list[tuple[RecordId, Traits]]:
    names = _COLUMNS[kind]
    places = _places(c, [row[0] for row in rows]) if kind == "contact" else {}
    return [
        (
            id_of(row[0]),
            traits_here(kind, dict(zip(names, row[1:], strict=True)), places.get(row[0], ())),
        )
        for row in rows
    ]


def traits_here(kind: str, values: Mapping[str, Value], places: Iterable[str] = ()) -> Traits:
    """The traits of a record as it lies here, or is being typed."""
    name = values.get("name" if kind == "account" else "full_name")
    return traits_of(kind, values, sound=_sound(name), places=places)


def _sound(name: Value) -> str:
    key = name_key(name) if isinstance(name, str) else ""
    if not pinyin.has_cjk(key):
        return ""
    return "".join(one[0] for one in pinyin.syllables(key)[0])


def _places(c: Connection, contacts: Sequence[bytes]) -> dict[bytes, list[str]]:
    """The accounts of contacts."""
    marks = ",".join("?" * len(contacts))
    rows = c.rows(
        "SELECT contact, account FROM account_contact WHERE deleted = 0 AND account IS NOT NULL"
        f" AND contact IN ({marks})",
        contacts,
    )
    found: dict[bytes, list[str]] = {}
    for contact, account in rows:
        found.setdefault(contact, []).append(account.hex())
    return found


def compared_values(c: Connection, kind: str, record: RecordId) -> dict[str, Value]:
    """What of a record is compared, as it is stored."""
    names = _COLUMNS[kind]
    row = c.one(f"SELECT {', '.join(names)} FROM {kind} WHERE id = ?", (blob(record),))
    return dict(zip(names, row, strict=True)) if row is not None else {}
