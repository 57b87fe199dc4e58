"""Contents of attached files: kept by what is in them, beside the database of an organisation.

Who asks learns nothing about what he may not read: a content is handed out only to whoever sees an
attachment that names it and was written by somebody who had it; who only knows a fingerprint has to
send the bytes, whether they are here or not.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crm_core.errors import Refused, Unavailable
from crm_core.fields import values_in
from crm_core.files import CHUNK_BYTES_MAX, FILE_BYTES_MAX, is_hash
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_core.wire import BlobOffer
from crm_server.history import history_of
from crm_server.rows import Row
from crm_server.service import Principal, Service
from crm_server.store import Tx

FREE_BYTES_MIN = 512 * 1024 * 1024
"""So much stays free on the disk: the database must never fail for want of room."""

UNFINISHED_FILES_MAX = 4
"""A device sends one file at a time; so many beginnings of it are kept."""

UNFINISHED_DAYS = 7
UNNAMED_DAYS = 400
"""A content that no record names is kept so long: its record may still lie on an offline laptop,
and none that slept longer goes on where it was (its feed is forgotten after 180 days)."""

READ_BYTES = 1024 * 1024
PARTIAL = "partial"
SIZE_VARIABLE, TOTAL_VARIABLE = "CRM_SERVER_FILE_MB_MAX", "CRM_SERVER_FILES_GB_MAX"


@dataclass(frozen=True, slots=True)
class BlobLimits:
    """How large one file may be, and all files of an organisation together (0: as the disk has)."""

    file_bytes: int = FILE_BYTES_MAX
    total_bytes: int = 0


def limits_in(environment: Mapping[str, str]) -> BlobLimits:
    """The limits that a server was started with."""
    size, total = environment.get(SIZE_VARIABLE, ""), environment.get(TOTAL_VARIABLE, "")
    return BlobLimits(
        int(size) * 1024 * 1024 if size.isdigit() and int(size) else FILE_BYTES_MAX,
        int(total) * 1024**3 if total.isdigit() else 0,
    )


class Blobs:
    """The contents of one organisation. Safe to call from many threads and processes: a content is
    put in its place in one step and never changed there."""

    def __init__(self, service: Service, folder: Path, limits: BlobLimits | None = None) -> None:
        self._service = service
        self._store = service.store
        self.folder = folder
        self.limits = limits or BlobLimits()

    # -- taking

    def size_if_known(self, who: Principal, sha256: str) -> int:
        """The size of a content that this user sent, or may read; raises Refused otherwise."""
        _check_hash(sha256)
        with self._store.read() as tx:
            known = self._holds(tx, who.user, sha256) or self._may_read(tx, who, sha256)
            size = self._size(tx, sha256) if known else None
        if size is None:
            raise _not_found()
        return size

    def offer(self, who: Principal, sha256: str, size: int) -> BlobOffer:
        """What is still wanted of a content that this user is about to send: nothing, where it is
        here and he sent it before or may read it; else what follows the part that his device sent.
        Raises Refused (too large, no room)."""
        _check_hash(sha256)
        self._check_size(size)
        with self._store.read() as tx:
            here = self._size(tx, sha256) is not None and self.path(sha256).exists()
            sees = here and self._may_read(tx, who, sha256)
            known = sees or (here and self._holds(tx, who.user, sha256))
            used = self._used(tx)
        if known:
            self._note(who, sha256, size)
            return BlobOffer(size, complete=True)
        self._check_room(who, sha256, size, used)
        return BlobOffer(min(self._unfinished_bytes(who, sha256), size))

    def add(self, who: Principal, sha256: str, offset: int, size: int, content: bytes) -> BlobOffer:
        """Take a piece of a content; how much there is now. A piece that does not follow what is
        here changes nothing: the answer says where to go on. Raises Refused."""
        _check_hash(sha256)
        self._check_size(size)
        part = self._unfinished(who, sha256)
        held = self._unfinished_bytes(who, sha256)
        if offset > held or offset < 0 or offset + len(content) > size:
            return BlobOffer(min(held, size))
        if not offset:
            self._check_room(who, sha256, size, self._total())
        try:
            part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            reached = _write_at(part, offset, content)
            if reached < size:
                return BlobOffer(reached)
            self._finish(part, sha256, size)
        except OSError as error:
            raise Unavailable(tr_noop("The file cannot be written on the server.")) from error
        self._note(who, sha256, size)
        return BlobOffer(size, complete=True)

    def _finish(self, part: Path, sha256: str, size: int) -> None:
        """Put what came in its place, if it is what was announced."""
        with part.open("r+b") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        if digest != sha256 or part.stat().st_size != size:
            part.unlink()
            raise Refused("file.mismatch", tr_noop("What came is not what was announced."))
        target = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.replace(target)
        _sync_folder(target.parent)

    def put(self, sha256: str, pieces: Iterator[bytes]) -> None:
        """Put a content of a backup in its place; raises Refused where it is another one."""
        part = self.folder / PARTIAL / "restored" / sha256
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with part.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        self._finish(part, sha256, part.stat().st_size)

    # -- giving

    def readable(self, who: Principal, sha256: str) -> Path:
        """Where a content lies that this user may read; raises Refused."""
        _check_hash(sha256)
        with self._store.read() as tx:
            may = self._size(tx, sha256) is not None and self._may_read(tx, who, sha256)
        path = self.path(sha256)
        if not may or not path.exists():
            raise _not_found()
        return path

    def path(self, sha256: str) -> Path:
        """Where a content lies, or would."""
        return self.folder / sha256[:2] / sha256

    # -- looking after

    def forget_unneeded(self) -> int:
        """Remove beginnings that nobody went on with, and contents that no record has named for
        long; how many contents there were."""
        now = self._service.clock()
        unnamed = instant_of(now - dt.timedelta(days=UNNAMED_DAYS))
        with self._store.note() as tx:
            left = b"".join(bytes(body) for (body,) in tx.rows("SELECT payload FROM parked"))
            gone = [
                sha256
                for (sha256,) in tx.rows("SELECT hash FROM blob WHERE at < ?", (unnamed,))
                if not tx.row(f"{_NAMING} LIMIT 1", (sha256,)) and sha256.encode() not in left
            ]
            for sha256 in gone:
                tx.run("DELETE FROM blob WHERE hash=?", (sha256,))
                tx.run("DELETE FROM blob_holder WHERE hash=?", (sha256,))
                self.path(sha256).unlink(missing_ok=True)
        before_s = now.timestamp() - UNFINISHED_DAYS * 86_400
        for part in (self.folder / PARTIAL).glob("*/*"):
            with suppress(OSError):
                if part.stat().st_mtime < before_s:
                    part.unlink()
        return len(gone)

    def forget(self, hashes: Iterable[str]) -> None:
        """Remove contents that must not stay, and what was begun of them."""
        for sha256 in filter(is_hash, hashes):
            with self._store.note() as tx:
                tx.run("DELETE FROM blob WHERE hash=?", (sha256,))
                tx.run("DELETE FROM blob_holder WHERE hash=?", (sha256,))
            for path in (self.path(sha256), *(self.folder / PARTIAL).glob(f"*/{sha256}")):
                path.unlink(missing_ok=True)

    def problems(self) -> list[str]:
        """What is wrong with the contents: missing, of another size, or not what their names say;
        and attachments that name one which is not here."""
        with self._store.read() as tx:
            known = tx.rows("SELECT hash,size FROM blob")
            named = {sha256 for (sha256,) in tx.rows(_NAMED) if is_hash(sha256)}
        missing = [sha256 for sha256, size in known if not self._is_whole(sha256, size)]
        absent = len(named - {sha256 for sha256, _ in known})
        found = [(len(missing), "files missing or damaged"), (absent, "attachments without a file")]
        return [f"{many} {what}" for many, what in found if many]

    def contents(self, tx: Tx) -> list[tuple[str, int]]:
        """Fingerprint and size of every content that a snapshot knows."""
        return [(sha256, size) for sha256, size in tx.rows("SELECT hash,size FROM blob")]

    def _is_whole(self, sha256: str, size: int) -> bool:
        try:
            with self.path(sha256).open("rb") as file:
                is_right = os.fstat(file.fileno()).st_size == size
                return is_right and hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False

    # -- who may

    def _may_read(self, tx: Tx, who: Principal, sha256: str) -> bool:
        """Whether he sees an attachment that names it, written by somebody who had it."""
        found = [RecordId(record_id) for (record_id,) in tx.rows(_NAMING, (sha256,))]
        if not found:
            return False
        clock = tx.clock()
        keys = self._service.directory(tx, clock).rights(who.user)[2]
        work = self._service.work(tx, clock)
        work.prefetch(("attachment", record_id) for record_id in found)
        for record_id in found:
            row = work.row("attachment", record_id)
            if row is None or row.deleted or keys.isdisjoint(work.keys_at("attachment", record_id)):
                continue
            author = _who_named(tx, record_id, sha256) or str(row.values.get("created_by"))
            if any(self._holds(tx, x, sha256) for x in (author, *_who_offered(tx, row, sha256))):
                return True
        return False

    def _holds(self, tx: Tx, user: str, sha256: str) -> bool:
        sql = "SELECT 1 FROM blob_holder WHERE hash=? AND user_id=?"
        return tx.row(sql, (sha256, user)) is not None

    def _size(self, tx: Tx, sha256: str) -> int | None:
        found = tx.row("SELECT size FROM blob WHERE hash=?", (sha256,))
        return int(found[0]) if found else None

    def _note(self, who: Principal, sha256: str, size: int) -> None:
        now = self._service.now
        with self._store.note() as tx:
            tx.run(
                "INSERT INTO blob(hash,size,at) VALUES (?,?,?)"
                " ON CONFLICT(hash) DO UPDATE SET at=excluded.at",
                (sha256, size, now),
            )
            tx.run(
                "INSERT INTO blob_holder(hash,user_id,at) VALUES (?,?,?)"
                " ON CONFLICT(hash,user_id) DO NOTHING",
                (sha256, who.user, now),
            )
        self._service.take_in_left(who, sha256)

    # -- how much

    def _check_size(self, size: int) -> None:
        most = self.limits.file_bytes
        if not 0 <= size <= most:
            raise Refused(
                "file.too_large", tr_noop("The file is too large."), most=most // (1024 * 1024)
            )

    def _check_room(self, who: Principal, sha256: str, size: int, used: int) -> None:
        total = self.limits.total_bytes
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(self.folder).free
        begun = [x for x in self._unfinished(who, sha256).parent.glob("*") if x.name != sha256]
        if (total and used + size > total) or free - size < FREE_BYTES_MIN:
            raise Refused("file.no_room", tr_noop("The server has no room for the file."))
        for part in sorted(begun, key=_age)[UNFINISHED_FILES_MAX - 1 :]:
            part.unlink(missing_ok=True)

    def _total(self) -> int:
        with self._store.read() as tx:
            return self._used(tx)

    def _used(self, tx: Tx) -> int:
        if not self.limits.total_bytes:
            return 0
        found = tx.row("SELECT coalesce(sum(size),0) FROM blob")
        return int(found[0]) if found else 0

    def _unfinished(self, who: Principal, sha256: str) -> Path:
        """Where what a device has sent so far lies; another device knows nothing of it."""
        device = hashlib.sha256(who.device.encode()).hexdigest()[:32]
        return self.folder / PARTIAL / device / sha256

    def _unfinished_bytes(self, who: Principal, sha256: str) -> int:
        try:
            return self._unfinished(who, sha256).stat().st_size
        except OSError:
            return 0


_NAMING = (
    "SELECT id FROM record WHERE kind='attachment' AND (body ->> 'sha256') = ? AND NOT deleted"
)
_NAMED = "SELECT DISTINCT (body ->> 'sha256') FROM record WHERE kind='attachment' AND NOT deleted"


def _who_named(tx: Tx, record_id: RecordId, sha256: str) -> str:
    """Who wrote this fingerprint into an attachment; "": history does not say."""
    for one in reversed(history_of(tx, ("attachment", record_id))):
        told = one.said.get("sha256")
        if told is not None and told[1] == sha256:
            return one.actor
    return ""


def _who_offered(tx: Tx, row: Row, sha256: str) -> Iterator[str]:
    """Whose values they were that lay beside this attachment's fingerprint, with just this one:
    whoever decided for one of them has taken its author's file over."""
    found = tx.rows(
        "SELECT r.body::text FROM ref JOIN record r ON r.id = ref.id AND r.kind = ref.kind"
        " WHERE ref.target=? AND ref.kind='conflict' AND ref.field='record'",
        (row.id,),
    )
    for (body,) in found:
        values = values_in(body)
        parked = values.get("parked") if values.get("field") == "sha256" else None
        for entry in parked if isinstance(parked, list) else ():
            if isinstance(entry, dict) and entry.get("value") == sha256:
                yield str(entry.get("author"))


def _check_hash(sha256: str) -> None:
    if not is_hash(sha256):
        raise _not_found()


def _not_found() -> Refused:
    return Refused("file.not_found", tr_noop("The file is not there, or you may not see it."))


def _write_at(part: Path, offset: int, content: bytes) -> int:
    """Write a piece at its place, twice with the same effect as once; the bytes there now."""
    mode = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(part, mode, 0o600), "r+b") as file:
        file.seek(offset)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
        return max(os.fstat(file.fileno()).st_size, offset + len(content))


def _age(path: Path) -> float:
    """The newest first; what is gone meanwhile last."""
    try:
        return -path.stat().st_mtime
    except OSError:
        return 0.0


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = [
    "CHUNK_BYTES_MAX", "READ_BYTES", "SIZE_VARIABLE", "TOTAL_VARIABLE", "BlobLimits", "Blobs",
    "limits_in",
]  # fmt: skip
