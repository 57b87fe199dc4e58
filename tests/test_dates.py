"""Days and moments in words: every form that is shown is also understood."""

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_desktop.dates import (
    day_words,
    moment_words,
    near_day_words,
    near_moment_words,
    read_day,
    read_moment,
)
from crm_desktop.i18n import LANGUAGES, set_language
from tools import i18n as workshop

TODAY = dt.date(2026, 11, 22)
languages = st.sampled_from(sorted(LANGUAGES))
days = st.dates(dt.date(1000, 1, 1))
moments = (
    st.datetimes(dt.datetime(1000, 1, 1))  # noqa: DTZ001  # wall time
    | st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31))  # noqa: DTZ001
).map(lambda moment: moment.replace(microsecond=0))


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    workshop.compile_all()
    yield
    set_language("en")


@given(language=languages, reader=languages, day=days)
def test_a_day_in_words_reads_back_in_every_language(language: str, reader: str, day: dt.date):
    set_language(language)
    full, near = day_words(day, year=True), near_day_words(day, TODAY)
    set_language(reader)
    assert read_day(full) == day
    assert read_day(near, TODAY) == day
    assert full[:10] != day.isoformat()


@given(language=languages, moment=moments)
def test_a_moment_in_words_reads_back_to_the_second(language: str, moment: dt.datetime):
    set_language(language)
    assert read_moment(moment_words(moment)) == moment
    near = read_moment(near_moment_words(moment, TODAY), TODAY)
    is_now = moment.year == TODAY.year
    assert near == (moment.replace(second=0) if is_now else dt.datetime.combine(moment, dt.time()))


@pytest.mark.parametrize(
    ("locale", "near", "far", "moment"),
    [
        ("en", "9 Nov", "9 Nov 2025", "26 Oct 2026, 08:15"),
        ("zh_CN", "11月9日", "2025年11月9日", "2026年10月26日 08:15"),
        ("zh_TW", "11月9日", "2025年11月9日", "2026年10月26日 08:15"),
    ],
)
def test_the_year_stands_only_where_it_is_another_one(
    locale: str, near: str, far: str, moment: str
):
    set_language(locale)
    assert near_day_words(dt.date(2026, 11, 9), TODAY) == near
    assert near_day_words(dt.date(2025, 11, 9), TODAY) == far
    assert moment_words(dt.datetime(2026, 10, 26, 8, 15)) == moment  # noqa: DTZ001  # wall time


@pytest.mark.parametrize(
    "typed",
    ["9 Nov 2026", "9. november 2026", "09nov 2026", "2026年11月9日", "２０２６年１１月９日"],
)
def test_a_day_is_understood_however_it_is_typed(typed: str):
    assert read_day(typed) == dt.date(2026, 11, 9)


@pytest.mark.parametrize(
    "typed", ["", "tomorrow", "31 Feb 2026", "9 Nob", "9", "0年1月1日", "13月1日"]
)
def test_what_names_no_day_is_no_day(typed: str):
    assert read_day(typed, TODAY) is None
    assert read_moment(typed, TODAY) is None


@pytest.mark.parametrize("typed", ["9 Nov 2026, 24:00", "9 Nov 2026 8:61", "08:15"])
def test_what_names_no_time_is_no_moment(typed: str):
    assert read_moment(typed, TODAY) is None


def test_a_day_without_a_time_is_its_midnight():
    assert read_moment("9 Nov", TODAY) == dt.datetime(2026, 11, 9)  # noqa: DTZ001  # wall time
