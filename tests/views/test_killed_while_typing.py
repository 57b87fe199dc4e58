"""`kill -9` in the middle of a word: what was typed until two seconds before is still there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm_desktop.models.store import Store
from tests.views.company import KEY

ACCOUNT = "0190000000007000800000000000000a"
LOST_AT_MOST_S = 2.0
TYPES_S = 4.0


@pytest.mark.timeout(120)
def test_who_types_without_a_pause_loses_two_seconds_at_most(tmp_path: Path) -> None:
    typed = typed_until_killed(tmp_path)
    end = typed[-1][1]
    safe = max(letters for letters, at in typed if at <= end - LOST_AT_MOST_S)
    store = Store.open(tmp_path / "crm-1.db", KEY)
    kept = json.loads(store.meta(f"draft:account/{ACCOUNT}") or "{}")
    store.close()
    assert len(kept.get("industry", "")) >= safe > 1


def typed_until_killed(folder: Path) -> list[tuple[int, float]]:
    """Letters and when they were typed, by a process that was killed while it went on."""
    words = [sys.executable, "-m", "tests.views.typist", str(folder), ACCOUNT]
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    seen: list[tuple[int, float]] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as typist:
        assert typist.stdout is not None
        for line in typist.stdout:
            letters, at = line.split()
            seen.append((int(letters), float(at)))
            if seen[-1][1] - seen[0][1] >= TYPES_S:
                typist.kill()
                break
    return seen
