"""Files attached to a form that is not saved yet: kept beside its draft, and on its record at last.

Their contents lie where all do. Nothing of them goes out until the form is saved; then each is a
step of its own behind the record's, so that the record waits for no file.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from crm_core.changes import Change, Op
from crm_core.errors import UserProblem
from crm_core.fields import Value
from crm_core.files import clean_name, type_of
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.scope import any_link
from crm_desktop.models import file_states
from crm_desktop.models.attaching import AttachedFile, bytes_max, opened, too_large
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.connection import Connection
from crm_desktop.models.file_states import DRAFT_FILES, FileRow, FileState
from crm_desktop.models.journal.local import Intention, write_changeset
from crm_desktop.models.meta import set_meta
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store

FILES_MAX = 200
"""So many files of one form are kept: a visit's photos, not a disk."""


class Drafted(msgspec.Struct, frozen=True):
    """A file of a form that is not saved."""

    sha256: str
    size: int
    name: str
    at: str = ""


_LIST = msgspec.json.Decoder(tuple[Drafted, ...])


def drafted(c: Connection, key: str) -> tuple[AttachedFile, ...]:
    """The files of a form whose draft is kept under `key`, the last one first."""
    return tuple(_shown(one) for one in reversed(_kept(c, key)))


def _shown(one: Drafted) -> AttachedFile:
    file = FileRow(one.sha256, one.size, FileState.DRAFT, mine=True)
    return AttachedFile(
        RecordId(one.sha256[:32]), one.name, one.size, type_of(one.name), "", one.at,
        RecordId(""), file,
    )  # fmt: skip


def _kept(c: Connection, key: str) -> tuple[Drafted, ...]:
    text = c.value("SELECT value FROM meta WHERE name = ?", (_name(key),))
    return _LIST.decode(text) if text else ()


def _keep(c: Connection, key: str, files: Sequence[Drafted]) -> None:
    if files:
        set_meta(c, _name(key), msgspec.json.encode(files).decode())
    else:
        c.run("DELETE FROM meta WHERE name = ?", (_name(key),))


def _name(key: str) -> str:
    return f"draft:{key}{DRAFT_FILES}"


def add_path(store: Store, blobs: Blobs, key: str, path: Path) -> None:
    """Keep a file of this computer with a form. Raises UserProblem (too large, not a file, too
    many) and Unavailable; then nothing was changed."""
    with store.reader() as c:
        most = bytes_max(c)
    with opened(path, most) as source:
        add(store, blobs, key, source, path.name)


def add_bytes(store: Store, blobs: Blobs, key: str, content: bytes, name: str) -> None:
    """Keep what was pasted with a form."""
    add(store, blobs, key, io.BytesIO(content), name)


def add(store: Store, blobs: Blobs, key: str, source: IO[bytes], name: str) -> None:
    """Keep what a stream holds with a form: first its content is safe on this disk."""
    label = clean_name(name)
    with store.reader() as c:
        most = bytes_max(c)
        if len(_kept(c, key)) >= FILES_MAX:
            raise UserProblem(tr_noop("At most {n} files at once."), n=FILES_MAX)
    taken = blobs.take(source, most, lambda: too_large(label, most))
    try:
        with store.writing() as c:
            before = _kept(c, key)
            if any(one.sha256 == taken.sha256 for one in before):
                return
            made = Drafted(taken.sha256, taken.size, label, store.now())
            _keep(c, key, (*before, made))
            file_states.add_drafted(c, taken.sha256, taken.size, store.now())
            blobs.place(taken)
    finally:
        blobs.drop(taken)


def take_off(store: Store, blobs: Blobs, key: str, sha256: str) -> None:
    """Take one file off a form."""
    with store.writing() as c:
        _keep(c, key, [one for one in _kept(c, key) if one.sha256 != sha256])
        _let_go(c, blobs)


def discard(store: Store, blobs: Blobs, key: str) -> None:
    """The form is given up, and its files with it."""
    with store.writing() as c:
        if _kept(c, key):
            _keep(c, key, ())
            _let_go(c, blobs)


def _let_go(c: Connection, blobs: Blobs) -> None:
    for sha256 in file_states.forget_drafted(c):
        blobs.remove(sha256)


def commit(store: Store, changes: Sequence[Change], key: str, *, label: str) -> Summary:
    """Write a new record as `journal.commit` does, and its form's files behind it, all or nothing;
    one undo takes all of it back. The kind of the record begins the `key`. Raises what
    `journal.commit` raises."""
    kind = key.partition("/")[0]
    with store.writing() as c:
        files = _kept(c, key)
        batch = str(store.new_id()) if files else ""
        summary = write_changeset(c, store, changes, Intention(label, batch))
        made = next(x.id for x in changes if x.kind == kind and x.op is Op.INSERT)
        for n, one in enumerate(files, start=1):
            file_states.add_own(c, one.sha256, one.size, store.now())
            change = Change("attachment", store.new_id(), Op.INSERT, _values(kind, made, one))
            summary |= write_changeset(c, store, [change], Intention(label, batch, n))
        _keep(c, key, ())
    return summary


def _values(kind: str, record: RecordId, one: Drafted) -> dict[str, Value]:
    values: dict[str, Value] = {
        "parent": any_link(kind, record), "name": one.name, "sha256": one.sha256, "size": one.size,
    }  # fmt: skip
    if mime := type_of(one.name):
        values["mime"] = mime
    return values
