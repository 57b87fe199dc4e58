"""The devices of this user, or for IT of all, as the server tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crm_core.errors import CrmError
from crm_desktop.runtime.asking import Desk

if TYPE_CHECKING:
    from crm_core.wire import DeviceList
    from crm_desktop.sync.session import Session


class DeviceDesk(Desk):
    """Shows and withdraws devices."""

    def ask(
        self, then: Callable[[DeviceList], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Hand over the list as it stands now."""
        self._ask(lambda session: session.devices(), then, owner=owner, failed=failed)

    def withdraw(
        self, device: str, then: Callable[[DeviceList], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Withdraw a lost device, and hand over the list as it stands then."""

        def job(session: Session) -> DeviceList:
            session.withdraw(device)
            return session.devices()

        self._ask(job, then, owner=owner, failed=failed)
