"""The network of a round: which of its requests fare how, drawn from the seed."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.proxy import (
    FAIL,
    LOSE_ANSWER,
    PASS,
    REFUSE,
    REPEAT,
    CutAnswer,
    CutRequest,
    Deed,
    Delay,
    RepeatLater,
)

CLIMATES = {"fair": 0.08, "rough": 0.25, "foul": 0.45}
"""How many of the requests meet with something."""

BODY_BYTES = 3_000
DELAY_S_MAX = 0.6
LATER_S_MAX = 1.5


@dataclass
class Weather:
    """The plan of a proxy. The fate of its n-th request hangs on the seed and n alone."""

    seed: int
    climate: str
    counts: Counter[str] = field(default_factory=Counter[str])
    is_calm: bool = False
    _arrived: int = 0
    _cut_until_s: float = 0.0
    _omens: list[tuple[int, Callable[[], None]]] = field(
        default_factory=list[tuple[int, Callable[[], None]]]
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, _method: str, _path: str) -> Deed:
        """What the proxy is to do with the request that has just come."""
        with self._lock:
            self._arrived += 1
            due = [act for n, act in self._omens if n <= self._arrived]
            self._omens = [(n, act) for n, act in self._omens if n > self._arrived]
            deed = self._deed(random.Random(f"{self.seed}/request/{self._arrived}"))
            if deed is not PASS:
                self.counts[deed.name] += 1
        for act in due:
            act()
        return deed

    def cut(self, seconds: float) -> None:
        """No request gets through for a while."""
        with self._lock:
            self._cut_until_s = time.monotonic() + seconds
            self.counts["network cut"] += 1

    def at_request(self, n: int, act: Callable[[], None]) -> None:
        """Do something when the n-th request from now comes by, before it is handed on."""
        with self._lock:
            self._omens.append((self._arrived + n, act))

    def forget(self) -> None:
        """What was to be done at a request that never came is not done any more."""
        with self._lock:
            self._omens.clear()

    def clear_up(self) -> None:
        """From now on everything passes."""
        with self._lock:
            self.is_calm = True
            self._cut_until_s = 0.0
            self._omens.clear()

    def _deed(self, chance: random.Random) -> Deed:
        if self.is_calm:
            return PASS
        if time.monotonic() < self._cut_until_s:
            return REFUSE
        if chance.random() >= CLIMATES[self.climate]:
            return PASS
        bytes_ = int(chance.random() ** 2 * BODY_BYTES)
        return chance.choice(
            (
                REFUSE, LOSE_ANSWER, LOSE_ANSWER, REPEAT, FAIL,
                CutAnswer(after_bytes=bytes_),
                CutAnswer(after_bytes=bytes_),
                CutRequest(after_bytes=bytes_ // 4),
                Delay(seconds=chance.uniform(0.02, DELAY_S_MAX)),
                RepeatLater(after_s=chance.uniform(0.05, LATER_S_MAX)),
            )
        )  # fmt: skip
