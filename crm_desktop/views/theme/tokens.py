"""The look's values: every colour by its name, in light and in dark, and every size by density."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace


class Tokens(msgspec.Struct, frozen=True):
    """The colours of a theme as "#rrggbb". What each is for stands in the look's table.

    `scrim` lies over the window under the command palette, `scrim_alpha` (0 to 1) says how thick.
    `series` are the chart colours in their order: blue, orange, teal, plum, slate, brown.
    """

    dark: bool
    pane: str
    alt: str
    rail: str
    hover: str
    fill: str
    selection: str
    line: str
    line2: str
    control: str
    ink: str
    ink2: str
    ink3: str
    accent: str
    accent_fill: str
    on_accent: str
    good: str
    good_tint: str
    warn: str
    warn_tint: str
    bad: str
    bad_tint: str
    orphan: str
    orphan_tint: str
    bar: str
    scrim: str
    scrim_alpha: float
    map_land: str
    map_park: str
    map_water: str
    map_road: str
    series: tuple[str, ...]


LIGHT = Tokens(
    dark=False,
    pane="#FFFFFF",
    alt="#F8F9FB",
    rail="#F3F4F6",
    hover="#F1F3F6",
    fill="#ECEEF2",
    selection="#E6EDFA",
    line="#E6E8ED",
    line2="#CFD4DC",
    control="#7C8493",
    ink="#1A1E26",
    ink2="#4B5463",
    ink3="#5F6978",
    accent="#2F57B5",
    accent_fill="#2F57B5",
    on_accent="#FFFFFF",
    good="#1D7348",
    good_tint="#E5F3EB",
    warn="#8A5100",
    warn_tint="#FBF0DB",
    bad="#B32D22",
    bad_tint="#FBEAE8",
    orphan="#6A469F",
    orphan_tint="#F0EBF8",
    bar="#A6AFBE",
    scrim="#1A1E26",
    scrim_alpha=0.22,
    map_land="#F2F1EC",
    map_park="#DDEBD8",
    map_water="#CFE1EE",
    map_road="#FFFFFF",
    series=("#3B6FC9", "#C8700A", "#159A80", "#5B1A56", "#5A6370", "#7A4A21"),
)

DARK = Tokens(
    dark=True,
    pane="#1A1E24",
    alt="#1F242B",
    rail="#14171C",
    hover="#232931",
    fill="#2A3039",
    selection="#26345A",
    line="#2B313A",
    line2="#3E4652",
    control="#7A8494",
    ink="#E8EAEE",
    ink2="#B0B8C4",
    ink3="#959EAC",
    accent="#93AFF4",
    accent_fill="#4468C8",
    on_accent="#FFFFFF",
    good="#6CC695",
    good_tint="#18342A",
    warn="#E2B05B",
    warn_tint="#382C17",
    bad="#F2938A",
    bad_tint="#3E2222",
    orphan="#BDA3E8",
    orphan_tint="#2D2643",
    bar="#566072",
    scrim="#000000",
    scrim_alpha=0.45,
    map_land="#22262B",
    map_park="#22332A",
    map_water="#1B2F40",
    map_road="#363C45",
    series=("#5B8AE0", "#E09A3E", "#3FC9A5", "#B84A90", "#E3E7EE", "#7F6F4F"),
)


class SystemColours(msgspec.Struct, frozen=True):
    """What a system in high contrast prescribes: a page and the words on it, a link, and what is
    chosen with the words on that."""

    page: str
    words: str
    link: str
    chosen: str
    on_chosen: str
    dark: bool


def high_contrast(system: SystemColours) -> Tokens:
    """The system's colours as tokens: outlines instead of tints, words instead of state colours.

    A tint is the page itself; painters draw an outline where they find it so (`is_outlined`).
    """
    page, words = system.page, system.words
    return replace(
        DARK if system.dark else LIGHT,
        pane=page, alt=page, rail=page, hover=page, fill=page, selection=page,
        good_tint=page, warn_tint=page, bad_tint=page, orphan_tint=page,
        line=words, line2=words, control=words, ink=words, ink2=words, ink3=words, bar=words,
        good=words, warn=words, bad=words, orphan=words,
        accent=system.link, accent_fill=system.chosen, on_accent=system.on_chosen,
    )  # fmt: skip


def is_outlined(tokens: Tokens) -> bool:
    """Whether outlines stand for tints."""
    return tokens.fill == tokens.pane


class Metrics(msgspec.Struct, frozen=True):
    """Sizes in device-independent pixels at 100 %; Qt's own scale does the rest."""

    row: int
    row_two: int
    tree_row: int
    rail_item: int
    button: int
    head: int
    tabs: int
    chips: int
    column_head: int
    calendar_hour: int
    margin: int = 20
    margin_inspector: int = 16
    gap: int = 8
    chip: int = 24
    rail: int = 176
    rail_collapsed: int = 52
    inspector: int = 320
    radius: int = 6
    radius_small: int = 4
    radius_large: int = 10
    ring: int = 2
    selection_bar: int = 3


COMPACT = Metrics(
    row=32, row_two=56, tree_row=27, rail_item=30, button=28, head=48, tabs=34, chips=40,
    column_head=28, calendar_hour=63,
)  # fmt: skip
COMFORTABLE = Metrics(
    row=40, row_two=64, tree_row=34, rail_item=36, button=32, head=56, tabs=40, chips=48,
    column_head=32, calendar_hour=76,
)  # fmt: skip
