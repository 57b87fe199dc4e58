"""Light and dark as palettes (values of the look's tokens), and fonts that know Chinese."""

from __future__ import annotations

import sys

from PySide6.QtGui import QColor, QFont, QPalette

_Role = QPalette.ColorRole

_LIGHT = {
    _Role.Window: "#FFFFFF",
    _Role.WindowText: "#1A1E26",
    _Role.Base: "#FFFFFF",
    _Role.AlternateBase: "#F8F9FB",
    _Role.Text: "#1A1E26",
    _Role.Button: "#F3F4F6",
    _Role.ButtonText: "#1A1E26",
    _Role.PlaceholderText: "#5F6978",
    _Role.Highlight: "#2F57B5",
    _Role.HighlightedText: "#FFFFFF",
    _Role.Link: "#2F57B5",
    _Role.ToolTipBase: "#FFFFFF",
    _Role.ToolTipText: "#1A1E26",
    _Role.Light: "#FFFFFF",
    _Role.Midlight: "#E6E8ED",
    _Role.Mid: "#CFD4DC",
    _Role.Dark: "#7C8493",
    _Role.Shadow: "#4B5463",
}
_DARK = {
    _Role.Window: "#1A1E24",
    _Role.WindowText: "#E8EAEE",
    _Role.Base: "#2A3039",
    _Role.AlternateBase: "#14171C",
    _Role.Text: "#E8EAEE",
    _Role.Button: "#3A424E",
    _Role.ButtonText: "#E8EAEE",
    _Role.PlaceholderText: "#959EAC",
    _Role.Highlight: "#4468C8",
    _Role.HighlightedText: "#FFFFFF",
    _Role.Link: "#93AFF4",
    _Role.ToolTipBase: "#2A3039",
    _Role.ToolTipText: "#E8EAEE",
    _Role.Light: "#3E4652",
    _Role.Midlight: "#2B313A",
    _Role.Mid: "#3E4652",
    _Role.Dark: "#14171C",
    _Role.Shadow: "#0C0E11",
}
_FAINT = {"light": "#8A93A1", "dark": "#6F7884"}

_FAMILIES = {
    "": ("Inter", "Noto Sans", "DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Micro Hei"),
    "zh_TW": ("Inter", "Noto Sans", "DejaVu Sans", "Noto Sans CJK TC", "WenQuanYi Micro Hei"),
}
_POINT_SIZE = 10


def palette_of(theme: str) -> QPalette:
    """The palette of a theme: "light" or "dark"."""
    palette = QPalette()
    for role, colour in (_DARK if theme == "dark" else _LIGHT).items():
        palette.setColor(role, QColor(colour))
    for role in (_Role.WindowText, _Role.Text, _Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_FAINT[theme]))
    return palette


def font_of(font: QFont, language: str) -> QFont:
    """The system's font, with a Chinese face behind it where the system names none."""
    made = QFont(font)
    if sys.platform.startswith("linux"):
        made.setFamilies(_FAMILIES.get(language, _FAMILIES[""]))
        made.setPointSize(_POINT_SIZE)
    return made
