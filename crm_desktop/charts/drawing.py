"""A chart drawn: as a picture for the window, or as a file with its words around it.

matplotlib keeps its settings in one place for the whole process, so one drawing at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg

from crm_desktop.charts import bars, columns, curves
from crm_desktop.charts.look import elsewhere, look_of
from crm_desktop.charts.sheet import Place, Sheet
from crm_desktop.i18n import language, tr
from crm_desktop.insight.chart import Chart, Form
from crm_desktop.insight.phrases import foot_words

DRAW: Mapping[Form, Callable[[Sheet, Chart], None]] = {
    Form.COLUMNS: columns.draw_columns,
    Form.STACK: columns.draw_stack,
    Form.PARETO: columns.draw_pareto,
    Form.BARS: bars.draw_bars,
    Form.PYRAMID: bars.draw_pyramid,
    Form.CURVE: curves.draw_curve,
    Form.GRID: curves.draw_grid,
}
PAGE = (720.0, 440.0)
"""Pixels of an exported picture."""

PNG_RATIO = 2.0
"""Exported pixels for each of the design's: sharp in print."""

_MARGIN, _HEAD, _FOOT = 24.0, 74.0, 40.0
_ONE = threading.Lock()
_LIBRARY: Any = matplotlib  # its stub lists every setting by name


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn chart: 4 bytes a pixel (RGBA), top row first; places in logical pixels."""

    width: int
    height: int
    ratio: float
    pixels: bytes
    places: tuple[Place, ...]


def paint(chart: Chart, width: int, height: int, ratio: float, theme: str) -> Picture:
    """A chart without its words, which the window shows itself. Safe in any thread."""
    with _settings(theme):
        sheet = Sheet(look_of(theme, language()), width, height, ratio)
        _fill(sheet, chart)
        canvas = FigureCanvasAgg(sheet.figure)
        canvas.draw()
        view: Any = canvas.buffer_rgba()
        rows, wide, _ = view.shape
        return Picture(wide, rows, ratio, bytes(view), tuple(sheet.places()))


def write_picture(chart: Chart, out: Path | BinaryIO, form: str) -> None:
    """A chart with title, finding, filter and foot into a file; `form` png, svg or pdf. Always
    light: it is for paper."""
    with _settings("light"):
        figure: Any = _dressed(chart).figure
        metadata = {"Title": chart.title} if form == "pdf" else None
        figure.savefig(out, format=form, metadata=metadata)
    if form == "svg" and isinstance(out, Path):
        _name_all_faces(out)


def _name_all_faces(out: Path) -> None:
    """A drawing is looked at on other computers: let it name their faces after those of this one,
    which are all that may be named while it is made."""
    text = out.read_text("utf-8")
    here = ", ".join(f"'{name}'" for name in look_of("light", language()).settings["font.family"])
    out.write_text(text.replace(here, f"{here}, {elsewhere(language())}"), "utf-8")


def write_pages(charts: list[Chart], out: Path) -> None:
    """Several charts into one PDF, a page each."""
    from matplotlib.backends.backend_pdf import PdfPages

    with _settings("light"), PdfPages(out) as pages:
        for chart in charts:
            pages.savefig(_dressed(chart).figure)  # pyright: ignore[reportUnknownMemberType]


@contextmanager
def _settings(theme: str) -> Generator[None]:
    with _ONE:
        look = look_of(theme, language())
        context: Any = _LIBRARY.rc_context(dict(look.settings))
        with context:
            yield


def _dressed(chart: Chart) -> Sheet:
    """The sheet of an export: the words that the window has in labels are drawn around the plot."""
    width, height = PAGE
    sheet = Sheet(
        look_of("light", language()), width, height, PNG_RATIO,
        top=_HEAD, bottom=_FOOT, side=_MARGIN,
    )  # fmt: skip
    _fill(sheet, chart)
    figure: Any = sheet.figure
    look, left = sheet.look, _MARGIN / width
    figure.text(left, 1 - 24 / height, chart.title, fontsize=12, fontweight="bold", va="center")
    figure.text(left, 1 - 44 / height, chart.finding, fontsize=9.5, color=look.ink2, va="center")
    figure.text(left, 1 - 61 / height, chart.filters, color=look.ink3, va="center")
    foot, y = foot_words(chart), 18 / height
    figure.text(left, y, "    ".join(foot[:2]), color=look.ink3, va="center")
    figure.text(1 - left, y, foot[2], color=look.ink3, va="center", ha="right")
    return sheet


def _fill(sheet: Sheet, chart: Chart) -> None:
    if not chart.is_empty and chart.series:
        DRAW[chart.form](sheet, chart)
        return
    figure: Any = sheet.figure
    figure.text(0.5, 0.5, tr("No records for this time and filter."), ha="center", va="center",
                color=sheet.look.ink3)  # fmt: skip
