"""The user guide: short pages shipped with the program, opened at the one that is needed."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTextBrowser, QToolButton, QVBoxLayout, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.theme.theme import theme

INDEX = "index"
_SIZE = (640, 620)
_MARGIN = 20
_LANGUAGES = ("zh_CN", "zh_TW")
"""The guide's own languages; every other one reads English."""


class Guide(QDialog):
    """The guide in a window beside the work; it never blocks it. Parent: the window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Guide"))
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.page = INDEX
        self._text = QTextBrowser(self)
        self._text.setOpenLinks(False)
        self._text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self._text.document().setDocumentMargin(_MARGIN)
        self._text.setAccessibleName(tr("Guide"))
        self._text.anchorClicked.connect(self._follow)
        contents = QToolButton(self)
        contents.setText(tr("All pages"))
        contents.clicked.connect(self._show_index)
        foot = QHBoxLayout()
        foot.setContentsMargins(_MARGIN, 8, _MARGIN, 12)
        foot.addWidget(contents)
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._text, 1)
        layout.addLayout(foot)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Back), self, self._show_index)

    def show_page(self, page: str) -> None:
        """Open a page; one that does not exist opens the contents."""
        self.page = page if page_of(page, theme().language) else INDEX
        self._text.setMarkdown(page_of(self.page, theme().language))

    def _show_index(self) -> None:
        self.show_page(INDEX)

    def _follow(self, link: QUrl) -> None:
        name = link.toString()
        if name.endswith(".md"):
            self.show_page(name.removesuffix(".md"))
        else:
            QDesktopServices.openUrl(link)


def show_guide(parent: QWidget, page: str) -> Guide:
    """Open the guide at a page, in the window that is open already if there is one."""
    guide = parent.findChild(Guide) or Guide(parent)
    guide.show_page(page)
    guide.show()

    guide.activateWindow()
    return guide


def page_of(page: str, language: str) -> str:
    """The text of a page in a language; "" where there is none."""
    if not page.isidentifier():
        return ""
    file = _folder(language) / f"{page}.md"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _folder(language: str) -> Traversable:
    return files("resources") / "guide" / (language if language in _LANGUAGES else "en")
