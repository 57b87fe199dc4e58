"""The application object with what it wears, and the main window."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from PySide6.QtCore import (
    QLibraryInfo,
    QLocale,
    QMessageLogContext,
    QtMsgType,
    QTranslator,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QWidget
from typing_extensions import override

from crm_desktop import i18n, settings
from crm_desktop.i18n import tr
from crm_desktop.views.theme import theme

log = logging.getLogger(__name__)

NO_DISPLAY = "offscreen"
_SIZE = (1280, 800)

_LOG_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.INFO,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def new_application(scale: int) -> QApplication:
    """The application object, `scale` percent of its usual size."""
    qInstallMessageHandler(_log_qt)
    if scale != settings.SCALE_MIN:
        os.environ["QT_SCALE_FACTOR"] = str(scale / 100)  # Qt reads it once, at its start
    application = QApplication(sys.argv[:1])
    application.setApplicationName("CRM Desktop")
    return application


def kept_locale(profile: Path) -> str:
    """The language of a profile, or the system's."""
    known = settings.known(profile)
    return (known.locale if known is not None else "") or QLocale.system().name()


def dress(
    application: QApplication, liked: settings.Preferences, locale: str, *, asked: str = ""
) -> None:
    """Put on a language and a theme, the one `asked` for before the one liked; also while it
    runs."""
    language = i18n.set_language(locale)
    QLocale.setDefault(QLocale(language))
    for worn in application.findChildren(QTranslator):
        application.removeTranslator(worn)
        worn.deleteLater()
    translator = QTranslator(application)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(f"qtbase_{language}", folder):
        application.installTranslator(translator)
    # A picture is light unless asked otherwise, whatever the machine that takes it prefers.
    is_pictured = application.platformName() == NO_DISPLAY and liked.theme == theme.SYSTEM
    unasked = "light" if is_pictured else liked.theme
    theme.install(application, asked or unasked, liked.density, language)


def _log_qt(kind: QtMsgType, _where: QMessageLogContext, text: str) -> None:
    """Qt's own remarks belong into the log, not on the terminal."""
    log.log(_LOG_LEVELS.get(kind, logging.INFO), "Qt: %s", text)


class Window(QMainWindow):
    """The main window: the shell, or the sign-in page. Signal: `closing` before it closes."""

    closing = Signal()

    def __init__(self, size: tuple[int, int] | None = None) -> None:
        """Exactly of this size (a picture), or of the usual one where the screen has the room."""
        super().__init__()
        self.pages = QStackedWidget(self)
        self.setCentralWidget(self.pages)
        self.setWindowTitle(tr("CRM Desktop"))
        self.resize(*(size or _SIZE))
        if size is None and QApplication.platformName() != NO_DISPLAY:
            self.resize(self.size().boundedTo(self.screen().availableSize()))

    def show_page(self, page: QWidget) -> None:
        """Bring a page to the front."""
        if self.pages.indexOf(page) < 0:
            self.pages.addWidget(page)
        self.pages.setCurrentWidget(page)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)
