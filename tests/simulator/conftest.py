"""What the tests of damage share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.damaged import Place
from tests.simulator.stores import workshop


@pytest.fixture
def place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="mending-", dir=workshop()))
    made = Place(folder)
    yield made
    made.device.close()
    made.server.close()
    shutil.rmtree(folder, ignore_errors=True)
