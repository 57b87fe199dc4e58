"""The second database file of a profile: where it lies, and what names it.

`fetching` names it beside `current`; it is written before the file is made and removed after it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from crm_core.errors import Unavailable
from crm_core.i18n import tr_noop
from crm_desktop.models.outbox import sync_state
from crm_desktop.models.second import SecondFile
from crm_desktop.profile import Profile, database, free_database, point_to
from crm_desktop.writing import reason, write_atomically

FETCHING = "fetching"
PARTS = ("-shm", "-wal", "")


class Folder:
    """Implements `models.second.Files` for a profile's folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = path / FETCHING

    def named(self) -> Path | None:
        """The second file, if one was begun; never the one in use."""
        try:
            name = Path(self._name.read_text("utf-8").strip()).name
        except OSError:
            return None
        file = self._path / name
        return file if name and file != self.in_use() else None

    def begin(self) -> Path:
        """Note durably which file is about to be made, and name it."""
        file = free_database(self._path)
        write_atomically(self._name, f"{file.name}\n".encode())
        return file

    def forget(self) -> None:
        """Throw the second file away, its name last."""
        file = self.named()
        try:
            if file is not None:
                _unlink(file)
            self._name.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(
                tr_noop("{file} cannot be removed ({detail}); close what uses it and try again."),
                file=str(file or self._name), detail=reason(error),
            ) from error  # fmt: skip

    def in_use(self) -> Path:
        """The file in use."""
        return database(self._path)

    def use(self, path: Path) -> None:
        """Make the second file the one in use."""
        point_to(self._path, path)
        with suppress(OSError):  # a name that stays behind names no second file any more
            self._name.unlink()

    def remove(self, name: str) -> bool:
        """Remove a former file; False where it cannot be removed yet."""
        file = self._path / Path(name).name
        if file == self.in_use():
            return True
        try:
            _unlink(file)
        except OSError:
            return False
        return True


def second_file(profile: Profile) -> SecondFile:
    """The second file of an open profile. One that lies there of no use is thrown away."""
    folder = Folder(profile.path)
    if folder.named() is not None:
        with profile.store.reader() as c:
            is_of_no_use = sync_state(c).cursor > 0
        if is_of_no_use:
            folder.forget()
    return SecondFile(profile.store, folder)


def _unlink(file: Path) -> None:
    for part in PARTS:
        file.with_name(file.name + part).unlink(missing_ok=True)
