"""First sync of many accounts against the bare upsert of the same rows: committed, indexed and in
use; when today can be worked with; memory while they come."""

from __future__ import annotations

from tests.bench.machine import watched
from tests.bench.stage import Stage, child
from tests.bench.table import Row, Target, middle, seconds

TIMES_R = Target(1.4)
TODAY, TODAY_OF_MANY = Target(0.15), Target(0.05)
MANY = 500_000
PEAK_MIB = Target(120)
GROWTH = Target(1.3)
FEW, GROWTH_OF_MANY = 10_000, Target(1.15)
INDEX_BYTES = Target(100)
MIB = 1024 * 1024


def measure(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """First sync ÷ R, interleaved; peak memory at `accounts` and at a tenth of them."""
    syncs: list[float] = []
    todays: list[float] = []
    upserts: list[float] = []
    peaks: list[float] = []
    with watched() as load, stage.server(accounts) as server:
        for number in range(runs):
            profile = stage.profile(server)
            made = child("sync", profile)
            assert made["verified"], made
            assert made["rows"] >= accounts, made
            syncs.append(made["seconds"])
            todays.append(made["today_s"])
            peaks.append(made["peak_mib"])
            upserts.append(child("upsert", profile, stage.scratch / f"r-{number}.db")["seconds"])
    small = _peaks(stage, runs, accounts // 10)
    count = f"{accounts:,}".replace(",", "\u202f")
    return [
        Row(f"first sync of {count} accounts", seconds(syncs), f"upsert R {seconds(upserts)}",
            middle(syncs) / middle(upserts), TIMES_R, load.foreign),
        Row("of that until today is usable", seconds(todays), seconds(syncs),
            middle(todays) / middle(syncs), TODAY if accounts < MANY else TODAY_OF_MANY,
            load.foreign),
        Row("memory while they arrive", f"{middle(peaks):.0f} MiB", "1 MiB", middle(peaks),
            PEAK_MIB, load.foreign),
        Row("memory with ten times the rows", f"{middle(peaks):.0f} MiB",
            f"{middle(small):.0f} MiB", middle(peaks) / middle(small), GROWTH, load.foreign),
    ]  # fmt: skip


def measure_growth(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """The memory that very many take while they arrive against that of a few thousand; and what
    each of them takes more while they are put in order for their indexes."""
    with watched() as load:
        many, few = (_synced(stage, runs, count) for count in (accounts, min(FEW, accounts)))
    arrived, arrived_few = (middle([one["arrived_mib"] for one in x]) for x in (many, few))
    more = middle([(one["peak_mib"] - one["arrived_mib"]) * MIB / accounts for one in many])
    count = f"{accounts:,}".replace(",", "\u202f")
    return [
        Row(f"memory while {count} accounts arrive", f"{arrived:.0f} MiB",
            f"{arrived_few:.0f} MiB", arrived / arrived_few, GROWTH_OF_MANY, load.foreign),
        Row("more of it for their indexes, an account", f"{more:.0f} B", "1 B", more, INDEX_BYTES,
            load.foreign),
    ]  # fmt: skip


def _peaks(stage: Stage, runs: int, accounts: int) -> list[float]:
    return [one["peak_mib"] for one in _synced(stage, runs, accounts)]


def _synced(stage: Stage, runs: int, accounts: int) -> list[dict[str, float]]:
    with stage.server(accounts) as server:
        return [child("sync", stage.profile(server)) for _ in range(runs)]
