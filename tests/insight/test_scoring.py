"""The golden values of domain.md §4.1 and §4.3 on CDNOW, and the rules on ties."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from crm_desktop.insight import scoring
from crm_desktop.insight.scoring import Purchase, Rfm
from tests.insight import cdnow


@pytest.fixture(scope="module")
def scored() -> tuple[Rfm, ...]:
    return scoring.rfm(cdnow.purchases(), cdnow.AS_OF)


@pytest.fixture(scope="module")
def money(scored: tuple[Rfm, ...]) -> dict[str, int]:
    return {one.customer: one.money for one in scored}


def test_cdnow_is_the_set_that_the_golden_values_belong_to(scored: tuple[Rfm, ...]):
    assert len(cdnow.purchases()) == 69_659
    assert len(scored) == 23_570
    assert sum(one.money for one in scored) == 250_031_563


@pytest.mark.parametrize(
    ("letter", "counts"),
    [
        ("r", {1: 4735, 2: 4712, 3: 4702, 4: 4720, 5: 4701}),
        ("f", {1: 12054, 3: 4040, 4: 3641, 5: 3835}),
        ("m", {1: 4817, 2: 4615, 3: 4710, 4: 4715, 5: 4713}),
    ],
)
def test_the_scores_of_cdnow_are_the_golden_ones(
    scored: tuple[Rfm, ...], letter: str, counts: dict[int, int]
):
    assert Counter(getattr(one, letter) for one in scored) == counts


def test_the_cells_of_cdnow_are_the_golden_ones(scored: tuple[Rfm, ...]):
    cells = Counter(one.cell for one in scored)
    assert (cells["555"], cells["111"], len(cells)) == (2340, 1740, 71)


def test_the_first_five_customers_of_cdnow_are_the_golden_ones(scored: tuple[Rfm, ...]):
    assert [(x.customer, x.days, x.frequency, x.money, x.cell) for x in scored[:5]] == [
        ("00001", 545, 1, 1177, "111"),
        ("00002", 534, 1, 8900, "114"),
        ("00003", 33, 6, 15646, "555"),
        ("00004", 200, 4, 10050, "444"),
        ("00005", 178, 11, 38561, "455"),
    ]


def test_the_abc_classes_of_cdnow_are_the_golden_ones(money: dict[str, int]):
    classes = Counter(one.grade for one in scoring.abc(money))
    assert classes == {"A": 5149, "B": 6875, "C": 11546}


@pytest.mark.parametrize(("part", "share"), [(0.20, 67.78), (0.01, 15.88), (0.05, 36.69)])
def test_the_top_customers_of_cdnow_bring_the_golden_share(
    money: dict[str, int], part: float, share: float
):
    assert round(100 * scoring.top_share(money.values(), part), 2) == share


@pytest.mark.parametrize(
    ("preset", "sizes"),
    [(scoring.TEXTBOOK, [236, 4478, 7071, 11785]), (scoring.CURRY, [236, 943, 3535, 18856])],
)
def test_the_pyramid_of_cdnow_is_cut_by_the_number_of_customers(
    money: dict[str, int], preset: tuple[tuple[str, float], ...], sizes: list[int]
):
    tiers = scoring.pyramid(money, preset)
    assert [len(tier.customers) for tier in tiers] == sizes
    assert sum(tier.value for tier in tiers) == 250_031_563


def test_the_upper_two_tiers_of_cdnow_bring_what_the_top_fifth_brings(money: dict[str, int]):
    vip, major, *_ = scoring.pyramid(money)
    assert round(100 * vip.share, 2) == 15.88
    assert round(100 * (vip.share + major.share), 2) == 67.78


def test_equal_customers_score_the_same():
    assert scoring.quantile_scores([7, 7, 7, 7, 9]) == [1, 1, 1, 1, 5]
    assert scoring.quantile_scores([7, 7, 7, 7, 9], descending=True) == [2, 2, 2, 2, 1]


def test_two_purchases_on_one_day_are_one_occasion():
    day = dt.date(2026, 3, 2)
    (one,) = scoring.rfm([Purchase("a", day, 100), Purchase("a", day, 50)], day)
    assert (one.frequency, one.money, one.days) == (1, 150, 0)


def test_equal_values_are_ranked_by_id_in_abc_and_pyramid():
    values = {"b": 10, "a": 10, "c": 10}
    assert [one.customer for one in scoring.abc(values)] == ["a", "b", "c"]
    assert scoring.pyramid(values)[0].customers == ("a",)


def test_without_customers_there_are_no_scores_and_empty_tiers():
    assert scoring.rfm([], dt.date(2026, 1, 1)) == ()
    assert scoring.abc({}) == ()
    assert [tier.customers for tier in scoring.pyramid({})] == [(), (), (), ()]


@pytest.mark.parametrize(
    ("scores", "segment"),
    [
        ((5, 5, 5), "champions"), ((2, 5, 1), "loyal"), ((4, 3, 1), "potential"),
        ((5, 1, 1), "new"), ((2, 3, 3), "at_risk"), ((1, 4, 4), "cant_lose"),
        ((2, 2, 5), "hibernating"), ((1, 1, 2), "lost"), ((3, 3, 3), "need_attention"),
    ],
)  # fmt: skip
def test_a_segment_follows_from_the_three_scores(scores: tuple[int, int, int], segment: str):
    assert scoring.segment_of(*scores) == segment


def test_the_vital_few_are_the_smallest_set_that_reaches_four_fifths():
    assert scoring.vital_few([41, 33, 24, 18, 12, 9, 10]) == 5
    assert scoring.vital_few([8, 2]) == 1
    assert scoring.vital_few([]) == 0


def test_an_account_with_exactly_seventy_per_cent_before_it_is_in_class_b():
    ranked = scoring.abc({"a": 70, "b": 20, "c": 10})
    assert [one.grade for one in ranked] == ["A", "B", "C"]
