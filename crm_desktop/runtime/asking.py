"""What asks the server while somebody waits for the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject

from crm_core.errors import CrmError
from crm_desktop.runtime.lanes import Lanes

if TYPE_CHECKING:
    from crm_desktop.sync.session import Session

T = TypeVar("T")


class Desk(QObject):
    """Asks the server of one open profile. Owned by the composition root. Nothing is kept here: who
    is offline is told so."""

    def __init__(
        self, session: Callable[[], Session], lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._lanes = session, lanes

    def _ask(
        self, question: Callable[[Session], T], then: Callable[[T], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        self._lanes.network(lambda: question(self._session()), then, owner=owner, failed=failed)
