"""Words that have to fit: cut, and broken into lines as each script is."""

from __future__ import annotations

import pytest

from crm_desktop.charts.letters import cut, widest, width_of, wrapped


@pytest.mark.parametrize("text", ["Consignment", "承运商在运输途中损坏", "A 级客户 Alfreds"])
@pytest.mark.parametrize("width", [20, 45, 80])
def test_what_is_cut_or_wrapped_fits_into_its_width(text: str, width: float):
    assert width_of(cut(text, width)) <= width
    assert width_of(wrapped(text, width)) <= width
    assert wrapped(text, width).count("\n") <= 1


def test_what_fits_is_left_alone():
    assert cut("Carrier", 60) == wrapped("Carrier", 60) == "Carrier"


def test_words_break_at_spaces_and_chinese_between_any_two_letters():
    assert wrapped("Late delivery", 60) == "Late\ndelivery"
    assert wrapped("发票错误", 25) == "发票\n错误"


def test_what_is_left_out_is_said():
    assert cut("Consignment", 40).endswith("…")
    assert wrapped("one two three four", 26).endswith("…")


def test_the_widest_of_no_words_is_nothing():
    assert widest([]) == 0
    assert widest(["a", "aa\naaa"]) == width_of("aaa")
