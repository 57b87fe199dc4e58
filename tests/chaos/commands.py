"""The client's commands as processes, some of which do not live to their end."""

from __future__ import annotations

import contextlib
import random
import statistics
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from tests.chaos.weather import Weather
from tests.e2e import processes
from tests.e2e.people import PASSPHRASE, PASSPHRASE_VARIABLE, Desk
from tests.e2e.processes import Ran

KILLED = -9
PATIENCE_S = 90.0
FIRST_GUESS_S = 0.3
TALKING = ("sync", "login", "doctor")
REMEMBERED = 9


@dataclass
class Pace:
    """How long each command takes here and now, so that a kill falls within it."""

    took_s: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def note(self, word: str, seconds: float) -> None:
        """One more that lived to its end."""
        known = self.took_s.setdefault(word, [])
        known.append(seconds)
        del known[:-REMEMBERED]

    def instant(self, word: str, chance: random.Random) -> float:
        """Seconds until the kill: rarely while the program starts, mostly while it works."""
        usual_s = statistics.median(self.took_s.get(word) or [FIRST_GUESS_S])
        return usual_s * (
            chance.uniform(0.05, 0.5) if chance.random() < 0.2 else chance.uniform(0.5, 1.1)
        )


@dataclass
class Running:
    """A command on its way."""

    desk: Desk
    words: Sequence[str]
    process: subprocess.Popen[bytes]
    out: Path
    started_s: float = field(default_factory=monotonic)

    def kill(self) -> None:
        """`kill -9`, from any thread; whoever ended already stays as he is."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    def kill_in(self, seconds: float) -> None:
        """`kill -9` after a while, without waiting for it."""
        timer = threading.Timer(seconds, self.kill)
        timer.daemon = True
        timer.start()

    def ended(self, pace: Pace) -> Ran:
        """Wait for its end."""
        code = self.process.wait(PATIENCE_S)
        if code >= 0:
            pace.note(self.words[0], monotonic() - self.started_s)
        return Ran(
            code, self.out.read_text("utf-8"), self.out.with_suffix(".err").read_text("utf-8")
        )


def started(desk: Desk, words: Sequence[str], out: Path, *, stdin: str = "") -> Running:
    """Start a command; what it says goes to files, so that a kill cannot take it along."""
    with out.open("wb") as said, out.with_suffix(".err").open("wb") as complained:
        process = subprocess.Popen(
            [processes.CRM_DESKTOP, "--profile", str(desk.profile), *words],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=complained,
            env=processes.environment({PASSPHRASE_VARIABLE: PASSPHRASE}),
        )
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(stdin.encode())
            process.stdin.close()
    return Running(desk, words, process, out)


def doom(running: Running, weather: Weather, pace: Pace, chance: random.Random) -> None:
    """Let a command be killed: some time on its way, or while one of its requests is under way."""
    if running.words[0] in TALKING and chance.random() < 0.85:
        delay_s = chance.choice((0.0, chance.uniform(0.0, 0.01), chance.uniform(0.0, 0.15)))
        weather.at_request(chance.choice((1, 1, 2, 2, 3)), lambda: running.kill_in(delay_s))
        return
    running.kill_in(pace.instant(running.words[0], chance))
