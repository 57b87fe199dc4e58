"""Type: the faces of each system, Latin before Chinese, and the sizes of the look's roles."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache

import msgspec
from PySide6.QtGui import QFont, QFontMetrics

from crm_desktop.views.theme.theme import theme

_Weight = QFont.Weight

LINUX = ("Inter", "Noto Sans", "DejaVu Sans")
WINDOWS = ("Segoe UI Variable Text", "Segoe UI")
MAC = (".AppleSystemUIFont",)

_LATIN: Mapping[str, tuple[str, ...]] = {"win32": WINDOWS, "darwin": MAC}
_CHINESE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "win32": {"": ("Microsoft YaHei UI",), "zh_TW": ("Microsoft JhengHei UI",)},
    "darwin": {"": ("PingFang SC",), "zh_TW": ("PingFang TC",)},
    "linux": {
        "": ("Noto Sans CJK SC", "WenQuanYi Micro Hei"),
        "zh_TW": ("Noto Sans CJK TC", "WenQuanYi Micro Hei"),
    },
}


class Face(msgspec.Struct, frozen=True):
    """How a role is set: its size and its weight."""

    pixels: int
    weight: QFont.Weight = _Weight.Normal


ROLES: Mapping[str, Face] = {
    "page": Face(17, _Weight.DemiBold),
    "record": Face(15, _Weight.DemiBold),
    "chart": Face(14, _Weight.DemiBold),
    "body": Face(13),
    "name": Face(13, _Weight.Medium),
    "section": Face(13, _Weight.DemiBold),
    "small": Face(12),
    "small_medium": Face(12, _Weight.Medium),
    "small_strong": Face(12, _Weight.DemiBold),
    "caption": Face(11),
    "badge": Face(11, _Weight.Medium),
}
"""Pixels at 100 %; Qt's own scale does the rest."""

_TABULAR = QFont.Tag("tnum")


def families(language: str, platform: str = sys.platform) -> list[str]:
    """The faces to look for, best first: Han shapes follow the language of the window."""
    chinese = _CHINESE.get(platform, _CHINESE["linux"])
    return [*_LATIN.get(platform, LINUX), *chinese.get(language, chinese[""])]


def made(role: str, language: str) -> QFont:
    """The font of a role in a language. Widgets ask `theme.font`, which knows the language."""
    face = ROLES[role]
    font = QFont()
    font.setFamilies(families(language))
    font.setPixelSize(face.pixels)
    font.setWeight(face.weight)
    font.setFeature(_TABULAR, 1)
    return font


def font(role: str) -> QFont:
    """The font of a role in the application's language; a copy that may be altered."""
    return QFont(_kept(role, theme().language)[0])


def metrics(role: str) -> QFontMetrics:
    """How wide and high a role's letters are."""
    return _kept(role, theme().language)[1]


def painted(role: str) -> QFont:
    """The font of a role for a painter, which alters nothing: found once, as finding it is slow."""
    return _kept(role, theme().language)[0]


@lru_cache(maxsize=64)
def _kept(role: str, language: str) -> tuple[QFont, QFontMetrics]:
    found = made(role, language)
    return found, QFontMetrics(found)
