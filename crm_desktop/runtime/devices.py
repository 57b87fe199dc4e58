"""The devices of this user, or for IT of all, as the server tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crm_core.errors import CrmError
from crm_desktop.runtime.lanes import Lanes

if TYPE_CHECKING:
    from crm_core.wire import DeviceList
    from crm_desktop.sync.session import Session


class DeviceDesk(QObject):
    """Asks the server of one open profile. Owned by the composition root. Nothing is kept here: who
    is offline is told so."""

    def __init__(
        self, session: Callable[[], Session], lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._lanes = session, lanes

    def ask(
        self, then: Callable[[DeviceList], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Hand over the list as it stands now."""
        self._lanes.network(lambda: self._session().devices(), then, owner=owner, failed=failed)

    def withdraw(
        self, device: str, then: Callable[[DeviceList], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Withdraw a lost device, and hand over the list as it stands then."""

        def job() -> DeviceList:
            self._session().withdraw(device)
            return self._session().devices()

        self._lanes.network(job, then, owner=owner, failed=failed)
