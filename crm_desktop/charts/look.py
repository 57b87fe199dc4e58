"""How charts look: the style sheets of the two themes, their colours by name, and the faces."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import font_manager

from crm_desktop.charts.contrast import Colour, readable

STYLES = Path(__file__).resolve().parents[2] / "resources" / "charts"
_BAR = {"light": "#A6AFBE", "dark": "#566072"}
"""The token `bar`, the one colour that no setting of matplotlib has."""

_TIER = {"light": "#5A6370", "dark": "#8791A1"}
"""The pyramid's storeys: slate, in the dark about as bright on its pane as the blue beside it."""

_WHITE, _BLACK = "#FFFFFF", "#000000"
"""Of these two one can be read on any colour."""

_HAN = {
    "zh_TW": ("PingFang TC", "Microsoft JhengHei UI", "Noto Sans CJK TC"),
    "": ("PingFang SC", "Microsoft YaHei UI", "Noto Sans CJK SC"),
}
_LAST = (
    "Noto Sans CJK SC", "Noto Sans CJK TC", "Microsoft YaHei", "Microsoft JhengHei",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Source Han Sans SC", "Source Han Sans CN",
    "Noto Sans CJK JP", "Hiragino Sans GB", "Heiti SC", "Heiti TC", "STHeiti", "Songti SC",
    "SimHei", "SimSun", "Arial Unicode MS", "DejaVu Sans",
)  # fmt: skip
"""Whatever knows Chinese on this machine; DejaVu comes with matplotlib and is always there."""


@dataclass(frozen=True)
class Look:
    """A theme: matplotlib's settings, and the colours of look.md that drawings name."""

    settings: Mapping[str, Any]
    pane: str
    ink: str
    ink2: str
    ink3: str
    line: str
    line2: str
    bar: str
    tier: str
    series: tuple[str, ...]

    def ink_on(self, ground: Colour) -> Colour:
        """The colour of words on a coloured ground."""
        return readable(ground, _WHITE, _BLACK)


@cache
def look_of(theme: str, language: str) -> Look:
    """The look of a theme, "light" or "dark", for words in a language."""
    library: Any = matplotlib  # its stub lists every setting by name
    file = STYLES / f"{theme}.mplstyle"
    settings: dict[str, Any] = dict(library.rc_params_from_file(file, use_default_template=False))
    named: list[str] = list(settings["font.sans-serif"])
    settings["font.sans-serif"] = list(families(named, language))
    settings["font.family"] = settings["font.sans-serif"]
    cycle = settings["axes.prop_cycle"].by_key()["color"]
    return Look(
        settings,
        pane=_colour(settings["figure.facecolor"]),
        ink=_colour(settings["text.color"]),
        ink2=_colour(settings["xtick.labelcolor"]),
        ink3=_colour(settings["axes.labelcolor"]),
        line=_colour(settings["grid.color"]),
        line2=_colour(settings["axes.edgecolor"]),
        bar=_BAR[theme],
        tier=_TIER[theme],
        series=tuple(map(_colour, cycle)),
    )


def elsewhere(language: str) -> str:
    """The faces of other systems for a drawing's list of families, the generic one last."""
    names = ("Segoe UI", *_HAN.get(language, _HAN[""]), "Microsoft YaHei")
    return ", ".join((*(f"'{name}'" for name in names), "sans-serif"))


def _colour(text: str) -> str:
    return text if text.startswith("#") else f"#{text}"


def families(named: list[str], language: str) -> tuple[str, ...]:
    """The faces that are here, in order: Latin ones of the style, the language's Chinese ones,
    any other that knows Chinese. Naming one that is missing would be remarked for each letter."""
    # A variable or damaged face of the system is no business of the user's.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    here = set(font_manager.get_font_names())
    chinese = {name for names in _HAN.values() for name in names} | {"Microsoft YaHei"}
    latin = [name for name in named if name not in chinese]
    wanted = (*latin, "DejaVu Sans", *_HAN.get(language, _HAN[""]), *_LAST)
    return tuple(dict.fromkeys(name for name in wanted if name in here))
