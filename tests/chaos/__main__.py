"""Plays rounds for a while: `python -m tests.chaos --minutes N`.

Each round prints its seed; `--seed N` plays that one again, on the same store. What real processes
do is repeated as far as their own timing allows: what is typed where, the fate of the n-th request
and the moments of the kills come from the seed, the scheduler's whims do not. A round that finds
something keeps its folder: `story.txt` in it tells what happened, `said/` what each command said,
and the databases lie there as they were. Which seeds were played and what all of them saw together
stands in docs/soak.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.round import Round
from tests.chaos.totals import PAGE, Line, next_seed, noted
from tests.support.postgres import Cluster, NoPostgres, cluster

STEPS = 40


def main() -> int:
    """Exit code 1 where something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, help="play this one round only, and note nothing")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--folder", type=Path, help="where the rounds' folders go")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # in good order: by every `finally`
    folder = Path(tempfile.mkdtemp(prefix="crm-chaos-", dir=options.folder))
    with quiet_here(), postgres_if_there() as postgres:
        if options.seed is not None:
            return int(bool(play(options.seed, folder, postgres, options.steps)["violations"]))
        return play_on(folder, postgres, options.minutes, options.steps)


def play_on(folder: Path, postgres: Cluster | None, minutes: float, steps: int) -> int:
    """Play one seed after another until the time is up, and note what they saw."""
    started_s = time.monotonic()
    total: Counter[str] = Counter()
    first = next_seed(PAGE)
    while time.monotonic() - started_s < minutes * 60:
        total += play(first + total["rounds"], folder, postgres, steps)
    spent = (time.monotonic() - started_s) / 60
    noted(PAGE, Line.of(commit(), spent, total), first + total["rounds"])
    print(", ".join(f"{name}: {count}" for name, count in sorted(total.items())))
    if not total["violations"]:
        shutil.rmtree(folder)
    return int(bool(total["violations"]))


def play(seed: int, folder: Path, postgres: Cluster | None, steps: int) -> Counter[str]:
    """Play one round: its counts, with one more round in them and its violations."""
    url = postgres.create_database() if postgres is not None and seed % 2 == 1 else ""
    here = folder / f"round-{seed}"
    here.mkdir()
    one = Round(seed, here, url, steps)
    started_s = time.monotonic()
    one.play()
    counts = one.counts + Counter(rounds=1, violations=len(one.problems))
    print(
        f"seed {seed} on {'PostgreSQL' if url else 'SQLite'}, {one.weather.climate}: "
        f"{counts['edits']} edits, {counts['client kills']} kills of clients, "
        f"{counts['server kills']} of the server, {one.weather.counts.total()} network faults, "
        f"{len(one.problems)} violations, {time.monotonic() - started_s:.0f} s",
        flush=True,
    )
    for problem in one.problems:
        print(f"  {problem}", flush=True)
    if one.problems:
        again = f"python -m tests.chaos --seed {seed} --steps {steps}"
        print(f"  look at {here}/story.txt; again: {again}", flush=True)
        return counts
    if postgres is not None and url:
        postgres.drop_database(url)
    shutil.rmtree(here)
    return counts


@contextlib.contextmanager
def quiet_here():
    """No display, no keyring, and nobody's own settings."""
    with tempfile.TemporaryDirectory(prefix="crm-chaos-home-") as home:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        for name in ("DATA", "CONFIG", "STATE", "CACHE"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(home) / name.lower())
        yield


@contextlib.contextmanager
def postgres_if_there():
    """A PostgreSQL cluster for the odd seeds; without one, all play on SQLite."""
    try:
        with cluster() as started:
            yield started
    except NoPostgres as missing:
        print(f"All rounds on SQLite: {missing}", file=sys.stderr)
        yield None


def commit() -> str:
    """What is being tried, as git calls it; a `+` where it was changed since."""
    words = ["git", "describe", "--always", "--dirty=+", "--abbrev=7", "--exclude=*"]
    done = subprocess.run(words, cwd=PAGE.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    raise SystemExit(main())
