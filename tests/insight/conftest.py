"""The demo company's store, read by questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_desktop.insight.question import Question
from crm_desktop.models.store import Store
from tests.support.demo import TODAY, copied


@pytest.fixture(scope="session")
def company(demo_company: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The whole demo company; nobody writes to it."""
    made = copied(demo_company, tmp_path_factory.mktemp("company"))
    yield made
    made.close()


@pytest.fixture
def asked(company: Store) -> Iterator[Question]:
    """A question over all accounts, as of the tests' day."""
    with company.reader() as c:
        yield Question(c, TODAY)
