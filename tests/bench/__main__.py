"""`python -m tests.bench [ROW …]`: measures the promises about speed and prints their table.

It only measures: a promise that is missed is marked, and the exit code is 0 all the same.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

from tests.bench import first_sync, live, load, nothing_new, pull, push, search, window
from tests.bench import start as starting
from tests.bench.stage import Stage, staged
from tests.bench.table import Row, drawn
from tests.e2e.processes import start
from tests.e2e.server import Begin

RUNS = 3
MEASURES: dict[str, tuple[Callable[[Stage, int, int], list[Row]], int]] = {
    "first-sync": (first_sync.measure, 100_000),
    "push": (push.measure, 5_000),
    "first-push": (push.measure_first, 20_000),
    "nothing-new": (nothing_new.measure, 10_000),
    "pull": (pull.measure, 100_000),
    "pull-many": (pull.measure_many, 1_000_000),
    "absence": (pull.measure_absence, 40_000),
    "load": (load.measure, 10_000),
    "start": (starting.measure, 1_000_000),
    "window": (window.measure, 1_000_000),
    "live": (live.measure, 10_000),
    "listeners": (live.measure_idle, 300),
    "search": (search.measure, 100_000),
    "indexing": (search.measure_building, 100_000),
    "search-ready": (search.measure_ready, 100_000),
    "memory": (first_sync.measure_growth, 500_000),
}
"""What can be measured, and with how many records."""


def main(words: Sequence[str] | None = None, begin: Begin = start) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=" · ".join(MEASURES))
    parser.add_argument("--runs", type=int, default=RUNS, help="runs, of which the median counts")
    parser.add_argument("--records", type=int, help="fewer records, to try the bench itself")
    chosen = parser.parse_args(words)
    unknown = [name for name in chosen.rows if name not in MEASURES]
    if unknown:
        parser.error(f"there is no row {unknown[0]}; rows: {', '.join(MEASURES)}")
    measured: list[Row] = []
    try:
        with staged(begin) as stage:
            for name in chosen.rows or MEASURES:
                measure, records = MEASURES[name]
                began_s = time.monotonic()
                measured += measure(stage, chosen.runs, chosen.records or records)
                print(f"measured {name} in {time.monotonic() - began_s:.0f} s", flush=True)
    finally:  # what was measured before a row failed counts all the same
        print()
        print(drawn(measured))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
