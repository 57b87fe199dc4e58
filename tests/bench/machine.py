"""What the machine says while something is measured: foreign load, peak memory, processor time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
IDLE, IO_WAIT = 3, 4
"""Columns of the first line of /proc/stat."""

T = TypeVar("T")


@dataclass
class Load:
    """Cores that processes of others used during a window; None where the system does not say."""

    foreign: float | None = None


@contextmanager
def watched() -> Iterator[Load]:
    """Measure the foreign load of the block; children started in it count as our own."""
    found = Load()
    before_s, busy, own = time.monotonic(), _busy_s(), _own_s()
    yield found
    took_s = time.monotonic() - before_s
    if busy is not None and took_s > 0:
        foreign = (_busy_s() or 0) - busy - (_own_s() - own)
        found.foreign = max(0.0, foreign / took_s)


def timed(job: Callable[[], T]) -> tuple[float, T]:
    """Seconds that a job took, and what it returned."""
    before_s = time.perf_counter()
    result = job()
    return time.perf_counter() - before_s, result


def reset_peak_memory() -> None:
    """Forget the peak so far (Linux); memory already given back no longer counts."""
    reset = PROC / "self/clear_refs"
    if reset.exists():
        reset.write_text("5")


def peak_memory_mib() -> float:
    """The most memory this process held since the reset, in MiB."""
    for line in (PROC / "self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not say how much memory a process held")


def cpu_s(*pids: int) -> float:
    """Processor seconds of processes and of all below them; 0 is none."""
    return sum(_cpu_s(one) for pid in pids if pid for one in (pid, *_descendants(pid)))


def _busy_s() -> float | None:
    """Seconds of work of all cores since the machine started."""
    stat = PROC / "stat"
    if not stat.exists():
        return None
    columns = [int(word) for word in stat.read_text().splitlines()[0].split()[1:9]]
    return (sum(columns) - columns[IDLE] - columns[IO_WAIT]) / TICKS


def _own_s() -> float:
    """Processor seconds of this process, its ended children and those still running."""
    times = os.times()
    ended = times.user + times.system + times.children_user + times.children_system
    return ended + sum(_cpu_s(pid) for pid in _descendants(os.getpid()))


def _descendants(pid: int) -> list[int]:
    """The processes below one, as far as they are still there."""
    found: list[int] = []
    for task in PROC.glob(f"{pid}/task/*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found


def _cpu_s(pid: int) -> float:
    """Processor seconds of a process and of its children that ended."""
    try:
        fields = (PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(word) for word in fields[11:15]) / TICKS
