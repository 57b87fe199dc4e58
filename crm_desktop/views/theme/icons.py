"""Icons: line drawings of resources/icons in a token's colour, drawn when first looked at.

An icon follows the theme by itself: it asks for its colour when it is painted, so nobody has to
set it again after a change.
"""

from __future__ import annotations

from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from typing_extensions import override

from crm_desktop.views.theme.sheet import ICONS
from crm_desktop.views.theme.theme import theme

SMALL, USUAL, LARGE = 14, 16, 32

_LARGE_FROM = 24
"""From this size on the line is drawn at half its width, so that it stays as thin as text."""

_USUAL_STROKE, _LARGE_STROKE = 'stroke-width="1.5"', 'stroke-width="0.8"'
_CACHED = 1024


def icon(name: str, token: str = "ink2", size: int = USUAL) -> QIcon:
    """An icon in a token's colour; disabled it is `ink3`. `size` is what it says it is best at."""
    return QIcon(_Engine(name, token, size))


def pixmap(name: str, token: str = "ink2", size: int = USUAL, ratio: float = 1.0) -> QPixmap:
    """An icon as pixels, `size` device-independent pixels square, for a screen of this ratio."""
    return _drawn(name, getattr(theme().tokens, token), size, ratio)


def paint_icon(painter: QPainter, rect: QRect, name: str, token: str = "ink2") -> None:
    """Draw an icon in the middle of a rectangle, as large as fits it."""
    side = min(rect.width(), rect.height())
    ratio = painter.device().devicePixelRatioF()
    square = QRect(0, 0, side, side)
    square.moveCenter(rect.center())
    painter.drawPixmap(square.topLeft(), pixmap(name, token, side, ratio))


@lru_cache(maxsize=_CACHED)
def _drawn(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    # QtSvg is loaded with the first icon and not with this module.
    from PySide6.QtSvg import QSvgRenderer

    text = _source(name).replace("currentColor", colour)
    if size >= _LARGE_FROM:
        text = text.replace(_USUAL_STROKE, _LARGE_STROKE, 1)
    made = QPixmap(QSize(size, size) * ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(made.rect()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


@cache
def _source(name: str) -> str:
    return (ICONS / f"{name}.svg").read_text("utf-8")


_cloned: list[QIconEngine] = []


class _Engine(QIconEngine):
    """Paints an icon in the colours that are worn at that moment."""

    def __init__(self, name: str, token: str, size: int) -> None:
        super().__init__()
        self._name, self._token, self._size = name, token, size

    @override
    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        paint_icon(painter, rect, self._name, self._token_in(mode))

    @override
    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    @override
    def scaledPixmap(
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        # `size` counts the screen's own pixels.
        side = round(min(size.width(), size.height()) / scale)
        return pixmap(self._name, self._token_in(mode), side, scale)

    @override
    def actualSize(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QSize:
        side = min(size.width(), size.height())
        return QSize(side, side)

    @override
    def availableSizes(
        self, mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off
    ) -> list[QSize]:
        return [QSize(self._size, self._size)]

    @override
    def iconName(self) -> str:
        return self._name

    @override
    def clone(self) -> QIconEngine:
        made = _Engine(self._name, self._token, self._size)
        # Qt takes it over without telling Python, which would throw it away at once.
        _cloned.append(made)
        return made

    def _token_in(self, mode: QIcon.Mode) -> str:
        return "ink3" if mode == QIcon.Mode.Disabled else self._token
