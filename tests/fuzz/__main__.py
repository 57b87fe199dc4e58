"""Fuzzes every decoder for its share of the time: `python -m tests.fuzz --minutes N [TARGET …]`.

Each target runs in a process of its own with its corpus and with what earlier runs found worth
keeping (build/fuzz). An input that breaks something is named at the end, and stays in build/fuzz.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.fuzz.mutator import mutate
from tests.support.postgres import DATABASE_VARIABLE, cluster

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / "build" / "fuzz"
INPUT_BYTES_MAX = 128 * 1024
HANG_S = 60
"""Past this, no exception of ours can end it; the watched two seconds are processor time."""

MEMORY_MAX_MIB = 1500
EARLIEST = "Pacific/Kiritimati"
"""Where each day begins first: the calendar's last moment lies beyond its end there."""


def main() -> int:
    """Exit code 1 where an input broke something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for all targets together")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    if options.here:
        fuzz(options.here, options.minutes * 60)
    from tests.fuzz.targets import TARGETS

    names = options.targets or list(TARGETS)
    broken = [name for name in names if not passes(name, options.minutes / len(names))]
    print(f"{len(names)} targets, {len(broken)} with findings: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


def passes(name: str, minutes: float) -> bool:
    """Fuzz one target in a process of its own, and say how far it came."""
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz", "--here", name, "--minutes", str(minutes)]
    with ExitStack() as end, (folder / "log").open("wb") as log:
        done = subprocess.run(
            command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
            env=_surroundings(name, end),
        )  # fmt: skip
    text = (folder / "log").read_text(errors="replace")
    runs = re.findall(r"#(\d+)\t(?:DONE|pulse|NEW|REDUCE|RELOAD)", text)
    coverage = re.findall(r" cov: (\d+) ft: (\d+)", text)
    executed, (edges, features) = runs[-1:] or ["0"], (coverage or [("0", "0")])[-1]
    verdict = f"BROKEN, see {folder / 'log'}" if done.returncode else "ok"
    print(
        f"{name:14}{int(executed[0]):>10,} runs{int(edges):>7,} edges{int(features):>8,} features"
        f"  {verdict}",
        flush=True,
    )
    return done.returncode == 0


def _surroundings(name: str, end: ExitStack) -> dict[str, str]:
    """A place and, where it is asked for, a database: the fuzzer ends its process without tidying
    up, so both are its parent's."""
    from tests.fuzz.targets import TARGETS

    place = end.enter_context(tempfile.TemporaryDirectory(dir=_fast_folder()))
    made = {**os.environ, "TMPDIR": place, "PYTHONHASHSEED": "0", "TZ": EARLIEST}
    if TARGETS[name].needs_postgres:
        made[DATABASE_VARIABLE] = end.enter_context(cluster()).create_database()
    return made


def fuzz(name: str, seconds: float) -> None:
    """Fuzz one target in this process, which ends with it."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["crm_core", "crm_server", "crm_desktop"]):
        targets = importlib.import_module("tests.fuzz.targets")
    found = KEPT / name / "found"
    found.mkdir(parents=True, exist_ok=True)
    corpus = HERE / "corpus" / (targets.TARGETS[name].corpus or name)
    arguments = [
        sys.argv[0], str(found), *([str(corpus)] if corpus.is_dir() else []),
        f"-max_total_time={max(1, int(seconds))}", f"-max_len={INPUT_BYTES_MAX}",
        f"-timeout={HANG_S}", f"-rss_limit_mb={MEMORY_MAX_MIB}", "-print_final_stats=1",
        f"-artifact_prefix={KEPT / name}/",
    ]  # fmt: skip
    with targets.attack_on(name, Path(tempfile.mkdtemp())) as attack:
        if targets.TARGETS[name].is_json:

            def mutated(data: bytes, size_max: int, seed: int) -> bytes:
                rng = random.Random(seed)
                if rng.random() < 0.2:
                    return atheris.Mutate(data, size_max)
                return mutate(bytes(data), rng, size_max)

            atheris.Setup(arguments, attack, custom_mutator=mutated)
        else:
            atheris.Setup(arguments, attack)
        atheris.Fuzz()


def _fast_folder() -> str | None:
    """In memory where there is such a place: what is written here is worth nothing."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
