"""What an attack is, and what makes it a finding.

A clear refusal is no finding. Anything else is: an exception of another kind, a 5xx, an answer that
its own decoder does not take, a row accepted that is not sound, more than two seconds of work, or
memory that grows with a lie about its size.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

Attack = Callable[[bytes], None]

TIME_MAX_S = 2.0
MEMORY_MAX_KIB = 160 * 1024
"""What one input may add to the process: twice the largest answer, and a little."""

PUT_BACK_AFTER = 300


class Finding(AssertionError):
    """Something that may not happen, whatever was sent."""


def watched(attack: Attack) -> Attack:
    """The same attack, within its time and memory."""

    def act(data: bytes) -> None:
        before_kib, start_s = _most_memory_kib(), time.process_time()
        attack(data)
        if time.process_time() - start_s > TIME_MAX_S:
            raise Finding(f"took {time.process_time() - start_s:.1f} s")
        if _most_memory_kib() - before_kib > MEMORY_MAX_KIB:
            raise Finding(f"took {(_most_memory_kib() - before_kib) // 1024} MiB")

    return act


def _most_memory_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
