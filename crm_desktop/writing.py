"""Files written whole: a crash leaves the old one or the new one, never half of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from crm_core.errors import Unavailable
from crm_core.i18n import tr_noop

_NEW = os.O_CREAT | os.O_EXCL | os.O_WRONLY
_PRIVATE, _SHARED = 0o600, 0o666

_REASONS: Mapping[int, str] = {
    errno.EACCES: tr_noop(
        "{file} cannot be written: you have no right to write there, or another program has it "
        "open. Choose another place or name."
    ),
    errno.ENOSPC: tr_noop(
        "{file} cannot be written: the disk is full. Free some space, or choose another disk."
    ),
    errno.EISDIR: tr_noop("{file} cannot be written: a folder has that name. Choose another name."),
    errno.ENOENT: tr_noop("{file} cannot be written: there is no folder {folder}."),
    errno.ENAMETOOLONG: tr_noop("{file} cannot be written: the name is too long."),
}
_SAME = {
    errno.EPERM: errno.EACCES, errno.EROFS: errno.EACCES, errno.EDQUOT: errno.ENOSPC,
    errno.ENOTEMPTY: errno.EISDIR, errno.EEXIST: errno.EISDIR, errno.ENOTDIR: errno.ENOENT,
}  # fmt: skip


def write_atomically(file: Path, content: bytes) -> None:
    """Replace a file of this user alone in one step, on the disk when it returns; raises
    Unavailable (disk full, no right)."""
    with replaced(file) as made, made.open("wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())


@contextmanager
def replaced(out: Path, *, private: bool = True) -> Generator[Path]:
    """A new file that takes the place of `out` once it is written whole: of this user alone, or
    with the rights of any new file there. Raises Unavailable; what was there before stays then."""
    made = out.with_name(f".{os.urandom(8).hex()}")
    try:
        os.close(os.open(made, _NEW, _PRIVATE if private else _SHARED))
        try:
            yield made
            made.replace(out)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refusal(out, error) from error


def reason(error: OSError) -> str:
    """The operating system's own words, without the path that our sentence names already."""
    return error.strerror or type(error).__name__


def _refusal(out: Path, error: OSError) -> Unavailable:
    """Why a file was not written, and what helps; what was there before stays as it was."""
    number = errno.EISDIR if out.is_dir() else error.errno or 0
    why = _REASONS.get(_SAME.get(number, number))
    if why is None:
        return Unavailable(
            tr_noop("{file} cannot be written ({detail}). Nothing was changed."),
            file=str(out), detail=reason(error),
        )  # fmt: skip
    return Unavailable(why, file=out.name, folder=str(out.parent))
