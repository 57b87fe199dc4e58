"""What the explanation of every chart says, in every language: formula, records, filter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crm_desktop.i18n import set_language
from crm_desktop.insight import boards, headings, phrases
from crm_desktop.insight.names import REPORTS
from crm_desktop.insight.question import Question


@pytest.fixture(params=["en", "zh_CN", "zh_TW"])
def locale(request: pytest.FixtureRequest) -> Iterator[str]:
    set_language(request.param)
    yield request.param
    set_language("en")


@pytest.mark.parametrize("name", REPORTS)
def test_formula_records_and_filter_are_said(asked: Question, locale: str, name: str):
    chart = boards.compute(name, asked)
    formula, records, over = phrases.explained(chart)
    assert all(sentence in formula.words for sentence in chart.explain)
    assert chart.filters in over.words
    assert chart.counted in over.words
    for part in (formula, records, over):
        assert part.heading
        assert part.words
        assert locale == "en" or not part.words.isascii()


def test_every_chart_has_a_title_a_filter_line_and_a_source(asked: Question):
    assert set(headings.TITLES) == set(phrases.SOURCES) == set(REPORTS)
    for name in REPORTS:
        chart = boards.compute(name, asked)
        assert chart.title == headings.title(name)
        assert chart.filters.startswith(headings.filter_line(name, asked.as_of, asked.filters))


def test_a_published_method_is_named():
    assert set(phrases.METHODS) <= set(REPORTS)
    assert "Hughes" in phrases.METHODS["rfm"]


def test_money_says_its_currency(asked: Question):
    assert boards.compute("revenue", asked).filters.endswith("· USD")
    assert "USD" not in boards.compute("pyramid", asked).filters
