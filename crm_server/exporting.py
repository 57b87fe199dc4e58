"""What an organisation holds about one person, in one file that can be handed to him
(security.md §7)."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from crm_core.catalog import CATALOG
from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId, is_id
from crm_core.masks import NOTHING, Masks, received, received_changes
from crm_core.scope import parse_target
from crm_server.history import Written, written
from crm_server.rows import RECORD, Row, row_of
from crm_server.store import Tx, portions

PERSONS = ("contact", "user")
"""The kinds of records that are persons: those of customers, and colleagues."""

CONTENT = "person.json"
_IDS_PER_QUERY = 500
_NAME_MAX = 80
_NO_NAME = re.compile(r"[^\w .()-]")


@dataclass(frozen=True, slots=True)
class Exported:
    """How much was written."""

    records: int
    changes: int
    files: int
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """As far as somebody sees: records by `sees` without what his `masks` withhold, and of refused
    work his own."""

    sees: Callable[[Row], bool]
    author: RecordId
    masks: Masks


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is written about a person: a text, and files by their names within the archive."""

    text: str
    contents: tuple[tuple[str, Path], ...]
    counts: Exported

    @property
    def size_bytes(self) -> int:
        """About what the archive takes at most."""
        return len(self.text.encode()) + sum(path.stat().st_size for _, path in self.contents)

    def write(self, to: IO[bytes]) -> None:
        """Write the archive."""
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(CONTENT, self.text)
            for name, path in self.contents:
                archive.write(path, name)


def export_person(tx: Tx, person: str, out: Path, content_of: Callable[[str], Path]) -> Exported:
    """Write a ZIP of all that names a person. Raises NotFound and UserProblem."""
    gathered = gather(tx, person, content_of)
    if out.exists():
        raise UserProblem(tr_noop("{file} exists already."), file=str(out))
    part = out.with_name(out.name + ".part")
    part.touch(mode=0o600)
    with part.open("wb") as file:
        gathered.write(file)
    part.replace(out)
    return gathered.counts


def gather(
    tx: Tx, person: str, content_of: Callable[[str], Path], within: Within | None = None
) -> Gathered:
    """All that names a person: his record, the records that lead to it, the history of both,
    refused work that names him, and attached files. Raises NotFound. `within`: only what somebody
    sees; how much that leaves out stands in the text.

    Of a colleague, who is named by most of what there is, the records that lead to him are listed
    without their values: they are their customers'.
    """
    row = _person(tx, person)
    colleague = row.kind == "user"
    every = [*_linked(tx, row.id)]
    linked = [x for x in every if within is None or within.sees(x[1])]
    parked = [] if colleague else [*_refused(tx, row.id)]
    refused = [told for author, told in parked if within is None or author == within.author]
    left_out = len(every) - len(linked) + len(parked) - len(refused)
    about = [] if colleague else [one for _, one in linked]
    masks = NOTHING if within is None else within.masks
    changes = [*_history(tx, [row, *about])]
    known = {(one.kind, one.id): one.values for one in (row, *about)}
    files = {one.id: one for one in about if one.kind == "attachment" and one.values.get("sha256")}
    names = _Names(tx, within)
    told = {
        "person": _told(row, names, masks),
        "records": [
            {"field": field, **(_listed(one) if colleague else _told(one, names, masks))}
            for field, one in linked
        ],
        "history": [_change(x, known[x.kind, x.id], names, masks) for x in changes],
        "refused": refused,
        "devices": [*_devices(tx, row.id)] if colleague else [],
        **({} if within is None else {"left_out": left_out, "withheld": _withheld(masks)}),
    }
    contents = tuple(_contents(files.values(), content_of))
    counts = Exported(1 + len(linked), len(changes), len(contents), left_out)
    return Gathered(json.dumps(told, ensure_ascii=False, indent=1), contents, counts)


def _person(tx: Tx, person: str) -> Row:
    found = tx.rows(f"{RECORD} WHERE id = ?", (person,)) if is_id(person) else []
    row = next((row_of(x) for x in found if x[0] in PERSONS), None)
    if row is None:
        raise NotFound(tr_noop("There is no contact or user '{id}'."), id=person[:60])
    return row


def _linked(tx: Tx, person: RecordId) -> Iterator[tuple[str, Row]]:
    """The records that lead to a person, each with the field that does, and what is attached to
    them; conflicts about him among them."""
    fields = {
        (kind, record_id): field
        for kind, record_id, field in tx.rows(
            "SELECT kind,id,field FROM ref WHERE target = ? ORDER BY kind,id", (person,)
        )
    }
    for row in _rows(tx, [record_id for _, record_id in fields]):
        if (row.kind, row.id) in fields and row.kind in CATALOG:
            yield fields[(row.kind, row.id)], row


def _rows(tx: Tx, ids: Sequence[str]) -> Iterator[Row]:
    for some in portions(ids, _IDS_PER_QUERY):
        for found in tx.rows(f"{RECORD} WHERE id = ANY(?) ORDER BY kind,id", ([*some],)):
            yield row_of(found)


def _history(tx: Tx, rows: Sequence[Row]) -> Iterator[Written]:
    known = {(row.kind, row.id) for row in rows}
    for some in portions([row.id for row in rows], _IDS_PER_QUERY):
        found = written(tx, "WHERE id = ANY(?) ORDER BY seq", ([*some],))
        yield from (one for one in found if (one.kind, one.id) in known)


def _refused(tx: Tx, person: RecordId) -> Iterator[tuple[str, dict[str, Any]]]:
    """Work that was refused or left behind and names him, as it was sent, each with its author."""
    for (parked_id,) in tx.rows("SELECT id FROM parked ORDER BY received_at"):
        found = tx.row(
            "SELECT received_at,why,payload,author FROM parked WHERE id = ?", (parked_id,)
        )
        if found is None or person.encode() not in bytes(found[2]):
            continue
        text = bytes(found[2]).decode(errors="replace")
        yield found[3], {"received_at": found[0], "why": found[1], "sent": text}


def _devices(tx: Tx, user: RecordId) -> Iterator[dict[str, Any]]:
    for device, registered_at, seen_at, revoked_at in tx.rows(
        "SELECT id,registered_at,last_seen_at,revoked_at FROM device WHERE user_id = ?"
        " ORDER BY registered_at",
        (user,),
    ):
        yield {
            "id": device, "registered_at": registered_at, "last_seen_at": seen_at,
            "revoked_at": revoked_at,
        }  # fmt: skip


# -- words for ids --------------------------------------------------------------------------------


class _Names:
    """The titles of records, looked up once each."""

    def __init__(self, tx: Tx, within: Within | None = None) -> None:
        self._tx, self._within = tx, within
        self._known: dict[str, str] = {}

    def of(self, record_id: str) -> str:
        """The title of a record; empty where there is none."""
        if record_id not in self._known:
            found = [row_of(x) for x in self._tx.rows(f"{RECORD} WHERE id = ?", (record_id,))]
            titles = (CATALOG[x.kind].name_of(x.values) for x in found if self._is_told(x))
            self._known[record_id] = next(titles, "")
        return self._known[record_id]

    def _is_told(self, row: Row) -> bool:
        return row.kind in CATALOG and (self._within is None or self._within.sees(row))


def _withheld(masks: Masks) -> list[str]:
    return sorted(f"{kind}.{name}" for kind, fields in masks.items() for name in fields)


def _told(row: Row, names: _Names, masks: Masks) -> dict[str, Any]:
    values: dict[str, Any] = dict(received(row.kind, row.values, masks))
    for field in CATALOG[row.kind].references:
        target = parse_target(field.link.target if field.link else "", row.values.get(field.name))
        if target is not None and (title := names.of(target[1])):
            values[f"{field.name}_label"] = title
    return {**_listed(row), "values": values}


def _listed(row: Row) -> dict[str, Any]:
    return {"kind": row.kind, "id": row.id, "deleted": row.deleted}


def _change(
    one: Written, values: Mapping[str, Value], names: _Names, masks: Masks
) -> dict[str, Any]:
    fields = received_changes(one.kind, values, one.said, masks)
    return {
        "kind": one.kind, "id": one.id, "seq": one.seq, "at": one.authored_at,
        "received_at": one.received_at, "by": names.of(one.actor) or one.actor,
        "fields": {name: {"old": old, "new": new} for name, (old, new) in fields.items()},
    }  # fmt: skip


# -- the file -------------------------------------------------------------------------------------


def _contents(
    files: Iterable[Row], content_of: Callable[[str], Path]
) -> Iterator[tuple[str, Path]]:
    for row in files:
        path = content_of(str(row.values["sha256"]))
        if path.exists():
            yield f"files/{row.id}-{_safe(str(row.values.get('name') or ''))}", path


def _safe(name: str) -> str:
    """The label of a file as a name within the archive."""
    return _NO_NAME.sub("_", name.rpartition("/")[2].rpartition("\\")[2])[-_NAME_MAX:] or "file"
