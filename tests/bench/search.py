"""Search among many accounts, and what the building of its index costs those who work meanwhile.

The index of a prepared profile is kept between runs: of a million accounts it takes minutes.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.machine import watched
from tests.bench.stage import Stage, child
from tests.bench.start import profile_of
from tests.bench.table import Row, Target, middle, seconds

SEARCH_MS = Target(40)
SAVE_MS = Target(50)
TIMES_R = Target(1.1)
READY_TIMES_R = Target(2.5)
"""From the first request of a first sync until everything is found; of that 1.4 for the sync."""
PEAK_MIB = Target(120)
HALF = 0.75
"""An index with more than this share of the accounts is no half-built one."""
MODULE = "tests.bench.search_child"


def measure(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """The best fifty for what is typed, once all accounts are in the index."""
    profile = profile_of(stage, accounts)
    index(profile)
    with watched() as searching:
        found = [child("search", profile, module=MODULE) for _ in range(runs)]
    many = f"{accounts:_}".replace("_", "\u202f")
    return [
        Row(f"search over {many} accounts, {way} (p95)", f"{p95:.1f} ms", "1 ms", p95, SEARCH_MS,
            searching.foreign)
        for way in found[0] for p95 in [middle([one[way] for one in found])]
    ]  # fmt: skip


def index(profile: Path, share: float = 1) -> dict[str, float]:
    """Put so large a share of the accounts into the index: its seconds, and the memory it took."""
    parts = [child("index", profile, f"{share:g}", module=MODULE)]
    while parts[-1]["more"]:
        parts.append(child("index", profile, f"{share:g}", module=MODULE))
    return {
        "seconds": sum(part["seconds"] for part in parts),
        "peak_mib": max(part["peak_mib"] for part in parts),
        "share": parts[-1]["share"],
    }


def built_anew(profile: Path) -> dict[str, float]:
    """The whole index, anew."""
    child("forget", profile, module=MODULE)
    return index(profile)


def measure_building(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """Saves while the index of half the accounts is there and the rest of it is being built; then
    the whole of it, against the bare upsert of the same accounts."""
    profile = profile_of(stage, accounts)
    saves: list[float] = []
    with watched() as saving:
        for _ in range(runs):
            if index(profile, 0.5)["share"] > HALF:
                child("forget", profile, module=MODULE)
                index(profile, 0.5)
            saves.append(child("save", profile, module=MODULE)["p95_ms"])
    with watched() as building:
        built = [built_anew(profile) for _ in range(runs)]
        bare = [child("upsert", profile, stage.scratch / f"r-{accounts}-{n}.db")["seconds"]
                for n in range(runs)]  # fmt: skip
    many = f"{accounts:_}".replace("_", "\u202f")
    took = [one["seconds"] for one in built]
    peak = middle([one["peak_mib"] for one in built])
    return [
        Row(f"save while {many} accounts are indexed (p95)", f"{middle(saves):.1f} ms", "1 ms",
            middle(saves), SAVE_MS, saving.foreign),
        Row(f"search index of {many} accounts", seconds(took), f"upsert R {seconds(bare)}",
            middle(took) / middle(bare), TIMES_R, building.foreign),
        Row("memory while it is built", f"{peak:.0f} MiB", "1 MiB", peak, PEAK_MIB,
            building.foreign),
    ]  # fmt: skip


def measure_ready(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """A first sync until all that it brought is found, against the bare upsert of the same rows."""
    made: list[dict[str, float]] = []
    bare: list[float] = []
    with watched() as load, stage.server(accounts) as server:
        for number in range(runs):
            profile = stage.profile(server)
            made.append(child("ready", profile, module=MODULE))
            bare.append(child("upsert", profile, stage.scratch / f"u-{number}.db")["seconds"])
    took = [one["seconds"] for one in made]
    peak = middle([one["peak_mib"] for one in made])
    many = f"{accounts:_}".replace("_", "\u202f")
    return [
        Row(f"first sync of {many} accounts with search ready", seconds(took),
            f"upsert R {seconds(bare)}", middle(took) / middle(bare), READY_TIMES_R, load.foreign),
        Row("memory until search is ready", f"{peak:.0f} MiB", "1 MiB", peak, PEAK_MIB,
            load.foreign),
    ]  # fmt: skip
