"""Numbers as people read them on charts."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_desktop.i18n import LANGUAGES, set_language
from crm_desktop.numbers import percent, short, tick

_UNITS = {"k": 1e3, "m": 1e6, "bn": 1e9, "万": 1e4, "亿": 1e8, "萬": 1e4, "億": 1e8}
languages = st.sampled_from(sorted(LANGUAGES))


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    set_language("en")


@pytest.mark.parametrize(
    ("locale", "value", "words"),
    [
        ("en", 940, "940"), ("en", 1354.2, "1,354"), ("en", 9_999.4, "9,999"),
        ("en", 9_999.6, "10k"), ("en", 21_300, "21k"), ("en", 124_000, "124k"),
        ("en", 999_800, "1m"), ("en", 1_200_000, "1.2m"), ("en", -21_300, "-21k"),
        ("zh_CN", 1354.2, "1,354"), ("zh_CN", 21_300, "2.1万"), ("zh_CN", 124_000, "12.4万"),
        ("zh_CN", 99_990_000, "1亿"), ("zh_CN", 3e8, "3亿"), ("zh_TW", 124_000, "12.4萬"),
    ],
)  # fmt: skip
def test_a_label_is_whole_below_ten_thousand_and_short_above(locale: str, value: float, words: str):
    set_language(locale)
    assert short(value) == words


@pytest.mark.parametrize(
    ("locale", "value", "words"),
    [
        ("en", 0, "0"), ("en", 0.5, "0.5"), ("en", 6_000, "6k"), ("en", 12_500, "12.5k"),
        ("en", 1_250_000, "1.25m"), ("zh_CN", 6_000, "6,000"), ("zh_CN", 25_000, "2.5万"),
        ("zh_TW", 5e8, "5億"),
    ],
)  # fmt: skip
def test_an_axis_drops_no_digit(locale: str, value: float, words: str):
    set_language(locale)
    assert tick(value) == words


@given(language=languages, value=st.floats(-1e11, 1e11))
def test_a_label_says_the_amount_to_a_twentieth_in_few_characters(language: str, value: float):
    set_language(language)
    words = short(value)
    letters = words.lstrip("-0123456789.,")
    said = float(words.removesuffix(letters).replace(",", "")) * _UNITS.get(letters, 1)
    assert abs(said - value) <= max(0.5, abs(value) / 20)
    assert len(words) <= len("-999.9bn")


def test_a_share_stands_with_its_sign_as_the_language_writes_it():
    assert percent(0.624) == "62.4 %"
    set_language("zh_CN")
    assert percent(0.624) == "62.4%"
