"""A column of badges: how a record stands between this machine and the server."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect
from PySide6.QtGui import QPainter
from typing_extensions import override

from crm_desktop.views.kit.badge import paint_badge
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate


class BadgeDelegate(RowDelegate):
    """The model gives the state as `VALUE` ("pending", "conflict"…), "" or None for none."""

    @override
    def paint_content(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        state = index.data(VALUE)
        if state:
            paint_badge(painter, rect, str(state), self.tokens)
