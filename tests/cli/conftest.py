"""nancy's profile, opened at a counter without a server behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.counter import Counter, open_counter


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path / "profile")
