"""The theme that the application wears: put on by `install`, read by whoever paints."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from crm_desktop.views.theme import sheet
from crm_desktop.views.theme.tokens import (
    COMFORTABLE,
    COMPACT,
    DARK,
    LIGHT,
    Metrics,
    SystemColours,
    Tokens,
    high_contrast,
)  # fmt: skip

SYSTEM = "system"
THEMES = (SYSTEM, "light", "dark")
DENSITIES = ("compact", "comfortable")

_Role = QPalette.ColorRole


class Theme(QObject):
    """What is worn now. Parent: the application. Signal: `changed` when it was put on anew."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.name = "light"
        self.density = "compact"
        self.language = ""
        self.tokens: Tokens = LIGHT
        self.metrics: Metrics = COMPACT

    def put_on(self, application: QApplication) -> None:
        """Give the application what the fields say; everything shown follows at once."""
        # Fonts ask this module for the language.
        from crm_desktop.views.theme import fonts

        self.tokens = _tokens_of(self.name, application)
        self.metrics = COMFORTABLE if self.density == "comfortable" else COMPACT
        application.setFont(fonts.made("body", self.language))
        application.setPalette(palette_of(self.tokens))
        application.setStyleSheet(sheet.style_sheet(self.tokens, self.metrics))
        self.changed.emit()

    def follow_system(self) -> None:
        """The system turned light or dark, or wants more contrast."""
        application = self.parent()
        if self.name == SYSTEM and isinstance(application, QApplication):
            self.put_on(application)


_NOTHING_WORN = Theme()
"""Light and compact: what is read where no application wears a theme (a test of one delegate)."""


def theme() -> Theme:
    """The application's theme, found as its palette is; light and compact where it wears none."""
    application = QCoreApplication.instance()
    # Kept on the Python side of the application: painters ask for every cell.
    return getattr(application, _WORN, _NOTHING_WORN)


_WORN = "worn_theme"


def install(
    application: QApplication, name: str = SYSTEM, density: str = "compact", language: str = ""
) -> Theme:
    """Make the application wear a theme; may be called again while it runs.

    `name`: "system", "light" or "dark"; `density`: "compact" or "comfortable".
    """
    worn = theme()
    if worn is _NOTHING_WORN:
        worn = Theme(application)
        setattr(application, _WORN, worn)
        _dress(application, worn)
    worn.name, worn.density, worn.language = name, density, language
    worn.put_on(application)
    return worn


def _dress(application: QApplication, worn: Theme) -> None:
    """What is put on once. Both read the theme, which is why they are not known above."""
    from crm_desktop.views.theme.focus_ring import FocusRing
    from crm_desktop.views.theme.proxy import KitStyle

    application.setStyle(KitStyle())
    FocusRing(application)
    hints = application.styleHints()
    hints.colorSchemeChanged.connect(worn.follow_system)
    hints.accessibility().contrastPreferenceChanged.connect(worn.follow_system)


def colour(name: str) -> QColor:
    """A colour of the theme by its token's name, such as "ink2"."""
    return QColor(getattr(theme().tokens, name))


def palette_of(tokens: Tokens) -> QPalette:
    """The tokens as Qt's own roles, for whatever the style sheet does not name."""
    palette = QPalette()
    for role, name in _ROLES.items():
        palette.setColor(role, QColor(getattr(tokens, name)))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.ink3))
    return palette


def _tokens_of(name: str, application: QApplication) -> Tokens:
    hints = application.styleHints()
    scheme = _SCHEMES.get(name)
    if scheme is not None:
        # The frame of the window is the system's and follows this.
        hints.setColorScheme(scheme)
        return DARK if name == "dark" else LIGHT
    hints.unsetColorScheme()
    is_dark = hints.colorScheme() == Qt.ColorScheme.Dark
    if hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
        application.setPalette(QPalette())
        return high_contrast(_system_colours(application.palette(), is_dark=is_dark))
    return DARK if is_dark else LIGHT


def _system_colours(palette: QPalette, *, is_dark: bool) -> SystemColours:
    def named(role: QPalette.ColorRole) -> str:
        return palette.color(role).name().upper()

    return SystemColours(
        page=named(_Role.Base), words=named(_Role.Text), link=named(_Role.Link),
        chosen=named(_Role.Highlight), on_chosen=named(_Role.HighlightedText), dark=is_dark,
    )  # fmt: skip


_SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}

_ROLES = {
    _Role.Window: "pane",
    _Role.WindowText: "ink",
    _Role.Base: "pane",
    _Role.AlternateBase: "alt",
    _Role.Text: "ink",
    _Role.Button: "pane",
    _Role.ButtonText: "ink",
    _Role.BrightText: "on_accent",
    _Role.PlaceholderText: "ink3",
    _Role.Highlight: "accent_fill",
    _Role.HighlightedText: "on_accent",
    _Role.Link: "accent",
    _Role.LinkVisited: "accent",
    _Role.ToolTipBase: "ink",
    _Role.ToolTipText: "pane",
    _Role.Accent: "accent_fill",
    _Role.Light: "pane",
    _Role.Midlight: "line",
    _Role.Mid: "line2",
    _Role.Dark: "control",
    _Role.Shadow: "ink2",
}
