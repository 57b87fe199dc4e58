"""Pictures that somebody attached: decoded beside the window, within limits, never trusted."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter

from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop

PIXELS_MAX = 50_000_000
"""No camera makes larger ones; a file of a few bytes may claim to be a picture of any size."""

ALLOCATION_MIB_MAX = 128
CONTENT_BYTES_MAX = 64 * 1024 * 1024


def shrunk(content: bytes, room: QSize) -> QImage:
    """A picture no larger than `room`, standing as its camera was held. Raises UserProblem for what
    is none, or too large to be one. Called in a lane: it may take a while."""
    QImageReader.setAllocationLimit(ALLOCATION_MIB_MAX)
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid() or size.width() * size.height() > PIXELS_MAX:
        raise _unreadable()
    wanted = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
    if wanted.width() < size.width():
        reader.setScaledSize(wanted.expandedTo(QSize(1, 1)))
    image = reader.read()
    if image.isNull():
        raise _unreadable()
    return image


def tile(content: bytes, size: QSize) -> QImage:
    """The middle of a picture, filling a tile of this size (in device pixels)."""
    image = shrunk(content, size * 3)
    filling = image.scaled(
        size, Qt.AspectRatioMode.KeepAspectRatioByExpanding,
        Qt.TransformationMode.SmoothTransformation,
    )  # fmt: skip
    made = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    made.fill(QColor(0, 0, 0, 0))
    painter = QPainter(made)
    left, top = (size.width() - filling.width()) // 2, (size.height() - filling.height()) // 2
    painter.drawImage(left, top, filling)
    painter.end()
    return made


def as_png(image: QImage) -> bytes:
    """A picture from the clipboard as a file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportArgumentType, reportCallIssue]  # stub: str
    return bytes(buffer.data().data())


def _unreadable() -> UserProblem:
    return UserProblem(tr_noop("This picture cannot be shown here; save it and open it elsewhere."))
