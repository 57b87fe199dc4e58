"""The sheet a chart is drawn on: a figure measured in pixels, and the places one can point at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter

from crm_desktop.charts.letters import width_of
from crm_desktop.insight.chart import Mark, Unit
from crm_desktop.numbers import percent, tick

if TYPE_CHECKING:
    from crm_desktop.charts.look import Look

DPI = 96
"""Pixels of the design in an inch; a screen's ratio multiplies it."""

LEGEND_HEIGHT = 22
_HANDLE = 40
"""Pixels of a legend's sign with the room around it; where that is not there, less is left."""

TARGET_MIN = 8
"""No place is smaller than so many pixels: a bar of nothing can be pointed at too."""


def axis_words(unit: Unit) -> FuncFormatter:
    """The numbers along an axis."""

    def words(value: float, _position: int | None = None) -> str:
        return percent(value / 100, 0) if unit is Unit.PERCENT else tick(value)

    return FuncFormatter(words)


Span: TypeAlias = "tuple[float, float]"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels from the sheet's top left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies inside."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    @property
    def size(self) -> float:
        """Its area: of two that hold a point the smaller one is meant."""
        return (self.right - self.left) * (self.bottom - self.top)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark can be pointed at, and the shape that is then outlined."""

    mark: Mark
    area: Box
    shape: Box


@dataclass(frozen=True, slots=True)
class _Found:
    """A place in the units of its axes."""

    mark: Mark
    axes: Axes
    area: tuple[Span, Span]
    shape: tuple[Span, Span]


@dataclass
class Sheet:
    """A figure of `width` × `height` pixels whose `top` and `bottom` are kept free for words."""

    look: Look
    width: float
    height: float
    ratio: float = 1.0
    top: float = 0.0
    bottom: float = 0.0
    side: float = 0.0
    figure: Figure = field(init=False)
    _found: list[_Found] = field(init=False, default_factory=list[_Found])

    def __post_init__(self) -> None:
        size = (self.width / DPI, self.height / DPI)
        self.figure = Figure(figsize=size, dpi=DPI * self.ratio)

    def axes(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes inside margins in pixels, counted from the free area's edges."""
        x0, x1 = self.side + left, self.width - self.side - right
        y0, y1 = self.bottom + bottom, self.height - self.top - top
        made: Any = self.figure.add_axes(  # pyright: ignore[reportUnknownMemberType]  # stub lacks kwargs
            (x0 / self.width, y0 / self.height,
             max(1.0, x1 - x0) / self.width, max(1.0, y1 - y0) / self.height)
        )  # fmt: skip
        return made

    @property
    def inner_width(self) -> float:
        """The width of the free area in pixels."""
        return self.width - 2 * self.side

    def place(
        self, axes: Axes, mark: Mark, x: Span, y: Span, shape: tuple[Span, Span] | None = None
    ) -> None:
        """A mark can be pointed at in this area, in the axes' own units; `shape` is what is drawn
        of it, where that is not the whole area."""
        self._found.append(_Found(mark, axes, (x, y), shape or (x, y)))

    def places(self) -> Iterator[Place]:
        """Where the marks are, once all limits are set."""
        for one in self._found:
            area, shape = self._box(one.axes, *one.area), self._box(one.axes, *one.shape)
            wide = max(0.0, TARGET_MIN - area.right + area.left) / 2
            tall = max(0.0, TARGET_MIN - area.bottom + area.top) / 2
            area = Box(area.left - wide, area.top - tall, area.right + wide, area.bottom + tall)
            yield Place(one.mark, area, shape)

    def _box(self, axes: Axes, x: Span, y: Span) -> Box:
        corners = axes.transData.transform([(x[0], y[0]), (x[1], y[1])]) / self.ratio
        (a, b), (c, d) = ((float(x), float(y)) for x, y in corners)
        return Box(min(a, c), self.height - max(b, d), max(a, c), self.height - min(b, d))

    def legend(self, handles: list[Patch | Line2D]) -> None:
        """A legend above the plot at its right, never inside it."""
        words = sum(width_of(str(handle.get_label())) for handle in handles)
        is_tight = words + _HANDLE * len(handles) > self.inner_width
        made: Any = self.figure.legend(  # pyright: ignore[reportUnknownMemberType]  # stub lacks kwargs
            handles=handles, loc="upper right", ncols=len(handles), borderpad=0.0,
            borderaxespad=0.0, handlelength=0.8 if is_tight else 1.4, handletextpad=0.5,
            columnspacing=0.6 if is_tight else 1.5,
            bbox_to_anchor=(1 - (self.side + 6) / self.width, 1 - (self.top + 2) / self.height),
            labelcolor=self.look.ink2,
        )  # fmt: skip
        made.set_in_layout(False)

    # Parts of legends

    def patch(self, label: str, colour: str) -> Patch:
        """A coloured square."""
        return Rectangle((0, 0), 1, 1, facecolor=colour, edgecolor="none", label=label)

    def hatched(self, label: str) -> Patch:
        """What is below its target."""
        orange = self.look.series[1]
        return Rectangle(
            (0, 0),
            1,
            1,
            facecolor="none",
            edgecolor=orange,
            hatch="/////",
            linewidth=1,
            label=label,
        )

    def point(self, label: str, *, joined: bool = True) -> Line2D:
        """A line with hollow markers, or the markers alone."""
        orange = self.look.series[1]
        return Line2D(
            [], [], color=orange, marker="s", markerfacecolor=self.look.pane,
            markeredgecolor=orange, markeredgewidth=1.5, label=label,
            linestyle="-" if joined else "none",
        )  # fmt: skip

    def tick(self, label: str) -> Line2D:
        """A target."""
        return Line2D([], [], color=self.look.ink, marker="|", markersize=9, markeredgewidth=2,
                      linestyle="none", label=label)  # fmt: skip
