"""The charts of the demo company, computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_desktop.i18n import set_language
from crm_desktop.insight import boards
from crm_desktop.insight.chart import Chart
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
def chart_of(company: Store) -> Callable[[str], Chart]:
    """Computes a chart by its name."""

    def compute(name: str) -> Chart:
        with company.reader() as c:
            return boards.compute(name, Question(c, TODAY))

    return compute


@pytest.fixture(params=["en", "zh_CN", "zh_TW"])
def locale(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each language in turn."""
    set_language(request.param)
    yield request.param
    set_language("en")
