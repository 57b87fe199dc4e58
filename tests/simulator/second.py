"""The second file of a simulated laptop's first fetch: it may die anywhere, the swap included."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from crm_desktop.models.replica import SyncState
from crm_desktop.models.second import SecondFile
from crm_desktop.models.store import Store
from tests.simulator.chance import Crashed
from tests.simulator.stores import KEY, copy, template_of_second

if TYPE_CHECKING:
    from tests.simulator.device import Device


class Files:
    """Implements `crm_desktop.models.second.Files`: names that outlive every crash."""

    def __init__(self, device: Device) -> None:
        self.second: Path | None = None
        self.may_lose_pages = False
        self._device = device
        self._begun = 0

    def named(self) -> Path | None:
        return self.second if self.second != self.in_use() else None

    def begin(self) -> Path:
        self._begun += 1
        self.second = self.in_use().with_name(f"{self._device.name}-second-{self._begun}.db")
        self.may_lose_pages = True
        return self.second

    def forget(self) -> None:
        if self.named() is not None:
            self.remove(self.second.name if self.second else "")
        self.second = None

    def in_use(self) -> Path:
        return self._device.path

    def use(self, path: Path) -> None:
        self._device.may_die_in_swap()
        self._device.point_to(path)
        self.second = None
        self._device.may_die_in_swap()

    def remove(self, name: str) -> bool:
        file = self.in_use().with_name(name)
        for ending in ("", "-wal", "-shm"):
            file.with_name(file.name + ending).unlink(missing_ok=True)
        return True


class MortalSecondFile(SecondFile):
    """The second file that ships, on a laptop whose disk may be full and whose power may go."""

    def __init__(self, device: Device) -> None:
        super().__init__(device.store, device.files)
        self._device = device

    @override
    def _created(self) -> Store:
        """As it ships, but copied from one that was made before."""
        path, device = self._files.begin(), self._device
        copy(template_of_second(device.name, device.person, path.parent.parent), path)
        return Store.open(path, KEY, clock=device.clock, new_id=device.new_id)

    @override
    def open(self) -> SyncState:
        state = super().open()
        assert self._second is not None
        second, mortal = self._second, self._device.dying_after
        second.writing = mortal(second.writing, written_through=False)  # type: ignore[method-assign]
        second.writing_later = mortal(second.writing_later, written_through=False)  # type: ignore[method-assign]
        return state

    @override
    def index(self) -> bool:
        more = super().index()
        if not more:
            self._device.files.may_lose_pages = False
        return more

    @override
    def close(self) -> None:
        """Who dies closes nothing: what was not written through is lost with the power."""
        if sys.exc_info()[0] is not Crashed:
            super().close()
            return
        left: Store | None = self._second
        if left is not None:
            self._device.left_open.append(left)
