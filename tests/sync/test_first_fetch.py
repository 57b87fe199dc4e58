"""A first fetch: today first, then everything into a second file that takes the first one's place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.first_fetching import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Little rows, and limits so small that they take several portions."""
    monkeypatch.setattr("crm_server.today_first.ROWS_FROM", 1)
    monkeypatch.setattr("crm_desktop.sync.pulling.ROWS_AT_ONCE", 8)
    monkeypatch.setattr("crm_core.wire.PULL_PAGE_ROWS", 4)
    monkeypatch.setattr("crm_server.pull.PULL_PAGE_ROWS", 4)
    monkeypatch.setattr("crm_server.pull.ROOTS_PER_QUERY", 5)
    made = Place(tmp_path)
    yield made
    made.close()


def test_everything_comes_into_a_second_file_that_takes_the_first_ones_place(place: Place) -> None:
    run = place.laptop.synchronise()
    assert run.failure is None
    assert run.report.verified
    assert place.laptop.holds_everything()
    assert place.laptop.store.path.name == "crm-2.db"
    assert place.laptop.is_settled()
