"""What the operating system says about the network: a hint, never proof that a server answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from PySide6.QtNetwork import QNetworkInformation

log = logging.getLogger(__name__)


class Network(QObject):
    """Signals: `came_back` when there is a way out again; `metered_changed` when bytes begin or
    cease to be paid for."""

    came_back = Signal()
    metered_changed = Signal()

    def __init__(self, said: QNetworkInformation | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._said = said
        self._was_away = False
        if said is not None:
            said.reachabilityChanged.connect(self._note_way)
            said.isMeteredChanged.connect(self._note_price)

    @property
    def is_metered(self) -> bool:
        """Whether bytes are paid for here; a system that does not say so is taken to be free."""
        return self._said is not None and self._said.isMetered()

    def _note_way(self) -> None:
        from PySide6.QtNetwork import QNetworkInformation

        assert self._said is not None
        is_away = self._said.reachability() == QNetworkInformation.Reachability.Disconnected
        if self._was_away and not is_away:
            self.came_back.emit()
        self._was_away = is_away

    def _note_price(self) -> None:
        self.metered_changed.emit()


def system_network(parent: QObject) -> Network:
    """The network as this system describes it; where it does not, nothing is ever said."""
    from PySide6.QtNetwork import QNetworkInformation

    if not QNetworkInformation.loadDefaultBackend():
        log.info("this system says nothing about its network")
        return Network(None, parent)
    return Network(QNetworkInformation.instance(), parent)
