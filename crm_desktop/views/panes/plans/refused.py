"""Words that were not taken stay in their editor, with the reason beside it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtWidgets import QAbstractItemView, QLabel, QLineEdit, QWidget
from typing_extensions import override

_GAP = 2
_WIDTH_MIN = 260


class Refusal(QLabel):
    """The reason, below an editor or above it where there is no room; it goes with the editor.

    Parent: the widget in which editors open.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setProperty("role", "small")
        self.setProperty("tone", "bad")
        self.setProperty("surface", "pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setContentsMargins(4, 2, 4, 2)
        self._editor: QLineEdit | None = None
        self._given_back = ""
        self.hide()

    def gives_back(self, view: QAbstractItemView, typed: str) -> bool:
        """Whether to open a cell again: not a second time for somebody who went elsewhere."""
        has_left = typed == self._given_back and not view.hasFocus()
        self._given_back = "" if has_left else typed
        return not has_left

    def show_beside(self, editor: QLineEdit, typed: str, why: str) -> None:
        """Give an editor back what was typed into it, and say why it was not taken."""
        self._editor = editor
        editor.setText(typed)
        editor.setProperty("state", "refused")
        editor.style().unpolish(editor)
        editor.style().polish(editor)
        editor.setAccessibleDescription(why)
        editor.setFocus(Qt.FocusReason.OtherFocusReason)
        editor.installEventFilter(self)
        editor.returnPressed.connect(self._leave)
        self.setText(f"◆ {why}")
        self._place(editor)
        self.show()
        self.raise_()

    @property
    def words(self) -> str:
        """The reason, or "" where none is shown."""
        return "" if self.isHidden() else self.text()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._editor and event.type() == QEvent.Type.Hide:
            self._leave()
        return super().eventFilter(watched, event)

    def _leave(self) -> None:
        editor, self._editor = self._editor, None
        self.hide()
        if editor is None:
            return
        editor.removeEventFilter(self)
        editor.returnPressed.disconnect(self._leave)
        editor.setProperty("state", "")
        editor.style().unpolish(editor)
        editor.style().polish(editor)
        editor.setAccessibleDescription("")

    def _place(self, editor: QLineEdit) -> None:
        room = self.parentWidget()
        assert room is not None
        at = editor.mapTo(room, editor.rect().topLeft())
        width = min(max(editor.width(), _WIDTH_MIN), room.width())
        height = self.heightForWidth(width)
        below = at.y() + editor.height() + _GAP
        top = below if below + height <= room.height() else at.y() - height - _GAP
        left = max(min(at.x(), room.width() - width), 0)
        self.setGeometry(left, max(top, 0), width, height)


def editor_at(view: QAbstractItemView, index: QModelIndex) -> QLineEdit | None:
    """Open the editor of a cell."""
    view.setCurrentIndex(index)
    view.scrollTo(index)
    view.edit(index)
    made = view.indexWidget(index)
    return made if isinstance(made, QLineEdit) else None
