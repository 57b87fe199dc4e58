"""Runs everything a machine can check, two at a time, and shows what failed: `make check`."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def main() -> int:
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = list(pool.map(run, commands()))
    print(f"{sum(passed)} checks passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


def commands() -> list[list[str]]:
    """The slowest first; one of our own is any tools/check_*.py that exits 0 when all is well."""
    return [
        [f"{BIN}/basedpyright"],
        [f"{BIN}/lint-imports"],
        [f"{BIN}/ruff", "format", "--check", "."],
        [f"{BIN}/ruff", "check", "."],
        [f"{BIN}/deptry", "."],
        [sys.executable, "tools/i18n.py", "check"],
        *([sys.executable, str(script)] for script in sorted(ROOT.glob("tools/check_*.py"))),
    ]


def run(command: list[str]) -> bool:
    start = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    name = " ".join([Path(command[0]).name, *command[1:]]).removeprefix("python ")
    verdict = "ok" if done.returncode == 0 else "FAILED"
    report = "" if done.returncode == 0 else done.stdout
    print(f"{verdict:7}{name}  ({time.monotonic() - start:.1f} s)\n{report}", end="", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
