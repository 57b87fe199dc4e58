"""Contents of attached files on this device: encrypted, named by what is in them, and checked.

A file is `CRMF1`, 16 bytes of salt, then frames of 1 MiB of content, each sealed by AES-256-GCM.
The key of a file comes from the database key and the salt by HKDF-SHA-256 (RFC 5869); the nonce is
the frame's number with a mark on the last one, so that no frame can be moved, left out or cut off
(the STREAM construction, Hoang et al. 2015). A file's name is an HMAC of its SHA-256, so that who
steals the disk cannot even look whether a known file is there.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from crm_core.errors import NotFound, Unavailable, UserProblem
from crm_core.i18n import tr_noop

FRAME_BYTES = 1024 * 1024
MAGIC = b"CRMF1"
SALT_BYTES = 16
SEAL_BYTES = 16
HEAD_BYTES = len(MAGIC) + SALT_BYTES
_SEALED_BYTES = FRAME_BYTES + SEAL_BYTES
_LAST, _NOT_LAST = b"\x01", b"\x00"
PART, DRAFT = ".part", ".new"

STRANGER_AFTER_S = 86_400
"""A file that nobody knows may belong to a step that is being saved: it is left alone for a day."""


class FileDamaged(UserProblem):
    """What lies here is not what was put here."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A content that was written, and not yet put in its place."""

    sha256: str
    size: int
    path: Path


class Blobs:
    """The contents of one profile. Safe to use from several threads: a content is put in its place
    in one step, and never changed there."""

    def __init__(self, folder: Path, database_key: bytes) -> None:
        self.folder = folder
        self._key = database_key
        self._names = _derived(database_key, b"", b"crm-desktop file name")

    def path(self, sha256: str) -> Path:
        """Where a content lies, or would."""
        name = hmac.new(self._names, bytes.fromhex(sha256), hashlib.sha256).hexdigest()
        return self.folder / name[:2] / name

    def has(self, sha256: str) -> bool:
        """Whether a content is here, whole."""
        return self.path(sha256).exists()

    # -- taking a file in

    def take(self, source: IO[bytes], bytes_max: int, too_large: Callable[[], Exception]) -> Taken:
        """Write a new content beside its place. Raises what `too_large` makes, or Unavailable
        (disk full); then nothing is left."""
        draft = self.folder / f"{secrets.token_hex(16)}{DRAFT}"
        digest, size = hashlib.sha256(), 0

        def pieces() -> Iterator[bytes]:
            nonlocal size
            while piece := source.read(FRAME_BYTES):
                digest.update(piece)
                size += len(piece)
                if size > bytes_max:
                    raise too_large()
                yield piece

        with self._written(draft):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _private(draft) as file:
                self._seal(file, _whole_frames(pieces()))
        return Taken(digest.hexdigest(), size, draft)

    def place(self, taken: Taken) -> None:
        """Put a content in its place: from then on it is here. Raises Unavailable."""
        self._move(taken.path, self.path(taken.sha256))

    def drop(self, taken: Taken) -> None:
        """Throw away what was not put in its place."""
        with suppress(OSError):
            taken.path.unlink()

    # -- fetching a file piece by piece

    def part_bytes(self, sha256: str) -> int:
        """How much of a content has been fetched: whole frames only."""
        try:
            size = self._part(sha256).stat().st_size
        except OSError:
            return 0
        return max(0, (size - HEAD_BYTES) // _SEALED_BYTES) * FRAME_BYTES

    def add_part(self, sha256: str, size: int, offset: int, content: bytes) -> int:
        """Write a further piece of a content of `size` bytes; how much there is now. A piece ends
        with a frame or with the content."""
        part = self._part(sha256)
        with self._written(part):
            part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _private(part, fresh=not offset) as file:
                if not offset:
                    file.write(MAGIC + os.urandom(SALT_BYTES))
                cipher = self._cipher(file)
                number = offset // FRAME_BYTES
                file.seek(HEAD_BYTES + number * _SEALED_BYTES)
                file.truncate()
                for start in range(0, max(len(content), 1), FRAME_BYTES):
                    piece = content[start : start + FRAME_BYTES]
                    is_last = offset + start + len(piece) >= size
                    file.write(cipher(number, piece, is_last=is_last))
                    number += 1
        return offset + len(content)

    def finish_part(self, sha256: str) -> None:
        """Check a content that was fetched to its end and put it in its place. Raises FileDamaged,
        and then what was fetched is thrown away."""
        part = self._part(sha256)
        try:
            _check(sha256, self._frames(part, 0))
        except UserProblem:
            part.unlink(missing_ok=True)
            raise
        self._move(part, self.path(sha256))

    # -- reading

    def size(self, sha256: str) -> int:
        """The size of a content in bytes; raises NotFound."""
        return _size_of(self._existing(sha256))

    def read_at(self, sha256: str, offset: int, length: int) -> bytes:
        """A piece of a content; at its end less than asked for. Raises NotFound and FileDamaged."""
        found = bytearray()
        skipped = offset % FRAME_BYTES
        for frame in self._frames(self._existing(sha256), offset // FRAME_BYTES):
            found += frame
            if len(found) >= skipped + length:
                break
        return bytes(found[skipped : skipped + length])

    def read(self, sha256: str, bytes_max: int) -> bytes:
        """A whole content, checked; raises NotFound, FileDamaged, and Unavailable where there is
        more of it than `bytes_max`."""
        path = self._existing(sha256)
        if _size_of(path) > bytes_max:
            raise Unavailable(tr_noop("The file is too large to be shown here."))
        return b"".join(_checked(sha256, self._frames(path, 0)))

    def copy_out(self, sha256: str, out: Path) -> None:
        """Write a content in clear where a person wants it, readable by this user alone; checked to
        its last byte before it has its name. Raises NotFound, FileDamaged and Unavailable."""
        path = self._existing(sha256)
        part = out.with_name(f".{out.name[:100]}.{secrets.token_hex(4)}")
        with self._written(part):
            with _private(part) as file:
                for piece in _checked(sha256, self._frames(path, 0)):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            part.replace(out)

    # -- removing

    def remove(self, sha256: str) -> None:
        """Remove a content and what was fetched of it; one that another program holds open goes
        the next time."""
        for path in (self.path(sha256), self._part(sha256)):
            with suppress(OSError):
                path.unlink()

    def remove_strangers(self, known: Iterable[str], now_s: float) -> int:
        """Remove what belongs to no known content and is old; how many there were."""
        kept = {self.path(one) for one in known}
        kept |= {path.with_name(path.name + PART) for path in kept}
        removed = 0
        for path in [*self.folder.glob(f"*{DRAFT}"), *self.folder.glob("??/*")]:
            with suppress(OSError):
                if path not in kept and now_s - path.stat().st_mtime > STRANGER_AFTER_S:
                    path.unlink()
                    removed += 1
        return removed

    # -- inside

    def _part(self, sha256: str) -> Path:
        path = self.path(sha256)
        return path.with_name(path.name + PART)

    def _existing(self, sha256: str) -> Path:
        path = self.path(sha256)
        if not path.exists():
            raise NotFound(tr_noop("The file is not on this device."))
        return path

    def _move(self, source: Path, target: Path) -> None:
        with self._written(source, keep=True):
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with source.open("r+b") as file:
                os.fsync(file.fileno())
            source.replace(target)
            _sync_folder(target.parent)

    @contextmanager
    def _written(self, path: Path, *, keep: bool = False) -> Generator[None]:
        try:
            yield
        except BaseException as error:
            if not keep and not path.name.endswith(PART):
                with suppress(OSError):
                    path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise Unavailable(
                    tr_noop("The file cannot be written ({detail}). Nothing was changed."),
                    detail=error.strerror or type(error).__name__,
                ) from error
            raise

    def _seal(self, file: IO[bytes], frames: Iterator[tuple[bytes, bool]]) -> None:
        file.write(MAGIC + os.urandom(SALT_BYTES))
        cipher = self._cipher(file)
        for number, (piece, is_last) in enumerate(frames):
            file.write(cipher(number, piece, is_last=is_last))
        file.flush()
        os.fsync(file.fileno())

    def _cipher(self, file: IO[bytes]) -> Callable[..., bytes]:
        """Seals a frame of an open file, by the salt at the file's head."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        file.seek(0)
        head = file.read(HEAD_BYTES)
        if len(head) < HEAD_BYTES:
            raise _damaged()
        key = AESGCM(_derived(self._key, head[len(MAGIC) :], b"crm-desktop file"))

        def seal(number: int, piece: bytes, *, is_last: bool) -> bytes:
            return key.encrypt(_nonce(number, is_last=is_last), piece, MAGIC)

        return seal

    def _frames(self, path: Path, first: int) -> Iterator[bytes]:
        """The content from a frame on; raises FileDamaged where a seal is broken."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
                if len(head) < HEAD_BYTES or not head.startswith(MAGIC):
                    raise _damaged()
                key = AESGCM(_derived(self._key, head[len(MAGIC) :], b"crm-desktop file"))
                last = max(0, -(-_size_of(path) // FRAME_BYTES) - 1)
                file.seek(HEAD_BYTES + first * _SEALED_BYTES)
                for number in range(first, last + 1):
                    nonce = _nonce(number, is_last=number == last)
                    yield key.decrypt(nonce, file.read(_SEALED_BYTES), MAGIC)
        except InvalidTag as error:
            raise _damaged() from error
        except OSError as error:
            raise Unavailable(
                tr_noop("The file cannot be read ({detail})."),
                detail=error.strerror or type(error).__name__,
            ) from error


def _derived(key: bytes, salt: bytes, purpose: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt or None, purpose).derive(key)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + (_LAST if is_last else _NOT_LAST)


def _size_of(path: Path) -> int:
    sealed = path.stat().st_size - HEAD_BYTES
    frames = max(1, -(-sealed // _SEALED_BYTES))
    return max(0, sealed - frames * SEAL_BYTES)


def _whole_frames(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The content cut into frames, each with whether it is the last; an empty one has one."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > FRAME_BYTES:
            yield bytes(held[:FRAME_BYTES]), False
            del held[:FRAME_BYTES]
    yield bytes(held), True


def _check(sha256: str, frames: Iterable[bytes]) -> None:
    for _ in _checked(sha256, frames):
        pass


def _checked(sha256: str, frames: Iterable[bytes]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(frame)
        yield frame
    if digest.hexdigest() != sha256:
        raise _damaged()


def _damaged() -> FileDamaged:
    return FileDamaged(tr_noop("The file is damaged on this device."))


@contextmanager
def _private(path: Path, *, fresh: bool = True) -> Generator[IO[bytes]]:
    """A file of this user alone, open for reading and writing."""
    mode = os.O_RDWR | os.O_CREAT | (os.O_TRUNC if fresh else 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, mode, 0o600), "r+b") as file:
        yield file


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
