"""Attaching files to records, and what hangs on a record."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import NotFound, Unavailable, UserProblem
from crm_core.fields import Value
from crm_core.files import FILE_BYTES_MAX, clean_name, is_hash, type_of
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.scope import any_link, parse_target
from crm_desktop.i18n import tr
from crm_desktop.models import file_states, queries
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.connection import Connection
from crm_desktop.models.file_states import FileRow, FileState
from crm_desktop.models.journal.local import Intention, write_changeset
from crm_desktop.models.meta import META_BYTES_MAX
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import id_of
from crm_desktop.models.store import Store

SHOWN_MAX = 500
"""So many files of one record are listed, the newest first."""


class Attached(msgspec.Struct, frozen=True):
    """A file that was attached: its record, and what that changed."""

    id: RecordId
    sha256: str
    summary: Summary


class AttachedFile(msgspec.Struct, frozen=True):
    """A file of a record. `name` is safe to be shown and to be used as a file's name."""

    id: RecordId
    name: str
    size: int
    mime: str
    comment: str
    created_at: str
    created_by: RecordId
    file: FileRow


class UnderWay(msgspec.Struct, frozen=True):
    """A file on its way, and the record on which it hangs."""

    file: AttachedFile
    kind: str
    record: RecordId


def bytes_max(c: Connection) -> int:
    """How large a file may be."""
    said = c.value("SELECT value FROM meta WHERE name = ?", (META_BYTES_MAX,))
    return int(said) if said else FILE_BYTES_MAX


def attach_path(
    store: Store, blobs: Blobs, parent: tuple[str, RecordId], path: Path, *, comment: str = ""
) -> Attached:
    """Attach a file of this computer. Raises UserProblem (too large, not a file, no such record)
    and Unavailable (it cannot be read, the disk is full); then nothing was changed."""
    with store.reader() as c:
        most = bytes_max(c)
    with opened(path, most) as source:
        return attach(store, blobs, parent, source, path.name, comment=comment)


@contextmanager
def opened(path: Path, most: int) -> Generator[IO[bytes]]:
    """A file of this computer for reading. Raises UserProblem (no file, more than `most` bytes) and
    Unavailable."""
    try:
        if not path.is_file():
            raise UserProblem(
                tr_noop("'{name}' is not a file; a folder has to be packed first."),
                name=clean_name(path.name),
            )
        if path.stat().st_size > most:
            raise too_large(clean_name(path.name), most)
        with path.open("rb") as source:
            yield source
    except OSError as error:
        raise Unavailable(
            tr_noop("'{name}' cannot be read ({detail})."),
            name=clean_name(path.name), detail=error.strerror or type(error).__name__,
        ) from error  # fmt: skip


def attach(
    store: Store, blobs: Blobs, parent: tuple[str, RecordId], source: IO[bytes], name: str,
    *, comment: str = "",
) -> Attached:  # fmt: skip
    """Attach what a stream holds: first its content is safe on this disk, then the record says so,
    both in the outbox."""
    label = clean_name(name)
    with store.reader() as c:
        most = bytes_max(c)
        row = queries.record(c, *parent) if parent[0] in CATALOG else None
        if row is None or row.deleted:
            raise NotFound(tr_noop("The record is not there, or you may not see it."))
    taken = blobs.take(source, most, lambda: too_large(label, most))
    try:
        change = Change(
            "attachment", store.new_id(), Op.INSERT,
            _values(parent, label, taken.sha256, taken.size, comment),
        )  # fmt: skip
        with store.writing() as c:
            file_states.add_own(c, taken.sha256, taken.size, store.now())
            words = tr("Attachment: {name}", name=label)
            summary = write_changeset(c, store, [change], Intention(words))
            blobs.place(taken)
    finally:
        blobs.drop(taken)
    return Attached(change.id, taken.sha256, summary)


def attach_bytes(
    store: Store, blobs: Blobs, parent: tuple[str, RecordId], content: bytes, name: str
) -> Attached:
    """Attach what was pasted."""
    return attach(store, blobs, parent, io.BytesIO(content), name)


def too_large(name: str, most: int) -> UserProblem:
    """What is said of a file over the limit, before anything is done with it."""
    return UserProblem(
        tr_noop(
            "'{name}' is too large and was not attached: this server takes files of {most} MB at "
            "most. Make it smaller, or attach it in parts."
        ),
        name=name, most=most // (1024 * 1024),
    )  # fmt: skip


def _values(
    parent: tuple[str, RecordId], name: str, sha256: str, size: int, comment: str
) -> dict[str, Value]:
    values: dict[str, Value] = {
        "parent": any_link(*parent), "name": name, "sha256": sha256, "size": size,
    }  # fmt: skip
    if mime := type_of(name):
        values["mime"] = mime
    if comment:
        values["comment"] = comment
    return values


def attached_to(c: Connection, parents: Sequence[tuple[str, RecordId]]) -> tuple[AttachedFile, ...]:
    """The files that hang on some records, the newest first."""
    links = [any_link(*parent) for parent in parents]
    places = ",".join("?" * len(links))
    found = c.rows(
        "SELECT id, name, size, mime, comment, created_at, created_by, sha256 FROM attachment"
        f" WHERE parent IN ({places}) AND deleted = 0 ORDER BY created_at DESC, id DESC LIMIT ?",
        (*links, SHOWN_MAX),
    )
    return tuple(_attached(c, row) for row in found)


def under_way(c: Connection) -> tuple[UnderWay, ...]:
    """The files that are to be sent or fetched, or wait with a reason, and those that were sent
    while their records were not: the oldest first."""
    hashes = [*file_states.under_way(c)]
    if not hashes:
        return ()
    found = c.rows(
        "SELECT id, name, size, mime, comment, created_at, created_by, sha256, parent"
        " FROM attachment WHERE deleted = 0 AND sha256 IN (SELECT value FROM json_each(?))"
        " ORDER BY created_at, id LIMIT ?",
        (msgspec.json.encode(hashes).decode(), SHOWN_MAX),
    )
    return tuple(_under_way(c, row) for row in found)


def _under_way(c: Connection, found: tuple[object, ...]) -> UnderWay:
    kind, record = parse_target("", str(found[-1] or "")) or ("", RecordId(""))
    return UnderWay(_attached(c, found[:-1]), kind, record)


def attachment(c: Connection, record_id: RecordId) -> AttachedFile:
    """One file of a record; raises NotFound."""
    found = c.one(
        "SELECT id, name, size, mime, comment, created_at, created_by, sha256 FROM attachment"
        " WHERE id = ? AND deleted = 0",
        (bytes.fromhex(record_id),),
    )
    if found is None:
        raise NotFound(tr_noop("There is no such file here, or you may not see it."))
    return _attached(c, found)


def _attached(c: Connection, found: tuple[object, ...]) -> AttachedFile:
    key, name, size, mime, comment, at, by, sha256 = found
    assert isinstance(key, bytes)
    own = (
        file_states.file_of(c, sha256)
        if is_hash(sha256) and isinstance(sha256, str)
        else FileRow("")
    )
    return AttachedFile(
        id_of(key), clean_name(str(name or "")), size if isinstance(size, int) else 0,
        str(mime or ""), str(comment or ""), str(at or ""),
        id_of(by) if isinstance(by, bytes) else RecordId(""), own,
    )  # fmt: skip


def own_file(record_id: RecordId, values: Mapping[str, Value]) -> AttachedFile:
    """A file by what its attachment says that never became one: its content is this device's."""
    sha256, size = str(values.get("sha256")), values.get("size")
    bytes_ = size if isinstance(size, int) else 0
    file = FileRow(sha256, bytes_, FileState.QUEUED, mine=True)
    name = clean_name(str(values.get("name") or ""))
    return AttachedFile(record_id, name, bytes_, type_of(name), "", "", RecordId(""), file)


def want(store: Store, record_id: RecordId) -> AttachedFile:
    """Ask for a file that is not here; the next run of transfers fetches it."""
    with store.writing() as c:
        found = attachment(c, record_id)
        if not found.file.sha256:
            raise NotFound(tr_noop("The file of '{name}' was never sent."), name=found.name)
        if not found.file.is_readable:
            file_states.want(c, found.file.sha256, found.size, store.now())
        return attachment(c, record_id)


def try_again(store: Store, sha256: str) -> Summary:
    """A person wants a file that waits with a reason to be tried now."""
    with store.writing() as c:
        file_states.try_again(c, sha256)
    return Summary()


def tidy(store: Store, blobs: Blobs, now: dt.datetime) -> int:
    """Remove the contents that nothing needs any more; how many there were."""
    with store.writing() as c:
        gone = file_states.forget_unneeded(c, now)
        for sha256 in gone:
            blobs.remove(sha256)
        known = file_states.known(c)
        for one in file_states.readable(c):
            if not blobs.has(one.sha256):
                _note_missing(c, one, now)
    with suppress(OSError):
        return len(gone) + blobs.remove_strangers(known, now.timestamp())
    return len(gone)


def _note_missing(c: Connection, file: FileRow, now: dt.datetime) -> None:
    """A content is gone, as after a restore on another computer: what a server has can be fetched
    again, and the rest says so."""
    file_states.note_lost(c, file.sha256)
    if file.mine and file.state is not FileState.SENT:
        file_states.note_failed(c, file.sha256, "file.damaged", {}, now)


__all__ = [
    "META_BYTES_MAX", "Attached", "AttachedFile", "FileRow", "FileState", "UnderWay", "attach",
    "attach_bytes", "attach_path", "attached_to", "attachment", "bytes_max", "opened", "own_file",
    "tidy", "too_large", "try_again", "under_way", "want",
]  # fmt: skip
