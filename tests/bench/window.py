"""The window at work: scrolling, jumping, saving, and staying awake while much arrives."""

from __future__ import annotations

from tests.bench.machine import watched
from tests.bench.stage import Stage, child
from tests.bench.start import profile_of
from tests.bench.table import Row, Target, middle

STEP = Target(1.4)
JUMP = Target(2.5)
SAVE_MS = Target(50)
CARD_MS = Target(100)
LATE_MIDDLE_MS, LATE_P99_MS = Target(16), Target(50)
ARRIVING = 100_000
MODULE = "tests.bench.window_child"


def measure(stage: Stage, runs: int, accounts: int) -> list[Row]:
    """A list of so many accounts, and a tenth of them arriving while the window is open."""
    profile = profile_of(stage, accounts)
    with watched() as listing:
        found = [child("list", profile, module=MODULE) for _ in range(runs)]
    with watched() as saving:
        saves = [child("save", profile, module=MODULE)["p95_ms"] for _ in range(runs)]
    with watched() as reading:
        cards = [child("card", profile, module=MODULE)["p95_ms"] for _ in range(runs)]
    with watched() as arriving:
        late = [arrival(stage, min(ARRIVING, accounts)) for _ in range(runs)]
    many = f"{accounts:_}".replace("_", "\u202f")
    floor = middle([x["floor_ms"] for x in found])
    step = middle([x["step_ms"] for x in found])
    jump = middle([x["jump_p95_ms"] for x in found])
    late_middle = middle([x["middle_ms"] for x in late])
    late_p99 = middle([x["p99_ms"] for x in late])
    against = f"paint floor {floor:.1f} ms"
    return [
        Row(f"scroll step in {many} accounts", f"{step:.1f} ms", against, step / floor, STEP,
            listing.foreign),
        Row("jump anywhere (p95)", f"{jump:.1f} ms", against, jump / floor, JUMP, listing.foreign),
        Row("save until the list shows it (p95)", f"{middle(saves):.1f} ms", "1 ms",
            middle(saves), SAVE_MS, saving.foreign),
        Row("account card with 500 entries (p95)", f"{middle(cards):.1f} ms", "1 ms",
            middle(cards), CARD_MS, reading.foreign),
        Row("window late while many arrive (median)", f"{late_middle:.1f} ms", "1 ms",
            late_middle, LATE_MIDDLE_MS, arriving.foreign),
        Row("window late while many arrive (p99)", f"{late_p99:.1f} ms", "1 ms",
            late_p99, LATE_P99_MS, arriving.foreign),
    ]  # fmt: skip


def arrival(stage: Stage, accounts: int) -> dict[str, float]:
    """How late the window's thread is while so many accounts arrive."""
    with stage.server(accounts) as server:
        return child("arrival", stage.profile(server), module=MODULE)
