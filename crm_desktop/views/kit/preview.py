"""A picture over the window; Escape, or a click beside it, closes it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.focus import KeyboardBefore
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme

_MARGIN = 32
_FOOT = 28
ROOM = QSize(2400, 1600)
"""No screen shows more of a picture at once."""


class Preview(QWidget):
    """One picture with its name, over everything of the window."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self._keyboard = KeyboardBefore()
        self._image = QImage()
        self._name = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        over.installEventFilter(self)
        self.hide()

    def show_picture(self, image: QImage, name: str) -> None:
        """Show a picture."""
        self._image, self._name = image, name
        self.setAccessibleName(tr("Picture: {name}", name=name))
        if not self.isVisible():
            self._keyboard.note(self)
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.update()

    @property
    def name(self) -> str:
        """The name of what is shown."""
        return self._name

    def close_picture(self) -> None:
        """Go away; the keyboard goes back to where it was."""
        self.hide()
        self._image = QImage()
        self._keyboard.give_back()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._over.rect())
        return False

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if Qt.Key(event.key()) in (Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Return):
            self.close_picture()
            return
        super().keyPressEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.close_picture()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = theme().tokens
        scrim = QColor(tokens.scrim)
        scrim.setAlphaF(max(tokens.scrim_alpha, 0.7))
        painter.fillRect(self.rect(), scrim)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room = self.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN - _FOOT)
        ratio = self.devicePixelRatioF()
        natural = QSize(round(self._image.width() / ratio), round(self._image.height() / ratio))
        size = natural
        if natural.width() > room.width() or natural.height() > room.height():
            size = natural.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, size.width(), size.height())
        target.moveCenter(room.center())
        painter.drawImage(target, self._image)
        foot = QRect(_MARGIN, room.bottom() + 1, room.width(), _FOOT + _MARGIN // 2)
        painter.setFont(font("body"))
        painter.setPen(QColor("white"))
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, self._name)
        painter.end()
