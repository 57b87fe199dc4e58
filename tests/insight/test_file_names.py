"""Names of exported charts: readable, dated, and taken by every system."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from crm_desktop.i18n import set_language
from crm_desktop.insight.file_names import file_name
from crm_desktop.insight.headings import TITLES, title

DAY = dt.date(2026, 11, 20)


@pytest.fixture(params=["en", "zh_CN", "zh_TW"])
def locale(request: pytest.FixtureRequest) -> Iterator[str]:
    set_language(request.param)
    yield request.param
    set_language("en")


def test_a_name_is_the_title_and_the_day():
    assert file_name("Revenue by month", DAY, ".pdf") == "Revenue by month 2026-11-20.pdf"
    assert file_name("销售额金字塔", DAY, ".png") == "销售额金字塔 2026-11-20.png"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ('a/b\\c:d*e?f"g<h>i|j', "a-b-c-d-e-f-g-h-i-j 2026-11-20.csv"),
        ("tab\tline\n", "tab line 2026-11-20.csv"), (" .. ", "2026-11-20.csv"),
        ("CON", "CON 2026-11-20.csv"), ("end.", "end 2026-11-20.csv"),
    ],
)  # fmt: skip
def test_what_windows_takes_in_no_name_is_replaced(title: str, name: str):
    assert file_name(title, DAY, ".csv") == name


def test_a_long_name_still_fits(locale: str):
    assert len(file_name("客" * 300, DAY, ".png").encode()) < 255
    for name in TITLES:
        assert title(name) in file_name(title(name), DAY, ".png")
